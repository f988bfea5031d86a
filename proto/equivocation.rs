//! Equivocation: two operations that one key certified for one place of one lane. Whole, they prove it to anybody, without
//! a node. What lives here: the checked proof and its text. Source: docs/PROTOCOL.md, "Proofs of equivocation".

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use crate::{
    error::{Classified, ErrorClass},
    ids::UserId,
    keys::{KeyError, VerifyingKey},
    operation::{Link, OperationError, SignedOperation, VerifiedOperation},
    wire::schemas::OPERATION_BYTES_MAX,
};

/// The first line of a proof.
pub const EQUIVOCATION_MAGIC: &str = "dmpc equivocation 1";
/// Bytes of a proof's text: two operations in base64, their line feeds, and the lines that name them.
pub const EQUIVOCATION_TEXT_BYTES_MAX: usize = 2 * (OPERATION_BYTES_MAX / 3 * 4 + OPERATION_BYTES_MAX / 45) + 4 * 1024;
/// Letters of base64 on one line.
const LINE_LETTERS: usize = 64;
/// What a line that begins an operation begins with.
const OPERATION: &str = "operation ";

/// Why two operations, or a text, prove no equivocation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EquivocationError {
    /// What stands there is no operation.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// A signature does not verify.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Both are the same operation; signatures are no part of that.
    #[error("both are one operation")]
    SameOperation,
    /// They name different certifiers.
    #[error("they are certified by different users")]
    OtherUser,
    /// They are certified with different keys.
    #[error("they are certified with different keys")]
    OtherKey,
    /// They stand in different lanes, or at different places of one.
    #[error("they stand at different places")]
    OtherPlace,
    /// The text is over its limit.
    #[error("the text has {0} bytes, {EQUIVOCATION_TEXT_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// The first line is another one.
    #[error("the first line is not '{EQUIVOCATION_MAGIC}'")]
    Magic,
    /// Not two operations in base64.
    #[error("the text does not hold two operations in base64")]
    NotTwo,
    /// The text says something else of the operations than they do, or says it in another way.
    #[error("the text is not the one that its operations give")]
    OtherText,
}

impl Classified for EquivocationError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Operation(error) => error.class(),
            Self::Key(error) => error.class(),
            Self::TooLarge(_) => ErrorClass::TooLarge,
            Self::SameOperation
            | Self::OtherUser
            | Self::OtherKey
            | Self::OtherPlace
            | Self::Magic
            | Self::NotTwo
            | Self::OtherText => ErrorClass::Malformed,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Operation(error) => error.reason(),
            Self::Key(error) => error.reason(),
            Self::SameOperation => "same_operation",
            Self::OtherUser => "other_user",
            Self::OtherKey => "other_key",
            Self::OtherPlace => "other_place",
            Self::TooLarge(_) => "too_large",
            Self::Magic => "not_an_equivocation",
            Self::NotTwo => "not_two_operations",
            Self::OtherText => "other_text",
        }
    }
}

/// Two authentic operations at one (user, key, lane, seq): a proof that whoever holds the key equivocated.
#[derive(Clone, Debug)]
pub struct Equivocation {
    /// The one of the lesser id first.
    operations: [VerifiedOperation; 2],
}

impl Equivocation {
    /// Of two operations, in any order.
    ///
    /// # Errors
    /// [`EquivocationError`], one variant per rule that they break.
    pub fn of(one: SignedOperation, other: SignedOperation) -> Result<Self, EquivocationError> {
        let (one, other) = (one.verify()?, other.verify()?);
        if one.id() == other.id() {
            return Err(EquivocationError::SameOperation);
        }
        if one.certifier() != other.certifier() {
            return Err(EquivocationError::OtherUser);
        }
        if one.certifier_key() != other.certifier_key() {
            return Err(EquivocationError::OtherKey);
        }
        let (link, other_link) = (one.link(), other.link());
        if (link.lane, link.seq) != (other_link.lane, other_link.seq) {
            return Err(EquivocationError::OtherPlace);
        }
        let operations = if one.id() < other.id() { [one, other] } else { [other, one] };
        Ok(Self { operations })
    }

    /// Of the bytes of two operations, in any order.
    ///
    /// # Errors
    /// [`EquivocationError`], one variant per rule that they break.
    pub fn decode(one: Bytes, other: Bytes) -> Result<Self, EquivocationError> {
        Self::of(SignedOperation::decode(one)?, SignedOperation::decode(other)?)
    }

    /// The user whom both name as their certifier. That the key was the user's is the state's question.
    pub fn user(&self) -> UserId {
        let [first, _] = &self.operations;
        first.certifier()
    }

    /// The key that certified both.
    pub fn key(&self) -> VerifyingKey {
        let [first, _] = &self.operations;
        first.certifier_key()
    }

    /// The place that both take; `prev` is that of the first.
    pub fn link(&self) -> Link {
        let [first, _] = &self.operations;
        first.link()
    }

    /// The two, the one of the lesser id first.
    pub fn operations(&self) -> &[VerifiedOperation; 2] {
        &self.operations
    }

    /// The one text of the proof.
    pub fn to_text(&self) -> String {
        let Link { lane, seq, .. } = self.link();
        let (user, key) = (self.user(), self.key());
        let mut text = format!("{EQUIVOCATION_MAGIC}\nuser {user}\nkey {key}\nlane {lane}\nseq {seq}\n");
        for operation in &self.operations {
            // Writing to a string does not fail.
            writeln!(text, "{OPERATION}{}", operation.id()).ok();
            let letters = STANDARD.encode(operation.bytes());
            let mut rest = letters.as_str();
            while let Some((line, after)) = rest.split_at_checked(LINE_LETTERS) {
                text.push_str(line);
                text.push('\n');
                rest = after;
            }
            if !rest.is_empty() {
                text.push_str(rest);
                text.push('\n');
            }
        }
        text
    }

    /// From its text, checked as strictly as everything else: one proof has one text.
    ///
    /// # Errors
    /// [`EquivocationError`] says what is wrong.
    pub fn from_text(text: &str) -> Result<Self, EquivocationError> {
        if text.len() > EQUIVOCATION_TEXT_BYTES_MAX {
            return Err(EquivocationError::TooLarge(text.len()));
        }
        if text.lines().next() != Some(EQUIVOCATION_MAGIC) {
            return Err(EquivocationError::Magic);
        }
        let mut operations: Vec<String> = Vec::new();
        for line in text.lines().skip(5) {
            match operations.last_mut() {
                _ if line.starts_with(OPERATION) => operations.push(String::new()),
                Some(letters) => letters.push_str(line),
                None => return Err(EquivocationError::NotTwo),
            }
        }
        let [one, other] = operations.as_slice() else { return Err(EquivocationError::NotTwo) };
        let bytes = |letters| STANDARD.decode(letters).map(Bytes::from).map_err(|_| EquivocationError::NotTwo);
        let proof = Self::decode(bytes(one)?, bytes(other)?)?;
        // What the lines before say, and how, follows from the operations.
        if proof.to_text() == text { Ok(proof) } else { Err(EquivocationError::OtherText) }
    }
}
