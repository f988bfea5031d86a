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
    store::{database, head_path, read_genesis, read_head, require_acknowledged},
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
}

/// Looks at a store, which a process may be writing to, and changes nothing. `scratch` is an empty directory of the caller's.
///
/// # Errors
/// [`StoreError`] when there is none, or the database cannot be opened at all.
pub fn examine(store: &Path, scratch: &Path) -> Result<Condition, StoreError> {
    let is_open = match Hold::take(store) {
        Ok(_) => false,
        Err(StoreError::Locked(_)) => true,
        // Without the file, or where it cannot be opened, nobody has the store open.
        Err(_) => false,
    };
    // HEAD first: a writer goes on meanwhile, and what is in HEAD is in the database already.
    let acknowledged = head_file::look(&head_path(store));
    let (db, node, head) = open(store, scratch)?;
    let loss = match &acknowledged {
        Ok(acknowledged) => require_acknowledged(&head, acknowledged).err(),
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
    let acknowledged = head_file::look(&head_path(store)).ok();
    let (db, node, head) = open(store, scratch)?;
    drop(db);
    if acknowledged.is_some_and(|acknowledged| require_acknowledged(&head, &acknowledged).is_ok()) {
        return Ok(None);
    }
    head_file::overwrite(&head_path(store), node, &head.acknowledged(false))?;
    drop(held);
    let acknowledged = acknowledged.map(|acknowledged| acknowledged.arrivals);
    Ok(Some(Loss { operations: head.arrivals, last: head.last, acknowledged }))
}

/// The database as its next start would find it, the node, and the head.
fn open(store: &Path, scratch: &Path) -> Result<(Db, NodeId, Head), StoreError> {
    if !database(store).join("CURRENT").exists() {
        return Err(StoreError::Absent(store.into()));
    }
    let db = Db::open_secondary(&database(store), scratch)?;
    let (node, head) = (read_genesis(&db)?.node, read_head(&db)?);
    Ok((db, node, head))
}
