//! `evidence`: proofs of equivocation. Exported from a node or from its store, verified without either.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use clap::Subcommand;
use dmpc::{
    UserId,
    equivocation::{EQUIVOCATION_TEXT_BYTES_MAX, Equivocation},
};
use dmpc_storage::forks;
use serde::Serialize;

use super::user_keys::signing_keys;
use crate::{
    context::Context,
    error::{CliError, Exit},
    examples,
    naming::Users,
    output::{Output, note},
    session::Session,
};

/// Where a node keeps its store within its data directory.
const STORE: &str = "store";

/// Subcommands of `evidence`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write a file for each equivocation of a user: two operations that one key signed for one place of one lane.
    ///
    /// Asks the node; with --data, reads the store of a node, which may be running.
    Export(ExportArgs),
    /// Verify a proof of equivocation, without a node. Exits with 0 when it proves one and with 3 when it does not.
    Verify(VerifyArgs),
}

/// Arguments of `evidence export`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli evidence export --user bob proofs",
    "dmpc-cli evidence export --data data/node proofs",
])]
pub struct ExportArgs {
    /// Directory to write the proofs to; made if it is not there. A proof that is there already is left as it is.
    directory: PathBuf,
    /// Whose; without it your own, with --data everybody's.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Data directory of a node.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Arguments of `evidence verify`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli evidence verify proof.equivocation"])]
pub struct VerifyArgs {
    /// The proof (`-` for stdin).
    file: String,
}

/// A proof, as it is printed.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    user: String,
    key: String,
    lane: String,
    seq: u64,
    operations: [String; 2],
}

impl Shown {
    /// A proof, and the file that it was written to.
    pub(super) fn of(proof: &Equivocation, file: Option<&Path>) -> Self {
        let link = proof.link();
        let [first, second] = proof.operations();
        Self {
            file: file.map(|file| file.display().to_string()),
            user: proof.user().to_string(),
            key: proof.key().to_string(),
            lane: link.lane.to_string(),
            seq: link.seq,
            operations: [first.id().to_string(), second.id().to_string()],
        }
    }

    /// As a row of a table: user, lane, place, both operations.
    pub(super) fn row(&self) -> Vec<String> {
        let [first, second] = self.operations.clone();
        vec![self.user.clone(), self.lane.clone(), self.seq.to_string(), first, second]
    }
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]; its exit code is 3 when a proof proves nothing.
pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Export(args) => export(context, args).await,
        Command::Verify(args) => verify(context, &args.file),
    }
}

fn verify(context: &Context, file: &str) -> Result<(), CliError> {
    let (path, read) = if file == "-" {
        (Path::new("stdin"), read_bounded(io::stdin()))
    } else {
        (Path::new(file), File::open(file).and_then(read_bounded))
    };
    let proof = Equivocation::from_text(&read.map_err(CliError::file(path))?);
    let proof = proof.map_err(|error| CliError::command(Exit::Disagrees, error, None))?;
    let mut output = Output::to_stdout();
    let shown = Shown::of(&proof, None);
    if context.json {
        output.json(&shown)?;
    } else {
        let [first, second] = &shown.operations;
        output.line(format_args!("one key certified two operations for place {} of {}", shown.seq, shown.lane))?;
        output.line(format_args!("user:   {}", shown.user))?;
        output.line(format_args!("key:    {}", shown.key))?;
        output.line(format_args!("first:  {first}"))?;
        output.line(format_args!("second: {second}"))?;
    }
    output.flush()
}

/// As much as a proof may have, and a byte more: then it is refused for its size.
fn read_bounded(from: impl Read) -> io::Result<String> {
    let limit = u64::try_from(EQUIVOCATION_TEXT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    from.take(limit).read_to_end(&mut bytes)?;
    // What is no text is no proof, and is found to be none.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn export(context: &Context, args: ExportArgs) -> Result<(), CliError> {
    let user = Users::new(context).resolve_if(args.user.as_deref()).await?;
    let pairs = match &args.data {
        Some(data) => from_store(data, user.as_ref())?,
        None => from_node(context, user).await?,
    };
    let proofs = pairs.into_iter().map(|(one, other)| Equivocation::decode(one, other));
    let proofs =
        proofs.collect::<Result<Vec<_>, _>>().map_err(|error| CliError::command(Exit::Disagrees, error, None))?;
    let mut output = Output::to_stdout();
    for (proof, path) in proofs.iter().zip(write(&args.directory, &proofs)?) {
        if context.json {
            output.json(&Shown::of(proof, Some(&path)))?;
        } else {
            output.line(path.display())?;
        }
    }
    output.flush()
}

/// Writes each proof to a file of its own in a directory, which is made if it is not there; the files.
///
/// # Errors
/// [`CliError::File`]
pub(super) fn write(directory: &Path, proofs: &[Equivocation]) -> Result<Vec<PathBuf>, CliError> {
    fs::create_dir_all(directory).map_err(CliError::file(directory))?;
    let write = |proof: &Equivocation| {
        let path = directory.join(file_name(proof));
        // Under its name a proof is whole, and always the same.
        let unfinished = path.with_extension("unfinished");
        fs::write(&unfinished, proof.to_text()).map_err(CliError::file(&unfinished))?;
        fs::rename(&unfinished, &path).map_err(CliError::file(&path))?;
        Ok(path)
    };
    proofs.iter().map(write).collect()
}

/// Named by its second operation: of each place, every one but the first is the second of one proof.
fn file_name(proof: &Equivocation) -> String {
    let [_, second] = proof.operations();
    format!("{}.equivocation", second.id())
}

fn from_store(data: &Path, user: Option<&UserId>) -> Result<Vec<(Bytes, Bytes)>, CliError> {
    let scratch = tempfile::tempdir().map_err(|source| CliError::File { path: std::env::temp_dir(), source })?;
    let mut pairs = Vec::new();
    forks(&data.join(STORE), scratch.path(), user, |one, other| pairs.push((one, other)))
        .map_err(|error| CliError::command(Exit::Failed, error, None))?;
    Ok(pairs)
}

async fn from_node(context: &Context, user: Option<UserId>) -> Result<Vec<(Bytes, Bytes)>, CliError> {
    let mut session = Session::open(context).await?;
    let user = user.unwrap_or(session.identity.user);
    let keys = session.keys(user).await?;
    let mut pairs = Vec::new();
    let mut withheld = 0_usize;
    for key in signing_keys(&keys)? {
        for piece in session.lanes(user, key).await?.into_iter().flat_map(|lane| lane.evidence) {
            match piece.operations.as_slice() {
                [one, other] => pairs.push((one.clone(), other.clone())),
                _ if piece.kind() == dmpc::v1::EvidenceKind::Fork => withheld += 1,
                _ => {}
            }
        }
    }
    if withheld > 0 {
        note(format_args!("note: {withheld} more are of channels that you may not read"));
    }
    Ok(pairs)
}
