//! The projection: what a set of operations means.
//!
//! [`rules`] judge one operation by what stands before it. [`definition`] is the fold over them and the specification.
//! [`engine`] reaches the same result for every order of arrival, at the cost of what changes.
//! What may not be here: rocksdb, clocks, randomness, iteration in an order that is not that of keys.

pub mod definition;
pub mod engine;
pub mod memory;
pub mod overlay;
pub mod register;
pub mod rules;
pub mod telling;
pub mod views;
pub mod work;

pub use register::{Register, Value};
