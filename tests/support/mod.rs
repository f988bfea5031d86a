//! What the specifications share.

mod cast;
pub(crate) mod client;
pub(crate) mod cutter;
pub(crate) mod damage;
pub(crate) mod folder;
pub(crate) mod house;
pub(crate) mod operations;
pub(crate) mod raw_grpc;
pub(crate) mod raw_h2;
pub(crate) mod raw_http;
pub(crate) mod raw_ws;
mod seeded;
pub(crate) mod server;
pub(crate) mod socket;
pub(crate) mod store;
pub(crate) mod world;
