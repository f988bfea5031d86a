//! The node, through real sockets: what holds for one front end is tried on both, and under both subprotocols.

mod bad_frames;
mod bad_operations;
mod bad_requests;
mod bad_transactions;
mod configuration;
mod damage;
mod handshake;
mod idle;
mod init;
mod json_texts;
mod keys;
mod limits;
mod observation;
mod order;
mod reads;
mod real_log;
mod rejudging;
mod scene;
mod sealed_listener;
mod services;
mod slow_clients;
mod stopping;
mod submissions;
mod subscriptions;
mod tls;
mod write_errors;
