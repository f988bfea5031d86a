//! The store as a replica.

use bytes::Bytes;
use dmpc::{OpKey, peer::Head, reconcile::IdSum};
use dmpc_storage::{
    Reader, StoreError,
    reader::{LogScope, ScopeKeys},
};

use super::replica::{Keys, Replica, Scope};

impl Keys for ScopeKeys<'_> {
    type Error = StoreError;

    fn size(&self) -> u64 {
        Self::size(self)
    }

    fn lower_bound(&self, key: &OpKey) -> Result<u64, StoreError> {
        Self::lower_bound(self, key)
    }

    fn sum(&self, from: u64, end: u64) -> Result<IdSum, StoreError> {
        Self::sum(self, from, end)
    }

    fn keys(&self, from: u64, limit: usize) -> Result<Vec<OpKey>, StoreError> {
        Self::keys(self, from, limit)
    }
}

impl Replica for Reader {
    type Error = StoreError;
    type Keys<'a> = ScopeKeys<'a>;

    fn scope(&self, scope: &Scope) -> Result<ScopeKeys<'_>, StoreError> {
        Self::scope(
            self,
            match scope {
                Scope::Everything => LogScope::Whole,
                Scope::Users => LogScope::Users,
                Scope::Channel(channel) => LogScope::Channel(channel),
            },
        )
    }

    /// The log as it is now, and the state that readers see.
    fn head(&self) -> Result<Head, StoreError> {
        let (log, state) = (self.log_head()?, self.info()?);
        Ok(Head {
            operations: log.operations,
            latest: log.latest.timestamp,
            log_digest: log.log_digest,
            state_digest: state.state_digest,
        })
    }

    fn arrivals(&self, after: u64, limit: usize) -> Result<Vec<OpKey>, StoreError> {
        Self::arrivals(self, after, limit)
    }

    fn operations(&self, keys: &[OpKey]) -> Result<Vec<Option<Bytes>>, StoreError> {
        Self::operations(self, keys)
    }
}
