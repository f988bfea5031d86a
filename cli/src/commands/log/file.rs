//! Exported logs as files and streams, and what goes wrong with them.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use dmpc_storage::log_file::{LogFileError, LogFileReader, Scope};

use crate::error::{CliError, Exit};

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// A buffered stream of bytes, and how many there are, if that is known.
pub(super) type Stream = (BufReader<Box<dyn Read>>, Option<u64>);

/// Opens a file; `-` is stdin.
pub(super) fn open(path: &Path) -> Result<Stream, CliError> {
    let (from, bytes): (Box<dyn Read>, _) = if path == Path::new("-") {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(path).map_err(CliError::file(path))?;
        let bytes = file.metadata().map_err(CliError::file(path))?.len();
        (Box::new(file), Some(bytes))
    };
    Ok((BufReader::with_capacity(BUFFER_BYTES, from), bytes))
}

/// Reads the header of an exported log.
pub(super) fn reader<R: Read>(path: &Path, from: R) -> Result<LogFileReader<R>, CliError> {
    LogFileReader::new(from).map_err(|error| failure(path, error))
}

/// A file that cannot be read fails; one that is damaged does not agree with itself.
pub(crate) fn failure(path: &Path, error: LogFileError) -> CliError {
    match error {
        LogFileError::Io(source) => CliError::File { path: path.to_owned(), source },
        LogFileError::Version(_) => {
            let error = io::Error::other(format!("{}: {error}", path.display()));
            CliError::command(Exit::Failed, error, None)
        }
        LogFileError::Magic
        | LogFileError::Header(_)
        | LogFileError::Truncated { .. }
        | LogFileError::Length { .. }
        | LogFileError::Count { .. }
        | LogFileError::Checksum { .. }
        | LogFileError::TrailingBytes { .. }
        | LogFileError::Order { .. } => CliError::Disagrees(format!("{}: {error}", path.display())),
    }
}

/// How much of a log a file holds, as a word.
pub(super) const fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Whole => "whole",
        Scope::Part => "part",
    }
}
