//! Export: the operations of a log as they were received, in the order of their keys. Opens the store beside its writer.

use std::path::Path;

use bytes::Bytes;
use dmpc::OpKey;

use crate::{
    StoreError,
    db::{Db, Read},
    families::{Family, log},
    store::database,
    views::damaged,
};

/// Gives each operation of the store in `directory`, which another process may be writing to, to `each`, until that
/// returns `false`. `scratch` is an empty directory of the caller's.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn export(directory: &Path, scratch: &Path, mut each: impl FnMut(OpKey, Bytes) -> bool) -> Result<(), StoreError> {
    let path = database(directory);
    if !path.join("CURRENT").exists() {
        return Err(StoreError::Absent(directory.into()));
    }
    let db = Db::open_secondary(&path, scratch)?;
    for entry in db.ascend(Family::Log, &[], &[])? {
        let (key, bytes) = entry?;
        let key = log::parse_key(&key).ok_or_else(|| damaged(Family::Log, "a key is short"))?;
        if !each(key, bytes.into_vec().into()) {
            break;
        }
    }
    Ok(())
}
