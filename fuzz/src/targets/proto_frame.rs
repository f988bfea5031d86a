//! Any bytes as the binary form of a frame: what is decoded says the same when it is encoded again, and in JSON.

use dmpc::{
    v1::{ClientFrame, ServerFrame},
    wire::json,
};
use prost::Message;

use super::json_frame::require_stable;

pub(super) fn run(data: &[u8]) -> bool {
    let client = ClientFrame::decode(data);
    if let Ok(frame) = &client {
        require_stable(frame);
    }
    let server = ServerFrame::decode(data);
    if let Ok(frame) = &server {
        let again = ServerFrame::decode(frame.encode_to_vec().as_slice()).expect("our own protobuf");
        assert_eq!(&again, frame);
        // An enum of a later version has no name here, and then a frame has no JSON form.
        if json::encode(frame).is_ok() {
            require_stable(frame);
        }
    }
    client.is_ok() || server.is_ok()
}
