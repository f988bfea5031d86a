//! What only the owner of the data directory may ask of a running node, over a unix socket in it: a checkpoint, for backups.
//!
//! RocksDB makes a checkpoint only for the process that has the database open for writing, and beside it nobody can tell which
//! of its files belong together. So who makes a backup asks the node. The directory lets nobody else in, so who connects is
//! its owner.
//!
//! ```text
//! client  "checkpoint\n"
//! node    "made NAME\n": a directory in the data directory, which is there until the client closes the connection;
//!         or "failed WHY\n"
//! ```

use std::{
    fs::{self, File},
    io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use dmpc_storage::Reader;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    task::spawn_blocking,
    time::timeout,
};

use crate::lifecycle::Lifecycle;

/// The socket's name in the data directory.
pub const SOCKET: &str = "local.socket";
/// The directory of the checkpoint, in the data directory; there is one at a time.
pub const CHECKPOINT: &str = "checkpoint";
/// What asks for a checkpoint.
const REQUEST: &str = "checkpoint\n";
/// How long a client may take to ask.
const REQUEST_PATIENCE: Duration = Duration::from_secs(10);
/// Clients that wait for their turn.
const CLIENTS_MAX: usize = 16;

/// The socket of a data directory, bound.
#[derive(Debug)]
pub struct Local {
    listener: UnixListener,
    data: PathBuf,
}

impl Local {
    /// Binds the socket, in the place of what an earlier run left. Only for who holds the store.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(data: &Path) -> io::Result<Self> {
        remove(&data.join(CHECKPOINT))?;
        match fs::remove_file(data.join(SOCKET)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        // By way of the open directory: the system takes no path of over 107 bytes for a socket.
        let directory = File::open(data)?;
        let listener = UnixListener::bind(format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd()))?;
        Ok(Self { listener, data: data.to_owned() })
    }

    /// Answers until the node ends.
    pub async fn serve(self, reader: Reader, lifecycle: Lifecycle) {
        let (turns, clients) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(CLIENTS_MAX)));
        let serving = async {
            loop {
                let Ok(place) = Arc::clone(&clients).acquire_owned().await else { return };
                let Ok((stream, _)) = self.listener.accept().await else { continue };
                let (reader, data, turns) = (reader.clone(), self.data.clone(), Arc::clone(&turns));
                let lifecycle = lifecycle.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        // The client is gone then, or will be told by the end of the connection.
                        _ = answer(stream, reader, &data, &turns) => {}
                        _ = lifecycle.interrupted() => {}
                    }
                    drop(place);
                });
            }
        };
        tokio::select! {
            () = serving => {}
            _ = lifecycle.interrupted() => {}
        }
        // What is left of a checkpoint goes with the next start at the latest.
        fs::remove_file(self.data.join(SOCKET)).ok();
        remove(&self.data.join(CHECKPOINT)).ok();
    }
}

async fn answer(stream: UnixStream, reader: Reader, data: &Path, turns: &Semaphore) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    let limit = u64::try_from(REQUEST.len()).unwrap_or_default();
    timeout(REQUEST_PATIENCE, (&mut stream).take(limit).read_line(&mut request)).await??;
    if request != REQUEST {
        return stream.get_mut().write_all(b"failed: the node knows 'checkpoint' alone\n").await;
    }
    // One at a time: while there is one, tables that it names are not deleted from the disk.
    let Ok(_turn) = turns.acquire().await else { return Ok(()) };
    let made = data.join(CHECKPOINT);
    let directory = made.clone();
    let result = spawn_blocking(move || -> Result<(), String> {
        remove(&directory).and_then(|()| fs::create_dir(&directory)).map_err(|error| error.to_string())?;
        reader.checkpoint(&directory).map_err(|error| error.to_string())
    });
    let said = match result.await {
        Ok(Ok(())) => {
            tracing::info!("a checkpoint was made for a backup");
            format!("made {CHECKPOINT}\n")
        }
        Ok(Err(error)) => {
            tracing::warn!(error, "a checkpoint failed");
            format!("failed {}\n", error.replace('\n', " "))
        }
        Err(_) => "failed the node panicked; its log says more\n".to_owned(),
    };
    stream.get_mut().write_all(said.as_bytes()).await?;
    // Until the client has what it wants, or is gone.
    stream.read_u8().await.ok();
    spawn_blocking(move || remove(&made)).await.map_err(io::Error::other)?
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
