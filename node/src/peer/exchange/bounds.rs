//! The bounds of an exchange.

/// Operations that may be on their way to this node without an outcome.
pub const WINDOW_OPERATIONS: u32 = 4_096;
/// Bytes of operations that may be on their way to this node without an outcome.
pub const WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// Scopes whose reconciliation is under way at a time.
pub(super) const SCOPES_AT_ONCE: usize = 16;
/// Items of a range that are listed and not split.
pub(super) const LISTED_MAX: u64 = 32;
/// Parts into which a range is split.
pub(super) const PARTS: u64 = 16;
/// Parts into which a range of more than [`WIDE_MIN`] items is split: a little more to say, and a round trip less.
pub(super) const WIDE_PARTS: u64 = 64;
/// Items of a range over which it is split into more parts.
pub(super) const WIDE_MIN: u64 = 4_096;
/// Items of a range that are compared one by one with a list; a larger range is split first.
pub(super) const COMPARED_MAX: u64 = 8_192;
/// Messages of a reconciliation in a row that tell of no difference; over it, the exchange ends.
pub(super) const FRUITLESS_MAX: u32 = 64;
/// Ranges that are to be handed over; while there are more, the reconciliation waits.
pub(super) const TASKS_MAX: usize = 1_024;
/// Ids that were asked for and did not come yet; while there are more, the reconciliation waits.
pub(super) const WANTED_MAX: usize = 8_192;
/// Ids in one want.
pub(super) const WANT_IDS_MAX: usize = 2_048;
/// Wants of the other node that are not answered yet; over it, the exchange ends.
pub(super) const WANTS_MAX: usize = 64;
/// Keys that are looked at for one want; what is not found among them is not handed over.
pub(super) const WANT_SCAN_MAX: u64 = 32_768;
/// Keys that are read from the log together.
pub(super) const KEYS_TOGETHER: usize = 256;
/// Operations that are read from the log together, of at most 512 KiB each.
pub(super) const READ_TOGETHER: usize = 32;
/// Ids that are remembered as received from the other node, so that they are not sent back.
pub(super) const RECEIVED_MAX: usize = 65_536;
/// Keys that arrived while the reconciliation is under way and are to be handed over after it; the others stay in the log
/// until then.
pub(super) const FRESH_MAX: usize = 4_096;
/// Ids that are remembered as refused, for each side.
pub(super) const REFUSED_MAX: usize = 16_384;
/// Reconciliations for which what was refused is not offered again, at most; it doubles with each refusal.
pub(super) const PATIENCE_MAX: u64 = 64;
/// Operations of the other node that are none, or not authentic; over it, the exchange ends.
pub const BAD_MAX: u64 = 16;
/// Operations of the other node that nobody asked for, or outside of what is exchanged; over it, the exchange ends.
pub const UNASKED_MAX: u64 = 16;
/// Operations of the other node that were refused because bounds were reached; over it, the exchange ends.
pub const USELESS_MAX: u64 = 65_536;
/// Duplicates beyond sixteen for each operation that was new; over it, the exchange ends.
pub const DUPLICATES_MAX: u64 = 65_536;
/// Operations that the other node said to have and did not hand over; over it, the exchange ends.
pub const WITHHELD_MAX: u64 = 65_536;
