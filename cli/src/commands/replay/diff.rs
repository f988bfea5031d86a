//! `--diff`: what two logs disagree on, operation by operation. Lines come as they are found: logs may be large.

use std::path::Path;

use dmpc_storage::{
    StoreError,
    replay::{Disagreeing, Disagreement, Folded, Side, diff},
};
use serde_json::{Value, json};

use super::{from_store, json::word, scratch, text::verdict_words};
use crate::{context::Context, error::CliError, hex, output::Output, progress::Progress, time::rfc3339};

/// What ends a comparison early.
enum Ended {
    Store(StoreError),
    Printing(CliError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Compares two logs.
pub(super) fn run(context: &Context, here: &Path, there: &Path) -> Result<(), CliError> {
    let scratches = (scratch()?, scratch()?);
    let bar = Progress::of("operations");
    let mut out = Output::to_stdout();
    let mut found = [0_u64; 4];
    let each = |disagreeing: Disagreeing| {
        let [here, there, verdicts, signatures] = &mut found;
        *match disagreeing.how {
            Disagreement::Only(Side::Here, _) => here,
            Disagreement::Only(Side::There, _) => there,
            Disagreement::Verdicts(..) => verdicts,
            Disagreement::Signatures(_) => signatures,
        } += 1;
        let printed = if context.json { out.json(&object(&disagreeing)) } else { out.line(words(&disagreeing)) };
        printed.map_err(Ended::Printing)
    };
    let folded = diff((here, there), (scratches.0.path(), scratches.1.path()), each, |folded, all| bar.at(folded, all));
    bar.finish();
    let (one, other) = folded.map_err(|ended| match ended {
        Ended::Store(error) => from_store(error),
        Ended::Printing(error) => error,
    })?;
    finish(context, &mut out, &one, &other, found)?;
    out.flush()?;
    // The same operation under other signatures is the same.
    let [only_here, only_there, verdicts, _] = found;
    if one.genesis.roots == other.genesis.roots && only_here + only_there + verdicts == 0 {
        return Ok(());
    }
    let counts = format!("{only_here} operations only here, {only_there} only there, {verdicts} with other verdicts");
    let roots = if one.genesis.roots == other.genesis.roots { "" } else { "; the roots are other ones" };
    Err(CliError::Disagrees(format!("{counts}{roots}")))
}

fn how(disagreeing: &Disagreeing) -> (&'static str, Option<dmpc_storage::Verdict>, Option<dmpc_storage::Verdict>) {
    match disagreeing.how {
        Disagreement::Only(Side::Here, verdict) => ("here", Some(verdict), None),
        Disagreement::Only(Side::There, verdict) => ("there", None, Some(verdict)),
        Disagreement::Verdicts(here, there) => ("verdict", Some(here), Some(there)),
        Disagreement::Signatures(verdict) => ("signature", Some(verdict), Some(verdict)),
    }
}

fn words(disagreeing: &Disagreeing) -> String {
    let (_, here, there) = how(disagreeing);
    let what = match (disagreeing.how, here.map(verdict_words), there.map(verdict_words)) {
        (Disagreement::Only(..), Some(here), _) => format!("only here   {here}"),
        (Disagreement::Only(..), None, there) => format!("only there  {}", there.unwrap_or_default()),
        (Disagreement::Signatures(_), ..) => "signatures  the same operation under other ones".to_owned(),
        (Disagreement::Verdicts(..), here, there) => {
            format!("verdicts    here {}, there {}", here.unwrap_or_default(), there.unwrap_or_default())
        }
    };
    let (key, kind) = (disagreeing.key, disagreeing.kind.name());
    format!("{}  {}  {kind:<15}  {what}", rfc3339(key.timestamp), key.id)
}

fn object(disagreeing: &Disagreeing) -> Value {
    let (disagrees, here, there) = how(disagreeing);
    let verdict = |verdict: Option<dmpc_storage::Verdict>| {
        verdict.map(|verdict| json!({"verdict": word(verdict), "reason": verdict.word(), "detail": verdict.detail()}))
    };
    json!({
        "operation": disagreeing.key.id.to_string(),
        "time": rfc3339(disagreeing.key.timestamp),
        "kind": disagreeing.kind.name(),
        "channel": disagreeing.channel.map(|channel| channel.to_string()),
        "certifier": disagreeing.certifier.to_string(),
        "disagrees": disagrees,
        "here": verdict(here),
        "there": verdict(there),
    })
}

fn finish(
    context: &Context,
    out: &mut Output,
    one: &Folded,
    other: &Folded,
    [here, there, verdicts, signatures]: [u64; 4],
) -> Result<(), CliError> {
    let ids = one
        .channel_digests
        .keys()
        .chain(other.channel_digests.keys().filter(|id| !one.channel_digests.contains_key(id)));
    let channels: Vec<String> = ids
        .filter(|id| one.channel_digests.get(id) != other.channel_digests.get(id))
        .map(ToString::to_string)
        .collect();
    if context.json {
        let side = |side: &Folded| {
            json!({
                "node": side.genesis.node.to_string(),
                "operations": side.operations,
                "digest": hex::encode(&side.state_digest),
                "log_digest": hex::encode(&side.log_digest),
            })
        };
        return out.json(&json!({
            "here": side(one),
            "there": side(other),
            "same_roots": one.genesis.roots == other.genesis.roots,
            "only_here": here,
            "only_there": there,
            "other_verdicts": verdicts,
            "other_signatures": signatures,
            "channels_that_differ": channels,
        }));
    }
    if here + there + verdicts + signatures > 0 {
        out.line("")?;
    }
    let same = |same: bool| if same { "the same" } else { "another one" }.to_owned();
    let rows = vec![
        vec!["node".to_owned(), one.genesis.node.to_string(), other.genesis.node.to_string()],
        vec!["operations".to_owned(), one.operations.to_string(), other.operations.to_string()],
        vec!["only in it".to_owned(), here.to_string(), there.to_string()],
        vec!["roots".to_owned(), String::new(), same(one.genesis.roots == other.genesis.roots)],
        vec!["state digest".to_owned(), hex::encode(&one.state_digest), same(one.state_digest == other.state_digest)],
        vec!["log digest".to_owned(), hex::encode(&one.log_digest), same(one.log_digest == other.log_digest)],
    ];
    out.table(&["", "here", "there"], rows)?;
    out.line(format_args!("\n{verdicts} operations have other verdicts, {} channels other digests", channels.len()))
}
