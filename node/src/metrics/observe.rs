//! What nobody counts, and is looked up when Prometheus asks.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{ARRIVING_BYTES, INGEST_BYTES, SESSIONS, STORE_BYTES, float};
use crate::{arriving::Arriving, horizon::Horizon, ingest::Ingest, peer::Peers};

/// Looks up; ready as soon as the node is.
#[derive(Debug)]
pub struct Observer {
    store: PathBuf,
    ingest: Ingest,
    arriving: Arriving,
    horizon: Arc<Horizon>,
    peers: Peers,
}

impl Observer {
    /// Of a node with this store.
    pub fn new(store: PathBuf, ingest: Ingest, arriving: Arriving, horizon: Arc<Horizon>, peers: Peers) -> Self {
        Self { store, ingest, arriving, horizon, peers }
    }

    /// What a node says that takes operations: a word, and a line on what is wrong with its clock.
    pub(super) fn readiness(&self) -> String {
        match self.horizon.log_ahead_ms() / 1_000 {
            0 => "ready\n".to_owned(),
            seconds => {
                format!("ready\nwarning: the log ends {seconds} s too far ahead of the clock, which is or was wrong\n")
            }
        }
    }

    /// Brings the gauges up to date that nobody counts.
    pub(super) fn look(&self) {
        ::metrics::gauge!(INGEST_BYTES).set(float(self.ingest.bytes()));
        ::metrics::gauge!(ARRIVING_BYTES).set(float(self.arriving.bytes()));
        ::metrics::gauge!(SESSIONS).set(float(self.ingest.sessions()));
        self.peers.observe();
        match bytes_below(&self.store) {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; it is exact up to 2^53")]
            Ok(bytes) => ::metrics::gauge!(STORE_BYTES).set(bytes as f64),
            Err(error) => tracing::warn!(%error, "cannot say how large the store is"),
        }
    }
}

/// Bytes of all files below a folder. One that is gone meanwhile counts for nothing.
fn bytes_below(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(found) if found.is_dir() => bytes += bytes_below(&entry.path())?,
            Ok(found) => bytes += found.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}
