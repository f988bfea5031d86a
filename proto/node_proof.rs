//! The proof that whoever answers as a node holds its keys: the node signs a challenge that the client drew.
//! Source: docs/PROTOCOL.md, "Front ends".

use crate::{
    error::{Classified, ErrorClass},
    hash::Domain,
    identity::node_id,
    ids::NodeId,
    keys::{Check, EncryptionKey, KeyError, Signature, SigningKey, VerifyingKey},
    v1,
};

/// Bytes of a challenge.
pub const CHALLENGE_BYTES: usize = 32;

/// Why an answer does not prove to be of the node that it names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeProofError {
    /// A field has another length.
    #[error("the field '{0}' of the node's information has not its length")]
    Length(&'static str),
    /// A key or the signature is refused.
    #[error("the node does not prove that it holds its key: {0}")]
    Key(#[from] KeyError),
    /// The keys are those of another node than the one that is named.
    #[error("it says that it is {named}, and its keys are those of {keys}")]
    OtherKeys {
        /// What it says.
        named: NodeId,
        /// Whose keys it shows.
        keys: NodeId,
    },
}

impl Classified for NodeProofError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Length(_) => ErrorClass::Malformed,
            Self::Key(error) => error.class(),
            Self::OtherKeys { .. } => ErrorClass::Unauthentic,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Length(_) => "wrong_length",
            Self::Key(error) => error.reason(),
            Self::OtherKeys { .. } => "other_node_keys",
        }
    }
}

/// Signs a challenge as a node.
pub fn prove_node(
    signing: &SigningKey,
    node: &NodeId,
    recipient: &EncryptionKey,
    challenge: &[u8; CHALLENGE_BYTES],
) -> Signature {
    signing.sign(Domain::SignNodeInfo, &[node.as_bytes(), recipient.as_bytes(), challenge])
}

/// A node that answered a challenge: its id, and the key to seal transactions to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenNode {
    /// The node.
    pub node: NodeId,
    /// Its recipient key.
    pub recipient: EncryptionKey,
}

impl ProvenNode {
    /// Checks that the keys of an answer are those that its node id stands for, and that their holder signed the
    /// challenge. Which node one means to talk to is the caller's question.
    ///
    /// # Errors
    /// [`NodeProofError`]
    pub fn check(info: &v1::NodeInfoResponse, challenge: &[u8; CHALLENGE_BYTES]) -> Result<Self, NodeProofError> {
        let node = NodeId::from_slice(&info.node).map_err(|_| NodeProofError::Length("node"))?;
        let key = |bytes: &[u8], name| bytes.try_into().map_err(|_| NodeProofError::Length(name));
        let recipient = EncryptionKey::from_bytes(key(&info.recipient, "recipient")?)?;
        let signing = VerifyingKey::from_bytes(key(&info.signing_key, "signing_key")?)?;
        let keys = node_id(&signing, &recipient);
        if keys != node {
            return Err(NodeProofError::OtherKeys { named: node, keys });
        }
        let signature = info.signature.as_ref().try_into().map_err(|_| NodeProofError::Length("signature"))?;
        let signed: [&[u8]; 3] = [node.as_bytes(), recipient.as_bytes(), challenge];
        Check::new(&signing, &Signature(signature), Domain::SignNodeInfo, &signed).verify()?;
        Ok(Self { node, recipient })
    }
}
