//! Loading an exported log: its operations are offered to a node as they stand, in parcels, many at a time, and again as
//! long as that changes something. Nothing is signed, and nothing is remembered: what the node has already it answers as
//! duplicates, so a load that was cut off is run again.

mod parcel;
mod send;
mod tally;

use std::{path::Path, sync::Arc, time::Duration};

use dmpc::keys::{DecryptionKey, EncryptionKey};
use tokio::{sync::mpsc, task::spawn_blocking, time::sleep};

pub use tally::Tally;

use self::{
    parcel::{Parcel, pack_all, pack_some},
    send::Line,
};
use crate::{client::Pipe, error::CliError, progress::Progress};

/// Parcels that are sealed and wait to be sent.
const PARCELS_READY_MAX: usize = 16;
/// Rounds that change nothing while the node says that it is overloaded, until the load gives up.
const PATIENCE_ROUNDS: u32 = 20;
/// Milliseconds between two rounds.
const PAUSE_MS: u64 = 500;

/// How transactions are sealed, and their answers opened.
#[derive(Debug)]
pub struct Seals {
    /// The node's recipient key.
    pub node: EncryptionKey,
    /// Opens what the node says became of the operations.
    pub reply: DecryptionKey,
}

/// Offers all operations of an exported log to a node, and again those that it refused, until a round changes nothing.
///
/// # Errors
/// [`CliError`] when the file cannot be read or a connection breaks; what was acknowledged by then stays.
pub async fn load(path: &Path, operations: u64, pipes: Vec<Pipe>, seals: Seals) -> Result<Tally, CliError> {
    let (bar, seals) = (Progress::of("operations"), Arc::new(seals));
    let mut line = Line::new(pipes, Arc::clone(&seals));
    let mut tally = Tally::default();
    let mut quiet = 0;
    let mut places: Option<Vec<u64>> = None;
    loop {
        let (sender, parcels) = mpsc::channel(PARCELS_READY_MAX);
        let packing = spawn_blocking({
            let (path, seals, places) = (path.to_owned(), Arc::clone(&seals), places.take());
            move || match places {
                None => pack_all(&path, &seals, &sender),
                Some(places) => pack_some(&path, &places, &seals, &sender),
            }
        });
        let before = tally.clone();
        let refused = line.send(parcels, &mut tally, |done| bar.at(done, operations)).await;
        packing.await.map_err(|_| CliError::Answer("packing ended unexpectedly".to_owned()))??;
        let refused = refused?;
        if refused.is_empty() {
            break;
        }
        // Something else than what was refused before: the node took some of it.
        quiet = if tally.changed_since(&before) { 0 } else { quiet + 1 };
        if quiet > if tally.may_pass() { PATIENCE_ROUNDS } else { 0 } {
            break;
        }
        tally.forget_refused();
        places = Some(refused);
        sleep(Duration::from_millis(PAUSE_MS)).await;
    }
    bar.finish();
    Ok(tally)
}

/// A parcel on its way from the packing half to the sending half.
type Packed = Result<Parcel, CliError>;
