//! A log in plain maps, as the exchange asks it.

use std::{cell::RefCell, collections::BTreeMap, convert::Infallible, sync::Arc};

use bytes::Bytes;
use dmpc::{ChannelId, Hlc, OpId, OpKey, peer::Head, reconcile::IdSum};
use dmpc_node::peer::exchange::replica::{Keys, Replica, Scope};

/// Keys in their order, and the sums of the ids before each.
#[derive(Clone, Debug)]
pub(super) struct Sorted {
    keys: Arc<Vec<OpKey>>,
    sums: Arc<Vec<IdSum>>,
}

impl Sorted {
    pub(super) fn new(mut keys: Vec<OpKey>) -> Self {
        keys.sort_unstable();
        keys.dedup();
        let sums = keys.iter().scan(IdSum::default(), |sum, key| {
            *sum = sum.plus(IdSum::of(&key.id));
            Some(*sum)
        });
        let sums = [IdSum::default()].into_iter().chain(sums).collect();
        Self { keys: Arc::new(keys), sums: Arc::new(sums) }
    }
}

impl Default for Sorted {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

impl Keys for Sorted {
    type Error = Infallible;

    fn size(&self) -> u64 {
        u64::try_from(self.keys.len()).unwrap()
    }

    fn lower_bound(&self, key: &OpKey) -> Result<u64, Infallible> {
        Ok(u64::try_from(self.keys.partition_point(|other| other < key)).unwrap())
    }

    fn sum(&self, from: u64, end: u64) -> Result<IdSum, Infallible> {
        Ok(self.sums[place(end)].minus(self.sums[place(from)]))
    }

    fn keys(&self, from: u64, limit: usize) -> Result<Vec<OpKey>, Infallible> {
        Ok(self.keys.iter().skip(place(from)).take(limit).copied().collect())
    }
}

/// Operations by key, and the order in which they came. Keys may be there without an operation, where none is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    operations: BTreeMap<OpKey, (Option<ChannelId>, Bytes)>,
    arrivals: Vec<OpKey>,
    /// Keys of operations that nobody will ask for.
    others: Sorted,
    state_digest: [u8; 32],
    /// Scopes as they were asked for last, with the number of operations then.
    asked: RefCell<BTreeMap<Scope, (usize, Sorted)>>,
}

impl Book {
    /// A book that has these keys besides.
    pub(super) fn over(others: Sorted) -> Self {
        Self { others, ..Self::default() }
    }

    pub(super) fn insert(&mut self, key: OpKey, channel: Option<ChannelId>, bytes: Bytes) -> bool {
        let is_new = self.operations.insert(key, (channel, bytes)).is_none();
        if is_new {
            self.arrivals.push(key);
        }
        is_new
    }

    pub(super) fn has(&self, key: &OpKey) -> bool {
        self.operations.contains_key(key)
    }

    pub(super) fn set_state_digest(&mut self, digest: [u8; 32]) {
        self.state_digest = digest;
    }

    /// Those that belong to a scope.
    pub(super) fn ids(&self, scope: &Scope) -> Vec<OpId> {
        self.of(scope).map(|key| key.id).collect()
    }

    fn of(&self, scope: &Scope) -> impl Iterator<Item = OpKey> {
        let scope = *scope;
        let belongs = move |channel: &Option<ChannelId>| match scope {
            Scope::Everything => true,
            Scope::Users => channel.is_none(),
            Scope::Channel(id) => *channel == Some(id),
        };
        self.operations.iter().filter(move |(_, (channel, _))| belongs(channel)).map(|(key, _)| *key)
    }

    fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for key in self.operations.keys() {
            hasher.update(&key.to_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}

impl Replica for Book {
    type Error = Infallible;
    type Keys<'a> = Sorted;

    fn scope(&self, scope: &Scope) -> Result<Sorted, Infallible> {
        let size = self.arrivals.len();
        if let Some((_, sorted)) = self.asked.borrow().get(scope).filter(|(then, _)| *then == size) {
            return Ok(sorted.clone());
        }
        let sorted = if size == 0 {
            self.others.clone()
        } else {
            Sorted::new(self.others.keys.iter().copied().chain(self.of(scope)).collect())
        };
        self.asked.borrow_mut().insert(*scope, (size, sorted.clone()));
        Ok(sorted)
    }

    fn head(&self) -> Result<Head, Infallible> {
        let latest = self.operations.last_key_value().map_or(Hlc::ZERO, |(key, _)| key.timestamp);
        let operations = u64::try_from(self.arrivals.len()).unwrap();
        Ok(Head { operations, latest, log_digest: self.digest(), state_digest: self.state_digest })
    }

    fn arrivals(&self, after: u64, limit: usize) -> Result<Vec<OpKey>, Infallible> {
        Ok(self.arrivals.iter().skip(place(after)).take(limit).copied().collect())
    }

    fn operations(&self, keys: &[OpKey]) -> Result<Vec<Option<Bytes>>, Infallible> {
        Ok(keys.iter().map(|key| self.operations.get(key).map(|(_, bytes)| bytes.clone())).collect())
    }
}
