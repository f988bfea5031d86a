//! The client in JavaScript, run by Node as a program of its own: a scenario, its arguments, and what it printed.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Map, Value, json};

use crate::cli::house::{House, Person};

use super::python::text;

/// A program of the client, with the packages that `make setup` installed beside our programs. Its first argument names it.
pub(super) fn program(name: &str) -> Command {
    let target: PathBuf = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    assert!(
        target.join("interop-node/made-of").is_file(),
        "no {}: run `make setup`, which installs the packages of the client in JavaScript",
        target.join("interop-node").display()
    );
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/javascript/run"));
    command.env_clear().env("CARGO_TARGET_DIR", target).env("PATH", std::env::var_os("PATH").unwrap());
    // Another browser than the one that Debian installs.
    command.envs(std::env::var_os("DMPC_CHROMIUM").map(|path| ("DMPC_CHROMIUM", path)));
    command.arg(name).stdin(Stdio::null());
    command
}

/// Runs a scenario.
#[track_caller]
pub(super) fn run(scenario: &str, arguments: &Value) -> Value {
    let output = program("scenarios/main.js").arg(scenario).arg(arguments.to_string()).output().unwrap();
    assert!(output.status.success(), "{scenario}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs a scenario at a node, with these arguments too.
#[track_caller]
pub(super) fn run_at(house: &House, scenario: &str, arguments: &Value) -> Value {
    let root = house.root();
    let mut all =
        Map::from_iter([("ws".to_owned(), house.ws().into()), ("root".to_owned(), text(&root.identity).into())]);
    all.extend(arguments.as_object().unwrap().clone());
    run(scenario, &all.into())
}

/// Somebody whose keys JavaScript made and whom JavaScript had the root make a user; and its id.
pub(super) fn newcomer(house: &House, name: &str, permissions: &[&str]) -> (Person, String) {
    let person = house.person(name, "ws");
    let arguments = json!({ "file": text(&person.identity), "name": name, "permissions": permissions });
    let made = run_at(house, "newcomer", &arguments);
    (person, made["user"].as_str().unwrap().to_owned())
}

/// Opens a channel in JavaScript; its id.
pub(super) fn open_channel(house: &House, opener: &Person, name: &str, members: &[&str]) -> String {
    let arguments = json!({ "identity": text(&opener.identity), "name": name, "members": members });
    let opened = run_at(house, "open_channel", &arguments);
    assert_eq!(opened["name"], name);
    opened["channel"].as_str().unwrap().to_owned()
}

/// Says texts in JavaScript.
pub(super) fn say(house: &House, speaker: &Person, channel: &str, texts: &[&str]) {
    let arguments = json!({ "identity": text(&speaker.identity), "channel": channel, "texts": texts });
    let said = run_at(house, "say", &arguments);
    assert_eq!(said["operations"].as_array().unwrap().len(), texts.len());
}

/// What somebody reads in JavaScript: position, author, operation and text of each message.
pub(super) fn read(house: &House, reader: &Person, channel: &str) -> Vec<Value> {
    let arguments = json!({ "identity": text(&reader.identity), "channel": channel });
    run_at(house, "read", &arguments)["messages"].as_array().unwrap().clone()
}

/// The texts of what somebody reads in JavaScript.
pub(super) fn texts(house: &House, reader: &Person, channel: &str) -> Vec<String> {
    read(house, reader, channel).iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}
