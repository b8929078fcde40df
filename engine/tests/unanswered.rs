//! Servers that do not know our ping, and servers that take it amiss.

use steadfast_engine::{
    Config, Event, HeartbeatConfig, Input, Instant, Output, Span, State, Warning,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, WAKE, ms};

fn with(change: impl FnOnce(&mut HeartbeatConfig)) -> Config {
    let mut config = Config::default();
    change(&mut config.heartbeat);
    config
}

/// As it was before the interval followed the health.
fn fixed() -> Config {
    with(|heartbeat| heartbeat.adaptive = None)
}

const NO_PONG: Event<Payload> = Event::Warning(Warning::NoPong);
const PINGS_END_LINKS: Event<Payload> = Event::Warning(Warning::PingsEndLinks);

/// A link on which the first ping has just left.
fn asked() -> Shell {
    let mut shell = Shell::open(fixed());
    shell.until_ping();
    shell.take();
    shell
}

/// The next link, on which the first ping has just left; how long after the last one ended that was.
fn asked_again(shell: &mut Shell) -> Span {
    let start = shell.now;
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.until_ping();
    shell.take();
    shell.now.since(start)
}

/// A bare echo server without PONG, graphql-ws's, and any other that does not know our ping. Proxies cut
/// what is silent for a minute.
#[test]
fn a_server_that_never_answers_is_never_cut_and_its_line_is_kept_warm() {
    let mut shell = Shell::open(fixed());
    shell.until(|output| *output == Output::Event(NO_PONG));
    shell.take();
    for _ in 0..1_000 {
        assert!(shell.until_ping() <= ms(30_000));
        let quiet = shell.take();
        assert_eq!(quiet, [Output::TransmitPing(0)], "said once, counted never");
    }
    for _ in 0..10 {
        assert_eq!(shell.give(WAKE), Ok(()));
        shell.wait(ms(100_000));
    }
    assert_eq!((shell.engine.state(), shell.generation), (State::Open, 1));
}

#[test]
fn the_first_ping_does_not_wait_for_silence() {
    for every in [100, 1_000, 10_000] {
        let mut shell = Shell::open(fixed());
        shell.network.answers = Some(ms(40));
        let mut asked = false;
        while shell.now.since(Instant::ZERO) < ms(5_040 + 30_000) {
            shell.receive();
            shell.wait(ms(every));
            asked |= shell.take().contains(&Output::TransmitPing(0));
        }
        assert!(asked, "a message each {every} ms");
        shell.network.answers = None;
        shell.until_ping();
        assert_eq!(shell.until_dead(), ms(3_000));
    }
}

#[test]
fn a_link_that_dies_young_is_found_once_a_pong_was_seen() {
    let mut shell = Shell::open(Config::default());
    shell.network.answers = Some(ms(40));
    shell.wait(ms(5_000));
    shell.network.answers = None;
    shell.take();
    assert!(shell.until_dead() <= ms(33_000));
}

#[test]
fn once_a_pong_was_seen_pings_wait_for_silence() {
    let mut shell = Shell::answering(fixed());
    shell.link_closes(1006);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    assert_eq!(shell.until_ping(), ms(30_000));
}

/// A server that starts up behind a proxy that is there at once.
#[test]
fn a_server_that_answers_late_is_heard() {
    let mut shell = Shell::open(fixed());
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    shell.network.answers = Some(ms(5_000));
    shell.wait(ms(60_000));
    let outputs = shell.take();
    let handed = |output: &Output<Payload>| matches!(output, Output::Message { .. });
    assert!(!outputs.iter().any(handed), "no pong is a message");
    assert!(!outputs.contains(&Output::Event(NO_PONG)));
    let beat = Event::Heartbeat {
        round_trip: Some(ms(5_000)),
        missed: 0,
    };
    assert!(outputs.contains(&Output::Event(beat)));
}

#[test]
fn a_pong_within_the_full_time_is_one_however_many_pings_were_sent() {
    let mut shell = asked();
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    for _ in 0..3 {
        shell.wait(ms(2_500));
        assert_eq!(shell.give(WAKE), Ok(()));
    }
    shell.take();
    for _ in 0..2 {
        shell.pong();
        let handed = |output: &Output<Payload>| matches!(output, Output::Message { .. });
        assert!(!shell.take().iter().any(handed));
    }
}

#[test]
fn a_pong_is_not_taken_for_that_to_a_ping_that_nobody_answered() {
    let mut shell = Shell::answering(fixed());
    for _ in 0..2 {
        shell.until_ping();
        shell.take();
        shell.wait(ms(500));
        shell.receive();
    }
    shell.until_ping();
    shell.take();
    shell.wait(ms(60));
    shell.pong();
    let beat = Event::Heartbeat {
        round_trip: Some(ms(60)),
        missed: 0,
    };
    assert!(shell.take_events().contains(&beat));
}

#[test]
fn the_next_link_asks_again_whether_there_are_answers() {
    let mut shell = Shell::open(fixed());
    shell.until(|output| *output == Output::Event(NO_PONG));
    shell.link_closes(1006);
    assert!(asked_again(&mut shell) <= ms(3_000));
    shell.wait(ms(40));
    shell.pong();
    shell.until_ping();
    assert_eq!(shell.until_dead(), ms(3_000));
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
fn a_server_that_closes_on_a_ping_is_sent_none_for_an_hour() {
    let mut shell = asked();
    shell.wait(ms(20));
    shell.link_closes(4400);
    assert!(shell.take_events().contains(&PINGS_END_LINKS));
    let rest = asked_again(&mut shell);
    assert!(rest >= ms(3_600_000) && rest < ms(3_700_000), "{rest}");
    shell.wait(ms(20));
    shell.link_closes(4400);
    let rest = asked_again(&mut shell);
    assert!(rest >= ms(7_200_000) && rest < ms(7_300_000), "{rest}");
    shell.wait(ms(20));
    shell.pong();
    shell.link_closes(4400);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    assert_eq!(shell.until_ping(), ms(30_000), "it has learned to answer");
}

/// A server that throws, and drops the connection without a word.
#[test]
fn two_links_that_end_behind_their_first_ping_are_enough() {
    for (code, late) in [(1006, 20), (1006, 5_000), (1011, 5_000), (1000, 9_000)] {
        let mut shell = asked();
        shell.wait(ms(late));
        shell.link_closes(code);
        assert!(!shell.take_events().contains(&PINGS_END_LINKS));
        asked_again(&mut shell);
        shell.wait(ms(late));
        shell.link_closes(code);
        let warnings = shell.take_events().into_iter();
        assert_eq!(
            warnings.filter(|event| *event == PINGS_END_LINKS).count(),
            1
        );
        shell.until_dial();
        shell.link_opens();
        shell.take();
        shell.wait(ms(3_000_000));
        assert_eq!(shell.take(), [], "{code} after {late} ms");
        assert_eq!(shell.engine.state(), State::Open);
    }
}

#[test]
fn losses_that_have_nothing_to_do_with_the_first_ping_stop_none() {
    let mut shell = Shell::open(fixed());
    for round in 0..20 {
        if round > 0 {
            asked_again(&mut shell);
        }
        let nearness = if round % 2 == 0 { 20 } else { 300_000 };
        shell.wait(ms(nearness));
        shell.link_closes(1006);
    }
    assert!(!shell.take_events().contains(&PINGS_END_LINKS));
}

/// A server that takes binary messages alone says 1003 to a ping, and would say so no more.
#[test]
fn a_close_that_a_ping_provoked_is_retried_whatever_its_code() {
    for code in [1002, 1003, 1007, 1008] {
        let mut shell = asked();
        shell.wait(ms(20));
        shell.take();
        shell.link_closes(code);
        shell.until_dial();
        shell.link_opens();
        shell.wait(ms(3_000_000));
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
fn a_server_that_restarts_during_pings_is_sent_others() {
    for code in [1001, 1012, 1013] {
        let mut shell = asked();
        for _ in 0..5 {
            shell.link_closes(code);
            assert!(!shell.take_events().contains(&PINGS_END_LINKS), "{code}");
            asked_again(&mut shell);
        }
    }
}

#[test]
fn a_server_that_has_answered_may_close_during_a_ping() {
    let mut shell = Shell::answering(fixed());
    for _ in 0..3 {
        shell.until_ping();
        shell.take();
        shell.link_closes(4400);
        assert!(!shell.take_events().contains(&PINGS_END_LINKS));
        shell.until_dial();
        shell.link_opens();
        shell.take();
        assert_eq!(shell.until_ping(), ms(30_000));
    }
}
