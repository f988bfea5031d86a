//! Secrets are printed and logged by nobody: everything that commands and node say in a long conversation is searched for them.

use std::{cell::RefCell, fs};

use super::house::{House, Person};

const PASSPHRASE: &str = "correct horse battery staple";
const TEXT: &str = "the key is under the third pot";

/// What in an identity file is secret.
fn secrets(person: &Person) -> Vec<String> {
    let text = fs::read_to_string(&person.identity).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(name, _)| matches!(*name, "signing" | "encryption")).map(|(_, value)| value.to_lowercase()).collect()
}

#[test]
fn no_command_and_no_log_says_a_secret() {
    let house = House::new();
    let said = RefCell::new(String::new());
    let run = |person: &Person, arguments: &[&str], input: &str| {
        let heard = house.run_with(person, arguments, input);
        said.borrow_mut().extend([heard.stdout.as_str(), "\n", heard.stderr.as_str(), "\n"]);
        heard
    };
    let (root, alice, bob) = (house.root(), house.person("alice", "grpc"), house.person("bob", "ws"));
    let new = |person: &Person, name: &str| {
        let generate = ["user", "generate", "--name", name, person.identity.to_str().unwrap()];
        let user = run(person, &generate, "").expect_success().stdout;
        let draft = run(&root, &["operation", "generate", "user", "create", "--permissions", "all"], &user).stdout;
        let signed = run(&root, &["operation", "sign"], &draft).stdout;
        let packed = run(&root, &["transaction", "generate", "-r", "node"], &signed).stdout;
        run(&root, &["transaction", "run"], &packed).expect_success();
    };
    new(&alice, "alice");
    new(&bob, "bob");
    let mut searched: Vec<String> = [&root, &alice, &bob].into_iter().flat_map(secrets).collect();
    assert_eq!(searched.len(), 6);

    let channel = run(&alice, &["channel", "generate", "--name", "tea", "--member", "bob:rw"], "").stdout;
    let open = run(&alice, &["operation", "generate", "channel", "open"], &channel).stdout;
    let message = ["operation", "generate", "channel", "message", "tea", TEXT];
    let mut drafts = vec![open];
    for draft in 0..2 {
        let signed = run(&alice, &["operation", "sign"], &drafts[draft]).stdout;
        for show in [&["operation", "show"][..], &["operation", "show", "--json"]] {
            run(&bob, show, &drafts[draft]).expect_success();
            run(&bob, show, &signed).expect_success();
        }
        let packed = run(&alice, &["transaction", "generate", "-r", "node", "--seal-answers"], &signed).stdout;
        run(&bob, &["transaction", "show"], &packed).expect_success();
        let acks = run(&bob, &["transaction", "run"], &packed).expect_success().stdout;
        run(&alice, &["transaction", "show"], &acks).expect_success();
        if draft == 0 {
            drafts.push(run(&alice, &message, "").expect_success().stdout);
        }
    }
    // What goes wrong says no secrets either: an identity where an object should be, and the reverse.
    let identity = fs::read_to_string(&alice.identity).unwrap();
    for command in [
        &["operation", "sign"][..],
        &["operation", "show"],
        &["transaction", "run"],
        &["user", "create", "--user", "-"],
    ] {
        assert_ne!(run(&alice, command, &identity).code, 0, "{command:?}");
        let as_json = format!(r#"{{"type":"{}","bytes":""}}"#, identity.replace('\n', " "));
        assert_ne!(run(&alice, command, &as_json).code, 0, "{command:?}");
    }
    let file = house.path("passphrase");
    fs::write(&file, PASSPHRASE).unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (file, path) = (file.to_str().unwrap(), alice.identity.to_str().unwrap());
    run(&alice, &["identity", "passphrase", path, "--new-passphrase-file", file], "").expect_success();
    run(&alice, &["--passphrase-file", file, "identity", "show", path], "").expect_success();
    run(&alice, &["identity", "show", path], "").expect_failure(5, &["nobody can be asked"]);
    searched.push(PASSPHRASE.to_owned());

    let mut said = said.into_inner();
    assert!(!said.contains(TEXT), "nothing printed the message so far");
    said.push_str(&fs::read_to_string(house.path("node.err")).unwrap());
    let said = said.to_lowercase();
    assert!(said.contains("operation") && said.len() > 10_000, "the search has something to search in");
    for secret in searched {
        // Not even the greater part of one.
        for part in [&secret[..secret.len() - 8], &secret[8..]] {
            assert!(!said.contains(part), "something said {}...", &secret[..12]);
        }
    }
    let log = fs::read_to_string(house.path("node.err")).unwrap();
    assert!(!log.contains(TEXT));
}
