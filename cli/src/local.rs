//! Asks a running node over the socket in its data directory, as its owner.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    os::{fd::AsRawFd, unix::net::UnixStream},
    path::Path,
};

use dmpc::local::{ANSWER_BYTES_MAX, LocalAnswer, LocalRequest, SOCKET};

use crate::error::{CliError, Exit};

/// A request that was made; the node sees the end of the connection when the value is dropped.
#[derive(Debug)]
pub struct Asked {
    connection: BufReader<UnixStream>,
}

/// The node did not do it; in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{detail} ({reason})")]
struct Declined {
    reason: String,
    detail: String,
}

/// What is wrong with the socket.
#[derive(Debug, thiserror::Error)]
#[error("cannot ask the node in {directory}: {source}")]
struct Unasked {
    directory: String,
    source: io::Error,
}

impl Asked {
    /// Asks the node whose data directory this is.
    ///
    /// # Errors
    /// What the system says.
    pub fn ask(data: &Path, request: &LocalRequest) -> io::Result<Self> {
        // By way of the open directory: the system takes no path of over 107 bytes for a socket.
        let directory = File::open(data)?;
        let stream = UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd()))?;
        let mut connection = BufReader::new(stream);
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        connection.get_mut().write_all(&line)?;
        Ok(Self { connection })
    }

    /// The next answer.
    ///
    /// # Errors
    /// What the system says, and an answer that is none.
    pub fn answer(&mut self) -> io::Result<LocalAnswer> {
        let mut line = Vec::new();
        let limit = u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX);
        (&mut self.connection).take(limit).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the node ended the connection"));
        }
        Ok(serde_json::from_slice(&line)?)
    }
}

/// Asks the node whose data directory this is, and passes on every answer but the last, which is returned.
///
/// # Errors
/// [`CliError::Command`]: no node runs there, or it declines.
pub fn ask(data: &Path, request: &LocalRequest, mut each: impl FnMut(&LocalAnswer)) -> Result<LocalAnswer, CliError> {
    let failed = |source: io::Error| {
        let hint = "the node must be running: dmpc-node serve --data DIR; and this command must run as the owner of the directory";
        let directory = data.display().to_string();
        CliError::command(Exit::Unreachable, Unasked { directory, source }, Some(hint.to_owned()))
    };
    let mut asked = Asked::ask(data, request).map_err(failed)?;
    loop {
        match asked.answer().map_err(failed)? {
            LocalAnswer::Failed { reason, detail, hint } => {
                return Err(CliError::command(Exit::Failed, Declined { reason, detail }, hint));
            }
            answer @ LocalAnswer::Progress(_) => each(&answer),
            answer => return Ok(answer),
        }
    }
}

/// An answer to another request.
///
/// # Errors
/// Always.
pub fn unexpected<T>() -> Result<T, CliError> {
    Err(CliError::Answer("it does not belong to the request".to_owned()))
}
