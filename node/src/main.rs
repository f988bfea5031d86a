//! `dmpc-node`: makes a node and runs it. Says where it listens on standard output; everything else goes to standard
//! error. Exit codes: 0 ok, 1 failure, 2 usage, 4 the store refuses to open.

use std::{
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use dmpc_node::{
    clock::{Clock, SystemRandom},
    config::{Config, SESSION_IDLE_DEFAULT},
    data_directory,
    serve::{Node, ServeError},
};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Exit code when the store refuses to open.
const EXIT_STORE_REFUSES: u8 = 4;
/// Threads that serve sockets; verifiers and the sequencer have threads of their own.
const SOCKET_THREADS: usize = 2;
/// How long the end waits for threads that still serve clients which did not take their last answers.
const ABANDON_PATIENCE: Duration = Duration::from_secs(5);

/// A node of DMPC, distributed multiuser private channels.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  dmpc-node init --data data --root root.identity\n  dmpc-node serve --data data\n\n\
                  Exit codes: 0 ok, 1 failure, 2 usage, 4 the store refuses to open"
)]
struct Cli {
    /// What to log on standard error, as RUST_LOG: off, error, warn, info, debug, trace, or per module.
    #[arg(long, global = true, env = "RUST_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
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
    Rebuild(Rebuild),
}

#[derive(Debug, Args)]
struct Init {
    /// The data directory to make; it must be absent or empty.
    #[arg(long, env = "DMPC_DATA", value_name = "DIR")]
    data: PathBuf,
    /// The root user's identity file; made if it is not there.
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
}

#[derive(Debug, Args)]
struct Rebuild {
    /// The data directory.
    #[arg(long, env = "DMPC_DATA", value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct Serve {
    /// The data directory.
    #[arg(long, env = "DMPC_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Where gRPC listens; port 0 lets the system choose.
    #[arg(long, env = "DMPC_GRPC", value_name = "ADDR", default_value = "127.0.0.1:64928")]
    grpc: SocketAddr,
    /// Where websocket listens; port 0 lets the system choose.
    #[arg(long, env = "DMPC_WS", value_name = "ADDR", default_value = "127.0.0.1:64927")]
    ws: SocketAddr,
    /// After how many seconds a session (a websocket, a stream of submissions) is ended that is idle and did not ask for
    /// keep_alive.
    #[arg(long, env = "DMPC_IDLE", value_name = "SECONDS", default_value_t = SESSION_IDLE_DEFAULT.as_secs())]
    idle: u64,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = start_log(&cli.log).and_then(|()| match cli.command {
        Command::Init(arguments) => init(&arguments),
        Command::Serve(arguments) => serve(arguments),
        Command::Rebuild(arguments) => rebuild(&arguments),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without standard error there is only the exit code.
            writeln!(io::stderr(), "dmpc-node: {error:#}").ok();
            match error.downcast_ref::<ServeError>() {
                Some(error) if error.is_refusal_of_the_store() => ExitCode::from(EXIT_STORE_REFUSES),
                Some(_) | None => ExitCode::FAILURE,
            }
        }
    }
}

fn start_log(filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("'{filter}' is no log filter"))?;
    let is_terminal = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(is_terminal).with_writer(io::stderr).init();
    Ok(())
}

fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("cannot write to standard output")
}

fn init(arguments: &Init) -> Result<()> {
    let Init { data, root } = arguments;
    let made = data_directory::init(data, root, &mut SystemRandom::new())?;
    let found = if made.root_is_new { "made" } else { "was there" };
    say(&format!("node {}", made.node))?;
    say(&format!("root {}", made.root))?;
    say(&format!("data directory {} (made)", data.display()))?;
    say(&format!("root identity {} ({found}); keep it secret, and keep a copy", root.display()))?;
    say(&format!("next: dmpc-node serve --data {}", shown(data)))
}

/// A path as one types it.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.chars().all(|char| char.is_alphanumeric() || "/._-+,:@%".contains(char));
    if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn rebuild(arguments: &Rebuild) -> Result<()> {
    let operations = data_directory::rebuild(&arguments.data, &mut SystemRandom::new()).map_err(ServeError::from)?;
    say(&format!("rebuilt from {operations} operations"))
}

fn serve(arguments: Serve) -> Result<()> {
    let Serve { data, grpc, ws, idle } = arguments;
    let config = Config { data, grpc, ws, idle: Duration::from_secs(idle) };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(SOCKET_THREADS)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(run(&config));
    // Clients that were not drained are dropped here: what they hold of the store must be gone before the process ends.
    runtime.shutdown_timeout(ABANDON_PATIENCE);
    result
}

async fn run(config: &Config) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let node = Node::start(config, Clock::system(), SystemRandom::new).await?;
    say(&format!("node {}", node.id))?;
    say(&format!("grpc {}", node.grpc))?;
    say(&format!("ws {}", node.ws))?;
    say("ready")?;
    node.run_until(async {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
        }
    })
    .await?;
    tracing::info!("stopped");
    Ok(())
}
