//! `channel members`: adds members, with the keys that they need, changes rights, removes; without changes it lists them.

use std::collections::BTreeMap;

use dmpc::{
    ChannelId, UserId,
    keys::EncryptionKey,
    kinds::{ChannelMembers, EpochWraps, Kind, Member},
    operation::Draft,
    seal::{EpochKey, SealError},
};
use serde::Serialize;

use super::{open::distinct, shown};
use crate::{
    channel_name::resolve, context::Context, error::CliError, keyring::Keyring, output::Output,
    recipients::encryption_keys, rights::MemberArg, session::Session, writer::Writer,
};

/// Arguments of `channel members`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The channel: an id, or a name that it alone has.
    channel: String,
    /// Add a member, or give it other rights: r read, w write, c close, m manage. May be repeated.
    #[arg(long, value_name = "USER:RIGHTS")]
    set: Vec<MemberArg>,
    /// Remove a member. May be repeated.
    #[arg(long, value_name = "USER")]
    remove: Vec<UserId>,
    /// Let those who are set read the past: give them the keys of earlier epochs too.
    #[arg(long, requires = "set")]
    history: bool,
    /// Take keys that a user's id does not prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

#[derive(Serialize)]
struct Changed {
    operation: String,
    outcome: &'static str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    if args.set.is_empty() && args.remove.is_empty() {
        return list(context, &args.channel).await;
    }
    let set = distinct(&args.set)?;
    let mut remove = args.remove.clone();
    remove.sort();
    remove.dedup();

    let mut writer = Writer::open(context).await?;
    let channel = resolve(&mut writer.session, &args.channel).await?;
    let epochs = if set.is_empty() { Vec::new() } else { wraps(&mut writer.session, channel, &set, &args).await? };
    let payload = ChannelMembers::encode(&set, &remove, &epochs);
    let operation = writer.sign(Draft::channel(Kind::ChannelMembers, channel), |_| Ok(payload))?;
    let kept = writer.submit(&operation).await?;
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&Changed { operation: operation.id().to_string(), outcome: kept.word() })?;
    }
    output.flush()
}

async fn list(context: &Context, channel: &str) -> Result<(), CliError> {
    let mut session = Session::open(context).await?;
    let channel = resolve(&mut session, channel).await?;
    let members = session.channel(channel).await?.members;
    let members = members.iter().map(shown::member).collect::<Result<Vec<_>, _>>()?;
    let mut output = Output::to_stdout();
    if context.json {
        members.iter().try_for_each(|member| output.json(member))?;
    } else {
        shown::member_table(&mut output, &members)?;
    }
    output.flush()
}

/// The current epoch's key for each who is set; with `--history` every key that the manager has.
async fn wraps(
    session: &mut Session,
    channel: ChannelId,
    set: &[Member],
    args: &Args,
) -> Result<Vec<EpochWraps>, CliError> {
    let users: Vec<UserId> = set.iter().map(|member| member.user).collect();
    let keys = encryption_keys(session, &users, args.trust_rotated_keys).await?;
    let answer = session.epochs(channel).await?;
    let ring = Keyring::open(&session.identity, channel, &answer.epochs)?;
    let current = ring.current()?;
    let epochs: Vec<&EpochKey> = if args.history { ring.all().collect() } else { vec![current] };
    let wraps = epochs.into_iter().map(|epoch| wrap_for_all(epoch, &channel, &keys));
    Ok(wraps.collect::<Result<_, _>>()?)
}

fn wrap_for_all(
    epoch: &EpochKey,
    channel: &ChannelId,
    keys: &BTreeMap<UserId, EncryptionKey>,
) -> Result<EpochWraps, SealError> {
    let wraps = keys.iter().map(|(user, key)| epoch.wrap(channel, *user, *key)).collect::<Result<_, _>>()?;
    Ok(EpochWraps { key_id: epoch.key_id(), wraps })
}
