//! Replay: folds the log from nothing, by the definition, and compares with what the node kept.
//! Opens the store beside its writer, changes nothing, and names what does not agree.
//!
//! [`pipeline`] reads and folds on all cores, [`walk`] is what happens at each operation, [`expected`] says what it should have
//! left behind, [`scan`] what is there, and [`ledger`] compares both.

mod accounts;
mod arrivals;
mod buckets;
mod diff;
mod events;
mod expected;
mod explain;
mod exported;
mod fault;
mod head;
mod history;
mod ledger;
mod members;
mod names;
mod numbers;
mod people;
mod pipeline;
mod report;
mod scan;
mod source;
mod walk;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    thread,
};

pub(crate) use arrivals::whole_arrivals;
pub use diff::{Disagreeing, Disagreement, Folded, Side, diff};
use dmpc::{Hlc, OpKey};
pub use explain::{Explanation, Giver, Reading, Wanted};
pub use fault::{Fault, Faults};
pub use history::{Flip, LaneEvidence, Listed};
pub use people::{ChannelState, UserState};
use rand_core::{CryptoRng, RngCore};
pub use report::Report;
pub use source::Source;
pub use walk::Row;

use self::{
    expected::Expected,
    ledger::{Difference, Ledger},
    numbers::Numbers,
    pipeline::{Duties, Expansion, Logged, Pipeline, Worker, cores},
    scan::Stored,
    walk::{Earlier, Walk},
};
use crate::{
    Genesis, StoreError, Verdict,
    checkpoint::Checkpoint,
    db::{Db, Read},
    families::{Family, arrival, meta::Head, records},
    projection::definition::{Sums, root_facts},
    store::read_genesis,
};

/// What a replay does beside the fold.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Verify every signature again.
    pub signatures: bool,
    /// Compare every family with what follows from the log, not verdicts and digests alone.
    pub families: bool,
    /// Compute the digest of each channel.
    pub channels: bool,
    /// Compare with digests taken earlier, of the operations that had arrived then; or elsewhere, of the whole log.
    pub checkpoint: Option<Checkpoint>,
    /// Report the state as of this time, with the operations up to it and at it.
    pub until: Option<Hlc>,
    /// Explain the verdicts of operations.
    pub explain: Option<Wanted>,
    /// List the verdicts that flipped, and the evidence of lanes.
    pub history: bool,
}

/// What is audited.
struct Audit<'a> {
    db: &'a Db,
    genesis: &'a Genesis,
    head: &'a Head,
    /// Entries in the order of arrival.
    arrivals: u64,
    options: &'a Options,
}

/// Replays the log found at `path`, which another process may be writing to; see [`Source::find`]. `scratch` is an empty
/// directory of the caller's. `rng` serves batch verification and comparisons. `progress` is told, now and then, how many of
/// how many operations are folded.
///
/// # Errors
/// [`StoreError`] when the store cannot be read, or is in the middle of a re-judgement; what can be read and does not agree is
/// a [`Fault`] of the report.
pub fn replay<R: RngCore + CryptoRng>(
    path: &Path,
    scratch: &Path,
    options: Options,
    rng: &mut R,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, StoreError> {
    let source = Source::find(path)?;
    if let Source::Exported(file) = &source {
        return exported::replay(file, &options, rng, &mut progress);
    }
    let acknowledged = source.head().map(|path| head::look(&path)).transpose()?;
    if options.families {
        check_tables(&source, scratch)?;
    }
    let db = Db::open_secondary(&source.database()?, scratch)?;
    let genesis = read_genesis(&db)?;
    let (head, arrivals, gap) = arrivals::whole_arrivals(&db)?;
    // Verdicts and digest are those of the state only when nothing is left to be judged again.
    if db.ascend(Family::Work, &[], &[])?.next().transpose()?.is_some() {
        return Err(StoreError::Rejudging);
    }
    let mut faults = Faults::default();
    gap.into_iter().for_each(|gap| faults.push(gap));
    if let Some((acknowledged, torn)) = acknowledged {
        torn.into_iter().for_each(|torn| faults.push(torn));
        faults.merge(head::against_head(&head, &acknowledged, &source.database()?)?);
        faults.merge(head::of_node(source.head().as_deref(), &genesis.node));
    }
    let audit = Audit { db: &db, genesis: &genesis, head: &head, arrivals, options: &options };
    let mut key = [0; 32];
    rng.fill_bytes(&mut key);
    let first = audit.pass(Ledger::new(key), true, rng, &mut progress)?;
    faults.merge(first.faults);
    let (suspects, cells) = first.ledger.suspects();
    if cells > 0 {
        let looking = Ledger::new(key).looking_at(suspects);
        faults.merge(named(&db, audit.pass(looking, false, rng, &mut progress)?.ledger, cells)?);
    }
    report(source, &audit, first.walk, first.sums, first.compared, faults)
}

/// Has RocksDB open every table as it does for writing, unless a node runs, which did that when it started.
fn check_tables(source: &Source, scratch: &Path) -> Result<(), StoreError> {
    let lock = source.unused();
    if lock.is_some() { Db::check(&source.database()?, scratch) } else { Ok(()) }
}

/// What a pass over everything gives.
struct Pass {
    ledger: Ledger,
    faults: Faults,
    walk: Walk,
    /// Up to the time that is asked for, and the whole.
    sums: (Sums, Sums),
    compared: BTreeMap<&'static str, u64>,
}

impl Audit<'_> {
    /// Folds the log and walks over the families beside it. Without `sums`, entries alone are compared.
    fn pass<R: RngCore + CryptoRng>(
        &self,
        ledger: Ledger,
        sums: bool,
        rng: &mut R,
        progress: &mut impl FnMut(u64, u64),
    ) -> Result<Pass, StoreError> {
        let Options { signatures, families, channels, until, .. } = *self.options;
        let duties = Duties { signatures, families, channels, sums, until };
        let mut walk = self.walk(sums)?;
        let workers: Vec<Worker<'_>> = (0..cores()).map(|_| self.worker(duties, &ledger, rng)).collect();
        let own = ledger.fork();
        let mut entries = Logged::new(self.db)?;
        let (workers, stored) = thread::scope(|scope| {
            let scanner = scope.spawn(|| self.stored(own));
            let workers = Pipeline::start(scope, workers).run(&mut entries, |chunk| {
                let folded = walk.fold(chunk);
                progress(walk.operations, self.head.arrivals);
                folded
            });
            (workers, scanner.join())
        });
        let stored = stored.map_err(|_| pipeline::gone())??;
        self.join(ledger, walk, workers?, stored)
    }

    fn walk(&self, is_first: bool) -> Result<Walk, StoreError> {
        let mut walk = Walk::new(self.genesis);
        if is_first {
            walk.until = self.options.until;
            walk.wanted = self.options.explain.clone();
            if let Some(checkpoint) = self.options.checkpoint {
                let later =
                    if checkpoint.node == self.genesis.node { self.arrived_after(&checkpoint)? } else { vec![] };
                walk.earlier = Some(Earlier::new(checkpoint, self.genesis, later));
            }
        }
        Ok(walk)
    }

    /// What arrived after a checkpoint of this node was taken.
    fn arrived_after(&self, checkpoint: &Checkpoint) -> Result<Vec<OpKey>, StoreError> {
        let from = arrival::key(checkpoint.operations.saturating_add(1));
        let later = self.db.ascend(Family::Arrival, &from, &[])?;
        later.map(|entry| Ok(arrival::parse_value(&entry?.1).unwrap_or(OpKey::MIN))).collect()
    }

    fn worker<R: RngCore + CryptoRng>(&self, duties: Duties, ledger: &Ledger, rng: &mut R) -> Worker<'_> {
        let (charged, introduced) = (BTreeMap::new(), HashMap::new());
        let numbers = Numbers::new(self.db);
        Worker {
            duties,
            expected: Some(Expected { db: self.db, numbers, ledger: ledger.fork(), charged, introduced }),
            sums: (Sums::new(duties.channels), Sums::new(duties.channels)),
            faults: Faults::default(),
            random: Expansion::new(rng),
            failed: None,
        }
    }

    fn stored(&self, ledger: Ledger) -> Result<Result<Stored, Ledger>, StoreError> {
        if self.options.families {
            scan::families(self.db, self.genesis, self.head, self.arrivals, ledger).map(Ok)
        } else {
            scan::records(self.db, ledger).map(Err)
        }
    }

    /// Brings what the workers and the walk over the families found together.
    fn join(
        &self,
        ledger: Ledger,
        walk: Walk,
        workers: Vec<Worker<'_>>,
        stored: Result<Stored, Ledger>,
    ) -> Result<Pass, StoreError> {
        let mut faults = Faults::default();
        let (charged, introduced) = (BTreeMap::new(), HashMap::new());
        let mut all = Expected { db: self.db, numbers: Numbers::new(self.db), ledger, charged, introduced };
        let (mut upto, mut after) = (Sums::new(self.options.channels), Sums::new(self.options.channels));
        let mut named = numbers::Named::default();
        for Worker { expected, sums, faults: found, .. } in workers {
            upto.merge(&sums.0);
            after.merge(&sums.1);
            faults.merge(found);
            let Some(expected) = expected else { continue };
            all.ledger.merge(expected.ledger);
            named.merge(expected.numbers.into_named());
            for (payer, charge) in expected.charged {
                let total = all.charged.entry(payer).or_default();
                total.operations += charge.operations;
                total.bytes += charge.bytes;
            }
            for (user, introduction) in expected.introduced {
                expected::introduce(&mut all.introduced, user, introduction);
            }
        }
        if self.options.families {
            members::expect(&mut all, walk.fold.state(), &walk.losses)?;
            for (register, value) in self.genesis.roots.iter().flat_map(root_facts) {
                all.fact(&register, &OpKey::MIN, &value)?;
            }
        }
        let Expected { numbers, mut ledger, charged, introduced, .. } = all;
        named.merge(numbers.into_named());
        match stored {
            Err(stored) => ledger.merge(stored),
            Ok(Stored { ledger: stored, faults: found, accounts, names }) => {
                ledger.merge(stored);
                faults.merge(found);
                let known: BTreeSet<u32> = introduced.keys().copied().collect();
                faults.merge(accounts.finish(&charged, &introduced, names.roots()));
                faults.merge(names.finish(&named, &known, self.head.numbers));
                faults.merge(head::against_log(self.db, self.head, walk.greatest)?);
            }
        }
        let compared = ledger.entries();
        after.merge(&upto);
        Ok(Pass { ledger, faults, walk, sums: (upto, after), compared })
    }
}

/// The entries that do not agree, of `cells` of the ledger that do not.
fn named(db: &Db, ledger: Ledger, cells: u64) -> Result<Faults, StoreError> {
    let mut faults = Faults::default();
    for difference in ledger.differences() {
        faults.push(fault(db, difference)?);
    }
    if faults.count() == 0 {
        let what = format!("{cells} sums of entries do not agree, and no entry of those that were looked at");
        faults.push(Fault::Derived { family: "store", what });
    }
    Ok(faults)
}

fn fault(db: &Db, Difference { family, key, stored, computed }: Difference) -> Result<Fault, StoreError> {
    let operation = family.operation_of(&key);
    let verdict = |value: &Option<Vec<u8>>| match value.as_deref() {
        Some([code]) => Verdict::from_code(*code),
        Some(_) | None => None,
    };
    let is_record = matches!(family, Family::Messages | Family::Controls);
    let (Some(operation), true) = (operation, is_record) else {
        return Ok(Fault::Entry { family: family.name(), key, operation, stored, computed });
    };
    if let Some(computed) = verdict(&computed) {
        return Ok(Fault::Verdict { key: operation, computed, stored: verdict(&stored) });
    }
    let record = db.get(family, &key)?.as_deref().and_then(records::parse_value);
    Ok(match record {
        Some(record) => Fault::NotLogged { family: family.name(), key: operation, arrival: record.arrival },
        None => Fault::Entry { family: family.name(), key, operation: Some(operation), stored, computed },
    })
}

fn report(
    source: Source,
    audit: &Audit<'_>,
    mut walk: Walk,
    sums: (Sums, Sums),
    compared: BTreeMap<&'static str, u64>,
    mut faults: Faults,
) -> Result<Report, StoreError> {
    let Audit { db, genesis, head, .. } = *audit;
    let (upto, whole) = (sums.0.digests(), sums.1.digests());
    faults.merge(std::mem::take(&mut walk.faults));
    if walk.operations != head.arrivals {
        faults.push(Fault::Count { log: walk.operations, arrivals: head.arrivals });
    }
    if let Some(earlier) = walk.earlier.take() {
        faults.merge(earlier.finish(genesis));
    }
    let (state_digest, log_digest) = (whole.state_digest(genesis), whole.log_digest());
    let (stored_state_digest, stored_log_digest) = (head.digests.state_digest(genesis), head.digests.log_digest());
    for (digest, computed, stored) in
        [("state", state_digest, stored_state_digest), ("log", log_digest, stored_log_digest)]
    {
        if computed != stored {
            faults.push(Fault::Digest { digest, computed, stored });
        }
    }
    faults.sort();
    let mut explained = std::mem::take(&mut walk.explained);
    explained.iter_mut().try_for_each(|explanation| explanation.complete(db))?;
    let (flips, evidence) =
        if audit.options.history { (history::flips(db)?, history::evidence(db)?) } else { Default::default() };
    let (users, channels) = walk.as_of.unwrap_or_else(|| people::people(walk.fold.state()));
    Ok(Report {
        source,
        genesis: genesis.clone(),
        operations: walk.operations,
        state_digest,
        stored_state_digest: Some(stored_state_digest),
        log_digest,
        stored_log_digest,
        channel_digests: sums.1.channel_digests(),
        faults,
        compared,
        tally: walk.tally.into_iter().collect(),
        span: walk.span,
        users,
        channels,
        as_of: audit.options.until.map(|_| (upto.state_digest(genesis), upto.log_digest())),
        explained,
        flips,
        evidence,
    })
}
