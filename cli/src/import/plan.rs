//! What a conversation means for users, channels and members: from events to intents, one after the other. No I/O, no keys, no
//! time: the same events always give the same intents, which is what lets an import resume.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::events::{Action, Event};

/// Users that one import makes.
pub(super) const PEOPLE_MAX: usize = 1_000_000;
/// Channels that one import opens.
pub(super) const CHANNELS_MAX: usize = 100_000;
/// Members of all its channels together.
pub(super) const MEMBERSHIPS_MAX: usize = 4_000_000;
/// Members of one channel at a time: an epoch with a wrap for each of them is journaled in one frame.
pub(super) const MEMBERS_MAX: usize = 32_768;

/// A user of this import: 0, 1, 2, ... in the order of their first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Person(pub usize);

/// A channel of this import: 0, 1, 2, ... in the order of their first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Day(pub usize);

/// One operation to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// The root creates the next person.
    Create {
        /// The person.
        person: Person,
        /// Its nick, and how many were first called so, itself included.
        name: Name,
    },
    /// The root opens the next channel.
    Open {
        /// Its name.
        name: String,
    },
    /// The root makes someone a member who reads and writes.
    Admit(Day, Person),
    /// A member removes itself.
    Leave(Day, Person),
    /// The root opens a new epoch for those who are members now: whoever left has the key of the last one.
    Rekey(Day, BTreeSet<Person>),
    /// Someone takes another name.
    Rename(Person, String),
    /// A member says something.
    Say(Day, Person, String),
}

/// The first nick of a person. A nick can come back as somebody new, so it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The nick.
    pub(super) nick: String,
    /// 1 for the first person of that nick, 2 for the second.
    pub(super) generation: u32,
}

/// A conversation with more in it than an import holds.
#[derive(Debug, thiserror::Error)]
#[error("more than {allowed} {what}; import it in parts, each with an identity directory of its own")]
pub(super) struct PlanError {
    what: &'static str,
    allowed: usize,
}

/// Who is called what, and who is where, after the events so far.
#[derive(Debug, Default)]
pub(super) struct Plan {
    called: HashMap<String, Person>,
    generations: HashMap<String, u32>,
    nicks: HashSet<String>,
    people: usize,
    days: HashMap<(String, String), Day>,
    /// By day.
    rooms: Vec<Room>,
    memberships: usize,
}

/// Who is in a channel.
#[derive(Debug, Default)]
struct Room {
    members: BTreeSet<Person>,
    /// Somebody left since the last epoch: a new one is due before the next message.
    due: bool,
}

impl Plan {
    /// The operations of the next event, in their order.
    ///
    /// # Errors
    /// [`PlanError`] when a bound is reached.
    pub(super) fn next(&mut self, event: &Event) -> Result<Vec<Intent>, PlanError> {
        let mut intents = Vec::new();
        let day = self.day(event, &mut intents)?;
        let person = self.person(&event.nick, &mut intents)?;
        let Some(room) = self.rooms.get_mut(day.0) else { return Ok(intents) };
        // Whoever says, leaves or is renamed was there: the log begins in the middle of a conversation.
        if room.members.insert(person) {
            self.memberships += 1;
            bound(self.memberships, "memberships", MEMBERSHIPS_MAX)?;
            bound(room.members.len(), "members of one channel", MEMBERS_MAX)?;
            intents.push(Intent::Admit(day, person));
        }
        match &event.action {
            Action::Message(text) => {
                if std::mem::take(&mut room.due) {
                    intents.push(Intent::Rekey(day, room.members.clone()));
                }
                intents.push(Intent::Say(day, person, text.clone()));
            }
            Action::Join => {}
            Action::Part => {
                room.members.remove(&person);
                room.due = true;
                intents.push(Intent::Leave(day, person));
            }
            Action::Nick(new) if *new == event.nick => {}
            Action::Nick(new) => {
                self.called.remove(&event.nick);
                self.called.insert(new.clone(), person);
                intents.push(Intent::Rename(person, new.clone()));
            }
        }
        Ok(intents)
    }

    /// Nicks to which something happened.
    pub(super) fn nicks(&self) -> usize {
        self.nicks.len()
    }

    /// Users made.
    pub(super) fn people(&self) -> usize {
        self.people
    }

    /// Channels opened.
    pub(super) fn days(&self) -> usize {
        self.days.len()
    }

    fn day(&mut self, event: &Event, intents: &mut Vec<Intent>) -> Result<Day, PlanError> {
        let key = (event.channel.clone(), event.day.clone());
        if let Some(day) = self.days.get(&key) {
            return Ok(*day);
        }
        let day = Day(self.days.len());
        bound(self.days.len() + 1, "channels", CHANNELS_MAX)?;
        intents.push(Intent::Open { name: format!("{} {}", event.channel, event.day) });
        self.days.insert(key, day);
        self.rooms.push(Room::default());
        Ok(day)
    }

    fn person(&mut self, nick: &str, intents: &mut Vec<Intent>) -> Result<Person, PlanError> {
        if !self.nicks.contains(nick) {
            self.nicks.insert(nick.to_owned());
        }
        if let Some(person) = self.called.get(nick) {
            return Ok(*person);
        }
        bound(self.people + 1, "users", PEOPLE_MAX)?;
        let person = Person(self.people);
        self.people += 1;
        self.called.insert(nick.to_owned(), person);
        let generation = self.generations.entry(nick.to_owned()).or_insert(0);
        *generation += 1;
        let name = Name { nick: nick.to_owned(), generation: *generation };
        intents.push(Intent::Create { person, name });
        Ok(person)
    }
}

fn bound(count: usize, what: &'static str, allowed: usize) -> Result<(), PlanError> {
    if count > allowed { Err(PlanError { what, allowed }) } else { Ok(()) }
}
