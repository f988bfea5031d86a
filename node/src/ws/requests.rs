//! The requests and subscriptions of one websocket: each answered under the id that the client chose, all bounded.

use std::{collections::HashMap, sync::Arc, time::Duration};

use dmpc::v1::{self, ServerFrame};
use tokio::{
    sync::{Semaphore, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Limits,
    error_map::Failure,
    frame::FrameError,
    lifecycle::{Interrupted, Lifecycle},
    listener::Origin,
    read::{Answer, ReadError, Reads, Subscription},
};

/// See the module. When it is dropped, its subscriptions end.
#[derive(Debug)]
pub(super) struct Requests {
    reads: Reads,
    origin: Origin,
    outgoing: mpsc::Sender<ServerFrame>,
    places: Arc<Semaphore>,
    subscriptions: HashMap<u64, CancellationToken>,
    subscriptions_max: usize,
    patience: Duration,
    /// How many places there are.
    reads_max: usize,
    /// The client is gone, or is to go.
    ended: CancellationToken,
}

impl Requests {
    pub(super) fn new(limits: &Limits, reads: Reads, origin: Origin, outgoing: mpsc::Sender<ServerFrame>) -> Self {
        let (subscriptions_max, patience) =
            (limits.connection_subscriptions, Limits::seconds(limits.subscriber_seconds));
        let places = Arc::new(Semaphore::new(limits.connection_reads));
        Self {
            reads,
            origin,
            outgoing,
            places,
            subscriptions: HashMap::new(),
            subscriptions_max,
            patience,
            reads_max: limits.connection_reads,
            ended: CancellationToken::new(),
        }
    }

    /// Answers a request beside others; waits while too many are being answered.
    pub(super) async fn read(
        &self,
        id: u64,
        request: v1::ReadRequest,
        lifecycle: &Lifecycle,
    ) -> Result<(), Interrupted> {
        let place = tokio::select! {
            biased;
            interrupted = lifecycle.interrupted() => return Err(interrupted),
            place = Arc::clone(&self.places).acquire_owned() => place,
        };
        let (reads, origin, outgoing) = (self.reads.clone(), self.origin, self.outgoing.clone());
        tokio::spawn(async move {
            let frame = match reads.answer(&request.transaction, origin).await {
                Ok(answer) => answered(id, answer),
                Err(error) => failed(id, &error.into()),
            };
            // Nobody listens when the connection is gone.
            outgoing.send(frame).await.ok();
            drop(place);
        });
        Ok(())
    }

    /// Whether requests are being answered, or subscriptions go on.
    pub(super) fn are_under_way(&self) -> bool {
        self.places.available_permits() < self.reads_max
            || self.subscriptions.values().any(|unwanted| !unwanted.is_cancelled())
    }

    /// Begins a subscription; its events carry `id` until an error with that id ends it.
    pub(super) async fn subscribe(&mut self, id: u64, request: &v1::ReadRequest) {
        self.subscriptions.retain(|_, unwanted| !unwanted.is_cancelled());
        if let Err(failure) = self.begin(id, request).await {
            self.send(failed(id, &failure)).await;
        }
    }

    async fn begin(&mut self, id: u64, request: &v1::ReadRequest) -> Result<(), Failure> {
        if self.subscriptions.contains_key(&id) {
            return Err(FrameError::IdInUse.into());
        }
        if self.subscriptions.len() >= self.subscriptions_max {
            return Err(FrameError::Subscriptions.into());
        }
        let subscription = self.reads.subscribe(&request.transaction, self.origin).await?;
        let unwanted = CancellationToken::new();
        self.subscriptions.insert(id, unwanted.clone());
        let patience = self.patience;
        let (outgoing, ended) = (self.outgoing.clone(), self.ended.clone());
        tokio::spawn(async move {
            let failure = deliver(id, subscription, patience, &outgoing, &unwanted, &ended).await;
            unwanted.cancel();
            if let Some(failure) = failure {
                outgoing.send(failed(id, &failure)).await.ok();
            }
        });
        Ok(())
    }

    /// Ends a subscription; its end is told under its id.
    pub(super) async fn unsubscribe(&mut self, id: u64) {
        match self.subscriptions.remove(&id).filter(|unwanted| !unwanted.is_cancelled()) {
            Some(unwanted) => unwanted.cancel(),
            None => self.send(failed(id, &FrameError::NoSubscription.into())).await,
        }
    }

    /// Says who the node is.
    pub(super) async fn node_info(&self, id: u64, request: &v1::NodeInfoRequest) {
        let frame = match self.reads.info(request, self.origin) {
            Ok(info) => ServerFrame { id, node_info: Some(info), ..ServerFrame::default() },
            Err(error) => failed(id, &error.into()),
        };
        self.send(frame).await;
    }

    async fn send(&self, frame: ServerFrame) {
        // Nobody listens when the connection is gone.
        self.outgoing.send(frame).await.ok();
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

/// Delivers until the subscription ends, and says why; `None` when the connection is gone.
async fn deliver(
    id: u64,
    mut subscription: Subscription,
    patience: Duration,
    outgoing: &mpsc::Sender<ServerFrame>,
    unwanted: &CancellationToken,
    ended: &CancellationToken,
) -> Option<Failure> {
    loop {
        let batch = tokio::select! {
            biased;
            () = outgoing.closed() => return None,
            () = unwanted.cancelled() => return Some(FrameError::Unsubscribed.into()),
            // It says why when the node stops; only then does the end of the connection count.
            batch = subscription.next() => batch,
            () = ended.cancelled() => return None,
        };
        let events = match batch {
            Ok(batch) => Some(batch),
            Err(error) => return Some(error.into()),
        };
        let frame = ServerFrame { id, events, ..ServerFrame::default() };
        match timeout(patience, outgoing.send(frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => return Some(ReadError::SlowSubscriber.into()),
        }
    }
}

fn answered(id: u64, answer: Answer) -> ServerFrame {
    let mut frame = ServerFrame { id, ..ServerFrame::default() };
    match answer {
        Answer::Users(users) => frame.users = Some(users),
        Answer::Channel(channel) => frame.channel = Some(channel),
        Answer::Channels(channels) => frame.channels = Some(channels),
        Answer::Messages(messages) => frame.messages = Some(messages),
        Answer::Keys(keys) => frame.keys = Some(keys),
    }
    frame
}

fn failed(id: u64, failure: &Failure) -> ServerFrame {
    ServerFrame { id, error: Some(failure.to_wire()), ..ServerFrame::default() }
}
