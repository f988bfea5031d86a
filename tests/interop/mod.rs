//! Clients in Python and in JavaScript, written from docs/PROTOCOL.md alone, against real nodes and the real command line.
//! They are in `dmpc_interop` and `javascript`; here stand the servers, what is asked of them, and what they must find.

mod audits;
mod conversations;
mod cut_off;
mod in_javascript;
mod javascript;
mod listening;
mod nodes;
mod pages;
mod python;
mod requests;
mod users;
mod vectors;
mod worlds;

/// Both front ends, as the client in Python names them.
const VIAS: [&str; 2] = ["grpc", "ws"];
