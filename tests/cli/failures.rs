//! What goes wrong is one line on stderr, nothing on stdout, and the documented exit code.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
};

use super::house::{House, Person, program};

const NOBODY: &str = "dmpc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";

/// An address at which nobody listens.
fn silent() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn a_wrong_command_line_is_wrong_usage() {
    let house = House::new();
    let root = house.root();
    for (arguments, words) in [
        (vec!["channel", "frobnicate"], vec!["frobnicate"]),
        (vec!["message", "send"], vec!["--channel"]),
        (vec!["message", "read", "--channel", "x", "--limit", "0"], vec!["--limit"]),
        (vec!["user", "create", "--user", "x", "--permissions", "everything"], vec!["everything", "user.add"]),
        (vec!["channel", "open", "tea", "--member", "bob"], vec!["USER:RIGHTS"]),
        (vec!["user", "show", NOBODY], vec!["no user id"]),
        (vec!["message", "read", "--channel", "dmpcchannel1qqq"], vec!["too little of a channel id"]),
        (vec!["message", "send", "--channel", "x", ""], vec!["empty"]),
        (vec!["listen", "--channel", "x", "--after", "xyz"], vec!["--after"]),
    ] {
        house.run(&root, &arguments).expect_failure(2, &words);
    }
}

#[test]
fn help_is_not_a_failure() {
    let output = program("dmpc-cli").arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
    assert!(String::from_utf8(output.stdout).unwrap().contains("0  done"));
}

#[test]
fn without_an_identity_nothing_is_asked() {
    let house = House::new();
    let output = program("dmpc-cli").env_clear().args(["channel", "list"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("hint: pass --identity FILE"));
    let absent = Person { identity: house.path("absent.identity"), ..house.root() };
    house.run(&absent, &["channel", "list"]).expect_failure(5, &["absent.identity", "there is no identity file"]);
}

#[test]
fn a_node_that_does_not_answer_cannot_be_reached() {
    let mut house = House::new();
    let root = house.root();
    house.stop();
    for via in ["grpc", "ws"] {
        let root = Person { via, ..root.clone() };
        house.run(&root, &["channel", "list"]).expect_failure(4, &["no node answers", "refused"]);
    }
    let other = silent();
    let mut command: Command = house.command(&root, &["user", "list", "--grpc", &other]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8(output.stderr).unwrap().contains(&other));
    house.run(&root, &["user", "list", "--grpc", "no address"]).expect_failure(2, &["--grpc", "HOST:PORT"]);
}

#[test]
fn what_listens_there_may_be_no_node() {
    let house = House::new();
    let (root, ws) = (house.root(), house.ws().to_owned());
    house.run(&root, &["user", "list", "--grpc", &ws]).expect_failure(4, &[]);
}

#[test]
fn who_is_no_user_is_denied() {
    let house = House::new();
    for via in ["grpc", "ws"] {
        let stranger = house.person(via, via);
        house.run(&stranger, &["identity", "new", stranger.identity.to_str().unwrap()]).expect_success();
        house.run(&stranger, &["channel", "list"]).expect_failure(5, &["unknown_user"]);
    }
}

#[test]
fn what_the_node_does_not_know_is_not_found() {
    let house = House::new();
    let root = house.root();
    let stranger = house.person("stranger", "grpc");
    let id = house.run(&stranger, &["identity", "new", stranger.identity.to_str().unwrap()]).expect_success().line();
    house.run(&root, &["user", "show", &id]).expect_failure(1, &["knows no user", &id]);
    house.run(&root, &["channel", "open", "tea", "--member", &format!("{id}:rw")]).expect_failure(1, &[&id]);
    house.run(&root, &["user", "create", "--user", "absent.json"]).expect_failure(1, &["absent.json"]);
    let channel = dmpc::ChannelId::from_bytes([1; 32]).to_string();
    house.run(&root, &["message", "read", "--channel", &channel]).expect_failure(1, &["unknown_channel"]);
}

#[test]
fn nobody_reading_any_more_is_a_quiet_end() {
    let house = House::new();
    let root = house.root();
    let mut command = house.command(&root, &["user", "list"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
}
