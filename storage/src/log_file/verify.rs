//! Verifying an exported log by itself: framing, canonical form, ids, order, signatures, trailer. Who was allowed to do what
//! is a replay's question.

use std::{collections::BTreeMap, io::Read, thread};

use dmpc::{
    Hlc, OpKey, SignedOperation,
    operation::{OperationError, verify_all},
};
use rand_core::{CryptoRng, RngCore};

use super::{Frame, LogFileError, LogFileReader, Scope, Trailer};
use crate::{
    Genesis,
    digest::{LtHash, log_digest, log_element},
};

/// Operations whose signatures are verified in one batch.
const VERIFIED_TOGETHER: usize = 512;
/// Bytes of operations that are in memory at a time; one more may go over it.
const READ_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is wrong with an exported log.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// The file itself: what follows cannot be read.
    #[error(transparent)]
    File(LogFileError),
    /// Bytes that are no operation, or not in its one form.
    #[error("no operation: {0}")]
    BadOperation(OperationError),
    /// A signature that does not verify.
    #[error("a signature does not verify")]
    BadSignature,
    /// It does not stand after the one before it.
    #[error("it does not come after the one before it, {0:?}")]
    Order(OpKey),
    /// The trailer has another digest than the operations give.
    #[error("the log digest of the trailer is not that of the operations")]
    Digest,
}

impl Flaw {
    /// A stable word for its sort.
    pub fn word(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::BadOperation(_) => "bad_operation",
            Self::BadSignature => "bad_signature",
            Self::Order(_) => "order",
            Self::Digest => "digest",
        }
    }
}

/// A flaw and its place.
#[derive(Debug)]
pub struct Found {
    /// Where in the file: bytes from the beginning.
    pub offset: u64,
    /// Which operation, from 1; of the file itself, how many were read before.
    pub number: u64,
    /// Its key, where it has one.
    pub key: Option<OpKey>,
    /// What is wrong.
    pub flaw: Flaw,
}

/// What a file holds, and what is wrong with it.
#[derive(Debug)]
pub struct Verification {
    /// The node that it comes from, and its roots.
    pub genesis: Genesis,
    /// How much of its log the file holds.
    pub scope: Scope,
    /// Operations that were read.
    pub operations: u64,
    /// The first and the last timestamp.
    pub span: Option<(Hlc, Hlc)>,
    /// The log digest over what was read.
    pub log_digest: [u8; 32],
    /// What the file says of itself; `None` when its end was not reached.
    pub trailer: Option<Trailer>,
    /// The first flaw by its place.
    pub first: Option<Found>,
    /// How many of each sort.
    pub flaws: BTreeMap<&'static str, u64>,
}

impl Verification {
    fn flaw(&mut self, found: Found) {
        *self.flaws.entry(found.flaw.word()).or_default() += 1;
        if self.first.as_ref().is_none_or(|first| found.offset < first.offset) {
            self.first = Some(found);
        }
    }
}

/// Verifies what a reader has still to read, on so many threads. `rng` makes randomness for batch verification. `progress`
/// is told, now and then, how many operations and bytes were read.
pub fn verify<R: Read, G: RngCore + CryptoRng>(
    mut reader: LogFileReader<R>,
    threads: usize,
    rng: impl Fn() -> G + Sync,
    mut progress: impl FnMut(u64, u64),
) -> Verification {
    let header = reader.header().clone();
    let mut found = Verification {
        genesis: header.genesis,
        scope: header.scope,
        operations: 0,
        span: None,
        log_digest: [0; 32],
        trailer: None,
        first: None,
        flaws: BTreeMap::new(),
    };
    let (mut elements, mut last) = (LtHash::default(), None);
    loop {
        let (frames, end) = read_some(&mut reader, threads.max(1) * VERIFIED_TOGETHER);
        for (frame, (key, flaw)) in frames.iter().zip(check(&frames, &rng)) {
            let at = |flaw| Found { offset: frame.offset, number: frame.number, key, flaw };
            found.operations = frame.number;
            if let Some(key) = key {
                elements.add(log_element(&key.id));
                if let Some(before) = last.filter(|before| *before >= key) {
                    found.flaw(at(Flaw::Order(before)));
                }
                let first = found.span.map_or(key.timestamp, |(first, _)| first);
                found.span = Some((first, key.timestamp));
                last = Some(key);
            }
            if let Some(flaw) = flaw {
                found.flaw(at(flaw));
            }
        }
        progress(found.operations, reader.offset());
        match end {
            End::More => {}
            End::Whole => break,
            End::Broken(error) => {
                let (offset, number) = (reader.offset(), found.operations);
                let offset = error.offset().unwrap_or(offset);
                found.flaw(Found { offset, number, key: None, flaw: Flaw::File(error) });
                break;
            }
        }
    }
    found.log_digest = log_digest(&elements);
    found.trailer = reader.trailer().copied();
    if found.trailer.is_some_and(|trailer| trailer.log_digest != found.log_digest) {
        let (offset, number) = (reader.offset(), found.operations);
        found.flaw(Found { offset, number, key: None, flaw: Flaw::Digest });
    }
    found
}

/// What comes after some frames.
enum End {
    More,
    Whole,
    Broken(LogFileError),
}

fn read_some<R: Read>(reader: &mut LogFileReader<R>, count: usize) -> (Vec<Frame>, End) {
    let (mut frames, mut bytes) = (Vec::with_capacity(count), 0);
    while frames.len() < count && bytes < READ_BYTES_MAX {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                bytes += frame.bytes.len();
                frames.push(frame);
            }
            Ok(None) => return (frames, End::Whole),
            Err(error) => return (frames, End::Broken(error)),
        }
    }
    (frames, End::More)
}

/// Key and flaw of each frame, in their order; each batch on a thread of its own.
fn check<G: RngCore + CryptoRng>(
    frames: &[Frame],
    rng: &(impl Fn() -> G + Sync),
) -> Vec<(Option<OpKey>, Option<Flaw>)> {
    thread::scope(|scope| {
        let batches: Vec<_> = frames
            .chunks(VERIFIED_TOGETHER)
            .map(|batch| (batch.len(), scope.spawn(move || check_batch(batch, rng()))))
            .collect();
        let checked = batches.into_iter().flat_map(|(count, batch)| {
            // A thread that panicked has verified nothing.
            batch.join().unwrap_or_else(|_| (0..count).map(|_| (None, Some(Flaw::BadSignature))).collect())
        });
        checked.collect()
    })
}

fn check_batch<G: RngCore + CryptoRng>(frames: &[Frame], rng: G) -> Vec<(Option<OpKey>, Option<Flaw>)> {
    let mut checked = Vec::with_capacity(frames.len());
    let mut operations = Vec::with_capacity(frames.len());
    for frame in frames {
        match SignedOperation::decode(frame.bytes.clone()) {
            Ok(operation) => {
                checked.push((Some(operation.key()), None));
                operations.push(operation);
            }
            Err(error) => checked.push((None, Some(Flaw::BadOperation(error)))),
        }
    }
    let (verified, _) = verify_all(operations, rng);
    let decoded = checked.iter_mut().filter(|(key, _)| key.is_some());
    for ((_, flaw), verified) in decoded.zip(verified) {
        *flaw = verified.err().map(|_| Flaw::BadSignature);
    }
    checked
}
