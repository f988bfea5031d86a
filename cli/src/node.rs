//! Who answers: the node proves that it holds the keys that its id stands for, and is the one that is meant.

use bytes::Bytes;
use dmpc::{
    NodeId,
    node_proof::{CHALLENGE_BYTES, ProvenNode},
    v1,
};
use rand_core::{CryptoRng, RngCore};

use crate::{client::Client, error::CliError};

/// Asks a node who it is, and checks that it is so; with `pinned`, that it is this node.
///
/// # Errors
/// [`CliError::Answer`] when it does not prove it; [`CliError::OtherNode`] when it is another one; those of the connection.
pub async fn meet<R: RngCore + CryptoRng>(
    client: &mut Client,
    pinned: Option<&NodeId>,
    rng: &mut R,
) -> Result<(ProvenNode, v1::NodeInfoResponse), CliError> {
    let mut challenge = [0; CHALLENGE_BYTES];
    rng.fill_bytes(&mut challenge);
    let request = v1::NodeInfoRequest { challenge: Bytes::copy_from_slice(&challenge) };
    let info = client.node_info(request).await?;
    let proven = ProvenNode::check(&info, &challenge).map_err(CliError::answer)?;
    match pinned {
        Some(pinned) if *pinned != proven.node => Err(CliError::OtherNode { pinned: *pinned, answered: proven.node }),
        Some(_) | None => Ok((proven, info)),
    }
}
