//! Replay: folds the log from nothing, by the definition, and compares with what the node kept.
//! Opens the store beside its writer, changes nothing, and names the first operation at fault.

use std::{collections::BTreeMap, path::Path};

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, NodeId, OpKey, SignedOperation,
    kinds::Kind,
    operation::{OperationError, verify_all},
};
use rand_core::{CryptoRng, RngCore};

use crate::{
    Genesis, StoreError, Verdict,
    checkpoint::Checkpoint,
    db::{Db, Read},
    families::{Family, arrival, log, meta::Head},
    projection::definition::Definition,
    store::{database, read_genesis, read_head},
    views,
};

/// Times that a log is caught up with until its arrivals are whole.
const CATCH_UPS_MAX: usize = 5;
/// Operations whose signatures are verified in one batch.
const VERIFIED_TOGETHER: usize = 512;
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
    /// The digest of each channel, if asked for.
    pub channel_digests: BTreeMap<ChannelId, [u8; 32]>,
    /// The first thing that does not agree.
    pub fault: Option<Fault>,
}

impl Report {
    /// A checkpoint of what the log gives.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            node: self.genesis.node,
            operations: self.operations,
            state_digest: self.state_digest,
            log_digest: self.log_digest,
        }
    }

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
    /// A place in the order of arrival that is empty.
    #[error("arrival {0} is missing")]
    Arrival(u64),
    /// The log gives other digests than the checkpoint.
    #[error("the {digest} digest of {operations} operations is not that of the checkpoint")]
    Checkpoint {
        /// `state` or `log`.
        digest: &'static str,
        /// Operations that were compared.
        operations: u64,
    },
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
    /// Compute the digest of each channel.
    pub channels: bool,
    /// Compare with digests taken earlier, of the operations that had arrived then; or elsewhere, of the whole log.
    pub checkpoint: Option<Checkpoint>,
}

/// Replays the store in `directory`, which another process may be writing to. `scratch` is an empty directory of the
/// caller's. `rng` serves batch verification. `progress` is told, now and then, how many of how many operations are folded.
///
/// # Errors
/// [`StoreError`] when the store cannot be read, or is in the middle of a re-judgement; what can be read and does not agree is a [`Fault`] of the report.
pub fn replay<R: RngCore + CryptoRng>(
    directory: &Path,
    scratch: &Path,
    options: Options,
    rng: &mut R,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, StoreError> {
    let path = database(directory);
    if !path.join("CURRENT").exists() {
        return Err(StoreError::Absent(directory.into()));
    }
    let db = Db::open_secondary(&path, scratch)?;
    let genesis = read_genesis(&db)?;
    let (head, fault) = whole_arrivals(&db)?;
    // Verdicts and digest are those of the state only when nothing is left to be judged again.
    if db.ascend(Family::Work, &[], &[])?.next().is_some() {
        return Err(StoreError::Rejudging);
    }
    let mut audit = Audit::new(&db, &genesis, options, fault);
    for entry in db.ascend(Family::Log, &[], &[])? {
        let (stored, bytes) = entry?;
        let stored = log::parse_key(&stored).ok_or_else(|| views::damaged(Family::Log, "a key is short"))?;
        audit.operation(stored, bytes.into_vec().into())?;
        if audit.unverified.len() >= VERIFIED_TOGETHER {
            audit.verify(rng);
        }
        if audit.operations.is_multiple_of(PROGRESS_EVERY) {
            progress(audit.operations, head.arrivals);
        }
    }
    audit.verify(rng);
    if audit.operations != head.arrivals {
        audit.fault(Fault::Count { log: audit.operations, arrivals: head.arrivals });
    }
    audit.compare(&genesis);
    let digests = audit.definition.digests();
    Ok(Report {
        operations: audit.operations,
        state_digest: digests.state_digest(&genesis),
        stored_state_digest: head.digests.state_digest(&genesis),
        log_digest: digests.log_digest(),
        stored_log_digest: head.digests.log_digest(),
        channel_digests: audit.definition.channel_digests(),
        verdicts: audit.verdicts,
        span: audit.span,
        fault: audit.fault,
        genesis,
    })
}

/// A replay in its course.
struct Audit<'a> {
    db: &'a Db,
    node: NodeId,
    options: Options,
    definition: Definition,
    /// The fold of what had arrived when the checkpoint was taken.
    earlier: Option<(Checkpoint, Definition, u64)>,
    operations: u64,
    verdicts: BTreeMap<(Kind, Verdict), u64>,
    span: Option<(Hlc, Hlc)>,
    /// Folded, and still to be verified.
    unverified: Vec<SignedOperation>,
    fault: Option<Fault>,
}

impl<'a> Audit<'a> {
    fn new(db: &'a Db, genesis: &Genesis, options: Options, fault: Option<Fault>) -> Self {
        let definition = Definition::new(genesis);
        Self {
            db,
            node: genesis.node,
            options,
            earlier: options.checkpoint.map(|checkpoint| (checkpoint, Definition::new(genesis), 0)),
            definition: if options.channels { definition.with_channels() } else { definition },
            operations: 0,
            verdicts: BTreeMap::new(),
            span: None,
            unverified: Vec::new(),
            fault,
        }
    }

    /// The first fault counts.
    fn fault(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// Folds what the log holds at a key.
    fn operation(&mut self, stored: OpKey, bytes: Bytes) -> Result<(), StoreError> {
        self.operations += 1;
        let operation = match SignedOperation::decode(bytes) {
            Ok(operation) => operation,
            Err(error) => {
                self.fault(Fault::BadOperation { key: stored, error });
                return Ok(());
            }
        };
        let own = operation.key();
        if own != stored {
            self.fault(Fault::Misplaced { stored, own });
        }
        // Out of order is possible only where an operation stands at another key than its own, which is a fault already.
        let Ok(judgement) = self.definition.fold(&operation) else { return Ok(()) };
        let computed = judgement.verdict;
        let record = views::record(self.db, &operation)?;
        let kept = record.map(|record| record.verdict);
        if kept != Some(computed) {
            self.fault(Fault::Verdict { key: stored, computed, stored: kept });
        }
        if let Some((checkpoint, definition, folded)) = &mut self.earlier {
            let is_elsewhere = checkpoint.node != self.node;
            if is_elsewhere || record.is_some_and(|record| record.arrival <= checkpoint.operations) {
                // In order, since the fold of the whole log took it.
                definition.fold(&operation).ok();
                *folded += 1;
            }
        }
        *self.verdicts.entry((operation.kind(), computed)).or_default() += 1;
        self.span = Some((self.span.map_or(own.timestamp, |(first, _)| first), own.timestamp));
        if self.options.verify {
            self.unverified.push(operation);
        }
        Ok(())
    }

    /// Compares with the checkpoint.
    fn compare(&mut self, genesis: &Genesis) {
        let Some((checkpoint, definition, operations)) = self.earlier.take() else { return };
        let digests = definition.digests();
        if digests.log_digest() != checkpoint.log_digest {
            self.fault(Fault::Checkpoint { digest: "log", operations });
        }
        if digests.state_digest(genesis) != checkpoint.state_digest {
            self.fault(Fault::Checkpoint { digest: "state", operations });
        }
    }

    /// Verifies what was folded since the last time, in one batch.
    fn verify<R: RngCore + CryptoRng>(&mut self, rng: &mut R) {
        let keys: Vec<OpKey> = self.unverified.iter().map(|operation| operation.key()).collect();
        let (verified, _) = verify_all(std::mem::take(&mut self.unverified), rng);
        let bad = keys.into_iter().zip(verified).find(|(_, verified)| verified.is_err());
        if let Some((key, _)) = bad {
            self.fault(Fault::BadSignature(key));
        }
    }
}

/// Sees that arrivals are contiguous from 1 to the head, catching up with the writer a few times; a look beside a writer
/// can catch families at different moments.
pub(crate) fn whole_arrivals(db: &Db) -> Result<(Head, Option<Fault>), StoreError> {
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
