//! The log, the rules and the views.

mod ahead;
mod clocks;
mod convergence;
mod coverage;
mod cursors;
mod differences;
mod due_epochs;
mod evidence;
mod kept_aside;
mod log_file;
mod pages;
mod payers;
mod ranks;
mod rebuild;
mod rejudging;
mod rules;
mod staleness;
mod subscriber;
mod waiting;
