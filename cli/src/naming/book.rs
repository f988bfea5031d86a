//! The local address book: names that its owner gives to users and channels. Unlike display names, nobody else chooses them.
//!
//! A TOML file of mode 0600, with a table of users and one of channels: `alice = "dmpc1..."`.

use std::{collections::BTreeMap, path::PathBuf};

use dmpc::{ChannelId, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    contexts::one_line,
    directories::{read_if_there, write_private},
    error::CliError,
};

/// Names of one book.
const NAMES_MAX: usize = 10_000;
/// Bytes of a name.
pub const NAME_BYTES_MAX: usize = 64;
/// Bytes of the file: each name with its id and quotes, and room to spare.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
const FILE: &str = "names.toml";

/// Names, and what they stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// Of users.
    pub users: BTreeMap<String, UserId>,
    /// Of channels.
    pub channels: BTreeMap<String, ChannelId>,
}

/// The file.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Text {
    users: BTreeMap<String, String>,
    channels: BTreeMap<String, String>,
}

/// The local address book.
#[derive(Clone, Debug)]
pub struct AddressBook {
    path: Option<PathBuf>,
}

impl AddressBook {
    /// That of a directory, which need not be there.
    pub fn of(directory: Option<&PathBuf>) -> Self {
        Self { path: directory.map(|directory| directory.join(FILE)) }
    }

    /// Its names.
    ///
    /// # Errors
    /// [`CliError::Saved`] for a file that holds something else; [`CliError::File`].
    pub fn entries(&self) -> Result<Entries, CliError> {
        let Some(path) = &self.path else { return Ok(Entries::default()) };
        let Some(text) = read_if_there(path, FILE_BYTES_MAX)? else { return Ok(Entries::default()) };
        let wrong = |cause: String| CliError::Saved { path: path.clone(), cause };
        let text: Text = toml::from_str(&text).map_err(|error| wrong(one_line(error.message())))?;
        Ok(Entries { users: parsed(text.users).map_err(wrong)?, channels: parsed(text.channels).map_err(wrong)? })
    }

    /// Writes other names in their place.
    ///
    /// # Errors
    /// [`CliError::Usage`] for more than a book holds; [`CliError::NoConfigDirectory`], [`CliError::File`].
    pub fn write(&self, entries: &Entries) -> Result<(), CliError> {
        if entries.users.len() + entries.channels.len() > NAMES_MAX {
            return Err(CliError::Usage(format!("the address book holds {NAMES_MAX} names and no more")));
        }
        let path = self.path.as_ref().ok_or(CliError::NoConfigDirectory)?;
        let text = Text { users: texts(&entries.users), channels: texts(&entries.channels) };
        let text = toml::to_string(&text).map_err(|error| CliError::Usage(error.to_string()))?;
        write_private(path, &text)
    }
}

fn parsed<I: std::str::FromStr<Err: std::fmt::Display>>(
    names: BTreeMap<String, String>,
) -> Result<BTreeMap<String, I>, String> {
    let parse = |(name, id): (String, String)| match id.parse() {
        Ok(id) => Ok((name, id)),
        Err(error) => Err(format!("'{name}': {error}")),
    };
    names.into_iter().map(parse).collect()
}

fn texts<I: std::fmt::Display>(names: &BTreeMap<String, I>) -> BTreeMap<String, String> {
    names.iter().map(|(name, id)| (name.clone(), id.to_string())).collect()
}
