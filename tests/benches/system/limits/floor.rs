//! The floor: the same bytes through the node's own threads in this process, with everything but the network. Batches are
//! decoded, transactions opened, operations decoded, verified, judged, committed and acknowledged.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use dmpc::{Identity, cursor::Generation, v1};
use dmpc_node::{
    clock::{Clock, SystemRandom},
    config::Limits,
    horizon::Horizon,
    ingest::{Ingest, IngestThreads, Parts},
    lifecycle::Lifecycle,
    listener::Origin,
};
use dmpc_storage::{Genesis, Reader, Root, Store};
use prost::Message;
use tokio::task::JoinSet;

use crate::{
    clients::applied,
    frames::{Frame, Lines},
    people::{People, random},
};

/// What it took, and what the state is then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floor {
    /// Operations a second.
    pub(crate) rate: f64,
    /// The state digest, which a node must have after the same operations.
    pub(crate) state_digest: [u8; 32],
}

/// Takes a prologue, and then all lines, as if each came over a connection.
pub(crate) async fn floor(people: &People, scratch: &Path, prologue: &Lines, lines: &Lines) -> Result<Floor> {
    let folder = tempfile::tempdir_in(scratch)?;
    let path = folder.path().join("store");
    let (ingest, threads, reader) = open(people, &path)?;
    submit_all(&ingest, prologue).await?;
    let took = submit_all(&ingest, lines).await?;
    let info = reader.info()?;
    let rate = lines.operations as f64 / took.as_secs_f64();
    drop(ingest);
    threads.close().await?;
    Ok(Floor { rate, state_digest: info.state_digest })
}

fn open(people: &People, path: &Path) -> Result<(Ingest, IngestThreads, Reader)> {
    let roots = vec![Root::from(&people.root.public()?)];
    Store::init(path, &Genesis { node: node_id(&people.node)?, roots })?;
    let limits = Arc::new(Limits::default());
    let (writer, reader) = Store::open(path, limits.store(), Generation::from_bytes(random()))?;
    let (key, lifecycle) = (people.node.encryption.clone(), Lifecycle::new());
    let horizon = Arc::new(Horizon::new(Clock::system()));
    let (ingest, threads, _) = Ingest::start(Parts { writer, key, horizon, lifecycle, limits }, SystemRandom::new)?;
    Ok((ingest, threads, reader))
}

fn node_id(node: &Identity) -> Result<dmpc::NodeId> {
    Ok(dmpc::identity::node_id(&node.signing.verifying_key(), &node.encryption.encryption_key()?))
}

async fn submit_all(ingest: &Ingest, lines: &Lines) -> Result<Duration> {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for frames in &lines.frames {
        let (mut session, mut acks) = ingest.session(Origin::new(None, true))?;
        let frames: Vec<Bytes> = frames.iter().map(Frame::grpc).collect();
        tasks.spawn(async move {
            for frame in frames {
                session.submit(v1::SubmitBatch::decode(frame)?.items).await?;
            }
            Ok::<_, anyhow::Error>(0)
        });
        tasks.spawn(async move {
            let mut count = 0;
            while let Some(batch) = acks.next().await? {
                count += applied(&batch)?;
            }
            Ok(count)
        });
    }
    let mut count = 0;
    while let Some(ended) = tasks.join_next().await {
        count += ended.context("a session panicked")??;
    }
    ensure!(count == lines.operations, "{count} of {} were acknowledged", lines.operations);
    Ok(began.elapsed())
}
