//! Where conversations are tried: a node and people with identities, in a temporary directory and on free ports.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use bytes::Bytes;
use dmpc::SignedOperation;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{folder::private_folder, store::open};

/// A running node and its root.
pub(crate) struct House {
    folder: TempDir,
    node: Option<(Child, BufReader<ChildStdout>)>,
    grpc: String,
    ws: String,
    /// What it printed when it started.
    said: String,
}

/// Somebody with an identity file and a state directory of its own.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) identity: PathBuf,
    pub(crate) state: PathBuf,
    pub(crate) via: &'static str,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl House {
    /// A fresh node, running.
    pub(crate) fn new() -> Self {
        let mut house = Self::empty();
        house.init();
        house
    }

    /// A fresh node with this root, running.
    pub(crate) fn with_root(root: &Path) -> Self {
        let mut house = Self::empty();
        fs::copy(root, house.path("root.identity")).unwrap();
        house.init();
        house
    }

    pub(crate) fn empty() -> Self {
        let any = "127.0.0.1:0".to_owned();
        Self { folder: private_folder(), node: None, grpc: any.clone(), ws: any, said: String::new() }
    }

    fn init(&mut self) {
        self.make();
        self.start();
    }

    /// Makes the node, with the root that there is or a new one.
    pub(crate) fn make(&self) {
        let (data, root) = (self.path("node"), self.path("root.identity"));
        let init = program("dmpc-node").args(["init", "--data"]).arg(data).arg("--root").arg(root).output().unwrap();
        assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    }

    /// Starts the node, at the addresses that it had before.
    pub(crate) fn start(&mut self) {
        self.start_with(&[]);
    }

    /// Starts the node with these settings in its environment, at addresses that are free.
    pub(crate) fn start_elsewhere_with(&mut self, settings: &[(&str, &str)]) {
        let any = "127.0.0.1:0".to_owned();
        (self.grpc, self.ws) = (any.clone(), any);
        self.start_with(settings);
    }

    /// The same, with these settings in its environment.
    pub(crate) fn start_with(&mut self, settings: &[(&str, &str)]) {
        let mut node = program("dmpc-node")
            .envs(settings.iter().copied())
            .args(["serve", "--grpc", &self.grpc, "--ws", &self.ws, "--data"])
            .arg(self.path("node"))
            .stdout(Stdio::piped())
            .stderr(File::create(self.path("node.err")).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(node.stdout.take().unwrap());
        let mut said = String::new();
        while !said.lines().any(|line| line.starts_with("ready")) {
            let read = stdout.read_line(&mut said).unwrap();
            assert_ne!(read, 0, "{}", fs::read_to_string(self.path("node.err")).unwrap());
        }
        let mut addresses = said.split([' ', '/', '=', '\n']).filter(|word| word.starts_with("127.0.0.1:"));
        self.grpc = addresses.next().unwrap().to_owned();
        self.ws = addresses.next().unwrap().to_owned();
        self.said = said;
        self.node = Some((node, stdout));
    }

    /// SIGKILL.
    pub(crate) fn stop(&mut self) {
        if let Some((mut node, _)) = self.node.take() {
            node.kill().unwrap();
            node.wait().unwrap();
        }
    }

    /// A path in the temporary directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What it printed behind this word when it started.
    #[track_caller]
    pub(crate) fn said(&self, word: &str) -> &str {
        self.said.lines().find_map(|line| line.strip_prefix(word)).unwrap()
    }

    /// Where gRPC listens.
    pub(crate) fn grpc(&self) -> &str {
        &self.grpc
    }

    /// The id of its node.
    pub(super) fn node(&self) -> String {
        let identity = fs::read_to_string(self.path("node").join("node.identity")).unwrap();
        let identity = dmpc::Identity::from_text(&identity).unwrap();
        let recipient = identity.encryption.encryption_key().unwrap();
        dmpc::identity::node_id(&identity.signing.verifying_key(), &recipient).to_string()
    }

    /// Where websocket listens.
    pub(crate) fn ws(&self) -> &str {
        &self.ws
    }

    /// The root user.
    pub(crate) fn root(&self) -> Person {
        self.person("root", "grpc")
    }

    /// Somebody whose identity is not made yet.
    pub(crate) fn person(&self, name: &str, via: &'static str) -> Person {
        Person { identity: self.path(&format!("{name}.identity")), state: self.path(&format!("{name}.state")), via }
    }

    /// Somebody whom the root made a user; and its id.
    pub(crate) fn user(&self, name: &str, via: &'static str, permissions: &str) -> (Person, String) {
        let person = self.person(name, via);
        let file = person.identity.to_str().unwrap();
        self.run(&person, &["identity", "new", file]).expect_success();
        let create = ["user", "create", "--user", file, "--name", name, "--permissions", permissions];
        let id = self.run(&self.root(), &create).expect_success().line();
        (person, id)
    }

    /// A command as somebody, not started yet.
    pub(crate) fn command(&self, person: &Person, arguments: &[&str]) -> Command {
        let mut command = program("dmpc-cli");
        command.env_clear().env("DMPC_STATE", &person.state);
        command.args(["--grpc", &self.grpc, "--ws", &self.ws, "--via", person.via, "--identity"]);
        command.arg(&person.identity).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs a command as somebody.
    pub(crate) fn run(&self, person: &Person, arguments: &[&str]) -> Said {
        Said::of(&self.command(person, arguments).output().unwrap())
    }

    /// Runs a command as somebody, with this on stdin.
    pub(crate) fn run_with(&self, person: &Person, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(person, arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Said::of(&child.wait_with_output().unwrap())
    }

    /// Runs commands as somebody, each with what the one before printed on stdin; what the last one said. All but the last
    /// must succeed.
    pub(crate) fn pipe(&self, person: &Person, input: &str, commands: &[&[&str]]) -> Said {
        let (last, others) = commands.split_last().unwrap();
        let mut passed = input.to_owned();
        for command in others {
            passed = self.run_with(person, command, &passed).expect_success().stdout;
        }
        self.run_with(person, last, &passed)
    }

    /// Says something in a channel.
    pub(crate) fn say(&self, person: &Person, channel: &str, text: &str) -> Said {
        self.run(person, &["message", "send", "--channel", channel, text])
    }

    /// What somebody reads in a channel.
    pub(crate) fn texts(&self, person: &Person, channel: &str) -> Vec<String> {
        let read = self.run(person, &["message", "read", "--json", "--channel", channel]).expect_success();
        read.json().iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Every message that the node accepted in a channel, as it was signed. Stops the node.
    pub(crate) fn accepted(&mut self, channel: &str) -> Vec<SignedOperation> {
        self.stop();
        let (_writer, reader) = open(&self.path("node").join("store"));
        let (channel, mut accepted, mut cursor) = (channel.parse().unwrap(), Vec::new(), Some(Bytes::new()));
        while let Some(from) = cursor {
            let page = reader.messages(&channel, &from, 1_000, false).unwrap();
            accepted.extend(page.items.into_iter().map(|item| SignedOperation::decode(item.operation).unwrap()));
            cursor = page.cursor;
        }
        accepted
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Person {
    /// The outbox of the one user in its state directory.
    pub(crate) fn outbox(&self) -> PathBuf {
        let only = |directory: &Path| {
            let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
            let directories: Vec<_> = entries.filter(|path| path.is_dir()).collect();
            assert_eq!(directories.len(), 1, "{directories:?}");
            directories[0].clone()
        };
        only(&only(&self.state)).join("outbox")
    }

    /// The same person with an identity file that was copied.
    pub(crate) fn with_copied_identity(&self) -> Self {
        let copy = self.identity.with_extension("copy");
        fs::copy(&self.identity, &copy).unwrap();
        Self { identity: copy, ..self.clone() }
    }
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// That it succeeded.
    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// That it failed with this code, printed nothing, and said these words in one line.
    #[track_caller]
    pub(crate) fn expect_failure(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.stdout, "");
        let lines: Vec<&str> = self.stderr.lines().filter(|line| !line.starts_with("hint: ")).collect();
        assert_eq!(lines.len(), 1, "{}", self.stderr);
        assert!(lines[0].starts_with("error: "), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "'{word}' is not in: {}", self.stderr);
        }
    }

    /// That it failed with this code and these words, whatever it printed before.
    #[track_caller]
    pub(super) fn stderr_has(&self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.stderr.contains(words), "'{words}' is not in: {}", self.stderr);
    }

    /// The one line that it printed.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        self.stdout.trim_end().to_owned()
    }

    /// The JSON objects that it printed.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A program beside the folder of this test.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let this = std::env::current_exe().unwrap();
    let path = this.parent().unwrap().parent().unwrap().join(Path::new(name.as_ref()));
    assert!(path.is_file(), "no {}: build the programs first", path.display());
    Command::new(path)
}
