//! `make bench`: what its table and its report say follows from what was measured, and every section of it runs.

mod arithmetic;
mod small_run;
