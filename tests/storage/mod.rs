//! The log, the rules and the views.

mod convergence;
mod cursors;
mod payers;
mod rebuild;
mod rules;
mod staleness;
mod waiting;
