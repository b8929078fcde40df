//! A session's messages to the server: units, window, acknowledgement, and the end.

use steadfast_engine::{
    Delivered, DropReason, Event, Form, HangUp, Input, Output, Refusal, Welcome, Window,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, RECONNECT, Shell, lane, ms, new, resumed, session};

fn narrow(messages: u32, bytes: u32) -> Welcome {
    Welcome {
        window: Window { messages, bytes },
        ..new()
    }
}

/// What was given to the link: how many messages each unit has, 1 for one that travels alone.
fn units(outputs: &[Output<Payload>]) -> Vec<u32> {
    let mut units = Vec::new();
    let mut left = 0;
    for output in outputs {
        match output {
            Output::Unit(messages) => {
                units.push(*messages);
                left = *messages;
            }
            Output::Transmit(_) if left > 0 => left -= 1,
            Output::Transmit(_) => units.push(1),
            _ => {}
        }
    }
    units
}

#[test]
fn messages_leave_when_the_task_is_over() {
    let mut shell = Shell::welcomed(session());
    let sent = shell.send();
    assert_eq!(shell.take(), []);
    assert_eq!(shell.engine.queued(), (1, 10));
    shell.task_over();
    let expected = [lane(1), Output::Transmit(sent)];
    assert_eq!(shell.take(), expected, "and no queue event");
    assert_eq!(shell.engine.queued(), (0, 0));
    assert_eq!(shell.engine.unacknowledged(), 1);
    assert_eq!(shell.engine.given_messages(), 1);
}

/// [P10] [P60]
#[test]
fn small_messages_of_one_task_leave_as_one_unit() {
    let mut shell = Shell::welcomed(session());
    let sent = shell.send_many(3);
    let mut expected = vec![lane(1), Output::Unit(3)];
    expected.extend(sent.into_iter().map(Output::Transmit));
    assert_eq!(shell.take(), expected);
    assert_eq!(shell.engine.given_messages(), 3);
}

/// [P60]
#[test]
fn a_unit_has_one_form_and_bounds() {
    let mut shell = Shell::welcomed(session());
    let forms = [
        Form::Text,
        Form::Text,
        Form::Binary,
        Form::Binary,
        Form::Binary,
        Form::Alone,
        Form::Alone,
        Form::Text,
    ];
    for form in forms {
        shell.send_with(|send| send.form = form);
    }
    shell.task_over();
    assert_eq!(units(&shell.take()), [2, 3, 1, 1, 1]);
    shell.stored(8);

    shell.send_many(2_500);
    assert_eq!(units(&shell.take()), [1_024, 1_024, 452]);
    shell.stored(2_508);

    for bytes in [40_000, 25_536, 1, 65_537, 65_536, 0] {
        shell.send_with(|send| send.bytes = bytes);
    }
    shell.task_over();
    assert_eq!(units(&shell.take()), [2, 1, 1, 2]);
}

/// [P80] [P81]
#[test]
fn a_window_that_is_full_holds_messages_back_until_it_is_not() {
    let mut shell = Shell::welcomed_with(session(), narrow(3, 1_000));
    shell.send_many(5);
    let full = Output::Event(Event::Queue {
        messages: 2,
        bytes: 20,
    });
    let outputs = shell.take();
    assert_eq!(units(&outputs), [3]);
    assert_eq!(outputs.last(), Some(&full));
    shell.stored(1);
    assert_eq!(units(&shell.take()), [1]);
    shell.stored(4);
    let outputs = shell.take();
    assert_eq!(units(&outputs), [1]);
    let drained = Output::Event(Event::Queue {
        messages: 0,
        bytes: 0,
    });
    assert_eq!(outputs.last(), Some(&drained));
}

/// [P81]
#[test]
fn a_long_message_goes_when_it_is_alone_on_its_way() {
    let mut shell = Shell::welcomed_with(session(), narrow(10, 1_000));
    shell.send();
    let long = shell.send_with(|send| send.bytes = 5_000);
    shell.task_over();
    assert!(!shell.take().contains(&Output::Transmit(long)));
    shell.stored(1);
    assert!(shell.take().contains(&Output::Transmit(long)));
}

#[test]
fn a_link_that_drains_slowly_holds_messages_back_too() {
    let mut shell = Shell::welcomed(session());
    shell.network.bytes_per_second = Some(0);
    shell.send_with(|send| send.bytes = 1 << 20);
    shell.task_over();
    shell.stored(1);
    shell.take();
    let waiting = shell.send_many(1)[0];
    assert!(!shell.take().contains(&Output::Transmit(waiting)));
    shell.network.bytes_per_second = Some(1_000);
    shell.until(|output| *output == Output::Transmit(waiting));
}

/// [P70]
#[test]
fn an_acknowledgement_settles_what_it_covers_in_order() {
    let mut shell = Shell::welcomed(session());
    let sent: Vec<_> = (1..=3)
        .map(|ticket| shell.send_with(|send| send.ticket = ticket))
        .collect();
    shell.task_over();
    shell.take();
    shell.stored(2);
    let settled = |ticket| Output::Event(Event::Settled { ticket, done: true });
    let expected = [
        Output::Discard(sent[0]),
        settled(1),
        Output::Discard(sent[1]),
        settled(2),
    ];
    assert_eq!(shell.take(), expected);
    shell.stored(2);
    assert_eq!(shell.take(), [], "it says nothing new");
    shell.stored(1);
    assert_eq!(shell.take(), []);
}

/// [P72]
#[test]
fn who_waits_for_a_message_asks_for_its_acknowledgement() {
    let mut shell = Shell::welcomed(session());
    shell.send();
    shell.send_with(|send| send.ticket = 7);
    shell.task_over();
    assert_eq!(shell.take().last(), Some(&Output::Ask));
    shell.send_many(2);
    assert!(!shell.take().contains(&Output::Ask));
}

#[test]
fn a_flush_waits_for_acknowledgements() {
    let mut shell = Shell::welcomed(session());
    assert_eq!(shell.flush(1), Ok(()));
    assert_eq!(shell.take_settled(), [(1, true)]);
    shell.send_many(2);
    shell.take();
    assert_eq!(shell.flush(2), Ok(()));
    assert_eq!(shell.take(), [Output::Ask]);
    shell.stored(1);
    assert_eq!(shell.take_settled(), []);
    shell.stored(2);
    assert_eq!(shell.take_settled(), [(2, true)]);
    shell.send_many(1);
    assert_eq!(shell.flush(3), Ok(()));
    let outputs = shell.comes_back(resumed(3));
    let settled = Event::Settled {
        ticket: 3,
        done: true,
    };
    assert!(
        outputs.contains(&Output::Event(settled)),
        "a welcome acknowledges, too"
    );
}

/// [P120]
#[test]
fn a_message_longer_than_the_server_takes_is_refused_or_reported() {
    let mut shell = Shell::new(session());
    shell.connect();
    let long = shell.send_with(|send| send.bytes = 200);
    shell.task_over();
    shell.link_opens();
    shell.take();
    shell.welcome(Welcome {
        max_message_bytes: 100,
        ..new()
    });
    assert_eq!(shell.take_dropped(), [(long, DropReason::TooLarge)]);
    assert_eq!(
        shell.try_send(|send| send.bytes = 101),
        Err(Refusal::MessageTooLarge)
    );
    assert_eq!(shell.try_send(|send| send.bytes = 100), Ok(()));
}

/// A link that ends in the task of the send was the one that it was for.
#[test]
fn a_volatile_message_does_not_wait_for_the_next_link() {
    let mut shell = Shell::welcomed(session());
    let now_or_never = shell.send_with(|send| send.volatile = true);
    let later = shell.send();
    assert_eq!(shell.give(RECONNECT), Ok(()));
    shell.task_over();
    let dropped = Output::Event(Event::Dropped {
        payload: now_or_never,
        ticket: 0,
        reason: DropReason::Volatile,
        delivered: Delivered::No,
    });
    assert!(shell.take().contains(&dropped));
    shell.link_opens();
    shell.welcome(resumed(0));
    assert_eq!(shell.take_transmitted(), [later]);
}

#[test]
fn volatile_messages_leave_live_or_not_at_all() {
    let mut shell = Shell::welcomed_with(session(), narrow(2, 1_000));
    let sent = shell.send_with(|send| send.volatile = true);
    shell.send();
    let lost = shell.send_with(|send| send.volatile = true);
    assert_eq!(shell.take_dropped(), [(lost, DropReason::Volatile)]);
    shell.task_over();
    assert!(shell.take().contains(&Output::Transmit(sent)));
}

#[test]
fn without_a_queue_the_window_is_all_there_is() {
    let mut config = session();
    config.queue.enabled = false;
    let mut shell = Shell::welcomed_with(config, narrow(2, 1_000));
    assert_eq!(shell.try_send(|_| {}), Ok(()));
    assert_eq!(shell.try_send(|_| {}), Ok(()));
    assert_eq!(shell.try_send(|_| {}), Err(Refusal::NotOpen));
    shell.task_over();
    assert_eq!(shell.try_send(|_| {}), Err(Refusal::NotOpen));
    shell.stored(2);
    assert_eq!(shell.try_send(|_| {}), Ok(()));
}

#[test]
fn a_burst_that_the_window_takes_needs_no_room_in_the_queue() {
    let mut config = session();
    config.queue.max_messages = 2;
    let mut shell = Shell::welcomed(config);
    shell.send_many(100);
    assert_eq!(shell.engine.unacknowledged(), 100);
}

#[test]
fn what_was_given_to_no_link_can_be_taken_back() {
    let mut shell = Shell::welcomed_with(session(), narrow(1, 1_000));
    let sent = shell.send_many(3);
    assert_eq!(shell.take_queue(), sent[1..]);
    assert_eq!(shell.engine.unacknowledged(), 1);
    shell.link_closes(1006);
    shell.until_dial();
    assert!(shell.take_queue().is_empty(), "nobody knows about that one");
}

/// [P96]
#[test]
fn close_gives_what_the_window_takes_ends_the_session_and_reports_the_rest() {
    let mut shell = Shell::welcomed_with(session(), narrow(3, 1_000));
    let sent = shell.send_many(1)[0];
    let rest: Vec<_> = (0..3).map(|_| shell.send()).collect();
    shell.take();
    assert_eq!(shell.give(Input::Close), Ok(()));
    let outputs = shell.take();
    let expected = [
        Output::Unit(2),
        Output::Transmit(rest[0]),
        Output::Transmit(rest[1]),
        Output::End,
        Output::HangUp(HangUp::Closed),
    ];
    assert_eq!(outputs[..5], expected);
    let reported: Vec<_> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Event(Event::Dropped {
                payload,
                reason: DropReason::Closed,
                delivered,
                ..
            }) => Some((*payload, *delivered)),
            _ => None,
        })
        .collect();
    let expected = [
        (sent, Delivered::Unknown),
        (rest[0], Delivered::Unknown),
        (rest[1], Delivered::Unknown),
        (rest[2], Delivered::No),
    ];
    assert_eq!(reported, expected);
}

#[test]
fn messages_sent_without_a_link_tell_that_they_wait_when_the_task_is_over() {
    let mut shell = Shell::new(session());
    shell.send();
    shell.send();
    assert_eq!(shell.take(), []);
    shell.task_over();
    let waiting = Output::Event(Event::Queue {
        messages: 2,
        bytes: 20,
    });
    assert_eq!(shell.take(), [waiting]);
}

#[test]
fn a_message_expires_while_it_waits_and_not_once_it_was_given() {
    let mut shell = Shell::welcomed_with(session(), narrow(1, 1_000));
    let ttl = Some(ms(1_000));
    shell.send_with(|send| send.ttl = ttl);
    let waiting = shell.send_with(|send| send.ttl = ttl);
    shell.task_over();
    shell.take();
    shell.wait(ms(2_000));
    assert_eq!(shell.take_dropped(), [(waiting, DropReason::Ttl)]);
    assert_eq!(shell.engine.unacknowledged(), 1);
}
