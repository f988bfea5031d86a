//! Crashes: real processes that die at random times and at every named stage of what they write. Whatever the time, what was
//! acknowledged is there, no batch is there in part, and an audit finds what the node would go on with.
//!
//! A process that is to die is this test binary again, told by its environment what it is (`child.rs`).

mod child;
mod failures;
mod kills;
mod load;
mod making;
mod rejudging;
mod syncs;
mod wire;
