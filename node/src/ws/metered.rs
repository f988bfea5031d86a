//! A websocket's stream that counts what has arrived of a frame.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::arriving::{Arriving, Share};

/// What has arrived since the last whole frame; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Arrived(Arc<Mutex<Share>>);

impl Arrived {
    /// A frame is there as a whole.
    pub(super) fn settle(&self) {
        self.0.lock().settle();
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Metered<S> {
    inner: S,
    arrived: Arrived,
}

/// What reading says when the pool is used up.
pub(super) const FULL: io::ErrorKind = io::ErrorKind::OutOfMemory;

impl<S> Metered<S> {
    pub(super) fn new(inner: S, arriving: &Arriving) -> (Self, Arrived) {
        let arrived = Arrived(Arc::new(Mutex::new(arriving.share())));
        (Self { inner, arrived: arrived.clone() }, arrived)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let grown = self.arrived.0.lock().grow(buffer.filled().len() - before);
        Poll::Ready(grown.map_err(|_| FULL.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
