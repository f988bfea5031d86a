//! Counts what has arrived of each message of a call, by the lengths that stand before messages (gRPC over HTTP/2, "Requests").

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Sleep, sleep_until};
use tonic::{
    Status,
    body::Body,
    codegen::{Service, http},
};

use crate::{
    arriving::{Arriving, Full, Share},
    error_map::Failure,
    frame::FrameError,
};

/// Bytes before a message: whether it is compressed, and its length.
const HEAD_BYTES: usize = 5;

/// A service whose calls are counted.
#[derive(Clone, Debug)]
pub(super) struct Counted<S> {
    inner: S,
    arriving: Arriving,
}

impl<S> Counted<S> {
    pub(super) const fn new(inner: S, arriving: Arriving) -> Self {
        Self { inner, arriving }
    }
}

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let share = self.arriving.share();
        self.inner.call(request.map(|body| Body::new(Call { body, share, place: Place::default(), late: None })))
    }
}

/// The body of a call.
#[derive(Debug)]
struct Call {
    body: Body,
    share: Share,
    place: Place,
    /// Runs while a message has part of the pool.
    late: Option<Pin<Box<Sleep>>>,
}

/// Where in a message the body is.
#[derive(Debug, Default)]
struct Place {
    head: [u8; HEAD_BYTES],
    /// Bytes of the head that are there.
    read: usize,
    /// Bytes of the message that are missing.
    missing: usize,
}

impl Place {
    /// Goes on to the end of the head or of the message, whichever comes first; what is left of `bytes`, and whether a
    /// message is there as a whole.
    fn advance<'a>(&mut self, bytes: &'a [u8]) -> (&'a [u8], bool) {
        if self.read < HEAD_BYTES {
            let Some((byte, rest)) = bytes.split_first() else { return (bytes, false) };
            if let Some(place) = self.head.get_mut(self.read) {
                *place = *byte;
            }
            self.read += 1;
            if self.read == HEAD_BYTES {
                let [_, length @ ..] = self.head;
                self.missing = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
            }
            return (rest, self.ends());
        }
        let (here, rest) = bytes.split_at(self.missing.min(bytes.len()));
        self.missing -= here.len();
        (rest, self.ends())
    }

    fn ends(&mut self) -> bool {
        let ends = self.read == HEAD_BYTES && self.missing == 0;
        if ends {
            self.read = 0;
        }
        ends
    }
}

impl Call {
    fn count(&mut self, mut bytes: &[u8]) -> Result<(), Full> {
        while !bytes.is_empty() {
            let (rest, is_whole) = self.place.advance(bytes);
            self.share.grow(bytes.len() - rest.len())?;
            if is_whole {
                self.share.settle();
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Ready when the message should have been whole.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.share.until() else { return Poll::Pending };
        self.late.get_or_insert_with(|| Box::pin(sleep_until(until.into()))).as_mut().poll(cx)
    }
}

fn refused() -> Status {
    Failure::of(&FrameError::Arriving).to_status()
}

impl HttpBody for Call {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(self.poll_late(cx));
            return Poll::Ready(Some(Err(refused())));
        };
        self.late = None;
        if let Some(Ok(frame)) = &frame
            && let Some(bytes) = frame.data_ref()
            && self.count(bytes).is_err()
        {
            return Poll::Ready(Some(Err(refused())));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
