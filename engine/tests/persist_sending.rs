//! A durable queue: what is sent is put at once, and marked or erased when it has its end.

use steadfast_engine::{
    Delivered, DropReason, Event, Input, Output, Priority, Refusal, Welcome, Window,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, lane, ms, new, persistent, queue_of, resumed};

const fn put(payload: Payload, number: u64) -> Output<Payload> {
    Output::Put {
        payload,
        memory: 1,
        number,
    }
}

const fn dropped(payload: Payload, reason: DropReason, delivered: Delivered) -> Output<Payload> {
    Output::Event(Event::Dropped {
        payload,
        ticket: 0,
        reason,
        delivered,
    })
}

fn narrow(messages: u32) -> Welcome {
    let bytes = 1_000;
    Welcome {
        window: Window { messages, bytes },
        ..new()
    }
}

/// [P170] Nothing waits for storage.
#[test]
fn a_message_is_put_in_the_task_of_its_send_and_leaves_at_its_end() {
    let mut shell = Shell::welcomed(persistent());
    let sent = shell.send();
    assert_eq!(shell.take(), [put(sent, 1)]);
    shell.task_over();
    assert_eq!(shell.take(), [lane(1), Output::Transmit(sent)]);
    shell.stored(1);
    assert_eq!(shell.take(), [Output::Erase(sent), Output::Discard(sent)]);
}

#[test]
fn a_page_without_a_link_puts_as_well() {
    let mut shell = Shell::new(persistent());
    let sent = shell.send();
    assert!(shell.take().contains(&put(sent, 1)));
    let next = shell.send();
    assert_eq!(shell.take(), [put(next, 2)]);
}

#[test]
fn each_lane_has_its_own_numbers() {
    let mut shell = Shell::welcomed(persistent());
    for priority in [Priority::Low, Priority::High, Priority::Normal] {
        for number in 1..=2 {
            let sent = shell.send_with(|send| send.priority = priority);
            assert_eq!(shell.take(), [put(sent, number)], "{priority:?}");
        }
    }
}

/// It is given to one link at most, and the next page must not send it.
#[test]
fn a_volatile_message_has_a_number_and_is_not_put() {
    let mut shell = Shell::welcomed(persistent());
    let volatile = shell.send_with(|send| send.volatile = true);
    assert_eq!(shell.take(), []);
    let sent = shell.send();
    assert_eq!(shell.take(), [put(sent, 2)]);
    shell.task_over();
    shell.stored(2);
    let outputs = shell.take_storage();
    let ends = [
        Output::Discard(volatile),
        Output::Erase(sent),
        Output::Discard(sent),
    ];
    assert!(outputs.ends_with(&ends), "{outputs:?}");
}

/// [P172]
#[test]
fn a_volatile_message_that_was_not_stored_is_not_sent_again() {
    let mut shell = Shell::welcomed(persistent());
    let volatile = shell.send_with(|send| send.volatile = true);
    shell.task_over();
    let kept = shell.send_many(1)[0];
    let outputs = shell.comes_back(resumed(0));
    let lost = dropped(volatile, DropReason::Volatile, Delivered::No);
    assert!(outputs.contains(&lost));
    assert!(!outputs.contains(&Output::Mark(volatile)));
    assert!(outputs.contains(&lane(2)), "its number is a hole");
    assert!(outputs.contains(&Output::Transmit(kept)));
}

/// What is reported dropped must not come back.
#[test]
fn what_is_dropped_is_marked_before_it_is_reported() {
    let mut shell = Shell::welcomed_with(persistent(), narrow(1));
    shell.send();
    let key = Some(1_000_000);
    let old = shell.send_with(|send| send.ttl = Some(ms(500)));
    let replaced = shell.send_with(|send| send.key = key);
    shell.take();
    let newer = shell.send_with(|send| send.key = key);
    let replaced_by_newer = [
        Output::Mark(replaced),
        dropped(replaced, DropReason::Replaced, Delivered::No),
        put(newer, 4),
    ];
    assert_eq!(shell.take(), replaced_by_newer);
    shell.task_over();
    shell.take();
    shell.wait(ms(600));
    let gone = [
        Output::Mark(old),
        dropped(old, DropReason::Ttl, Delivered::No),
    ];
    assert_eq!(shell.take(), gone);
}

#[test]
fn what_has_no_room_is_put_or_marked_but_never_both() {
    let mut shell = Shell::new(queue_of(1, persistent()));
    let first = shell.send();
    shell.take();
    let second = shell.send();
    let makes_room = [
        Output::Mark(first),
        dropped(first, DropReason::Overflow, Delivered::No),
        put(second, 2),
    ];
    assert_eq!(shell.take(), makes_room);
    let low = shell.send_with(|send| send.priority = Priority::Low);
    let none = [dropped(low, DropReason::Overflow, Delivered::No)];
    assert_eq!(shell.take(), none, "it was never put");
    shell.send_with(|send| send.priority = Priority::Low);
    let high = shell.send_with(|send| send.priority = Priority::High);
    assert!(shell.take().contains(&put(high, 1)));
}

#[test]
fn what_is_taken_back_is_marked() {
    let mut shell = Shell::welcomed_with(persistent(), narrow(1));
    let given = shell.send_many(1)[0];
    let withdrawn = shell.send_with(|send| send.ticket = 7);
    let rest = shell.send_many(2);
    shell.take();
    assert_eq!(shell.give(Input::Withdraw(7)), Ok(()));
    let ends = [Output::Mark(withdrawn), Output::Discard(withdrawn)];
    assert_eq!(shell.take(), ends);
    assert_eq!(shell.take_queue(), rest);
    assert_eq!(shell.take_storage(), rest.map_marks());
    assert_eq!(shell.give(Input::Withdraw(8)), Err(Refusal::NotWaiting));
    shell.stored(1);
    let stored = [Output::Erase(given), Output::Discard(given)];
    assert_eq!(shell.take_storage(), stored);
}

/// A mark for each.
trait Marks {
    fn map_marks(&self) -> Vec<Output<Payload>>;
}

impl Marks for Vec<Payload> {
    fn map_marks(&self) -> Vec<Output<Payload>> {
        self.iter().copied().map(Output::Mark).collect()
    }
}

/// [P72]
#[test]
fn whoever_waits_is_told_when_it_is_stored_by_the_server() {
    let mut shell = Shell::welcomed(persistent());
    let sent = shell.send_with(|send| send.ticket = 3);
    shell.task_over();
    assert_eq!(shell.flush(9), Ok(()));
    let outputs = shell.take();
    assert!(outputs.contains(&put(sent, 1)) && outputs.contains(&Output::Ask));
    shell.stored(1);
    assert_eq!(shell.take_settled(), [(3, true), (9, true)]);
}

/// One `Ended` says it for the whole memory.
#[test]
fn closing_ends_the_memory() {
    let mut shell = Shell::welcomed_with(persistent(), narrow(1));
    let flying = shell.send_many(1)[0];
    let waiting = shell.send_many(1)[0];
    shell.take();
    assert_eq!(shell.give(Input::Close), Ok(()));
    let mut outputs = shell.take();
    outputs.retain(|output| !matches!(output, Output::Event(Event::StateChange { .. })));
    let place = |wanted: Output<_>| outputs.iter().position(|output| *output == wanted);
    let ended = place(Output::Ended(1));
    assert!(place(Output::End) < ended);
    assert!(ended < place(dropped(flying, DropReason::Closed, Delivered::Unknown)));
    assert!(ended < place(dropped(waiting, DropReason::Closed, Delivered::No)));
    assert!(place(Output::Unlock(1)).is_some() && place(Output::Unlock(0)).is_some());
    let mark = |output: &Output<_>| matches!(output, Output::Mark(_));
    assert!(!outputs.iter().any(mark));
}
