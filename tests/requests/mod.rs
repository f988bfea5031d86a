//! One list of valid and invalid requests, and what must be said to each. Every client of every front end is sent it, and must
//! be told the same: ours here, those in other languages in `interop/requests.rs`.

mod flaws;
mod operations;
mod questions;
mod said;
mod stage;
mod transactions;

use std::collections::BTreeSet;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use dmpc::{error::ErrorClass, request::Query};
use dmpc_node::error_map::grpc_code;
use serde_json::{Value, json};

pub(crate) use stage::Stage;

use crate::{protocol::refusals, support::client::Via};

/// A request, and what is said to it.
pub(crate) struct Case {
    /// Unique in the list.
    pub(crate) name: String,
    pub(crate) call: Call,
    /// What is sent, an encoded transaction.
    pub(crate) transaction: Bytes,
    pub(crate) answer: Answer,
}

/// What is called with the transaction.
pub(crate) enum Call {
    Submit,
    /// The call that belongs to this query, whatever the transaction holds.
    Ask(Query),
}

/// What is said, the same on every front end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A transaction's end, in words: state, reason, and for each operation outcome and reason.
    Ticket(String),
    /// A page, or events.
    Given,
    /// A request is refused.
    Refused(ErrorClass, String),
}

impl Call {
    /// As clients in other languages are told.
    fn word(&self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Ask(Query::Users { .. }) => "users",
            Self::Ask(Query::Channel { .. }) => "channel",
            Self::Ask(Query::Channels { .. }) => "channels",
            Self::Ask(Query::Messages { .. }) => "messages",
            Self::Ask(Query::Keys { .. } | Query::LaneEnd { .. }) => "keys",
            Self::Ask(Query::Subscribe { .. }) => "subscribe",
        }
    }
}

impl Answer {
    /// Every operation of a transaction ends like this, so the transaction is a success.
    fn success(outcome: &str) -> Self {
        Self::Ticket(format!("success: {outcome}"))
    }

    /// The one operation of a transaction is refused.
    fn operation_refused(reason: &str) -> Self {
        Self::Ticket(format!("failed {reason}: refused {reason}"))
    }

    /// A transaction is not understood.
    fn not_understood(reason: &str) -> Self {
        Self::Ticket(format!("failed {reason}:"))
    }

    /// A request is refused.
    fn refused(reason: &str) -> Self {
        Self::Refused(refusals::class_of(reason), reason.to_owned())
    }

    /// In words, and the code: of gRPC, or `answer` within a websocket that goes on.
    pub(crate) fn said(&self, via: Via) -> [String; 2] {
        match self {
            Self::Ticket(said) => [said.clone(), String::new()],
            Self::Given => ["given".to_owned(), String::new()],
            Self::Refused(class, reason) => {
                let code = if via == Via::Grpc { name_of(grpc_code(*class)) } else { "answer".to_owned() };
                [format!("refused {reason}"), code]
            }
        }
    }
}

/// The name that gRPC gives a code, such as `INVALID_ARGUMENT`.
fn name_of(code: tonic::Code) -> String {
    let parts = format!("{code:?}");
    let separated = parts.chars().enumerate().flat_map(|(place, letter)| {
        let separator = (place > 0 && letter.is_uppercase()).then_some('_');
        separator.into_iter().chain(letter.to_uppercase())
    });
    separated.collect()
}

/// The whole list, made for one client: fresh operations, nonces and times, and always the same names and answers.
pub(crate) fn list(stage: &mut Stage) -> Vec<Case> {
    let mut cases = operations::cases(stage);
    cases.extend(transactions::cases(stage));
    cases.extend(questions::cases(stage));
    let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    cases
}

/// The list as clients in other languages are given it.
pub(crate) fn to_json(cases: &[Case]) -> Value {
    let case = |case: &Case| {
        let transaction = BASE64_STANDARD.encode(&case.transaction);
        json!({ "name": case.name, "call": case.call.word(), "transaction": transaction })
    };
    cases.iter().map(case).collect()
}
