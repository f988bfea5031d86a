//! The node, through real sockets: what holds for one front end is tried on both.

mod bad_frames;
mod bad_operations;
mod bad_requests;
mod bad_transactions;
mod handshake;
mod init;
mod order;
mod reads;
mod scene;
mod services;
mod stopping;
mod submissions;
mod subscriptions;
mod zz_bench;
