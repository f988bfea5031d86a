//! gRPC-web on the port of gRPC: what a page in a browser does, through HTTP/1.1 by hand.

use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use dmpc::{
    request::Query,
    v1::{self, EventKind},
};

use super::scene::Scene;
use crate::support::{
    client::{request, soon, transaction},
    operations::Cast,
    raw_http::{Form, Frame, Head, Http},
    server::{Server, node_program},
};

const PAGE: &str = "http://localhost:8080";

fn assert_ok(trailers: &[(String, String)]) {
    let status = trailers.iter().find(|(name, _)| name == "grpc-status");
    assert_eq!(status.map(|(_, value)| value.as_str()), Some("0"), "{trailers:?}");
}

#[tokio::test]
async fn a_page_learns_who_the_node_is() {
    let server = Server::start(&Cast::new(1));
    for form in Form::ALL {
        let mut http = Http::connect(&server.grpc).await;
        // A connection is kept for the next call.
        for _ in 0..2 {
            let head = http.call("NodeInfo", form, PAGE, &v1::NodeInfoRequest::default()).await;
            assert_eq!((head.status, head.get("content-type")), (200, Some(form.content_type())), "{head:?}");
            assert_eq!(head.get("access-control-allow-origin"), Some(PAGE));
            let mut frames = http.frames(form);
            let info: v1::NodeInfoResponse = frames.message().await;
            assert_eq!(info, server.info().await);
            assert_ok(&frames.trailers().await);
        }
    }
}

#[tokio::test]
async fn a_page_submits_and_reads() {
    let mut scene = Scene::new().await;
    for form in Form::ALL {
        let message = scene.message("bob", "from a page");
        let mut http = Http::connect(&scene.server.grpc).await;
        http.call("Submit", form, PAGE, &v1::SubmitRequest { transaction: transaction(&[&message]) }).await;
        let mut frames = http.frames(form);
        let ack: v1::Ack = frames.message().await;
        assert_eq!((ack.state(), ack.outcomes[0].kind()), (v1::TicketState::Success, v1::OutcomeKind::Applied));
        assert_ok(&frames.trailers().await);

        let query = Query::Messages { channel: scene.room.id, cursor: Bytes::new(), limit: 1, backward: true };
        let asked = request(&scene.cast, "bob", &scene.server.node, &query);
        http.call("ReadMessages", form, PAGE, &v1::ReadRequest { transaction: asked }).await;
        let mut frames = http.frames(form);
        let page: v1::ReadMessagesResponse = frames.message().await;
        assert_eq!(page.messages[0].operation, *message.bytes());
        assert_ok(&frames.trailers().await);
    }
}

#[tokio::test]
async fn a_page_subscribes_and_is_told_live() {
    let mut scene = Scene::new().await;
    for form in Form::ALL {
        let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
        let asked = request(&scene.cast, "bob", &scene.server.node, &query);
        let mut http = Http::connect(&scene.server.grpc).await;
        http.call("Subscribe", form, PAGE, &v1::ReadRequest { transaction: asked }).await;
        let mut frames = http.frames(form);
        let marker: v1::EventBatch = frames.message().await;
        assert_eq!(marker.events[0].kind(), EventKind::CaughtUp);
        let live = scene.messages(1);
        scene.apply(&live).await;
        let told: v1::EventBatch = frames.message().await;
        assert_eq!(told.events[0].operation, *live[0].bytes());
    }
}

/// Code and reason of a refusal, wherever the answer has it.
async fn refusal(http: &mut Http, head: &Head, form: Form) -> (String, String) {
    let lines = match head.get("grpc-status") {
        Some(_) => ["grpc-status", "grpc-status-details-bin"]
            .map(|name| (name.to_owned(), head.get(name).unwrap().to_owned()))
            .to_vec(),
        None => http.frames(form).trailers().await,
    };
    let value = |name: &str| lines.iter().find(|(found, _)| found == name).unwrap().1.clone();
    let encoded = value("grpc-status-details-bin");
    let details = base64::engine::general_purpose::STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')).unwrap();
    let text = String::from_utf8_lossy(&details).into_owned();
    (value("grpc-status"), text)
}

#[tokio::test]
async fn a_refusal_has_code_and_details() {
    let scene = Scene::new().await;
    for form in Form::ALL {
        let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
        let asked = request(&scene.cast, "carol", &scene.server.node, &query);
        let mut http = Http::connect(&scene.server.grpc).await;
        let head = http.call("Subscribe", form, PAGE, &v1::ReadRequest { transaction: asked }).await;
        let (code, details) = refusal(&mut http, &head, form).await;
        assert_eq!(code, i32::from(tonic::Code::PermissionDenied).to_string());
        assert!(details.contains("right_missing") && details.contains("dmpc.v1"), "{details:?}");
        let exposed = head.get("access-control-expose-headers").unwrap();
        assert!(["grpc-status", "grpc-message", "grpc-status-details-bin"].iter().all(|name| exposed.contains(name)));
    }
}

#[tokio::test]
async fn a_refusal_after_messages_stands_in_the_trailers() {
    let mut scene = Scene::new().await;
    for (form, name) in Form::ALL.into_iter().zip(["bob", "bob"]) {
        let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
        let asked = request(&scene.cast, name, &scene.server.node, &query);
        let mut http = Http::connect(&scene.server.grpc).await;
        http.call("Subscribe", form, PAGE, &v1::ReadRequest { transaction: asked }).await;
        let mut frames = http.frames(form);
        let _: v1::EventBatch = frames.message().await;
        let (time, room) = (scene.tick(), scene.room.clone());
        let removal = scene.cast.members("alice", &room, &[], &[name], time);
        scene.apply(&[removal]).await;
        let trailers = loop {
            match frames.next().await {
                Frame::Message(_) => {}
                Frame::Trailers(trailers) => break trailers,
            }
        };
        let code = i32::from(tonic::Code::PermissionDenied).to_string();
        assert!(trailers.contains(&("grpc-status".to_owned(), code)), "{trailers:?}");
        assert!(trailers.iter().any(|(name, _)| name == "grpc-status-details-bin"), "{trailers:?}");
        let time = scene.tick();
        let back =
            scene.cast.members("alice", &room, &[(name, dmpc::Rights::READ.union(dmpc::Rights::WRITE))], &[], time);
        scene.apply(&[back]).await;
    }
}

#[tokio::test]
async fn a_browser_is_told_which_pages_may_call() {
    let mut server = Server::start(&Cast::new(1));
    let mut program = node_program();
    program.env("DMPC_ORIGINS", r#"["https://example.org"]"#);
    server.restart_as(program).await;
    for (page, may) in [
        (PAGE, true),
        ("https://127.0.0.1:8443", true),
        ("https://example.org", true),
        ("http://example.org", false),
        ("https://www.example.org", false),
        // On loopback a name that leads here vouches for nobody.
        ("http://node.example.org", false),
        ("null", false),
    ] {
        let mut http = Http::connect(&server.grpc).await;
        let asked = format!(
            "Origin: {page}\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: content-type,x-grpc-web\r\n"
        );
        http.send("OPTIONS", "/dmpc.v1.Node/NodeInfo", &asked, &[]).await;
        let head = http.head().await;
        assert_eq!(head.status, if may { 204 } else { 403 }, "{page}");
        assert_eq!(head.get("access-control-allow-origin"), may.then_some(page));
        assert_eq!(head.get("access-control-allow-methods"), may.then_some("POST"));
        let allowed = head.get("access-control-allow-headers").unwrap_or_default();
        assert_eq!(may, ["content-type", "x-grpc-web"].iter().all(|name| allowed.contains(name)), "{allowed}");
        let mut http = Http::connect(&server.grpc).await;
        let head = http.call("NodeInfo", Form::Binary, page, &v1::NodeInfoRequest::default()).await;
        assert_eq!(head.status, if may { 200 } else { 403 }, "{page}");
        assert_eq!(head.get("access-control-allow-origin"), may.then_some(page));
    }
}

#[tokio::test]
async fn who_is_no_page_calls_without_an_origin() {
    let server = Server::start(&Cast::new(1));
    let mut http = Http::connect(&server.grpc).await;
    let headers = format!("Content-Type: {}\r\n", Form::Binary.content_type());
    let body = Form::Binary.body(&v1::NodeInfoRequest::default());
    http.send("POST", "/dmpc.v1.Node/NodeInfo", &headers, &body).await;
    let head = http.head().await;
    assert_eq!((head.status, head.get("access-control-allow-origin")), (200, None));
    let info: v1::NodeInfoResponse = http.frames(Form::Binary).message().await;
    assert_eq!(info.node, server.node.as_bytes().as_slice());
}

#[tokio::test]
async fn what_is_no_grpc_web_gets_a_status() {
    let server = Server::start(&Cast::new(1));
    for (method, path, headers, status) in [
        ("GET", "/", "", 400),
        ("POST", "/dmpc.v1.Node/NodeInfo", "Content-Type: application/json\r\n", 400),
        ("POST", "/dmpc.v1.Node/NodeInfo", "Content-Type: application/grpc\r\n", 400),
        ("GET", "/dmpc.v1.Node/NodeInfo", "Content-Type: application/grpc-web\r\n", 405),
    ] {
        let mut http = Http::connect(&server.grpc).await;
        http.send(method, path, headers, &[]).await;
        assert_eq!(http.head().await.status, status, "{method} {path} {headers}");
    }
    let mut http = Http::connect(&server.grpc).await;
    let headers = format!("Content-Type: {}\r\n", Form::Binary.content_type());
    http.send("POST", "/dmpc.v1.Node/Nothing", &headers, &[]).await;
    let unimplemented = i32::from(tonic::Code::Unimplemented).to_string();
    assert_eq!(http.head().await.get("grpc-status"), Some(unimplemented.as_str()));
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_by_name() {
    let scene = Scene::new().await;
    for form in Form::ALL {
        let transaction = Bytes::from(vec![0; 1_100_000]);
        let mut http = Http::connect(&scene.server.grpc).await;
        let head = http.call("Submit", form, PAGE, &v1::SubmitRequest { transaction }).await;
        let (code, details) = refusal(&mut http, &head, form).await;
        assert_eq!(code, i32::from(tonic::Code::InvalidArgument).to_string());
        assert!(details.contains("frame_too_large"), "{details:?}");
    }
}

#[tokio::test]
async fn half_a_request_holds_no_place() {
    let mut scene = Scene::new().await;
    let mut program = node_program();
    program.envs(
        [("GREETING", "1"), ("PING", "1"), ("SILENCE", "2")]
            .map(|(name, value)| (format!("DMPC_LIMITS_{name}_SECONDS"), value)),
    );
    scene.server.restart_as(program).await;
    let half = "POST /dmpc.v1.Node/NodeInfo HTTP/1.1\r\nHost: node.example.org\r\n";
    for sent in [
        half.to_owned(),
        format!("{half}Content-Type: {}\r\nContent-Length: 100\r\n\r\n12345", Form::Binary.content_type()),
    ] {
        let mut http = Http::connect(&scene.server.grpc).await;
        http.raw(sent.as_bytes()).await;
        // The end comes; what stands before it does not matter.
        soon(http.rest()).await;
    }
    // A subscription is open for longer than a request may take.
    let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
    let asked = request(&scene.cast, "bob", &scene.server.node, &query);
    let mut http = Http::connect(&scene.server.grpc).await;
    http.call("Subscribe", Form::Binary, PAGE, &v1::ReadRequest { transaction: asked }).await;
    let mut frames = http.frames(Form::Binary);
    let _: v1::EventBatch = frames.message().await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let live = scene.messages(1);
    scene.apply(&live).await;
    let told: v1::EventBatch = frames.message().await;
    assert_eq!(told.events[0].operation, *live[0].bytes());
}
