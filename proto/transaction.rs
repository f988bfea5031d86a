//! Transactions: the outer layer, sealed to the nodes that are to run them. Source: docs/PROTOCOL.md, "Transaction".

use bytes::Bytes;
use prost::Message;

use crate::{
    PROTOCOL_VERSION,
    error::{Classified, ErrorClass},
    keys::{DecryptionKey, EncryptionKey, KeyError},
    seal::{SealError, open_age, require_plain_x25519, seal_age},
    v1,
    wire::{
        self, WireError, WireFault,
        schemas::{self, RECIPIENTS_MAX, TRANSACTION_BYTES_MAX},
    },
};

/// Why bytes are not a transaction, or cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The encoding is not strict.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The seal cannot be made or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The key that answers are to be sealed to is refused.
    #[error("reply_to: {0}")]
    ReplyTo(#[from] KeyError),
    /// Another protocol version.
    #[error("version {0} is unknown, this is version {PROTOCOL_VERSION}")]
    UnknownVersion(u32),
    /// Over the limit.
    #[error("the transaction has {0} bytes, {TRANSACTION_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// Neither sealed nor open content, or both.
    #[error("a transaction has exactly one of 'sealed' and 'open'")]
    ContentMisplaced,
    /// Neither operations nor a request, or both.
    #[error("a transaction carries operations or one request, and not both")]
    ContentMixed,
    /// A key for sealed answers beside a request.
    #[error("a request has a 'reply_to' of its own; the transaction around it has none")]
    ReplyToMisplaced,
    /// Open where only sealed ones are taken.
    #[error("this listener takes sealed transactions only; seal it to the node's recipient key")]
    SealRequired,
}

impl Classified for TransactionError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Wire(error) => error.class(),
            Self::Seal(error) => error.class(),
            Self::ReplyTo(error) => error.class(),
            Self::TooLarge(_) => ErrorClass::TooLarge,
            Self::SealRequired => ErrorClass::SealRequired,
            Self::UnknownVersion(_) | Self::ContentMisplaced | Self::ContentMixed | Self::ReplyToMisplaced => {
                ErrorClass::Malformed
            }
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Wire(error) => error.reason(),
            Self::Seal(error) => error.reason(),
            Self::ReplyTo(error) => error.reason(),
            Self::UnknownVersion(_) => "unknown_version",
            Self::TooLarge(_) => "transaction_too_large",
            Self::ContentMisplaced => "content_misplaced",
            Self::ContentMixed => "content_mixed",
            Self::ReplyToMisplaced => "reply_to_misplaced",
            Self::SealRequired => "seal_required",
        }
    }
}

/// What the sender wants to hear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipelineOptions {
    /// An update for each of queued, running and the end.
    pub read_status_updates: bool,
    /// The outcome of each operation with the end.
    pub read_result: bool,
    /// Keep the connection open afterwards.
    pub keep_alive: bool,
}

/// A well-formed transaction, not opened yet.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// What the sender wants to hear.
    pub options: PipelineOptions,
    /// For whatever network carries it.
    pub transmission: Bytes,
    content: Envelope,
}

#[derive(Clone, Debug)]
enum Envelope {
    Sealed(Bytes),
    Open(Bytes),
}

/// What a transaction carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Encoded operations; at least one.
    Operations(Vec<Bytes>),
    /// One encoded request.
    Request(Bytes),
}

impl Transaction {
    /// Decodes a transaction strictly.
    ///
    /// # Errors
    /// [`TransactionError`], one variant per broken rule.
    pub fn decode(bytes: &Bytes) -> Result<Self, TransactionError> {
        if bytes.len() > TRANSACTION_BYTES_MAX {
            return Err(TransactionError::TooLarge(bytes.len()));
        }
        let wire: v1::Transaction = wire::decode(&schemas::TRANSACTION, bytes)?;
        if wire.version != PROTOCOL_VERSION {
            return Err(TransactionError::UnknownVersion(wire.version));
        }
        let content = match (wire.sealed.is_empty(), wire.open.is_empty()) {
            (false, true) => {
                require_plain_x25519(&wire.sealed, RECIPIENTS_MAX)?;
                Envelope::Sealed(wire.sealed)
            }
            (true, false) => Envelope::Open(wire.open),
            (true, true) | (false, false) => return Err(TransactionError::ContentMisplaced),
        };
        if wire.options.is_some_and(|options| options == v1::PipelineOptions::default()) {
            // Absence says the same, and one content has one encoding.
            return Err(WireError::field("Transaction", 2, WireFault::DefaultWritten).into());
        }
        let options = wire.options.unwrap_or_default();
        let options = PipelineOptions {
            read_status_updates: options.read_status_updates,
            read_result: options.read_result,
            keep_alive: options.keep_alive,
        };
        Ok(Self { options, transmission: wire.transmission, content })
    }

    /// Opens it: with the node's key if it is sealed, and as it is where `accept_open` says that it may.
    ///
    /// # Errors
    /// [`TransactionError`], one variant per broken rule.
    pub fn open(self, key: &DecryptionKey, accept_open: bool) -> Result<Opened, TransactionError> {
        let content = match self.content {
            Envelope::Sealed(sealed) => {
                let mut plain = open_age(&sealed, key, RECIPIENTS_MAX, TRANSACTION_BYTES_MAX)?;
                Bytes::from(std::mem::take(&mut *plain))
            }
            Envelope::Open(open) if accept_open => open,
            Envelope::Open(_) => return Err(TransactionError::SealRequired),
        };
        let wire: v1::TransactionContent = wire::decode(&schemas::TRANSACTION_CONTENT, &content)?;
        let content = match (wire.operations.is_empty(), wire.request.is_empty()) {
            (false, true) => Content::Operations(wire.operations),
            (true, false) => Content::Request(wire.request),
            (true, true) | (false, false) => return Err(TransactionError::ContentMixed),
        };
        let reply_to = match (&content, wire.reply_to.as_ref()) {
            (_, []) => None,
            (Content::Request(_), _) => return Err(TransactionError::ReplyToMisplaced),
            (Content::Operations(_), key) => Some(EncryptionKey::from_bytes(
                key.try_into().map_err(|_| WireError::field("TransactionContent", 3, WireFault::Missing))?,
            )?),
        };
        Ok(Opened { content, reply_to })
    }
}

/// What was inside of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What it carries.
    pub content: Content,
    /// What becomes of the operations is told under seal to this key alone.
    pub reply_to: Option<EncryptionKey>,
}

/// A transaction that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// What it carries.
    pub content: &'a Content,
    /// What the sender wants to hear.
    pub options: PipelineOptions,
    /// For whatever network carries it; at most 4,096 bytes.
    pub transmission: &'a [u8],
    /// What becomes of the operations is told under seal to this key alone.
    pub reply_to: Option<EncryptionKey>,
    /// Who can open it, at most 16; nobody means that it is not sealed.
    pub recipients: &'a [EncryptionKey],
}

/// Encodes a transaction, sealed to `recipients`; open when there are none.
///
/// # Errors
/// Those of [`Outgoing::encode`].
pub fn encode(
    content: &Content,
    options: PipelineOptions,
    recipients: &[EncryptionKey],
) -> Result<Bytes, TransactionError> {
    Outgoing { content, options, transmission: &[], reply_to: None, recipients }.encode()
}

impl Outgoing<'_> {
    /// Encodes and seals it.
    ///
    /// # Errors
    /// [`TransactionError`] when what it makes could not be decoded: nothing in it, or too much; or [`SealError`] for a
    /// recipient that cannot be sealed to.
    pub fn encode(&self) -> Result<Bytes, TransactionError> {
        let content = self.encode_content()?;
        if self.recipients.len() > RECIPIENTS_MAX {
            return Err(SealError::RecipientCount { actual: self.recipients.len(), allowed: RECIPIENTS_MAX }.into());
        }
        let (sealed, open) = if self.recipients.is_empty() {
            (Bytes::new(), content.into())
        } else {
            (seal_age(&content, self.recipients)?.into(), Bytes::new())
        };
        let options = v1::PipelineOptions {
            read_status_updates: self.options.read_status_updates,
            read_result: self.options.read_result,
            keep_alive: self.options.keep_alive,
        };
        let transaction = v1::Transaction {
            version: PROTOCOL_VERSION,
            options: (options != v1::PipelineOptions::default()).then_some(options),
            transmission: Bytes::copy_from_slice(self.transmission),
            sealed,
            open,
        };
        let bytes = Bytes::from(transaction.encode_to_vec());
        if bytes.len() > TRANSACTION_BYTES_MAX {
            return Err(TransactionError::TooLarge(bytes.len()));
        }
        wire::scan(&schemas::TRANSACTION, &bytes)?;
        Ok(bytes)
    }

    fn encode_content(&self) -> Result<Vec<u8>, TransactionError> {
        let mut wire = v1::TransactionContent::default();
        match self.content {
            Content::Operations(operations) => wire.operations.clone_from(operations),
            Content::Request(request) => wire.request = request.clone(),
        }
        if wire.operations.is_empty() && wire.request.is_empty() {
            return Err(TransactionError::ContentMixed);
        }
        if let Some(key) = &self.reply_to {
            if !wire.request.is_empty() {
                return Err(TransactionError::ReplyToMisplaced);
            }
            wire.reply_to = Bytes::copy_from_slice(key.as_bytes());
        }
        let content = wire.encode_to_vec();
        wire::scan(&schemas::TRANSACTION_CONTENT, &content)?;
        Ok(content)
    }
}
