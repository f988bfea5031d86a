//! Further epochs of an import: made with wraps for all members, or taken from the journal.

use std::collections::{BTreeMap, BTreeSet};

use dmpc::{
    ChannelId, SignedOperation, UserId,
    keys::EncryptionKey,
    kinds::{EpochWraps, Kind, Payload, Wrap, epoch_parts},
    operation::Draft,
    seal::{EpochKey, SealError},
};
use rand_core::{CryptoRng, RngCore};

use super::{SignError, Signer, Signing};
use crate::{
    import::plan::{Day, Person},
    wrapping::wrap_all,
};

impl<R: RngCore + CryptoRng> Signing<R> {
    /// Opens an epoch for the root and the members of a day; the wraps are made on all cores.
    pub(super) fn rekey(
        &mut self,
        day: Day,
        members: &BTreeSet<Person>,
        minute_ms: u64,
    ) -> Result<Vec<SignedOperation>, SignError> {
        let id = self.channel(day)?.id;
        let key = EpochKey::generate(&mut self.rng);
        let epoch = wrap_all(&key, &id, &self.readers(members)?)?;
        let mut signed = Vec::new();
        for part in epoch_parts(epoch) {
            let at = self.tick(minute_ms)?;
            let operation = self.issue(Signer::Root, Draft::channel(part.kind(), id), at, part.encode())?;
            self.advance(&operation)?;
            signed.push(operation);
        }
        self.channel_mut(day)?.key = key;
        Ok(signed)
    }

    /// Who is to read an epoch: the root, which opened the channel, and the members.
    fn readers(&self, members: &BTreeSet<Person>) -> Result<BTreeMap<UserId, EncryptionKey>, SignError> {
        let people = members.iter().map(|person| Signer::Person(*person));
        let keys = people.chain([Signer::Root]).map(|reader| self.keys(reader));
        keys.map(|keys| keys.map(|keys| (keys.identity.user, keys.encryption_key))).collect()
    }

    /// Takes an epoch from the journal: its operations go on until everybody has a wrap, each once.
    pub(super) fn adopt_rekey(
        &mut self,
        day: Day,
        members: &BTreeSet<Person>,
        mut next: impl FnMut() -> Result<SignedOperation, SignError>,
    ) -> Result<Vec<SignedOperation>, SignError> {
        let readers = self.readers(members)?;
        let id = self.channel(day)?.id;
        let (mut adopted, mut whole) = (Vec::new(), None::<EpochWraps>);
        while whole.as_ref().is_none_or(|whole| whole.wraps.len() < readers.len()) {
            let operation = next()?;
            let Payload::ChannelEpoch(part) = operation.payload() else {
                return Err(SignError::OtherOperation { found: operation.kind().name() });
            };
            let epoch = whole.get_or_insert(EpochWraps { key_id: part.epoch.key_id, wraps: Vec::new() });
            let is_wanted =
                operation.channel() == Some(id) && epoch.key_id == part.epoch.key_id && !part.epoch.wraps.is_empty();
            epoch.wraps.extend_from_slice(&part.epoch.wraps);
            self.adopt_one(Signer::Root, &operation, is_wanted)?;
            adopted.push(operation);
        }
        let epoch = whole.filter(|epoch| epoch.wraps.iter().map(|wrap| &wrap.user).eq(readers.keys()));
        let epoch = epoch.ok_or(SignError::OtherOperation { found: Kind::ChannelEpoch.name() })?;
        let key = self.unwrap(id, &epoch)?;
        self.channel_mut(day)?.key = key;
        Ok(adopted)
    }

    /// The key of an epoch, from the root's own wrap, which may be to a key that the root had before.
    pub(super) fn unwrap(&self, id: ChannelId, epoch: &EpochWraps) -> Result<EpochKey, SignError> {
        let root = &self.root.identity;
        let own = |wrap: &&Wrap| wrap.user == root.user;
        let wrap = epoch.wraps.iter().find(own).ok_or(SealError::NotForThisKey)?;
        let unwrap = |opener| EpochKey::unwrap(&wrap.sealed, opener, &id, &root.user, &epoch.key_id);
        let mut failure = SealError::NotForThisKey;
        for opened in root.openers().map(unwrap) {
            match opened {
                Ok(key) => return Ok(key),
                Err(error) => failure = error,
            }
        }
        Err(failure.into())
    }
}
