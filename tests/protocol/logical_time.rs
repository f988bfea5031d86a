//! Hybrid logical time: 48 bits of milliseconds, 16 of counter, in an order that bytes keep.

use dmpc::{Hlc, hlc::MILLIS_MAX};
use proptest::prelude::*;

use super::cases;

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn timestamps_order_by_milliseconds_then_counter_and_their_bytes_do_too(left: u64, right: u64, near in 0_u64..4) {
        for right in [right, left.wrapping_add(near), left ^ (near << 16)] {
            let (a, b) = (Hlc::from_bits(left), Hlc::from_bits(right));
            prop_assert_eq!(a.cmp(&b), (a.millis(), a.counter()).cmp(&(b.millis(), b.counter())));
            prop_assert_eq!(a.cmp(&b), a.bits().to_be_bytes().cmp(&b.bits().to_be_bytes()));
        }
    }

    #[test]
    fn milliseconds_and_counter_are_all_of_a_timestamp(bits: u64) {
        let time = Hlc::from_bits(bits);
        prop_assert_eq!(time.millis() << 16 | time.counter(), bits);
        prop_assert_eq!(time.to_string(), format!("{}.{}", bits >> 16, bits & 0xffff));
    }

    #[test]
    fn a_tick_is_the_least_timestamp_above_what_was_seen_and_not_before_now(seen in 0..u64::MAX, now: u64, near in 0_u64..3) {
        for now in [now, (seen >> 16).saturating_sub(1) + near] {
            let (seen, start) = (Hlc::from_bits(seen), Hlc::from_millis(now));
            let tick = Hlc::tick(seen, now).unwrap();
            prop_assert!(tick > seen && tick >= start);
            let before = Hlc::from_bits(tick.bits() - 1);
            prop_assert!(before <= seen || before < start, "an earlier one would do");
        }
    }
}

#[test]
fn a_millisecond_starts_with_counter_zero_and_the_greatest_one_is_the_year_10889() {
    assert_eq!((Hlc::from_millis(5).millis(), Hlc::from_millis(5).counter()), (5, 0));
    assert_eq!(Hlc::from_millis(MILLIS_MAX).millis(), (1 << 48) - 1);
    assert_eq!(Hlc::from_millis(MILLIS_MAX + 1), Hlc::from_millis(MILLIS_MAX));
    assert_eq!(Hlc::from_millis(u64::MAX), Hlc::from_millis(MILLIS_MAX));
    assert!(Hlc::from_millis(u64::MAX) < Hlc::MAX);
}

#[test]
fn a_full_counter_goes_on_in_the_next_millisecond() {
    let last = Hlc::from_bits((7 << 16) | 0xffff);
    assert_eq!(last.next(), Some(Hlc::from_millis(8)));
    assert_eq!(Hlc::tick(last, 7), Some(Hlc::from_millis(8)));
}

#[test]
fn at_the_end_of_time_there_is_no_next() {
    assert_eq!(Hlc::MAX.next(), None);
    assert_eq!(Hlc::tick(Hlc::MAX, 0), None);
    assert_eq!(Hlc::tick(Hlc::from_bits(u64::MAX - 1), 0), Some(Hlc::MAX));
}
