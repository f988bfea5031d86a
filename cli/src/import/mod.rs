//! The import of conversations: every nick becomes a user, every day a channel, every event what it means for them.
//!
//! ```text
//! events -> plan -> sign -> journal (fsync) -> parcel -> send -> node
//!   `--------- work: a thread of its own --------'        acks move a mark that the journal notes
//! ```
//!
//! `events` types lines, `plan` says what they mean, `sign` has keys, time and lanes, `parcel` seals: these are pure but for the
//! reading. `journal` and `people` write files, `send` talks to the node, `work` joins the parts up to the parcels.
//! An import resumes from its journal and its input alone.

mod error;
mod events;
mod journal;
mod parcel;
mod people;
mod plan;
mod progress;
mod report;
mod send;
mod sign;
mod work;

pub use report::Report;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dmpc::{
    Hlc, Identity, NodeId, UserId,
    keys::{DecryptionKey, EncryptionKey},
    node_proof::ProvenNode,
    v1,
};
use tokio::sync::mpsc;

use crate::{client::Pipe, context::Context, error::CliError, node::meet, session::Session};
use error::ImportError;
use events::{Events, count_lines};
use journal::Journal;
use parcel::Ends;
use people::People;
use plan::Plan;
use progress::Progress;
use send::send;
use sign::Signing;
use work::Work;

/// Sealed parcels that wait to be sent: enough to keep the connections busy during an fsync.
const PARCELS_READY_MAX: usize = 32;

/// What to import, and where its state is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The conversations.
    pub file: PathBuf,
    /// Directory of journal and identity files.
    pub identities: PathBuf,
    /// Stop after so many events of the file.
    pub limit: Option<u64>,
}

/// The node that is imported into.
#[derive(Clone, Copy)]
struct Node {
    id: NodeId,
    recipient: EncryptionKey,
}

/// Runs an import, or goes on with one.
///
/// # Errors
/// [`CliError`]; what was acknowledged before is noted, and the next run goes on from there.
pub async fn run(context: &Context, settings: &Settings) -> Result<Report, CliError> {
    let began_ms = context.clock.now_ms();
    let root = context.identity()?;
    let (node, pipes) = connect(context, &root).await?;
    let since = key_since(context, &root).await?;
    let (parcels, received) = mpsc::channel(PARCELS_READY_MAX);
    // Made for this run alone, as that of a session.
    let reply = DecryptionKey::generate(&mut context.rng())?;
    let ends = Ends { node: node.recipient, reply_to: reply.encryption_key()? };
    let work = prepare(context, settings, (root, since), (node.id, ends), parcels).map_err(CliError::from)?;
    let before = work.journal.position();
    let acknowledged = Arc::clone(&work.acknowledged);
    let progress = Progress::new(|| Some(count_lines(&settings.file)?.min(work.limit)));

    let working = tokio::task::spawn_blocking(|| work.run());
    let (outcomes, sent) = send(received, pipes, reply, &acknowledged, &progress).await;
    progress.finish();
    let (worked, totals, mut journal) = working.await.map_err(|_| ImportError::Stopped)?;
    // Also after a failure: what the node has does not have to be sent again.
    let noted = journal.acknowledge(acknowledged.load(Ordering::Acquire));
    sent?;
    worked?;
    noted.map_err(ImportError::from)?;
    let seconds = std::time::Duration::from_millis(context.clock.now_ms().saturating_sub(began_ms)).as_secs_f64();
    Ok(Report::new(before, &totals, outcomes, seconds))
}

/// Connects over every front end that is to be used, and sees to it that they all lead to one node of this root.
async fn connect(context: &Context, root: &Identity) -> Result<(Node, Vec<Pipe>), CliError> {
    let (mut node, mut pipes) = (None, Vec::new());
    for via in &context.vias {
        let mut client = context.client(*via).await?;
        let (proven, info) = meet(&mut client, context.node.as_ref(), &mut context.rng()).await?;
        let found = of_root(proven, &info, root.user)?;
        if node.get_or_insert(found).id != found.id {
            return Err(CliError::Usage("--grpc and --ws lead to different nodes".to_owned()));
        }
        pipes.push(client.pipe().await?);
    }
    let node = node.ok_or_else(|| CliError::Usage("--via names no front end".to_owned()))?;
    Ok((node, pipes))
}

/// Since when the root has its signing key. One that the node does not know any more is a key of before, and the node says
/// of each operation whether it had effect.
async fn key_since(context: &Context, root: &Identity) -> Result<Hlc, CliError> {
    let key = root.signing.verifying_key();
    let keys = match Session::open(context).await?.keys(root.user).await {
        Err(error) if error.is_denied() => return Ok(Hlc::ZERO),
        keys => keys?,
    };
    let own = |found: &&v1::UserKey| found.r#use() == v1::KeyUse::Signing && found.key.as_ref() == key.as_bytes();
    Ok(keys.iter().rfind(own).map_or(Hlc::ZERO, |found| Hlc::from_bits(found.from)))
}

fn of_root(proven: ProvenNode, info: &v1::NodeInfoResponse, user: UserId) -> Result<Node, ImportError> {
    if !info.roots.iter().any(|root| root.as_ref() == user.as_bytes()) {
        return Err(ImportError::NotRoot { user });
    }
    Ok(Node { id: proven.node, recipient: proven.recipient })
}

fn prepare(
    context: &Context,
    settings: &Settings,
    (root, since): (Identity, Hlc),
    (node, ends): (NodeId, Ends),
    parcels: mpsc::Sender<parcel::Parcel>,
) -> Result<Work, ImportError> {
    let events = Events::open(&settings.file)?;
    let journal = Journal::open(&settings.identities, node, root.user)?;
    let people = People::open(&settings.identities, journal.is_new())?;
    Ok(Work {
        file: settings.file.clone(),
        events,
        limit: settings.limit.unwrap_or(u64::MAX),
        signing: Signing::new(root, since, context.rng())?,
        acknowledged: Arc::new(AtomicU64::new(journal.position().acknowledged)),
        journal,
        people,
        ends,
        parcels,
        plan: Plan::default(),
        operations: BTreeMap::new(),
    })
}
