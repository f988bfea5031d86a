//! One failure, three surfaces: a gRPC status, a websocket close code, and the `Error` inside answers.
//! The tables name every class: a new one does not compile until it has its codes.

use std::{collections::HashMap, time::Duration};

use dmpc::{
    error::{Classified, ErrorClass},
    v1,
};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of the reasons in `google.rpc.ErrorInfo`.
pub const ERROR_DOMAIN: &str = "dmpc.v1";
/// Bytes of the reason in a websocket close frame (RFC 6455, section 5.5: 125 with the code).
const CLOSE_REASON_BYTES_MAX: usize = 123;

/// Rates are counted by the second.
const RATE_PERIOD: Duration = Duration::from_secs(1);
/// For so long a request is remembered.
const REQUEST_LIFE: Duration = Duration::from_secs(60);
/// Until a place may be free, or a node be there again.
const RELIEF: Duration = Duration::from_secs(5);

/// A failure as front ends show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Decides the codes.
    pub class: ErrorClass,
    /// Stable words for programs.
    pub reason: &'static str,
    /// One sentence for people.
    pub detail: String,
}

impl Failure {
    /// As a front end shows a typed error.
    pub fn of(error: &impl Classified) -> Self {
        Self { class: error.class(), reason: error.reason(), detail: error.to_string() }
    }

    /// As a gRPC status: with the reason in its details, and when to try again where that is known.
    pub fn to_status(&self) -> Status {
        self.with_details(None)
    }

    /// The same; what is wrong with the message itself is said of a field of it.
    pub fn to_status_of(&self, field: &str) -> Status {
        self.with_details(is_of_message(self.class).then_some(field))
    }

    fn with_details(&self, field: Option<&str>) -> Status {
        let metadata = HashMap::from([("class".to_owned(), self.class.word().to_owned())]);
        let mut details = ErrorDetails::with_error_info(self.reason, ERROR_DOMAIN, metadata);
        if let Some(field) = field {
            details.add_bad_request_violation(field, self.detail.clone());
        }
        if let Some(delay) = self.retry_after() {
            details.set_retry_info(Some(delay));
        }
        Status::with_error_details(grpc_code(self.class), self.detail.clone(), details)
    }

    /// How long a client waits before it tries again; `None` where time alone does not help, or need not pass.
    pub fn retry_after(&self) -> Option<Duration> {
        match (self.class, self.reason) {
            (ErrorClass::Overloaded, "too_fast") => Some(RATE_PERIOD),
            (ErrorClass::Overloaded, "too_many_requests") => Some(REQUEST_LIFE),
            (ErrorClass::Overloaded, "overloaded" | "too_many_sessions" | "too_many_subscriptions")
            | (ErrorClass::ShuttingDown, _) => Some(RELIEF),
            _ => None,
        }
    }

    /// As the `Error` inside an answer.
    pub fn to_wire(&self) -> v1::Error {
        v1::Error { reason: self.reason.to_owned(), detail: self.detail.clone() }
    }

    /// The close code of a websocket that ends with it.
    pub fn close_code(&self) -> u16 {
        close_code(self.class)
    }

    /// The text of the close frame: reason, colon, detail, cut to what a close frame holds.
    pub fn close_reason(&self) -> String {
        let mut text = format!("{}: {}", self.reason, self.detail);
        while text.len() > CLOSE_REASON_BYTES_MAX {
            text.pop();
        }
        text
    }
}

impl<E: Classified> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::of(&error)
    }
}

/// Whether a failure of a class is one of the message, whatever the state of the node.
const fn is_of_message(class: ErrorClass) -> bool {
    match class {
        ErrorClass::Malformed | ErrorClass::TooLarge | ErrorClass::CannotUnseal | ErrorClass::SealRequired => true,
        ErrorClass::Unauthentic
        | ErrorClass::StaleRequest
        | ErrorClass::PermissionDenied
        | ErrorClass::NotFound
        | ErrorClass::Overloaded
        | ErrorClass::Stale
        | ErrorClass::ShuttingDown
        | ErrorClass::Unknown
        | ErrorClass::Internal => false,
    }
}

/// The gRPC code of a class.
pub const fn grpc_code(class: ErrorClass) -> Code {
    match class {
        ErrorClass::Malformed | ErrorClass::TooLarge | ErrorClass::CannotUnseal => Code::InvalidArgument,
        ErrorClass::Unauthentic => Code::Unauthenticated,
        ErrorClass::SealRequired | ErrorClass::StaleRequest => Code::FailedPrecondition,
        ErrorClass::PermissionDenied => Code::PermissionDenied,
        ErrorClass::NotFound => Code::NotFound,
        ErrorClass::Overloaded => Code::ResourceExhausted,
        ErrorClass::Stale => Code::Aborted,
        ErrorClass::ShuttingDown => Code::Unavailable,
        ErrorClass::Unknown => Code::Unknown,
        ErrorClass::Internal => Code::Internal,
    }
}

/// The websocket close code of a class, in the private range; its last three digits are those of the HTTP status that
/// comes nearest.
pub const fn close_code(class: ErrorClass) -> u16 {
    match class {
        ErrorClass::Malformed => 4400,
        ErrorClass::Unauthentic => 4401,
        ErrorClass::PermissionDenied => 4403,
        ErrorClass::NotFound => 4404,
        ErrorClass::StaleRequest => 4408,
        ErrorClass::Stale => 4409,
        ErrorClass::TooLarge => 4413,
        ErrorClass::CannotUnseal => 4422,
        ErrorClass::SealRequired => 4426,
        ErrorClass::Overloaded => 4429,
        ErrorClass::Internal => 4500,
        ErrorClass::ShuttingDown => 4503,
        ErrorClass::Unknown => 4520,
    }
}
