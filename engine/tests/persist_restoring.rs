//! A durable queue: what pages have left that are gone.

use steadfast_engine::{
    Claim, Delivered, DropReason, Event, Fate, Input, MEMORY_FOUND, ORPHANS, Output, Priority,
    Restored, Welcome, Window,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{
    Ask, ORPHAN, Payload, Record, Shell, accepted, forgotten, ms, new, persistent, restored,
};

const fn lost(payload: Payload) -> Output<Payload> {
    dropped(payload, DropReason::SessionLost, Delivered::Unknown)
}

const fn dropped(payload: Payload, reason: DropReason, delivered: Delivered) -> Output<Payload> {
    Output::Event(Event::Dropped {
        payload,
        ticket: 0,
        reason,
        delivered,
    })
}

const fn of(memory: u32, payload: Payload, number: u64) -> Restored<Payload> {
    Restored {
        memory,
        ..restored(payload, number)
    }
}

/// A page that has found these messages, whose link was welcomed, and whose claim of them is not answered.
fn welcomed(rows: impl IntoIterator<Item = Restored<Payload>>) -> Shell {
    let mut shell = Shell::begins_with(rows);
    shell.adopts = false;
    shell.welcome(new());
    assert!(shell.take().contains(&Output::Adopt(ORPHAN)));
    shell
}

/// [P170]
#[test]
fn what_the_server_has_is_deleted_without_a_word_and_the_rest_sent_under_its_names() {
    let rows = [(1, 4), (2, 5), (3, 7), (4, 8)].map(|(payload, number)| restored(payload, number));
    let mut shell = welcomed(rows);
    assert_eq!(shell.engine.queued().0, 4);
    shell.adopted(ORPHAN, accepted(6));
    let lane = Output::Lane {
        memory: ORPHAN,
        lane: Priority::Normal,
        next: 7,
    };
    let expected = [
        Output::Erase(1),
        Output::Discard(1),
        Output::Erase(2),
        Output::Discard(2),
        lane,
        Output::Transmit(3),
        Output::Transmit(4),
    ];
    assert_eq!(shell.take_storage(), expected);
}

#[test]
fn everything_goes_in_order_the_oldest_memory_first_and_own_messages_last() {
    let mut shell = Shell::new(persistent());
    shell.next_payload(100);
    let young = shell.send_with(|send| send.priority = Priority::High);
    let younger = shell.send_many(1)[0];
    shell.take();
    let mut high = of(MEMORY_FOUND + 3, 9, 1);
    high.send.priority = Priority::High;
    shell.left([of(MEMORY_FOUND + 3, 3, 8), high]);
    shell.left([of(MEMORY_FOUND + 1, 1, 7), of(MEMORY_FOUND + 1, 2, 8)]);
    shell.finds(MEMORY_FOUND + 3, 3, true);
    shell.finds(MEMORY_FOUND + 1, 1, true);
    shell.connect();
    shell.link_opens();
    shell.welcome(new());
    assert_eq!(shell.take_transmitted(), [1, 2, 9, 3, young, younger]);
}

#[test]
fn one_that_turns_up_on_a_live_link_is_adopted_there() {
    let mut shell = Shell::welcomed(persistent());
    shell.next_payload(100);
    shell.left([restored(1, 3)]);
    shell.finds(ORPHAN, 0, true);
    let outputs = shell.take_storage();
    assert!(outputs.contains(&Output::Adopt(ORPHAN)));
    assert_eq!(outputs.last(), Some(&Output::Transmit(1)));
    let own = shell.send_many(1);
    assert_eq!(shell.take_transmitted(), own);
}

/// What a page of another tab sent has no order with what this one sends.
#[test]
fn own_messages_do_not_wait_for_those_of_another_tab() {
    let mut shell = Shell::welcomed(persistent());
    shell.next_payload(100);
    shell.left([restored(1, 3)]);
    shell.finds(ORPHAN, 0, false);
    assert_eq!(shell.take_storage(), [], "its page may be there");
    let own = shell.send_many(1);
    assert_eq!(shell.take_transmitted(), own);
}

#[test]
fn the_page_that_leads_delivers_what_others_have_left() {
    let mut shell = Shell::welcomed(persistent());
    shell.next_payload(100);
    let record = Record {
        place: 1,
        user: 1,
        follows: false,
    };
    shell.audit.rows.leave(Some(record), [restored(1, 3)]);
    shell.answers(Ask::Lock(ORPHANS), false);
    let outputs = shell.take_storage();
    assert_eq!(outputs[0], Output::Recall);
    assert_eq!(outputs.last(), Some(&Output::Transmit(1)));
    shell.stored_of(ORPHAN, Priority::Normal, 3);
    let ends = [
        Output::Erase(1),
        Output::Discard(1),
        Output::Forget(ORPHAN),
        Output::Done(ORPHAN),
        Output::Unlock(ORPHAN),
    ];
    assert_eq!(shell.take_storage(), ends);
}

/// The page that follows in the tab comes first: it needs the order.
#[test]
fn whoever_leads_lets_go_of_what_is_wanted() {
    let mut shell = welcomed([restored(1, 3), restored(2, 4)]);
    shell.adopted(ORPHAN, accepted(0));
    shell.take();
    assert_eq!(shell.give(Input::Wanted { memory: ORPHAN }), Ok(()));
    let outputs = [
        Output::Release(1),
        Output::Release(2),
        Output::Unlock(ORPHAN),
    ];
    assert_eq!(shell.take_storage(), outputs);
    let own = shell.send_many(1);
    assert_eq!(shell.take_transmitted(), own);
}

/// A storage of any size is read in parts.
#[test]
fn more_is_read_when_little_is_left_here() {
    let mut shell = Shell::new(persistent());
    shell.next_payload(10_000);
    shell.left((1..=700).map(|number| restored(number as u32, number)));
    shell.audit.rows.batch = 300;
    shell.connect();
    shell.link_opens();
    assert_eq!(shell.engine.queued().0, 600);
    let own = shell.send_many(1)[0];
    shell.take();
    shell.welcome(Welcome {
        window: Window {
            messages: 200,
            bytes: 1 << 20,
        },
        ..new()
    });
    let mut sent = shell.take_transmitted();
    for round in 1..=4 {
        shell.stored_of(ORPHAN, Priority::Normal, (round * 200).min(700));
        sent.extend(shell.take_transmitted());
    }
    let expected: Vec<_> = (1..=700).chain([own]).collect();
    assert_eq!(sent, expected);
}

/// Its put was under way when its page ended: it lands behind the last look.
#[test]
fn a_row_that_comes_after_the_question_is_delivered_too() {
    let mut shell = welcomed([restored(1, 3)]);
    shell.adopted(ORPHAN, accepted(0));
    shell.stores = false;
    shell.stored_of(ORPHAN, Priority::Normal, 3);
    assert!(shell.take().contains(&Output::Forget(ORPHAN)));
    shell.left([restored(2, 4)]);
    shell.storage_answers();
    let outputs = shell.take_storage();
    assert_eq!(outputs[0], Output::Read(ORPHAN));
    assert_eq!(outputs.last(), Some(&Output::Transmit(2)));
}

/// [P171] Which of them a link was given nobody knows.
#[test]
fn of_a_memory_that_the_server_lost_every_message_is_unknown() {
    let mut shell = welcomed([restored(1, 4), restored(2, 5)]);
    let own = shell.send_many(1)[0];
    shell.take();
    shell.adopted(ORPHAN, Claim::Forgotten);
    let outputs = shell.take();
    for payload in [1, 2] {
        let place = |wanted: Output<_>| outputs.iter().position(|output| *output == wanted);
        assert!(place(Output::Mark(payload)) < place(lost(payload)));
    }
    assert!(outputs.contains(&Output::Transmit(own)));
}

/// Its record is gone: it was delivered, as far as anybody knows.
#[test]
fn rows_without_a_record_are_unknown() {
    let mut shell = Shell::new(persistent());
    shell
        .audit
        .rows
        .leave(None, [restored(1, 4), restored(2, 5)]);
    shell.finds(ORPHAN, 0, true);
    let outputs = shell.take();
    assert!(outputs.contains(&lost(1)) && outputs.contains(&lost(2)));
    assert!(outputs.contains(&Output::Forget(ORPHAN)));
    assert!(!outputs.contains(&Output::Done(ORPHAN)));
}

/// [P25] [P175]
#[test]
fn another_users_messages_are_left_alone() {
    let mut shell = welcomed([restored(1, 4), restored(2, 5)]);
    let own = shell.send_many(1)[0];
    shell.take();
    shell.adopted(ORPHAN, Claim::Refused);
    let left = [
        Output::Release(1),
        Output::Release(2),
        Output::Unlock(ORPHAN),
    ];
    let outputs = shell.take_storage();
    assert_eq!(outputs[..3], left);
    assert_eq!(outputs.last(), Some(&Output::Transmit(own)));
}

/// The server may have it: its own answer comes first.
#[test]
fn what_was_found_is_judged_when_its_claim_is_answered() {
    let mut old = restored(1, 5);
    old.send.ttl = Some(ms(20));
    let mut replaced = restored(2, 6);
    replaced.send.key = Some(77);
    let mut large = restored(3, 7);
    large.send.bytes = 2 << 20;
    let mut stored = restored(4, 4);
    stored.send.ttl = Some(ms(20));
    let mut shell = welcomed([stored, old, replaced, large]);
    let newer = shell.send_with(|send| send.key = Some(77));
    shell.task_over();
    shell.wait(ms(100));
    assert_eq!(shell.take_dropped(), [], "nobody has said whose they are");
    shell.adopted(ORPHAN, accepted(4));
    let mut judged = shell.take();
    let transmitted = judged.contains(&Output::Transmit(newer));
    assert!(transmitted && judged.contains(&Output::Erase(4)));
    judged.retain(|output| matches!(output, Output::Event(Event::Dropped { .. })));
    let mut expected = vec![
        dropped(1, DropReason::Ttl, Delivered::No),
        dropped(2, DropReason::Replaced, Delivered::No),
        dropped(3, DropReason::TooLarge, Delivered::No),
    ];
    expected.sort_by_key(|output| format!("{output}"));
    judged.sort_by_key(|output| format!("{output}"));
    assert_eq!(judged, expected);
}

#[test]
fn what_may_be_another_users_is_not_taken_back() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 5)]);
    let own = shell.send_many(1);
    assert_eq!(shell.take_queue(), own);
}

#[test]
fn what_is_known_to_be_this_users_is_taken_back_with_the_rest() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 5)]);
    shell.adopts = false;
    let bytes = 1_000;
    shell.welcome(Welcome {
        window: Window { messages: 1, bytes },
        ..new()
    });
    let own = shell.send_many(1)[0];
    shell.adopted(ORPHAN, accepted(3));
    assert_eq!(shell.take_transmitted(), [1]);
    assert_eq!(shell.take_queue(), [2, own]);
    assert_eq!(shell.take_storage(), [2, own].map(Output::Mark));
}

#[test]
fn closing_leaves_alone_what_nobody_has_said_the_owner_of() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 5)]);
    let own = shell.send_many(1)[0];
    shell.take();
    assert_eq!(shell.give(Input::Close), Ok(()));
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Release(1)) && outputs.contains(&Output::Release(2)));
    assert!(outputs.contains(&dropped(own, DropReason::Closed, Delivered::No)));
    assert!(outputs.contains(&Output::Ended(1)) && !outputs.contains(&Output::Ended(ORPHAN)));
}

#[test]
fn closing_ends_what_is_this_users() {
    let mut shell = welcomed([restored(1, 4), restored(2, 5)]);
    shell.adopted(ORPHAN, accepted(4));
    shell.take();
    assert_eq!(shell.give(Input::Close), Ok(()));
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Ended(ORPHAN)));
    assert!(outputs.contains(&dropped(2, DropReason::Closed, Delivered::Unknown)));
}

/// [P161]
#[test]
fn a_lost_session_loses_no_message() {
    for fate in [Fate::Lost, Fate::New] {
        let mut shell = Shell::begins_with([restored(1, 4), restored(2, 5)]);
        shell.adopts = false;
        shell.welcome(Welcome { fate, ..new() });
        shell.adopted(ORPHAN, accepted(4));
        assert_eq!(shell.take_transmitted(), [2], "{fate:?}");
    }
    // That the own memory is new there says nothing of the others.
    let mut shell = Shell::begins_with([restored(1, 4)]);
    shell.welcome(forgotten(Fate::Lost));
    assert_eq!(shell.take_transmitted(), [1]);
}

#[test]
fn a_flush_waits_for_what_storage_may_hold() {
    let mut shell = Shell::new(persistent());
    shell.stores = false;
    shell.adopts = false;
    shell.left([restored(900, 3)]);
    assert_eq!(shell.flush(5), Ok(()));
    assert_eq!(shell.take_settled(), []);
    shell.storage_answers();
    assert_eq!(shell.take_settled(), []);
    shell.stores = true;
    shell.connect();
    shell.link_opens();
    shell.welcome(new());
    shell.adopted(ORPHAN, accepted(3));
    assert_eq!(shell.take_settled(), [(5, true)]);

    let mut shell = Shell::new(persistent());
    assert_eq!(shell.flush(5), Ok(()));
    assert_eq!(shell.take_settled(), [(5, true)]);
}
