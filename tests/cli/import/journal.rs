//! Reads a journal with eyes of its own: what it says was signed.

use std::{collections::BTreeMap, fs, path::Path};

use dmpc::{OpId, SignedOperation};
use prost::Message;

/// A frame, as far as a test looks at it.
#[derive(Clone, PartialEq, Message)]
struct Frame {
    #[prost(bytes = "vec", repeated, tag = "2")]
    operations: Vec<Vec<u8>>,
}

/// The operations of a journal, in its order. Its last frame may be torn.
pub(super) fn operations(path: &Path) -> Vec<SignedOperation> {
    let bytes = fs::read(path).unwrap();
    let mut rest = frame(&bytes).map_or([].as_slice(), |(_, rest)| rest);
    let mut operations = Vec::new();
    while let Some((payload, later)) = frame(rest) {
        let frame = Frame::decode(payload).unwrap();
        operations.extend(frame.operations.into_iter().map(|bytes| SignedOperation::decode(bytes.into()).unwrap()));
        rest = later;
    }
    operations
}

/// No two operations have one place in a lane, no place is left out, nobody has more lanes for one channel than there were
/// runs, and time goes up over all of them.
pub(super) fn expect_honest(operations: &[SignedOperation], runs: usize) {
    let mut lanes: BTreeMap<_, BTreeMap<u64, OpId>> = BTreeMap::new();
    for operation in operations {
        let link = operation.link();
        let lane = lanes.entry((operation.certifier(), operation.channel(), link.lane)).or_default();
        assert_eq!(lane.insert(link.seq, operation.id()), None, "two operations at {link:?}");
        assert_eq!(lane.len() as u64, link.seq, "a gap before {link:?}");
        if let Some(before) = link.seq.checked_sub(1).and_then(|seq| lane.get(&seq)) {
            assert_eq!(*before, link.prev);
        }
    }
    let mut signers: BTreeMap<_, usize> = BTreeMap::new();
    lanes.keys().for_each(|(user, channel, _)| *signers.entry((*user, *channel)).or_default() += 1);
    assert!(signers.values().all(|count| *count <= runs), "somebody has more lanes for one channel than runs");
    assert!(operations.is_sorted_by(|a, b| a.timestamp() < b.timestamp()));
}

fn frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.get(4..)?.split_at_checked(u32::from_be_bytes(*length) as usize)
}
