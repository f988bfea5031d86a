//! Comparing what is stored with what follows from the log, in bounded memory and in any order: both sides are summed up as
//! keyed hashes in cells, one side added and the other taken away. Where a cell is not zero in the end, its entries are
//! looked at one by one in a second pass. The key is drawn for each audit, so nobody can make entries whose sums cancel out.
//! Source: multiset hashing, Clarke et al., "Incremental Multiset Hash Functions", 2003 (MSet-Add-Hash).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::families::Family;

/// Cells of a family.
const CELLS: usize = 4_096;
/// Entries of a family that are looked at one by one, about; what is beyond is counted by cells.
const LOOKED_AT_MAX: u64 = 32_768;
/// Cells of a family that are looked at, at most.
const CELLS_LOOKED_AT_MAX: u64 = 64;

/// The sums of one family.
#[derive(Debug, Default)]
struct Account {
    /// None as long as there is no entry.
    cells: Vec<u128>,
    /// Entries of both sides together.
    entries: u64,
}

/// Cells that do not agree, by family.
pub(super) type Suspects = BTreeMap<&'static str, BTreeSet<usize>>;

/// An entry that does not agree.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) family: Family,
    pub(super) key: Vec<u8>,
    pub(super) stored: Option<Vec<u8>>,
    pub(super) computed: Option<Vec<u8>>,
}

/// What is stored, against what is computed.
#[derive(Debug)]
pub(super) struct Ledger {
    key: [u8; 32],
    /// In the order of [`Family::ALL`].
    accounts: [Account; Family::ALL.len()],
    /// In the second pass: what is looked at.
    suspects: Option<Arc<Suspects>>,
    seen: BTreeMap<(&'static str, Vec<u8>), Difference>,
    input: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Side {
    Stored,
    Computed,
}

impl Ledger {
    /// An empty one; `key` is random and secret.
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key, accounts: Default::default(), suspects: None, seen: BTreeMap::new(), input: Vec::new() }
    }

    /// An empty one that can be merged into this one.
    pub(super) fn fork(&self) -> Self {
        Self { suspects: self.suspects.clone(), ..Self::new(self.key) }
    }

    /// One that looks at these cells.
    pub(super) fn looking_at(self, suspects: Suspects) -> Self {
        Self { suspects: Some(Arc::new(suspects)), ..Self::new(self.key) }
    }

    /// An entry that follows from the log.
    pub(super) fn computed(&mut self, family: Family, key: &[u8], value: &[u8]) {
        self.enter(Side::Computed, family, key, value);
    }

    /// An entry that is stored.
    pub(super) fn stored(&mut self, family: Family, key: &[u8], value: &[u8]) {
        self.enter(Side::Stored, family, key, value);
    }

    /// A number for bytes that nobody can foresee.
    pub(super) fn number(&mut self, bytes: &[u8]) -> u128 {
        number(&blake3::keyed_hash(&self.key, bytes))
    }

    fn enter(&mut self, side: Side, family: Family, key: &[u8], value: &[u8]) {
        self.input.clear();
        self.input.extend(u32::try_from(key.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.input.extend(key);
        self.input.extend(value);
        let hash = blake3::keyed_hash(&self.key, &self.input);
        if self.suspects.is_some() {
            return self.look(side, family, cell(&hash), key, value);
        }
        let Some(account) = self.accounts.get_mut(family as usize) else { return };
        if account.cells.is_empty() {
            account.cells = vec![0; CELLS];
        }
        account.entries += 1;
        if let Some(sum) = account.cells.get_mut(cell(&hash)) {
            *sum = match side {
                Side::Computed => sum.wrapping_add(number(&hash)),
                Side::Stored => sum.wrapping_sub(number(&hash)),
            };
        }
    }

    /// Both values of a key that has two are in cells that do not agree.
    fn look(&mut self, side: Side, family: Family, cell: usize, key: &[u8], value: &[u8]) {
        let suspects = self.suspects.as_ref().and_then(|suspects| suspects.get(family.name()));
        if !suspects.is_some_and(|cells| cells.contains(&cell)) {
            return;
        }
        let seen = self.seen.entry((family.name(), key.to_vec()));
        let seen = seen.or_insert_with(|| Difference { family, key: key.to_vec(), stored: None, computed: None });
        match side {
            Side::Stored => seen.stored = Some(value.to_vec()),
            Side::Computed => seen.computed = Some(value.to_vec()),
        }
    }

    /// Adds what another holds.
    pub(super) fn merge(&mut self, other: Self) {
        for (own, other) in self.accounts.iter_mut().zip(other.accounts) {
            own.entries += other.entries;
            if own.cells.is_empty() {
                own.cells = other.cells;
                continue;
            }
            for (sum, other) in own.cells.iter_mut().zip(other.cells) {
                *sum = sum.wrapping_add(other);
            }
        }
        for (at, other) in other.seen {
            match self.seen.get_mut(&at) {
                Some(own) => {
                    own.stored = own.stored.take().or(other.stored);
                    own.computed = own.computed.take().or(other.computed);
                }
                None => {
                    self.seen.insert(at, other);
                }
            }
        }
    }

    /// Entries of both sides, by family.
    pub(super) fn entries(&self) -> BTreeMap<&'static str, u64> {
        self.named().map(|(family, account)| (family, account.entries)).collect()
    }

    /// The cells that do not agree: those that are to be looked at, and how many there are in all.
    pub(super) fn suspects(&self) -> (Suspects, u64) {
        let mut suspects = Suspects::new();
        let mut all = 0;
        for (family, account) in self.named() {
            let bad = account.cells.iter().enumerate().filter(|(_, sum)| **sum != 0).map(|(cell, _)| cell);
            let bad: BTreeSet<usize> = bad.collect();
            all += u64::try_from(bad.len()).unwrap_or(u64::MAX);
            let cells = u64::try_from(CELLS).unwrap_or(u64::MAX);
            let fitting = (LOOKED_AT_MAX * cells / account.entries.max(1)).clamp(1, CELLS_LOOKED_AT_MAX);
            let looked_at = bad.into_iter().take(usize::try_from(fitting).unwrap_or(usize::MAX));
            let looked_at: BTreeSet<usize> = looked_at.collect();
            if !looked_at.is_empty() {
                suspects.insert(family, looked_at);
            }
        }
        (suspects, all)
    }

    /// The families that have entries.
    fn named(&self) -> impl Iterator<Item = (&'static str, &Account)> {
        let accounts = Family::ALL.iter().map(|family| family.name()).zip(&self.accounts);
        accounts.filter(|(_, account)| account.entries > 0)
    }

    /// The entries that do not agree, by family and key; of those that were looked at.
    pub(super) fn differences(self) -> impl Iterator<Item = Difference> {
        self.seen.into_values().filter(|entry| entry.stored != entry.computed)
    }
}

fn cell(hash: &blake3::Hash) -> usize {
    let [first, second, ..] = hash.as_bytes();
    (usize::from(*first) << 8 | usize::from(*second)) % CELLS
}

fn number(hash: &blake3::Hash) -> u128 {
    hash.as_bytes().last_chunk::<16>().map_or(0, |bytes| u128::from_le_bytes(*bytes))
}
