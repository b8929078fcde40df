//! Machines sleep, and clocks are set: whatever has an age is as old as it is.

use steadfast_engine::{
    Config, DropReason, Event, FailureKind, Input, Output, ReconnectConfig, Refusal, State,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Shell, WAKE, ms};

const EIGHT_HOURS_MS: u64 = 8 * 3_600_000;

/// The machine sleeps for eight hours: its monotonic clock goes on, or stands still.
fn sleep(shell: &mut Shell, stands_still: bool) {
    if stands_still {
        shell.wall_ahead_ms += EIGHT_HOURS_MS;
    } else {
        shell.pass_to(shell.now + ms(EIGHT_HOURS_MS));
    }
}

#[test]
fn a_message_is_as_old_as_it_is() {
    for stands_still in [false, true] {
        for wakes in [false, true] {
            let mut shell = Shell::stable(Config::default());
            shell.link_closes(1006);
            let old = shell.send_with(|send| send.ttl = Some(ms(30_000)));
            let kept = shell.send();
            shell.take();
            sleep(&mut shell, stands_still);
            if wakes {
                assert_eq!(shell.give(WAKE), Ok(()));
            } else {
                shell.timeout();
            }
            shell.until_dial();
            shell.link_opens();
            let outputs = shell.take();
            let expired = Event::Dropped {
                payload: old,
                ticket: 0,
                reason: DropReason::Ttl,
                delivered: steadfast_engine::Delivered::No,
            };
            assert!(outputs.contains(&Output::Event(expired)));
            assert!(outputs.contains(&Output::Transmit(kept)));
            assert!(!outputs.contains(&Output::Transmit(old)));
        }
    }
}

#[test]
fn what_is_sent_on_a_backlog_is_as_old_as_it_is() {
    let mut shell = Shell::stuck(Config::default());
    let old = shell.send_with(|send| send.ttl = Some(ms(30_000)));
    sleep(&mut shell, true);
    shell.network.bytes_per_second = None;
    shell.network.reset();
    let fresh = shell.send();
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Transmit(fresh)));
    assert!(!outputs.contains(&Output::Transmit(old)));
}

#[test]
fn patience_and_downtime_count_the_sleep() {
    for stands_still in [false, true] {
        let reconnect = ReconnectConfig {
            max_elapsed: ms(3_600_000),
            ..ReconnectConfig::default()
        };
        let mut shell = Shell::stable(Config {
            reconnect,
            ..Config::default()
        });
        shell.link_closes(1006);
        sleep(&mut shell, stands_still);
        shell.timeout();
        assert_eq!(shell.engine.state(), State::Failed);
        let given_up = |event: &Event<_>| matches!(event, Event::Failed(failure) if failure.kind == FailureKind::RetriesExhausted);
        assert!(shell.take_events().iter().any(given_up));

        let mut shell = Shell::stable(Config::default());
        shell.link_closes(1006);
        sleep(&mut shell, stands_still);
        shell.timeout();
        shell.until_dial();
        shell.link_opens();
        let downtime = shell
            .take_events()
            .into_iter()
            .find_map(|event| match event {
                Event::Reconnected { downtime, .. } => Some(downtime),
                _ => None,
            });
        assert!(downtime >= Some(ms(EIGHT_HOURS_MS)), "{downtime:?}");
    }
}

/// What comes after a sleep is counted by the monotonic clock again, and deadlines are told by it.
#[test]
fn time_goes_on_as_before() {
    let mut shell = Shell::answering(Config::default());
    for _ in 0..3 {
        sleep(&mut shell, true);
        shell.network.answers = Some(ms(40));
        shell.timeout();
        shell.wait(ms(1_000));
        shell.network.answers = None;
        shell.take();
        assert!(shell.until_ping() <= ms(30_000));
        shell.pong();
        shell.take();
    }
    shell.until_ping();
    assert_eq!(shell.until_dead(), ms(3_000));
}

#[test]
fn clocks_that_are_mad_break_nothing() {
    for wall_ahead_ms in [0, 1, u64::MAX / 2, 5, u64::MAX / 2 - 1] {
        let mut shell = Shell::answering(Config::default());
        shell.timeout();
        shell.wall_ahead_ms = wall_ahead_ms;
        shell.timeout();
        shell.wall_ahead_ms = 1_700_000_000_000;
        shell.timeout();
        shell.pong();
        shell.take();
        assert!(shell.until_ping() <= ms(30_000));
        shell.link_closes(1006);
        assert!(shell.until_dial() <= ms(1_000));
    }
}

/// An attempt that the sleep has cut off makes way, and no hint is needed.
#[test]
fn an_attempt_that_was_slept_through_makes_way() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.timeout();
    shell.take();
    sleep(&mut shell, true);
    assert_eq!(shell.give(Input::Withdraw(0)), Err(Refusal::NotWaiting));
    assert!(shell.until_dial() <= ms(1_000));
    assert_eq!(shell.generation, 2);
}
