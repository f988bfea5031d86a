//! The condition of a store, seen from outside; and the one way on for a store that lost what it had acknowledged.
//! Source: docs/ARCHITECTURE.md, "The write path".

use std::path::Path;

use dmpc::{NodeId, OpKey};

use crate::{
    StoreError,
    backup::Hold,
    db::{Db, Read},
    families::{Family, meta::Head},
    head_file,
    store::{database, head_path, read_genesis, read_head, require_acknowledged, require_database},
};

/// What a store is like.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The node.
    pub node: NodeId,
    /// Whether a process has it open for writing.
    pub is_open: bool,
    /// Whether it was closed cleanly; `None` where HEAD is unreadable.
    pub was_closed: Option<bool>,
    /// Operations in the log.
    pub operations: u64,
    /// Operations that were acknowledged; `None` where HEAD is unreadable.
    pub acknowledged: Option<u64>,
    /// Operations that are kept aside.
    pub waiting: u64,
    /// Whether a re-judgement is not finished.
    pub is_rejudging: bool,
    /// What HEAD says that the database does not have, or that HEAD cannot be read.
    pub loss: Option<StoreError>,
    /// Whether one of the two slots of HEAD is damaged. The next start writes it anew; what only that slot acknowledged is not
    /// known.
    pub is_torn: bool,
    /// Of a store that nobody has open: what is wrong with its tables, all of which are read. A start sees what it happens to
    /// read.
    pub tables: Option<StoreError>,
}

/// Looks at a store, which a process may be writing to, and changes nothing. `scratch` is an empty directory of the caller's.
///
/// # Errors
/// [`StoreError`] when there is none, or the database cannot be opened at all.
pub fn examine(store: &Path, scratch: &Path) -> Result<Condition, StoreError> {
    // Held until all is looked at: nobody begins to write meanwhile.
    let held = Hold::take(store);
    // Without the file, or where it cannot be opened, nobody has the store open.
    let is_open = matches!(held, Err(StoreError::Locked(_)));
    // HEAD first: a writer goes on meanwhile, and what is in HEAD is in the database already.
    let mut acknowledged = head_file::look(&head_path(store));
    let (db, node, head) = if is_open { open_beside(store, scratch)? } else { open_stopped(store, scratch)? };
    let (mut is_torn, mut tables) = (false, None);
    if !is_open {
        tables = Db::check(&database(store), scratch).and_then(|()| db.read_through()).err();
        acknowledged = head_file::look_for(&head_path(store), &node);
        is_torn = head_file::look_closely(&head_path(store)).is_ok_and(|(_, torn)| torn.is_some());
    }
    let loss = match &acknowledged {
        Ok(acknowledged) => require_acknowledged(&head, acknowledged, &database(store)).err(),
        Err(error) => Some(error.clone()),
    };
    let acknowledged = acknowledged.ok();
    let waiting = db.ascend(Family::Waiting, &[], &[])?.count();
    Ok(Condition {
        node,
        is_open,
        was_closed: acknowledged.map(|acknowledged| acknowledged.clean),
        operations: head.arrivals,
        acknowledged: acknowledged.map(|acknowledged| acknowledged.arrivals),
        waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
        is_rejudging: db.ascend(Family::Work, &[], &[])?.next().transpose()?.is_some(),
        loss,
        is_torn,
        tables,
    })
}

/// A loss that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Operations in the log, which goes on from there.
    pub operations: u64,
    /// The one that arrived last.
    pub last: OpKey,
    /// Operations that were acknowledged; `None` where HEAD was unreadable.
    pub acknowledged: Option<u64>,
}

/// Takes what is in the database for all that was acknowledged, so that the store opens again; `None` where nothing is lost,
/// and nothing was changed then. What is lost stays lost here: whoever has it may offer it again.
///
/// # Errors
/// [`StoreError::Locked`] while a process has the store open; [`StoreError`] when the database cannot be opened.
pub fn accept_loss(store: &Path, scratch: &Path) -> Result<Option<Loss>, StoreError> {
    let held = match Hold::take(store) {
        Ok(held) => Some(held),
        // HEAD itself is lost, and with it the lock.
        Err(StoreError::Absent(_)) => None,
        Err(error) => return Err(error),
    };
    let (db, node, head) = open_stopped(store, scratch)?;
    drop(db);
    let acknowledged = head_file::look_for(&head_path(store), &node).ok();
    let is_whole = |acknowledged| require_acknowledged(&head, &acknowledged, &database(store)).is_ok();
    if acknowledged.is_some_and(is_whole) {
        return Ok(None);
    }
    head_file::overwrite(&head_path(store), node, &head.acknowledged(false))?;
    drop(held);
    let acknowledged = acknowledged.map(|acknowledged| acknowledged.arrivals);
    Ok(Some(Loss { operations: head.arrivals, last: head.last, acknowledged }))
}

/// The database of a store that nobody has open, as its next start would find it: looked at in the same way.
fn open_stopped(store: &Path, scratch: &Path) -> Result<(Db, NodeId, Head), StoreError> {
    known(Db::open_read_only_quietly(&require_database(store)?, scratch)?)
}

/// The database of a store, beside the process that writes to it.
fn open_beside(store: &Path, scratch: &Path) -> Result<(Db, NodeId, Head), StoreError> {
    known(Db::open_secondary(&require_database(store)?, scratch)?)
}

/// The same, with its node and its head.
fn known(db: Db) -> Result<(Db, NodeId, Head), StoreError> {
    let (node, head) = (read_genesis(&db)?.node, read_head(&db)?);
    Ok((db, node, head))
}
