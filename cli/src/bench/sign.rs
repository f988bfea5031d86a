//! Messages, signed and sealed and packed, on all cores.

use std::{num::NonZero, thread};

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc,
    keys::EncryptionKey,
    kinds::ChannelMessage,
    operation::{Draft, sign},
    seal::{EpochKey, NONCE_BYTES, seal_content},
    transaction::{Content, Outgoing, PipelineOptions},
};
use rand_core::RngCore;

use super::{
    Load,
    stage::{Author, Stage, end_of_time},
};
use crate::{
    clock::{Clock, Random},
    context::Context,
    error::CliError,
    progress::Progress,
};

/// A transaction that is ready to be sent.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) transaction: Bytes,
    pub(super) messages: usize,
}

/// What all messages of a round have in common.
#[derive(Clone, Copy)]
struct Message<'a> {
    epoch: &'a EpochKey,
    channel: ChannelId,
    text: &'a [u8],
    clock: Clock,
    random: Random,
}

/// Signs the messages of a round, the authors in turn, and packs them.
///
/// # Errors
/// [`CliError`]
pub(super) fn sign_all(context: &Context, load: &Load, stage: &mut Stage) -> Result<Vec<Parcel>, CliError> {
    let (all, authors) = (load.messages.get(), stage.authors.len().max(1));
    let bar = Progress::of("messages signed");
    bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
    let text = vec![b'x'; load.size.get()];
    let message = Message {
        epoch: stage.ring.current()?,
        channel: stage.channel,
        text: &text,
        clock: context.clock,
        random: context.rng(),
    };
    let counts = (0..authors).map(|author| all / authors + usize::from(author < all % authors));
    let work: Vec<(&mut Author, usize)> = stage.authors.iter_mut().zip(counts).collect();
    let signed = on_all_cores(work, |(author, count)| {
        let signed = (0..count).map(|_| message.sign(author)).collect::<Result<Vec<Bytes>, CliError>>()?;
        bar.add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(signed)
    })?;
    let mut turns: Vec<_> = signed.into_iter().map(Vec::into_iter).collect();
    let mut messages = Vec::with_capacity(all);
    while messages.len() < all {
        messages.extend(turns.iter_mut().filter_map(Iterator::next));
    }
    let recipient = load.sealed.then_some(stage.recipient);
    let parcels: Vec<&[Bytes]> = messages.chunks(load.batch.get()).collect();
    let parcels = on_all_cores(parcels, |messages| pack(messages, recipient));
    bar.finish();
    parcels
}

impl Message<'_> {
    fn sign(mut self, author: &mut Author) -> Result<Bytes, CliError> {
        let at = Hlc::tick(author.latest, self.clock.now_ms()).ok_or_else(end_of_time)?;
        let mut nonce = [0; NONCE_BYTES];
        self.random.fill_bytes(&mut nonce);
        let draft = Draft::message(self.channel, self.epoch.key_id());
        let operation = sign(&author.identity, draft, at, author.link, |header| {
            let ciphertext = seal_content(self.epoch, &self.channel, header, &nonce, self.text)?;
            Ok::<_, CliError>(ChannelMessage::encode(nonce, ciphertext))
        })?;
        author.latest = at;
        author.link = author.link.next(operation.id()).ok_or_else(end_of_time)?;
        Ok(operation.bytes().clone())
    }
}

fn pack(messages: &[Bytes], recipient: Option<EncryptionKey>) -> Result<Parcel, CliError> {
    let content = Content::Operations(messages.to_vec());
    let options = PipelineOptions { read_result: true, ..PipelineOptions::default() };
    let outgoing =
        Outgoing { content: &content, options, transmission: &[], reply_to: None, recipients: recipient.as_slice() };
    Ok(Parcel { transaction: outgoing.encode()?, messages: messages.len() })
}

/// Does a piece of work for each item, and keeps their order.
fn on_all_cores<T: Send, R: Send>(
    items: Vec<T>,
    work: impl Fn(T) -> Result<R, CliError> + Sync,
) -> Result<Vec<R>, CliError> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(cores).max(1);
    let mut items = items.into_iter();
    let shares: Vec<Vec<T>> = std::iter::from_fn(|| {
        let share: Vec<T> = items.by_ref().take(share).collect();
        (!share.is_empty()).then_some(share)
    })
    .collect();
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = shares
            .into_iter()
            .map(|share| scope.spawn(move || share.into_iter().map(work).collect::<Result<Vec<R>, CliError>>()))
            .collect();
        let mut done = Vec::new();
        for thread in threads {
            done.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(done)
    })
}
