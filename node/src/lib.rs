//! The node of distributed multiuser private channels: one ingest path and one read path behind a gRPC and a
//! websocket front end.
//!
//! What lives here: ingest (unseal, verify, sequence, acknowledge), reads and subscriptions, the two front ends, the
//! data directory, starting and stopping. What may not: rules, views and key layouts (those are storage's), encodings
//! and signatures (those are the protocol's). Front ends only decode, call [`ingest`] or [`read`], and encode.
//!
//! The clock and the system's randomness are read in [`clock`] and in the binary alone.

pub mod arriving;
pub mod clock;
pub mod config;
pub mod data_directory;
pub mod error_map;
pub mod feed;
pub mod frame;
pub mod grpc;
pub mod horizon;
pub mod ingest;
pub mod lifecycle;
pub mod listener;
pub mod local;
pub mod metrics;
pub mod origins;
pub mod passphrase;
pub mod peer;
pub mod places;
pub mod rates;
pub mod read;
pub mod serve;
pub mod tls;
pub mod ws;
