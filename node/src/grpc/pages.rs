//! Pages in browsers that call gRPC-web: those that may are told so (CORS, as the Fetch standard has it, section 3.3), the
//! others are refused before anything is done for them.

use std::{
    convert::Infallible,
    future,
    task::{Context, Poll},
};

use tonic::{
    body::Body,
    codegen::{BoxFuture, Service, http},
};
use warp::http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{self, HeaderName},
};

use crate::origins::{self, Pages};

/// What a call of gRPC-web has beside the headers that every page may send.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static("content-type, grpc-timeout, x-grpc-web, x-user-agent");
/// What a page may see of an answer.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static("grpc-status, grpc-message, grpc-status-details-bin");
/// Seconds for which a browser remembers that a page may call; what Chromium takes at most.
const REMEMBERED_SECONDS: HeaderValue = HeaderValue::from_static("7200");
/// What browsers ask before a page from elsewhere may reach a machine of a private network, and the answer.
const PRIVATE_ASKED: HeaderName = HeaderName::from_static("access-control-request-private-network");
const PRIVATE_ALLOWED: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// A service that serves the pages which may use it, and everybody who is no page.
#[derive(Clone, Debug)]
pub(super) struct ForPages<S> {
    inner: S,
    pages: Pages,
}

impl<S> ForPages<S> {
    pub(super) const fn new(inner: S, pages: Pages) -> Self {
        Self { inner, pages }
    }
}

impl<S, B> Service<http::Request<B>> for ForPages<S>
where
    S: Service<http::Request<B>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let headers = request.headers();
        let Some(page) = headers.get(header::ORIGIN).cloned() else { return Box::pin(self.inner.call(request)) };
        if !self.pages.may_connect(headers, request.uri().authority()) {
            return Box::pin(future::ready(Ok(refused())));
        }
        if *request.method() == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            return Box::pin(future::ready(Ok(may_call(headers, page))));
        }
        let response = self.inner.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            may_see(response.headers_mut(), page);
            response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
            Ok(response)
        })
    }
}

/// The page may see the answer; another page may not see it because this one may.
fn may_see(headers: &mut HeaderMap, page: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}

/// The answer to a browser that asks whether its page may call.
fn may_call(asked: &HeaderMap, page: HeaderValue) -> http::Response<Body> {
    let mut response = http::Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    may_see(headers, page);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_SECONDS);
    if asked.contains_key(PRIVATE_ASKED) {
        headers.insert(PRIVATE_ALLOWED, HeaderValue::from_static("true"));
    }
    response
}

fn refused() -> http::Response<Body> {
    let mut response = http::Response::new(Body::new(origins::REFUSAL.to_owned()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
