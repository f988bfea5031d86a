//! Somebody who writes further messages to a room, in lanes of their own.

use anyhow::Result;
use bytes::Bytes;
use dmpc::{Hlc, operation::Link};

use super::{AUTHORS, People, Room, new_lane, set::now_ms};

/// See the module. The authors write in turn.
pub(crate) struct Pen<'a> {
    people: &'a People,
    room: &'a Room,
    links: Vec<Link>,
    latest: Hlc,
    author: usize,
}

impl<'a> Pen<'a> {
    /// New lanes of all authors.
    pub(crate) fn new(people: &'a People, room: &'a Room) -> Self {
        let links = (0..AUTHORS).map(|_| new_lane()).collect();
        Self { people, room, links, latest: Hlc::from_millis(0), author: 0 }
    }

    /// The next message, stamped now.
    pub(crate) fn now(&mut self) -> Result<Bytes> {
        let at = Hlc::tick(self.latest, now_ms()).unwrap_or(self.latest);
        self.latest = at;
        self.at(at)
    }

    /// The next message, stamped as told.
    pub(crate) fn at(&mut self, at: Hlc) -> Result<Bytes> {
        self.author = (self.author + 1) % AUTHORS;
        let (message, next) = self.room.message(&self.people.authors[self.author], at, self.links[self.author])?;
        self.links[self.author] = next;
        Ok(message)
    }
}
