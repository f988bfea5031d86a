//! Of a node's data directory: modes, keys, store; and the way on for a store that lost something.

use std::path::Path;

use dmpc::{NodeId, identity::node_id, protected::IdentityText};
use dmpc_storage::{
    StoreError,
    backup::IDENTITY,
    doctor::{Condition, Loss, accept_loss as accept, examine},
    identity_file,
};
use serde::Serialize;

use super::{Findings, own::require_private};
use crate::{
    context::Context,
    error::{CliError, Exit},
    node_directory,
    output::Output,
};

/// What a crash may leave; the next start, rebuild or backup takes it away.
const LEFT_OVER: [&str; 3] = ["store.unfinished", "store/rebuild", "checkpoint"];

/// The data directory of a node.
pub(super) fn directory(data: &Path, findings: &mut Findings) {
    require_private("data", data, findings);
    let node = keys(data, findings);
    let scratch = match node_directory::scratch() {
        Ok(scratch) => scratch,
        Err(error) => return findings.error("store", &error),
    };
    let condition = match examine(&node_directory::store(data), scratch.path()) {
        Ok(condition) => condition,
        Err(error) => return findings.failure("store", &error, "put a backup back: dmpc-cli backup restore"),
    };
    if let Some(node) = node.filter(|node| *node != condition.node) {
        let detail = format!("{IDENTITY} is of {node}, the store of {}", condition.node);
        findings.failure("store", detail, "put the right one back");
    }
    store(data, &condition, findings);
    if !condition.is_open {
        for name in LEFT_OVER.iter().filter(|name| data.join(name).exists()) {
            let detail = format!("{} was left by something that did not end", data.join(name).display());
            findings.warning("store", detail, "the next start or rebuild removes it");
        }
    }
}

fn keys(data: &Path, findings: &mut Findings) -> Option<NodeId> {
    match identity_file::read(&data.join(IDENTITY)) {
        Ok(IdentityText::Plain(identity)) => {
            let node = node_id(&identity.signing.verifying_key(), &identity.encryption.encryption_key().ok()?);
            findings.ok("node identity", node);
            Some(node)
        }
        Ok(IdentityText::Protected(_)) => {
            let hint = "remove its passphrase: dmpc-cli identity passphrase --remove";
            findings.failure("node identity", "it has a passphrase, which nobody types when a node starts", hint);
            None
        }
        Err(error) => {
            findings.error("node identity", &error.into());
            None
        }
    }
}

fn store(data: &Path, condition: &Condition, findings: &mut Findings) {
    let Condition { operations, waiting, .. } = condition;
    let open = match (condition.is_open, condition.was_closed) {
        (true, _) => "the node is running",
        (false, Some(true)) => "closed cleanly",
        (false, Some(false) | None) => "not closed cleanly: it is looked at when it is opened",
    };
    findings.ok("store", format_args!("{operations} operations, {waiting} kept aside; {open}"));
    if condition.is_rejudging {
        findings.warning(
            "store",
            "operations are being judged again",
            "a stopped node finishes that at its next start",
        );
    }
    if condition.is_torn && condition.loss.is_none() {
        let detail = "one of the two slots of HEAD is damaged: what it alone acknowledged is not known";
        findings.warning("store", detail, "the next start writes it anew; if the disk did it, make a backup");
    }
    if let Some(tables) = &condition.tables {
        let hint = "put a backup back; or, where replay --verify names nothing of the log: dmpc-node rebuild";
        findings.failure("store", tables, hint);
    }
    if let Some(loss) = &condition.loss {
        let hint = format!(
            "put a later backup back, or go on without: dmpc-cli doctor --data {} --accept-loss",
            data.display()
        );
        findings.failure("store", loss, &hint);
    }
}

/// What was accepted, as it is printed.
#[derive(Serialize)]
struct Summary {
    lost: Option<u64>,
    operations: u64,
    acknowledged: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
}

/// Lets a store go on without what it lost.
pub(super) fn accept_loss(context: &Context, data: &Path) -> Result<(), CliError> {
    let (store, scratch) = (node_directory::store(data), node_directory::scratch()?);
    let failed = |error: StoreError| {
        let hint = matches!(error, StoreError::Locked(_)).then(|| "stop the node first".to_owned());
        CliError::command(Exit::Failed, error, hint)
    };
    let accepted = accept(&store, scratch.path()).map_err(failed)?;
    let mut output = Output::to_stdout();
    match accepted {
        None if context.json => {
            let condition = examine(&store, scratch.path()).map_err(failed)?;
            let (operations, acknowledged) = (condition.operations, condition.acknowledged);
            output.json(&Summary { lost: Some(0), operations, acknowledged, last: None })?;
        }
        None => output.line("nothing is lost, and nothing was changed")?,
        Some(Loss { operations, last, acknowledged }) => {
            let lost = acknowledged.map(|acknowledged| acknowledged.saturating_sub(operations));
            if context.json {
                let last = (operations > 0).then(|| last.id.to_string());
                output.json(&Summary { lost, operations, acknowledged, last })?;
            } else {
                let lost = lost.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string());
                output.line(format_args!(
                    "accepted: {lost} operations that were acknowledged are lost; the log goes on after {operations}"
                ))?;
                output.line("whoever has them may offer them again: clients, other nodes, exported logs")?;
            }
        }
    }
    output.flush()
}
