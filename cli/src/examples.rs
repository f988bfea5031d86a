//! Examples, with which the help of every command begins. They stand beside the arguments of their command; those of a command
//! with subcommands are the first ones of its subcommands.

use clap::Command;

/// The line above examples.
const HEADING: &str = "Examples:";

/// The examples of a command, one line each, as its help begins with them.
#[macro_export]
macro_rules! examples {
    ($($line:literal),+ $(,)?) => { concat!("Examples:" $(, "\n  ", $line)+, "\n") };
}

/// The examples of a command, without the line above them.
pub fn examples_of(command: &Command) -> Vec<String> {
    let text = command.get_before_help().map(ToString::to_string).unwrap_or_default();
    text.lines().filter(|line| *line != HEADING && !line.is_empty()).map(|line| line.trim().to_owned()).collect()
}

/// Gives commands with subcommands the first example of each of these.
pub fn with_examples_of_subcommands(command: Command) -> Command {
    let mut firsts = Vec::new();
    let command = command.mut_subcommands(|subcommand| {
        let subcommand = with_examples_of_subcommands(subcommand);
        firsts.extend(examples_of(&subcommand).into_iter().next().filter(|_| !subcommand.is_hide_set()));
        subcommand
    });
    if firsts.is_empty() || command.get_before_help().is_some() {
        return command;
    }
    command.before_help(format!("{HEADING}\n  {}\n", firsts.join("\n  ")))
}
