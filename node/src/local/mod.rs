//! What only the owner of the data directory may ask of a running node, over a unix socket in it. [`dmpc::local`] has the
//! requests and the answers; here is one file for each request.
//!
//! The directory lets nobody else in, and who connects must be its owner besides, or root.

mod checkpoint;
mod peers;
mod sync;
mod talk;

use std::{
    fs::{self, File},
    io,
    os::{fd::AsRawFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use dmpc::local::{LocalRequest, SOCKET};
use dmpc_storage::Reader;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};

use crate::{lifecycle::Lifecycle, peer::Peers};
use checkpoint::Checkpoints;
use talk::Talk;

/// Clients at a time; more of them wait.
const CLIENTS_MAX: usize = 16;
/// The system's superuser, who owns everything.
const SUPERUSER: u32 = 0;

/// The socket of a data directory, bound.
#[derive(Debug)]
pub struct Local {
    listener: UnixListener,
    data: PathBuf,
    owner: u32,
}

/// What requests are answered from; cheap to clone.
#[derive(Clone, Debug)]
struct Room {
    checkpoints: Checkpoints,
    peers: Peers,
    owner: u32,
}

impl Local {
    /// Binds the socket, in the place of what an earlier run left. Only for who holds the store.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(data: &Path) -> io::Result<Self> {
        checkpoint::clear(data)?;
        match fs::remove_file(data.join(SOCKET)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        // By way of the open directory: the system takes no path of over 107 bytes for a socket.
        let directory = File::open(data)?;
        let owner = directory.metadata()?.uid();
        let listener = UnixListener::bind(format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd()))?;
        Ok(Self { listener, data: data.to_owned(), owner })
    }

    /// Answers until the node ends.
    pub async fn serve(self, reader: Reader, peers: Peers, lifecycle: Lifecycle) {
        let room = Room { checkpoints: Checkpoints::new(reader, self.data.clone()), peers, owner: self.owner };
        let clients = Arc::new(Semaphore::new(CLIENTS_MAX));
        let serving = async {
            loop {
                let Ok(place) = Arc::clone(&clients).acquire_owned().await else { return };
                let Ok((stream, _)) = self.listener.accept().await else { continue };
                let (room, lifecycle) = (room.clone(), lifecycle.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        // The client is gone then, or will be told by the end of the connection.
                        _ = room.answer(stream) => {}
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
        checkpoint::clear(&self.data).ok();
    }
}

impl Room {
    async fn answer(&self, stream: UnixStream) -> io::Result<()> {
        let user = stream.peer_cred()?.uid();
        let mut talk = Talk::new(stream);
        if user != self.owner && user != SUPERUSER {
            return talk.fail("not_the_owner", "only the owner of the data directory may ask this", None).await;
        }
        match talk.request().await? {
            Err(cause) => {
                talk.fail("local_request", &format!("the node does not know this request: {cause}"), None).await
            }
            Ok(LocalRequest::Checkpoint) => self.checkpoints.answer(&mut talk).await,
            Ok(LocalRequest::PeerList) => peers::list(&self.peers, &mut talk).await,
            Ok(LocalRequest::PeerAdd { peer }) => peers::add(&self.peers, peer, &mut talk).await,
            Ok(LocalRequest::PeerRemove { name }) => peers::remove(&self.peers, name, &mut talk).await,
            Ok(LocalRequest::PeerStatus) => peers::status(&self.peers, &mut talk).await,
            Ok(LocalRequest::PeerSync { name }) => sync::answer(&self.peers, &name, &mut talk).await,
        }
    }
}
