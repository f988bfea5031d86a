//! See `src/targets/json_frame.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dmpc_fuzz::run("json_frame", data));
