//! Which answer of a websocket belongs to whom: requests that wait, subscriptions, the pipe.

use std::collections::HashMap;

use dmpc::v1;
use tokio::sync::{mpsc, oneshot};

use super::pipe_route::PipeRoute;
use crate::error::CliError;

/// Requests and subscriptions of one connection at a time.
const ROUTES_MAX: usize = 64;

/// Who waits for the frames with one id.
#[derive(Debug)]
pub(super) enum Route {
    /// One answer.
    Answer(oneshot::Sender<Result<v1::ServerFrame, CliError>>),
    /// Events until it ends.
    Events(Subscriber),
}

/// Who listens.
#[derive(Clone, Debug)]
pub(super) struct Subscriber {
    /// Where events go.
    pub(super) events: mpsc::Sender<Result<v1::EventBatch, CliError>>,
    /// Keeps the connection open while somebody listens; ends the subscription when nobody does.
    pub(super) connection: mpsc::Sender<v1::ClientFrame>,
}

/// Who waits for what.
#[derive(Debug, Default)]
pub(super) struct Routes {
    by_id: HashMap<u64, Route>,
    last_id: u64,
    pub(super) pipe: Option<PipeRoute>,
    /// Why the connection ended, once it did.
    ended: Option<Ending>,
}

/// Why a connection ended.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    /// The node said why.
    Closed {
        /// Stable words for programs.
        reason: String,
        /// One sentence for people.
        detail: String,
    },
    /// The transport broke.
    Broken(String),
}

impl From<Ending> for CliError {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Closed { reason, detail } => Self::Node { reason, detail },
            Ending::Broken(text) => Self::Disconnected(text),
        }
    }
}

impl Routes {
    /// A new id, whose frames go to `route`.
    pub(super) fn add(&mut self, route: Route) -> Result<u64, CliError> {
        if let Some(ending) = &self.ended {
            return Err(ending.clone().into());
        }
        // Subscriptions that nobody listens to make room.
        self.by_id.retain(|_, route| !matches!(route, Route::Events(to) if to.events.is_closed()));
        if self.by_id.len() >= ROUTES_MAX {
            return Err(CliError::Disconnected(format!("more than {ROUTES_MAX} requests wait on one connection")));
        }
        self.last_id += 1;
        self.by_id.insert(self.last_id, route);
        Ok(self.last_id)
    }

    /// Starts the pipe.
    pub(super) fn add_pipe(&mut self, pipe: PipeRoute) -> Result<(), CliError> {
        if let Some(ending) = &self.ended {
            return Err(ending.clone().into());
        }
        if self.pipe.is_some() {
            return Err(CliError::Disconnected("the connection has a pipe already".to_owned()));
        }
        self.pipe = Some(pipe);
        Ok(())
    }

    /// Takes the one that waits for the answer with this id.
    pub(super) fn take(&mut self, id: u64) -> Option<Route> {
        self.by_id.remove(&id)
    }

    /// The subscription with this id.
    pub(super) fn subscriber(&self, id: u64) -> Option<Subscriber> {
        match self.by_id.get(&id) {
            Some(Route::Events(subscriber)) => Some(subscriber.clone()),
            Some(Route::Answer(_)) | None => None,
        }
    }

    /// The connection ended: everybody who waits is to be told, later ones are told at once.
    pub(super) fn end(&mut self, ending: Ending) -> (Vec<Route>, Option<PipeRoute>) {
        self.ended = Some(ending);
        (self.by_id.drain().map(|(_, route)| route).collect(), self.pipe.take())
    }
}
