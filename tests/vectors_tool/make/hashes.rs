//! Hashes: one case for each domain.

use anyhow::Result;
use dmpc::hash::Domain;

use super::{
    file::{Case, File},
    json::Json,
    sealed::Sealed,
};

/// Every domain of the protocol.
const DOMAINS: [Domain; 19] = [
    Domain::UserId,
    Domain::NodeId,
    Domain::ChannelId,
    Domain::OperationId,
    Domain::IssueId,
    Domain::KeyId,
    Domain::ContentKey,
    Domain::SignOperation,
    Domain::SignIssue,
    Domain::SignCertification,
    Domain::SignCountersignature,
    Domain::SignRequest,
    Domain::SignNodeInfo,
    Domain::DigestElement,
    Domain::StateDigest,
    Domain::LogDigest,
    Domain::ChannelDigest,
    Domain::HeadSlot,
    Domain::LogFile,
];

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    let case = |domain: Domain, input: &[u8]| {
        Case::new(domain.context(), "")
            .input("context", domain.context())
            .input("input", Json::hex(input))
            .expect("hash", Json::hex(domain.hash(&[input])))
    };
    let domains = File::new("hash/domains", "hash", "BLAKE3 in key derivation mode, of one input in every domain.")
        .cases(DOMAINS.map(|domain| case(domain, b"dmpc")));
    let long = [0x61; 1_025];
    let lengths =
        File::new("hash/lengths", "hash", "Inputs of other lengths: none, one block, over one chunk of BLAKE3.")
            .cases([&long[..0], &long[..64], &long[..1_024], &long[..]].map(|input| case(Domain::IssueId, input)));
    Ok(vec![domains, lengths])
}
