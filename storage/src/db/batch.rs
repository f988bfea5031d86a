//! Writes that go in together. They are put into the order of families and keys first: neighbours go to neighbouring places of
//! RocksDB's memory, which a batch over many channels would otherwise visit in no order.

use std::ops::Range;

use rocksdb::WriteBatch;

use super::Db;
use crate::{StoreError, families::Family};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Keys and values, one after another.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    family: Family,
    key: Range<usize>,
    /// Where the value ends, which begins after the key; `None` takes the entry away.
    end: Option<usize>,
}

impl Batch {
    /// Its entries, and the bytes of their keys and values.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes.len())
    }

    /// Writes an entry. The last word on a key counts.
    pub(crate) fn put(&mut self, family: Family, key: &[u8], value: &[u8]) {
        let key = self.append(key);
        self.bytes.extend_from_slice(value);
        self.entries.push(Entry { family, key, end: Some(self.bytes.len()) });
    }

    /// Takes an entry away.
    pub(crate) fn delete(&mut self, family: Family, key: &[u8]) {
        let key = self.append(key);
        self.entries.push(Entry { family, key, end: None });
    }

    fn append(&mut self, key: &[u8]) -> Range<usize> {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(key);
        begin..self.bytes.len()
    }

    fn at(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// What RocksDB is given.
    pub(super) fn sorted(mut self, db: &Db) -> Result<WriteBatch, StoreError> {
        let mut entries = std::mem::take(&mut self.entries);
        // Stable: what is said of one key stays in its order.
        entries.sort_by(|one, other| {
            let key = |entry: &Entry| (entry.family, self.at(entry.key.clone()));
            key(one).cmp(&key(other))
        });
        let mut batch = WriteBatch::default();
        for of_family in entries.chunk_by(|one, other| one.family == other.family) {
            let Some(Entry { family, .. }) = of_family.first() else { continue };
            let handle = db.handle(*family)?;
            for Entry { key, end, .. } in of_family {
                let bytes = self.at(key.clone());
                match end {
                    Some(end) => batch.put_cf(handle, bytes, self.at(key.end..*end)),
                    None => batch.delete_cf(handle, bytes),
                }
            }
        }
        Ok(batch)
    }
}
