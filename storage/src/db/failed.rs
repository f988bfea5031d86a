//! What RocksDB says is wrong, as a [`StoreError`] that names the damaged file where RocksDB does not.

use std::path::Path;

use super::{table, wal};
use crate::StoreError;

/// An error of an open database; `context` is what was tried.
pub(super) fn failed(context: &'static str, error: &rocksdb::Error, database: &Path) -> StoreError {
    let message = error.to_string();
    match error.kind() {
        rocksdb::ErrorKind::Corruption if message.contains(".sst") => StoreError::Corrupt { context, message },
        rocksdb::ErrorKind::Corruption => {
            // What cannot be looked at is no reason to hide what was said.
            let place = table::damage(database).ok().flatten();
            StoreError::Corrupt { context, message: placed(message, place) }
        }
        _ => StoreError::Io { context, message },
    }
}

/// An error of a database that does not open: also its write-ahead log may be damaged, or a file gone that others name.
pub(super) fn failed_to_open(context: &'static str, error: &rocksdb::Error, database: &Path) -> StoreError {
    match failed(context, error, database) {
        StoreError::Io { context, message } if message.contains("No such file or directory") => {
            StoreError::Corrupt { context, message }
        }
        StoreError::Corrupt { context, message } => {
            let place = wal::damage(database).ok().flatten().map(|place| place.to_string());
            StoreError::Corrupt { context, message: placed(message, place) }
        }
        error => error,
    }
}

fn placed(message: String, place: Option<String>) -> String {
    match place {
        Some(place) => format!("{message}; {place}"),
        None => message,
    }
}
