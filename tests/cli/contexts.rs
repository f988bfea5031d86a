//! Contexts: settings under names, and which of them count.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;

use super::house::{House, Said, program};
use crate::support::folder::private_folder;

/// Runs a command with these variables and no others.
fn run(home: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = program("dmpc-cli");
    command.env_clear().env("HOME", home).envs(variables.iter().copied()).args(arguments).current_dir(home);
    Said::of(&command.output().unwrap())
}

/// What is in force for a setting, and who says so.
fn in_force(home: &Path, variables: &[(&str, &str)], options: &[&str], name: &str) -> (String, String) {
    let shown = run(home, variables, &[options, &["context", "show", "--json"]].concat()).expect_success().json();
    let rows = shown[0]["settings"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == name).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&row["value"]), text(&row["source"]))
}

#[test]
fn an_option_counts_before_a_variable_before_the_context_before_the_default() {
    let folder = private_folder();
    let home = folder.path();
    let default = ("127.0.0.1:64928".to_owned(), "default".to_owned());
    assert_eq!(in_force(home, &[], &[], "grpc"), default);
    run(home, &[], &["--grpc", "context:1", "context", "add", "home", "--use"]).expect_success();
    assert_eq!(in_force(home, &[], &[], "grpc"), ("context:1".to_owned(), "context".to_owned()));
    let variable = [("DMPC_GRPC", "variable:2")];
    assert_eq!(in_force(home, &variable, &[], "grpc"), ("variable:2".to_owned(), "environment".to_owned()));
    let option = ["--grpc", "option:3"];
    assert_eq!(in_force(home, &variable, &option, "grpc"), ("option:3".to_owned(), "option".to_owned()));
    run(home, &[], &["context", "use", "--none"]).expect_success();
    assert_eq!(in_force(home, &[], &[], "grpc"), default);
    let chosen = [("DMPC_CONTEXT", "home")];
    assert_eq!(in_force(home, &chosen, &[], "grpc").0, "context:1");
}

#[test]
fn a_context_is_a_private_file_below_the_directory_of_configuration() {
    let folder = private_folder();
    let (home, elsewhere) = (folder.path(), folder.path().join("xdg"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    run(home, &[], &["--ws", "a:1", "context", "add", "home"]).expect_success();
    assert_eq!(mode(&home.join(".config/dmpc/contexts/home.toml")), 0o600);
    assert_eq!(mode(&home.join(".config/dmpc")), 0o700);
    let xdg = [("XDG_CONFIG_HOME", elsewhere.to_str().unwrap())];
    run(home, &xdg, &["context", "add", "work"]).expect_success();
    assert!(elsewhere.join("dmpc/contexts/work.toml").exists());
    let own = home.join("own");
    run(home, &[], &["--config", own.to_str().unwrap(), "context", "add", "work"]).expect_success();
    assert!(own.join("contexts/work.toml").exists());
}

#[test]
fn a_context_that_is_not_there_or_damaged_is_one_line_and_can_be_mended() {
    let folder = private_folder();
    let home = folder.path();
    run(home, &[], &["--context", "work", "user", "list"]).expect_failure(2, &["no context 'work'", "context list"]);
    run(home, &[], &["context", "add", "../work"]).expect_failure(2, &["cannot be the name of a context"]);
    run(home, &[], &["context", "add", "home", "--use"]).expect_success();
    run(home, &[], &["context", "add", "home"]).expect_failure(2, &["--replace"]);
    fs::write(home.join(".config/dmpc/contexts/home.toml"), "grcp = \"a:1\"\n").unwrap();
    run(home, &[], &["user", "list"]).expect_failure(1, &["home.toml", "grcp"]);
    run(home, &[], &["context", "add", "home", "--replace"]).expect_success();
    run(home, &[], &["context", "remove", "home"]).expect_success();
    assert_eq!(in_force(home, &[], &[], "grpc").1, "default");
}

#[test]
fn a_context_with_an_identity_replaces_the_options_and_pins_the_node() {
    let (house, other) = (House::new(), House::new());
    let folder = private_folder();
    let home = folder.path();
    let identity = house.path("root.identity");
    let given = ["--grpc", house.grpc(), "--ws", house.ws(), "--identity", identity.to_str().unwrap()];
    let shown = run(home, &[], &[&given[..], &["context", "add", "home", "--pin", "--use", "--json"]].concat());
    assert_eq!(shown.expect_success().json()[0]["node"], house.node());
    for via in ["grpc", "ws"] {
        let said = run(home, &[], &["--via", via, "user", "show", "--json"]).expect_success();
        assert_eq!(said.json()[0]["root"], true);
    }
    run(home, &[], &["--grpc", other.grpc(), "user", "show"]).expect_failure(4, &["answers, not"]);
}
