//! Pings of a session: they have ids, are always answered, and only they are missed.

use steadfast_engine::{Config, Event, HangUp, Input, Output, Span};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, ms, session};

const DEAD: Output<Payload> = Output::HangUp(HangUp::HeartbeatTimeout);

/// A session whose pings come every 30 s.
fn fixed() -> Config {
    let mut config = session();
    config.heartbeat.adaptive = None;
    config
}

fn pinged(output: &Output<Payload>) -> bool {
    matches!(output, Output::TransmitPing(_))
}

/// Something comes in every so often, but no pong, until the link is given up.
fn until_dead_amid(shell: &mut Shell, every: Span) -> Span {
    let start = shell.now;
    while !shell.outputs.contains(&DEAD) {
        shell.take();
        shell.wait(every);
        if !shell.outputs.contains(&DEAD) {
            shell.counted();
        }
    }
    shell.now.since(start)
}

#[test]
fn pings_have_ids_and_a_pong_tells_the_round_trip_of_its_own() {
    let mut shell = Shell::welcomed(fixed());
    assert_eq!(shell.give(Input::Ping), Ok(()));
    shell.wait(ms(1_000));
    assert_eq!(
        shell.take().into_iter().filter(pinged).collect::<Vec<_>>(),
        [Output::TransmitPing(1), Output::TransmitPing(2)],
        "the first was missed"
    );
    shell.wait(ms(200));
    shell.ponged(1);
    let round_trip = |ms| Event::Heartbeat {
        round_trip: Some(ms),
        missed: 0,
    };
    assert!(shell.take_events().contains(&round_trip(ms(1_200))));
    shell.wait(ms(100));
    shell.ponged(2);
    assert!(shell.take_events().contains(&round_trip(ms(300))));
    shell.wait(ms(20_000));
    assert_eq!(shell.take(), [], "no miss any more");
}

/// [P90]
#[test]
fn a_pong_that_is_not_awaited_is_ignored() {
    let mut shell = Shell::welcomed(fixed());
    shell.ponged(0);
    shell.ponged(1);
    assert_eq!(shell.give(Input::Ping), Ok(()));
    shell.take();
    for id in [0, 2, u32::MAX] {
        shell.ponged(id);
    }
    assert_eq!(shell.take(), []);
    shell.ponged(1);
    assert_eq!(shell.take_events().len(), 1);
    shell.ponged(1);
    assert_eq!(shell.take(), [], "it was answered");
}

/// Without a session a server that never answered is left alone.
#[test]
fn a_session_need_not_see_a_pong_to_miss_one() {
    let mut shell = Shell::welcomed(fixed());
    shell.until(pinged);
    assert_eq!(shell.until_dead(), ms(3_000));
}

/// [P88]
#[test]
fn other_frames_postpone_a_miss_but_not_beyond_the_full_time() {
    let mut shell = Shell::welcomed(fixed());
    assert_eq!(shell.give(Input::Ping), Ok(()));
    let lived = until_dead_amid(&mut shell, ms(700));
    assert!(lived >= ms(30_000) && lived < ms(31_000), "{lived}");
}

#[test]
fn the_pings_of_a_link_are_not_those_of_the_next() {
    let mut shell = Shell::welcomed(fixed());
    assert_eq!(shell.give(Input::Ping), Ok(()));
    shell.comes_back(crate::support::resumed(0));
    shell.take();
    shell.ponged(1);
    assert_eq!(shell.take(), []);
}

/// [P89]
#[test]
fn a_message_without_acknowledgement_brings_the_next_ping_once() {
    let mut shell = Shell::welcomed(fixed());
    shell.send_many(1);
    shell.wait(ms(800));
    shell.send_many(1);
    shell.take();
    assert_eq!(shell.until(pinged), ms(200));
    shell.take();
    shell.ponged(1);
    shell.wait(ms(29_000));
    assert!(
        !shell.take().iter().any(pinged),
        "the server is slow, no more"
    );
    shell.stored(1);
    assert_eq!(shell.until(pinged), ms(1_000), "a new silence");
    shell.ponged(2);
    shell.stored(2);
    shell.take();
    shell.wait(ms(29_000));
    assert_eq!(shell.take(), []);
}

/// [P89] [P84]
#[test]
fn a_store_that_stalls_closes_nothing() {
    let mut shell = Shell::welcomed(fixed());
    shell.send_many(10);
    for _ in 0..100 {
        let pings: Vec<_> = shell.take().into_iter().filter(pinged).collect();
        if let Some(Output::TransmitPing(id)) = pings.last() {
            shell.ponged(*id);
        }
        assert!(!shell.outputs.contains(&DEAD));
        shell.wait(ms(1_000));
    }
    shell.stored(10);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

#[test]
fn without_a_heartbeat_no_doubt_pings() {
    let mut config = fixed();
    config.heartbeat.enabled = false;
    let mut shell = Shell::welcomed(config);
    shell.send_many(1);
    shell.wait(ms(100_000));
    assert!(!shell.take().iter().any(pinged));
}
