//! What a load is written with: users whose keys nobody keeps, and a channel of which they are members.

use std::collections::BTreeMap;

use dmpc::{
    ChannelId, Hlc, Identity, LaneId, Permissions, Rights, SignedOperation,
    keys::EncryptionKey,
    kinds::{FieldWrite, Kind, Member, UserCreate, UserUpdate},
    operation::{Draft, Link, OperationError, sign},
};
use rand_core::RngCore;

use super::Load;
use crate::{
    clock::{Clock, Random},
    context::Context,
    error::CliError,
    hex,
    keyring::Keyring,
    opening::Opening,
    progress::Progress,
    writer::Writer,
};

/// Bytes of the nonce that make the end of the channel's name.
const NAME_BYTES: usize = 4;

/// A user who writes.
#[derive(Debug)]
pub(super) struct Author {
    pub(super) identity: Identity,
    /// The next place of its lane in the channel.
    pub(super) link: Link,
    /// When it signed last.
    pub(super) latest: Hlc,
}

/// What a load is written with.
pub(super) struct Stage {
    writer: Writer,
    pub(super) channel: ChannelId,
    pub(super) ring: Keyring,
    pub(super) authors: Vec<Author>,
    /// What transactions are sealed to.
    pub(super) recipient: EncryptionKey,
    clock: Clock,
    random: Random,
}

impl Stage {
    /// Makes users and a channel.
    ///
    /// # Errors
    /// [`CliError`]
    pub(super) async fn set(context: &Context, load: &Load) -> Result<Self, CliError> {
        let mut writer = Writer::open(context).await?;
        let mut rng = context.rng();
        let count = load.authors.get();
        let bar = Progress::of("authors");
        bar.set_length(u64::try_from(count).unwrap_or(u64::MAX));
        let mut identities = Vec::with_capacity(count);
        let mut creations = Vec::with_capacity(count);
        for number in 1..=count {
            let identity = Identity::generate(&mut rng)?;
            let payload = UserCreate::encode(&identity.public()?, Permissions::NONE, &format!("bench {number}"));
            creations.push(writer.sign(Draft::user(Kind::UserCreate), |_| Ok(payload)).await?);
            identities.push(identity);
            bar.advance(u64::try_from(number).unwrap_or(u64::MAX));
        }
        writer.submit_all(&creations).await?;
        bar.finish();
        let channel = open(context, &mut writer, &identities).await?;
        let answer = writer.session.epochs(channel).await?;
        let ring = Keyring::open(&writer.session.identity, channel, &answer.epochs)?;
        let latest = writer.session.seen.latest();
        let author = |identity| {
            let mut lane = [0; LaneId::LEN];
            rng.fill_bytes(&mut lane);
            Author { identity, link: Link::first(LaneId::from_bytes(lane)), latest }
        };
        let authors = identities.into_iter().map(author).collect();
        let recipient = writer.session.recipient;
        Ok(Self { writer, channel, ring, authors, recipient, clock: context.clock, random: context.rng() })
    }

    /// Closes the channel, and deactivates the users: each says so itself, for nobody else may have the permission.
    ///
    /// # Errors
    /// [`CliError`]
    pub(super) async fn clear(&mut self) -> Result<(), CliError> {
        let close = self.writer.sign(Draft::channel(Kind::ChannelClose, self.channel), |_| Ok(Vec::new())).await?;
        self.writer.submit(&close).await?;
        let mut ends = Vec::with_capacity(self.authors.len());
        for author in &mut self.authors {
            let at = Hlc::tick(author.latest, self.clock.now_ms()).ok_or_else(end_of_time)?;
            let mut lane = [0; LaneId::LEN];
            self.random.fill_bytes(&mut lane);
            let payload = UserUpdate::encode(&author.identity.user, &[FieldWrite::Active(false)]);
            let (draft, link) = (Draft::user(Kind::UserUpdate), Link::first(LaneId::from_bytes(lane)));
            let end: Result<SignedOperation, OperationError> = sign(&author.identity, draft, at, link, |_| Ok(payload));
            ends.push(end?);
        }
        self.writer.submit_all(&ends).await?;
        Ok(())
    }
}

/// Opens the channel, in which all of them write.
async fn open(context: &Context, writer: &mut Writer, authors: &[Identity]) -> Result<ChannelId, CliError> {
    let mut nonce = [0; 32];
    context.rng().fill_bytes(&mut nonce);
    let end: Vec<u8> = nonce.iter().copied().take(NAME_BYTES).collect();
    let name = format!("bench-{}", hex::encode(&end));
    let member = |author: &Identity| Member { user: author.user, rights: Rights::WRITE };
    let mut members: Vec<Member> = authors.iter().map(member).collect();
    members.sort_by_key(|member| member.user);
    let opener = (writer.session.identity.user, writer.session.identity.encryption.encryption_key()?);
    let Opening { channel, payload, parts } = Opening::make(context, nonce, &name, &members, opener, &BTreeMap::new())?;
    let mut signed = vec![writer.sign(Draft::channel(Kind::ChannelOpen, channel), |_| Ok(payload)).await?];
    signed.extend(writer.sign_parts(channel, &parts).await?);
    writer.submit_all(&signed).await?;
    Ok(channel)
}

/// There is no timestamp left.
pub(super) fn end_of_time() -> CliError {
    CliError::Usage("there is no timestamp above those seen".to_owned())
}
