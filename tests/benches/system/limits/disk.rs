//! The disk alone: RocksDB below everything that a node does, and fsync below RocksDB.

use std::{fs::File, io::Write, path::Path, time::Instant};

use anyhow::Result;
use bytes::Bytes;
use rocksdb::{DB, DBCompressionType, Options, WriteBatch, WriteOptions};

/// Operations of one batch: as many as a node commits at a time.
const BATCH: usize = 1_024;

/// Operations a second that RocksDB takes in synced batches, each under a key of 40 bytes as in the log.
pub(super) fn rocks(operations: &[Bytes], scratch: &Path) -> Result<f64> {
    let folder = tempfile::tempdir_in(scratch)?;
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_compression_type(DBCompressionType::Lz4);
    let db = DB::open(&options, folder.path())?;
    let mut synced = WriteOptions::default();
    synced.set_sync(true);
    let began = Instant::now();
    for (number, operations) in operations.chunks(BATCH).enumerate() {
        let mut batch = WriteBatch::default();
        for (place, bytes) in operations.iter().enumerate() {
            let mut key = [0; 40];
            key[..8].copy_from_slice(&u64::try_from(number * BATCH + place)?.to_be_bytes());
            batch.put(key, bytes);
        }
        db.write_opt(batch, &synced)?;
    }
    Ok(operations.len() as f64 / began.elapsed().as_secs_f64())
}

/// Milliseconds that each append of an operation to a file takes until it is on the disk, ascending.
pub(super) fn synced(operations: &[Bytes], scratch: &Path) -> Result<Vec<f64>> {
    let folder = tempfile::tempdir_in(scratch)?;
    let mut file = File::create(folder.path().join("appended"))?;
    let mut times = Vec::with_capacity(operations.len());
    for bytes in operations {
        let began = Instant::now();
        file.write_all(bytes)?;
        file.sync_data()?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}
