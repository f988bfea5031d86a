//! A checkpoint of the database, for backups.
//!
//! RocksDB makes one only for the process that has the database open for writing, and beside it nobody can tell which of its
//! files belong together. So who makes a backup asks the node. It is there until the client closes the connection.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use dmpc::local::LocalAnswer;
use dmpc_storage::Reader;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::talk::Talk;

/// The directory of the checkpoint, in the data directory; there is one at a time.
const CHECKPOINT: &str = "checkpoint";

/// Makes them; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    reader: Reader,
    data: PathBuf,
    turns: Arc<Semaphore>,
}

impl Checkpoints {
    pub(super) fn new(reader: Reader, data: PathBuf) -> Self {
        Self { reader, data, turns: Arc::new(Semaphore::new(1)) }
    }

    pub(super) async fn answer(&self, talk: &mut Talk) -> io::Result<()> {
        // One at a time: while there is one, tables that it names are not deleted from the disk.
        let Ok(_turn) = self.turns.acquire().await else { return Ok(()) };
        let (reader, data) = (self.reader.clone(), self.data.clone());
        let made = spawn_blocking(move || -> Result<(), String> {
            let directory = data.join(CHECKPOINT);
            clear(&data).and_then(|()| fs::create_dir(&directory)).map_err(|error| error.to_string())?;
            reader.checkpoint(&directory).map_err(|error| error.to_string())
        });
        match made.await {
            Ok(Ok(())) => {
                tracing::info!("a checkpoint was made for a backup");
                talk.say(&LocalAnswer::Made { name: CHECKPOINT.to_owned() }).await?;
            }
            Ok(Err(error)) => {
                tracing::warn!(error, "a checkpoint failed");
                talk.fail("checkpoint", &error, None).await?;
            }
            Err(_) => talk.fail("checkpoint", "the node panicked; its log says more", None).await?,
        }
        // Until the client has what it wants, or is gone.
        talk.closed().await;
        let data = self.data.clone();
        spawn_blocking(move || clear(&data)).await.map_err(io::Error::other)?
    }
}

/// Removes what is left of a checkpoint.
pub(super) fn clear(data: &Path) -> io::Result<()> {
    match fs::remove_dir_all(data.join(CHECKPOINT)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
