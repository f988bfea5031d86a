//! Tables in errors. RocksDB does not name the table in each error that it finds in one; then those of the family are named.

use std::path::Path;

use super::{Db, failed};
use crate::{StoreError, families::Family};

/// Tables that an error names at most.
const NAMED_MAX: usize = 16;

/// Whether what RocksDB says names a table.
fn names_table(message: &str) -> bool {
    message.contains(".sst")
}

impl Db {
    /// What went wrong while a family was read.
    pub(super) fn failed_in(&self, family: Family, context: &'static str, error: &rocksdb::Error) -> StoreError {
        let error = failed(context, error);
        match error {
            StoreError::Corrupt { context, message } if !names_table(&message) => {
                let message = format!("{message}; it is in a table of {}: {}", family.name(), self.tables_of(family));
                StoreError::Corrupt { context, message }
            }
            error => error,
        }
    }

    fn tables_of(&self, family: Family) -> String {
        let files = self.inner.live_files().unwrap_or_default().into_iter();
        let of_family = files.filter(|file| file.column_family_name == family.name());
        let mut names: Vec<String> = of_family.map(|file| file.name.trim_start_matches('/').to_owned()).collect();
        names.sort_unstable();
        let more = names.len().saturating_sub(NAMED_MAX);
        names.truncate(NAMED_MAX);
        let named = names.join(", ");
        if more > 0 { format!("{named} and {more} more") } else { named }
    }
}

/// The same error with its table, found by reading one family after another, if the error does not name it.
pub(super) fn placed(error: StoreError, path: &Path) -> StoreError {
    if !matches!(&error, StoreError::Corrupt { message, .. } if !names_table(message)) {
        return error;
    }
    let damage_of = |family: &Family| {
        let db = Db::look_at(path, *family).ok()?;
        db.read_family(*family).err()
    };
    Family::ALL.iter().find_map(damage_of).unwrap_or(error)
}
