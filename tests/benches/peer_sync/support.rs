//! The people of the specifications, who make the operations that differ.

#[path = "../../support/cast.rs"]
mod cast;
#[path = "../../support/operations.rs"]
pub(crate) mod operations;
#[path = "../../support/seeded.rs"]
mod seeded;
