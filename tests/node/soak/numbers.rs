//! How many and how long, and how much memory a process has.

use std::{fs, process};

/// A number that `make soak` sets.
pub(in crate::node) fn of(variable: &str, few: usize) -> usize {
    std::env::var(variable).map_or(few, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// Whether this is `make soak`: figures are held to their goals, where few and short would say nothing.
pub(in crate::node) fn is_soak() -> bool {
    std::env::var_os("DMPC_SOAK").is_some()
}

/// KiB of memory that a process has resident.
pub(in crate::node) fn resident_kib(process: u32) -> usize {
    status(process, "VmRSS")
}

/// KiB of memory that a process had resident at most.
pub(in crate::node) fn peak_kib(process: u32) -> usize {
    status(process, "VmHWM")
}

/// KiB that this process has resident.
pub(in crate::node) fn own_kib() -> usize {
    resident_kib(process::id())
}

fn status(process: u32, name: &str) -> usize {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Says how far it is, and what was measured.
pub(in crate::node) fn say(text: &str) {
    if is_soak() {
        eprintln!("{text}");
    }
}
