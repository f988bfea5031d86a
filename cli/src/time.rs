//! Logical timestamps as people and programs read them.

use dmpc::Hlc;
use jiff::{Timestamp, tz::TimeZone};

/// RFC 3339 with milliseconds, in UTC; the milliseconds alone from the year 10000 on.
pub fn rfc3339(at: Hlc) -> String {
    match timestamp(at) {
        Some(timestamp) => format!("{timestamp:.3}"),
        None => at.millis().to_string(),
    }
}

/// Date and time of day in UTC, for people.
pub fn short(at: Hlc) -> String {
    match timestamp(at) {
        Some(timestamp) => timestamp.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        None => at.millis().to_string(),
    }
}

/// A time as people write it: RFC 3339, milliseconds since 1970, or a logical time. Of the first two, the last logical time in
/// that millisecond.
///
/// # Errors
/// A sentence that says what it should be.
pub fn parse(text: &str) -> Result<Hlc, String> {
    let logical = |millis: &str, counter: u16| {
        let millis: u64 = millis.parse().ok().filter(|millis| *millis < 1 << 48)?;
        Some(Hlc::from_bits(millis << 16 | u64::from(counter)))
    };
    let exact = text.split_once('.').and_then(|(millis, counter)| logical(millis, counter.parse().ok()?));
    let date = || {
        let millis = text.parse::<Timestamp>().ok()?.as_millisecond();
        logical(&millis.to_string(), u16::MAX)
    };
    let found = exact.or_else(|| logical(text, u16::MAX)).or_else(date);
    found.ok_or_else(|| {
        "no time: write 2026-01-31T12:00:00Z, milliseconds since 1970, or milliseconds.counter".to_owned()
    })
}

/// The same, for a beginning: of what names a millisecond, the first logical time in it.
///
/// # Errors
/// A sentence that says what it should be.
pub fn parse_from(text: &str) -> Result<Hlc, String> {
    let is_exact = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && text.contains('.');
    parse(text).map(|at| if is_exact { at } else { Hlc::from_millis(at.millis()) })
}

fn timestamp(at: Hlc) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(at.millis()).ok()?).ok()
}
