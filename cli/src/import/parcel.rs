//! Parcels: operations packed and sealed into transactions, ready to be sent. Pure: no I/O, no waiting.

use bytes::Bytes;
use dmpc::{
    keys::EncryptionKey,
    kinds::Kind,
    transaction::{Content, Outgoing, PipelineOptions, TransactionError},
};

/// Operations in one transaction.
const OPERATIONS_MAX: usize = 64;
/// Bytes of operations in one transaction; one alone may have more.
const BYTES_MAX: usize = 128 * 1024;

/// A signed operation, and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// Its number in the journal, from 0.
    pub(super) number: u64,
    /// What it does.
    pub(super) kind: Kind,
    /// The line of its event.
    pub(super) line: u64,
    /// The number of its event, from 1.
    pub(super) event: u64,
    /// The operation.
    pub(super) bytes: Bytes,
}

/// A sealed transaction with a few operations.
#[derive(Debug)]
pub(super) struct Parcel {
    /// The number of its first operation in the journal. It names the parcel.
    pub(super) first: u64,
    /// The number of its last event.
    pub(super) event: u64,
    /// Kind and line of each operation.
    pub(super) contents: Vec<(Kind, u64)>,
    /// The encoded transaction.
    pub(super) transaction: Bytes,
}

/// Who a parcel is for, and who is told what became of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    /// What parcels are sealed to: the node.
    pub(super) node: EncryptionKey,
    /// What acknowledgements are sealed to: one seal for all operations of a parcel.
    pub(super) reply_to: EncryptionKey,
}

/// Packs operations in their order, each parcel sealed to a node.
pub(super) fn pack(operations: &[Signed], ends: Ends) -> impl Iterator<Item = Result<Parcel, TransactionError>> {
    let mut left = operations;
    std::iter::from_fn(move || {
        let (now, later) = left.split_at(count_of_next(left));
        left = later;
        let (first, last) = (now.first()?, now.last()?);
        Some(seal(now, first.number, last.event, ends))
    })
}

/// How many of these go into the next parcel; 0 only when there are none.
fn count_of_next(operations: &[Signed]) -> usize {
    let mut bytes = 0;
    let fitting = operations.iter().take(OPERATIONS_MAX).take_while(|operation| {
        bytes += operation.bytes.len();
        bytes <= BYTES_MAX
    });
    fitting.count().max(1).min(operations.len())
}

fn seal(operations: &[Signed], first: u64, event: u64, ends: Ends) -> Result<Parcel, TransactionError> {
    let content = Content::Operations(operations.iter().map(|operation| operation.bytes.clone()).collect());
    let options = PipelineOptions { read_result: true, ..PipelineOptions::default() };
    let outgoing = Outgoing {
        content: &content,
        options,
        transmission: &[],
        reply_to: Some(ends.reply_to),
        recipients: &[ends.node],
    };
    let transaction = outgoing.encode()?;
    let contents = operations.iter().map(|operation| (operation.kind, operation.line)).collect();
    Ok(Parcel { first, event, contents, transaction })
}
