//! Signatures and seals alone: no socket, no state, no disk.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use anyhow::{Result, anyhow, ensure};
use bytes::Bytes;
use dmpc::{
    SignedOperation,
    keys::{Check, DecryptionKey, verify_batch},
    operation::verify_all,
    transaction::{Content, Transaction},
};
use dmpc_node::clock::SystemRandom;

use crate::{frames::transactions, people::cores};

/// Operations of a batch that were sealed.
const SEALED_BATCH: usize = 512;

/// Signatures verified in a second, in batches of this size.
pub(super) fn verified(operations: &[Bytes], batch: usize) -> Result<f64> {
    let decoded = operations.iter().map(|bytes| SignedOperation::decode(bytes.clone()));
    let checks = decoded.map(|operation| Ok(operation?.checks().collect())).collect::<Result<Vec<Vec<Check>>>>()?;
    let checks: Vec<Check> = checks.into_iter().flatten().collect();
    on_all_cores(&checks, batch, |batch| Ok(verify_batch(batch, SystemRandom::new())?))
}

/// Transactions opened, decoded and verified in a second.
pub(super) fn opened(operations: &[Bytes], key: &DecryptionKey) -> Result<f64> {
    let sealed = transactions(operations, Some(key.encryption_key()?))?;
    on_all_cores(&sealed, SEALED_BATCH, |batch| {
        let mut operations = Vec::with_capacity(batch.len());
        for transaction in batch {
            match Transaction::decode(transaction)?.open(key, false)?.content {
                Content::Operations(encoded) => {
                    for bytes in encoded {
                        operations.push(SignedOperation::decode(bytes)?);
                    }
                }
                Content::Request(_) => return Err(anyhow!("a request among the operations")),
            }
        }
        let (results, _) = verify_all(operations, SystemRandom::new());
        ensure!(results.iter().all(Result::is_ok), "a signature does not verify");
        Ok(())
    })
}

/// Items worked on in a second, in batches, on all cores.
fn on_all_cores<T: Sync>(items: &[T], batch: usize, work: impl Fn(&[T]) -> Result<()> + Sync) -> Result<f64> {
    let batches: Vec<&[T]> = items.chunks(batch).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(batch)?;
        }
        Ok::<_, anyhow::Error>(())
    };
    let began = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores()).map(|_| scope.spawn(run)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow!("a worker panicked"))?)
    })?;
    Ok(items.len() as f64 / began.elapsed().as_secs_f64())
}
