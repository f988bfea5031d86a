//! The buckets of a channel as a balanced tree of sums: what stands before a key, and where a position is, in a number of
//! steps that is logarithmic in the number of buckets. Nodes are never changed, so a version costs what it does not share
//! with the one before, and readers keep theirs while the writer goes on.
//!
//! Weight-balanced after Adams (1993), with the parameters 3 and 2 that Hirai and Yamamoto (2011) proved.

use std::{cmp::Ordering, sync::Arc};

use dmpc::OpKey;

use crate::families::ranks::{Bucket, Totals};

/// How many times heavier than its sibling a subtree may be.
const DELTA: u64 = 3;
/// How many times heavier than the outer one the inner grandchild of a heavy subtree is when it goes up itself.
const GAMMA: u64 = 2;

/// The buckets of a channel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    first: OpKey,
    bucket: Bucket,
    /// Of the whole subtree.
    totals: Totals,
    left: Sums,
    right: Sums,
}

/// Bytes of memory that a bucket takes: its node, and the two counters of the `Arc`.
pub(super) const NODE_BYTES: usize = size_of::<Node>() + 2 * size_of::<usize>();

/// A bucket and what stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What all buckets before it count.
    pub(crate) before: Totals,
    /// Where it begins.
    pub(crate) first: OpKey,
    /// What it counts.
    pub(crate) bucket: Bucket,
    /// Where the next one begins.
    pub(crate) next: Option<OpKey>,
}

impl Sums {
    /// Of buckets in the order of their keys.
    pub(super) fn from_sorted(buckets: &[(OpKey, Bucket)]) -> Self {
        let (left, rest) = buckets.split_at(buckets.len() / 2);
        match rest {
            [] => Self::default(),
            [(first, bucket), right @ ..] => {
                Self::join(*first, *bucket, Self::from_sorted(left), Self::from_sorted(right))
            }
        }
    }

    /// What all buckets count.
    pub(crate) fn totals(&self) -> Totals {
        self.0.as_ref().map_or_else(Totals::default, |node| node.totals)
    }

    /// With a bucket, instead of the one that began at the same key, if there was one.
    pub(super) fn with(&self, first: OpKey, bucket: Bucket) -> Self {
        let Some(node) = &self.0 else { return Self::join(first, bucket, Self::default(), Self::default()) };
        let (left, right) = (&node.left, &node.right);
        match first.cmp(&node.first) {
            Ordering::Less => Self::balanced(node.first, node.bucket, left.with(first, bucket), right.clone()),
            Ordering::Greater => Self::balanced(node.first, node.bucket, left.clone(), right.with(first, bucket)),
            Ordering::Equal => Self::join(first, bucket, left.clone(), right.clone()),
        }
    }

    /// The bucket that a key falls into; `None` when it stands before all of them.
    pub(crate) fn find(&self, key: &OpKey) -> Option<Place> {
        let (mut at, mut before, mut next) = (self, Totals::default(), None);
        let mut found = None;
        while let Some(node) = &at.0 {
            if *key < node.first {
                next = Some(node.first);
                at = &node.left;
            } else {
                let here = before.plus(node.left.totals());
                found = Some((here, node));
                before = here.with(&node.bucket);
                at = &node.right;
            }
        }
        found.map(|(before, node)| Place { before, first: node.first, bucket: node.bucket, next })
    }

    /// The bucket that holds the accepted message of a position, counted from 0.
    pub(crate) fn at_position(&self, position: u64) -> Option<Place> {
        self.at(position, |totals| totals.accepted)
    }

    /// The bucket that holds the logged operation of a place, counted from 0.
    pub(crate) fn at_logged(&self, place: u64) -> Option<Place> {
        self.at(place, |totals| totals.logged)
    }

    /// The bucket that holds what stands at a position among what `counted` counts.
    fn at(&self, position: u64, counted: impl Fn(&Totals) -> u64) -> Option<Place> {
        let (mut at, mut before, mut next) = (self, Totals::default(), None);
        loop {
            let node = at.0.as_ref()?;
            let here = before.plus(node.left.totals());
            let after = here.with(&node.bucket);
            if position < counted(&here) {
                next = Some(node.first);
                at = &node.left;
            } else if position >= counted(&after) {
                before = after;
                at = &node.right;
            } else {
                let next = node.right.least().or(next);
                return Some(Place { before: here, first: node.first, bucket: node.bucket, next });
            }
        }
    }

    /// Whether accepted messages stand between two keys, as far as whole buckets tell: those of the two are not looked into.
    pub(crate) fn has_accepted_between(&self, first: &OpKey, second: &OpKey) -> bool {
        let (Some(from), Some(to)) = (self.find(first), self.find(second)) else { return false };
        to.before.accepted > from.before.with(&from.bucket).accepted
    }

    fn least(&self) -> Option<OpKey> {
        let mut least = None;
        let mut at = self;
        while let Some(node) = &at.0 {
            least = Some(node.first);
            at = &node.left;
        }
        least
    }

    fn weight(&self) -> u64 {
        self.totals().buckets + 1
    }

    /// A node over two subtrees that are in balance.
    fn join(first: OpKey, bucket: Bucket, left: Self, right: Self) -> Self {
        let totals = left.totals().with(&bucket).plus(right.totals());
        Self(Some(Arc::new(Node { first, bucket, totals, left, right })))
    }

    /// A node over two subtrees of which one has grown by a bucket.
    fn balanced(first: OpKey, bucket: Bucket, left: Self, right: Self) -> Self {
        match (&left.0, &right.0) {
            (_, Some(heavy)) if right.weight() > DELTA * left.weight() => match &heavy.left.0 {
                Some(inner) if heavy.left.weight() >= GAMMA * heavy.right.weight() => {
                    let outer = Self::join(heavy.first, heavy.bucket, inner.right.clone(), heavy.right.clone());
                    Self::join(inner.first, inner.bucket, Self::join(first, bucket, left, inner.left.clone()), outer)
                }
                _ => {
                    let lower = Self::join(first, bucket, left, heavy.left.clone());
                    Self::join(heavy.first, heavy.bucket, lower, heavy.right.clone())
                }
            },
            (Some(heavy), _) if left.weight() > DELTA * right.weight() => match &heavy.right.0 {
                Some(inner) if heavy.right.weight() >= GAMMA * heavy.left.weight() => {
                    let outer = Self::join(heavy.first, heavy.bucket, heavy.left.clone(), inner.left.clone());
                    Self::join(inner.first, inner.bucket, outer, Self::join(first, bucket, inner.right.clone(), right))
                }
                _ => {
                    let lower = Self::join(first, bucket, heavy.right.clone(), right);
                    Self::join(heavy.first, heavy.bucket, heavy.left.clone(), lower)
                }
            },
            _ => Self::join(first, bucket, left, right),
        }
    }
}
