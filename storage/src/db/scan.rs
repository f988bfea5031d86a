//! Walks over whole families, as audits have them: every entry once, in the order of keys, borrowed from the block that it is
//! in. The system is asked for far more than a block at a time, and what is read displaces nothing in the cache.

use rocksdb::{DB, DBRawIteratorWithThreadMode, ReadOptions};

use super::Db;
use crate::{StoreError, families::Family};

/// Bytes that are asked of the system at once.
const READAHEAD_BYTES: usize = 256 * 1024;

/// Key and value.
pub(crate) type Pair<'a> = (&'a [u8], &'a [u8]);

/// A walk over a family.
pub(crate) struct Scan<'a> {
    db: &'a Db,
    inner: DBRawIteratorWithThreadMode<'a, DB>,
}

impl Scan<'_> {
    /// Key and value where the walk stands; `None` at the end.
    pub(crate) fn entry(&self) -> Result<Option<Pair<'_>>, StoreError> {
        match self.inner.item() {
            Some(entry) => Ok(Some(entry)),
            None => self.inner.status().map(|()| None).map_err(|error| self.db.failed("walk over a family", &error)),
        }
    }

    /// Goes on to the next one.
    pub(crate) fn advance(&mut self) {
        if self.inner.valid() {
            self.inner.next();
        }
    }
}

impl Db {
    /// Walks over a family, from its first entry on.
    pub(crate) fn scan(&self, family: Family) -> Result<Scan<'_>, StoreError> {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        options.set_readahead_size(READAHEAD_BYTES);
        let mut entries = self.inner.raw_iterator_cf_opt(self.handle(family)?, options);
        entries.seek_to_first();
        Ok(Scan { db: self, inner: entries })
    }

    /// Gives every entry of a family to `each`.
    pub(crate) fn for_each(
        &self,
        family: Family,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut entries = self.scan(family)?;
        while let Some((key, value)) = entries.entry()? {
            each(key, value)?;
            entries.advance();
        }
        Ok(())
    }
}
