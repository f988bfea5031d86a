//! What comes over a link: the greeting, and then frames, read as fast as the peer may send.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use dmpc::{
    NodeId,
    identity::node_id,
    keys::{EncryptionKey, VerifyingKey},
};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{
    link::{Incoming, Outgoing, next_frame},
    pace::Pace,
};

/// Each says its recipient key, which with the key that it proved makes its node id.
pub(super) async fn greet(
    own: Bytes,
    key: VerifyingKey,
    incoming: &mut Incoming,
    outgoing: &Outgoing,
) -> io::Result<NodeId> {
    let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
    outgoing.room().await.ok_or_else(gone)?.send(own);
    let frame = next_frame(incoming).await?.ok_or_else(gone)?;
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "its greeting is no recipient key");
    let recipient = EncryptionKey::from_bytes(frame.as_ref().try_into().map_err(|_| wrong())?).map_err(|_| wrong())?;
    Ok(node_id(&key, &recipient))
}

/// Frames as they come, read by a task of its own.
pub(super) struct Reading {
    pub(super) frames: mpsc::Receiver<io::Result<Bytes>>,
    /// Whether the peer sent faster than it may, and is not read from for now.
    pub(super) is_paced: Arc<AtomicBool>,
    _reading: AbortOnDropHandle<()>,
}

impl Reading {
    pub(super) fn begin(incoming: Incoming, pace: Arc<Pace>) -> Self {
        let (tell, frames) = mpsc::channel(1);
        let is_paced = Arc::new(AtomicBool::new(false));
        let reading = AbortOnDropHandle::new(tokio::spawn(read(incoming, pace, Arc::clone(&is_paced), tell)));
        Self { frames, is_paced, _reading: reading }
    }
}

async fn read(
    mut incoming: Incoming,
    pace: Arc<Pace>,
    is_paced: Arc<AtomicBool>,
    tell: mpsc::Sender<io::Result<Bytes>>,
) {
    loop {
        let frame = match next_frame(&mut incoming).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return,
            Err(error) => {
                tell.send(Err(error)).await.ok();
                return;
            }
        };
        is_paced.store(true, Ordering::Relaxed);
        pace.bytes(frame.len()).await;
        is_paced.store(false, Ordering::Relaxed);
        if tell.send(Ok(frame)).await.is_err() {
            return;
        }
    }
}
