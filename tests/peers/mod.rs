//! Nodes that exchange operations: real processes, real sockets, real links, and those who mean harm.

mod acquaintance;
mod conversations;
mod handshakes;
mod hostile;
mod nodes;
mod observed;
mod partial;
mod stranger;
mod three_processes;
mod transactions;
