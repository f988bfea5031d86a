//! An audit of an exported log: there is nothing to compare with but what the file states, so it is folded, verified, and
//! reported.

use std::{collections::BTreeSet, fs::File, io::BufReader, path::Path, thread};

use dmpc::{OpKey, SignedOperation};
use rand_core::{CryptoRng, RngCore};

use super::{
    Options,
    explain::Explanation,
    fault::{Fault, Faults},
    history::Listed,
    people::people,
    pipeline::{At, Chunk, Duties, Expansion, LogEntries, Pipeline, Worker, cores},
    report::Report,
    source::Source,
    walk::{Earlier, Walk},
};
use crate::{
    StoreError,
    log_file::{LogFileError, LogFileReader, VERSION},
    projection::definition::Sums,
};

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// The frames of a file.
struct Frames(LogFileReader<BufReader<File>>);

impl Frames {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: std::io::Error| StoreError::Io {
            context: "open the exported log",
            message: format!("{}: {error}", path.display()),
        };
        let file = BufReader::with_capacity(BUFFER_BYTES, File::open(path).map_err(failed)?);
        LogFileReader::new(file).map(Self).map_err(wrong)
    }
}

impl LogEntries for Frames {
    fn fill(&mut self, chunk: &mut Chunk) -> Result<(), StoreError> {
        while chunk.has_room()
            && let Some(frame) = self.0.next_frame().map_err(wrong)?
        {
            chunk.push(At::Byte(frame.offset), &frame.bytes);
        }
        Ok(())
    }
}

fn wrong(error: LogFileError) -> StoreError {
    match error {
        LogFileError::Io(error) => StoreError::Io { context: "read the exported log", message: error.to_string() },
        LogFileError::Version(found) => StoreError::TooNew { found, known: VERSION },
        error => StoreError::Damaged { family: "exported log", what: error.to_string() },
    }
}

/// Replays an exported log.
pub(super) fn replay<R: RngCore + CryptoRng>(
    path: &Path,
    options: &Options,
    rng: &mut R,
    progress: &mut impl FnMut(u64, u64),
) -> Result<Report, StoreError> {
    let mut frames = Frames::open(path)?;
    let genesis = frames.0.header().genesis.clone();
    let mut walk = Walk::new(&genesis);
    walk.until = options.until;
    walk.wanted = options.explain.clone();
    // The file does not say in which order operations arrived: the whole is compared.
    walk.earlier = options.checkpoint.map(|checkpoint| Earlier::new(checkpoint, &genesis, Vec::new()));
    let Options { signatures, channels, until, .. } = *options;
    let duties = Duties { signatures, families: false, channels, sums: true, until };
    let workers: Vec<Worker<'_>> = (0..cores()).map(|_| worker(duties, rng)).collect();
    let workers = thread::scope(|scope| {
        Pipeline::start(scope, workers).run(&mut frames, |chunk| {
            let folded = walk.fold(chunk);
            progress(walk.operations, walk.operations);
            folded
        })
    })?;
    let (mut upto, mut whole, mut faults) = (Sums::new(channels), Sums::new(channels), Faults::default());
    for worker in workers {
        upto.merge(&worker.sums.0);
        whole.merge(&worker.sums.1);
        faults.merge(worker.faults);
    }
    whole.merge(&upto);
    faults.merge(std::mem::take(&mut walk.faults));
    if let Some(earlier) = walk.earlier.take() {
        faults.merge(earlier.finish(&genesis));
    }
    let (digests, then) = (whole.digests(), upto.digests());
    let (log_digest, stated) = (digests.log_digest(), frames.0.trailer().map(|trailer| trailer.log_digest));
    let stored_log_digest = stated.unwrap_or_default();
    if log_digest != stored_log_digest {
        faults.push(Fault::Digest { digest: "log", computed: log_digest, stored: stored_log_digest });
    }
    faults.sort();
    let explained = givers(path, std::mem::take(&mut walk.explained))?;
    let (users, channels) = walk.as_of.unwrap_or_else(|| people(walk.fold.state()));
    Ok(Report {
        source: Source::Exported(path.to_owned()),
        operations: walk.operations,
        state_digest: digests.state_digest(&genesis),
        stored_state_digest: None,
        log_digest,
        stored_log_digest,
        channel_digests: whole.channel_digests(),
        faults,
        compared: Default::default(),
        tally: walk.tally.into_iter().collect(),
        span: walk.span,
        users,
        channels,
        as_of: until.map(|_| (then.state_digest(&genesis), then.log_digest())),
        explained,
        flips: Listed::default(),
        evidence: Listed::default(),
        genesis,
    })
}

fn worker<'a, R: RngCore + CryptoRng>(duties: Duties, rng: &mut R) -> Worker<'a> {
    Worker {
        duties,
        expected: None,
        sums: (Sums::new(duties.channels), Sums::new(duties.channels)),
        faults: Faults::default(),
        random: Expansion::new(rng),
        failed: None,
    }
}

/// Looks through the file once more for the operations that explanations name.
fn givers(path: &Path, mut explained: Vec<Explanation>) -> Result<Vec<Explanation>, StoreError> {
    let named: BTreeSet<OpKey> = explained.iter().flat_map(Explanation::named).collect();
    if named.is_empty() {
        return Ok(explained);
    }
    let mut frames = Frames::open(path)?;
    while let Some(frame) = frames.0.next_frame().map_err(wrong)? {
        let Ok(operation) = SignedOperation::decode(frame.bytes) else { continue };
        if named.contains(&operation.key()) {
            explained
                .iter_mut()
                .filter(|one| one.named().contains(&operation.key()))
                .for_each(|one| one.give(&operation));
        }
    }
    Ok(explained)
}
