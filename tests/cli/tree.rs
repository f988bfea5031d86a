//! The tree of commands, as `reference --json` prints it.

use serde_json::Value;

use super::house::{Said, program};

/// A command.
pub(super) struct Listed {
    /// The words that name it, behind the program's.
    pub(super) path: Vec<String>,
    pub(super) examples: Vec<String>,
    pub(super) is_group: bool,
    pub(super) hidden: bool,
    pub(super) arguments: Vec<Value>,
    pub(super) exit_codes: Vec<Value>,
}

/// What a command prints that needs no node and no environment.
pub(super) fn plain(arguments: &[&str]) -> Said {
    Said::of(&program("dmpc-cli").env_clear().args(arguments).output().unwrap())
}

/// All commands, the program itself first.
pub(super) fn tree() -> Vec<Listed> {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let listed = |command: Value| Listed {
        path: texts(&command["path"]),
        examples: texts(&command["examples"]),
        is_group: command["is_group"].as_bool().unwrap(),
        hidden: command["hidden"].as_bool().unwrap(),
        arguments: command["arguments"].as_array().unwrap().clone(),
        exit_codes: command["exit_codes"].as_array().cloned().unwrap_or_default(),
    };
    plain(&["reference", "--json"]).expect_success().json().into_iter().map(listed).collect()
}
