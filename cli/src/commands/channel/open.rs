//! `channel open`: makes a channel, with its first epoch's key wrapped for the opener and each member.

use dmpc::{
    UserId,
    keys::EncryptionKey,
    kinds::{ChannelOpen, Kind, Member, channel_id},
    operation::Draft,
    seal::EpochKey,
};
use rand_core::RngCore;
use serde::Serialize;

use crate::{
    context::Context, error::CliError, output::Output, recipients::encryption_keys, rights::MemberArg, writer::Writer,
};

/// Arguments of `channel open`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A name for people; it proves nothing.
    name: String,
    /// A member and its rights: r read, w write, c close, m manage. May be repeated.
    #[arg(long = "member", value_name = "USER:RIGHTS")]
    members: Vec<MemberArg>,
    /// Take keys that a user's id does not prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

#[derive(Serialize)]
struct Opened {
    channel: String,
    outcome: &'static str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let mut writer = Writer::open(context).await?;
    let opener = writer.session.identity.user;
    let members = distinct(&args.members)?;
    if members.iter().any(|member| member.user == opener) {
        return Err(CliError::Usage("you open the channel and have all rights; leave yourself out".to_owned()));
    }
    let users: Vec<UserId> = members.iter().map(|member| member.user).collect();
    let mut keys = encryption_keys(&mut writer.session, &users, args.trust_rotated_keys).await?;
    keys.insert(opener, writer.session.identity.encryption.encryption_key()?);

    let mut rng = context.rng();
    let epoch = EpochKey::generate(&mut rng);
    let mut nonce = [0; 32];
    rng.fill_bytes(&mut nonce);
    let genesis = ChannelOpen::encode_genesis(nonce, &args.name, &members, &epoch.key_id());
    let channel = channel_id(&opener, &genesis);
    let wrap = |(user, key): (&UserId, &EncryptionKey)| epoch.wrap(&channel, *user, *key);
    let wraps = keys.iter().map(wrap).collect::<Result<Vec<_>, _>>()?;
    let payload = ChannelOpen::encode(genesis, &wraps);

    let operation = writer.sign(Draft::channel(Kind::ChannelOpen, channel), |_| Ok(payload))?;
    let kept = writer.submit(&operation).await?;
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&Opened { channel: channel.to_string(), outcome: kept.word() })?;
    } else {
        output.line(channel)?;
    }
    output.flush()
}

/// Members in the order that the protocol wants, each once.
///
/// # Errors
/// [`CliError::Usage`] when one stands twice.
pub(super) fn distinct(members: &[MemberArg]) -> Result<Vec<Member>, CliError> {
    let mut members: Vec<Member> = members.iter().map(|member| member.0).collect();
    members.sort_by_key(|member| member.user);
    match members.windows(2).find(|pair| matches!(pair, [a, b] if a.user == b.user)) {
        Some([twice, ..]) => Err(CliError::Usage(format!("{} is named twice", twice.user))),
        Some(_) | None => Ok(members),
    }
}
