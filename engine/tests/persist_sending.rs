//! A durable queue: numbers are written before their messages leave.

use steadfast_engine::{
    Delivered, DropReason, Event, HangUp, Input, Output, Refusal, Welcome, Window,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, new, persistent, resumed};

const fn write(payload: Payload, number: u64) -> Output<Payload> {
    Output::Write { payload, number }
}

/// A shell that is welcomed, and whose commits the test answers.
fn welcomed() -> Shell {
    let mut shell = Shell::welcomed(persistent());
    shell.writes = false;
    shell
}

#[test]
fn a_number_is_committed_before_its_message_leaves() {
    let mut shell = welcomed();
    let sent = shell.send_many(3);
    let numbers = sent
        .iter()
        .zip(1..)
        .map(|(sent, number)| write(*sent, number));
    let mut expected: Vec<_> = numbers.collect();
    expected.push(Output::Commit);
    assert_eq!(shell.take(), expected, "and no queue event");
    assert_eq!(shell.engine.queued(), (0, 0));
    assert_eq!(shell.engine.unacknowledged(), 3);
    assert_eq!(shell.engine.given_messages(), 0);

    shell.written();
    let mut expected = vec![Output::Unit(3)];
    expected.extend(sent.into_iter().map(Output::Transmit));
    assert_eq!(shell.take(), expected);
    assert_eq!(shell.engine.given_messages(), 3);
}

#[test]
fn one_commit_is_under_way_at_a_time() {
    let mut shell = welcomed();
    let first = shell.send_many(1)[0];
    shell.take();
    let second = shell.send_many(2);
    assert_eq!(shell.take(), [], "it waits for storage, not for the link");
    assert_eq!(shell.engine.queued(), (2, 20));
    shell.written();
    assert_eq!(
        shell.take(),
        [
            Output::Transmit(first),
            write(second[0], 2),
            write(second[1], 3),
            Output::Commit
        ]
    );
    shell.stored(1);
    shell.written();
    assert_eq!(shell.take_transmitted(), second);
}

#[test]
fn what_waits_for_storage_can_be_taken_back_until_it_is_numbered() {
    let mut shell = welcomed();
    shell.send_with(|send| send.ticket = 7);
    shell.task_over();
    let second = shell.send_with(|send| send.ticket = 8);
    shell.task_over();
    shell.take();
    assert_eq!(shell.give(Input::Withdraw(7)), Err(Refusal::NotWaiting));
    assert_eq!(shell.give(Input::Withdraw(8)), Ok(()));
    assert_eq!(shell.take(), [Output::Discard(second)]);
}

/// A volatile message is in no row, but the next page must know that its number was given.
#[test]
fn volatile_numbers_are_written_too() {
    let mut shell = welcomed();
    let sent = shell.send_with(|send| send.volatile = true);
    shell.task_over();
    assert_eq!(shell.take(), [write(sent, 1), Output::Commit]);
    shell.written();
    assert_eq!(shell.take(), [Output::Transmit(sent)]);
}

#[test]
fn only_what_the_window_takes_is_numbered() {
    let narrow = Welcome {
        window: Window {
            messages: 2,
            bytes: 1_000,
        },
        ..new()
    };
    let mut shell = Shell::welcomed_with(persistent(), narrow);
    shell.writes = false;
    shell.send_many(3);
    assert_eq!(shell.take_storage().len(), 3, "two numbers and a commit");
    shell.written();
    let outputs = shell.take();
    let full = Event::Queue {
        messages: 1,
        bytes: 10,
    };
    assert_eq!(outputs.last(), Some(&Output::Event(full)));
    shell.stored(1);
    assert_eq!(shell.take_storage().len(), 2, "one more");
}

/// [P70] What the link was not given cannot be stored.
#[test]
fn an_acknowledgement_of_what_only_has_a_number_is_a_violation() {
    let mut shell = welcomed();
    shell.send_many(1);
    shell.take();
    shell.stored(1);
    assert!(shell.take().contains(&Output::HangUp(HangUp::Protocol)));
}

/// [P170] [P174]
#[test]
fn numbers_that_were_written_for_a_lost_link_are_free_again() {
    let mut shell = welcomed();
    let sent = shell.send_many(2);
    shell.written();
    let behind = shell.send_many(1)[0];
    shell.written();
    shell.take();
    let outputs = shell.comes_back(resumed(1));
    assert!(outputs.contains(&Output::Discard(sent[0])));
    let again = [write(sent[1], 2), write(behind, 3), Output::Commit];
    assert!(outputs.ends_with(&again), "and nothing has left");
    shell.written();
    assert_eq!(shell.take_transmitted(), [sent[1], behind]);
}

#[test]
fn a_late_answer_of_storage_lets_nothing_go_that_was_numbered_since() {
    let mut shell = welcomed();
    let sent = shell.send_many(1);
    shell.take();
    let outputs = shell.comes_back(resumed(0));
    assert!(!outputs.contains(&Output::Commit), "one is under way");
    shell.written();
    assert_eq!(shell.take_storage(), [write(sent[0], 1), Output::Commit]);
    shell.written();
    assert_eq!(shell.take_storage(), [Output::Transmit(sent[0])]);
}

#[test]
fn a_volatile_message_that_was_only_numbered_is_known_not_to_be_delivered() {
    let mut shell = welcomed();
    let sent = shell.send_with(|send| send.volatile = true);
    shell.task_over();
    let outputs = shell.comes_back(resumed(0));
    let dropped = Event::Dropped {
        payload: sent,
        ticket: 0,
        reason: DropReason::Volatile,
        delivered: Delivered::No,
    };
    assert!(outputs.contains(&Output::Event(dropped)));
}

/// What would leave now without its number in storage could be sent again by the next page.
#[test]
fn closing_sends_nothing_whose_number_is_not_committed() {
    let mut shell = welcomed();
    let flying = shell.send_many(1)[0];
    shell.written();
    let numbered = shell.send_many(1)[0];
    let waiting = shell.send_many(1)[0];
    shell.take();
    assert_eq!(shell.give(Input::Close), Ok(()));
    let outputs = shell.take();
    assert_eq!(outputs[0], Output::End);
    for (payload, delivered) in [
        (flying, Delivered::Unknown),
        (numbered, Delivered::No),
        (waiting, Delivered::No),
    ] {
        let dropped = Event::Dropped {
            payload,
            ticket: 0,
            reason: DropReason::Closed,
            delivered,
        };
        assert!(outputs.contains(&Output::Event(dropped)), "{payload}");
    }
    shell.written();
}

/// [P72]
#[test]
fn whoever_waits_for_storage_asks_when_the_messages_have_left() {
    let mut shell = welcomed();
    let sent = shell.send_many(1)[0];
    assert_eq!(shell.flush(9), Ok(()));
    assert!(!shell.take().contains(&Output::Ask));
    shell.written();
    assert_eq!(shell.take(), [Output::Transmit(sent), Output::Ask]);
    shell.stored(1);
    assert_eq!(shell.take_settled(), [(9, true)]);
}
