//! The peers: listed, added, removed, and how the exchanges with them stand.

use std::io;

use dmpc::{local::LocalAnswer, peer_settings::PeerSettings};
use tokio::task::spawn_blocking;

use super::talk::Talk;
use crate::peer::{BookError, Peers};

pub(super) async fn list(peers: &Peers, talk: &mut Talk) -> io::Result<()> {
    talk.say(&LocalAnswer::Peers { node: peers.node(), peers: peers.book().listed() }).await
}

pub(super) async fn status(peers: &Peers, talk: &mut Talk) -> io::Result<()> {
    talk.say(&LocalAnswer::Status { peers: peers.status() }).await
}

pub(super) async fn add(peers: &Peers, peer: PeerSettings, talk: &mut Talk) -> io::Result<()> {
    let (book, name) = (peers.book().clone(), peer.name.clone());
    let added = spawn_blocking(move || book.add(peer)).await.map_err(io::Error::other)?;
    if added.is_ok() {
        tracing::info!(peer = %name, "a peer was added");
    }
    conclude(talk, added, LocalAnswer::Added { name }).await
}

pub(super) async fn remove(peers: &Peers, name: String, talk: &mut Talk) -> io::Result<()> {
    let (book, removed) = (peers.book().clone(), name.clone());
    let result = spawn_blocking(move || book.remove(&removed)).await.map_err(io::Error::other)?;
    if result.is_ok() {
        tracing::info!(peer = %name, "a peer was removed");
    }
    conclude(talk, result, LocalAnswer::Removed { name }).await
}

async fn conclude(talk: &mut Talk, result: Result<(), BookError>, done: LocalAnswer) -> io::Result<()> {
    match result {
        Ok(()) => talk.say(&done).await,
        Err(error) => talk.fail(error.word(), &error.to_string(), error.hint()).await,
    }
}
