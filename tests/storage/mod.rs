//! The log, the rules and the views.
