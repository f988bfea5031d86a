//! When the node ends: in an orderly way, or because it can no longer say what became of what it was given.

use dmpc::error::{Classified, ErrorClass};
use tokio_util::sync::CancellationToken;

/// Why something was not carried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Interrupted {
    /// The node stops; everything that it accepted is answered.
    #[error("the node is stopping; what was not acknowledged may be sent again")]
    ShuttingDown,
    /// A write failed or a thread ended: what was not acknowledged may or may not have taken effect.
    #[error("the node failed and cannot say what became of what was not acknowledged; send the same bytes again")]
    Failed,
}

impl Classified for Interrupted {
    fn class(&self) -> ErrorClass {
        match self {
            Self::ShuttingDown => ErrorClass::ShuttingDown,
            Self::Failed => ErrorClass::Unknown,
        }
    }
}

/// The two signals that everything long-lived listens to; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    stopping: CancellationToken,
    failed: CancellationToken,
}

impl Lifecycle {
    /// Nothing ends yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everything to finish what it accepted and to accept no more.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Says that the fate of what was accepted is unknown.
    pub fn fail(&self) {
        self.failed.cancel();
    }

    /// Whether the node failed.
    pub fn has_failed(&self) -> bool {
        self.failed.is_cancelled()
    }

    /// Waits until the node fails.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Waits until nothing more is to be accepted, and says why.
    pub async fn interrupted(&self) -> Interrupted {
        tokio::select! {
            biased;
            () = self.failed.cancelled() => Interrupted::Failed,
            () = self.stopping.cancelled() => Interrupted::ShuttingDown,
        }
    }

    /// Declares the node failed when it is dropped without [`Guard::disarm`]: by a panic, for one.
    pub fn guard(&self) -> Guard {
        Guard { lifecycle: self.clone(), armed: true }
    }
}

/// See [`Lifecycle::guard`].
#[derive(Debug)]
pub struct Guard {
    lifecycle: Lifecycle,
    armed: bool,
}

impl Guard {
    /// All went well.
    pub fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.armed {
            self.lifecycle.fail();
        }
    }
}
