//! `completions`: what a shell needs to complete commands and options.

use clap_complete::{Shell, generate};
use serde::Serialize;

use crate::{cli, context::Context, error::CliError, examples, output};

/// Print the completions for a shell.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli completions bash > ~/.local/share/bash-completion/completions/dmpc-cli",
    "dmpc-cli completions fish > ~/.config/fish/completions/dmpc-cli.fish",
])]
pub struct Args {
    /// The shell.
    shell: Shell,
}

#[derive(Serialize)]
struct Shown {
    shell: String,
    completions: String,
}

/// Runs the command.
///
/// # Errors
/// Those of stdout.
pub fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let mut command = cli::command();
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    generate(args.shell, &mut command, name, &mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    output::object(context.json, Shown { shell: args.shell.to_string(), completions: text }, |output, shown| {
        output.line(shown.completions.trim_end())
    })
}
