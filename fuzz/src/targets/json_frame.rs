//! Any bytes as the JSON form of a frame: what the scanner accepts every JSON parser accepts; what is decoded says the
//! same in JSON, in protobuf, and in JSON again.

use dmpc::{
    v1::{ClientFrame, ServerFrame},
    wire::json,
};
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};

/// More than what libFuzzer makes.
const BYTES_MAX: usize = 1024 * 1024;

pub(super) fn run(data: &[u8]) -> bool {
    if json::scan(data).is_ok() {
        assert!(serde_json::from_slice::<serde_json::Value>(data).is_ok(), "what is scanned is JSON");
    }
    let client = frame::<ClientFrame>(data);
    let server = frame::<ServerFrame>(data);
    client || server
}

fn frame<F>(data: &[u8]) -> bool
where
    F: Message + Default + PartialEq + Serialize + DeserializeOwned,
{
    let Ok(frame) = json::decode::<F>(data, BYTES_MAX) else { return false };
    assert!(json::scan(data).is_ok(), "what is decoded was scanned");
    require_stable(&frame);
    true
}

/// That a frame survives JSON and protobuf, and that its JSON does not change any more.
pub(super) fn require_stable<F>(frame: &F)
where
    F: Message + Default + PartialEq + Serialize + DeserializeOwned,
{
    let text = json::encode(frame).expect("it was decoded");
    let again: F = json::decode(text.as_bytes(), usize::MAX).expect("our own JSON");
    assert!(again == *frame, "JSON changes a frame");
    let binary = F::decode(again.encode_to_vec().as_slice()).expect("our own protobuf");
    assert!(binary == *frame, "protobuf changes a frame");
    assert_eq!(json::encode(&binary).expect("it was decoded"), text, "JSON is not stable");
}
