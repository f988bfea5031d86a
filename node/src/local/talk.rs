//! One client of the socket: a line of JSON that asks, lines of JSON that answer.

use std::{io, time::Duration};

use dmpc::local::{LocalAnswer, LocalRequest, REQUEST_BYTES_MAX};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::timeout,
};

/// How long a client may take to ask.
const REQUEST_PATIENCE: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub(super) struct Talk {
    stream: BufReader<UnixStream>,
}

impl Talk {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// What is asked, or why it is no request.
    pub(super) async fn request(&mut self) -> io::Result<Result<LocalRequest, serde_json::Error>> {
        let mut line = Vec::new();
        let limit = u64::try_from(REQUEST_BYTES_MAX).unwrap_or(u64::MAX);
        timeout(REQUEST_PATIENCE, (&mut self.stream).take(limit).read_until(b'\n', &mut line)).await??;
        Ok(serde_json::from_slice(&line))
    }

    /// One line.
    pub(super) async fn say(&mut self, answer: &LocalAnswer) -> io::Result<()> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line).await
    }

    /// The line of what was not done.
    pub(super) async fn fail(&mut self, reason: &str, detail: &str, hint: Option<&str>) -> io::Result<()> {
        let (reason, detail, hint) = (reason.to_owned(), detail.to_owned(), hint.map(str::to_owned));
        self.say(&LocalAnswer::Failed { reason, detail, hint }).await
    }

    /// Waits until the client closes the connection.
    pub(super) async fn closed(&mut self) {
        self.stream.read_u8().await.ok();
    }
}
