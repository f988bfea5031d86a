//! Where the entries of registers are stored: the family, and the prefix before the OpKey. Values are those of
//! [`Value::to_bytes`](crate::projection::Value::to_bytes).

use dmpc::OpKey;

use super::Family;

/// The place of a register: all its entries begin with the prefix and go on with an OpKey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The family.
    pub(crate) family: Family,
    /// What all entries begin with.
    pub(crate) prefix: Vec<u8>,
}

impl Place {
    /// The key of an entry.
    pub(crate) fn key(&self, key: &OpKey) -> Vec<u8> {
        [self.prefix.as_slice(), &key.to_bytes()].concat()
    }

    /// The operation's key of a stored key of this place.
    pub(crate) fn parse_key(&self, bytes: &[u8]) -> Option<OpKey> {
        OpKey::from_slice(bytes.strip_prefix(self.prefix.as_slice())?).ok()
    }
}
