//! Drafts about channels. Epoch keys are made and unwrapped here, and leave only wrapped.

use std::io::{self, Read};

use dmpc::{
    ChannelId, UserId,
    kinds::{ChannelEpoch, ChannelMembers, ChannelOpen, EpochWraps, Kind, Member, channel_id},
    operation,
    seal::{EpochKey, seal_age},
    wire::schemas::WRAPS_MAX,
};

use super::{Drafts, other_type};
use crate::{
    channel_name::resolve,
    context::Context,
    error::CliError,
    keyring::Keyring,
    object::{Draft, DraftPayload, Object, Source, read_all},
    output::note,
    recipients::encryption_keys,
    rights::NamedMemberArg,
    session::{Session, id},
    user_name::UserNames,
};

/// Bytes of a text; with seals and signature it stays below what an operation may have.
pub(in crate::commands::operation) const TEXT_BYTES_MAX: usize = 500 * 1024;

/// Arguments of `operation generate channel open`.
#[derive(clap::Args, Debug)]
pub struct OpenArgs {
    /// Take keys that a user's id does not prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
    /// Channel objects, as `channel generate` prints them, one on each line.
    #[arg(value_name = "FILE", default_value = "-")]
    file: Source,
}

/// Arguments of `operation generate channel members`.
#[derive(clap::Args, Debug)]
pub struct MembersArgs {
    /// The channel.
    channel: String,
    /// Add a member, or give it other rights: r read, w write, c close, m manage. May be repeated.
    #[arg(long, value_name = "USER:RIGHTS", required_unless_present = "remove")]
    set: Vec<NamedMemberArg>,
    /// Remove a member. May be repeated.
    #[arg(long, value_name = "USER")]
    remove: Vec<String>,
    /// Let those who are set read the past: give them the keys of earlier epochs too.
    #[arg(long, requires = "set")]
    history: bool,
    /// Take keys that a user's id does not prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

/// Arguments of `operation generate channel epoch`.
#[derive(clap::Args, Debug)]
pub struct EpochArgs {
    /// The channel.
    channel: String,
    /// Take keys that a user's id does not prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

/// Arguments of `operation generate channel message`.
#[derive(clap::Args, Debug)]
pub struct MessageArgs {
    /// The channel.
    channel: String,
    /// The text; `-` reads it from stdin.
    text: String,
}

/// Arguments of `operation generate channel close`.
#[derive(clap::Args, Debug)]
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
        let users: Vec<UserId> = channel.members.iter().map(|member| member.user).collect();
        let mut keys = encryption_keys(&mut session, &users, args.trust_rotated_keys).await?;
        keys.insert(opener, session.identity.encryption.encryption_key()?);
        let epoch = EpochKey::generate(&mut context.rng());
        let genesis = ChannelOpen::encode_genesis(channel.nonce, &channel.name, &channel.members, &epoch.key_id());
        let channel = channel_id(&opener, &genesis);
        let wraps = keys.into_iter().map(|(user, key)| epoch.wrap(&channel, user, key));
        let payload = ChannelOpen::encode(genesis, &wraps.collect::<Result<Vec<_>, _>>()?);
        drafts.push(Draft::Operation {
            draft: operation::Draft::channel(Kind::ChannelOpen, channel),
            issuer: Some(opener),
            payload: DraftPayload::Encoded(payload.into()),
        });
    }
    Ok(drafts)
}

pub(super) async fn members(context: &Context, args: &MembersArgs) -> Result<Draft, CliError> {
    let mut names = UserNames::new(context);
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    for member in &args.set {
        set.push(Member { user: names.resolve(&member.user).await?, rights: member.rights });
    }
    for user in &args.remove {
        remove.push(names.resolve(user).await?);
    }
    set.sort_by_key(|member| member.user);
    if let Some([twice, ..]) = set.windows(2).find(|pair| matches!(pair, [a, b] if a.user == b.user)) {
        return Err(CliError::Usage(format!("{} is named twice", twice.user)));
    }
    remove.sort();
    remove.dedup();
    let mut session = Session::open(context).await?;
    let channel = resolve(&mut session, &args.channel).await?;
    let users: Vec<UserId> = set.iter().map(|member| member.user).collect();
    let mut epochs = Vec::new();
    if !users.is_empty() {
        let keys = encryption_keys(&mut session, &users, args.trust_rotated_keys).await?;
        let ring = keyring(&mut session, channel).await?;
        let shared: Vec<&EpochKey> = if args.history { ring.all().collect() } else { vec![ring.current()?] };
        for key in shared {
            let wraps = keys.iter().map(|(user, to)| key.wrap(&channel, *user, *to)).collect::<Result<_, _>>()?;
            epochs.push(EpochWraps { key_id: key.key_id(), wraps });
        }
        epochs.sort_by_key(|epoch| epoch.key_id);
    }
    let payload = ChannelMembers::encode(&set, &remove, &epochs);
    Ok(Draft::by_anybody(operation::Draft::channel(Kind::ChannelMembers, channel), payload))
}

/// A new key for all members whom the node knows; in as many operations as its wraps need.
pub(super) async fn epoch(context: &Context, args: &EpochArgs) -> Result<Drafts, CliError> {
    let mut session = Session::open(context).await?;
    let channel = resolve(&mut session, &args.channel).await?;
    let mut users = Vec::new();
    for member in session.channel(channel).await?.members {
        let user = id(UserId::from_slice(&member.user))?;
        if member.encryption_key.is_empty() {
            note(format_args!("note: the node does not know {user} yet, who gets no key now"));
        } else {
            users.push(user);
        }
    }
    let keys = encryption_keys(&mut session, &users, args.trust_rotated_keys).await?;
    let key = EpochKey::generate(&mut context.rng());
    let wraps = keys.into_iter().map(|(user, to)| key.wrap(&channel, user, to)).collect::<Result<Vec<_>, _>>()?;
    let draft = |wraps: &[dmpc::kinds::Wrap]| {
        let payload = ChannelEpoch::encode(&EpochWraps { key_id: key.key_id(), wraps: wraps.to_vec() });
        Draft::by_anybody(operation::Draft::channel(Kind::ChannelEpoch, channel), payload)
    };
    Ok(wraps.chunks(WRAPS_MAX).map(draft).collect())
}

pub(super) async fn message(context: &Context, args: MessageArgs) -> Result<Draft, CliError> {
    let text = text(args.text)?;
    let mut session = Session::open(context).await?;
    let channel = resolve(&mut session, &args.channel).await?;
    let ring = keyring(&mut session, channel).await?;
    let (key, user) = (ring.current()?, session.identity.user);
    let own = session.identity.encryption.encryption_key()?;
    let payload = DraftPayload::Message {
        wrap: key.wrap(&channel, user, own)?.sealed,
        content: seal_age(text.as_bytes(), &[own])?.into(),
    };
    Ok(Draft::Operation { draft: operation::Draft::message(channel, key.key_id()), issuer: Some(user), payload })
}

pub(super) async fn close(context: &Context, args: &CloseArgs) -> Result<Draft, CliError> {
    let mut session = Session::open(context).await?;
    let channel = resolve(&mut session, &args.channel).await?;
    Ok(Draft::by_anybody(operation::Draft::channel(Kind::ChannelClose, channel), Vec::new()))
}

async fn keyring(session: &mut Session, channel: ChannelId) -> Result<Keyring, CliError> {
    let answer = session.channel(channel).await?;
    Keyring::open(&session.identity, channel, &answer.epochs)
}

fn text(argument: String) -> Result<String, CliError> {
    let text = if argument == "-" {
        let mut text = String::new();
        let limit = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(2);
        io::stdin().take(limit).read_to_string(&mut text).map_err(CliError::file("stdin"))?;
        text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
    } else {
        argument
    };
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(CliError::Usage(format!("a text has from 1 to {TEXT_BYTES_MAX} bytes")));
    }
    Ok(text)
}
