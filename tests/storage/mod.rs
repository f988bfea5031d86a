//! The log, the rules and the views.

mod convergence;
mod cursors;
mod payers;
mod rebuild;
mod rejudging;
mod rules;
mod staleness;
mod subscriber;
