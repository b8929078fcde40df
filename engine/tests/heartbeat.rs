//! Noticing a dead link, and nothing but a dead link.

use steadfast_engine::{
    Adaptive, Cause, Config, Event, Fault, HangUp, HeartbeatConfig, Input, Loss, Output, Span,
    State,
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

const DEAD: Output<Payload> = Output::HangUp(HangUp::HeartbeatTimeout);

/// A link whose pongs take `round_trip`, measured ten times over.
fn measured(config: Config, round_trip: Span) -> Shell {
    let mut shell = Shell::new(config);
    shell.connect();
    shell.wait(round_trip);
    shell.link_opens();
    shell.network.answers = Some(round_trip);
    for _ in 0..10 {
        assert_eq!(shell.give(Input::Ping), Ok(()));
        shell.wait(round_trip);
    }
    shell.network.answers = None;
    shell.take();
    shell
}

#[test]
fn a_ping_is_sent_into_silence_only() {
    let mut shell = Shell::answering(fixed());
    for _ in 0..20 {
        shell.wait(ms(25_000));
        shell.receive();
    }
    assert!(!shell.take().contains(&Output::TransmitPing(0)));
    assert_eq!(shell.until_ping(), ms(30_000));
}

#[test]
fn a_pong_tells_the_round_trip_and_is_no_message() {
    let mut shell = Shell::stable(fixed());
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    shell.until_ping();
    assert!(shell.engine.awaits_pong());
    shell.wait(ms(70));
    shell.take();
    shell.pong();
    let heartbeat = Event::Heartbeat {
        round_trip: Some(ms(70)),
        missed: 0,
    };
    assert_eq!(shell.take()[0], Output::Event(heartbeat));
    assert!(!shell.engine.awaits_pong());
    assert_eq!(shell.engine.health(shell.now).round_trip, Some(ms(70)));
}

#[test]
fn what_looks_like_a_pong_is_a_message_unless_a_ping_is_unanswered() {
    let mut shell = Shell::answering(fixed());
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    shell.take();
    shell.pong();
    assert!(matches!(shell.take()[..], [Output::Message { .. }]));
}

#[test]
fn any_message_is_a_sign_of_life() {
    let mut shell = Shell::answering(fixed());
    for _ in 0..20 {
        shell.until_ping();
        shell.wait(ms(100));
        shell.take();
        shell.receive();
        assert_eq!(shell.take(), [], "no miss");
    }
    assert_eq!(shell.engine.state(), State::Open);
}

#[test]
fn a_dead_link_is_noticed_after_the_misses_and_left_at_once() {
    let mut shell = Shell::answering(fixed());
    shell.until_ping();
    let silence = shell.until_dead();
    assert_eq!(
        silence,
        ms(3_000),
        "three pings of a second each, without the interval between"
    );
    let outputs = shell.take();
    let place = |wanted: &Output<_>| outputs.iter().position(|output| output == wanted);
    let fault = Output::Event(Event::Error(Fault::HeartbeatTimeout));
    assert!(place(&DEAD) < place(&fault));
    let (loss, will_retry) = (Loss::without_frame(Cause::HeartbeatTimeout), true);
    let disconnect = Event::Disconnect {
        loss,
        will_retry,
        unconfirmed: 0,
    };
    assert!(outputs.contains(&Output::Event(disconnect)));
    assert!(!shell.engine.awaits_pong(), "its pings died with it");
    shell.link_closes(1006);
    assert_eq!(
        shell.take(),
        [],
        "what the platform says a minute later means nothing"
    );
    assert!(shell.until_dial() <= ms(1_000));
}

#[test]
fn misses_are_told_and_counted() {
    let mut shell = Shell::answering(fixed());
    let mut missed = Vec::new();
    let health_before = shell.engine.health(shell.now).loss;
    shell.until_dead();
    for line in &shell.trace {
        if line.contains("Heartbeat { round_trip: None") {
            missed.push(
                line.split("missed: ")
                    .nth(1)
                    .map(|rest| rest.starts_with('1')),
            );
        }
    }
    assert_eq!(missed, [Some(true), Some(false), Some(false)]);
    assert!(shell.engine.health(shell.now).loss > health_before);
}

#[test]
fn the_number_of_misses_is_the_option() {
    for misses in [1, 2, 5] {
        let mut shell = Shell::answering(with(|heartbeat| heartbeat.misses = misses));
        shell.until_ping();
        assert_eq!(shell.until_dead(), ms(1_000 * u64::from(misses)));
    }
}

#[test]
fn a_sign_of_life_between_misses_starts_the_count_over() {
    let mut shell = Shell::answering(fixed());
    for _ in 0..10 {
        shell.until_ping();
        shell.wait(ms(2_500));
        shell.take();
        shell.receive();
    }
    assert_eq!(shell.engine.state(), State::Open);
}

#[test]
fn the_time_for_a_pong_follows_the_round_trips() {
    for (round_trip, least, most) in [
        (40, 1_000, 1_000),
        (400, 1_000, 1_000),
        (2_000, 2_000, 4_000),
        (9_000, 9_000, 10_000),
    ] {
        let mut shell = measured(fixed(), ms(round_trip));
        shell.until_ping();
        shell.take();
        let missed = |output: &Output<_>| matches!(output, Output::Event(Event::Heartbeat { .. }));
        let allowed = shell.until(missed);
        assert!(
            allowed >= ms(least) && allowed <= ms(most),
            "{round_trip} ms: {allowed}"
        );
    }
}

#[test]
fn a_link_that_jitters_is_given_more_time() {
    let mut shell = Shell::answering(fixed());
    for round in 0..20 {
        assert_eq!(shell.give(Input::Ping), Ok(()));
        shell.wait(ms(if round % 2 == 0 { 50 } else { 950 }));
        shell.pong();
        shell.take();
    }
    shell.until_ping();
    shell.take();
    let missed = |output: &Output<_>| matches!(output, Output::Event(Event::Heartbeat { .. }));
    assert!(
        shell.until(missed) > ms(2_000),
        "mean 500 ms, deviation 450 ms"
    );
}

#[test]
fn the_time_is_never_above_the_option() {
    let mut shell = measured(with(|heartbeat| heartbeat.timeout = ms(500)), ms(400));
    shell.until_ping();
    assert_eq!(shell.until_dead(), ms(1_500));
}

/// A proxy may open at once for a server that is still to start.
#[test]
fn before_the_first_pong_a_ping_has_all_the_time_however_soon_the_link_opened() {
    for opening in [1, 2_000, 9_000] {
        let mut shell = Shell::new(fixed());
        shell.connect();
        shell.wait(ms(opening));
        shell.link_opens();
        shell.until_ping();
        shell.take();
        let missed = |output: &Output<_>| matches!(output, Output::Event(Event::Heartbeat { .. }));
        assert_eq!(shell.until(missed), ms(10_000));
    }
}

/// Four seconds there and back: whoever looks at the tab must not cut it.
#[test]
fn a_probe_is_given_what_a_ping_is_given() {
    let mut shell = measured(fixed(), ms(4_000));
    shell.network.answers = Some(ms(4_000));
    for _ in 0..20 {
        assert_eq!(shell.give(WAKE), Ok(()));
        shell.wait(ms(20_000));
    }
    assert_eq!((shell.engine.state(), shell.generation), (State::Open, 1));
    shell.network.answers = None;
    assert_eq!(shell.give(WAKE), Ok(()));
    assert!(shell.until_dead() <= ms(10_000));
}

#[test]
fn a_link_slower_than_a_second_but_within_the_option_lives() {
    let mut shell = measured(fixed(), ms(3_000));
    shell.network.answers = Some(ms(3_000));
    shell.wait(ms(3_600_000));
    assert_eq!((shell.engine.state(), shell.generation), (State::Open, 1));
}

#[test]
fn the_interval_follows_the_health() {
    let bounds = |heartbeat: &mut HeartbeatConfig| {
        heartbeat.adaptive = Some(Adaptive {
            min: ms(5_000),
            max: ms(30_000),
        });
    };
    let intervals = [0, 250, 500, 2_000].map(|round_trip| {
        let mut shell = measured(with(bounds), ms(round_trip));
        shell.until_ping()
    });
    assert!(
        intervals.windows(2).all(|pair| pair[0] >= pair[1]),
        "{intervals:?}"
    );
    assert_eq!(intervals[0], ms(30_000), "a perfect link");
    assert!(
        intervals[2] < ms(16_000) && intervals[3] >= ms(5_000),
        "{intervals:?}"
    );
}

#[test]
fn switched_off_it_sends_nothing_and_ends_nothing() {
    let mut shell = Shell::stable(with(|heartbeat| heartbeat.enabled = false));
    shell.wait(ms(10_000_000));
    assert_eq!(shell.give(WAKE), Ok(()));
    assert_eq!(shell.take(), []);
    assert_eq!(
        shell.give(Input::Ping),
        Ok(()),
        "but the application may ask"
    );
    assert_eq!(shell.take(), [Output::TransmitPing(0)]);
    shell.wait(ms(30));
    shell.pong();
    let heartbeat = Event::Heartbeat {
        round_trip: Some(ms(30)),
        missed: 0,
    };
    assert!(shell.take_events().contains(&heartbeat));
    assert_eq!(shell.give(Input::Ping), Ok(()));
    shell.wait(ms(1_000_000));
    assert_eq!(shell.engine.state(), State::Open, "and asking ends nothing");
}

#[test]
fn a_ping_that_is_asked_for_joins_the_one_on_its_way() {
    let mut shell = Shell::answering(Config::default());
    assert_eq!(shell.give(Input::Ping), Ok(()));
    assert_eq!(shell.give(Input::Ping), Ok(()));
    let pings = shell.take();
    assert_eq!(pings, [Output::TransmitPing(0)]);
}
