//! Sends everything as fast as the node takes it, over several connections at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::{SinkExt, StreamExt, stream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use super::{Via, applied, grpc, ws};
use crate::{
    computing::Computed,
    frames::{Frame, Lines},
    process::Node,
    progress::Progress,
};

/// How often progress is looked at.
const GLANCE: Duration = Duration::from_millis(100);

/// What it took.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    /// Operations that were acknowledged, all of them as applied.
    pub(crate) operations: usize,
    /// From the first byte to the last acknowledgement.
    pub(crate) elapsed: Duration,
    /// What was computed for it.
    pub(crate) computed: Computed,
}

impl Pushed {
    /// Operations a second.
    pub(crate) fn rate(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
    }
}

/// A connection that is open, and what is to go over it.
enum Line {
    Grpc(Box<tonic::client::Grpc<tonic::transport::Channel>>, Vec<Frame>),
    Ws(Box<tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>>, Vec<Frame>),
}

/// Sends all frames, and waits until every operation is acknowledged as applied.
pub(crate) async fn push(node: &Node, via: Via, lines: &Lines) -> Result<Pushed> {
    let mut open = Vec::with_capacity(lines.frames.len());
    for frames in &lines.frames {
        open.push(match via {
            Via::Grpc => Line::Grpc(Box::new(grpc::connect(&node.grpc).await?), frames.clone()),
            Via::Ws => Line::Ws(Box::new(ws::connect(&node.ws).await?), frames.clone()),
        });
    }
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let before = Computed::now(node)?;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for line in open {
        tasks.spawn(line.run(Arc::clone(&acknowledged)));
    }
    let progress = Progress::of("acknowledged", lines.operations);
    let mut glance = tokio::time::interval(GLANCE);
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(ended) => ended.context("a client panicked")??,
                None => break,
            },
            _ = glance.tick() => progress.at(acknowledged.load(Ordering::Relaxed)),
        }
    }
    let elapsed = began.elapsed();
    let operations = acknowledged.load(Ordering::Relaxed);
    ensure!(operations == lines.operations, "{operations} of {} were acknowledged", lines.operations);
    Ok(Pushed { operations, elapsed, computed: Computed::now(node)?.since(&before) })
}

impl Line {
    async fn run(self, acknowledged: Arc<AtomicUsize>) -> Result<()> {
        match self {
            Self::Grpc(mut grpc, frames) => {
                let batches = stream::iter(frames).map(|frame| frame.grpc());
                let mut acks = grpc::submit(&mut grpc, batches).await?;
                while let Some(batch) = acks.message().await? {
                    acknowledged.fetch_add(applied(&batch)?, Ordering::Relaxed);
                }
            }
            Self::Ws(stream, frames) => {
                let mut missing: usize = frames.iter().map(|frame| frame.items).sum();
                let (mut sink, mut stream) = stream.split();
                let sending = async move {
                    for frame in frames {
                        sink.send(Message::Binary(frame.ws())).await?;
                    }
                    Ok::<_, anyhow::Error>(sink)
                };
                let reading = async {
                    while missing > 0 {
                        let batch = ws::next(&mut stream).await?.acks.context("a frame without acknowledgements")?;
                        let count = applied(&batch)?;
                        missing -= count.min(missing);
                        acknowledged.fetch_add(count, Ordering::Relaxed);
                    }
                    Ok::<_, anyhow::Error>(())
                };
                let (sink, ()) = tokio::try_join!(sending, reading)?;
                drop(sink);
            }
        }
        Ok(())
    }
}
