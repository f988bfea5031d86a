//! Logs made for a test, line by line, and what must be read back of them: an account of its own, kept while the log is written.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

/// A message as it must be read back: the identity file of its author, its text.
pub(super) type Said = (String, String);

/// A log under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    lines: Vec<String>,
    day: u64,
    minute: u64,
    /// What must be read back, by day.
    pub(super) said: BTreeMap<String, Vec<Said>>,
    called: BTreeMap<String, String>,
    generations: BTreeMap<String, u32>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { day: 1, ..Self::default() }
    }

    /// Many people over two days: they come, talk, are renamed, leave, and come back.
    pub(super) fn busy(rounds: usize) -> Self {
        let mut log = Self::new();
        for round in 0..rounds {
            if round == rounds / 2 {
                log.next_day();
            }
            let nick = format!("guest{}", round % 23);
            log.join(&nick);
            log.say(&nick, &format!("round {round}"));
            match round % 7 {
                2 => log.say("alice", "ha"),
                3 => log.part(&nick),
                5 => log.rename(&nick, &format!("guest{}", (round + 3) % 23)),
                _ => log.next_minute(),
            }
        }
        log
    }

    pub(super) fn next_day(&mut self) {
        (self.day, self.minute) = (self.day + 1, 0);
    }

    pub(super) fn next_minute(&mut self) {
        self.minute += 1;
    }

    pub(super) fn today(&self) -> String {
        format!("2004-12-{:02}", self.day)
    }

    pub(super) fn join(&mut self, nick: &str) {
        self.person(nick);
        self.add("join", nick, json!({}));
    }

    pub(super) fn part(&mut self, nick: &str) {
        self.person(nick);
        self.add("part", nick, json!({}));
    }

    pub(super) fn say(&mut self, nick: &str, text: &str) {
        let said = (self.person(nick), text.to_owned());
        self.said.entry(self.today()).or_default().push(said);
        self.add("message", nick, json!({ "text": text }));
    }

    pub(super) fn rename(&mut self, nick: &str, new: &str) {
        let person = self.person(nick);
        self.called.remove(nick);
        self.called.insert(new.to_owned(), person);
        self.add("nick", nick, json!({ "new_nick": new }));
    }

    /// A line as it is.
    pub(super) fn raw(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    /// How many people it has.
    pub(super) fn people(&self) -> u64 {
        self.generations.values().copied().map(u64::from).sum()
    }

    /// How many lines it has.
    pub(super) fn len(&self) -> u64 {
        self.lines.len() as u64
    }

    /// The log without its last lines; what must be read back stays as it is.
    pub(super) fn cut(mut self, len: usize) -> Self {
        self.lines.truncate(len);
        self
    }

    /// Writes it; compressed, in two members, when the name ends in `.gz`.
    pub(super) fn write(&self, path: PathBuf) -> PathBuf {
        let text = self.lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        if path.extension().is_some_and(|extension| extension == "gz") {
            let (first, second) = text.as_bytes().split_at(text.len() / 3);
            fs::write(&path, [compressed(first), compressed(second)].concat()).unwrap();
        } else {
            fs::write(&path, text).unwrap();
        }
        path
    }

    fn add(&mut self, kind: &str, nick: &str, more: Value) {
        let time = format!("{:02}:{:02}", self.minute / 60 % 24, self.minute % 60);
        let mut line = json!({ "day": self.today(), "time": time, "channel": "#talk", "kind": kind, "nick": nick });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.raw(&line.to_string());
    }

    /// The identity file of whoever is called so now.
    fn person(&mut self, nick: &str) -> String {
        let (called, generations) = (&mut self.called, &mut self.generations);
        let file = called.entry(nick.to_owned()).or_insert_with(|| {
            let generation = generations.entry(nick.to_owned()).or_default();
            *generation += 1;
            if *generation == 1 { nick.to_owned() } else { format!("{nick}.{generation}") }
        });
        file.clone()
    }
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Appends to a file what a process that lost its power might have left.
pub(super) fn append(path: &Path, bytes: &[u8]) {
    File::options().append(true).open(path).unwrap().write_all(bytes).unwrap();
}
