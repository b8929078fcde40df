//! Letting go of a client whose session another one goes on with.

use steadfast_engine::{
    Capture, Captured, Config, Delivered, DropReason, Event, From, GapReason, HangUp, Input,
    ORPHANS, Output, Refusal, Restored, State, Welcome, Window,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{
    ORPHAN, Payload, Shell, WAKE, accepted, checkpoint, ms, new, persistent, restored, session,
};

const RELEASE: Input<Payload> = Input::Release { stored: true };

fn closed(payload: Payload, delivered: Delivered) -> Output<Payload> {
    Output::Event(Event::Dropped {
        payload,
        ticket: 0,
        reason: DropReason::Closed,
        delivered,
    })
}

#[test]
fn without_a_session_it_is_closing() {
    let story = |end: Input<Payload>| {
        let mut shell = Shell::stuck(Config::default());
        shell.send();
        shell.take();
        assert_eq!(shell.give(end), Ok(()));
        shell.take()
    };
    assert_eq!(story(RELEASE), story(Input::Close));
}

/// What the server has of the session stays; what only this page had of it does not.
#[test]
fn a_session_does_not_end_and_what_waited_in_memory_is_reported() {
    let window = Window {
        messages: 2,
        bytes: 1_000,
    };
    let mut shell = Shell::welcomed_with(session(), Welcome { window, ..new() });
    let flying = shell.send_many(1)[0];
    let (given, waiting) = (shell.send(), shell.send());
    shell.take();
    assert_eq!(shell.give(RELEASE), Ok(()));
    let outputs = shell.take();
    let expected = [Output::Transmit(given), Output::HangUp(HangUp::Closed)];
    assert_eq!(outputs[..2], expected);
    assert!(!outputs.contains(&Output::End));
    for (payload, delivered) in [
        (flying, Delivered::Unknown),
        (given, Delivered::Unknown),
        (waiting, Delivered::No),
    ] {
        assert!(outputs.contains(&closed(payload, delivered)), "{payload}");
    }
    assert_eq!(shell.engine.state(), State::Closed);
}

/// The next client would be given again what this one was.
#[test]
fn what_was_handed_over_is_acknowledged_first() {
    let mut shell = Shell::welcomed(session());
    shell.hands_over = false;
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    let from = From {
        stream: 1,
        epoch: 7,
        next: 1,
        reason: GapReason::None,
    };
    let generation = shell.generation;
    assert_eq!(shell.give(Input::From { generation, from }), Ok(()));
    shell.receive();
    assert_eq!(shell.give(Input::HandedOver), Ok(()));
    shell.receive();
    shell.take();
    assert_eq!(shell.give(RELEASE), Ok(()));
    let outputs = shell.take();
    let acknowledged = Output::Acknowledge {
        stream: 1,
        epoch: 7,
        number: 1,
    };
    let expected = [acknowledged, Output::HangUp(HangUp::Closed)];
    assert_eq!(outputs[..2], expected, "the second is in hand");
}

#[test]
fn storage_keeps_what_is_durable() {
    let mut shell = Shell::welcomed(persistent());
    let flying = shell.send_many(2);
    let volatile = shell.send_with(|send| send.volatile = true);
    let waiting = shell.send_with(|send| send.ticket = 41);
    shell.take();
    assert_eq!(shell.give(RELEASE), Ok(()));
    let outputs = shell.take();
    for payload in [flying[0], flying[1], waiting] {
        assert!(outputs.contains(&Output::Release(payload)), "{payload}");
    }
    assert!(outputs.contains(&closed(volatile, Delivered::Unknown)));
    assert!(!outputs.contains(&Output::End) && !outputs.contains(&Output::Ended(1)));
    for memory in [1, ORPHANS] {
        assert!(outputs.contains(&Output::Unlock(memory)), "{memory}");
    }
    assert_eq!(outputs.last(), Some(&Output::Event(Event::Closed)));
}

/// The session is another one's as much as before: what was found of it goes back as it came.
#[test]
fn before_a_welcome_storage_keeps_all() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 5)]);
    let own = shell.send_many(1)[0];
    shell.take();
    assert_eq!(shell.give(RELEASE), Ok(()));
    let mut kept = shell.take_storage();
    kept.retain(|output| matches!(output, Output::Release(_)));
    assert_eq!(kept, [1, 2, own].map(Output::Release));
}

#[test]
fn storage_that_failed_keeps_nothing() {
    let mut shell = Shell::welcomed(persistent());
    let flying = shell.send_many(1)[0];
    let waiting = shell.send();
    shell.take();
    assert_eq!(shell.give(Input::Release { stored: false }), Ok(()));
    let outputs = shell.take();
    assert!(!outputs.contains(&Output::End));
    assert!(outputs.contains(&Output::Ended(1)));
    assert!(outputs.contains(&closed(flying, Delivered::Unknown)));
    assert!(outputs.contains(&closed(waiting, Delivered::Unknown)));
}

/// What another page may have to deliver is not lost because this one's storage has failed.
#[test]
fn storage_that_failed_keeps_what_nobody_has_said_the_owner_of() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 5)]);
    shell.take();
    assert_eq!(shell.give(Input::Release { stored: false }), Ok(()));
    let outputs = shell.take_storage();
    let kept = [
        Output::Release(1),
        Output::Release(2),
        Output::Unlock(ORPHAN),
    ];
    assert!(outputs.windows(3).any(|some| some == kept), "{outputs:?}");
}

/// The page was hidden in the same drain: it may never be seen again.
#[test]
fn a_state_that_is_to_be_captured_still_is() {
    let mut shell = Shell::welcomed(checkpoint());
    shell.captures = Captured::Changed;
    // As from inside a listener: nothing is polled in between.
    assert_eq!(
        shell.engine.handle_input(shell.clocks(), Input::Hide),
        Ok(())
    );
    assert_eq!(shell.give(RELEASE), Ok(()));
    let outputs = shell.take();
    assert_eq!(outputs[0], Output::Capture(Capture::Hiding));
    assert_eq!(outputs.last(), Some(&Output::Event(Event::Closed)));
}

#[test]
fn it_is_the_end_in_every_state() {
    for how in 0..5 {
        let mut shell = Shell::new(persistent());
        if how > 0 {
            shell.connect();
        }
        if how > 1 {
            shell.link_closes(1006);
        }
        match how {
            3 => shell.suspends(),
            4 => assert_eq!(shell.give(Input::Offline), Ok(())),
            _ => {}
        }
        let sent = shell.send_many(1)[0];
        assert_eq!(shell.give(RELEASE), Ok(()));
        let outputs = shell.take();
        assert!(outputs.contains(&Output::Release(sent)), "{how}");
        assert_eq!(shell.engine.state(), State::Closed);
        for again in [RELEASE, Input::Close, WAKE, Input::Online] {
            assert_eq!(shell.give(again), Ok(()));
        }
        assert_eq!(shell.try_send(|_| {}), Err(Refusal::Closed));
        shell.wait(ms(1_000_000));
        assert_eq!(shell.take(), []);
    }
}

#[test]
fn the_next_client_sends_what_the_server_does_not_have() {
    let mut shell = Shell::welcomed(persistent());
    shell.send_many(2);
    assert_eq!(shell.give(RELEASE), Ok(()));
    let rows: Vec<_> = shell.audit.rows.all().collect();
    let rows = rows.into_iter().map(|row| Restored {
        memory: ORPHAN,
        ..row
    });
    let mut next = Shell::begins_with(rows);
    next.adopts = false;
    next.welcome(new());
    next.adopted(ORPHAN, accepted(1));
    assert_eq!(next.take_storage().last(), Some(&Output::Transmit(2)));
    assert_eq!(next.engine.unacknowledged(), 1);
}
