//! A message that something on the way refuses: links end right behind it.

use steadfast_engine::{Delivered, DropReason, Event, Fault, Input, Output, Welcome};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{CONNECT, Payload, RECONNECT, Shell, ms, new, persistent, resumed, session};

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
    shell.stored(2);
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
    shell.stored(1);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

/// Its number is under way to storage: no link was given it, and the others do not wait for ever.
#[test]
fn what_only_has_its_number_is_not_taken_back() {
    let mut shell = Shell::welcomed(persistent());
    let sent = shell.send_many(3);
    for _ in 0..3 {
        ends(&mut shell, 1006);
        opens(&mut shell);
    }
    ends(&mut shell, 1006);
    shell.writes = false;
    assert!(opens(&mut shell).is_empty());
    ends(&mut shell, 1006);
    assert_eq!(shell.take_queue(), sent[1..]);
    shell.written();
    shell.writes = true;
    shell.send_many(1);
    assert_eq!(opens(&mut shell), sent[..1]);
    shell.stored(1);
    assert_eq!(shell.engine.unacknowledged(), 1);
    shell.stored(2);
    assert_eq!(shell.engine.unacknowledged(), 0);
    assert_eq!(shell.engine.queued(), (0, 0));
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
    let (mut shell, _) = ended(4, 1006);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(Welcome {
        received: None,
        ..new()
    });
    let sent = shell.send_many(3);
    let transmitted = shell.take_transmitted();
    assert_eq!(transmitted[transmitted.len() - 3..], sent);
    let unit = |output: &Output<_>| matches!(output, Output::Unit(_));
    assert!(!shell.take().iter().any(unit));
}
