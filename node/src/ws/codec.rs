//! The subprotocols: the same frames, as protobuf in binary messages or as JSON in text messages. The handshake chooses;
//! nothing else of a connection knows which it is.

use dmpc::{
    v1::{ClientFrame, ServerFrame},
    wire::json,
};
use prost::Message as _;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    config::{JSON_NAMES_BYTES_MAX, Limits},
    frame::FrameError,
};

/// How the frames of a connection are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// `dmpc.v1.proto`
    Proto,
    /// `dmpc.v1.json`
    Json,
}

impl Codec {
    /// What a client asks for, and is answered.
    pub(super) const fn subprotocol(self) -> &'static str {
        match self {
            Self::Proto => "dmpc.v1.proto",
            Self::Json => "dmpc.v1.json",
        }
    }

    /// The codec of a subprotocol, if there is one. Names differ by case (RFC 6455, section 4.1).
    pub(super) fn of(subprotocol: &str) -> Option<Self> {
        [Self::Proto, Self::Json].into_iter().find(|codec| codec.subprotocol() == subprotocol)
    }

    /// Bytes of one frame from a client.
    pub(super) const fn frame_bytes_max(self, limits: &Limits) -> usize {
        match self {
            Self::Proto => limits.frame_bytes,
            // The same in base64, and the names around it.
            Self::Json => limits.frame_bytes.div_ceil(3) * 4 + JSON_NAMES_BYTES_MAX,
        }
    }

    /// A client's frame; `None` for messages that are none, such as pings.
    ///
    /// # Errors
    /// [`FrameError`]
    pub(super) fn decode(self, message: Message) -> Result<Option<ClientFrame>, FrameError> {
        match (self, message) {
            (Self::Proto, Message::Binary(bytes)) => {
                ClientFrame::decode(bytes).map(Some).map_err(|_| FrameError::Undecodable)
            }
            (Self::Json, Message::Text(text)) => Ok(Some(json::decode(text.as_bytes(), text.len())?)),
            (Self::Proto, Message::Text(_)) => Err(FrameError::Text),
            (Self::Json, Message::Binary(_)) => Err(FrameError::Binary),
            (_, Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_)) => Ok(None),
        }
    }

    /// A frame of the node.
    ///
    /// # Errors
    /// [`FrameError::Unencodable`]
    pub(super) fn encode(self, frame: &ServerFrame) -> Result<Message, FrameError> {
        match self {
            Self::Proto => Ok(Message::Binary(frame.encode_to_vec().into())),
            Self::Json => json::encode(frame).map(Message::text).map_err(|_| FrameError::Unencodable),
        }
    }
}
