//! A message that something on the way refuses: links end right behind it.

use steadfast_engine::{Delivered, DropReason, Event, Fate, Fault, Input, Output, Priority};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{
    CONNECT, Payload, RECONNECT, Shell, forgotten, ms, persistent, resumed, session,
};

/// A session in which so many links have ended with `code` behind the first of three messages.
fn ended(times: u32, code: u16) -> (Shell, Vec<Payload>) {
    let mut shell = Shell::welcomed(session());
    let sent = shell.send_many(3);
    for _ in 1..times {
        ends(&mut shell, code);
        opens(&mut shell);
    }
    ends(&mut shell, code);
    (shell, sent)
}

fn ends(shell: &mut Shell, code: u16) {
    shell.take();
    shell.link_closes(code);
}

/// The next link, on which the server has nothing new.
fn opens(shell: &mut Shell) -> Vec<Payload> {
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(resumed(0));
    shell.task_over();
    shell.take_transmitted()
}

fn faults(shell: &mut Shell) -> Vec<Fault> {
    let events = shell.take_events().into_iter();
    events
        .filter_map(|event| match event {
            Event::Error(fault) => Some(fault),
            _ => None,
        })
        .collect()
}

#[test]
fn after_three_ends_the_message_goes_alone_and_then_the_others() {
    let (mut shell, sent) = ended(2, 1006);
    assert_eq!(opens(&mut shell), sent, "two may be an accident");
    ends(&mut shell, 1006);
    assert_eq!(opens(&mut shell), sent[..1]);
    let later = shell.send_many(2);
    assert!(shell.take_transmitted().is_empty());
    shell.stored(1);
    let rest: Vec<_> = sent[1..].iter().chain(&later).copied().collect();
    assert_eq!(shell.take_transmitted(), rest);
    shell.stored(5);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

#[test]
fn ended_by_1009_once_more_it_is_dropped_and_the_others_go() {
    let (mut shell, sent) = ended(3, 1009);
    opens(&mut shell);
    ends(&mut shell, 1009);
    let dropped = Event::Dropped {
        payload: sent[0],
        ticket: 0,
        reason: DropReason::TooLarge,
        delivered: Delivered::Unknown,
    };
    assert!(shell.take_events().contains(&dropped));
    assert_eq!(opens(&mut shell), sent[1..]);
    let events = shell.take_events();
    let gap = |event: &Event<_>| matches!(event, Event::Gap { .. });
    assert!(
        !events.iter().any(gap),
        "nobody lost anything that was stored"
    );
    shell.stored(3);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

#[test]
fn what_was_dropped_may_have_been_stored_all_the_same() {
    let (mut shell, sent) = ended(3, 1009);
    opens(&mut shell);
    ends(&mut shell, 1009);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(resumed(1));
    shell.task_over();
    assert_eq!(shell.take_transmitted(), sent[1..]);
    shell.stored(3);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

#[test]
fn ended_otherwise_once_more_it_is_named_and_attempts_are_seldom() {
    let (mut shell, sent) = ended(3, 1006);
    assert_eq!(opens(&mut shell), sent[..1]);
    ends(&mut shell, 1006);
    let stuck = Fault::Stuck {
        number: 1,
        bytes: 10,
        code: 1006,
    };
    assert_eq!(faults(&mut shell), [stuck]);
    for _ in 0..5 {
        assert_eq!(shell.until_dial(), ms(60_000));
        shell.link_opens();
        shell.welcome(resumed(0));
        ends(&mut shell, 1006);
        assert!(faults(&mut shell).is_empty(), "said once");
    }
    assert_eq!(opens(&mut shell), sent[..1]);
    shell.stored(1);
    assert_eq!(
        shell.take_transmitted(),
        sent[1..],
        "it got through after all"
    );
    shell.stored(3);
    shell.wait(ms(6_000));
    shell.link_closes(1006);
    assert!(shell.until_dial() <= ms(1_000));
}

#[test]
fn the_application_can_take_it_back() {
    let (mut shell, sent) = ended(4, 1006);
    assert_eq!(shell.take_queue(), sent);
    shell.take();
    assert_eq!(shell.give(CONNECT), Ok(()));
    assert!(opens(&mut shell).is_empty());
    let next = shell.send_many(1);
    assert_eq!(shell.take_transmitted(), next);
    shell.stored(4);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

/// What was given first is what links end behind, in whatever lane it is.
#[test]
fn the_suspect_is_what_was_given_first_across_lanes() {
    let mut shell = Shell::welcomed(session());
    let low = shell.send_with(|send| send.priority = Priority::Low);
    shell.task_over();
    let high = shell.send_with(|send| send.priority = Priority::High);
    shell.task_over();
    assert_eq!(shell.take_transmitted(), [low, high]);
    for _ in 0..3 {
        ends(&mut shell, 1009);
        assert_eq!(
            opens(&mut shell),
            [high, low],
            "by lane, once they wait again"
        );
    }
    // Since the second link it is another one that was given first.
    ends(&mut shell, 1009);
    assert_eq!(opens(&mut shell), [high]);
    shell.stored_of(1, Priority::High, 1);
    assert_eq!(shell.take_transmitted(), [low]);
    shell.stored_of(1, Priority::Low, 1);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

/// What it waits for has no message of another lane either.
#[test]
fn alone_means_alone_across_lanes() {
    let mut shell = Shell::welcomed(session());
    let high = shell.send_with(|send| send.priority = Priority::High);
    let low = shell.send_with(|send| send.priority = Priority::Low);
    shell.task_over();
    for _ in 0..2 {
        ends(&mut shell, 1009);
        opens(&mut shell);
    }
    ends(&mut shell, 1009);
    assert_eq!(opens(&mut shell), [high]);
    ends(&mut shell, 1009);
    assert_eq!(shell.take_dropped(), [(high, DropReason::TooLarge)]);
    assert_eq!(opens(&mut shell), [low]);
    shell.stored_of(1, Priority::Low, 1);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

/// The next page must not send again what is given up here.
#[test]
fn what_is_given_up_is_marked_in_storage() {
    let mut shell = Shell::welcomed(persistent());
    let sent = shell.send_many(2);
    for _ in 0..3 {
        ends(&mut shell, 1009);
        opens(&mut shell);
    }
    ends(&mut shell, 1009);
    let outputs = shell.take();
    let place = |wanted: Output<_>| outputs.iter().position(|output| *output == wanted);
    let dropped = Event::Dropped {
        payload: sent[0],
        ticket: 0,
        reason: DropReason::TooLarge,
        delivered: Delivered::Unknown,
    };
    assert!(place(Output::Mark(sent[0])) < place(Output::Event(dropped)));
    assert_eq!(opens(&mut shell), sent[1..]);
}

#[test]
fn links_that_end_for_other_reasons_are_not_counted() {
    let mut shell = Shell::welcomed(session());
    let sent = shell.send_many(2);
    for _ in 0..5 {
        shell.take();
        assert_eq!(shell.give(RECONNECT), Ok(()));
        assert_eq!(opens(&mut shell), sent);
    }
    for _ in 0..5 {
        shell.take();
        assert_eq!(shell.give(Input::Suspend), Ok(()));
        shell.until_dial();
        assert_eq!(opens(&mut shell), sent);
    }
}

#[test]
fn another_message_starts_the_count_over() {
    let mut shell = Shell::welcomed(session());
    for round in 0..10 {
        let sent = shell.send_many(2);
        ends(&mut shell, 1006);
        shell.until_dial();
        shell.link_opens();
        shell.take();
        shell.welcome(resumed(2 * round + 1));
        shell.task_over();
        assert_eq!(shell.take_transmitted(), sent[1..]);
        shell.stored(2 * round + 2);
    }
}

#[test]
fn a_memory_that_is_forgotten_takes_it_along() {
    let (mut shell, sent) = ended(4, 1006);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(forgotten(Fate::New));
    assert_eq!(
        shell.take_transmitted(),
        sent[1..],
        "no link was given these"
    );
    let later = shell.send_many(3);
    assert_eq!(shell.take_transmitted(), later);
}
