//! A durable queue: a page that is put away, and comes back.

use steadfast_engine::{Delivered, DropReason, Event, Fate, Output};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Shell, WAKE, leaving, persistent, resumed};

#[test]
fn a_page_that_is_put_away_keeps_nothing() {
    let mut shell = Shell::welcomed(persistent());
    let flying = shell.send_many(2);
    shell.writes = false;
    let volatile = shell.send_with(|send| send.volatile = true);
    shell.task_over();
    let waiting = shell.send();
    shell.take();
    shell.suspends();
    let outputs = shell.take();
    for payload in [flying[0], flying[1], waiting] {
        assert!(outputs.contains(&Output::Release(payload)), "{payload}");
    }
    let dropped = Event::Dropped {
        payload: volatile,
        ticket: 0,
        reason: DropReason::Volatile,
        delivered: Delivered::No,
    };
    assert!(outputs.contains(&Output::Event(dropped)));
    assert_eq!(shell.engine.queued(), (0, 0));
    assert_eq!(shell.engine.unacknowledged(), 0);
}

#[test]
fn it_goes_on_with_what_storage_holds() {
    let mut shell = Shell::welcomed(persistent());
    let stored = shell.send_with(|send| send.ticket = 41);
    let free = shell.send_with(|send| send.ticket = 42);
    shell.task_over();
    shell.suspends();
    assert_eq!(shell.take_settled(), [], "their fate is not known");
    let sent_away = shell.send();
    shell.resumes();
    shell.welcome(resumed(1));
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Discard(stored)));
    let settled = Event::Settled {
        ticket: 41,
        done: true,
    };
    assert!(outputs.contains(&Output::Event(settled)));
    shell.task_over();
    shell.stored(3);
    assert_eq!(shell.engine.unacknowledged(), 0);
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Discard(free)));
    assert!(outputs.contains(&Output::Discard(sent_away)));
}

/// Another page has sent them in the meantime.
#[test]
fn it_does_not_send_what_is_gone_from_storage() {
    let mut shell = Shell::welcomed(persistent());
    shell.send_many(3);
    shell.suspends();
    assert_eq!(shell.give(WAKE), Ok(()));
    shell.recalls([], 3);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(resumed(3));
    assert_eq!(shell.take_storage(), []);
}

/// [P25] Whose session it will be is not known while the page is away.
#[test]
fn what_is_sent_meanwhile_belongs_to_whoever_is_welcomed() {
    let mut shell = Shell::welcomed(persistent());
    let before = shell.send_many(1)[0];
    shell.suspends();
    let meanwhile = shell.send();
    shell.task_over();
    shell.resumes();
    shell.welcome(leaving(Fate::OtherUser));
    shell.begins_anew();
    let outputs = shell.take_storage();
    assert!(outputs.contains(&Output::Release(before)));
    assert!(outputs.contains(&Output::Transmit(meanwhile)));
}

#[test]
fn a_page_at_rest_is_put_away_too() {
    let mut shell = Shell::new(persistent());
    shell.recalls([], 0);
    let sent = shell.send_many(1)[0];
    shell.suspends();
    assert_eq!(shell.take_storage(), [Output::Release(sent)]);
    let again = shell.send_many(1)[0];
    shell.suspends();
    assert_eq!(shell.take_storage(), [Output::Release(again)]);
}

#[test]
fn a_flush_waits_until_storage_was_read_again() {
    let mut shell = Shell::welcomed(persistent());
    shell.send_many(1);
    assert_eq!(shell.flush(9), Ok(()));
    shell.suspends();
    assert_eq!(shell.take_settled(), []);
    shell.resumes();
    shell.welcome(resumed(1));
    assert_eq!(shell.take_settled(), [(9, true)]);
}
