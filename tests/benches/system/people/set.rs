//! A set of operations that is signed once and sent again and again, to one fresh node after the other.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, anyhow};
use bytes::Bytes;
use dmpc::{Hlc, operation::Link};

use super::{AUTHORS, MessageError, People, Room, cores, new_lane};
use crate::progress::Progress;

/// How long before now the messages of a set begin.
const AGO: Duration = Duration::from_secs(3_600);
/// Messages of one millisecond.
const PER_MILLISECOND: usize = 16;

/// Which set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// All messages in one channel.
    OneChannel,
    /// Evenly in many channels.
    ManyChannels,
}

impl Kind {
    /// How it is printed.
    pub(crate) fn words(self, channels: usize) -> String {
        match self {
            Self::OneChannel => "1 channel".to_owned(),
            Self::ManyChannels => format!("{channels} channels"),
        }
    }
}

/// See the module.
pub(crate) struct Set {
    pub(crate) rooms: Vec<Room>,
    /// Creates everybody, and opens the channels.
    pub(crate) prologue: Vec<Bytes>,
    /// In the order of their times; the author of each is its place modulo the number of authors.
    pub(crate) messages: Vec<Bytes>,
    begin: Hlc,
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Set {
    /// Signs it on all cores.
    pub(crate) fn sign(people: &People, channels: usize, count: usize) -> Result<Self> {
        let begin = Hlc::from_millis(now_ms() - u64::try_from(AGO.as_millis())?);
        let (rooms, prologue) = people.introduce(channels, begin)?;
        let threads = cores().min(AUTHORS);
        let done = AtomicUsize::new(0);
        let shares = thread::scope(|scope| {
            let progress = Progress::of("signed", count);
            let (rooms, done) = (&rooms, &done);
            let work = |thread| move || sign_share(people, rooms, begin, count, (thread, threads), done);
            let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(work(thread))).collect();
            while workers.iter().any(|worker| !worker.is_finished()) {
                thread::sleep(Duration::from_millis(20));
                progress.at(done.load(Ordering::Relaxed));
            }
            let joined = workers.into_iter().map(|worker| worker.join().map_err(|_| anyhow!("signing panicked")));
            joined.map(|share| Ok(share??.into_iter())).collect::<Result<Vec<_>>>()
        });
        let mut shares = shares?;
        let of = |place: usize| place % AUTHORS % threads;
        let messages = (0..count).filter_map(|place| shares.get_mut(of(place))?.next()).collect();
        Ok(Self { rooms, prologue, messages, begin })
    }

    /// Some time between the first message and the last.
    pub(crate) fn time_within(&self, share: f64) -> Hlc {
        at(self.begin, (share * self.messages.len() as f64) as usize)
    }
}

/// When the message at a place was written.
fn at(begin: Hlc, place: usize) -> Hlc {
    let millis = u64::try_from(1 + place / PER_MILLISECOND).unwrap_or(u64::MAX);
    let counter = u64::try_from(place % PER_MILLISECOND).unwrap_or(0);
    Hlc::from_bits(Hlc::from_millis(begin.millis() + millis).bits() + counter)
}

/// Signs the messages of the authors whose number is that of the thread, modulo the threads.
fn sign_share(
    people: &People,
    rooms: &[Room],
    begin: Hlc,
    count: usize,
    (thread, threads): (usize, usize),
    done: &AtomicUsize,
) -> Result<Vec<Bytes>, MessageError> {
    let mut links: HashMap<(usize, usize), Link> = HashMap::new();
    let mut signed = Vec::with_capacity(count / threads + AUTHORS);
    for place in (0..count).filter(|place| place % AUTHORS % threads == thread) {
        let (author, room) = (place % AUTHORS, place % rooms.len());
        let link = links.entry((author, room)).or_insert_with(new_lane);
        let (message, next) = rooms[room].message(&people.authors[author], at(begin, place), *link)?;
        *link = next;
        signed.push(message);
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(signed)
}
