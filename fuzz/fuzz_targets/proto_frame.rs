//! See `src/targets/proto_frame.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dmpc_fuzz::run("proto_frame", data));
