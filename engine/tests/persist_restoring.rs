//! A durable queue: what the next page finds.

use steadfast_engine::{
    Delivered, DropReason, Event, Fate, HangUp, Input, Output, Priority, State, Welcome, Window,
};
use steadfast_protocol::close_code::STALE;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, leaving, ms, new, persistent, restored, resumed};

const fn after(fate: Fate) -> Welcome {
    Welcome { fate, ..new() }
}

const fn lost(payload: Payload) -> Output<Payload> {
    Output::Event(Event::Dropped {
        payload,
        ticket: 0,
        reason: DropReason::SessionLost,
        delivered: Delivered::Unknown,
    })
}

/// [P170]
#[test]
fn numbered_messages_are_settled_by_the_welcome() {
    let rows = [(1, 4), (2, 5), (3, 7), (4, 8)].map(|(payload, number)| restored(payload, number));
    let mut shell = Shell::begins_with(rows, 9);
    assert_eq!(shell.engine.unacknowledged(), 4);
    shell.welcome(resumed(6));
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Discard(1)) && outputs.contains(&Output::Discard(2)));
    assert_eq!(shell.engine.unacknowledged(), 2);
    let sent = outputs.into_iter().filter_map(|output| match output {
        Output::Write { payload, number } => Some((payload, number)),
        _ => None,
    });
    assert_eq!(sent.collect::<Vec<_>>(), [(3, 7), (4, 8)]);
}

#[test]
fn everything_goes_in_the_order_in_which_it_was_accepted() {
    let mut shell = Shell::new(persistent());
    shell.next_payload(100);
    let young = shell.send_with(|send| send.priority = Priority::High);
    let younger = shell.send();
    shell.task_over();
    let mut high = restored(4, 0);
    high.send.priority = Priority::High;
    shell.recalls(
        [
            restored(1, 7),
            restored(2, 8),
            restored(3, 0),
            high,
            restored(5, 0),
        ],
        8,
    );
    shell.connect();
    shell.link_opens();
    shell.welcome(resumed(6));
    assert_eq!(shell.take_transmitted(), [1, 2, 4, young, 3, 5, younger]);
}

#[test]
fn nothing_is_numbered_before_storage_was_read() {
    let mut shell = Shell::new(persistent());
    shell.connect();
    shell.wait(ms(40));
    shell.link_opens();
    shell.welcome(resumed(0));
    let sent = shell.send_many(1);
    assert_eq!(shell.take_storage(), []);
    shell.recalls([], 0);
    assert_eq!(shell.take_transmitted(), sent);
}

#[test]
fn a_flush_waits_for_what_storage_may_hold() {
    let mut shell = Shell::new(persistent());
    assert_eq!(shell.flush(5), Ok(()));
    assert_eq!(shell.take_settled(), []);
    shell.recalls([restored(900, 3)], 3);
    assert_eq!(shell.take_settled(), []);
    shell.connect();
    shell.link_opens();
    shell.welcome(resumed(3));
    assert_eq!(shell.take_settled(), [(5, true)]);

    let mut shell = Shell::new(persistent());
    assert_eq!(shell.flush(5), Ok(()));
    shell.recalls([], 3);
    assert_eq!(shell.take_settled(), [(5, true)]);
}

#[test]
fn what_is_restored_is_judged_as_ever() {
    let mut old = restored(1, 5);
    old.send.ttl = Some(ms(20));
    let mut replaced = restored(2, 6);
    replaced.send.key = Some(77);
    let mut large = restored(3, 7);
    large.send.bytes = 2 << 20;
    let mut waiting = restored(4, 0);
    waiting.send.ttl = Some(ms(0));
    let mut newer = restored(5, 0);
    newer.send.key = Some(77);
    let mut shell = Shell::begins_with([old, replaced, large, waiting, newer], 7);
    shell.welcome(resumed(4));
    let mut dropped = shell.take_dropped();
    dropped.sort_by_key(|(payload, _)| *payload);
    let expected = [
        (1, DropReason::Ttl),
        (2, DropReason::Replaced),
        (3, DropReason::TooLarge),
    ];
    assert_eq!(dropped, expected, "4 was dropped before, by its timer");
    assert_eq!(shell.engine.unacknowledged(), 1);
}

#[test]
fn a_newer_message_with_its_key_replaces_one_that_was_kept() {
    let mut shell = Shell::new(persistent());
    shell.next_payload(100);
    shell.send_with(|send| send.key = Some(77));
    shell.task_over();
    let mut kept = [restored(1, 0), restored(2, 0), restored(3, 0)];
    kept[1].send.key = Some(77);
    kept[2].send.key = Some(78);
    shell.recalls(kept, 0);
    let newer = shell.send_with(|send| send.key = Some(78));
    shell.task_over();
    assert_eq!(shell.take_dropped(), [], "nobody has said whose they are");
    shell.connect();
    shell.link_opens();
    shell.welcome(resumed(0));
    let replaced = [2, 3].map(|payload| (payload, DropReason::Replaced));
    assert_eq!(shell.take_dropped(), replaced);
    let written = shell.engine.unacknowledged();
    assert_eq!(written, 3, "1, 100 and {newer} are about to leave");
}

#[test]
fn what_may_be_another_users_is_not_taken_back() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 0)], 5);
    let own = shell.send();
    shell.task_over();
    assert_eq!(shell.engine.take_back(), Some(own));
    assert_eq!(shell.engine.take_back(), None);
}

/// [P173] Which of the last numbers were acknowledged nobody has written.
#[test]
fn numbers_below_the_last_one_are_no_gap_after_a_load() {
    let mut shell = Shell::begins_with([], 9);
    shell.welcome(resumed(7));
    let events = shell.take_events();
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::Gap { .. }))
    );
    shell.send_many(1);
    assert!(shell.take_storage().contains(&Output::Write {
        payload: 1_000,
        number: 8
    }));
    shell.comes_back(resumed(6));
    assert_eq!(shell.engine.state(), State::Open);
    shell.link_closes(1006);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(resumed(5));
    let gap = |event: &Event<_>| {
        matches!(
            event,
            Event::Gap {
                missed: Some(1),
                ..
            }
        )
    };
    assert!(shell.take_events().iter().any(gap), "now it is known");
}

/// [P174]
#[test]
fn storage_that_went_back_in_time_is_told_from_a_server_that_lies() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 0)], 5);
    let own = shell.send();
    shell.task_over();
    shell.welcome(resumed(8));
    let outputs = shell.take();
    assert!(outputs.contains(&lost(1)) && outputs.contains(&lost(2)));
    assert!(outputs.contains(&Output::Write {
        payload: own,
        number: 9
    }));
    shell.link_closes(1006);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(resumed(10));
    assert!(shell.take().contains(&Output::HangUp(HangUp::Protocol)));
}

/// [P31] Its claim was raised before: what came since then is not there.
#[test]
fn a_first_hello_that_is_stale_shows_that_storage_went_back() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 0)], 5);
    let own = shell.send();
    shell.task_over();
    shell.link_closes(STALE);
    let outputs = shell.take();
    assert!(outputs.contains(&lost(1)) && outputs.contains(&lost(2)));
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(resumed(3));
    let next = Output::Write {
        payload: own,
        number: 4,
    };
    assert!(shell.take().contains(&next));
    // Later it shows nothing.
    shell.link_closes(STALE);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.link_closes(STALE);
    assert_eq!(shell.take_dropped(), []);
}

/// [P161]
#[test]
fn a_lost_session_loses_no_message() {
    for fate in [Fate::Lost, Fate::New] {
        let mut shell = Shell::begins_with([restored(1, 4), restored(2, 5), restored(3, 0)], 5);
        shell.welcome(Welcome {
            received: Some(4),
            ..after(fate)
        });
        let outputs = shell.take();
        assert!(outputs.contains(&Output::Discard(1)), "{fate:?}");
        let writes = [(2, 5), (3, 6)].map(|(payload, number)| Output::Write { payload, number });
        assert!(outputs.windows(2).any(|pair| pair == writes), "{fate:?}");
    }
}

/// [P171]
#[test]
fn a_memory_that_is_forgotten_takes_what_has_numbers_along() {
    for fate in [Fate::Resumed, Fate::Lost, Fate::New] {
        let mut shell = Shell::begins_with([restored(1, 4), restored(2, 0)], 5);
        shell.welcome(Welcome {
            received: None,
            ..after(fate)
        });
        let outputs = shell.take();
        assert!(outputs.contains(&lost(1)));
        let next = Output::Write {
            payload: 2,
            number: 1,
        };
        assert!(outputs.contains(&next), "{fate:?}");
    }
}

/// [P25] [P175]
#[test]
fn another_users_messages_are_left_alone() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 0)], 5);
    let own = shell.send();
    shell.task_over();
    shell.welcome(leaving(Fate::OtherUser));
    let left = [Output::Release(1), Output::Release(2)];
    assert_eq!(shell.take_storage(), left);
    shell.begins_anew();
    assert_eq!(
        shell.take_storage(),
        [
            Output::Write {
                payload: own,
                number: 1
            },
            Output::Commit,
            Output::Transmit(own)
        ]
    );
}

/// [P25]
#[test]
fn what_was_sent_since_the_welcome_belongs_to_its_user() {
    let mut shell = Shell::welcomed(persistent());
    let flying = shell.send_many(1)[0];
    shell.link_closes(1006);
    let waiting = shell.send();
    let volatile = shell.try_send(|send| send.volatile = true);
    assert_eq!(volatile, Ok(()));
    shell.task_over();
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(leaving(Fate::OtherUser));
    let released = [Output::Release(flying), Output::Release(waiting)];
    assert_eq!(shell.take_storage(), released);
}

#[test]
fn closing_leaves_alone_what_nobody_has_said_the_owner_of() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 0)], 5);
    let own = shell.send();
    assert_eq!(shell.give(Input::Close), Ok(()));
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Release(1)) && outputs.contains(&Output::Release(2)));
    let dropped = Event::Dropped {
        payload: own,
        ticket: 0,
        reason: DropReason::Closed,
        delivered: Delivered::No,
    };
    assert!(outputs.contains(&Output::Event(dropped)));
}

#[test]
fn closing_reports_what_was_restored() {
    let mut shell = Shell::begins_with([restored(1, 4), restored(2, 0)], 5);
    shell.welcome(Welcome {
        window: Window {
            messages: 1,
            bytes: 1,
        },
        ..resumed(3)
    });
    assert_eq!(shell.give(Input::Close), Ok(()));
    let closed = |payload, delivered| {
        Output::Event(Event::Dropped {
            payload,
            ticket: 0,
            reason: DropReason::Closed,
            delivered,
        })
    };
    let outputs = shell.take();
    assert!(outputs.contains(&closed(1, Delivered::Unknown)));
    assert!(outputs.contains(&closed(2, Delivered::No)));
}
