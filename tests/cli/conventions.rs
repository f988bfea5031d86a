//! What every command keeps to: help that begins with examples, options with variables, a reference that is up to date.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    house::{Said, program},
    tree::{Listed, plain, tree},
};
use crate::support::folder::private_folder;

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

#[test]
fn every_help_begins_with_examples_of_the_command() {
    for Listed { path, examples, is_group, .. } in tree() {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let help = plain(&[words.as_slice(), &["--help"]].concat()).expect_success().stdout;
        assert!(help.starts_with("Examples:\n  dmpc-cli "), "{path:?}: {help}");
        let own = ["dmpc-cli".to_owned()].into_iter().chain(path.clone()).collect::<Vec<_>>().join(" ");
        let shown = |example: &String| {
            is_group || path.is_empty() || example.contains(&own) || example.contains(&path.join(" "))
        };
        assert!(examples.iter().any(shown), "{path:?}: {examples:?}");
    }
}

#[test]
fn every_example_is_a_command_that_the_parser_takes() {
    let (folder, programs) = (private_folder(), program("dmpc-cli").get_program().to_owned());
    for example in tree().into_iter().flat_map(|listed| listed.examples) {
        // Each command of a pipe by itself, with nobody to talk to.
        for command in example.split(" | ") {
            let line = command.split(['<', '>']).next().unwrap();
            let output = Command::new("bash")
                .args(["-c", &format!("PATH=\"$(dirname \"$PROGRAM\"):$PATH\" {line}")])
                .current_dir(folder.path())
                .env_clear()
                .env("PROGRAM", &programs)
                .env("PATH", "/usr/bin:/bin")
                .env("HOME", folder.path())
                .env("DMPC_GRPC", "127.0.0.1:1")
                .env("DMPC_WS", "127.0.0.1:1")
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let said = Said::of(&output);
            assert!(!said.stderr.contains("shows how it is used"), "{line}: {}", said.stderr);
        }
    }
}

#[test]
fn every_global_option_has_a_variable_of_its_name() {
    let tree = tree();
    let globals: Vec<_> = tree[0].arguments.iter().filter(|argument| argument["global"] == true).collect();
    assert!(globals.len() >= 12, "{globals:?}");
    for argument in globals {
        let name = argument["name"].as_str().unwrap().split(' ').next().unwrap();
        let variable = format!("DMPC_{}", name.trim_start_matches("--").replace('-', "_").to_uppercase());
        assert_eq!(argument["variable"], variable.as_str());
    }
}

#[test]
fn every_command_takes_the_global_options() {
    for listed in tree().iter().filter(|listed| !listed.is_group) {
        let takes =
            |name: &str| listed.arguments.iter().any(|argument| argument["name"].as_str().unwrap().starts_with(name));
        for name in ["--json", "--yes", "--no-input", "--context", "--identity"] {
            assert!(takes(name), "{:?} does not take {name}", listed.path);
        }
    }
}

#[test]
fn the_reference_in_the_docs_is_that_of_the_program() {
    let reference = plain(&["reference"]).expect_success().stdout;
    let kept = fs::read_to_string(repository("docs/cli.md")).unwrap_or_default();
    assert!(reference == kept, "docs/cli.md is not up to date: make docs writes it");
}

#[test]
fn the_readme_lists_the_exit_codes_of_the_program() {
    let tree = tree();
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    for exit in &tree[0].exit_codes {
        let row = format!("| {} | {} |", exit["code"], exit["meaning"].as_str().unwrap());
        assert!(readme.contains(&row), "{row}");
    }
}

#[test]
fn flags_are_set_by_variables_and_unset_by_false_ones() {
    let json = |value: &str| {
        let output = program("dmpc-cli").env_clear().env("DMPC_JSON", value).args(["name", "list"]).output().unwrap();
        Said::of(&output).expect_success().stdout
    };
    assert_eq!(json("1"), "");
    assert_eq!(json("true"), "");
    assert!(json("0").starts_with("NAME"));
    assert!(json("false").starts_with("NAME"));
}

#[test]
fn a_terminal_without_colours_gets_none() {
    let shown = |variable: Option<&str>| {
        let mut command = Command::new("script");
        let line = format!("{} --help", program("dmpc-cli").get_program().display());
        command.args(["-q", "-e", "-c", &line, "/dev/null"]).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        if let Some(variable) = variable {
            command.env(variable, "1");
        }
        Said::of(&command.stdin(Stdio::null()).output().unwrap()).expect_success().stdout
    };
    assert!(shown(None).contains("\u{1b}["), "a terminal is shown colours");
    assert!(!shown(Some("NO_COLOR")).contains("\u{1b}["));
}
