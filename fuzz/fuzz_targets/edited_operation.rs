//! See `src/targets/edited_operation.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dmpc_fuzz::run("edited_operation", data));
