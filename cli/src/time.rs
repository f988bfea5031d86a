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
