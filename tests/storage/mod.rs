//! The log, the rules and the views.

mod convergence;
mod payers;
mod rules;
mod staleness;
