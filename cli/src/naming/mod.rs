//! Whom or what an argument means: an id, the beginning of one, or a name. The names of the local address book come first, then
//! those that the node knows. Nothing is guessed: what several have is an error that lists them.

mod book;
mod channels;
mod users;

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use dmpc::{ChannelId, UserId, ids::IdError};

pub use book::{AddressBook, Entries, NAME_BYTES_MAX};
pub use channels::resolve;
pub use users::Users;

use crate::{error::CliError, output::plain};

/// Letters of an id behind its prefix that count as its beginning.
const BEGINNING_LETTERS_MIN: usize = 4;
/// Letters of an id behind its prefix: 32 bytes and a checksum, five bits each.
const LETTERS: usize = 58;
/// Candidates that an error lists.
const CANDIDATES_MAX: usize = 8;

/// A kind of id that arguments name.
pub trait Named: FromStr<Err = IdError> + Display + Copy + Ord {
    /// What it is the id of.
    const WHAT: &'static str;
    /// What its text begins with, before the `1`.
    const PREFIX: &'static str;

    /// Those of this kind in an address book, by name.
    fn of_book(entries: &Entries) -> &BTreeMap<String, Self>;
}

impl Named for UserId {
    const WHAT: &'static str = "user";
    const PREFIX: &'static str = Self::PREFIX;

    fn of_book(entries: &Entries) -> &BTreeMap<String, Self> {
        &entries.users
    }
}

impl Named for ChannelId {
    const WHAT: &'static str = "channel";
    const PREFIX: &'static str = Self::PREFIX;

    fn of_book(entries: &Entries) -> &BTreeMap<String, Self> {
        &entries.channels
    }
}

/// What an argument says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning<I> {
    /// This one, whatever the node knows.
    Is(I),
    /// One that has to be looked for.
    Sought,
}

/// Whether a text is an id, or begins as one does.
fn is_like_an_id<I: Named>(text: &str) -> bool {
    text.strip_prefix(I::PREFIX).is_some_and(|rest| rest.starts_with('1'))
}

/// The letters of an id behind its prefix, as far as a text has them.
fn letters<I: Named>(text: &str) -> usize {
    text.len().saturating_sub(I::PREFIX.len() + 1)
}

/// What an argument says without a node: an id, or a name of the address book.
///
/// # Errors
/// [`CliError::Id`] for an id with a typing error; [`CliError::Usage`] for too little of one; those of reading the book.
pub fn meaning<I: Named>(book: &AddressBook, text: &str) -> Result<Meaning<I>, CliError> {
    if is_like_an_id::<I>(text) {
        return match letters::<I>(text) {
            LETTERS.. => Ok(Meaning::Is(text.parse()?)),
            BEGINNING_LETTERS_MIN.. => Ok(Meaning::Sought),
            0.. => Err(CliError::Usage(format!(
                "'{text}' is too little of a {} id: {BEGINNING_LETTERS_MIN} letters behind '{}1' at least",
                I::WHAT,
                I::PREFIX
            ))),
        };
    }
    let entries = book.entries()?;
    Ok(I::of_book(&entries).get(text).map_or(Meaning::Sought, |id| Meaning::Is(*id)))
}

/// The one among these that an argument means: by the beginning of its id, or by its name.
///
/// # Errors
/// [`CliError::NotFound`]; [`CliError::Usage`] names those that it may mean.
pub fn among<I: Named>(text: &str, known: impl IntoIterator<Item = (I, String)>) -> Result<I, CliError> {
    let by_id = is_like_an_id::<I>(text);
    let is_meant = |(id, name): &(I, String)| if by_id { id.to_string().starts_with(text) } else { name == text };
    // Once each, also when the address book has it too.
    let meant: BTreeMap<I, String> = known.into_iter().filter(is_meant).collect();
    let mut ids = meant.keys();
    match (ids.next(), ids.len(), by_id) {
        (Some(id), 0, _) => Ok(*id),
        (Some(_), _, true) => Err(CliError::Usage(format!(
            "'{text}' begins the ids of {} {}s: {}; write more of it",
            meant.len(),
            I::WHAT,
            listed(&meant)
        ))),
        (Some(_), _, false) => Err(CliError::Usage(format!(
            "{} {}s are called '{}': {}; name one by its id",
            meant.len(),
            I::WHAT,
            plain(text),
            listed(&meant)
        ))),
        (None, _, true) => Err(CliError::NotFound(format!("no {} is known whose id begins with '{text}'", I::WHAT))),
        (None, _, false) => Err(CliError::NotFound(format!("no {} called '{}' is known", I::WHAT, plain(text)))),
    }
}

/// The one that an argument of a command means that needs no node: by its id, by a name of the address book, or by the
/// beginning of an id in it.
///
/// # Errors
/// Those of [`meaning`] and [`among`].
pub fn in_book<I: Named>(book: &AddressBook, text: &str) -> Result<I, CliError> {
    match meaning(book, text)? {
        Meaning::Is(id) => Ok(id),
        Meaning::Sought => {
            let entries = book.entries()?;
            among(text, I::of_book(&entries).iter().map(|(name, id)| (*id, name.clone())))
        }
    }
}

fn listed<I: Display>(candidates: &BTreeMap<I, String>) -> String {
    let one =
        |(id, name): (&I, &String)| if name.is_empty() { id.to_string() } else { format!("{id} ({})", plain(name)) };
    let mut list: Vec<String> = candidates.iter().take(CANDIDATES_MAX).map(one).collect();
    if candidates.len() > CANDIDATES_MAX {
        list.push(format!("and {} more", candidates.len() - CANDIDATES_MAX));
    }
    list.join(", ")
}
