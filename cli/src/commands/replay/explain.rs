//! Why an operation has its verdict: the rule that decided, what it read, and which operations had given that.

use dmpc::{OpKey, UserId};
use dmpc_storage::{
    Verdict,
    projection::{Register, Value},
    replay::{Explanation, Reading, Report},
};
use serde_json::{Value as Json, json};

use super::text::verdict_words;
use crate::{
    error::CliError,
    hex,
    output::{Output, plain},
    time::{rfc3339, short},
};

/// Prints the one operation that was asked about.
pub(super) fn print(out: &mut Output, asked: &str, report: &Report, as_json: bool) -> Result<(), CliError> {
    let explanation = match report.explained.as_slice() {
        [] => return Err(CliError::NotFound(format!("the log has no operation '{asked}'"))),
        [one] => one,
        several => {
            let ids: Vec<String> = several.iter().take(3).map(|one| one.operation.id().to_string()).collect();
            let count = several.len();
            let ids = ids.join(", ");
            return Err(CliError::Usage(format!("'{asked}' is the beginning of {count} operations: {ids}")));
        }
    };
    if as_json { out.json(&object(report, explanation)) } else { text(out, report, explanation) }
}

fn text(out: &mut Output, report: &Report, explanation: &Explanation) -> Result<(), CliError> {
    let operation = &explanation.operation;
    let verdict = explanation.verdict;
    let because =
        if verdict.is_applied() { "every rule for its kind is met".to_owned() } else { verdict.detail().to_owned() };
    let stored = match explanation.record {
        None => "the node keeps none".to_owned(),
        Some(record) if record.verdict == verdict => format!("the same; it arrived as number {}", record.arrival),
        Some(record) => format!("{}; it arrived as number {}", verdict_words(record.verdict), record.arrival),
    };
    let mut lines = vec![("operation", operation.id().to_string()), ("kind", operation.kind().name().to_owned())];
    lines.extend(operation.channel().map(|channel| ("channel", channel.to_string())));
    if operation.issuer() != operation.certifier() {
        lines.push(("issued by", person(report, &operation.issuer())));
    }
    lines.extend([
        ("certified by", person(report, &operation.certifier())),
        ("with the key", hex::encode(operation.certifier_key().as_bytes())),
        ("at", format!("{} ({})", rfc3339(operation.timestamp()), operation.timestamp())),
        ("verdict", format!("{}: {because}", verdict_words(verdict))),
        ("stored", stored),
    ]);
    lines.into_iter().try_for_each(|(name, value)| out.line(format_args!("{name:<13} {value}")))?;
    out.line("\nWhat the rules read for it, in their order:")?;
    let rows = explanation.readings.iter().map(|reading| row(report, explanation, reading));
    out.table(&["register", "of", "value", "since", "given by"], rows.collect())?;
    if !explanation.writes.is_empty() {
        out.line("\nWhat it wrote:")?;
        let rows = explanation.writes.iter().map(|(register, written)| {
            let (what, of) = named(report, register);
            vec![what, of, value(Some(written))]
        });
        out.table(&["register", "of", "value"], rows.collect())?;
    }
    Ok(())
}

fn row(report: &Report, explanation: &Explanation, reading: &Reading) -> Vec<String> {
    let (what, of) = named(report, &reading.register);
    let (since, by) = match &reading.entry {
        None => (String::new(), String::new()),
        Some((key, _)) if *key == OpKey::MIN => ("always".to_owned(), "the node's roots".to_owned()),
        Some((key, _)) => (short(key.timestamp), giver(report, explanation, key)),
    };
    vec![what, of, value(reading.entry.as_ref().map(|(_, value)| value)), since, by]
}

fn giver(report: &Report, explanation: &Explanation, key: &OpKey) -> String {
    match explanation.givers.get(key) {
        Some(giver) => format!("{} {} by {}", key.id, giver.kind.name(), person(report, &giver.certifier)),
        None => key.id.to_string(),
    }
}

/// A user, by name where it has one.
fn person(report: &Report, user: &UserId) -> String {
    match report.users.get(user).and_then(|user| user.name.as_deref()) {
        Some(name) => format!("{} ({user})", plain(name)),
        None => user.to_string(),
    }
}

/// What a register is, and of whom.
fn named(report: &Report, register: &Register) -> (String, String) {
    let user = |user: &UserId| match report.users.get(user).and_then(|user| user.name.as_deref()) {
        Some(name) => plain(name),
        None => user.to_string(),
    };
    let (what, of) = match register {
        Register::UserRoot(id) => ("root", user(id)),
        Register::UserCreated(id) => ("created", user(id)),
        Register::UserActive(id) => ("active", user(id)),
        Register::UserPermission(id, bit) => {
            let permission = dmpc::Permissions::from_bits(u32::from(*bit)).unwrap_or(dmpc::Permissions::NONE);
            return (format!("permission {permission}"), user(id));
        }
        Register::UserName(id) => ("name", user(id)),
        Register::UserSigningKey(id) => ("signing key", user(id)),
        Register::UserEncryptionKey(id) => ("encryption key", user(id)),
        Register::ChannelOpened(id) => ("channel opened", id.to_string()),
        Register::ChannelClosed(id) => ("channel closed", id.to_string()),
        Register::ChannelMember(_, member) => ("rights in the channel", user(member)),
        Register::ChannelEpoch(_, epoch) => ("epoch introduced", epoch.to_string()),
        Register::ChannelCurrentEpoch(id) => ("current epoch", id.to_string()),
        Register::IssueTaken(issue) => ("issue took effect", issue.to_string()),
    };
    (what.to_owned(), of)
}

fn value(value: Option<&Value>) -> String {
    match value {
        None => "never written".to_owned(),
        Some(Value::Mark) => "yes".to_owned(),
        Some(Value::Flag(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
        Some(Value::Rights(rights)) => rights.to_string(),
        Some(Value::Key(key)) => hex::encode(key),
        Some(Value::Text(text)) => plain(text),
        Some(Value::Opened(opener, name)) => format!("'{}' by {opener}", plain(name)),
    }
}

fn object(report: &Report, explanation: &Explanation) -> Json {
    let operation = &explanation.operation;
    let readings = explanation.readings.iter().map(|reading| {
        let (register, of) = named(report, &reading.register);
        let key = reading.entry.as_ref().map(|(key, _)| *key).filter(|key| *key != OpKey::MIN);
        let giver = key.and_then(|key| explanation.givers.get(&key));
        json!({
            "register": register,
            "of": of,
            "value": value(reading.entry.as_ref().map(|(_, value)| value)),
            "since": key.map(|key| rfc3339(key.timestamp)),
            "operation": key.map(|key| key.id.to_string()),
            "kind": giver.map(|giver| giver.kind.name()),
            "certifier": giver.map(|giver| giver.certifier.to_string()),
        })
    });
    let writes = explanation.writes.iter().map(|(register, written)| {
        let (register, of) = named(report, register);
        json!({"register": register, "of": of, "value": value(Some(written))})
    });
    let reason = |verdict: Verdict| json!({"verdict": super::json::word(verdict), "reason": verdict.word()});
    json!({
        "operation": operation.id().to_string(),
        "kind": operation.kind().name(),
        "channel": operation.channel().map(|channel| channel.to_string()),
        "issuer": operation.issuer().to_string(),
        "certifier": operation.certifier().to_string(),
        "key": hex::encode(operation.certifier_key().as_bytes()),
        "time": rfc3339(operation.timestamp()),
        "logical_time": operation.timestamp().to_string(),
        "computed": reason(explanation.verdict),
        "because": explanation.verdict.detail(),
        "stored": explanation.record.map(|record| reason(record.verdict)),
        "arrival": explanation.record.map(|record| record.arrival),
        "readings": readings.collect::<Vec<_>>(),
        "writes": writes.collect::<Vec<_>>(),
    })
}
