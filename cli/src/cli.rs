//! The tree of commands, as clap has it: global options, subcommands, and the help that all of them share.

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, builder::FalseyValueParser};

use crate::{
    commands::{
        backup, bench, channel, completions, context, doctor, evidence, identity, import, listen, log, man, message,
        name, operation, peer, reference, replay, transaction, user,
    },
    error::Exit,
    examples,
    examples::with_examples_of_subcommands,
    settings::Settings,
};

/// Distributed multiuser private channels, from the command line.
#[derive(Parser, Debug)]
#[command(name = "dmpc-cli", version, max_term_width = 120, before_help = examples![
    "dmpc-cli identity new alice.identity",
    "dmpc-cli --identity root.identity user create --user alice.identity --name alice --permissions channel.add,user.read",
    "dmpc-cli --identity alice.identity channel open tea --member bob:rw",
    "dmpc-cli --identity alice.identity message send --channel tea 'one lump or two?'",
    "dmpc-cli --identity bob.identity --via ws message read --channel tea",
    "dmpc-cli --identity bob.identity --via ws listen --channel tea --from-now",
])]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes. Each has a variable of the environment.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// The saved context whose settings count where no option and no variable says otherwise; else the one in use.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
    /// Which node is meant, and who asks.
    #[command(flatten)]
    pub settings: Settings,
    /// JSON on stdout, one object a line.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
    /// Answer questions of yes or no with yes.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_YES", value_parser = FalseyValueParser::new())]
    pub yes: bool,
    /// Ask nothing, also at a terminal: a command that needs an answer fails.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_NO_INPUT", value_parser = FalseyValueParser::new())]
    pub no_input: bool,
    /// Directory of lanes and outboxes; else $XDG_STATE_HOME/dmpc or ~/.local/state/dmpc.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_STATE", value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Directory of contexts and names; else $XDG_CONFIG_HOME/dmpc or ~/.config/dmpc.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_CONFIG", value_name = "DIR")]
    pub config: Option<PathBuf>,
}

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Identities: the key files that say who you are.
    #[command(subcommand)]
    Identity(identity::Command),
    /// Users: who is known to the node, and what they may do.
    #[command(subcommand)]
    User(user::Command),
    /// Channels: who reads and writes where.
    #[command(subcommand)]
    Channel(channel::Command),
    /// Messages: sent sealed, read opened.
    #[command(subcommand)]
    Message(message::Command),
    /// Print what happens in a channel, as it happens.
    Listen(listen::Args),
    /// Operations as objects for pipes: drafted, signed, certified by another, shown.
    #[command(subcommand)]
    Operation(operation::Command),
    /// Transactions as objects for pipes: made of operations or a request, run at nodes, shown.
    #[command(subcommand)]
    Transaction(transaction::Command),
    /// Send a log of conversations: every nick becomes a user, every day a channel. Give it again to go on where it stopped.
    ///
    /// One JSON object a line: day, time, channel, kind (message, join, part, nick), nick, and text or new_nick.
    Import(import::Args),
    /// Proofs that somebody signed two operations for one place: exported, and verified without a node.
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// Fold a node's log from nothing and compare with what the node kept.
    ///
    /// Exits with 0 when all agrees and with 3 when it does not, naming the first operation at fault. The node may be running.
    Replay(replay::Args),
    /// Logs as files: exported, verified, loaded; and what their lanes are evidence of.
    #[command(subcommand)]
    Log(log::Command),
    /// Backups of a node: made while it runs, verified, put back.
    #[command(subcommand)]
    Backup(backup::Command),
    /// Other nodes: who they are, and how the exchange of operations with them stands.
    #[command(subcommand)]
    Peer(peer::Command),
    /// Say what stands in the way of a command or of a node, and what helps.
    Doctor(doctor::Args),
    /// Load a node with messages and measure.
    ///
    /// Opens a channel of its own and makes users of its own as authors; afterwards it closes the channel and deactivates the
    /// users. They stay in the node's log, like everything. Needs channel.add and user.add.
    Bench(bench::Args),
    /// Saved contexts: which node is meant, and who asks.
    #[command(subcommand)]
    Context(context::Command),
    /// The local address book: names that you give to users and channels.
    #[command(subcommand)]
    Name(name::Command),
    /// Print the completions for a shell.
    Completions(completions::Args),
    /// Write the manual pages, one for each command.
    Man(man::Args),
    /// Print the reference of all commands, docs/cli.md.
    #[command(hide = true)]
    Reference(reference::Args),
}

/// The whole tree. Every help begins with examples and ends with the exit codes.
pub fn command() -> clap::Command {
    let codes = Exit::ALL.map(|exit| format!("  {}  {}", exit.code(), exit.meaning()));
    with_examples_of_subcommands(Cli::command().after_help(format!("Exit codes:\n{}", codes.join("\n"))))
}
