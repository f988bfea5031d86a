//! Of the node: who answers on both front ends, with which version, under which seal of the connection, at what time.

use std::net::IpAddr;

use dmpc::{Hlc, NodeId};

use super::Findings;
use crate::{client::Via, context::Context, error::CliError, node::meet, seen::ahead};

/// Seconds that clocks may differ before somebody should look: requests live for 60.
const CLOCK_WARNING_SECONDS: u64 = 5;
/// Seconds from which on the node refuses what is signed now.
const CLOCK_FAILURE_SECONDS: u64 = 55;

/// Both front ends.
pub(super) async fn both(context: &Context, findings: &mut Findings) {
    let mut met: Option<NodeId> = None;
    for via in [Via::Grpc, Via::Ws] {
        let check = match via {
            Via::Grpc => "grpc",
            Via::Ws => "websocket",
        };
        match one(context, via, check, findings).await {
            Ok(node) if met.is_some_and(|other| other != node) => {
                findings.failure(check, "another node answers than over gRPC", "see --grpc and --ws");
            }
            Ok(node) => met = Some(node),
            Err(error) => findings.error(check, &error),
        }
    }
}

async fn one(context: &Context, via: Via, check: &'static str, findings: &mut Findings) -> Result<NodeId, CliError> {
    let address = context.address(via);
    let mut client = context.client(via).await?;
    let (proven, info) = meet(&mut client, context.node.as_ref(), &mut context.rng()).await?;
    findings.ok(check, format_args!("{} answers at {address}, {} operations", proven.node, info.operations));
    tls(address, check, findings);
    if via == Via::Ws {
        return Ok(proven.node);
    }
    let own = env!("CARGO_PKG_VERSION");
    if info.version == own {
        findings.ok("version", format_args!("{own}, both"));
    } else {
        findings.warning("version", format_args!("the node has {}, this command {own}", info.version), "");
    }
    let now_ms = context.clock.now_ms();
    clock(client.time_seconds().await?, now_ms, findings);
    let latest = Hlc::from_bits(info.latest);
    if let Some(seconds) = ahead(latest, now_ms) {
        let detail = format!("the node's latest operation is {seconds} s ahead of this machine's clock");
        findings.failure("clock", detail, "set the clock; nothing is signed so far behind");
    }
    Ok(proven.node)
}

fn clock(node: Option<i64>, now_ms: u64, findings: &mut Findings) {
    let Some(node) = node else {
        findings.warning("clock", "the node did not say what time it is", "");
        return;
    };
    let own = i64::try_from(now_ms / 1000).unwrap_or(i64::MAX);
    let (by, side) = (node.abs_diff(own), if node < own { "behind" } else { "ahead" });
    let detail = format!("the node's clock is {by} s {side}");
    let hint = "set the clocks, by NTP: requests live for 60 s, and operations may be 60 s ahead";
    match by {
        CLOCK_FAILURE_SECONDS.. => findings.failure("clock", detail, hint),
        CLOCK_WARNING_SECONDS.. => findings.warning("clock", detail, hint),
        _ => findings.ok("clock", "within 5 s of the node's"),
    }
}

/// A plain connection that leaves the machine shows who talks to whom.
fn tls(address: &str, check: &'static str, findings: &mut Findings) {
    if address.starts_with("https://") || address.starts_with("wss://") {
        findings.ok(check, "TLS, with a certificate that is trusted");
        return;
    }
    let authority = address.rsplit_once("://").map_or(address, |(_, rest)| rest);
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if !is_here {
        let hint = "write https://HOST:PORT and wss://HOST:PORT, where the node has TLS";
        findings.warning(check, format_args!("{address} is another machine, and there is no TLS"), hint);
    }
}
