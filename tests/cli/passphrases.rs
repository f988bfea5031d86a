//! Identity files with a passphrase: they open with it, with nothing else, and nobody waits for one that cannot be typed.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use tempfile::TempDir;

use super::house::{House, Person, Said, program};
use crate::support::folder::private_folder;

const PASSPHRASE: &str = "correct horse battery staple";

fn cli(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = program("dmpc-cli");
    command.env_clear().current_dir(folder).args(arguments).stdin(Stdio::null());
    Said::of(&command.output().unwrap())
}

fn secret_file(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
    fs::set_permissions(folder.join(name), Permissions::from_mode(0o600)).unwrap();
}

/// A directory with a protected identity, and its user.
fn protected() -> (TempDir, String) {
    let folder = private_folder();
    secret_file(folder.path(), "right", &format!("{PASSPHRASE}\n"));
    secret_file(folder.path(), "wrong", "incorrect horse\n");
    let new = ["--passphrase-file", "right", "identity", "new", "--passphrase", "alice.identity"];
    let user = cli(folder.path(), &new).expect_success().line();
    (folder, user)
}

#[test]
fn a_protected_identity_opens_with_its_passphrase_and_with_no_other() {
    let (folder, user) = protected();
    let text = fs::read_to_string(folder.path().join("alice.identity")).unwrap();
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") && !text.contains("SIGNING"), "{text}");
    let mode = fs::metadata(folder.path().join("alice.identity")).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600);
    let show = |options: &[&str]| {
        let arguments: Vec<&str> = options.iter().chain(&["identity", "show", "alice.identity"]).copied().collect();
        cli(folder.path(), &arguments)
    };
    assert!(show(&["--passphrase-file", "right"]).expect_success().stdout.contains(&user));
    show(&["--passphrase-file", "wrong"]).expect_failure(5, &["alice.identity: the passphrase is wrong"]);
    show(&[])
        .expect_failure(5, &["nobody can be asked", "hint: pass --passphrase-file FILE or set DMPC_PASSPHRASE_FILE"]);
    show(&["--passphrase-file", "absent"]).expect_failure(5, &["absent"]);
    secret_file(folder.path(), "empty", "\n");
    show(&["--passphrase-file", "empty"]).expect_failure(5, &["the passphrase is empty"]);
    secret_file(folder.path(), "long", &"x".repeat(1025));
    show(&["--passphrase-file", "long"]).expect_failure(5, &["more than 1024 bytes"]);
    fs::set_permissions(folder.path().join("right"), Permissions::from_mode(0o640)).unwrap();
    show(&["--passphrase-file", "right"]).expect_failure(5, &["mode 0640", "hint: chmod 600"]);
}

#[test]
fn a_passphrase_comes_from_the_environment_or_an_open_file_too() {
    let (folder, user) = protected();
    let mut command = program("dmpc-cli");
    command.env_clear().env("DMPC_PASSPHRASE_FILE", "right").current_dir(folder.path());
    let said = Said::of(&command.args(["identity", "show", "alice.identity"]).output().unwrap());
    assert!(said.expect_success().stdout.contains(&user));
    let mut shell = std::process::Command::new("sh");
    let cli = program("dmpc-cli").get_program().to_owned();
    shell.current_dir(folder.path()).env("CLI", cli);
    let line = "cat right | \"$CLI\" --passphrase-file /dev/fd/3 identity show alice.identity 3<&0 </dev/null";
    let said = Said::of(&shell.args(["-c", line]).output().unwrap());
    assert!(said.expect_success().stdout.contains(&user));
}

#[test]
fn a_passphrase_is_set_changed_and_removed() {
    let (folder, user) = protected();
    let run = |arguments: &[&str]| cli(folder.path(), arguments);
    let shows = |options: &[&str]| {
        let arguments: Vec<&str> = options.iter().chain(&["identity", "show", "alice.identity"]).copied().collect();
        run(&arguments).stdout.contains(&user)
    };
    secret_file(folder.path(), "new", "another one");
    let change = ["identity", "passphrase", "alice.identity", "--new-passphrase-file", "new"];
    let with =
        |file: &'static str| -> Vec<&str> { ["--passphrase-file", file].iter().chain(&change).copied().collect() };
    run(&with("wrong")).expect_failure(5, &["the passphrase is wrong"]);
    assert!(shows(&["--passphrase-file", "right"]));
    run(&with("right")).expect_success();
    assert!(shows(&["--passphrase-file", "new"]) && !shows(&["--passphrase-file", "right"]));
    run(&["--passphrase-file", "new", "identity", "passphrase", "alice.identity"])
        .expect_failure(5, &["nobody can be asked for a new passphrase"]);
    run(&["--passphrase-file", "new", "identity", "passphrase", "alice.identity", "--remove"]).expect_success();
    assert!(shows(&[]));
    assert!(fs::read_to_string(folder.path().join("alice.identity")).unwrap().contains("DMPC-SIGNING-KEY-1"));
    run(&change).expect_success();
    assert!(shows(&["--passphrase-file", "new"]) && !shows(&[]));
    let mode = fs::metadata(folder.path().join("alice.identity")).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "nothing is left over: {names:?}");
}

#[test]
fn a_file_that_asks_for_too_much_work_is_refused_at_once() {
    let (folder, _) = protected();
    let path = folder.path().join("alice.identity");
    let text = fs::read_to_string(&path).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    let sealed = BASE64_STANDARD.decode(body).unwrap();
    let stanza = String::from_utf8_lossy(&sealed).lines().nth(1).unwrap().to_owned();
    assert!(stanza.starts_with("-> scrypt ") && stanza.ends_with(" 17"), "{stanza}");
    for work in ["30", "63", "20"] {
        let hostile = format!("{} {work}", stanza.rsplit_once(' ').unwrap().0);
        let at = sealed.windows(stanza.len()).position(|window| window == stanza.as_bytes()).unwrap();
        let mut bytes = sealed.clone();
        bytes.splice(at..at + stanza.len(), hostile.bytes());
        let lines: Vec<String> = BASE64_STANDARD
            .encode(bytes)
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into())
            .collect();
        let armor =
            format!("-----BEGIN AGE ENCRYPTED FILE-----\n{}\n-----END AGE ENCRYPTED FILE-----\n", lines.join("\n"));
        fs::write(&path, armor).unwrap();
        let begun = Instant::now();
        cli(folder.path(), &["--passphrase-file", "right", "identity", "show", "alice.identity"])
            .expect_failure(5, &[&format!("N = 2^{work}; more than 2^19 is refused")]);
        // 2^30 would take a tebibyte and an hour; a slow machine has time enough.
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    let damaged = cli(folder.path(), &["--passphrase-file", "right", "identity", "show", "alice.identity"]);
    damaged.expect_failure(5, &["damaged"]);
}

#[test]
fn a_protected_identity_signs_and_asks_like_any_other() {
    let house = House::new();
    secret_file(&house.path(""), "passphrase", PASSPHRASE);
    let passphrase = house.path("passphrase");
    let alice = house.person("alice", "ws");
    let (file, passphrase) = (alice.identity.to_str().unwrap(), passphrase.to_str().unwrap());
    house.run(&alice, &["--passphrase-file", passphrase, "identity", "new", "--passphrase", file]).expect_success();
    let create = ["--passphrase-file", passphrase, "user", "create", "--user", file, "--permissions", "channel.add"];
    house.run(&house.root(), &create).expect_success();
    let run = |person: &Person, arguments: &[&str]| {
        let arguments: Vec<&str> = ["--passphrase-file", passphrase].iter().chain(arguments).copied().collect();
        house.run(person, &arguments)
    };
    let channel = run(&alice, &["channel", "open", "tea"]).expect_success().line();
    run(&alice, &["message", "send", "--channel", &channel, "hello"]).expect_success();
    assert!(run(&alice, &["message", "read", "--channel", &channel]).expect_success().stdout.contains("hello"));
    house.say(&alice, &channel, "without it").expect_failure(5, &["nobody can be asked"]);
}
