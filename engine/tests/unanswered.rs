//! Servers that do not know our ping, and servers that take it amiss.

use steadfast_engine::{Config, Event, HeartbeatConfig, Input, Output, State};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Shell, ms};

fn with(change: impl FnOnce(&mut HeartbeatConfig)) -> Config {
    let mut config = Config::default();
    change(&mut config.heartbeat);
    config
}

/// As it was before the interval followed the health.
fn fixed() -> Config {
    with(|heartbeat| heartbeat.adaptive = None)
}

/// A bare echo server without PONG, graphql-ws's, and any other that does not know our ping.
#[test]
fn a_server_that_never_answers_is_never_cut() {
    let mut shell = Shell::open(Config::default());
    let stopped = |output: &Output<_>| *output == Output::Event(Event::HeartbeatStopped);
    shell.until(stopped);
    let told = shell.take_events();
    assert_eq!(
        told.iter()
            .filter(|event| **event == Event::HeartbeatStopped)
            .count(),
        1
    );
    shell.wait(ms(1_000 * 30_000));
    assert_eq!(shell.take(), [], "it is asked no more, and it is said once");
    assert_eq!(shell.engine.state(), State::Open);
    assert_eq!(shell.give(Input::Wake), Ok(()));
    shell.wait(ms(100_000));
    assert_eq!(shell.engine.state(), State::Open);
}

#[test]
fn the_next_link_asks_again_whether_there_are_answers() {
    let mut shell = Shell::open(fixed());
    shell.until(|output| *output == Output::Event(Event::HeartbeatStopped));
    shell.link_closes(1006);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    assert_eq!(shell.until_ping(), ms(30_000));
}

#[test]
fn a_server_that_talks_but_never_answers_is_never_cut() {
    let mut shell = Shell::open(fixed());
    for _ in 0..1_000 {
        shell.wait(ms(31_000));
        shell.receive();
    }
    assert_eq!((shell.engine.state(), shell.generation), (State::Open, 1));
}

/// A server that takes an unknown message for an offence, and closes.
#[test]
fn a_server_that_is_hurt_by_a_ping_is_never_sent_another() {
    let mut shell = Shell::stable(fixed());
    shell.until_ping();
    shell.wait(ms(20));
    shell.take();
    shell.link_closes(4400);
    assert!(shell.take_events().contains(&Event::HeartbeatStopped));
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.wait(ms(10_000_000));
    assert_eq!(shell.take(), []);
    assert_eq!(shell.engine.state(), State::Open);
}

/// A server that takes binary messages alone says 1003 to a ping, and would say so no more.
#[test]
fn a_close_that_a_ping_provoked_is_retried_whatever_its_code() {
    for code in [1002, 1003, 1007, 1008] {
        let mut shell = Shell::stable(fixed());
        shell.until_ping();
        shell.wait(ms(20));
        shell.take();
        shell.link_closes(code);
        shell.until_dial();
        shell.link_opens();
        shell.wait(ms(10_000_000));
        assert_eq!(
            (shell.engine.state(), shell.generation),
            (State::Open, 2),
            "{code}"
        );
        shell.link_closes(code);
        assert_eq!(
            shell.engine.state(),
            State::Failed,
            "nothing provoked it: {code}"
        );
    }
}

/// A server that goes away during the first ping is not hurt by it.
#[test]
fn a_server_that_restarts_during_a_ping_is_sent_others() {
    for code in [1001, 1006, 1012, 1013] {
        let mut shell = Shell::stable(fixed());
        shell.until_ping();
        shell.take();
        shell.link_closes(code);
        assert!(
            !shell.take_events().contains(&Event::HeartbeatStopped),
            "{code}"
        );
        shell.until_dial();
        shell.link_opens();
        shell.take();
        assert_eq!(shell.until_ping(), ms(30_000), "{code}");
    }
}

#[test]
fn a_server_that_has_answered_may_close_during_a_ping() {
    let mut shell = Shell::answering(fixed());
    shell.until_ping();
    shell.take();
    shell.link_closes(1001);
    assert!(!shell.take_events().contains(&Event::HeartbeatStopped));
    shell.until_dial();
    shell.link_opens();
    shell.take();
    assert_eq!(shell.until_ping(), ms(30_000));
}
