//! `channel open`: makes a channel, with its first epoch's key wrapped for the opener and each member who reads. Members that
//! do not fit the first operation follow in further ones.

use std::path::PathBuf;

use dmpc::{UserId, kinds::Kind, operation::Draft};
use rand_core::RngCore;
use serde::Serialize;

use crate::{
    context::Context, error::CliError, examples, member_list::collect, opening::Opening, output,
    recipients::encryption_keys, rights::MemberArg, writer::Writer,
};

/// Arguments of `channel open`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli channel open garden --member bob:rw --member carol:r",
    "dmpc-cli channel open town --members people.txt",
])]
pub struct Args {
    /// A name for people; it proves nothing.
    name: String,
    /// A member and its rights: r read, w write, c close, m manage. May be repeated.
    #[arg(long = "member", value_name = "USER:RIGHTS")]
    named: Vec<MemberArg>,
    /// A list of members, one USER or USER:RIGHTS a line; rw where a line says nothing. `-` reads it from stdin.
    #[arg(long, value_name = "FILE")]
    members: Option<PathBuf>,
    /// Take keys that neither a user's id nor its own changes prove on the node's word.
    #[arg(long)]
    trust_rotated_keys: bool,
}

#[derive(Serialize)]
struct Opened {
    channel: String,
    operations: usize,
    outcome: &'static str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let members = collect(context, args.named, args.members.as_deref()).await?;
    let mut writer = Writer::open(context).await?;
    let opener = writer.session.identity.user;
    if members.iter().any(|member| member.user == opener) {
        return Err(CliError::Usage("you open the channel and have all rights; leave yourself out".to_owned()));
    }
    // Everybody has to be known, readers or not: a member with a typing error would go unnoticed.
    let users: Vec<UserId> = members.iter().map(|member| member.user).collect();
    let keys = encryption_keys(&mut writer.session, &users, args.trust_rotated_keys).await?;
    let own = writer.session.identity.encryption.encryption_key()?;

    let mut nonce = [0; 32];
    context.rng().fill_bytes(&mut nonce);
    let Opening { channel, payload, parts } =
        Opening::make(context, nonce, &args.name, &members, (opener, own), &keys)?;
    let mut signed = vec![writer.sign(Draft::channel(Kind::ChannelOpen, channel), |_| Ok(payload)).await?];
    signed.extend(writer.sign_parts(channel, &parts).await?);
    let kept = writer.submit_all(&signed).await?;
    output::object(
        context.json,
        Opened { channel: channel.to_string(), operations: signed.len(), outcome: kept.word() },
        |output, _| output.line(channel),
    )
}
