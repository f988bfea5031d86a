//! Of whom and of which channel a report is: by id, by the beginning of one, or by a name that only one has.

use dmpc::{ChannelId, UserId, kinds::Kind};
use dmpc_storage::{
    Verdict,
    replay::{Report, Row},
};

use crate::error::CliError;

/// What a report is restricted to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Restriction {
    pub(super) user: Option<UserId>,
    pub(super) channel: Option<ChannelId>,
}

impl Restriction {
    /// From what was typed.
    pub(super) fn of(report: &Report, user: Option<&str>, channel: Option<&str>) -> Result<Self, CliError> {
        let users = report.users.iter().map(|(id, user)| (*id, id.to_string(), user.name.clone()));
        let channels = report.channels.iter().map(|(id, channel)| (*id, id.to_string(), channel.name.clone()));
        Ok(Self {
            user: user.map(|text| one("user", text, users)).transpose()?,
            channel: channel.map(|text| one("channel", text, channels)).transpose()?,
        })
    }

    /// Whether a user is shown. Beside a channel, its members are.
    pub(super) fn shows_user(&self, report: &Report, user: &UserId) -> bool {
        let is_member = |channel: &ChannelId| {
            report.channels.get(channel).is_some_and(|channel| channel.members.contains_key(user))
        };
        self.user.is_none_or(|wanted| wanted == *user) && self.channel.as_ref().is_none_or(is_member)
    }

    /// Whether a channel is shown. Beside a user, those of which it is a member are.
    pub(super) fn shows_channel(&self, report: &Report, channel: &ChannelId) -> bool {
        let has_member =
            |user: &UserId| report.channels.get(channel).is_some_and(|channel| channel.members.contains_key(user));
        self.channel.is_none_or(|wanted| wanted == *channel) && self.user.as_ref().is_none_or(has_member)
    }

    /// Whether operations are counted.
    fn counts(&self, (certifier, channel, ..): &Row) -> bool {
        self.user.is_none_or(|user| user == *certifier) && self.channel.is_none_or(|id| Some(id) == *channel)
    }

    /// Operations by kind and verdict.
    pub(super) fn verdicts(&self, report: &Report) -> Vec<(Kind, Verdict, u64)> {
        let mut counts = std::collections::BTreeMap::new();
        for (row, count) in report.tally.iter().filter(|(row, _)| self.counts(row)) {
            *counts.entry((row.2, row.3)).or_default() += count;
        }
        counts.into_iter().map(|((kind, verdict), count)| (kind, verdict, count)).collect()
    }
}

/// The one that is meant.
fn one<T: Copy>(
    what: &str,
    text: &str,
    all: impl Iterator<Item = (T, String, Option<std::sync::Arc<str>>)>,
) -> Result<T, CliError> {
    let (mut found, mut texts) = (None, Vec::new());
    for (id, shown, name) in all {
        if shown == text {
            return Ok(id);
        }
        let is_beginning = text.contains('1') && shown.starts_with(text);
        if is_beginning || name.as_deref() == Some(text) {
            found = Some(id);
            texts.push(shown);
        }
    }
    match (found, texts.len()) {
        (Some(id), 1) => Ok(id),
        (Some(_), count) => {
            let some: Vec<String> = texts.into_iter().take(3).collect();
            Err(CliError::Usage(format!("'{text}' stands for {count} {what}s: {}", some.join(", "))))
        }
        (None, _) => Err(CliError::NotFound(format!("the log has no {what} '{text}'"))),
    }
}
