//! What the specifications share.

mod cast;
pub(crate) mod operations;
mod seeded;
pub(crate) mod world;
