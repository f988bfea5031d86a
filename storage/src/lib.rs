//! The event log of a node, and everything that is derived from it.
//!
//! What lives here: the log and the families of RocksDB, the projection (rules, definition, engine), views, digests, replay.
//! What may not: networks, async, clocks; time is an argument. Only `db/` names rocksdb, only the [`Writer`] writes.

pub mod error;
pub mod genesis;
pub mod outcome;
pub mod reader;
pub mod store;
pub mod verdict;

pub use error::StoreError;
pub use genesis::{Genesis, Root};
pub use outcome::{Outcome, Refusal, Submission, Wait};
pub use reader::Reader;
pub use store::{Store, Writer};
pub use verdict::{Missing, Rejection, Verdict};

/// The number of the rules in force.
pub const RULESET: u32 = 1;
