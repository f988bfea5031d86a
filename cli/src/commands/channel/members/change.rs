//! What the commands that change members have in common, and the step of a pipe that drafts a change: which keys go to whom, and whether a new epoch has to follow.
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
    channel_name::resolve,
    context::Context,
    epochs::{NewEpoch, note_unknown, require_open},
    error::CliError,
    keyring::Keyring,
    output::{Output, note},
    recipients::{encryption_keys, member_keys, members},
    session::Session,
    wrapping::wrap_all,
    writer::Writer,
};

/// A change of members.
#[derive(Debug, Default)]
pub(in crate::commands) struct Change {
    /// Who is set. Ascending.
    pub(in crate::commands) set: Vec<Member>,
    /// Who is removed. Ascending.
    pub(in crate::commands) remove: Vec<UserId>,
    /// All of them are members at present.
    pub(in crate::commands) present: bool,
    /// Those who could read before are given keys again.
    pub(in crate::commands) again: bool,
    /// Keys of earlier epochs too.
    pub(in crate::commands) history: bool,
    /// Keys that an id does not prove are taken on the node's word.
    pub(in crate::commands) trust_rotated_keys: bool,
}

#[derive(Serialize)]
struct Changed {
    operations: Vec<String>,
    outcome: &'static str,
    /// The epoch that was opened.
    epoch: Option<String>,
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

    /// Whether somebody leaves, which everybody may do.
    fn is_leaving(&self, me: UserId) -> bool {
        self.set.is_empty() && self.remove == [me]
    }

    fn require_allowed(&self, before: &BTreeMap<UserId, Rights>, me: UserId) -> Result<(), CliError> {
        let named = self.set.iter().map(|member| member.user).chain(self.remove.iter().copied());
        if let Some(stranger) = named.clone().find(|user| !before.contains_key(user)).filter(|_| self.present) {
            return Err(CliError::NotFound(format!("{stranger} is no member of the channel")));
        }
        if manages(before, &me) || self.is_leaving(me) {
            return Ok(());
        }
        Err(CliError::Denied("only who manages the channel changes members; you do not".to_owned()))
    }
}

/// What a change takes.
pub(in crate::commands) struct Planned {
    /// The operations, in their order: the change, and the new epoch if one follows.
    pub(in crate::commands) parts: Vec<Part>,
    /// The epoch that is opened.
    epoch: Option<KeyId>,
}

/// Changes the members of a channel.
///
/// # Errors
/// [`CliError`]
pub(super) async fn apply(context: &Context, channel: &str, change: &Change) -> Result<(), CliError> {
    let mut writer = Writer::open(context).await?;
    let channel = resolve(&mut writer.session, channel).await?;
    let answer = writer.session.channel(channel).await?;
    require_open(&answer)?;
    let (me, before) = (writer.session.identity.user, members(&answer)?);
    change.require_allowed(&before, me)?;
    let stays = manages(&change.consequences(&before).after, &me);
    let planned = plan(context, &mut writer.session, channel, &answer, change, stays).await?;

    let signed = writer.sign_parts(channel, &planned.parts)?;
    let kept = writer.submit_all(&signed).await?;
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&Changed {
            operations: signed.iter().map(|operation| operation.id().to_string()).collect(),
            outcome: kept.word(),
            epoch: planned.epoch.map(|epoch| epoch.to_string()),
        })?;
    }
    output.flush()
}

/// The same change, for whoever certifies it: that one's rights count, not those of whoever plans it.
///
/// # Errors
/// [`CliError::Denied`] for a closed channel; [`CliError::NotFound`] for one who is to be removed and is no member; [`CliError`].
pub(in crate::commands) async fn plan_for_another(
    context: &Context,
    session: &mut Session,
    channel: ChannelId,
    change: &Change,
) -> Result<Planned, CliError> {
    let answer = session.channel(channel).await?;
    require_open(&answer)?;
    let (me, before) = (session.identity.user, members(&answer)?);
    if let Some(stranger) = change.remove.iter().find(|user| !before.contains_key(user)) {
        return Err(CliError::NotFound(format!("{stranger} is no member of the channel")));
    }
    let (managed, stays) = (manages(&before, &me), manages(&change.consequences(&before).after, &me));
    if !managed && !change.is_leaving(me) {
        note("note: you do not manage the channel; somebody who does has to certify this");
    }
    let may_open = !change.is_leaving(me) && (stays || !managed);
    plan(context, session, channel, &answer, change, may_open).await
}

/// Plans a change, and the epoch that has to follow when somebody who could read cannot any more, if whoever certifies the change
/// may open it afterwards.
async fn plan(
    context: &Context,
    session: &mut Session,
    channel: ChannelId,
    answer: &v1::ReadChannelResponse,
    change: &Change,
    may_open: bool,
) -> Result<Planned, CliError> {
    let consequences = change.consequences(&members(answer)?);
    let (keys, unknown) = keys(session, answer, change, &consequences).await?;
    note_unknown(unknown);
    let epoch = match consequences.lost && may_open {
        true => Some(NewEpoch::make(context, &channel, &readers(&consequences, &keys))?),
        false => None,
    };
    if consequences.lost && !may_open {
        note("note: a new epoch is due before the next message; whoever stays and manages the channel opens it");
    }
    let ring = Keyring::open(&session.identity, channel, &answer.epochs)?;
    let given = keys.iter().filter(|(user, _)| consequences.given.contains(user)).map(|(user, key)| (*user, *key));
    let wraps = wraps(&ring, channel, &given.collect(), change.history, epoch.is_some())?;
    let mut parts = members_parts(&change.set, &change.remove, wraps);
    let epoch = epoch.map(|epoch| {
        parts.extend(epoch.parts);
        epoch.key.key_id()
    });
    Ok(Planned { parts, epoch })
}

fn manages(members: &BTreeMap<UserId, Rights>, user: &UserId) -> bool {
    members.get(user).is_some_and(|rights| rights.contains(Rights::MANAGE))
}

/// The keys of everybody for whom something is wrapped, and how many members have none yet.
async fn keys(
    session: &mut Session,
    answer: &v1::ReadChannelResponse,
    change: &Change,
    consequences: &Consequences,
) -> Result<(BTreeMap<UserId, EncryptionKey>, usize), CliError> {
    let reads_after = |user: &UserId| consequences.after.get(user).is_some_and(|rights| rights.contains(Rights::READ));
    let wanted = |user: &UserId, _| consequences.given.contains(user) || (consequences.lost && reads_after(user));
    let found = member_keys(&session.identity, answer, wanted, change.trust_rotated_keys)?;
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
