//! Properties that hold for whatever a strategy makes up.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

/// Tries `property` on `cases` values. They are the same on every run and on every platform; to
/// look at others, set `STEADFAST_TEST_SEED` and `STEADFAST_TEST_CASES` (native runs).
///
/// # Panics
/// When the property does not hold, with the smallest value found for which it does not.
pub(crate) fn check<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value))
where
    S::Value: Clone,
{
    let config = Config {
        cases: number("STEADFAST_TEST_CASES").map_or(cases, |cases| cases as u32),
        rng_seed: RngSeed::Fixed(number("STEADFAST_TEST_SEED").unwrap_or(SEED)),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(strategy, |value| {
        property(value);
        Ok::<(), TestCaseError>(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, value)) => panic!("{why}\nfor: {value:#?}"),
        Err(TestError::Abort(why)) => panic!("gave up: {why}"),
    }
}

/// As [`check`], with a number of cases that keeps a slow property within a second or two.
pub(crate) fn check_steps<S: Strategy>(strategy: &S, property: impl Fn(S::Value))
where
    S::Value: Clone,
{
    check(
        if cfg!(target_arch = "wasm32") {
            200
        } else {
            600
        },
        strategy,
        property,
    );
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

const SEED: u64 = 20_260_801;
