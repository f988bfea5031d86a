//! `channel open`: makes a channel, with its first epoch's key wrapped for the opener and each member who reads. Members that
//! do not fit the first operation follow in further ones.

use std::{collections::BTreeMap, path::PathBuf};

use dmpc::{
    ChannelId, Rights, UserId,
    keys::EncryptionKey,
    kinds::{
        ChannelOpen, EpochWraps, Kind, Member, channel_id, epoch_parts, genesis_members, members_parts, open_wraps,
    },
    operation::Draft,
    seal::EpochKey,
};
use rand_core::RngCore;
use serde::Serialize;

use crate::{
    context::Context, error::CliError, member_list::collect, output::Output, recipients::encryption_keys,
    rights::MemberArg, wrapping::wrap_all, writer::Writer,
};

/// Arguments of `channel open`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A name for people; it proves nothing.
    name: String,
    /// A member and its rights: r read, w write, c close, m manage. May be repeated.
    #[arg(long = "member", value_name = "USER:RIGHTS")]
    named: Vec<MemberArg>,
    /// A list of members, one USER or USER:RIGHTS a line; rw where a line says nothing. `-` reads it from stdin.
    #[arg(long, value_name = "FILE")]
    members: Option<PathBuf>,
    /// Take keys that a user's id does not prove on the node's word.
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
    let members = collect(&args.named, args.members.as_deref())?;
    let mut writer = Writer::open(context).await?;
    let opener = writer.session.identity.user;
    if members.iter().any(|member| member.user == opener) {
        return Err(CliError::Usage("you open the channel and have all rights; leave yourself out".to_owned()));
    }
    // Everybody has to be known, readers or not: a member with a typing error would go unnoticed.
    let users: Vec<UserId> = members.iter().map(|member| member.user).collect();
    let keys = encryption_keys(&mut writer.session, &users, args.trust_rotated_keys).await?;
    let own = writer.session.identity.encryption.encryption_key()?;

    let new = Opening::new(context, &args.name, &members, (opener, own));
    let (channel, signed) = new.sign(&mut writer, &members, &keys)?;
    let kept = writer.submit_all(&signed).await?;
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&Opened { channel: channel.to_string(), operations: signed.len(), outcome: kept.word() })?;
    } else {
        output.line(channel)?;
    }
    output.flush()
}

/// A channel that is about to be opened.
struct Opening {
    opener: (UserId, EncryptionKey),
    /// So many of the first members stand in the genesis.
    first: usize,
    genesis: bytes::Bytes,
    channel: ChannelId,
    epoch: EpochKey,
}

impl Opening {
    fn new(context: &Context, name: &str, members: &[Member], opener: (UserId, EncryptionKey)) -> Self {
        let mut rng = context.rng();
        let epoch = EpochKey::generate(&mut rng);
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        let first = genesis_members(name, members);
        let in_genesis = members.get(..first).unwrap_or_default();
        let genesis = ChannelOpen::encode_genesis(nonce, name, in_genesis, &epoch.key_id());
        let channel = channel_id(&opener.0, &genesis);
        Self { opener, first, genesis, channel, epoch }
    }

    /// Signs the open and what continues it.
    fn sign(
        self,
        writer: &mut Writer,
        members: &[Member],
        keys: &BTreeMap<UserId, EncryptionKey>,
    ) -> Result<(ChannelId, Vec<dmpc::SignedOperation>), CliError> {
        let (in_genesis, later) = members.split_at_checked(self.first).unwrap_or((members, &[]));
        let readers = |members: &[Member]| -> BTreeMap<UserId, EncryptionKey> {
            let reads = members.iter().filter(|member| member.rights.contains(Rights::READ));
            reads.filter_map(|member| Some((member.user, *keys.get(&member.user)?))).collect()
        };
        let mut first_readers = readers(in_genesis);
        first_readers.insert(self.opener.0, self.opener.1);
        let mut wraps = wrap_all(&self.epoch, &self.channel, &first_readers)?.wraps;
        let left_over = wraps.split_off(open_wraps(&self.genesis, &wraps));
        let payload = ChannelOpen::encode(self.genesis, &wraps);

        let mut parts = Vec::new();
        if !later.is_empty() {
            parts = members_parts(later, &[], vec![wrap_all(&self.epoch, &self.channel, &readers(later))?]);
        }
        if !left_over.is_empty() {
            parts.extend(epoch_parts(EpochWraps { key_id: self.epoch.key_id(), wraps: left_over }));
        }
        let mut signed = vec![writer.sign(Draft::channel(Kind::ChannelOpen, self.channel), |_| Ok(payload))?];
        signed.extend(writer.sign_parts(self.channel, &parts)?);
        Ok((self.channel, signed))
    }
}
