//! What two logs disagree on, operation by operation: both are read and folded beside each other in the order of keys, so
//! memory holds their states and not their logs.

use std::{cmp::Ordering, collections::BTreeMap, path::Path};

use dmpc::{ChannelId, OpKey, SignedOperation, UserId, kinds::Kind};

use super::{arrivals::whole_arrivals, source::Source};
use crate::{
    Genesis, StoreError, Verdict,
    db::{Db, Read},
    families::{Family, log},
    projection::definition::{Fold, Sums},
    store::read_genesis,
    views::damaged,
};

/// Operations between two reports of progress.
const PROGRESS_EVERY: u64 = 4_096;

/// Which of two logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The first.
    Here,
    /// The second.
    There,
}

/// What two logs disagree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disagreement {
    /// One of them has the operation, with this verdict.
    Only(Side, Verdict),
    /// Both have it, with these verdicts.
    Verdicts(Verdict, Verdict),
    /// Both have it, with the same verdict and under other signatures: it is the same operation.
    Signatures(Verdict),
}

/// An operation that two logs disagree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disagreeing {
    /// The operation.
    pub key: OpKey,
    /// Its kind.
    pub kind: Kind,
    /// Its channel.
    pub channel: Option<ChannelId>,
    /// Who certified it.
    pub certifier: UserId,
    /// How they disagree.
    pub how: Disagreement,
}

/// What one of the logs comes to.
#[derive(Clone, Debug)]
pub struct Folded {
    /// What its node started from.
    pub genesis: Genesis,
    /// Operations.
    pub operations: u64,
    /// The state digest that the log gives.
    pub state_digest: [u8; 32],
    /// The log digest that the log gives.
    pub log_digest: [u8; 32],
    /// The digest of each channel: comparable, whatever the roots.
    pub channel_digests: BTreeMap<ChannelId, [u8; 32]>,
}

/// One of the logs in its course.
struct Course<'a> {
    entries: crate::db::Entries<'a>,
    next: Option<SignedOperation>,
    fold: Fold,
    sums: Sums,
    operations: u64,
}

impl<'a> Course<'a> {
    fn new(db: &'a Db, genesis: &Genesis) -> Result<Self, StoreError> {
        let entries = db.ascend(Family::Log, &[], &[])?;
        let mut course = Self { entries, next: None, fold: Fold::new(genesis), sums: Sums::new(true), operations: 0 };
        course.advance()?;
        Ok(course)
    }

    fn advance(&mut self) -> Result<(), StoreError> {
        self.next = match self.entries.next() {
            None => None,
            Some(entry) => {
                let (key, bytes) = entry?;
                let key = log::parse_key(&key).ok_or_else(|| damaged(Family::Log, "a key is short"))?;
                let operation = SignedOperation::decode(bytes.into_vec().into())
                    .map_err(|error| StoreError::BadOperation { key, error })?;
                if operation.key() != key {
                    return Err(damaged(Family::Log, format!("{} stands at the key of {}", operation.id(), key.id)));
                }
                Some(operation)
            }
        };
        Ok(())
    }

    fn key(&self) -> Option<OpKey> {
        self.next.as_ref().map(SignedOperation::key)
    }

    /// Folds the next operation.
    fn take(&mut self) -> Result<Option<(SignedOperation, Verdict)>, StoreError> {
        let Some(operation) = self.next.take() else { return Ok(None) };
        let judgement = self.fold.fold(&operation).map_err(|error| damaged(Family::Log, error.to_string()))?;
        self.sums.add(&operation, &judgement);
        self.operations += 1;
        self.advance()?;
        Ok(Some((operation, judgement.verdict)))
    }

    fn finish(self, genesis: Genesis) -> Folded {
        let digests = self.sums.digests();
        Folded {
            operations: self.operations,
            state_digest: digests.state_digest(&genesis),
            log_digest: digests.log_digest(),
            channel_digests: self.sums.channel_digests(),
            genesis,
        }
    }
}

/// Compares the logs found at two paths (see [`Source::find`]), which other processes may be writing to. Gives each
/// operation that they disagree on to `each`, in the order of keys. `scratches` are two empty directories of the caller's.
/// `progress` is told, now and then, how many operations of both are folded, and how many there are.
///
/// # Errors
/// [`StoreError`] when a store cannot be read, or is damaged: an audit says more. What `each` returns ends it.
pub fn diff<E: From<StoreError>>(
    (here, there): (&Path, &Path),
    scratches: (&Path, &Path),
    mut each: impl FnMut(Disagreeing) -> Result<(), E>,
    mut progress: impl FnMut(u64, u64),
) -> Result<(Folded, Folded), E> {
    let (one, other) = (open(here, scratches.0)?, open(there, scratches.1)?);
    let (genesis, other_genesis) = (read_genesis(&one)?, read_genesis(&other)?);
    let all = whole_arrivals(&one)?.0.arrivals.saturating_add(whole_arrivals(&other)?.0.arrivals);
    let (mut one, mut other) = (Course::new(&one, &genesis)?, Course::new(&other, &other_genesis)?);
    loop {
        let order = match (one.key(), other.key()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.cmp(&other),
        };
        let here = if order.is_le() { one.take()? } else { None };
        let there = if order.is_ge() { other.take()? } else { None };
        if let Some(found) = compare(here, there) {
            each(found)?;
        }
        let folded = one.operations + other.operations;
        if folded % PROGRESS_EVERY < 2 {
            progress(folded, all);
        }
    }
    Ok((one.finish(genesis), other.finish(other_genesis)))
}

fn open(path: &Path, scratch: &Path) -> Result<Db, StoreError> {
    Db::open_secondary(&Source::find(path)?.database()?, scratch)
}

type Judged = Option<(SignedOperation, Verdict)>;

fn compare(here: Judged, there: Judged) -> Option<Disagreeing> {
    let (operation, how) = match (here, there) {
        (None, None) => return None,
        (Some((operation, verdict)), None) => (operation, Disagreement::Only(Side::Here, verdict)),
        (None, Some((operation, verdict))) => (operation, Disagreement::Only(Side::There, verdict)),
        (Some((operation, verdict)), Some((_, other))) if verdict != other => {
            (operation, Disagreement::Verdicts(verdict, other))
        }
        (Some((operation, verdict)), Some((other, _))) if operation.bytes() != other.bytes() => {
            (operation, Disagreement::Signatures(verdict))
        }
        (Some(_), Some(_)) => return None,
    };
    let (key, kind, channel) = (operation.key(), operation.kind(), operation.channel());
    Some(Disagreeing { key, kind, channel, certifier: operation.certifier(), how })
}
