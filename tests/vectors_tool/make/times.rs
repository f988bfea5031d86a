//! Logical time and the order of keys.

use anyhow::Result;
use dmpc::{Hlc, OpId, OpKey, hlc::MILLIS_MAX};

use super::{
    file::{Case, File},
    forge::{at, time},
    json::Json,
    sealed::Sealed,
};

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    Ok(vec![forms(), ticks(), order()])
}

fn forms() -> File {
    let case = |name: &str, millis: u64, counter: u64| {
        let bits = millis << 16 | counter;
        Case::new(name, "")
            .input("milliseconds", millis)
            .input("counter", counter)
            .expect("key_bytes", Json::hex(bits.to_be_bytes()))
            .expect("wire_bytes", Json::hex(bits.to_le_bytes()))
            .expect("text", Hlc::from_bits(bits).to_string())
    };
    File::new("time/forms", "time", "One timestamp in keys (big-endian), on the wire (fixed64) and as text.").cases([
        case("the beginning of 2024", 1_704_067_200_000, 0),
        case("with a counter", 1_704_067_200_000, 258),
        case("the least that an operation may have", 0, 1),
        case("the greatest", MILLIS_MAX, 0xffff),
    ])
}

fn ticks() -> File {
    let case = |name: &str, seen: Hlc, now: u64| {
        let case = Case::new(name, "").input("seen", time(seen)).input("now_milliseconds", now);
        match Hlc::tick(seen, now) {
            Some(next) => case.accepted().expect("timestamp", time(next)),
            None => case.expect("result", "refused"),
        }
    };
    let now = at(0).millis();
    File::new("time/ticks", "tick", "The timestamp that a client gives, from those it has seen and its clock.").cases([
        case("the clock is ahead", at(0), now + 5),
        case("the clock has not moved", at(0), now),
        case("the clock went back", at(0), now - 5_000),
        case("the counter is full", Hlc::from_bits(at(0).bits() | 0xffff), now),
        case("nothing was seen", Hlc::ZERO, now),
        case("a clock beyond 48 bits", at(0), u64::MAX >> 8),
        case("the end of time", Hlc::MAX, now),
    ])
}

fn order() -> File {
    let key = |time: Hlc, id: u8| Json::hex(OpKey { timestamp: time, id: OpId::from_bytes([id; 32]) }.to_bytes());
    let sorted =
        [key(at(0), 9), key(at(1), 1), key(at(1), 0x80), key(Hlc::from_bits(at(1).bits() + 1), 0), key(at(2), 0)];
    let mixed: Vec<Json> = [3, 0, 4, 2, 1].into_iter().map(|place: usize| sorted[place].clone()).collect();
    let case = Case::new("order", "").input("keys", Json::List(mixed)).expect("sorted", Json::List(sorted.to_vec()));
    let description = "Keys of operations sort as bytes: by timestamp, at one time by the operation id.";
    File::new("time/order_of_keys", "order", description).case(case)
}
