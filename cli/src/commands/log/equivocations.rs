//! `log equivocations`: two operations that one key certified for one place.

use std::path::PathBuf;

use dmpc::equivocation::Equivocation;

use super::lanes::Lanes;
use crate::{
    commands::evidence::{self, Shown},
    context::Context,
    error::{CliError, Exit},
    examples, output,
};

/// List equivocations: two operations that one key certified for one place of one lane.
///
/// Each is verified. With --export, writes the proof of each to a file, which anybody verifies without a node by
/// `evidence verify`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli log equivocations --data data",
    "dmpc-cli log equivocations all.log --export proofs",
])]
pub struct Args {
    #[command(flatten)]
    lanes: Lanes,
    /// Directory to write proofs to; made if it is not there.
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// [`CliError`] when the log cannot be read, or a proof cannot be written.
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let mut proofs = Vec::new();
    for [one, other] in args.lanes.reports(context)?.into_iter().flat_map(|(_, forks)| forks) {
        let proof = Equivocation::decode(one, other);
        proofs.push(proof.map_err(|error| CliError::command(Exit::Disagrees, error, None))?);
    }
    let files = match &args.export {
        Some(directory) => evidence::write(directory, &proofs)?.into_iter().map(Some).collect(),
        None => vec![None; proofs.len()],
    };
    let shown: Vec<Shown> = proofs.iter().zip(&files).map(|(proof, file)| Shown::of(proof, file.as_deref())).collect();
    output::list(context.json, shown, |output, shown| {
        output.line(format_args!("{} equivocations", shown.len()))?;
        if !shown.is_empty() {
            output.table(&["user", "lane", "place", "first", "second"], shown.iter().map(Shown::row).collect())?;
        }
        files.iter().flatten().try_for_each(|file| output.line(file.display()))
    })
}
