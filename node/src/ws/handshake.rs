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

use super::{Codec, Context, connection, metered::Metered};
use crate::{
    config::{WS_BUFFER_BYTES, WS_WRITE_BYTES_MAX},
    ingest::{Acks, Session, SubmitError},
    listener::Origin,
    origins,
};

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
            let accepted = accept(&method, path.as_str(), &headers)
                .and_then(|accepted| if context.may_open(&headers) { Ok(accepted) } else { Err(OTHER_ORIGIN) })
                .and_then(|accepted| Ok((accepted, upgrade.ok_or(NO_UPGRADE)?)));
            match accepted {
                Ok((accepted, upgrade)) => {
                    // Before the answer: who reads that the websocket is open has its session, or will be told why not.
                    let session = context.ingest.session(origin);
                    context.tasks.spawn(open(upgrade, accepted.codec, context.clone(), origin, session));
                    accepted.into_response()
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
const NO_SUBPROTOCOL: Refusal = Refusal(
    StatusCode::BAD_REQUEST,
    "Ask for a subprotocol: 'Sec-WebSocket-Protocol: dmpc.v1.proto', or dmpc.v1.json.\n",
);
const OTHER_SUBPROTOCOL: Refusal = Refusal(
    StatusCode::BAD_REQUEST,
    "None of the subprotocols that you offer is spoken here; dmpc.v1.proto and dmpc.v1.json are.\n",
);
const OTHER_ORIGIN: Refusal = Refusal(StatusCode::FORBIDDEN, origins::REFUSAL);
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

/// A handshake that is one: what proves that it was read, and the subprotocol.
struct Accepted {
    key: String,
    codec: Codec,
}

/// Checks a handshake.
fn accept(method: &Method, path: &str, headers: &HeaderMap) -> Result<Accepted, Refusal> {
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
    let codec = choose(headers)?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(NO_UPGRADE)?;
    Ok(Accepted { key: derive_accept_key(key.as_bytes()), codec })
}

/// The first of the subprotocols that the client offers, in its order, that is spoken here.
fn choose(headers: &HeaderMap) -> Result<Codec, Refusal> {
    let mut offered = tokens(headers, header::SEC_WEBSOCKET_PROTOCOL).peekable();
    if offered.peek().is_none() {
        return Err(NO_SUBPROTOCOL);
    }
    offered.find_map(Codec::of).ok_or(OTHER_SUBPROTOCOL)
}

/// What the lines of a header list, in order.
fn tokens(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

/// Whether a header lists a token.
fn lists(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|listed| listed.eq_ignore_ascii_case(token))
}

impl Accepted {
    fn into_response(self) -> warp::reply::Response {
        let response = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, self.key)
            .header(header::SEC_WEBSOCKET_PROTOCOL, self.codec.subprotocol())
            .body("");
        response.map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), Reply::into_response)
    }
}

/// Speaks websocket once the answer to the handshake is out.
async fn open(
    upgrade: OnUpgrade,
    codec: Codec,
    context: Context,
    origin: Origin,
    session: Result<(Session, Acks), SubmitError>,
) {
    let upgraded = match upgrade.await {
        Ok(upgraded) => TokioIo::new(upgraded),
        Err(error) => {
            tracing::debug!(%error, "a websocket was not opened");
            return;
        }
    };
    let frame_bytes_max = codec.frame_bytes_max(&context.limits);
    let config = WebSocketConfig::default()
        .read_buffer_size(WS_BUFFER_BYTES)
        .write_buffer_size(WS_BUFFER_BYTES)
        .max_write_buffer_size(WS_WRITE_BYTES_MAX)
        .max_message_size(Some(frame_bytes_max))
        .max_frame_size(Some(frame_bytes_max));
    let (upgraded, arrived) = Metered::new(upgraded, &context.arriving);
    let socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await;
    connection::run(socket, (codec, arrived), context, origin, session).await;
}
