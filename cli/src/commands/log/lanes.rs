//! Where lanes are read from: a node's directory, a backup, or an exported log.

use std::{
    collections::BTreeMap,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use dmpc::{OpId, SignedOperation, UserId};
use dmpc_storage::{
    evidence::Evidence,
    lane_reports::{Fork, LaneBook, LaneReport, report_store},
};

use super::file;
use crate::{
    context::Context,
    error::{CliError, Exit},
    naming::in_book,
    node_directory,
    progress::Progress,
};

/// Where lanes are read from.
#[derive(clap::Args, Debug)]
pub(super) struct Lanes {
    /// An exported log.
    #[arg(value_name = "FILE", required_unless_present = "data", conflicts_with = "data")]
    file: Option<PathBuf>,
    /// Data directory of a node, which may be running, or a backup.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Lanes of this user alone.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
}

impl Lanes {
    /// The reports of all lanes, in the order of user, key and lane, each with its forks.
    pub(super) fn reports(&self, context: &Context) -> Result<Vec<(LaneReport, Vec<Fork>)>, CliError> {
        let user = self.user.as_ref().map(|text| in_book::<UserId>(&context.book, text)).transpose()?;
        match (&self.file, &self.data) {
            (Some(path), _) => from_file(path, user),
            (None, Some(data)) => {
                let (scratch, mut reports) = (node_directory::scratch()?, Vec::new());
                let store = node_directory::store(data);
                report_store(&store, scratch.path(), user.as_ref(), |report, forks| reports.push((report, forks)))
                    .map_err(|error| CliError::command(Exit::Failed, error, None))?;
                Ok(reports)
            }
            (None, None) => Err(CliError::Usage("name an exported log, or a directory with --data".to_owned())),
        }
    }
}

fn from_file(path: &Path, user: Option<UserId>) -> Result<Vec<(LaneReport, Vec<Fork>)>, CliError> {
    let mut book = LaneBook::default();
    each(path, |operation| book.add(operation))?;
    let reports: Vec<LaneReport> = book.reports(user).collect();
    // What is named by forks is read again: the book holds no operations.
    let ids = |report: &LaneReport| report.evidence.iter().filter_map(fork).flatten().collect::<Vec<_>>();
    let mut named: BTreeMap<OpId, Option<Bytes>> = reports.iter().flat_map(ids).map(|id| (id, None)).collect();
    if !named.is_empty() {
        each(path, |operation| {
            if let Some(bytes) = named.get_mut(&operation.id()) {
                *bytes = Some(operation.bytes().clone());
            }
        })?;
    }
    let bytes = |id: OpId| named.get(&id).cloned().flatten();
    let with_forks = |report: LaneReport| {
        let pairs = report.evidence.iter().filter_map(fork);
        let forks = pairs.filter_map(|[one, other]| Some([bytes(one)?, bytes(other)?])).collect();
        (report, forks)
    };
    Ok(reports.into_iter().map(with_forks).collect())
}

/// Both operations of a fork.
const fn fork(evidence: &Evidence) -> Option<[OpId; 2]> {
    match evidence {
        Evidence::Fork { first, second, .. } => Some([first.id, second.id]),
        Evidence::Gap { .. } | Evidence::Time { .. } | Evidence::Prev { .. } => None,
    }
}

/// Gives every operation of an exported log to `each`. Signatures are not verified.
fn each(path: &Path, mut each: impl FnMut(&SignedOperation)) -> Result<(), CliError> {
    let file = File::open(path).map_err(CliError::file(path))?;
    let all = file.metadata().map_err(CliError::file(path))?.len();
    let mut reader = file::reader(path, BufReader::new(file))?;
    let bar = Progress::of("bytes");
    while let Some(frame) = reader.next_frame().map_err(|error| file::failure(path, error))? {
        let operation = SignedOperation::decode(frame.bytes).map_err(|error| {
            let at = format!("{}: at byte {}: operation {}", path.display(), frame.offset, frame.number);
            CliError::Disagrees(format!("{at}: no operation: {error}"))
        })?;
        each(&operation);
        bar.at(reader.offset(), all);
    }
    bar.finish();
    Ok(())
}
