//! Time as it crosses to a platform that counts in fractions of milliseconds.

use proptest::prelude::*;
use steadfast_protocol::Span;

/// A timer that rings when its clock shows the deadline must find the deadline reached: a clock that stands still,
/// since it is a coarse one, would have it ring for ever.
fn assert_comes_back(micros: u64) {
    let span = Span::from_micros(micros);
    assert_eq!(Span::from_ms_f64(span.as_ms_f64()), span, "{micros} µs");
}

#[test]
fn every_microsecond_of_the_first_seconds_comes_back_as_it_went() {
    (0..3_000_000).for_each(assert_comes_back);
}

proptest! {
    #[test]
    fn any_moment_of_the_next_decades_comes_back_as_it_went(micros in 0..2_u64.pow(50)) {
        assert_comes_back(micros);
    }
}

#[test]
fn what_is_no_time_is_none_or_for_ever() {
    for nothing in [-1.0, -1e9, f64::NEG_INFINITY, f64::NAN] {
        assert_eq!(Span::from_ms_f64(nothing), Span::ZERO, "{nothing}");
    }
    for endless in [f64::INFINITY, 1e300] {
        assert_eq!(Span::from_ms_f64(endless), Span::FOREVER, "{endless}");
    }
}
