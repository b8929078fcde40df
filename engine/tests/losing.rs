//! From a lost link to the next attempt, or to the end.

use steadfast_engine::close_code::{Policy, TABLE, policy};
use steadfast_engine::{
    Cause, Config, Event, Failure, FailureKind, Fault, Input, Loss, ReconnectConfig, Span, State,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{RECONNECT, Shell, ms};

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

fn failure(shell: &mut Shell) -> Option<FailureKind> {
    shell.take_events().iter().find_map(|event| match event {
        Event::Failed(Failure { kind, .. }) => Some(*kind),
        _ => None,
    })
}

#[test]
fn a_loss_is_told_in_order_with_its_true_code() {
    let mut shell = Shell::stable(Config::default());
    shell.link_closes(1011);
    let loss = Loss {
        cause: Cause::Closed,
        code: 1011,
        was_clean: true,
    };
    let events = shell.take_events();
    assert_eq!(events[0], Event::Health);
    let (will_retry, unconfirmed) = (true, 0);
    assert_eq!(
        events[1],
        Event::Disconnect {
            loss,
            will_retry,
            unconfirmed
        }
    );
    let (from, to) = (State::Open, State::Reconnecting);
    assert_eq!(events[2], Event::StateChange { from, to });
    assert!(matches!(
        events[3],
        Event::Reconnecting {
            attempt: 1,
            cause: Cause::Closed,
            ..
        }
    ));
    assert_eq!(events.len(), 4);
}

#[test]
fn the_way_back_is_told_with_its_length() {
    let mut shell = Shell::stable(Config::default());
    shell.link_closes(1006);
    let mut downtime = shell.until_dial();
    shell.link_closes(1006);
    shell.take();
    downtime += shell.until_dial();
    shell.wait(ms(30));
    shell.link_opens();
    downtime += ms(30);
    let reconnected = Event::Reconnected {
        attempts: 2,
        downtime,
        resumed: false,
        replayed: 0,
    };
    assert!(shell.take_events().contains(&reconnected));
}

#[test]
fn the_first_connection_is_no_reconnection() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.link_closes(1006);
    shell.take();
    shell.until_dial();
    shell.link_opens();
    let events = shell.take_events();
    assert!(events.contains(&Event::Open {
        attempt: 2,
        resumed: false
    }));
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::Reconnected { .. }))
    );
}

#[test]
fn every_row_of_the_table_is_followed() {
    for &(first, last, policy) in TABLE {
        for code in first..=last {
            let mut shell = Shell::stable(Config::default());
            shell.link_closes(code);
            let failed = shell.engine.state() == State::Failed;
            assert_eq!(failed, policy == Policy::Stop, "{code}");
            if failed {
                assert_eq!(failure(&mut shell), Some(FailureKind::Refused), "{code}");
            }
        }
    }
}

#[test]
fn the_table_says_what_the_documentation_says() {
    let all = |wanted: Policy| -> Vec<u16> {
        (0..=u16::MAX)
            .filter(|code| policy(*code, false) == wanted)
            .collect()
    };
    assert_eq!(all(Policy::RetryLater), [1000, 1013]);
    assert_eq!(all(Policy::Stop), [1002, 1003, 1007, 1008, 1010, 3003]);
    assert_eq!(all(Policy::TooLarge), [1009]);
    assert_eq!(all(Policy::Reauthenticate), [3000, 4401]);
}

#[test]
fn a_code_in_no_row_is_retried() {
    for code in [
        0,
        999,
        1004,
        1016,
        2999,
        3001,
        3008,
        4000,
        4400,
        4999,
        5000,
        u16::MAX,
    ] {
        let mut shell = Shell::stable(Config::default());
        shell.link_closes(code);
        assert_eq!(shell.engine.state(), State::Reconnecting, "{code}");
    }
}

#[test]
fn a_bare_1000_is_retried_later_than_a_cut() {
    for code in [1000, 1013] {
        let mut longest = ms(0);
        for seed in 0..100 {
            let mut shell = Shell::with_seed(Config::default(), seed);
            shell.connect();
            shell.link_opens();
            shell.wait(ms(6_000));
            shell.take();
            shell.link_closes(code);
            let Some(delay) = announced(&mut shell) else {
                panic!("{code} is not retried");
            };
            assert!(delay >= ms(1_000) && delay <= ms(4_000), "{delay}");
            longest = longest.max(delay);
        }
        assert!(longest > ms(3_000), "two steps of growth more: {longest}");
    }
}

#[test]
fn a_message_too_big_is_reported_with_its_size_and_nothing_is_dropped() {
    let mut shell = Shell::stable(Config::default());
    shell.network.bytes_per_second = Some(1);
    shell.send_with(|send| send.bytes = 900_000);
    shell.send_with(|send| send.bytes = 700_000);
    let waiting = shell.send_with(|send| send.bytes = 1_000_000);
    assert_eq!(shell.engine.queued(), (1, 1_000_000));
    shell.take();
    shell.link_closes(1009);
    let events = shell.take_events();
    let fault = Fault::MessageTooLarge { bytes: 900_000 };
    assert!(events.contains(&Event::Error(fault)), "{events:?}");
    assert_eq!(shell.engine.queued(), (1, 1_000_000));
    shell.until_dial();
    shell.take();
    shell.link_opens();
    assert_eq!(shell.take_transmitted(), [waiting]);

    shell.link_closes(1009);
    let fault = Fault::MessageTooLarge { bytes: 1_000_000 };
    assert!(
        shell.take_events().contains(&Event::Error(fault)),
        "only that link's messages count"
    );
}

#[test]
fn an_unauthorized_client_asks_for_credentials_once_and_then_stops() {
    for code in [3000, 4401] {
        let mut shell = Shell::stable(Config::default());
        shell.link_closes(code);
        shell.until_dial();
        shell.link_opens();
        shell.take();
        shell.link_closes(code);
        assert_eq!(
            failure(&mut shell),
            Some(FailureKind::Unauthorized),
            "{code}"
        );
    }
}

#[test]
fn credentials_are_asked_for_again_after_a_stable_link() {
    let mut shell = Shell::stable(Config::default());
    for _ in 0..5 {
        shell.link_closes(4401);
        shell.until_dial();
        shell.link_opens();
        shell.wait(ms(5_000));
        shell.take();
    }
    assert_eq!(shell.engine.state(), State::Open);
}

#[test]
fn credentials_are_asked_for_again_when_the_application_starts_over() {
    let mut shell = Shell::stable(Config::default());
    for _ in 0..3 {
        shell.link_closes(4401);
        assert_eq!(shell.engine.state(), State::Reconnecting);
        shell.until_dial();
        shell.link_closes(4401);
        assert_eq!(shell.engine.state(), State::Failed);
        assert_eq!(shell.give(RECONNECT), Ok(()));
        shell.link_opens();
        shell.take();
    }
}

#[test]
fn reconnect_leads_out_of_failed_with_all_counts_at_zero() {
    let mut shell = Shell::stable(with(|reconnect| reconnect.retries = 1));
    for _ in 0..3 {
        shell.link_closes(1006);
        shell.until_dial();
        shell.link_closes(4401);
        assert_eq!(shell.engine.state(), State::Failed);
        assert_eq!(shell.give(RECONNECT), Ok(()));
        shell.link_opens();
        shell.take();
    }
}

#[test]
fn unconfirmed_counts_what_was_given_since_the_last_sign_of_life() {
    let mut shell = Shell::stable(Config::default());
    shell.send();
    shell.send();
    shell.receive();
    for _ in 0..3 {
        shell.send();
    }
    assert_eq!(shell.give(Input::Ping), Ok(()), "a ping is no message");
    shell.take();
    shell.link_closes(1006);
    let events = shell.take_events();
    assert!(
        matches!(events[1], Event::Disconnect { unconfirmed: 3, .. }),
        "{events:?}"
    );
}
