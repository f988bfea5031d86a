//! `dmpc-node`: makes a node and runs it. Says where it listens on standard output; everything else goes to standard
//! error. Exit codes: 0 ok, 1 failure, 2 usage, 4 the store refuses to open.

mod commands;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Result;
use clap::{Parser, Subcommand};
use commands::{init::Init, serve::Serve, sources::Sources};
use dmpc_node::serve::ServeError;

/// Exit code when the store refuses to open.
const EXIT_STORE_REFUSES: u8 = 4;

/// A node of DMPC, distributed multiuser private channels.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  dmpc-node init --data data --root root.identity\n  dmpc-node serve --data data\n  \
                  dmpc-node serve --config /etc/dmpc/dmpc-node.toml\n\n\
                  Settings come from the file, the environment (DMPC_*) and flags, in that order; the last one wins.\n\n\
                  Exit codes: 0 ok, 1 failure, 2 usage, 4 the store refuses to open"
)]
struct Cli {
    #[command(flatten)]
    sources: Sources,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a node: its identity, its store, and a root user.
    Init(Init),
    /// Run a node until SIGTERM or SIGINT.
    Serve(Serve),
    /// Make everything but the log again from the log, of a node that is not running.
    Rebuild,
    /// Look at the settings that a node would have.
    Config {
        #[command(subcommand)]
        command: commands::config::Command,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let serve_error = error.downcast_ref::<ServeError>();
            let hint = match serve_error {
                Some(error) if error.is_damage_of_the_store() => "; 'dmpc-cli doctor --data DIR' says what helps",
                Some(_) | None => "",
            };
            // Without standard error there is only the exit code.
            writeln!(io::stderr(), "dmpc-node: {error:#}{hint}").ok();
            match serve_error {
                Some(error) if error.is_refusal_of_the_store() => ExitCode::from(EXIT_STORE_REFUSES),
                Some(_) | None => ExitCode::FAILURE,
            }
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let flags = match &cli.command {
        Command::Serve(arguments) => arguments.flags(),
        Command::Init(_) | Command::Rebuild | Command::Config { .. } => Vec::new(),
    };
    let layered = cli.sources.load(&flags)?;
    let config = &layered.config;
    match &cli.command {
        Command::Init(arguments) => commands::init::run(arguments, config),
        Command::Serve(_) => commands::serve::run(config),
        Command::Rebuild => commands::rebuild::run(config),
        Command::Config { command } => commands::config::run(command, &layered),
    }
}
