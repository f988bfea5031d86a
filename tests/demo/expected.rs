//! What must come out of an import, derived from the log alone: who says what in which channel, who may read it at the
//! end, how many operations that makes. It repeats the importer's rules in its own words, so that a slip in either shows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::log::{Event, Kind};

/// A person of the log: 0, 1, 2, ... in the order of their first event. Names change, numbers do not.
pub type Person = usize;

/// What must come out of an import.
#[derive(Default)]
pub struct Expected {
    /// One for each day, in the log's order.
    pub channels: Vec<Channel>,
    /// Every person's present name.
    pub people: Vec<String>,
    /// Every operation, those that open channels and create users included.
    pub operations: u64,
}

/// A day.
#[derive(Default)]
pub struct Channel {
    /// The day; the channel's name ends with it.
    pub day: String,
    /// Who says what, in the log's order.
    pub messages: Vec<Message>,
    /// Who may read at the end.
    pub members: BTreeSet<Person>,
    /// Who was given the key of each epoch.
    epochs: Vec<BTreeSet<Person>>,
    /// Somebody left since the last epoch.
    due: bool,
}

/// A message of the log.
pub struct Message {
    /// Who says it.
    pub author: Person,
    /// What is said.
    pub text: String,
    /// The epoch that it is said under: 0 is the first.
    epoch: usize,
}

impl Channel {
    /// Whether somebody who may read at the end can open a message: whoever came later has no key of before.
    pub fn opens(&self, reader: Person, message: &Message) -> bool {
        self.epochs.get(message.epoch).is_some_and(|given| given.contains(&reader))
    }
}

impl Expected {
    /// Derives it.
    pub fn of(events: &[Event]) -> Result<Self> {
        let mut expected = Self::default();
        let mut names = BTreeMap::new();
        for event in events {
            expected.add(&mut names, event).with_context(|| format!("{event:?}"))?;
        }
        Ok(expected)
    }

    /// All epochs.
    pub fn epochs(&self) -> usize {
        self.channels.iter().map(|channel| channel.epochs.len()).sum()
    }

    /// All messages.
    pub fn messages(&self) -> usize {
        self.channels.iter().map(|channel| channel.messages.len()).sum()
    }

    fn add(&mut self, names: &mut BTreeMap<String, Person>, event: &Event) -> Result<()> {
        let person = self.person(names, &event.nick);
        if self.channels.last().is_none_or(|channel| channel.day != event.day) {
            let epochs = vec![BTreeSet::new()];
            self.channels.push(Channel { day: event.day.clone(), epochs, ..Channel::default() });
            self.operations += 1;
        }
        let channel = self.channels.last_mut().context("no day")?;
        // Whoever does something was there: the log begins in the middle of a conversation.
        if channel.members.insert(person) {
            self.operations += 1;
            channel.epochs.last_mut().context("no epoch")?.insert(person);
        }
        match event.kind {
            Kind::Join => return Ok(()),
            Kind::Message => {
                // Whoever left has the key; the next message is said under another.
                if std::mem::take(&mut channel.due) {
                    self.operations += 1;
                    channel.epochs.push(channel.members.clone());
                }
                let epoch = channel.epochs.len() - 1;
                channel.messages.push(Message { author: person, text: event.text.clone(), epoch });
            }
            Kind::Part => channel.due |= channel.members.remove(&person),
            Kind::Nick if event.new_nick == event.nick => return Ok(()),
            // A name that somebody had before is now this person's.
            Kind::Nick => {
                names.remove(&event.nick);
                names.insert(event.new_nick.clone(), person);
                event.new_nick.clone_into(self.people.get_mut(person).context("nobody")?);
            }
        }
        self.operations += 1;
        Ok(())
    }

    fn person(&mut self, names: &mut BTreeMap<String, Person>, nick: &str) -> Person {
        *names.entry(nick.to_owned()).or_insert_with(|| {
            self.people.push(nick.to_owned());
            self.operations += 1;
            self.people.len() - 1
        })
    }
}
