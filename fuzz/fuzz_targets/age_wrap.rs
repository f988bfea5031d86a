//! See `src/targets/age_wrap.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dmpc_fuzz::run("age_wrap", data));
