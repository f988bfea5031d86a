//! What bounds a page, beside the number of its items: the bytes of what it holds, and the entries that are looked at to
//! find it. A page that ends early has a cursor, and may be empty.

/// Bytes of what one page holds, but at least one item.
pub const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Entries that are looked at for one page, whether or not they come to stand on it.
pub const SCANNED_MAX: usize = 16_384;
/// Bytes of operations that are read for one page to find what stands in them, but at least one operation.
pub const READ_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What is left of a page.
#[derive(Debug)]
pub(super) struct Budget {
    items: usize,
    bytes: usize,
    scanned: usize,
    read: usize,
}

impl Budget {
    /// A page of at most `items`, and of `bytes`.
    pub(super) fn new(items: usize, bytes: usize) -> Self {
        Self { items: items.max(1), bytes, scanned: SCANNED_MAX, read: READ_BYTES_MAX }
    }

    /// Whether the page ends before the next entry.
    pub(super) fn is_spent(&self) -> bool {
        self.items == 0 || self.bytes == 0 || self.scanned == 0 || self.read == 0
    }

    /// An entry was looked at.
    pub(super) fn scan(&mut self) {
        self.scanned = self.scanned.saturating_sub(1);
    }

    /// An operation of so many bytes was read.
    pub(super) fn read(&mut self, bytes: usize) {
        self.read = self.read.saturating_sub(bytes);
    }

    /// An item of so many bytes stands on the page.
    pub(super) fn hold(&mut self, bytes: usize) {
        self.items = self.items.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}
