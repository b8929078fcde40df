//! The delays between attempts, whatever the options.

use proptest::prelude::{Strategy, any};
use steadfast_engine::backoff::Backoff;
use steadfast_engine::{Jitter, ReconnectConfig, Rng, Span};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{check, ms, reconnect};

const CASES: u32 = 2_000;

fn draws() -> impl Strategy<Value = (ReconnectConfig, u64)> {
    (reconnect(), any::<u64>())
}

/// The delays of so many retries in a row.
fn delays(config: &ReconnectConfig, seed: u64, established: bool, retries: usize) -> Vec<Span> {
    let (mut backoff, mut rng) = (Backoff::new(), Rng::new(seed));
    (0..retries)
        .map(|_| backoff.next_delay(config, &mut rng, established, false))
        .collect()
}

/// The means of the first delays over many seeds, in milliseconds.
fn means(config: &ReconnectConfig) -> Vec<f64> {
    let mut sums = vec![0.0; 12];
    for seed in 0..400 {
        for (sum, delay) in sums.iter_mut().zip(delays(config, seed * 7_919, false, 12)) {
            *sum += delay.as_ms_f64() / 400.0;
        }
    }
    sums
}

#[test]
fn the_first_retry_after_an_established_link_is_within_first() {
    check(CASES, &draws(), |(config, seed)| {
        assert!(delays(&config, seed, true, 1)[0] <= config.first);
    });
}

#[test]
fn every_other_retry_is_between_min_and_max() {
    check(CASES, &draws(), |(config, seed)| {
        for delay in delays(&config, seed, false, 40) {
            assert!(delay >= config.min && delay <= config.max, "{delay}");
        }
        for delay in &delays(&config, seed, true, 40)[1..] {
            assert!(*delay >= config.min && *delay <= config.max, "{delay}");
        }
    });
}

#[test]
fn each_jitter_keeps_to_its_own_bounds() {
    check(CASES, &draws(), |(config, seed)| {
        let mut cap = config.base.min(config.max);
        let mut previous = Span::ZERO;
        for delay in delays(&config, seed, false, 20) {
            let (low, high) = match config.jitter {
                Jitter::Full => (Span::ZERO, cap),
                Jitter::Equal => (cap.scaled(0.5), cap),
                Jitter::None => (cap, cap),
                Jitter::Decorrelated => {
                    let grown = previous.max(config.base).scaled(3.0);
                    (config.base.min(config.max), grown.min(config.max))
                }
            };
            assert!(
                delay >= low.max(config.min) && delay <= high.max(config.min),
                "{delay}"
            );
            cap = cap.scaled(config.factor).min(config.max);
            previous = delay;
        }
    });
}

#[test]
fn a_server_that_wants_quiet_gets_at_least_base_and_min() {
    check(CASES, &draws(), |(config, seed)| {
        let (mut backoff, mut rng) = (Backoff::new(), Rng::new(seed));
        for _ in 0..10 {
            let delay = backoff.next_delay(&config, &mut rng, true, true);
            assert!(
                delay >= config.base.max(config.min) && delay <= config.max,
                "{delay}"
            );
        }
    });
}

#[test]
fn retries_are_counted_and_a_reset_starts_over() {
    check(CASES, &draws(), |(config, seed)| {
        let (mut backoff, mut rng) = (Backoff::new(), Rng::new(seed));
        for retry in 0..10 {
            assert_eq!(backoff.retries(), retry);
            backoff.next_delay(&config, &mut rng, true, false);
        }
        backoff.reset();
        assert_eq!(backoff.retries(), 0);
        assert!(backoff.next_delay(&config, &mut rng, true, false) <= config.first);
    });
}

#[test]
fn delays_grow_up_to_max_with_every_jitter() {
    for jitter in [
        Jitter::Full,
        Jitter::Equal,
        Jitter::Decorrelated,
        Jitter::None,
    ] {
        let config = ReconnectConfig {
            jitter,
            ..ReconnectConfig::default()
        };
        let means = means(&config);
        assert!(
            means.windows(2).take(4).all(|pair| pair[1] > pair[0] * 1.3),
            "{jitter:?} {means:?}"
        );
        assert!(means[11] > 20_000.0, "{jitter:?} {means:?}");
    }
}

/// Jitter comes after the cap: a herd that has reached it is still spread over all of it.
#[test]
fn delays_at_the_cap_are_spread() {
    for (jitter, least, most) in [
        (Jitter::Full, 500, 59_500),
        (Jitter::Equal, 30_500, 59_500),
        (Jitter::Decorrelated, 2_000, 59_500),
    ] {
        let config = ReconnectConfig {
            jitter,
            ..ReconnectConfig::default()
        };
        let mut last: Vec<Span> = (0..2_000)
            .map(|seed| delays(&config, seed, false, 15)[14])
            .collect();
        last.sort();
        assert!(last[0] < ms(least) && last[1_000] < ms(most), "{jitter:?}");
        let equal = last.chunk_by(|a, b| a == b).map(<[Span]>::len).max();
        assert!(
            equal < Some(2_000 / 2),
            "{jitter:?}: {equal:?} wait the same"
        );
    }
}

#[test]
fn no_options_make_it_panic() {
    let spans = [Span::ZERO, ms(1), Span::FOREVER];
    for factor in [0.0, 1.0, 1.000_001, f64::INFINITY, f64::NAN, -1.0] {
        for base in spans {
            for max in spans {
                for jitter in [
                    Jitter::Full,
                    Jitter::Equal,
                    Jitter::Decorrelated,
                    Jitter::None,
                ] {
                    let config = ReconnectConfig {
                        base,
                        max,
                        factor,
                        jitter,
                        ..ReconnectConfig::default()
                    };
                    delays(&config, 1, false, 50);
                }
            }
        }
    }
}
