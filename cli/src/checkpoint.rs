//! Asks a running node, over the socket in its data directory, for a checkpoint of its database.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    os::{fd::AsRawFd, unix::net::UnixStream},
    path::{Path, PathBuf},
};

/// The socket's name in the data directory of a node that runs.
const SOCKET: &str = "local.socket";

/// A checkpoint; it is there as long as the value lives.
#[derive(Debug)]
pub struct Checkpoint {
    /// Holds the database in `db`.
    pub directory: PathBuf,
    _connection: BufReader<UnixStream>,
}

impl Checkpoint {
    /// Asks the node whose data directory this is.
    ///
    /// # Errors
    /// What the system, or the node, says.
    pub fn ask(data: &Path) -> io::Result<Self> {
        // By way of the open directory: the system takes no path of over 107 bytes for a socket.
        let directory = File::open(data)?;
        let stream = UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd()))?;
        let mut connection = BufReader::new(stream);
        connection.get_mut().write_all(b"checkpoint\n")?;
        let mut said = String::new();
        connection.read_line(&mut said)?;
        match said.trim_end().split_once(' ') {
            Some(("made", name)) if !name.contains('/') && name != ".." => {
                Ok(Self { directory: data.join(name), _connection: connection })
            }
            Some(("failed", why)) => Err(io::Error::other(why.to_owned())),
            Some(_) | None => Err(io::Error::other("the node ended the connection")),
        }
    }
}
