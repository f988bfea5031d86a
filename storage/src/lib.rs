//! The event log of a node, and everything that is derived from it.
//!
//! What lives here: the log and the families of RocksDB, the projection (rules, definition, engine), views, digests, replay.
//! What may not: networks, async, clocks; time is an argument. Only `db/` names rocksdb, only the [`Writer`] writes.

pub mod backup;
mod batch;
pub mod checkpoint;
mod concerned;
mod db;
pub mod digest;
pub mod doctor;
pub mod error;
pub mod evidence;
pub mod export;
mod facts;
mod families;
pub mod genesis;
mod head_file;
pub mod history;
pub mod identity_file;
pub mod lane_reports;
mod lanes;
pub mod limits;
pub mod log_file;
mod lost_readers;
mod members;
mod names;
pub mod outcome;
pub mod passphrase_file;
pub mod projection;
pub mod quota;
mod ranks;
pub mod reader;
mod rebuild;
mod remembered;
pub mod replay;
pub mod stage;
pub mod store;
pub mod verdict;
mod views;
pub mod waiting;
pub mod writer;

pub use db::WalPlace;
pub use error::StoreError;
pub use genesis::{Genesis, Root};
pub use lane_reports::forks;
pub use limits::Limits;
pub use outcome::{Outcome, Refusal, Source, Submission, Wait};
pub use reader::Reader;
pub use store::Store;
pub use verdict::{Missing, Rejection, Verdict};
pub use writer::{Ahead, Rejudging, Synced, Tally, Writer, Written};

/// The number of the rules in force.
pub const RULESET: u32 = 1;
