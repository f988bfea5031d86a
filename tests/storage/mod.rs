//! The log, the rules and the views.

mod convergence;
mod rules;
