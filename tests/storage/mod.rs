//! probe
mod rules;
