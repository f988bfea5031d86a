//! Reads every channel back, as the root that opened it and as one ordinary member, and compares it with the log.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::{
    cli::Cli,
    expected::{Channel, Expected, Person},
    node::{Node, ROOT},
    process::Programs,
};

/// Where the import keeps its identities, in the temporary directory.
pub const IDENTITIES: &str = "identities";
/// The folder of identity files in it.
const PEOPLE: &str = "people";

/// What was read and found to be the same.
#[derive(Default)]
pub struct Compared {
    /// Messages, each compared once for each of its readers.
    pub messages: usize,
    /// Channels read as one of their ordinary members.
    pub as_member: usize,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Read {
    position: usize,
    author: String,
    /// Absent when the reader cannot open it.
    text: Option<String>,
}

/// The users of the node for the people of the log, as far as their messages have shown.
#[derive(Default)]
struct Users {
    of: BTreeMap<Person, String>,
    is: BTreeMap<String, Person>,
}

/// Compares every channel; the first difference is the error.
pub fn compare(programs: &Programs, node: &Node, expected: &Expected) -> Result<Compared> {
    let root = Cli::of(programs, node, &programs.path(ROOT));
    let listed = root.lines::<Listed>(&["channel", "list", "--json"])?;
    let count = expected.channels.len();
    ensure!(listed.len() == count, "{} channels are listed, the log has {count} days", listed.len());

    let identities = identities(&programs.path(IDENTITIES).join(PEOPLE))?;
    let mut users = Users::default();
    let mut compared = Compared::default();
    for channel in &expected.channels {
        let found = listed.iter().find(|listed| listed.name.ends_with(&channel.day));
        let id = &found.with_context(|| format!("no channel is named after {}", channel.day))?.id;
        compared.messages += same(&root, id, channel, None, &mut users).with_context(|| at(channel, "the root"))?;

        // The last speaker who has not left: it opens what was said since it came, and nothing of the epochs before.
        let stays = channel.messages.iter().rev().map(|message| message.author).find(|a| channel.members.contains(a));
        let Some(member) = stays else { continue };
        let user = users.of.get(&member).context("a speaker without a user")?.clone();
        let identity = identities.get(&user).with_context(|| format!("no identity file for {user}"))?;
        let reader = Cli::of(programs, node, identity);
        compared.messages +=
            same(&reader, id, channel, Some(member), &mut users).with_context(|| at(channel, &user))?;
        compared.as_member += 1;
    }
    ensure!(compared.as_member > 0, "no channel has a member that spoke and stayed");
    Ok(compared)
}

fn at(channel: &Channel, reader: &str) -> String {
    format!("{} as read by {reader}", channel.day)
}

/// Reads a channel; its messages must be those of the log, in its order, each by a user that is that person's alone. The root
/// opens all of them, a member exactly those whose keys it was given. How many were opened and compared.
fn same(reader: &Cli<'_>, id: &str, channel: &Channel, member: Option<Person>, users: &mut Users) -> Result<usize> {
    let mut opened = 0;
    let read = reader.lines::<Read>(&["message", "read", "--channel", id, "--json"])?;
    for (at, (read, wanted)) in read.iter().zip(&channel.messages).enumerate() {
        ensure!(read.position == at, "message {at} says that it is at {}", read.position);
        if member.is_none_or(|member| channel.opens(member, wanted)) {
            let text = read.text.as_deref().with_context(|| format!("message {at} cannot be read"))?;
            ensure!(text == wanted.text, "message {at} is {text:?}, the log has {:?}", wanted.text);
            opened += 1;
        } else {
            ensure!(read.text.is_none(), "message {at} is opened with a key that was not given");
        }
        let user = users.of.entry(wanted.author).or_insert_with(|| read.author.clone());
        let person = users.is.entry(read.author.clone()).or_insert(wanted.author);
        if *user != read.author || *person != wanted.author {
            bail!("message {at}, {:?}, is by {}; that person of the log is {user}", wanted.text, read.author);
        }
    }
    let (count, wanted) = (read.len(), channel.messages.len());
    ensure!(count == wanted, "{count} messages, the log has {wanted}");
    Ok(opened)
}

/// The identity files, by their users.
fn identities(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let user = text.lines().find_map(|line| line.strip_prefix("user: "));
        found.insert(user.with_context(|| format!("{} names no user", path.display()))?.to_owned(), path);
    }
    Ok(found)
}
