//! The client in Python, run as a program of its own: a scenario, its arguments, and what it printed.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Map, Value, json};

use crate::cli::house::{House, Person};

/// What `make setup` made beside the programs.
fn interpreter() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let path = this.ancestors().nth(3).unwrap().join("interop-venv/bin/python");
    assert!(
        path.is_file(),
        "no {}: run `make setup`, which makes the environment of the client in Python",
        path.display()
    );
    path
}

/// Runs a scenario.
#[track_caller]
pub(super) fn run(scenario: &str, arguments: &Value) -> Value {
    let mut command = Command::new(interpreter());
    command.env_clear().env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("interop"));
    // Nothing is written into the clone.
    command.args(["-B", "-m", "dmpc_interop.scenarios", scenario]).arg(arguments.to_string()).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{scenario}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs a scenario at a node, over one front end, with these arguments too.
#[track_caller]
pub(super) fn run_at(house: &House, via: &str, scenario: &str, arguments: &Value) -> Value {
    let mut all =
        Map::from_iter([("via".to_owned(), via.into()), ("root".to_owned(), text(&house.root().identity).into())]);
    all.extend(addresses(house).as_object().unwrap().clone());
    all.extend(arguments.as_object().unwrap().clone());
    run(scenario, &all.into())
}

/// Where a node listens.
pub(super) fn addresses(house: &House) -> Value {
    json!({ "grpc": house.grpc(), "ws": house.ws() })
}

/// A path as an argument.
pub(super) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Somebody whose keys Python made and whom Python had the root make a user; and its id.
pub(super) fn newcomer(house: &House, name: &str, via: &'static str, permissions: &[&str]) -> (Person, String) {
    let person = house.person(name, via);
    let arguments = json!({ "file": text(&person.identity), "name": name, "permissions": permissions });
    let made = run_at(house, via, "newcomer", &arguments);
    (person, made["user"].as_str().unwrap().to_owned())
}

/// Opens a channel in Python; its id.
pub(super) fn open_channel(house: &House, opener: &Person, name: &str, members: &[&str]) -> String {
    let arguments = json!({ "identity": text(&opener.identity), "name": name, "members": members });
    run_at(house, opener.via, "open_channel", &arguments)["channel"].as_str().unwrap().to_owned()
}

/// Says texts in Python.
pub(super) fn say(house: &House, speaker: &Person, channel: &str, texts: &[&str]) {
    let arguments = json!({ "identity": text(&speaker.identity), "channel": channel, "texts": texts });
    run_at(house, speaker.via, "say", &arguments);
}

/// What somebody reads in Python: position, author, operation and text of each message.
pub(super) fn read(house: &House, reader: &Person, channel: &str) -> Vec<Value> {
    let arguments = json!({ "identity": text(&reader.identity), "channel": channel });
    run_at(house, reader.via, "read", &arguments)["messages"].as_array().unwrap().clone()
}

/// The texts of what somebody reads in Python.
pub(super) fn texts(house: &House, reader: &Person, channel: &str) -> Vec<String> {
    read(house, reader, channel).iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}
