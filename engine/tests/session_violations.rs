//! What a server must not say in a session, and what follows.

use steadfast_engine::{
    Cause, Config, Event, Fate, Fault, HangUp, Input, Loss, Output, Priority, State, Welcome,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, accepted, new, resumed, session};

const REFUSED: Output<Payload> = Output::HangUp(HangUp::Protocol);

const fn stored(generation: u32, number: u64) -> Input<Payload> {
    Input::Stored {
        generation,
        memory: 1,
        lane: Priority::Normal,
        number,
    }
}

#[test]
fn a_welcome_that_knows_more_than_was_sent_is_a_violation() {
    let mut shell = Shell::welcomed(session());
    shell.send_many(2);
    let outputs = shell.comes_back(resumed(3));
    assert!(outputs.contains(&REFUSED));
    assert!(outputs.contains(&Output::Event(Event::Error(Fault::Protocol))));
    assert_eq!(shell.engine.state(), State::Reconnecting);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(resumed(2));
    assert_eq!(shell.engine.unacknowledged(), 0, "nothing was lost by it");
}

#[test]
fn a_message_that_the_server_found_too_long_is_a_violation_in_a_session() {
    let mut shell = Shell::welcomed(session());
    shell.link_closes(1009);
    let faults = shell.take_events().into_iter();
    let faults: Vec<_> = faults
        .filter(|event| matches!(event, Event::Error(_)))
        .collect();
    assert_eq!(faults, [Event::Error(Fault::Protocol)]);
    shell.until_dial();
}

#[test]
fn a_count_that_does_not_match_is_a_violation_and_nothing_of_the_frame_counts() {
    let mut shell = Shell::welcomed(session());
    shell.send_many(1);
    shell.take();
    let generation = shell.generation;
    let count = 1;
    assert_eq!(shell.give(Input::Counted { generation, count }), Ok(()));
    assert_eq!(shell.give(stored(generation, 1)), Ok(()));
    let outputs = shell.take();
    assert_eq!(outputs[0], REFUSED);
    assert_eq!(shell.engine.unacknowledged(), 1);
    let loss = Loss {
        cause: Cause::Protocol,
        code: 4400,
        was_clean: false,
    };
    let disconnect = Event::Disconnect {
        loss,
        will_retry: true,
        unconfirmed: 1,
    };
    assert!(outputs.contains(&Output::Event(disconnect)));
    shell.until_dial();
}

#[test]
fn what_the_protocol_does_not_allow_ends_the_link() {
    let generation = 1;
    let early: [Input<Payload>; 4] = [
        stored(generation, 0),
        Input::Adopted {
            generation,
            memory: 1,
            claim: accepted(0),
        },
        Input::LinkMessage {
            generation,
            payload: 7,
            bytes: 10,
            is_pong: false,
        },
        Input::Violated { generation },
    ];
    for input in early {
        let mut shell = Shell::new(session());
        shell.connect();
        shell.link_opens();
        shell.take();
        assert_eq!(shell.give(input), Ok(()));
        assert!(shell.take().contains(&REFUSED), "before the welcome");
    }
    let late: [Input<Payload>; 5] = [
        stored(generation, 1),
        Input::Adopted {
            generation,
            memory: 1,
            claim: accepted(0),
        },
        Input::LinkMessage {
            generation,
            payload: 7,
            bytes: 10,
            is_pong: false,
        },
        Input::Violated { generation },
        Input::Welcomed {
            generation,
            welcome: new(),
        },
    ];
    for input in late {
        let mut shell = Shell::welcomed(session());
        assert_eq!(shell.give(input), Ok(()));
        assert!(shell.take().contains(&REFUSED), "after the welcome");
    }
}

#[test]
fn without_a_session_its_inputs_change_nothing() {
    let mut shell = Shell::stable(Config::default());
    let generation = shell.generation;
    for input in [
        Input::Violated { generation },
        Input::HandedOver,
        Input::TaskOver,
        Input::Counted {
            generation,
            count: 7,
        },
        Input::Welcomed {
            generation,
            welcome: Welcome {
                fate: Fate::Lost,
                ..resumed(0)
            },
        },
    ] {
        assert_eq!(shell.give(input), Ok(()));
    }
    assert_eq!(shell.take(), []);
}
