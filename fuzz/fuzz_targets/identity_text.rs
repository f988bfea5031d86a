//! See `src/targets/identity_text.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dmpc_fuzz::run("identity_text", data));
