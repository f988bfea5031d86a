//! `transaction generate`: operations or one request, sealed to those who are to run them.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use clap::ArgGroup;
use dmpc::{
    NodeId,
    keys::EncryptionKey,
    transaction::{Content, Outgoing, PipelineOptions},
    wire::schemas::TRANSMISSION_BYTES_MAX,
};

use crate::{
    client::Client,
    context::Context,
    error::CliError,
    examples,
    node::meet,
    object::{Call, Object, Source, TransactionObject, read_all},
    output::Output,
};

/// The word for the node that this command would talk to.
const NODE: &str = "node";

/// Arguments of `transaction generate`.
#[derive(clap::Args, Debug)]
#[command(group = ArgGroup::new("seal").required(true).args(["recipients", "open"]))]
#[command(before_help = examples![
    "dmpc-cli operation sign draft | dmpc-cli transaction generate -r node",
    "dmpc-cli transaction generate --recipient age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg --status-updates --keep-alive operation",
    "dmpc-cli transaction generate --open operation",
])]
pub struct Args {
    /// Seal it to a node, of at most 16: its recipient key (age1...), its id (dmpcnode1...) or address (HOST:PORT), of which
    /// the node is asked for its key, or the word `node` for that of --grpc or --ws.
    #[arg(short, long = "recipient", value_name = "NODE")]
    recipients: Vec<String>,
    /// Do not seal it. Nodes take it on loopback alone.
    #[arg(long)]
    open: bool,
    /// Ask for an update when it is queued and when it runs.
    #[arg(long)]
    status_updates: bool,
    /// Do not ask what became of each operation.
    #[arg(long)]
    ignore_result: bool,
    /// Ask to keep the connection open afterwards.
    #[arg(long)]
    keep_alive: bool,
    /// Bytes for the network that carries it; at most 4,096, and nodes do not read them.
    #[arg(long, value_name = "FILE")]
    transmission: Option<PathBuf>,
    /// Have what becomes of it sealed to this key (age1...).
    #[arg(long, value_name = "KEY", conflicts_with = "seal_answers")]
    reply_to: Option<EncryptionKey>,
    /// Have what becomes of it sealed to --identity.
    #[arg(long)]
    seal_answers: bool,
    /// Operations, or one request, one on each line.
    #[arg(value_name = "FILE", default_value = "-")]
    file: Source,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let (content, call) = content(read_all(&args.file)?)?;
    let mut recipients = Vec::with_capacity(args.recipients.len());
    for recipient in &args.recipients {
        recipients.push(find_recipient(context, recipient).await?);
    }
    let reply_to =
        if args.seal_answers { Some(context.identity()?.encryption.encryption_key()?) } else { args.reply_to };
    let transmission = args.transmission.as_deref().map_or(Ok(Vec::new()), read_transmission)?;
    let options = PipelineOptions {
        read_status_updates: args.status_updates,
        read_result: !args.ignore_result,
        keep_alive: args.keep_alive,
    };
    let outgoing =
        Outgoing { content: &content, options, transmission: &transmission, reply_to, recipients: &recipients };
    let mut output = Output::to_stdout();
    output.json(&Object::Transaction(TransactionObject { bytes: outgoing.encode()?, call }))?;
    output.flush()
}

/// Operations whose signatures verify, or one request.
fn content(objects: Vec<Object>) -> Result<(Content, Call), CliError> {
    let mut operations = Vec::with_capacity(objects.len());
    let mut requests = Vec::new();
    for object in objects {
        match object {
            Object::Operation(operation) => operations.push(operation.verify()?.bytes().clone()),
            Object::Request(request) => requests.push(request),
            Object::Issue(_) => {
                return Err(CliError::Usage(
                    "an issue is no operation yet: its certifier signs it with 'operation sign --certify'".to_owned(),
                ));
            }
            Object::Draft(_) => {
                return Err(CliError::Usage("a draft has to be signed first: operation sign".to_owned()));
            }
            other => {
                let tag = other.tag();
                return Err(CliError::Usage(format!("transactions carry operations or a request, not a {tag}")));
            }
        }
    }
    match (operations.is_empty(), requests.as_slice()) {
        (true, [request]) => Ok((Content::Request(request.bytes().clone()), request.call())),
        (false, []) => Ok((Content::Operations(operations), Call::Submit)),
        (true | false, _) => {
            Err(CliError::Usage("a transaction carries operations or one request, and not both".to_owned()))
        }
    }
}

/// The key of a node that is named by its key, its id, or where it is.
async fn find_recipient(context: &Context, text: &str) -> Result<EncryptionKey, CliError> {
    if text.starts_with("age1") {
        return Ok(text.parse()?);
    }
    let expected: Option<NodeId> =
        text.strip_prefix(NodeId::PREFIX).filter(|rest| rest.starts_with('1')).map(|_| text.parse()).transpose()?;
    let address = if expected.is_some() || text.eq_ignore_ascii_case(NODE) {
        context.address(context.via)
    } else if text.contains(':') {
        text
    } else {
        return Err(CliError::Usage(format!(
            "'{text}' names no node: pass its key (age1...), id (dmpcnode1...) or address (HOST:PORT), or '{NODE}'"
        )));
    };
    let pinned = if text.eq_ignore_ascii_case(NODE) { context.node.as_ref() } else { None };
    let mut client = Client::connect(context.via, address, context.ca.as_deref()).await?;
    let (proven, _) = meet(&mut client, pinned, &mut context.rng()).await?;
    match expected.filter(|expected| *expected != proven.node) {
        Some(expected) => Err(CliError::NotFound(format!("the node at {address} is {}, not {expected}", proven.node))),
        None => Ok(proven.recipient),
    }
}

fn read_transmission(path: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(TRANSMISSION_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(CliError::file(path))?;
    Ok(bytes)
}
