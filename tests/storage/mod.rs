//! The log, the rules and the views.

mod convergence;
mod cursors;
mod evidence;
mod kept_aside;
mod pages;
mod payers;
mod ranks;
mod rebuild;
mod rejudging;
mod rules;
mod staleness;
mod subscriber;
mod waiting;
