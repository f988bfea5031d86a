//! Any bytes as a cursor: what is read is written in one way, and is of the length that a request may carry.

use dmpc::{cursor::Cursor, wire::schemas::CURSOR_BYTES_MAX};

pub(super) fn run(data: &[u8]) -> bool {
    let Ok(cursor) = Cursor::decode(data) else { return false };
    assert_eq!(cursor.encode(), data, "two cursors for one place");
    assert!(data.len() <= CURSOR_BYTES_MAX);
    true
}
