//! A connection that a client holds up is ended: whole, since neither HTTP/1.1 nor a closed window of HTTP/2 leaves anything
//! else to be told. Runs only while something is under way; a subscription that has nothing to tell is not held up.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

/// How long one connection is waited for, and whether that was too long; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    time: Duration,
    is_over: CancellationToken,
}

impl Patience {
    pub(super) fn new(time: Duration) -> Self {
        Self { time, is_over: CancellationToken::new() }
    }

    /// Waits until the client was waited for too long.
    pub(super) async fn over(&self) {
        self.is_over.cancelled().await;
    }

    /// Waits for the client from now on, until what is returned is dropped.
    fn begin(&self) -> Waiting {
        let (time, is_over) = (self.time, self.is_over.clone());
        let task = tokio::spawn(async move {
            tokio::time::sleep(time).await;
            is_over.cancel();
        });
        Waiting(task.abort_handle())
    }
}

#[derive(Debug)]
struct Waiting(AbortHandle);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A request whose body must be there in time, as a whole.
#[derive(Debug)]
pub(super) struct Incoming<B> {
    inner: B,
    waiting: Option<Waiting>,
}

impl<B> Incoming<B> {
    /// Waits for the body, if there is patience for it.
    pub(super) fn new(inner: B, patience: Option<&Patience>) -> Self {
        Self { inner, waiting: patience.map(Patience::begin) }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Incoming<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if frame.is_none() || self.inner.is_end_stream() {
            self.waiting = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer of which the client must take each piece in time.
#[derive(Debug)]
pub(super) struct Outgoing<B> {
    inner: B,
    patience: Patience,
    waiting: Option<Waiting>,
}

impl<B> Outgoing<B> {
    pub(super) const fn new(inner: B, patience: Patience) -> Self {
        Self { inner, patience, waiting: None }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Outgoing<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // Who asks for the next piece has got rid of the one before.
        self.waiting = None;
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if matches!(&frame, Some(Ok(frame)) if frame.is_data()) {
            self.waiting = Some(self.patience.begin());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
