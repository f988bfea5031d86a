//! The list of requests in `tests/requests`, sent by clients in other languages: each is told what our own are told.

use std::fs;

use serde_json::{Value, json};

use crate::{
    requests::{Stage, list, to_json},
    support::client::Via,
};

use super::{
    javascript,
    python::{self, text},
};

/// Makes the list for a client, has it sent, and compares what was said.
async fn assert_told_the_same(via: Via, send: impl Fn(&Stage, &str) -> Value) {
    let mut stage = Stage::new().await;
    let cases = list(&mut stage);
    let file = stage.server.data().with_file_name("requests.json");
    fs::write(&file, to_json(&cases).to_string()).unwrap();
    let found = send(&stage, text(&file));
    assert_eq!(found.as_object().unwrap().len(), cases.len());
    let differences: Vec<_> = cases
        .iter()
        .filter(|case| found[&case.name] != json!(case.answer.said(via)))
        .map(|case| format!("{}: {:?} was expected, {} was said", case.name, case.answer.said(via), found[&case.name]))
        .collect();
    assert!(differences.is_empty(), "{differences:#?}");
}

fn python_arguments(stage: &Stage, via: &str, file: &str) -> Value {
    json!({ "grpc": stage.server.grpc, "ws": stage.server.ws, "via": via, "file": file })
}

#[tokio::test]
async fn grpcio_is_told_the_same() {
    assert_told_the_same(Via::Grpc, |stage, file| python::run("requests", &python_arguments(stage, "grpc", file)))
        .await;
}

#[tokio::test]
async fn websockets_of_python_are_told_the_same() {
    assert_told_the_same(Via::Ws, |stage, file| python::run("requests", &python_arguments(stage, "ws", file))).await;
}

#[tokio::test]
async fn websockets_of_node_are_told_the_same() {
    let send = |stage: &Stage, file: &str| javascript::run("requests", &json!({ "ws": stage.server.ws, "file": file }));
    assert_told_the_same(Via::Json, send).await;
}

#[tokio::test]
async fn grpc_web_is_told_the_same() {
    let send = |stage: &Stage, file: &str| {
        javascript::run("requests", &json!({ "grpc_web": stage.server.grpc, "file": file }))
    };
    assert_told_the_same(Via::Grpc, send).await;
}

#[tokio::test]
async fn a_batch_with_too_many_items_ends_the_connection() {
    let stage = Stage::new().await;
    let python = |via: &str| {
        let arguments = json!({ "grpc": stage.server.grpc, "ws": stage.server.ws, "via": via });
        python::run("large_batch", &arguments)
    };
    assert_eq!(python("grpc"), json!(["batch_items", "INVALID_ARGUMENT"]));
    assert_eq!(python("ws"), json!(["batch_items", "4413"]));
    let node = javascript::run("large_batch", &json!({ "ws": stage.server.ws }));
    assert_eq!(node, json!(["batch_items", "4413"]));
}
