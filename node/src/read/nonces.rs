//! Which requests were answered: each is accepted once, until it expires. Bounded in all, and for each user, so that one
//! user cannot spend the memory of the others.

use std::collections::{BTreeMap, HashMap, HashSet, hash_map::Entry};

use dmpc::{
    UserId,
    request::{REQUEST_LIFETIME_MS, RequestError, VerifiedRequest},
};

use super::ReadError;
use crate::{config::Limits, horizon::SET_MS_MAX};

/// Milliseconds whose requests are forgotten together.
const BUCKET_MS: u64 = 1_000;

type Nonce = (UserId, [u8; 16]);

/// See the module. A request's bucket follows from the time stamped in it, so one lookup finds it again.
#[derive(Debug)]
pub(super) struct Nonces {
    /// Requests of one user.
    of_user_max: usize,
    /// Requests of all.
    total_max: usize,
    buckets: BTreeMap<u64, HashSet<Nonce>>,
    of_user: HashMap<UserId, usize>,
    total: usize,
}

impl Nonces {
    /// None yet; as many as a node is to remember.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            of_user_max: limits.identity_requests_remembered,
            total_max: limits.requests_remembered,
            buckets: BTreeMap::new(),
            of_user: HashMap::new(),
            total: 0,
        }
    }

    /// Accepts a request that is fresh at `now_ms`, once.
    ///
    /// # Errors
    /// [`RequestError::Replayed`], [`ReadError::TooManyRequests`].
    pub(super) fn accept(&mut self, request: &VerifiedRequest, now_ms: u64) -> Result<(), ReadError> {
        self.forget_before(now_ms.saturating_sub(REQUEST_LIFETIME_MS + SET_MS_MAX));
        self.forget_after(now_ms.saturating_add(SET_MS_MAX));
        let nonce = (request.user, request.nonce);
        let bucket = request.issued_at_ms / BUCKET_MS;
        if self.buckets.get(&bucket).is_some_and(|bucket| bucket.contains(&nonce)) {
            return Err(RequestError::Replayed.into());
        }
        let of_user = self.of_user.get(&request.user).copied().unwrap_or_default();
        if self.total >= self.total_max || of_user >= self.of_user_max {
            return Err(ReadError::TooManyRequests);
        }
        self.of_user.insert(request.user, of_user + 1);
        self.total += 1;
        self.buckets.entry(bucket).or_default().insert(nonce);
        Ok(())
    }

    fn forget_before(&mut self, issued_ms: u64) {
        while let Some(bucket) = self.buckets.first_entry().filter(|bucket| *bucket.key() < issued_ms / BUCKET_MS) {
            let bucket = bucket.remove();
            self.forget(bucket);
        }
    }

    /// What was accepted while the clock was ahead would otherwise take the place of others until that time comes.
    fn forget_after(&mut self, issued_ms: u64) {
        while let Some(bucket) = self.buckets.last_entry().filter(|bucket| *bucket.key() > issued_ms / BUCKET_MS) {
            let bucket = bucket.remove();
            self.forget(bucket);
        }
    }

    fn forget(&mut self, bucket: HashSet<Nonce>) {
        for (user, _) in bucket {
            self.total = self.total.saturating_sub(1);
            if let Entry::Occupied(mut count) = self.of_user.entry(user) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }
}
