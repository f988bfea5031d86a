//! Where an import is tried: a house, an identity directory, and the people whom the import makes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{
    super::house::{House, Person, Said},
    log::{self, Log},
};

/// A node, its root, and what an import needs.
pub(super) struct Stage {
    pub(super) house: House,
}

/// How an import ended.
pub(super) struct Ended {
    pub(super) said: Said,
    pub(super) report: Value,
}

impl Ended {
    /// A number of the report.
    #[track_caller]
    pub(super) fn number(&self, name: &str) -> u64 {
        self.report[name].as_u64().unwrap_or_else(|| panic!("no {name} in {:?}", self.said))
    }

    /// How many operations of a kind there are.
    #[track_caller]
    pub(super) fn operations(&self, kind: &str) -> u64 {
        self.report["operations"][kind].as_u64().unwrap_or_else(|| panic!("no {kind} in {:?}", self.said))
    }

    #[track_caller]
    pub(super) fn expect_success(self) -> Self {
        assert_eq!(self.said.code, 0, "{}", self.said.stderr);
        self
    }

    /// That it failed, and says this.
    #[track_caller]
    pub(super) fn expect_failure(&self, words: &[&str]) {
        self.said.expect_failure(1, words);
    }
}

impl Stage {
    /// A fresh node, running.
    pub(super) fn new() -> Self {
        Self { house: House::new() }
    }

    /// A path in the temporary directory.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.house.path(name)
    }

    /// The journal of its imports.
    pub(super) fn journal(&self) -> PathBuf {
        self.path("identities").join("journal")
    }

    /// The identity file of a person.
    pub(super) fn identity(&self, file: &str) -> PathBuf {
        self.path("identities").join("people").join(format!("{file}.identity"))
    }

    /// A person whom an import made.
    pub(super) fn person(&self, file: &str) -> Person {
        Person { identity: self.identity(file), ..self.house.person(file, "grpc") }
    }

    /// An import by the root, not started yet.
    pub(super) fn import(&self, via: &'static str, log: &Path) -> Command {
        let root = Person { via, ..self.house.root() };
        let mut command = self.house.command(&root, &["--json", "import", "--identities"]);
        command.arg(self.path("identities")).arg(log);
        command
    }

    /// Runs an import by the root to its end.
    pub(super) fn run(&self, via: &'static str, log: &Path, more: &[&str]) -> Ended {
        let said = Said::of(&self.import(via, log).args(more).output().unwrap());
        Ended { report: said.json().pop().unwrap_or_default(), said }
    }

    /// The texts that a person whom an import made can open of a day.
    pub(super) fn opened(&self, file: &str, day: &str) -> Vec<String> {
        let reader = self.person(file);
        let read = ["message", "read", "--json", "--channel", &self.channel(&reader, day)];
        let messages = self.house.run(&reader, &read).expect_success().json();
        messages.iter().filter_map(|message| Some(message["text"].as_str()?.to_owned())).collect()
    }

    /// The channel of a day, as somebody sees it.
    fn channel(&self, reader: &Person, day: &str) -> String {
        let listed = self.house.run(reader, &["channel", "list", "--json"]).expect_success().json();
        let channel = listed.iter().find(|channel| channel["name"] == format!("#talk {day}")).unwrap();
        channel["id"].as_str().unwrap().to_owned()
    }

    /// What somebody reads of a day: the identity file of each author, and the text.
    pub(super) fn read(&self, reader: &Person, day: &str) -> Vec<log::Said> {
        let read = ["message", "read", "--json", "--channel", &self.channel(reader, day)];
        let people = self.people();
        let messages = self.house.run(reader, &read).expect_success().json().into_iter().enumerate();
        let messages = messages.map(|(position, message)| {
            assert_eq!(message["position"], position);
            let author = people.iter().find(|(user, _)| message["author"] == **user).unwrap();
            (author.1.clone(), message["text"].as_str().unwrap().to_owned())
        });
        messages.collect()
    }

    /// Everything that a log says is read back by the root.
    #[track_caller]
    pub(super) fn expect_all(&self, log: &Log) {
        for (day, said) in &log.said {
            assert_eq!(self.read(&self.house.root(), day), *said, "{day}");
        }
    }

    /// Users, and their identity files.
    fn people(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.path("identities").join("people")).unwrap();
        let people = entries.map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let user = text.lines().find_map(|line| line.strip_prefix("user: ")).unwrap();
            (user.to_owned(), path.file_stem().unwrap().to_str().unwrap().to_owned())
        });
        people.collect()
    }
}
