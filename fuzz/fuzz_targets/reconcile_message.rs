//! See `src/targets/reconcile_message.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dmpc_fuzz::run("reconcile_message", data));
