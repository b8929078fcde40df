//! From the wish for a link to an open one.

use steadfast_engine::{
    Cause, Config, Event, FailureKind, Fault, HangUp, Input, Loss, Output, Refusal, State,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{CONNECT, RECONNECT, Shell, WAKE, delivered, ms};

#[test]
fn a_new_client_is_idle_and_does_nothing() {
    let mut shell = Shell::new(Config::default());
    shell.wait(ms(1_000_000));
    assert_eq!(shell.engine.state(), State::Idle);
    assert_eq!(shell.take(), []);
}

#[test]
fn connect_dials_once_and_the_link_opens() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.connect();
    let change = |from, to| Output::Event(Event::StateChange { from, to });
    let dial = Output::Dial {
        generation: 1,
        attempt: 1,
    };
    assert_eq!(shell.take(), [change(State::Idle, State::Connecting), dial]);

    shell.wait(ms(40));
    shell.link_opens();
    let open = Output::Event(Event::Open {
        attempt: 1,
        resumed: false,
    });
    let health = Output::Event(Event::Health);
    assert_eq!(
        shell.take(),
        [change(State::Connecting, State::Open), open, health]
    );

    shell.connect();
    assert_eq!(shell.take(), [], "connect() is harmless when connected");
}

#[test]
fn an_attempt_that_does_not_open_in_time_is_abandoned_and_retried() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    let abandoned = Output::HangUp(HangUp::Abandoned);
    assert_eq!(shell.until(|output| *output == abandoned), ms(10_000));
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Event(Event::Error(Fault::ConnectTimeout))));
    assert_eq!(shell.engine.state(), State::Reconnecting);

    shell.link_opens();
    assert_eq!(shell.take(), [], "the abandoned socket opens too late");
    shell.until_dial();
    assert!(shell.take().contains(&Output::Dial {
        generation: 2,
        attempt: 2
    }));
}

#[test]
fn the_connect_timeout_covers_the_functions_that_are_asked_first_and_the_greeting() {
    let mut shell = Shell::new(Config {
        greets: true,
        ..Config::default()
    });
    shell.connect();
    shell.wait(ms(6_000));
    shell.link_opens();
    let abandoned = Output::HangUp(HangUp::Abandoned);
    assert_eq!(shell.until(|output| *output == abandoned), ms(4_000));
}

#[test]
fn a_socket_is_expected_only_while_its_attempt_lasts() {
    let mut shell = Shell::new(Config::default());
    assert!(!shell.engine.expects_link(0));
    shell.connect();
    assert!(shell.engine.expects_link(1) && !shell.engine.expects_link(2));
    assert_eq!(shell.give(RECONNECT), Ok(()));
    assert!(!shell.engine.expects_link(1) && shell.engine.expects_link(2));
    shell.link_opens();
    assert!(!shell.engine.expects_link(2));
}

#[test]
fn a_provider_that_fails_is_a_retryable_failure() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.take();
    shell.link_fails(false);
    assert_eq!(shell.engine.state(), State::Reconnecting);
    let events = shell.take_events();
    assert!(
        matches!(
            events[1],
            Event::Reconnecting {
                attempt: 2,
                cause: Cause::Provider,
                ..
            }
        ),
        "{events:?}"
    );
    shell.until_dial();
    shell.link_opens();
    assert_eq!(shell.engine.state(), State::Open);
}

#[test]
fn what_no_socket_can_be_made_of_is_final() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.link_fails(true);
    assert_eq!(shell.engine.state(), State::Failed);
    let events = shell.take_events();
    let Some(Event::Failed(failure)) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert_eq!(failure.loss, Loss::without_frame(Cause::Invalid));

    shell.connect();
    assert_eq!(
        shell.engine.state(),
        State::Reconnecting,
        "connect() leads out of failed"
    );
    shell.link_opens();
    assert_eq!(shell.engine.state(), State::Open);
}

#[test]
fn the_greeting_is_given_before_the_link_is_open_and_before_the_queue() {
    let mut shell = Shell::new(Config {
        greets: true,
        ..Config::default()
    });
    let waiting = shell.send();
    shell.connect();
    shell.take();
    shell.link_opens();
    assert_eq!(
        shell.take(),
        [Output::Greet {
            generation: 1,
            attempt: 1
        }]
    );
    let early = shell.receive();
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    assert_eq!(shell.take(), [], "nothing passes before the greeting");

    assert_eq!(shell.give(Input::Greeted { generation: 1 }), Ok(()));
    let outputs = shell.take();
    let place = |wanted: &Output<_>| outputs.iter().position(|output| output == wanted);
    let open = place(&Output::Event(Event::Open {
        attempt: 1,
        resumed: false,
    }));
    assert!(open.is_some());
    assert!(open < place(&Output::Transmit(waiting)));
    assert!(open < place(&delivered(early)));
}

#[test]
fn every_link_is_greeted() {
    let mut shell = Shell::new(Config {
        greets: true,
        ..Config::default()
    });
    shell.greeting_bytes = Some(30);
    shell.connect();
    for attempt in 1..5 {
        shell.take();
        shell.link_opens();
        let generation = attempt;
        assert!(shell.take().contains(&Output::Greet {
            generation,
            attempt
        }));
        shell.link_closes(1006);
        shell.until_dial();
    }
}

#[test]
fn a_greeting_that_fails_abandons_the_link_and_is_retried() {
    let mut shell = Shell::new(Config {
        greets: true,
        ..Config::default()
    });
    shell.connect();
    shell.link_opens();
    shell.take();
    shell.link_fails(false);
    let outputs = shell.take();
    assert_eq!(outputs[0], Output::HangUp(HangUp::Abandoned));
    let disconnect = |output: &Output<_>| matches!(output, Output::Event(Event::Disconnect { .. }));
    assert!(!outputs.iter().any(disconnect), "it was never open");
    assert_eq!(shell.engine.state(), State::Reconnecting);
}

#[test]
fn reconnect_drops_the_link_and_starts_over_at_once() {
    let mut shell = Shell::open(Config::default());
    assert_eq!(shell.give(RECONNECT), Ok(()));
    let outputs = shell.take();
    assert_eq!(
        outputs[0],
        Output::HangUp(HangUp::Reconnect),
        "detached, not waited for"
    );
    assert!(matches!(
        outputs[1..4],
        [
            Output::Event(Event::Health),
            Output::Event(Event::Disconnect {
                will_retry: true,
                ..
            }),
            Output::Event(Event::StateChange {
                from: State::Open,
                to: State::Reconnecting
            }),
        ]
    ));
    assert_eq!(
        outputs[5],
        Output::Dial {
            generation: 2,
            attempt: 1
        }
    );
    shell.link_opens();
    assert!(matches!(
        shell.take_events()[2],
        Event::Reconnected { attempts: 1, downtime: span, .. } if span == ms(0)
    ));
}

#[test]
fn reconnect_abandons_an_attempt_for_a_fresh_one() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.take();
    assert_eq!(shell.give(RECONNECT), Ok(()));
    let abandoned = Output::HangUp(HangUp::Abandoned);
    assert_eq!(
        shell.take(),
        [
            abandoned,
            Output::Dial {
                generation: 2,
                attempt: 1
            }
        ]
    );
}

#[test]
fn close_detaches_the_link_and_is_the_end() {
    let mut shell = Shell::open(Config::default());
    assert_eq!(shell.give(Input::Close), Ok(()));
    let outputs = shell.take();
    assert_eq!(outputs[0], Output::HangUp(HangUp::Closed));
    assert!(matches!(
        outputs[2..],
        [
            Output::Event(Event::Disconnect {
                will_retry: false,
                ..
            }),
            Output::Event(Event::StateChange {
                to: State::Closing,
                ..
            }),
            Output::Event(Event::StateChange {
                to: State::Closed,
                ..
            }),
            Output::Event(Event::Closed),
        ]
    ));
    for input in [CONNECT, RECONNECT, Input::Ping] {
        assert_eq!(shell.give(input), Err(Refusal::Closed));
    }
    assert_eq!(shell.try_send(|_| {}), Err(Refusal::Closed));
    assert_eq!(shell.flush(1), Err(Refusal::Closed));
    for input in [Input::Close, WAKE, Input::Online, Input::Offline, WAKE] {
        assert_eq!(shell.give(input), Ok(()));
    }
    shell.wait(ms(1_000_000));
    assert_eq!(shell.take(), []);
}

#[test]
fn close_ends_whatever_is_under_way() {
    for how in 0..4 {
        let mut shell = Shell::new(Config::default());
        if how > 0 {
            shell.connect();
        }
        if how > 1 {
            shell.link_closes(1006);
        }
        if how > 2 {
            assert_eq!(shell.give(Input::Offline), Ok(()));
            assert_eq!(shell.engine.state(), State::Offline);
        }
        assert_eq!(shell.give(Input::Close), Ok(()));
        assert_eq!(shell.engine.state(), State::Closed);
        shell.take();
        shell.wait(ms(1_000_000));
        assert_eq!(shell.take(), []);
    }
}

/// Every wait at nothing is a client's own doing; it must not hang the page.
#[test]
fn one_timeout_is_finite_whatever_the_options_say() {
    let mut config = Config {
        connect_timeout: ms(0),
        ..Config::default()
    };
    let reconnect = &mut config.reconnect;
    (reconnect.first, reconnect.min, reconnect.base) = (ms(0), ms(0), ms(0));
    config.heartbeat.timeout = ms(0);
    config.heartbeat.misses = u32::MAX;
    let mut shell = Shell::new(config);
    shell.connect();
    for _ in 0..10 {
        shell.timeout();
    }
    assert!(shell.generation > 5, "it goes on: {}", shell.story());
    shell.link_opens();
    assert_eq!(shell.give(Input::Ping), Ok(()));
    for _ in 0..10 {
        shell.timeout();
    }
    assert_eq!(shell.engine.state(), State::Open);
}

/// The end of time itself is no deadline.
#[test]
fn no_timer_runs_at_the_end_of_time() {
    let mut shell = Shell::open(Config::default());
    shell.now = steadfast_engine::Instant::NEVER;
    shell.timeout();
    shell.link_closes(1006);
    shell.timeout();
}
