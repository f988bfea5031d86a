//! The opening handshake (RFC 6455, section 4.2). warp's own would not answer the subprotocol and keeps large buffers
//! for each connection.

use std::convert::Infallible;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use warp::{
    Filter, Reply,
    http::{HeaderMap, Method, Response, StatusCode, header},
    path::FullPath,
};

use super::{Context, connection};
use crate::{
    config::{FRAME_BYTES_MAX, WS_BUFFER_BYTES, WS_WRITE_BYTES_MAX},
    listener::Origin,
};

/// The subprotocol: protobuf messages in binary frames.
const SUBPROTOCOL: &str = "dmpc.v1.proto";
const VERSION: &str = "13";

/// Answers every request of a connection.
pub(super) fn filter(
    context: Context,
    origin: Origin,
) -> impl Filter<Extract = (impl Reply + use<>,), Error = Infallible> + Clone {
    warp::method()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(move |method: Method, path: FullPath, headers: HeaderMap, upgrade: Option<OnUpgrade>| {
            match accept_key(&method, path.as_str(), &headers).and_then(|key| Ok((key, upgrade.ok_or(NO_UPGRADE)?))) {
                Ok((key, upgrade)) => {
                    context.tasks.spawn(open(upgrade, context.clone(), origin));
                    switching(&key)
                }
                Err(refusal) => refusal.into_response(),
            }
        })
}

/// A handshake that is none: a status and a sentence.
#[derive(Clone, Copy, Debug)]
struct Refusal(StatusCode, &'static str);

const NO_UPGRADE: Refusal = Refusal(
    StatusCode::UPGRADE_REQUIRED,
    "This is a websocket: ask for 'Connection: Upgrade' and 'Upgrade: websocket' with a key.\n",
);
const NO_SUBPROTOCOL: Refusal =
    Refusal(StatusCode::BAD_REQUEST, "Ask for the subprotocol: 'Sec-WebSocket-Protocol: dmpc.v1.proto'.\n");
const NOT_HERE: Refusal = Refusal(StatusCode::NOT_FOUND, "The websocket is at '/'.\n");
const NOT_GET: Refusal = Refusal(StatusCode::METHOD_NOT_ALLOWED, "A websocket is opened with GET.\n");
const OTHER_VERSION: Refusal =
    Refusal(StatusCode::UPGRADE_REQUIRED, "This websocket has version 13: 'Sec-WebSocket-Version: 13'.\n");

impl Refusal {
    fn into_response(self) -> warp::reply::Response {
        let mut response = warp::reply::with_status(self.1, self.0).into_response();
        if self.0 == StatusCode::UPGRADE_REQUIRED {
            let headers = response.headers_mut();
            headers.insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, header::HeaderValue::from_static(VERSION));
        }
        response
    }
}

/// Checks a handshake; returns the key that accepts it.
fn accept_key(method: &Method, path: &str, headers: &HeaderMap) -> Result<String, Refusal> {
    if path != "/" {
        return Err(NOT_HERE);
    }
    if method != Method::GET {
        return Err(NOT_GET);
    }
    if !lists(headers, header::CONNECTION, "upgrade") || !lists(headers, header::UPGRADE, "websocket") {
        return Err(NO_UPGRADE);
    }
    if !lists(headers, header::SEC_WEBSOCKET_VERSION, VERSION) {
        return Err(OTHER_VERSION);
    }
    if !lists(headers, header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        return Err(NO_SUBPROTOCOL);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(NO_UPGRADE)?;
    Ok(derive_accept_key(key.as_bytes()))
}

/// Whether a header lists a token.
fn lists(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

fn switching(accept_key: &str) -> warp::reply::Response {
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept_key)
        .header(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
        .body("");
    response.map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), Reply::into_response)
}

/// Speaks websocket once the answer to the handshake is out.
async fn open(upgrade: OnUpgrade, context: Context, origin: Origin) {
    let upgraded = match upgrade.await {
        Ok(upgraded) => TokioIo::new(upgraded),
        Err(error) => {
            tracing::debug!(%error, "a websocket was not opened");
            return;
        }
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(WS_BUFFER_BYTES)
        .write_buffer_size(WS_BUFFER_BYTES)
        .max_write_buffer_size(WS_WRITE_BYTES_MAX)
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX));
    let socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await;
    connection::run(socket, context, origin).await;
}
