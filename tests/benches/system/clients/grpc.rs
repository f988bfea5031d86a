//! gRPC with messages that are encoded already.

use std::marker::PhantomData;

use anyhow::Result;
use bytes::{Buf, BufMut, Bytes};
use dmpc::v1;
use futures::Stream;
use prost::Message;
use tonic::{
    Request, Status, Streaming,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};

/// Bytes that the node may send before they are taken, of a stream and of a connection.
const WINDOW: u32 = 1 << 20;

/// A connection.
pub(super) async fn connect(address: &str) -> Result<Grpc<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    let endpoint = endpoint.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
    let mut grpc = Grpc::new(endpoint.connect().await?);
    grpc.ready().await?;
    Ok(grpc)
}

/// Begins a stream of encoded batches.
pub(super) async fn submit(
    grpc: &mut Grpc<Channel>,
    batches: impl Stream<Item = Bytes> + Send + 'static,
) -> Result<Streaming<v1::AckBatch>> {
    let path = PathAndQuery::from_static("/dmpc.v1.Node/SubmitStream");
    Ok(grpc.streaming(Request::new(batches), path, Encoded::default()).await?.into_inner())
}

/// Begins a subscription with an encoded `ReadRequest`.
pub(super) async fn subscribe(grpc: &mut Grpc<Channel>, request: Bytes) -> Result<Streaming<v1::EventBatch>> {
    let path = PathAndQuery::from_static("/dmpc.v1.Node/Subscribe");
    Ok(grpc.server_streaming(Request::new(request), path, Encoded::default()).await?.into_inner())
}

/// Sends bytes as they are, and decodes what comes.
struct Encoded<T>(PhantomData<T>);

impl<T> Default for Encoded<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Message + Default + 'static> Codec for Encoded<T> {
    type Encode = Bytes;
    type Decode = T;
    type Encoder = AsTheyAre;
    type Decoder = Self;

    fn encoder(&mut self) -> AsTheyAre {
        AsTheyAre
    }

    fn decoder(&mut self) -> Self {
        Self::default()
    }
}

/// See [`Encoded`].
struct AsTheyAre;

impl Encoder for AsTheyAre {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, bytes: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(bytes);
        Ok(())
    }
}

impl<T: Message + Default + 'static> Decoder for Encoded<T> {
    type Item = T;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<T>, Status> {
        let length = buffer.remaining();
        T::decode(buffer.copy_to_bytes(length)).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}
