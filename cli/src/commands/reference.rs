//! `reference`: all commands with their options on one page, made of the same tree as the help; and the same as JSON.

use std::fmt::Write;

use clap::{Arg, ArgAction, Command};
use serde::Serialize;

use crate::{
    cli,
    context::Context,
    error::{CliError, Exit},
    examples,
    examples::examples_of,
    output,
};

/// Print the reference of all commands, docs/cli.md; with --json, one object for each command.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli reference > docs/cli.md", "dmpc-cli reference --json"])]
pub struct Args {}

/// A command.
#[derive(Serialize)]
struct Shown {
    /// The words that name it, behind the program's.
    path: Vec<String>,
    about: String,
    usage: String,
    examples: Vec<String>,
    /// Whether subcommands stand behind it.
    is_group: bool,
    hidden: bool,
    arguments: Vec<Argument>,
    /// Of the program alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exit_codes: Vec<ExitCode>,
}

/// An argument or an option.
#[derive(Serialize)]
struct Argument {
    name: String,
    about: String,
    variable: Option<String>,
    global: bool,
    values: Vec<String>,
    default: Option<String>,
}

#[derive(Serialize)]
struct ExitCode {
    code: u8,
    meaning: &'static str,
}

/// Runs the command.
///
/// # Errors
/// Those of stdout.
pub fn run(context: &Context, _: &Args) -> Result<(), CliError> {
    let mut command = cli::command();
    command.build();
    let mut all = Vec::new();
    walk(&mut command, &[], &mut all);
    output::list(context.json, all, |output, all| output.line(markdown(&all).trim_end()))
}

fn walk(command: &mut Command, path: &[String], all: &mut Vec<Shown>) {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
    // Those that clap gives every command.
    let arguments = arguments.filter(|argument| !matches!(argument.get_id().as_str(), "help" | "version"));
    let about = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string).unwrap_or_default();
    let exit_codes = Exit::ALL.iter().filter(|_| path.is_empty());
    all.push(Shown {
        path: path.to_vec(),
        about,
        usage,
        examples: examples_of(command),
        is_group: command.has_subcommands(),
        hidden: command.is_hide_set(),
        arguments: arguments.map(argument).collect(),
        exit_codes: exit_codes.map(|exit| ExitCode { code: exit.code(), meaning: exit.meaning() }).collect(),
    });
    for subcommand in command.get_subcommands_mut().filter(|subcommand| subcommand.get_name() != "help") {
        let path = [path, &[subcommand.get_name().to_owned()]].concat();
        walk(subcommand, &path, all);
    }
}

fn argument(argument: &Arg) -> Argument {
    let values = argument.get_value_names().unwrap_or_default().iter().map(|name| name.as_str());
    let takes_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let value = if takes_value { format!(" {}", values.collect::<Vec<_>>().join(" ")) } else { String::new() };
    let name = match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}{value}"),
        (None, Some(long)) => format!("--{long}{value}"),
        (Some(short), None) => format!("-{short}{value}"),
        (None, None) => value.trim().to_owned(),
    };
    let default = argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned());
    let possible = argument.get_possible_values();
    Argument {
        name,
        about: argument.get_help().map(ToString::to_string).unwrap_or_default(),
        variable: argument.get_env().map(|variable| variable.to_string_lossy().into_owned()),
        global: argument.is_global_set(),
        values: possible
            .iter()
            .filter(|_| takes_value && !argument.is_hide_possible_values_set())
            .map(|value| value.get_name().to_owned())
            .collect(),
        default: default
            .reduce(|all, one| format!("{all} {one}"))
            .filter(|_| takes_value && !argument.is_hide_default_value_set()),
    }
}

const INTRODUCTION: &str = "# The command line

This page is made from the help of `dmpc-cli` (`make docs`); `dmpc-cli help COMMAND` and `man dmpc-cli` say the same.

## Conventions

- Data goes to stdout, everything else to stderr. With `--json`, stdout has one JSON object on each line, and nothing else.
- Nothing is asked where nobody sits at a terminal, nor with `--no-input`; a command that needs an answer fails and says what to
  pass. `--yes` answers questions of yes or no. Bars of progress are shown at a terminal alone. `NO_COLOR` is respected.
- What counts for a setting: the option, else the variable of the environment, else the saved context, else the default.
  `dmpc-cli context show` prints what is in force and who says so.
- USER and CHANNEL are ids, the beginning of an id (4 letters behind `dmpc1` at least), names of the local address book (`dmpc-cli name`), or
  names that one user or one channel alone has at the node. What several have is an error that lists them.
- Contexts and names are kept in `$DMPC_CONFIG`, else `$XDG_CONFIG_HOME/dmpc`, else `~/.config/dmpc`; lanes and outboxes in `$DMPC_STATE`,
  else `$XDG_STATE_HOME/dmpc`, else `~/.local/state/dmpc`. Files have mode 0600.
";

fn markdown(all: &[Shown]) -> String {
    let mut page = INTRODUCTION.to_owned();
    let shown = all.iter().filter(|shown| !shown.hidden);
    for shown in shown {
        // Memory takes whatever is written.
        if section(&mut page, shown).is_err() {
            break;
        }
    }
    page
}

/// With the full stop that clap takes away.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', ':', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn section(page: &mut String, shown: &Shown) -> std::fmt::Result {
    let words = [&["dmpc-cli".to_owned()], shown.path.as_slice()].concat().join(" ");
    if shown.path.is_empty() {
        writeln!(page, "\n## Exit codes\n\n| code | meaning |\n|---|---|")?;
        for exit in &shown.exit_codes {
            writeln!(page, "| {} | {} |", exit.code, exit.meaning)?;
        }
        writeln!(page, "\n## Global options\n")?;
    } else {
        writeln!(page, "\n## {words}\n\n{}\n", sentence(&shown.about))?;
        if !shown.is_group {
            writeln!(page, "```sh\n{}\n```\n", shown.examples.join("\n"))?;
        }
        writeln!(page, "Usage: `{}`", shown.usage.replace('\n', " "))?;
    }
    let mut first = true;
    for argument in shown.arguments.iter().filter(|argument| shown.path.is_empty() || !argument.global) {
        if first && !shown.path.is_empty() {
            writeln!(page)?;
        }
        first = false;
        write!(page, "- `{}`: {}", argument.name, sentence(&argument.about))?;
        if !argument.values.is_empty() {
            write!(page, " One of {}.", argument.values.join(", "))?;
        }
        if let Some(default) = &argument.default {
            write!(page, " Default: {default}.")?;
        }
        if let Some(variable) = &argument.variable {
            write!(page, " Variable: `{variable}`.")?;
        }
        writeln!(page)?;
    }
    Ok(())
}
