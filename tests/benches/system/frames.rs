//! Operations as they are sent: one in a transaction, up to 256 transactions in a batch, encoded before the clock runs. A client
//! that sends them spends next to nothing of its own.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Result, anyhow};
use bytes::Bytes;
use dmpc::{
    keys::EncryptionKey,
    transaction::{Content, Outgoing, PipelineOptions, TransactionError},
    v1,
};
use prost::Message;

use crate::{people::cores, progress::Progress};

/// Transactions of one batch.
pub(crate) const ITEMS: usize = 256;
/// Transactions that a thread encodes at a time.
const PIECE: usize = 1_024;

/// One batch, encoded as a websocket frame; the same without its first bytes is a gRPC message.
#[derive(Clone)]
pub(crate) struct Frame {
    bytes: Bytes,
    head: usize,
    /// Transactions in it.
    pub(crate) items: usize,
}

/// What goes over each connection.
pub(crate) struct Lines {
    pub(crate) frames: Vec<Vec<Frame>>,
    /// Operations in all of them.
    pub(crate) operations: usize,
}

impl Frame {
    /// A batch of these transactions, with their ids.
    pub(crate) fn new(items: Vec<v1::Item>) -> Self {
        let batch = v1::SubmitBatch { items };
        let (length, items) = (batch.encoded_len(), batch.items.len());
        let frame = v1::ClientFrame { submit: Some(batch), ..v1::ClientFrame::default() };
        let bytes = Bytes::from(frame.encode_to_vec());
        Self { head: bytes.len() - length, bytes, items }
    }

    /// With one transaction of one operation.
    pub(crate) fn single(client_id: u64, operation: Bytes, seal_to: Option<EncryptionKey>) -> Result<Self> {
        Ok(Self::new(vec![v1::Item { client_id, transaction: transaction(operation, seal_to)? }]))
    }

    /// As a websocket frame.
    pub(crate) fn ws(&self) -> Bytes {
        self.bytes.clone()
    }

    /// As a gRPC message.
    pub(crate) fn grpc(&self) -> Bytes {
        self.bytes.slice(self.head..)
    }
}

/// A transaction that asks for its result, sealed to a node or not.
pub(crate) fn transaction(operation: Bytes, seal_to: Option<EncryptionKey>) -> Result<Bytes, TransactionError> {
    let content = Content::Operations(vec![operation]);
    let options = PipelineOptions { read_result: true, ..PipelineOptions::default() };
    let recipients = seal_to.as_slice();
    Outgoing { content: &content, options, transmission: &[], reply_to: None, recipients }.encode()
}

/// Each operation in a transaction of its own, encoded on all cores.
pub(crate) fn transactions(operations: &[Bytes], seal_to: Option<EncryptionKey>) -> Result<Vec<Bytes>> {
    let pieces: Vec<&[Bytes]> = operations.chunks(PIECE).collect();
    let next = AtomicUsize::new(0);
    let mut done = thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            while let Some((number, piece)) = take(&next, &pieces) {
                let piece = piece.iter().map(|operation| transaction(operation.clone(), seal_to));
                done.push((number, piece.collect::<Result<Vec<_>, _>>()?));
            }
            Ok::<_, TransactionError>(done)
        };
        let workers: Vec<_> = (0..cores()).map(|_| scope.spawn(work)).collect();
        let progress = Progress::of(if seal_to.is_some() { "sealed" } else { "encoded" }, operations.len());
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(Duration::from_millis(10));
            progress.at(next.load(Ordering::Relaxed) * PIECE);
        }
        let joined = workers.into_iter().map(|worker| worker.join().map_err(|_| anyhow!("encoding panicked")));
        let joined: Result<Vec<_>> = joined.map(|done| Ok(done??)).collect();
        Ok::<_, anyhow::Error>(joined?.into_iter().flatten().collect::<Vec<_>>())
    })?;
    done.sort_by_key(|(number, _)| *number);
    Ok(done.into_iter().flat_map(|(_, piece)| piece).collect())
}

fn take<'a>(next: &AtomicUsize, pieces: &[&'a [Bytes]]) -> Option<(usize, &'a [Bytes])> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    pieces.get(number).map(|piece| (number, *piece))
}

impl Lines {
    /// Spreads operations over connections, each author's over the same one.
    pub(crate) fn new(operations: &[Bytes], connections: usize, seal_to: Option<EncryptionKey>) -> Result<Self> {
        let mut items: Vec<Vec<v1::Item>> = (0..connections).map(|_| Vec::new()).collect();
        for (place, transaction) in transactions(operations, seal_to)?.into_iter().enumerate() {
            let client_id = u64::try_from(place)?;
            items[place % connections].push(v1::Item { client_id, transaction });
        }
        let batches = |items: Vec<v1::Item>| items.chunks(ITEMS).map(|items| Frame::new(items.to_vec())).collect();
        Ok(Self { frames: items.into_iter().map(batches).collect(), operations: operations.len() })
    }
}
