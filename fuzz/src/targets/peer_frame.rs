//! Any bytes as a frame between nodes: what is read is written in one way, and within the limit.

use bytes::Bytes;
use dmpc::{peer::Frame, wire::schemas::PEER_FRAME_BYTES_MAX};

pub(super) fn run(data: &[u8]) -> bool {
    let Ok(frame) = Frame::decode(&Bytes::copy_from_slice(data)) else { return false };
    assert!(data.len() <= PEER_FRAME_BYTES_MAX);
    assert_eq!(frame.encode().expect("a frame that was read"), data, "two encodings of one frame");
    true
}
