//! Drafts about channels. Epoch keys are made and unwrapped here, and leave only wrapped.

use dmpc::{
    ChannelId, Rights, UserId,
    kinds::{Kind, Part},
    operation,
    seal::seal_age,
};

use super::{Drafts, other_type};
use crate::{
    commands::channel::members::change::Change,
    context::Context,
    epochs::{for_message, plan, require_open, rights},
    error::CliError,
    examples,
    message_text::message_text,
    naming::Users,
    naming::resolve,
    object::{Draft, DraftPayload, Object, Source, read_all},
    opening::Opening,
    output::note,
    recipients::encryption_keys,
    rights::MemberArg,
    session::Session,
};

/// Arguments of `operation generate channel open`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli channel generate --name garden | dmpc-cli operation generate channel open",
])]
pub struct OpenArgs {
    /// Take keys that neither a user's id nor its own changes prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
    /// Channel objects, as `channel generate` prints them, one on each line.
    #[arg(value_name = "FILE", default_value = "-")]
    file: Source,
}

/// Arguments of `operation generate channel members`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli operation generate channel members garden --set carol:rw --history",
    "dmpc-cli operation generate channel members garden --remove bob",
])]
pub struct MembersArgs {
    /// The channel.
    channel: String,
    /// Add a member, or give it other rights: r read, w write, c close, m manage. May be repeated.
    #[arg(long, value_name = "USER:RIGHTS", required_unless_present = "remove")]
    set: Vec<MemberArg>,
    /// Remove a member. May be repeated.
    #[arg(long, value_name = "USER")]
    remove: Vec<String>,
    /// Let those who are set read the past: give them the keys of earlier epochs too.
    #[arg(long, requires = "set")]
    history: bool,
    /// Take keys that neither a user's id nor its own changes prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

/// Arguments of `operation generate channel epoch`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli operation generate channel epoch garden"])]
pub struct EpochArgs {
    /// The channel.
    channel: String,
    /// Take keys that neither a user's id nor its own changes prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

/// Arguments of `operation generate channel message`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli operation generate channel message garden 'The beans go into bed 3.'"])]
pub struct MessageArgs {
    /// The channel.
    channel: String,
    /// The text; `-` reads it from stdin.
    text: String,
    /// If a new epoch is due, take keys that neither a user's id nor its own changes prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

/// Arguments of `operation generate channel close`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli operation generate channel close garden"])]
pub struct CloseArgs {
    /// The channel.
    channel: String,
}

pub(super) async fn open(context: &Context, args: &OpenArgs) -> Result<Drafts, CliError> {
    let objects = read_all(&args.file)?;
    let mut session = Session::open(context).await?;
    let opener = session.identity.user;
    let mut drafts = Vec::with_capacity(objects.len());
    for object in objects {
        let Object::Channel(channel) = object else { return Err(other_type("channel", &object)) };
        if channel.members.iter().any(|member| member.user == opener) {
            return Err(CliError::Usage("you open the channel and have all rights; leave yourself out".to_owned()));
        }
        // Everybody has to be known, readers or not: a member with a typing error would go unnoticed.
        let users: Vec<UserId> = channel.members.iter().map(|member| member.user).collect();
        let keys = encryption_keys(&mut session, &users, args.trust_rotated_keys).await?;
        let own = session.identity.encryption.encryption_key()?;
        let opening = Opening::make(context, channel.nonce, &channel.name, &channel.members, (opener, own), &keys)?;
        drafts.push(Draft::Operation {
            draft: operation::Draft::channel(Kind::ChannelOpen, opening.channel),
            issuer: Some(opener),
            payload: DraftPayload::Encoded(opening.payload.into()),
        });
        drafts.extend(of_parts(opening.channel, &opening.parts));
    }
    Ok(drafts)
}

/// A change of members, with a new epoch where somebody stops reading. Who certifies it needs the right to manage, who
/// issues it has to read: it shares the key.
pub(super) async fn members(context: &Context, args: &MembersArgs) -> Result<Drafts, CliError> {
    let mut names = Users::new(context);
    let mut change = Change { history: args.history, trust_rotated_keys: args.trust_rotated_keys, ..Change::default() };
    change.set = names.members(&args.set).await?;
    change.remove = names.resolve_all(&args.remove).await?;
    let mut session = Session::open(context).await?;
    let channel = resolve(context, &mut session, &args.channel).await?;
    let answer = session.channel(channel).await?;
    require_open(&answer)?;
    let reads = |rights: Rights| rights.contains(Rights::READ);
    let planned = change.plan(context, &mut session, channel, &answer, reads).await?;
    if planned.due {
        note("note: a new epoch is due before the next message; whoever stays and manages the channel opens it");
    }
    Ok(of_parts(channel, &planned.parts).collect())
}

/// A new key for all who read at present; in as many operations as its wraps need.
pub(super) async fn epoch(context: &Context, args: &EpochArgs) -> Result<Drafts, CliError> {
    let mut session = Session::open(context).await?;
    let channel = resolve(context, &mut session, &args.channel).await?;
    let answer = session.channel(channel).await?;
    if !rights(require_open(&answer)?).contains(Rights::MANAGE) {
        note("note: you do not manage the channel; somebody who does has to certify this");
    }
    let epoch = plan(context, &mut session, channel, &answer, args.trust_rotated_keys).await?;
    Ok(of_parts(channel, &epoch.parts).collect())
}

/// Drafts that anybody may issue.
fn of_parts(channel: ChannelId, parts: &[Part]) -> impl Iterator<Item = Draft> {
    parts.iter().map(move |part| Draft::by_anybody(operation::Draft::channel(part.kind(), channel), part.encode()))
}

/// A message, after the epoch that is due before it.
pub(super) async fn message(context: &Context, args: MessageArgs) -> Result<Drafts, CliError> {
    let text = message_text(args.text)?;
    let mut session = Session::open(context).await?;
    let channel = resolve(context, &mut session, &args.channel).await?;
    let answer = session.epochs(channel).await?;
    if !rights(require_open(&answer)?).contains(Rights::WRITE) {
        note("note: you may not write in the channel; somebody who may has to certify this");
    }
    let (key, first) = for_message(context, &mut session, channel, &answer, args.trust_rotated_keys).await?;
    if first.is_some() {
        note("note: somebody who could read has left; a new epoch goes first");
    }
    let user = session.identity.user;
    let own = session.identity.encryption.encryption_key()?;
    let payload = DraftPayload::Message {
        wrap: key.wrap(&channel, user, own)?.sealed,
        content: seal_age(text.as_bytes(), &[own])?.into(),
    };
    let message =
        Draft::Operation { draft: operation::Draft::message(channel, key.key_id()), issuer: Some(user), payload };
    let first = first.map(|epoch| epoch.parts).unwrap_or_default();
    Ok(of_parts(channel, &first).chain([message]).collect())
}

pub(super) async fn close(context: &Context, args: &CloseArgs) -> Result<Draft, CliError> {
    let mut session = Session::open(context).await?;
    let channel = resolve(context, &mut session, &args.channel).await?;
    Ok(Draft::by_anybody(operation::Draft::channel(Kind::ChannelClose, channel), Vec::new()))
}
