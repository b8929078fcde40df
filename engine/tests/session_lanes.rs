//! A session's messages to the server: their names, and what the link is told of them.

use steadfast_engine::{Claim, DropReason, Fate, HangUp, Input, Output, Priority, Welcome, Window};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, claimed, lane, ms, new, resumed, session};

const fn lane_of(lane: Priority, next: u64) -> Output<Payload> {
    Output::Lane {
        memory: 1,
        lane,
        next,
    }
}

fn narrow(messages: u32) -> Welcome {
    let bytes = 1_000;
    Welcome {
        window: Window { messages, bytes },
        ..new()
    }
}

fn send_as(shell: &mut Shell, priority: Priority) -> Payload {
    shell.send_with(|send| send.priority = priority)
}

/// [P48]
#[test]
fn numbers_count_themselves_from_where_the_lane_said() {
    let mut shell = Shell::welcomed(session());
    let first = shell.send_many(1)[0];
    assert_eq!(shell.take(), [lane(1), Output::Transmit(first)]);
    let second = shell.send_many(1)[0];
    assert_eq!(shell.take(), [Output::Transmit(second)]);
    shell.stored(2);
    shell.take();
    let third = shell.send_many(1)[0];
    assert_eq!(shell.take(), [Output::Transmit(third)]);
}

#[test]
fn each_change_of_lane_is_said_and_ends_a_unit() {
    let mut shell = Shell::welcomed(session());
    let low = send_as(&mut shell, Priority::Low);
    let normal = [shell.send(), shell.send()];
    let high = send_as(&mut shell, Priority::High);
    shell.task_over();
    let expected = [
        lane_of(Priority::High, 1),
        Output::Transmit(high),
        lane(1),
        Output::Unit(2),
        Output::Transmit(normal[0]),
        Output::Transmit(normal[1]),
        lane_of(Priority::Low, 1),
        Output::Transmit(low),
    ];
    assert_eq!(shell.take(), expected);
    let again = shell.send_many(1)[0];
    assert_eq!(shell.take(), [lane(3), Output::Transmit(again)]);
}

/// [P70]
#[test]
fn each_lane_is_acknowledged_for_itself() {
    let mut shell = Shell::welcomed(session());
    let low = send_as(&mut shell, Priority::Low);
    let normal = [shell.send(), shell.send()];
    shell.task_over();
    shell.take();
    shell.stored_of(1, Priority::Low, 1);
    assert_eq!(shell.take(), [Output::Discard(low)]);
    shell.stored_of(1, Priority::Normal, 1);
    assert_eq!(shell.take(), [Output::Discard(normal[0])]);
    assert_eq!(shell.engine.unacknowledged(), 1);
    shell.stored_of(7, Priority::Normal, 9);
    assert_eq!(shell.take(), [], "of another memory");
}

#[test]
fn a_welcome_settles_each_lane() {
    let mut shell = Shell::welcomed(session());
    let high = [
        send_as(&mut shell, Priority::High),
        send_as(&mut shell, Priority::High),
    ];
    let normal = shell.send();
    let low = send_as(&mut shell, Priority::Low);
    shell.task_over();
    let received = Claim::Accepted([1, 0, 1]);
    let outputs = shell.comes_back(claimed(Fate::Resumed, received));
    assert!(outputs.contains(&Output::Discard(high[0])) && outputs.contains(&Output::Discard(low)));
    let again = [
        lane_of(Priority::High, 2),
        Output::Transmit(high[1]),
        lane(1),
        Output::Transmit(normal),
    ];
    assert!(outputs.windows(4).any(|some| some == again));
}

/// What was dropped before it left is a hole, and the link is told where it goes on.
#[test]
fn a_hole_is_said_where_it_is() {
    let mut shell = Shell::welcomed_with(session(), narrow(1));
    let first = shell.send();
    shell.send_with(|send| send.ttl = Some(ms(500)));
    let third = shell.send();
    let withdrawn = shell.send_with(|send| send.ticket = 7);
    let fifth = shell.send();
    shell.task_over();
    shell.take();
    shell.wait(ms(600));
    assert_eq!(shell.give(Input::Withdraw(7)), Ok(()));
    shell.take();
    shell.stored(1);
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Discard(first)));
    assert!(outputs.ends_with(&[lane(3), Output::Transmit(third)]));
    shell.stored(3);
    let outputs = shell.take();
    let next = [lane(5), Output::Transmit(fifth)];
    assert!(outputs.windows(2).any(|pair| pair == next), "{withdrawn}");
}

#[test]
fn a_unit_has_no_hole() {
    let mut shell = Shell::welcomed(session());
    let key = Some(1_000_000);
    let first = shell.send();
    let old = shell.send_with(|send| send.key = key);
    let third = shell.send();
    shell.task_over();
    shell.take();
    shell.link_closes(1006);
    let new = shell.send_with(|send| send.key = key);
    shell.task_over();
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(resumed(0));
    let outputs = shell.take();
    let expected = [
        lane(1),
        Output::Transmit(first),
        lane(3),
        Output::Unit(2),
        Output::Transmit(third),
        Output::Transmit(new),
    ];
    assert!(outputs.windows(6).any(|some| some == expected), "{old}");
}

/// It was sent later, so it goes behind what was sent in between.
#[test]
fn a_message_that_takes_the_place_of_another_has_the_next_number() {
    let mut shell = Shell::welcomed_with(session(), narrow(1));
    let key = Some(1_000_000);
    shell.send();
    let old = shell.send_with(|send| send.key = key);
    let between = shell.send();
    let new = shell.send_with(|send| send.key = key);
    shell.task_over();
    assert_eq!(shell.take_dropped(), [(old, DropReason::Replaced)]);
    shell.stored(1);
    let outputs = shell.take();
    assert!(outputs.ends_with(&[lane(3), Output::Transmit(between)]));
    shell.stored(3);
    assert!(shell.take().contains(&Output::Transmit(new)), "it has 4");
    shell.stored(4);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

/// Where it has another priority, too.
#[test]
fn a_key_is_one_across_lanes() {
    let mut shell = Shell::welcomed_with(session(), narrow(1));
    let key = Some(1_000_000);
    shell.send_many(1);
    let old = shell.send_with(|send| send.key = key);
    let new = shell.send_with(|send| (send.key, send.priority) = (key, Priority::High));
    shell.task_over();
    assert_eq!(shell.take_dropped(), [(old, DropReason::Replaced)]);
    shell.stored(1);
    let next = [lane_of(Priority::High, 1), Output::Transmit(new)];
    assert!(shell.take().windows(2).any(|pair| pair == next));
}

/// A higher lane goes first as soon as the link takes one.
#[test]
fn what_outranks_others_leaves_before_them() {
    let mut shell = Shell::welcomed_with(session(), narrow(1));
    shell.send_many(3);
    let high = send_as(&mut shell, Priority::High);
    shell.task_over();
    shell.take();
    shell.stored(1);
    assert_eq!(shell.take_transmitted(), [high]);
    shell.stored_of(1, Priority::High, 1);
    let outputs = shell.take();
    assert!(outputs.contains(&lane(2)), "{outputs:?}");
}

/// [P70] What was given to the link before cannot be stored any more, nor what waits.
#[test]
fn an_acknowledgement_of_what_this_link_was_not_given_is_a_violation() {
    let refused = Output::HangUp(HangUp::Protocol);
    let mut shell = Shell::welcomed_with(session(), narrow(1));
    shell.send_many(2);
    shell.take();
    shell.stored(2);
    assert!(shell.take().contains(&refused));

    let mut shell = Shell::welcomed_with(session(), narrow(4));
    shell.send_many(2);
    shell.comes_back(Welcome {
        window: Window {
            messages: 1,
            bytes: 1_000,
        },
        ..resumed(0)
    });
    shell.stored(2);
    assert!(shell.take().contains(&refused), "it was given 1 so far");
}
