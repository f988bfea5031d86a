//! gRPC calls with bytes for messages: what no generated client sends or knows.

use bytes::{Buf, BufMut, Bytes};
use tonic::{
    Request, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::Endpoint,
};

use super::client::soon;

/// Sends one message; the first one of the answer.
pub(crate) async fn call(address: &str, path: &str, message: &'static [u8]) -> Result<Bytes, Status> {
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let answers = client.server_streaming(Request::new(message), path.parse().unwrap(), Raw).await?;
    Ok(soon(answers.into_inner().message()).await?.expect("no message"))
}

/// Sends and receives bytes as they are.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = &'static [u8];
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = &'static [u8];
    type Error = Status;

    fn encode(&mut self, item: &'static [u8], target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put_slice(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = source.remaining();
        Ok(Some(source.copy_to_bytes(length)))
    }
}

/// Calls with a body of these bytes, framed or not, and expects to be refused.
pub(crate) async fn stream(
    channel: &mut tonic::transport::Channel,
    path: &str,
    body: impl futures::Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + 'static,
) -> Status {
    use tonic::codegen::{Service, http};
    let body =
        http_body_util::StreamBody::new(futures::StreamExt::map(body, |bytes| bytes.map(hyper::body::Frame::data)));
    let request = http::Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .body(tonic::body::Body::new(body))
        .unwrap();
    futures::future::poll_fn(|cx| channel.poll_ready(cx)).await.unwrap();
    let response = soon(channel.call(request)).await.unwrap();
    Status::from_header_map(response.headers()).expect("a refusal")
}
