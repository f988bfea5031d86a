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

fn timestamp(at: Hlc) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(at.millis()).ok()?).ok()
}

/// A point in time as people type it: a day (its beginning in UTC), RFC 3339, or milliseconds since 1970.
///
/// # Errors
/// One sentence that says how it is written.
pub fn parse(text: &str) -> Result<Hlc, String> {
    let wrong = || format!("'{text}' is no time; write 2026-01-31, 2026-01-31T12:00:00Z, or milliseconds since 1970");
    let millis = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| wrong())?
    } else {
        let timestamp = text.parse::<Timestamp>().or_else(|error| {
            let day = text.parse::<jiff::civil::Date>().map_err(|_| error)?;
            Ok::<_, jiff::Error>(day.to_zoned(TimeZone::UTC)?.timestamp())
        });
        u64::try_from(timestamp.map_err(|_| wrong())?.as_millisecond()).map_err(|_| wrong())?
    };
    if millis >> 48 == 0 { Ok(Hlc::from_millis(millis)) } else { Err(wrong()) }
}
