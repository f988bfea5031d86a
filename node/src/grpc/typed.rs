//! Gives the errors of the transport itself (a message over the limit, bytes that are no message) the typed details that
//! every other error has.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use tonic::{
    Code, Status,
    body::Body,
    codegen::{BoxFuture, Service, http},
    server::NamedService,
};

use crate::{error_map::Failure, frame::FrameError};

/// A service whose refusals are all typed.
#[derive(Clone, Debug)]
pub(super) struct Typed<S>(S);

impl<S> Typed<S> {
    pub(super) const fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S: NamedService> NamedService for Typed<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Typed<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let response = self.0.call(request);
        Box::pin(async move {
            let response = response.await?;
            Ok(match refusal(&response) {
                Some(error) => Failure::of(&error).to_status().into_http(),
                None => response,
            })
        })
    }
}

/// What the transport refused, when it was the transport: the node's own refusals carry details.
fn refusal(response: &http::Response<Body>) -> Option<FrameError> {
    let status = Status::from_header_map(response.headers())?;
    if !status.details().is_empty() {
        return None;
    }
    match status.code() {
        Code::OutOfRange => Some(FrameError::TooLarge),
        Code::Internal => Some(FrameError::Undecodable),
        _ => None,
    }
}
