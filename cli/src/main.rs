//! The command line of DMPC: identities, users, channels, messages, import, audit.
//!
//! Clock, randomness and environment are read here (and in `clock.rs`) and handed to every command in a [`context::Context`].

use std::{env, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum, error::ErrorKind};

pub mod bar;
pub mod channel_name;
pub mod checkpoint;
pub mod client;
pub mod clock;
pub mod commands;
pub mod context;
pub mod epochs;
pub mod error;
pub mod hex;
pub mod identity_file;
pub mod import;
pub mod keyring;
pub mod lane;
pub mod load;
pub mod member_list;
pub mod message_line;
pub mod names;
pub mod node;
pub mod node_directory;
pub mod object;
pub mod opening;
pub mod outbox;
pub mod output;
pub mod passphrase;
pub mod recipients;
pub mod rights;
pub mod seen;
pub mod session;
pub mod signer;
pub mod terminal;
pub mod time;
pub mod user_name;
pub mod view;
pub mod wrapping;
pub mod writer;

use client::Via;
use context::Context;
use error::{CliError, Exit};

const EXAMPLES: &str = "Examples:
  dmpc-cli identity new alice.identity
  dmpc-cli --identity root.identity user create --user alice.identity --name alice --permissions channel.add,user.read
  dmpc-cli --identity alice.identity channel open tea --member dmpc1...:rw
  dmpc-cli --identity alice.identity message send --channel tea 'one lump or two?'
  dmpc-cli --identity bob.identity --via ws message read --channel tea
  dmpc-cli --identity bob.identity --via ws listen --channel tea --from-now
";

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  refused, rejected or failed
  2  wrong usage
  3  an audit or a comparison does not agree
  4  the node cannot be reached, or the connection broke
  5  permission denied, or the identity cannot be used";

/// Distributed multiuser private channels, from the command line.
#[derive(Parser, Debug)]
#[command(name = "dmpc-cli", version, max_term_width = 120, before_help = EXAMPLES, after_help = EXIT_CODES)]
struct Cli {
    /// Address of the node's gRPC front end.
    #[arg(
        long,
        global = true,
        hide_env_values = true,
        env = "DMPC_GRPC",
        value_name = "ADDR",
        default_value = "127.0.0.1:64928"
    )]
    grpc: String,
    /// Address of the node's websocket front end.
    #[arg(
        long,
        global = true,
        hide_env_values = true,
        env = "DMPC_WS",
        value_name = "ADDR",
        default_value = "127.0.0.1:64927"
    )]
    ws: String,
    /// The node that must answer; any other is refused. A node proves its id.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_NODE", value_name = "NODE")]
    node: Option<dmpc::NodeId>,
    /// File with the certificates to trust (PEM) when an address begins with https:// or wss://; else the system's.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Identity file of who runs the command.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_IDENTITY", value_name = "FILE")]
    identity: Option<PathBuf>,
    /// File whose first line is the passphrase of the identity; /dev/fd/3 reads it from a pipe.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Front end to use; `both` alternates, where a command can.
    #[arg(
        long,
        global = true,
        hide_env_values = true,
        env = "DMPC_VIA",
        value_name = "FRONT END",
        default_value = "grpc"
    )]
    via: Vias,
    /// JSON on stdout, one object a line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

/// Values of `--via`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Vias {
    Grpc,
    Ws,
    Both,
}

impl Vias {
    fn list(self) -> Vec<Via> {
        match self {
            Self::Grpc => vec![Via::Grpc],
            Self::Ws => vec![Via::Ws],
            Self::Both => vec![Via::Grpc, Via::Ws],
        }
    }
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Identities: the key files that say who you are.
    #[command(subcommand)]
    Identity(commands::identity::Command),
    /// Users: who is known to the node, and what they may do.
    #[command(subcommand)]
    User(commands::user::Command),
    /// Channels: who reads and writes where.
    #[command(subcommand)]
    Channel(commands::channel::Command),
    /// Messages: sent sealed, read opened.
    #[command(subcommand)]
    Message(commands::message::Command),
    /// Operations as objects for pipes: drafted, signed, certified by another, shown.
    #[command(subcommand)]
    Operation(commands::operation::Command),
    /// Transactions as objects for pipes: made of operations or a request, run at nodes, shown.
    #[command(subcommand)]
    Transaction(commands::transaction::Command),
    /// Print what happens in a channel, as it happens.
    Listen(commands::listen::Args),
    /// Send a log of conversations as signed and sealed operations.
    Import(commands::import::Args),
    /// Proofs that somebody signed two operations for one place: exported, and verified without a node.
    #[command(subcommand)]
    Evidence(commands::evidence::Command),
    /// Backups of a node: made while it runs, verified, put back.
    #[command(subcommand)]
    Backup(commands::backup::Command),
    /// Say what stands in the way of a command or of a node, and what helps.
    Doctor(commands::doctor::Args),
    /// Logs as files: exported, verified, loaded; and what their lanes are evidence of.
    #[command(subcommand)]
    Log(commands::log::Command),
    /// Fold a node's log from nothing and compare with what the node kept.
    Replay(commands::replay::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&CliError::command(Exit::Failed, error, None)),
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => Exit::Ok.into(),
        Err(error) => report(&error),
    }
}

async fn run(cli: Cli) -> Result<(), CliError> {
    let vias = cli.via.list();
    let context = Context {
        grpc: cli.grpc,
        ws: cli.ws,
        node: cli.node,
        ca: cli.ca,
        identity: cli.identity,
        passphrases: passphrase::Passphrases::from_file(cli.passphrase_file),
        via: if cli.via == Vias::Ws { Via::Ws } else { Via::Grpc },
        vias,
        json: cli.json,
        state: state_directory(),
        clock: clock::Clock::system(),
        random: clock::random(),
    };
    match cli.command {
        Command::Identity(command) => commands::identity::run(&context, command),
        Command::User(command) => commands::user::run(&context, command).await,
        Command::Channel(command) => commands::channel::run(&context, command).await,
        Command::Message(command) => commands::message::run(&context, command).await,
        Command::Operation(command) => commands::operation::run(&context, command).await,
        Command::Transaction(command) => commands::transaction::run(&context, command).await,
        Command::Listen(args) => commands::listen::run(&context, args).await,
        Command::Import(args) => commands::import::run(&context, args).await,
        Command::Evidence(command) => commands::evidence::run(&context, command).await,
        Command::Backup(command) => commands::backup::run(&context, command),
        Command::Doctor(args) => commands::doctor::run(&context, &args).await,
        Command::Log(command) => commands::log::run(&context, command).await,
        Command::Replay(args) => commands::replay::run(&context, &args),
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

/// Where lanes and outboxes are kept: `$DMPC_STATE`, else under `$XDG_STATE_HOME`, else under `~/.local/state`.
fn state_directory() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("DMPC_STATE")
        .or_else(|| set("XDG_STATE_HOME").map(|base| base.join("dmpc")))
        .or_else(|| set("HOME").map(|home| home.join(".local/state/dmpc")))
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
