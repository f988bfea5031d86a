//! Replay: folds the log from nothing, by the definition, and compares with what the node kept.
//! Opens the store beside its writer, changes nothing, and names the first operation at fault.

use std::{collections::BTreeMap, path::Path};

use dmpc::{Hlc, OpKey, SignedOperation, kinds::Kind, operation::OperationError};

use crate::{
    Genesis, StoreError, Verdict,
    db::{Db, Read},
    families::{Family, arrival, log, meta::Head},
    projection::definition::Definition,
    store::{database, read_genesis, read_head},
    views,
};

/// Times that a log is caught up with until its arrivals are whole.
const CATCH_UPS_MAX: usize = 5;
/// Operations between two reports of progress.
const PROGRESS_EVERY: u64 = 4_096;

/// What a replay found.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the node started from.
    pub genesis: Genesis,
    /// Operations in the log.
    pub operations: u64,
    /// Operations by kind and verdict.
    pub verdicts: BTreeMap<(Kind, Verdict), u64>,
    /// The first and the last timestamp.
    pub span: Option<(Hlc, Hlc)>,
    /// The state digest that the log gives.
    pub state_digest: [u8; 32],
    /// The state digest that the node kept.
    pub stored_state_digest: [u8; 32],
    /// The log digest that the log gives.
    pub log_digest: [u8; 32],
    /// The log digest that the node kept.
    pub stored_log_digest: [u8; 32],
    /// The first thing that does not agree.
    pub fault: Option<Fault>,
}

impl Report {
    /// Operations with a verdict of this sort.
    pub fn count(&self, of: impl Fn(Verdict) -> bool) -> u64 {
        self.verdicts.iter().filter(|((_, verdict), _)| of(*verdict)).map(|(_, count)| count).sum()
    }

    /// Whether everything agrees.
    pub fn agrees(&self) -> bool {
        self.fault.is_none()
            && self.state_digest == self.stored_state_digest
            && self.log_digest == self.stored_log_digest
    }
}

/// What does not agree, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Bytes in the log that are no operation.
    #[error("at {key:?}: the log holds no operation: {error}")]
    BadOperation {
        /// Where.
        key: OpKey,
        /// What is wrong.
        error: OperationError,
    },
    /// An operation that stands at another key than its own.
    #[error("at {stored:?}: the operation's own key is {own:?}")]
    Misplaced {
        /// Where it stands.
        stored: OpKey,
        /// Where it belongs.
        own: OpKey,
    },
    /// A signature that does not verify.
    #[error("at {0:?}: a signature does not verify")]
    BadSignature(OpKey),
    /// The node kept another verdict.
    #[error("at {key:?}: the verdict is {computed:?}, the node kept {stored:?}")]
    Verdict {
        /// Where.
        key: OpKey,
        /// What the definition says.
        computed: Verdict,
        /// What the node kept; `None` when nothing.
        stored: Option<Verdict>,
    },
    /// A place in the order of arrival that is empty, or names an operation that the log lacks.
    #[error("arrival {0} is missing, or names an operation that is")]
    Arrival(u64),
    /// The log holds another number of operations than arrived.
    #[error("the log holds {log} operations, {arrivals} arrived")]
    Count {
        /// Operations in the log.
        log: u64,
        /// Arrivals.
        arrivals: u64,
    },
}

/// What a replay does beside the fold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Verify every signature again.
    pub verify: bool,
}

/// Replays the store in `directory`, which another process may be writing to. `scratch` is an empty directory of the
/// caller's. `progress` is told, now and then, how many of how many operations are folded.
///
/// # Errors
/// [`StoreError`] when the store cannot be read; what can be read and does not agree is a [`Fault`] of the report.
pub fn replay(
    directory: &Path,
    scratch: &Path,
    options: Options,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, StoreError> {
    let path = database(directory);
    if !path.join("CURRENT").exists() {
        return Err(StoreError::Absent(directory.into()));
    }
    let db = Db::open_secondary(&path, scratch)?;
    let genesis = read_genesis(&db)?;
    let (head, mut fault) = whole_arrivals(&db)?;
    let mut definition = Definition::new(&genesis);
    let mut verdicts = BTreeMap::new();
    let mut span: Option<(Hlc, Hlc)> = None;
    let mut operations = 0_u64;
    for entry in db.ascend(Family::Log, &[], &[])? {
        let (stored, bytes) = entry?;
        let stored = log::parse_key(&stored).ok_or_else(|| views::damaged(Family::Log, "a key is short"))?;
        operations += 1;
        let operation = match SignedOperation::decode(bytes.into_vec().into()) {
            Ok(operation) => operation,
            Err(error) => {
                fault = fault.or(Some(Fault::BadOperation { key: stored, error }));
                continue;
            }
        };
        let own = operation.key();
        if own != stored {
            fault = fault.or(Some(Fault::Misplaced { stored, own }));
        }
        if options.verify && operation.checks().any(|check| check.verify().is_err()) {
            fault = fault.or(Some(Fault::BadSignature(stored)));
        }
        let Ok(judgement) = definition.fold(&operation) else { continue };
        let kind = operation.kind();
        let operation = operation.assume_verified();
        let kept = views::record(&db, &operation)?.map(|record| record.verdict);
        if kept != Some(judgement.verdict) {
            let computed = judgement.verdict;
            fault = fault.or(Some(Fault::Verdict { key: stored, computed, stored: kept }));
        }
        *verdicts.entry((kind, judgement.verdict)).or_default() += 1;
        span = Some((span.map_or(own.timestamp, |(first, _)| first), own.timestamp));
        if operations.is_multiple_of(PROGRESS_EVERY) {
            progress(operations, head.arrivals);
        }
    }
    if operations != head.arrivals {
        fault = fault.or(Some(Fault::Count { log: operations, arrivals: head.arrivals }));
    }
    let digests = definition.digests();
    Ok(Report {
        operations,
        verdicts,
        span,
        state_digest: digests.state_digest(&genesis),
        stored_state_digest: head.digests.state_digest(&genesis),
        log_digest: digests.log_digest(),
        stored_log_digest: head.digests.log_digest(),
        genesis,
        fault,
    })
}

/// Sees that arrivals are contiguous from 1 to the head, catching up with the writer a few times; a look beside a writer
/// can catch families at different moments.
fn whole_arrivals(db: &Db) -> Result<(Head, Option<Fault>), StoreError> {
    let mut attempt = 0;
    loop {
        let head = read_head(db)?;
        let gap = first_gap(db, head.arrivals)?;
        attempt += 1;
        if gap.is_none() || attempt > CATCH_UPS_MAX {
            return Ok((head, gap.map(Fault::Arrival)));
        }
        db.catch_up()?;
    }
}

/// The first place that is not there, or after the head though it should not be.
fn first_gap(db: &Db, arrivals: u64) -> Result<Option<u64>, StoreError> {
    let mut expected = 1;
    for entry in db.ascend(Family::Arrival, &[], &[])? {
        let (key, _) = entry?;
        if arrival::parse_key(&key) != Some(expected) {
            return Ok(Some(expected));
        }
        expected += 1;
    }
    Ok((expected != arrivals + 1).then_some(expected))
}
