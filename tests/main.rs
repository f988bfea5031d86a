//! The specifications of DMPC: one binary over all crates, named by the rules they hold.
//!
//! `protocol` asks the protocol crate alone, `storage` the log and its projections, `node` real servers through real
//! sockets, `cli` the real command line against real servers, `crash` processes that die, `damage` stores and disks that are
//! damaged, `peers` nodes that exchange operations, `sync` the machine by which they do, `interop` clients in other languages
//! against both; `requests` is the list of requests that every client is sent with; `bench` runs a little of `make bench`.
//! `support` holds what they share.

mod bench;
/// The arithmetic of `make bench`.
#[path = "benches/system/figures/mod.rs"]
mod bench_figures;
mod cli;
mod crash;
mod damage;
mod interop;
mod node;
mod peers;
mod protocol;
mod requests;
mod storage;
mod support;
mod sync;
/// What `make vectors` writes, made in memory.
#[path = "vectors_tool/make/mod.rs"]
mod vector_maker;
