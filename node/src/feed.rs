//! The head of the log as the sequencer publishes it after each commit. Subscribers wait for it and then read on by
//! themselves, so a slow one holds nothing but its cursor.

use dmpc::Hlc;
use tokio::sync::watch;

/// The head of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The latest timestamp in the log; clients stamp above it.
    pub latest: Hlc,
}

/// Publishes the head; the sequencer has the only one.
#[derive(Debug)]
pub struct Publisher(watch::Sender<Head>);

/// Sees the head; cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed(watch::Receiver<Head>);

/// A feed that starts at `latest`.
pub fn feed(latest: Hlc) -> (Publisher, Feed) {
    let (sender, receiver) = watch::channel(Head { latest });
    (Publisher(sender), Feed(receiver))
}

impl Publisher {
    /// The latest timestamp published.
    pub fn latest(&self) -> Hlc {
        self.0.borrow().latest
    }

    /// Says that the log changed and may have gone on to `latest`; wakes those who wait.
    pub fn advance(&self, latest: Hlc) {
        self.0.send_modify(|head| head.latest = head.latest.max(latest));
    }
}

impl Feed {
    /// The latest timestamp in the log.
    pub fn latest(&self) -> Hlc {
        self.0.borrow().latest
    }

    /// Takes what was published so far for seen: [`Feed::changed`] waits for what comes after this call.
    pub fn mark_seen(&mut self) {
        self.0.borrow_and_update();
    }

    /// Waits for the next change. Without a publisher there is none any more; then it waits for ever, and the
    /// lifecycle ends what waits.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
