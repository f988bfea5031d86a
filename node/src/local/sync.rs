//! One exchange with a peer, from its beginning to its end, told as it goes on.

use std::io;

use super::talk::Talk;
use crate::peer::Peers;

pub(super) async fn answer(peers: &Peers, name: &str, talk: &mut Talk) -> io::Result<()> {
    let mut told = match peers.sync(name).await {
        Ok(told) => told,
        Err(error) => return talk.fail(error.word(), &error.to_string(), error.hint()).await,
    };
    let mut is_done = false;
    while let Some(answer) = told.recv().await {
        is_done = !matches!(answer, dmpc::local::LocalAnswer::Progress(_));
        talk.say(&answer).await?;
        if is_done {
            break;
        }
    }
    if is_done {
        return Ok(());
    }
    let hint = Some("dmpc-cli peer status says why, and whether it is there again");
    talk.fail("peer_lost", &format!("the connection with the peer '{name}' ended before the exchange did"), hint).await
}
