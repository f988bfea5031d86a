//! A client in Python, written from docs/PROTOCOL.md alone, against real nodes and the real command line. The client is in
//! `dmpc_interop`; here stand the servers, what is asked of it, and what it must find.

mod audits;
mod conversations;
mod listening;
mod nodes;
mod python;
mod refusals;
mod users;
mod vectors;
mod worlds;

/// Both front ends.
const VIAS: [&str; 2] = ["grpc", "ws"];
