//! The report as people read it: tables that line up, and what it comes to at the end.

use dmpc::{OpKey, UserId};
use dmpc_storage::{Verdict, replay::Report};

use super::{
    Shown,
    full::{certified, messages, parts},
    json::Summary,
};
use crate::{
    error::CliError,
    output::{Output, plain},
    time::short,
};

/// Rows of a table; an exported report has all.
const ROWS_MAX: usize = 20;
/// Letters of an id in a table.
const ID_LETTERS: usize = 20;

/// Prints the report.
pub(super) fn print(out: &mut Output, shown: &Shown<'_>, with_channels: bool) -> Result<(), CliError> {
    let summary = Summary::new(shown, with_channels);
    users(out, shown)?;
    channels(out, shown)?;
    let rows = summary.verdicts.iter();
    let rows =
        rows.map(|row| vec![row.kind.to_owned(), row.verdict.to_owned(), row.reason.to_owned(), row.count.to_string()]);
    section(out, "verdicts", &["kind", "verdict", "reason", "operations"], rows.collect(), None)?;
    flips(out, shown.report)?;
    evidence(out, shown.report)?;
    let rows = summary.channels.iter().map(|row| vec![row.channel.clone(), row.digest.clone()]);
    section(out, "digests of channels", &["channel", "digest"], rows.collect(), None)?;
    faults(out, shown.report)?;
    footer(out, shown, &summary)
}

/// A table with a title; nothing when it has no rows. `count` is how many rows there would be.
fn section(
    out: &mut Output,
    title: &str,
    header: &[&str],
    mut rows: Vec<Vec<String>>,
    count: Option<usize>,
) -> Result<(), CliError> {
    if rows.is_empty() {
        return Ok(());
    }
    let count = count.unwrap_or(rows.len());
    let more = count.saturating_sub(ROWS_MAX.min(rows.len()));
    rows.truncate(if more > 0 { ROWS_MAX } else { rows.len() });
    let beyond = if more > 0 { format!(", the first {ROWS_MAX}; --export has more") } else { String::new() };
    out.line(format_args!("{title} ({count}{beyond})"))?;
    out.table(header, rows)?;
    out.line("")
}

fn brief(id: impl ToString) -> String {
    let text = id.to_string();
    text.get(..ID_LETTERS).map_or(text.clone(), |start| format!("{start}..."))
}

fn yes(it_is: bool) -> String {
    if it_is { "yes" } else { "no" }.to_owned()
}

fn since(key: Option<OpKey>) -> String {
    key.map_or_else(String::new, |key| if key == OpKey::MIN { "always".to_owned() } else { short(key.timestamp) })
}

/// A user as a report names it.
fn name(report: &Report, user: &UserId) -> String {
    let name = report.users.get(user).and_then(|user| user.name.as_deref());
    name.map_or_else(|| brief(user), plain)
}

fn users(out: &mut Output, shown: &Shown<'_>) -> Result<(), CliError> {
    let users = shown.report.users.iter().filter(|(id, _)| shown.restriction.shows_user(shown.report, id));
    let users: Vec<_> = users.collect();
    let rows = users.iter().take(ROWS_MAX).map(|(id, user)| {
        let (all, applied) = certified(shown, id);
        let permissions = if user.is_root { "root".to_owned() } else { user.permissions.to_string() };
        vec![
            brief(id),
            plain(user.name.as_deref().unwrap_or_default()),
            permissions,
            yes(user.is_active),
            since(user.created),
            all.to_string(),
            applied.to_string(),
        ]
    });
    let header = ["user", "name", "permissions", "active", "since", "operations", "applied"];
    section(out, "users", &header, rows.collect(), Some(users.len()))
}

fn channels(out: &mut Output, shown: &Shown<'_>) -> Result<(), CliError> {
    let channels = shown.report.channels.iter().filter(|(id, _)| shown.restriction.shows_channel(shown.report, id));
    let channels: Vec<_> = channels.collect();
    let rows = channels.iter().take(ROWS_MAX).map(|(id, channel)| {
        vec![
            brief(id),
            plain(channel.name.as_deref().unwrap_or_default()),
            channel.opener.map_or_else(String::new, |opener| name(shown.report, &opener)),
            since(channel.opened),
            since(channel.closed),
            channel.members.len().to_string(),
            channel.epochs.to_string(),
            messages(shown, id).to_string(),
        ]
    });
    let header = ["channel", "name", "opened by", "at", "closed", "members", "epochs", "messages"];
    section(out, "channels", &header, rows.collect(), Some(channels.len()))
}

fn flips(out: &mut Output, report: &Report) -> Result<(), CliError> {
    let rows = report.flips.named.iter().map(|flip| {
        let change = if flip.verdict.is_applied() { "restored" } else { "retracted" };
        vec![
            flip.sequence.to_string(),
            change.to_owned(),
            flip.verdict.word().to_owned(),
            flip.count.to_string(),
            flip.operation.id.to_string(),
            short(flip.operation.timestamp),
        ]
    });
    let count = usize::try_from(report.flips.count).unwrap_or(usize::MAX);
    let header = ["event", "change", "reason", "operations", "first operation", "of"];
    section(out, "verdicts that changed", &header, rows.collect(), Some(count))
}

fn evidence(out: &mut Output, report: &Report) -> Result<(), CliError> {
    let rows = report.evidence.named.iter().map(|found| {
        let (word, seq, last, operations) = parts(&found.evidence);
        let place = last.filter(|last| *last != seq).map_or_else(|| seq.to_string(), |last| format!("{seq} to {last}"));
        let operations: Vec<String> = operations.iter().map(brief).collect();
        vec![word.to_owned(), name(report, &found.user), brief(found.lane), place, operations.join(" ")]
    });
    let count = usize::try_from(report.evidence.count).unwrap_or(usize::MAX);
    let header = ["evidence", "user", "lane", "place", "operations"];
    section(out, "evidence in lanes", &header, rows.collect(), Some(count))
}

fn faults(out: &mut Output, report: &Report) -> Result<(), CliError> {
    let rows = report.faults.named().iter();
    let rows = rows.map(|fault| vec![fault.family().unwrap_or_default().to_owned(), plain(&fault.to_string())]);
    let count = usize::try_from(report.faults.count()).unwrap_or(usize::MAX);
    section(out, "what does not agree", &["family", "what"], rows.collect(), Some(count))
}

fn footer(out: &mut Output, shown: &Shown<'_>, summary: &Summary) -> Result<(), CliError> {
    let span = shown.report.span;
    let span =
        span.map_or_else(|| "none".to_owned(), |(first, last)| format!("{} to {} UTC", short(first), short(last)));
    let compared = |computed: &String, stored: Option<&String>| match stored {
        None => computed.clone(),
        Some(stored) if computed == stored => format!("{computed}  as stored"),
        Some(stored) => format!("{computed}  stored: {stored}"),
    };
    let signatures =
        if shown.verified { "verified again" } else { "not verified again (--signatures does, and --verify)" };
    let entries: u64 = shown.report.compared.values().sum();
    let families = shown.report.compared.len();
    let counts = [("applied", summary.applied), ("pending", summary.pending), ("rejected", summary.rejected)];
    let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let mut lines = vec![
        ("node", summary.node.clone()),
        ("operations", format!("{}: {}", summary.operations, counts.join(", "))),
        ("timestamps", span),
    ];
    if let Some(as_of) = &summary.until {
        lines.push(("as of", format!("{} ({})", as_of.time, as_of.logical)));
        lines.push(("state then", as_of.digest.clone()));
        lines.push(("log then", as_of.log_digest.clone()));
    }
    lines.extend([
        ("signatures", signatures.to_owned()),
        ("compared", format!("{entries} entries of {families} families, computed and stored")),
        ("state digest", compared(&summary.digest, summary.stored_digest.as_ref())),
        ("log digest", compared(&summary.log_digest, Some(&summary.stored_log_digest))),
        ("took", format!("{:.2} s, {} operations/s", summary.seconds, summary.operations_per_second)),
        ("agrees", if summary.agrees { "yes" } else { "NO" }.to_owned()),
    ]);
    lines.into_iter().try_for_each(|(name, value)| out.line(format_args!("{name:<13} {value}")))
}

/// A verdict with its reason.
pub(super) fn verdict_words(verdict: Verdict) -> String {
    match verdict {
        Verdict::Applied => "applied".to_owned(),
        Verdict::Pending(missing) => format!("pending({})", missing.word()),
        Verdict::Rejected(rejection) => format!("rejected({})", rejection.word()),
    }
}
