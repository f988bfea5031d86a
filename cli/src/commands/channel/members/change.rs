//! What the three commands that change members have in common: which keys go to whom, and whether a new epoch has to follow.
//!
//! Everything is signed before anything is sent, and sent in its order: the change, then the new epoch, then whatever comes later.

use std::collections::{BTreeMap, BTreeSet};

use dmpc::{
    ChannelId, KeyId, Rights, UserId,
    keys::EncryptionKey,
    kinds::{EpochWraps, Member, Part, members_parts},
    v1,
};
use serde::Serialize;

use crate::{
    context::Context,
    epochs::{NewEpoch, note_unknown, require_open},
    error::CliError,
    keyring::Keyring,
    naming::resolve,
    output::{self, note},
    recipients::{encryption_keys, member_keys, members},
    session::Session,
    wrapping::wrap_all,
    writer::Writer,
};

/// A change of members.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Who is set. Ascending.
    pub(crate) set: Vec<Member>,
    /// Who is removed. Ascending.
    pub(crate) remove: Vec<UserId>,
    /// All of them are members at present.
    pub(crate) present: bool,
    /// Those who could read before are given keys again.
    pub(crate) again: bool,
    /// Keys of earlier epochs too.
    pub(crate) history: bool,
    /// Keys that neither an id nor its user's own changes prove are taken on the node's word.
    pub(crate) trust_rotated_keys: bool,
}

#[derive(Serialize)]
struct Changed {
    operations: Vec<String>,
    outcome: &'static str,
    /// The epoch that was opened.
    epoch: Option<String>,
}

/// The operations of a change.
#[derive(Debug)]
pub(crate) struct Planned {
    /// In their order: the change, and then the new epoch where one has to follow.
    pub(crate) parts: Vec<Part>,
    /// The epoch that they open.
    epoch: Option<KeyId>,
    /// A new epoch has to follow, and whoever signs the change cannot open it.
    pub(crate) due: bool,
}

/// What a change means for keys.
#[derive(Debug, PartialEq, Eq)]
struct Consequences {
    /// The members afterwards.
    after: BTreeMap<UserId, Rights>,
    /// Who is given the current key, and the earlier ones if that is asked for.
    given: BTreeSet<UserId>,
    /// Somebody who could read cannot any more.
    lost: bool,
}

impl Change {
    fn consequences(&self, before: &BTreeMap<UserId, Rights>) -> Consequences {
        let reads = |rights: Option<&Rights>| rights.is_some_and(|rights| rights.contains(Rights::READ));
        let mut after = before.clone();
        after.extend(self.set.iter().map(|member| (member.user, member.rights)));
        after.retain(|user, _| self.remove.binary_search(user).is_err());
        let given = self.set.iter().map(|member| member.user).filter(|user| {
            let is_new = !reads(before.get(user));
            reads(after.get(user)) && (is_new || self.again || self.history)
        });
        let lost = before.iter().any(|(user, rights)| reads(Some(rights)) && !reads(after.get(user)));
        Consequences { given: given.collect(), lost, after }
    }

    /// Says which keys go to whom, and makes a new one where somebody stops reading and the signer, with its rights
    /// afterwards, `renews` it.
    ///
    /// # Errors
    /// [`CliError`]
    pub(crate) async fn plan(
        &self,
        context: &Context,
        session: &mut Session,
        channel: ChannelId,
        answer: &v1::ReadChannelResponse,
        renews: fn(Rights) -> bool,
    ) -> Result<Planned, CliError> {
        let consequences = self.consequences(&members(answer)?);
        let renewed =
            consequences.lost && consequences.after.get(&session.identity.user).is_some_and(|has| renews(*has));
        let (keys, unknown) = keys(session, channel, answer, self, &consequences).await?;
        note_unknown(unknown);
        let epoch = match renewed {
            true => Some(NewEpoch::make(context, &channel, &readers(&consequences, &keys))?),
            false => None,
        };
        let ring = Keyring::open(&session.identity, channel, &answer.epochs)?;
        let given = keys.iter().filter(|(user, _)| consequences.given.contains(user)).map(|(user, key)| (*user, *key));
        let wraps = wraps(&ring, channel, &given.collect(), self.history, epoch.is_some())?;
        let mut parts = members_parts(&self.set, &self.remove, wraps);
        parts.extend(epoch.iter().flat_map(|epoch| epoch.parts.iter().cloned()));
        let due = consequences.lost && !renewed;
        Ok(Planned { parts, epoch: epoch.map(|epoch| epoch.key.key_id()), due })
    }

    /// Whether somebody leaves, which everybody may do.
    fn is_leaving(&self, me: UserId) -> bool {
        self.set.is_empty() && self.remove == [me]
    }

    fn require_allowed(&self, before: &BTreeMap<UserId, Rights>, me: UserId) -> Result<(), CliError> {
        let named = self.set.iter().map(|member| member.user).chain(self.remove.iter().copied());
        if let Some(stranger) = named.clone().find(|user| !before.contains_key(user)).filter(|_| self.present) {
            return Err(CliError::NotFound(format!("{stranger} is no member of the channel")));
        }
        let manages = before.get(&me).is_some_and(|rights| rights.contains(Rights::MANAGE));
        if manages || self.is_leaving(me) {
            return Ok(());
        }
        Err(CliError::Denied("only who manages the channel changes members; you do not".to_owned()))
    }
}

/// Changes the members of a channel.
///
/// # Errors
/// [`CliError`]
pub(super) async fn apply(context: &Context, channel: &str, change: &Change) -> Result<(), CliError> {
    let mut writer = Writer::open(context).await?;
    let channel = resolve(context, &mut writer.session, channel).await?;
    let answer = writer.session.channel(channel).await?;
    require_open(&answer)?;
    let (me, before) = (writer.session.identity.user, members(&answer)?);
    change.require_allowed(&before, me)?;
    let manages = |rights: Rights| rights.contains(Rights::MANAGE);
    let Planned { parts, epoch, due } = change.plan(context, &mut writer.session, channel, &answer, manages).await?;

    let signed = writer.sign_parts(channel, &parts).await?;
    let kept = writer.submit_all(&signed).await?;
    if due {
        note("note: a new epoch is due before the next message; whoever stays and manages the channel opens it");
    }
    output::object(
        context.json,
        Changed {
            operations: signed.iter().map(|operation| operation.id().to_string()).collect(),
            outcome: kept.word(),
            epoch: epoch.map(|key_id| key_id.to_string()),
        },
        |_, _| Ok(()),
    )
}

/// The keys of everybody for whom something is wrapped, and how many members have none yet.
async fn keys(
    session: &mut Session,
    channel: ChannelId,
    answer: &v1::ReadChannelResponse,
    change: &Change,
    consequences: &Consequences,
) -> Result<(BTreeMap<UserId, EncryptionKey>, usize), CliError> {
    let reads_after = |user: &UserId| consequences.after.get(user).is_some_and(|rights| rights.contains(Rights::READ));
    let wanted = |user: &UserId, _| consequences.given.contains(user) || (consequences.lost && reads_after(user));
    let found = member_keys(session, channel, answer, wanted, change.trust_rotated_keys).await?;
    let mut keys = found.keys;
    let new = consequences.given.iter().filter(|user| !keys.contains_key(user) && !found.unknown.contains(user));
    let new: Vec<UserId> = new.copied().collect();
    keys.extend(encryption_keys(session, &new, change.trust_rotated_keys).await?);
    Ok((keys, found.unknown.len()))
}

/// Those who read afterwards.
fn readers(consequences: &Consequences, keys: &BTreeMap<UserId, EncryptionKey>) -> BTreeMap<UserId, EncryptionKey> {
    let reads = consequences.after.iter().filter(|(_, rights)| rights.contains(Rights::READ));
    reads.filter_map(|(user, _)| Some((*user, *keys.get(user)?))).collect()
}

/// Wraps of the current epoch, oldest epoch first with the history. When a new epoch follows, the current one is past.
fn wraps(
    ring: &Keyring,
    channel: ChannelId,
    given: &BTreeMap<UserId, EncryptionKey>,
    history: bool,
    new_epoch: bool,
) -> Result<Vec<EpochWraps>, CliError> {
    if given.is_empty() || (new_epoch && !history) {
        return Ok(Vec::new());
    }
    // Whoever adds has to have the current key; of the earlier ones it gives what it has.
    let current = if new_epoch { None } else { Some(ring.current()?) };
    let epochs = if history { ring.all().collect() } else { Vec::from_iter(current) };
    Ok(epochs.into_iter().map(|epoch| wrap_all(epoch, &channel, given)).collect::<Result<_, _>>()?)
}
