//! See `src/targets/peer_frame.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dmpc_fuzz::run("peer_frame", data));
