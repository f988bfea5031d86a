//! What an exchange asks of the node's own log. The store's reader answers, or, in simulations, plain maps.

use bytes::Bytes;
use dmpc::{
    ChannelId, OpKey,
    peer::{Head, Scopes},
    reconcile::IdSum,
};

/// A set of operations that is reconciled by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole log.
    Everything,
    /// Operations on users.
    Users,
    /// Operations of a channel.
    Channel(ChannelId),
}

impl Scope {
    /// The scopes of an exchange, in the order of their numbers on the wire.
    pub fn of(common: &Scopes) -> Vec<Self> {
        match common {
            Scopes::Everything => vec![Self::Everything],
            Scopes::Channels(channels) => {
                [Self::Users].into_iter().chain(channels.iter().copied().map(Self::Channel)).collect()
            }
        }
    }
}

/// The keys of a scope at one moment, in their order. Each answer costs a number of steps that is logarithmic in their
/// number, and what it gives.
pub trait Keys {
    /// Why it cannot be read.
    type Error;

    /// How many they are.
    fn size(&self) -> u64;

    /// How many stand before a key.
    ///
    /// # Errors
    /// The log cannot be read.
    fn lower_bound(&self, key: &OpKey) -> Result<u64, Self::Error>;

    /// The sum of the ids of those from the place `from` on and before `end`; both at most [`Keys::size`].
    ///
    /// # Errors
    /// The log cannot be read.
    fn sum(&self, from: u64, end: u64) -> Result<IdSum, Self::Error>;

    /// Those from the place `from` on, at most `limit`; fewer only at the end.
    ///
    /// # Errors
    /// The log cannot be read.
    fn keys(&self, from: u64, limit: usize) -> Result<Vec<OpKey>, Self::Error>;
}

/// The node's own log.
pub trait Replica {
    /// Why it cannot be read.
    type Error;
    /// The keys of a scope at one moment.
    type Keys<'a>: Keys<Error = Self::Error>
    where
        Self: 'a;

    /// The keys of a scope as they are now.
    ///
    /// # Errors
    /// The log cannot be read.
    fn scope(&self, scope: &Scope) -> Result<Self::Keys<'_>, Self::Error>;

    /// Where the node is now.
    ///
    /// # Errors
    /// The log cannot be read.
    fn head(&self) -> Result<Head, Self::Error>;

    /// What arrived after the `after`-th operation of the log, in the order of arrival, at most `limit`.
    ///
    /// # Errors
    /// The log cannot be read.
    fn arrivals(&self, after: u64, limit: usize) -> Result<Vec<OpKey>, Self::Error>;

    /// The bytes of operations; `None` for those that are not in the log.
    ///
    /// # Errors
    /// The log cannot be read.
    fn operations(&self, keys: &[OpKey]) -> Result<Vec<Option<Bytes>>, Self::Error>;
}
