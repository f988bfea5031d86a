//! A connection with a peer whose key is proven: frames of bytes, each with its length before it, both ways.

use std::{io, time::Duration};

use bytes::Bytes;
use dmpc::{keys::VerifyingKey, wire::schemas::PEER_FRAME_BYTES_MAX};
use futures::{SinkExt, Stream, StreamExt, stream::SplitSink};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};
use tokio_rustls::{TlsStream, rustls::CommonState};
use tokio_util::{
    codec::{Framed, LengthDelimitedCodec},
    task::AbortOnDropHandle,
};

use super::tls::{self, PROTOCOL};

/// Frames that wait to be written.
const OUTGOING_FRAMES_MAX: usize = 4;

type Frames = Framed<TlsStream<TcpStream>, LengthDelimitedCodec>;

/// A connection, agreed on.
#[derive(Debug)]
pub(super) struct Link {
    frames: Frames,
    /// Who is at the other end.
    pub(super) key: VerifyingKey,
    /// Whether this node dialed.
    pub(super) is_dialed: bool,
}

/// What is read from a link.
pub(super) type Incoming = futures::stream::SplitStream<Frames>;

/// What is written to a link; the link is closed when it is dropped and all is written, or the time for a frame is over.
#[derive(Debug)]
pub(super) struct Outgoing {
    queue: mpsc::Sender<Bytes>,
    writing: AbortOnDropHandle<()>,
}

impl Link {
    /// After a handshake. Nothing where the other end showed no key, or does not speak what peers speak.
    pub(super) fn new(stream: TlsStream<TcpStream>, is_dialed: bool) -> Option<Self> {
        let (_, agreed): (_, &CommonState) = match &stream {
            TlsStream::Client(stream) => (stream.get_ref().0, stream.get_ref().1),
            TlsStream::Server(stream) => (stream.get_ref().0, stream.get_ref().1),
        };
        let key = tls::shown(agreed.peer_certificates())?;
        if agreed.alpn_protocol() != Some(PROTOCOL) {
            return None;
        }
        Some(Self { frames: Framed::new(stream, codec()), key, is_dialed })
    }

    /// Its two ends. Each frame may take so long to be written.
    pub(super) fn split(self, patience: Duration) -> (Incoming, Outgoing) {
        let (sink, stream) = self.frames.split();
        let (queue, frames) = mpsc::channel(OUTGOING_FRAMES_MAX);
        let writing = AbortOnDropHandle::new(tokio::spawn(write(sink, frames, patience)));
        (stream, Outgoing { queue, writing })
    }
}

/// Frames as they are on the wire: four bytes of length, big-endian, then the frame.
pub fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().length_field_type::<u32>().max_frame_length(PEER_FRAME_BYTES_MAX).new_codec()
}

impl Outgoing {
    /// Room for one frame; waits for it. Nothing when the link is gone. May be dropped while it waits.
    pub(super) async fn room(&self) -> Option<mpsc::Permit<'_, Bytes>> {
        self.queue.reserve().await.ok()
    }

    /// Room for one frame, if there is some now.
    pub(super) fn try_room(&self) -> Option<mpsc::Permit<'_, Bytes>> {
        self.queue.try_reserve().ok()
    }

    /// Writes what is queued, and closes; no longer than so long.
    pub(super) async fn close(self, patience: Duration) {
        let Self { queue, writing } = self;
        drop(queue);
        timeout(patience, writing).await.ok();
    }
}

async fn write<T: AsyncRead + AsyncWrite + Unpin>(
    mut sink: SplitSink<Framed<T, LengthDelimitedCodec>, Bytes>,
    mut frames: mpsc::Receiver<Bytes>,
    patience: Duration,
) {
    while let Some(frame) = frames.recv().await {
        if !matches!(timeout(patience, sink.send(frame)).await, Ok(Ok(()))) {
            return;
        }
    }
    timeout(patience, sink.close()).await.ok();
}

/// The next frame; nothing at the end.
///
/// # Errors
/// The link broke, or a frame is over its bound.
pub(super) async fn next_frame(
    incoming: &mut (impl Stream<Item = io::Result<bytes::BytesMut>> + Unpin),
) -> io::Result<Option<Bytes>> {
    Ok(incoming.next().await.transpose()?.map(bytes::BytesMut::freeze))
}
