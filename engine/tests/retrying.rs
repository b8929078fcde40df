//! When the next attempt comes, and when none does.

use steadfast_engine::{
    Cause, Config, Event, Failure, FailureKind, Input, Loss, Output, ReconnectConfig, Span, State,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, RECONNECT, Shell, ms};

fn with(change: impl FnOnce(&mut ReconnectConfig)) -> Config {
    let mut reconnect = ReconnectConfig::default();
    change(&mut reconnect);
    Config {
        reconnect,
        ..Config::default()
    }
}

/// The delay that was announced, of all that came out since the last look.
fn announced(shell: &mut Shell) -> Option<Span> {
    shell.take_events().iter().find_map(|event| match event {
        Event::Reconnecting { delay, .. } => Some(*delay),
        _ => None,
    })
}

/// Loses the present link and opens another, again and again; the delays that were announced.
fn flap(shell: &mut Shell, times: usize, alive: Span) -> Vec<Span> {
    let mut delays = Vec::new();
    for _ in 0..times {
        shell.link_closes(1006);
        delays.extend(announced(shell));
        shell.until_dial();
        shell.link_opens();
        shell.wait(alive);
        shell.take();
    }
    delays
}

fn failure(shell: &mut Shell) -> Option<FailureKind> {
    shell.take_events().iter().find_map(|event| match event {
        Event::Failed(Failure { kind, .. }) => Some(*kind),
        _ => None,
    })
}

#[test]
fn the_first_retry_after_an_established_link_comes_within_first() {
    let mut longest = ms(0);
    for seed in 0..200 {
        let mut shell = Shell::with_seed(with(|reconnect| reconnect.first = ms(300)), seed);
        shell.connect();
        shell.link_opens();
        shell.wait(ms(6_000));
        shell.take();
        shell.link_closes(1006);
        let delay = shell.until_dial();
        assert!(delay <= ms(300));
        longest = longest.max(delay);
    }
    assert!(longest > ms(250), "it is spread over all of it");
}

#[test]
fn later_retries_wait_at_least_min_and_grow() {
    let mut sums = [Span::ZERO; 7];
    for seed in 0..200 {
        let mut shell = Shell::with_seed(Config::default(), seed);
        shell.connect();
        shell.link_opens();
        for (retry, sum) in sums.iter_mut().enumerate() {
            shell.take();
            shell.link_closes(1006);
            let delay = shell.until_dial();
            assert!(retry == 0 || delay >= ms(200), "{delay}");
            *sum += delay;
        }
    }
    assert!(sums.windows(2).all(|pair| pair[0] < pair[1]), "{sums:?}");
}

#[test]
fn a_server_that_accepts_and_closes_does_not_reset_the_backoff() {
    let config = with(|reconnect| reconnect.jitter = steadfast_engine::Jitter::None);
    let mut shell = Shell::stable(config);
    let delays = flap(&mut shell, 8, ms(4_999));
    let expected = [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000].map(ms);
    assert!(delays[0] <= ms(1_000));
    assert_eq!(delays[1..], expected);
}

#[test]
fn a_stable_link_resets_the_backoff() {
    let config = with(|reconnect| reconnect.jitter = steadfast_engine::Jitter::None);
    let mut shell = Shell::stable(config);
    let delays = flap(&mut shell, 8, ms(5_000));
    assert!(delays.iter().all(|delay| *delay <= ms(1_000)), "{delays:?}");
}

#[test]
fn retries_are_counted_without_a_stable_link_and_used_up() {
    let mut shell = Shell::stable(with(|reconnect| reconnect.retries = 3));
    flap(&mut shell, 3, ms(1_000));
    shell.link_closes(1006);
    let events = shell.take_events();
    let loss = Loss {
        cause: Cause::Closed,
        code: 1006,
        was_clean: false,
    };
    let (will_retry, unconfirmed) = (false, 0);
    assert_eq!(
        events[1],
        Event::Disconnect {
            loss,
            will_retry,
            unconfirmed
        }
    );
    assert_eq!(
        events[2],
        Event::StateChange {
            from: State::Open,
            to: State::Failed
        }
    );
    assert_eq!(
        events[3],
        Event::Failed(Failure {
            kind: FailureKind::RetriesExhausted,
            loss
        })
    );
    shell.wait(ms(1_000_000));
    assert_eq!(shell.take(), []);
}

#[test]
fn time_without_a_stable_link_is_used_up() {
    let config = with(|reconnect| reconnect.max_elapsed = ms(20_000));
    let mut shell = Shell::new(config.clone());
    shell.connect();
    let failed = |output: &Output<Payload>| matches!(output, Output::Event(Event::Failed(_)));
    assert_eq!(
        shell.until(failed),
        ms(20_000),
        "counted from the first attempt"
    );

    let mut shell = Shell::stable(config);
    shell.wait(ms(100_000));
    shell.take();
    shell.link_closes(1006);
    assert_eq!(
        shell.until(failed),
        ms(20_000),
        "counted from the loss of a stable link"
    );
}

#[test]
fn time_is_used_up_without_a_network_too() {
    let mut shell = Shell::stable(with(|reconnect| reconnect.max_elapsed = ms(20_000)));
    assert_eq!(shell.give(Input::Offline), Ok(()));
    shell.link_closes(1006);
    shell.take();
    shell.wait(ms(20_000));
    assert_eq!(shell.engine.state(), State::Failed);
}

#[test]
fn time_is_not_up_while_a_link_proves_itself() {
    let mut shell = Shell::new(with(|reconnect| reconnect.max_elapsed = ms(5_000)));
    shell.connect();
    shell.wait(ms(4_999));
    shell.link_opens();
    shell.wait(ms(100_000));
    assert_eq!(shell.engine.state(), State::Open);

    let mut shell = Shell::new(with(|reconnect| reconnect.max_elapsed = ms(5_000)));
    shell.connect();
    shell.wait(ms(4_999));
    shell.link_opens();
    shell.wait(ms(4_999));
    shell.link_closes(1006);
    assert_eq!(shell.engine.state(), State::Failed, "it did not");
}

#[test]
fn without_reconnect_the_first_loss_is_the_end() {
    let mut shell = Shell::stable(Config {
        reconnect: ReconnectConfig {
            enabled: false,
            ..ReconnectConfig::default()
        },
        ..Config::default()
    });
    shell.link_closes(1001);
    assert_eq!(failure(&mut shell), Some(FailureKind::RetriesExhausted));
    assert_eq!(shell.give(RECONNECT), Ok(()));
    shell.link_opens();
    assert_eq!(shell.engine.state(), State::Open);
}
