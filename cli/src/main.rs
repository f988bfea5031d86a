//! The command line of DMPC: identities, users, channels, messages, import, audit.
//!
//! Clock, randomness and environment are read here (and in `clock.rs` and `directories.rs`) and handed to every command in a
//! [`context::Context`].

use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches, error::ErrorKind};

pub mod answer;
pub mod bench;
pub mod checkpoint;
pub mod cli;
pub mod client;
pub mod clock;
pub mod commands;
pub mod context;
pub mod contexts;
pub mod directories;
pub mod epochs;
pub mod error;
pub mod examples;
pub mod hex;
pub mod identity_file;
pub mod import;
pub mod keyring;
pub mod lane;
pub mod load;
pub mod local;
pub mod member_list;
pub mod message_line;
pub mod message_text;
pub mod names;
pub mod naming;
pub mod node;
pub mod node_directory;
pub mod object;
pub mod opening;
pub mod outbox;
pub mod output;
pub mod own_lane;
pub mod passphrase;
pub mod progress;
pub mod recipients;
pub mod rights;
pub mod seen;
pub mod session;
pub mod settings;
pub mod signer;
pub mod terminal;
pub mod time;
pub mod view;
pub mod wrapping;
pub mod writer;

use cli::{Cli, Command, Globals};
use client::Via;
use context::Context;
use contexts::Contexts;
use error::{CliError, Exit};
use naming::AddressBook;
use passphrase::Passphrases;
use settings::Settings;
use terminal::Terminal;

fn main() -> ExitCode {
    let parsed = cli::command().try_get_matches().and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&CliError::command(Exit::Failed, error, None)),
    };
    match runtime.block_on(run(cli, &matches)) {
        Ok(()) => Exit::Ok.into(),
        Err(error) => report(&error),
    }
}

async fn run(cli: Cli, matches: &ArgMatches) -> Result<(), CliError> {
    let Cli { globals, command } = cli;
    // These do not need a context, and mend one that is broken.
    let needs_none =
        matches!(command, Command::Context(_) | Command::Completions(_) | Command::Man(_) | Command::Reference(_));
    let (chosen, given) = (globals.context.clone(), globals.settings.clone());
    let context = if needs_none { context_without_saved(globals) } else { context_of(globals)? };
    match command {
        Command::Identity(command) => commands::identity::run(&context, command).await,
        Command::User(command) => commands::user::run(&context, command).await,
        Command::Channel(command) => commands::channel::run(&context, command).await,
        Command::Message(command) => commands::message::run(&context, command).await,
        Command::Operation(command) => commands::operation::run(&context, command).await,
        Command::Transaction(command) => commands::transaction::run(&context, command).await,
        Command::Listen(args) => commands::listen::run(&context, args).await,
        Command::Import(args) => commands::import::run(&context, args).await,
        Command::Evidence(command) => commands::evidence::run(&context, command).await,
        Command::Backup(command) => commands::backup::run(&context, command),
        Command::Peer(command) => commands::peer::run(&context, command),
        Command::Doctor(args) => commands::doctor::run(&context, &args).await,
        Command::Log(command) => commands::log::run(&context, command).await,
        Command::Replay(args) => commands::replay::run(&context, &args),
        Command::Bench(args) => commands::bench::run(&context, &args).await,
        Command::Context(command) => {
            let given = commands::context::Given { settings: given, chosen, matches };
            commands::context::run(&context, &given, command).await
        }
        Command::Name(command) => commands::name::run(&context, command).await,
        Command::Completions(args) => commands::completions::run(&context, &args),
        Command::Man(args) => commands::man::run(&context, &args),
        Command::Reference(args) => commands::reference::run(&context, &args),
    }
}

/// What a command is given: options and variables, then the saved context, then the defaults.
fn context_of(globals: Globals) -> Result<Context, CliError> {
    let contexts = Contexts::new(globals.config.clone().or_else(directories::config));
    let saved = contexts.chosen(globals.context.as_deref())?.map(|(_, settings)| settings);
    Ok(context_with(globals, saved.unwrap_or_default()))
}

fn context_without_saved(globals: Globals) -> Context {
    context_with(globals, Settings::default())
}

fn context_with(globals: Globals, saved: Settings) -> Context {
    let Settings { grpc, ws, via, node, ca, identity, passphrase_file } =
        globals.settings.or(saved).or(Settings::defaults());
    let config = globals.config.or_else(directories::config);
    let terminal = Terminal { no_input: globals.no_input };
    let vias = via.map(settings::Vias::list).unwrap_or_default();
    Context {
        grpc: grpc.unwrap_or_default(),
        ws: ws.unwrap_or_default(),
        node,
        ca,
        identity,
        book: AddressBook::of(config.as_ref()),
        contexts: Contexts::new(config),
        terminal,
        yes: globals.yes,
        passphrases: Passphrases::new(passphrase_file, terminal),
        via: vias.first().copied().unwrap_or(Via::Grpc),
        vias,
        json: globals.json,
        state: globals.state.or_else(directories::state),
        clock: clock::Clock::system(),
        random: clock::random(),
    }
}

/// Help and version as clap prints them; a wrong command line in one line, like any other error.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        // Whoever closed the output does not read help.
        drop(error.print());
        return if error.use_stderr() { Exit::Usage.into() } else { Exit::Ok.into() };
    }
    let text = error.to_string();
    let first: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    output::note(first.join(" "));
    output::note("hint: dmpc-cli help COMMAND shows how it is used");
    Exit::Usage.into()
}

/// One line that says what went wrong, and one that helps.
fn report(error: &CliError) -> ExitCode {
    if !matches!(error, CliError::BrokenPipe) {
        output::note(format_args!("error: {error}"));
    }
    if let Some(hint) = error.hint() {
        output::note(format_args!("hint: {hint}"));
    }
    error.exit().into()
}
