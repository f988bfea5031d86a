//! The service `dmpc.v1.Node`, call by call.

use std::time::Duration;

use dmpc::{request::RequestError, v1, v1::node_server::Node};
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream};

use super::{submit, subscribe};
use crate::{
    error_map::Failure,
    ingest::Ingest,
    lifecycle::Lifecycle,
    listener::Origin,
    read::{Answer, ReadError, Reads},
};

/// The service, for one listener.
#[derive(Clone, Debug)]
pub(super) struct NodeService {
    ingest: Ingest,
    reads: Reads,
    accepts_open: bool,
    lifecycle: Lifecycle,
    patience: Duration,
}

impl NodeService {
    pub(super) fn new(
        ingest: Ingest,
        reads: Reads,
        accepts_open: bool,
        lifecycle: Lifecycle,
        patience: Duration,
    ) -> Self {
        Self { ingest, reads, accepts_open, lifecycle, patience }
    }

    fn origin<T>(&self, request: &Request<T>) -> Origin {
        Origin::new(request.remote_addr(), self.accepts_open)
    }

    async fn answer(&self, request: &Request<v1::ReadRequest>) -> Result<Answer, Status> {
        self.reads.answer(&request.get_ref().transaction, self.origin(request)).await.map_err(status)
    }
}

/// A typed error as a status; what is wrong with the message is so with its one field.
pub(super) fn status(error: impl Into<Failure>) -> Status {
    error.into().to_status_of("transaction")
}

/// The call takes another query than the request holds.
fn other_query<T>() -> Result<T, Status> {
    Err(status(ReadError::from(RequestError::OtherQuery)))
}

#[tonic::async_trait]
impl Node for NodeService {
    type SubmitStream = BoxStream<v1::Ack>;
    type SubmitStreamStream = BoxStream<v1::AckBatch>;
    type SubscribeStream = BoxStream<v1::EventBatch>;

    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Result<Response<Self::SubmitStream>, Status> {
        let origin = self.origin(&request);
        Ok(Response::new(submit::one(&self.ingest, origin, request.into_inner()).await?))
    }

    async fn submit_stream(
        &self,
        request: Request<Streaming<v1::SubmitBatch>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let origin = self.origin(&request);
        let acks = submit::many(&self.ingest, origin, request.into_inner(), self.lifecycle.clone())?;
        Ok(Response::new(acks))
    }

    async fn read_users(&self, request: Request<v1::ReadRequest>) -> Result<Response<v1::ReadUsersResponse>, Status> {
        match self.answer(&request).await? {
            Answer::Users(answer) => Ok(Response::new(answer)),
            Answer::Channel(_) | Answer::Channels(_) | Answer::Messages(_) | Answer::Keys(_) => other_query(),
        }
    }

    async fn read_channel(
        &self,
        request: Request<v1::ReadRequest>,
    ) -> Result<Response<v1::ReadChannelResponse>, Status> {
        match self.answer(&request).await? {
            Answer::Channel(answer) => Ok(Response::new(answer)),
            Answer::Users(_) | Answer::Channels(_) | Answer::Messages(_) | Answer::Keys(_) => other_query(),
        }
    }

    async fn list_channels(
        &self,
        request: Request<v1::ReadRequest>,
    ) -> Result<Response<v1::ListChannelsResponse>, Status> {
        match self.answer(&request).await? {
            Answer::Channels(answer) => Ok(Response::new(answer)),
            Answer::Users(_) | Answer::Channel(_) | Answer::Messages(_) | Answer::Keys(_) => other_query(),
        }
    }

    async fn read_messages(
        &self,
        request: Request<v1::ReadRequest>,
    ) -> Result<Response<v1::ReadMessagesResponse>, Status> {
        match self.answer(&request).await? {
            Answer::Messages(answer) => Ok(Response::new(answer)),
            Answer::Users(_) | Answer::Channel(_) | Answer::Channels(_) | Answer::Keys(_) => other_query(),
        }
    }

    async fn read_keys(&self, request: Request<v1::ReadRequest>) -> Result<Response<v1::ReadKeysResponse>, Status> {
        match self.answer(&request).await? {
            Answer::Keys(answer) => Ok(Response::new(answer)),
            Answer::Users(_) | Answer::Channel(_) | Answer::Channels(_) | Answer::Messages(_) => other_query(),
        }
    }

    async fn subscribe(&self, request: Request<v1::ReadRequest>) -> Result<Response<Self::SubscribeStream>, Status> {
        let origin = self.origin(&request);
        let subscription = self.reads.subscribe(&request.get_ref().transaction, origin).await.map_err(status)?;
        Ok(Response::new(subscribe::stream(subscription, self.patience)))
    }

    async fn node_info(&self, request: Request<v1::NodeInfoRequest>) -> Result<Response<v1::NodeInfoResponse>, Status> {
        let info = self.reads.info(request.get_ref(), self.origin(&request));
        let info = info.map_err(|error| Failure::of(&error).to_status_of("challenge"))?;
        Ok(Response::new(info))
    }
}
