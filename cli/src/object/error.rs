//! Why a line is no object.

use dmpc::error::Classified;

use super::LINE_BYTES_MAX;
use crate::output::plain;

/// Characters of a foreign word that are shown.
const WORD_MAX: usize = 16;

/// Why a line is no object.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// No JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON, and no object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A line that no object fills.
    #[error("a line has more than {LINE_BYTES_MAX} bytes")]
    LongLine,
    /// The same key twice in one object.
    #[error("the key '{}' stands twice", shown(.0))]
    DuplicateKey(String),
    /// A member that must be there.
    #[error("there is no '{0}'")]
    Missing(&'static str),
    /// A member that must be text.
    #[error("'{0}' is no text")]
    NotText(String),
    /// `bytes` that are none.
    #[error("'bytes' is not base64")]
    NotBase64,
    /// A type that this version does not know.
    #[error("the type '{}' is unknown", shown(.0))]
    UnknownType(String),
    /// A call that no node answers.
    #[error("the call '{}' is unknown", shown(.0))]
    UnknownCall(String),
    /// The bytes are not what the type says.
    #[error("no {tag}: {what} ({reason})")]
    Content {
        /// The type.
        tag: &'static str,
        /// The rule that it breaks.
        what: String,
        /// Stable words for programs.
        reason: &'static str,
    },
}

impl ObjectError {
    /// Bytes that break a rule of the protocol.
    pub(super) fn content(tag: &'static str) -> impl Fn(&dyn Classified) -> Self {
        move |error| Self::Content { tag, what: error.to_string(), reason: error.reason() }
    }

    /// Bytes that break a rule of this program.
    pub(super) fn malformed(tag: &'static str, what: &str) -> Self {
        Self::Content { tag, what: what.to_owned(), reason: "malformed" }
    }
}

fn shown(word: &str) -> String {
    plain(&word.chars().take(WORD_MAX).collect::<String>())
}
