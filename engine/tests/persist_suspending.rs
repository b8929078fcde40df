//! A durable queue: a page that is put away, and comes back.

use steadfast_engine::{
    Claim, Delivered, DropReason, Event, Failure, FailureKind, Input, Lock, ORPHANS, Output,
    Priority, State,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{
    Ask, CONNECT, ORPHAN, Payload, Shell, WAKE, accepted, new, persistent, restored, resumed,
};

#[test]
fn a_page_that_is_put_away_keeps_nothing_and_lets_every_lock_go() {
    let mut shell = Shell::welcomed(persistent());
    let flying = shell.send_many(2);
    let volatile = shell.send_with(|send| send.volatile = true);
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
    assert!(outputs.contains(&Output::Unlock(1)));
    assert!(outputs.contains(&Output::Unlock(ORPHANS)));
    assert_eq!(shell.engine.queued(), (0, 0));
    assert_eq!(shell.engine.unacknowledged(), 0);
    assert_eq!(
        shell.engine.memory(),
        2,
        "what is sent now has another name"
    );
}

/// The platform may stop it at any moment: what it sends meanwhile is put, and left at the end of the task.
#[test]
fn what_is_sent_meanwhile_is_put_in_another_memory() {
    let mut shell = Shell::welcomed(persistent());
    shell.send_many(3);
    shell.suspends();
    shell.take();
    let payload = shell.send_many(1)[0];
    let put = Output::Put {
        payload,
        memory: 2,
        number: 1,
    };
    assert_eq!(shell.take_storage(), [put, Output::Release(payload)]);
    assert_eq!(shell.engine.memory(), 3);
}

#[test]
fn back_it_asks_again_and_delivers_what_it_left_before_the_rest() {
    let mut shell = Shell::welcomed(persistent());
    let before = shell.send_many(2);
    shell.suspends();
    let meanwhile = shell.send_many(1);
    shell.stores = false;
    shell.take();
    assert_eq!(shell.give(WAKE), Ok(()));
    let asks = [
        Output::Lock {
            memory: 3,
            how: Lock::Try,
        },
        Output::Lock {
            memory: ORPHANS,
            how: Lock::Wait,
        },
        Output::Recall,
    ];
    assert_eq!(shell.take_storage(), asks);
    shell.stores = true;
    shell.storage_answers();
    let outputs = shell.take_storage();
    let want = |memory| Output::Lock {
        memory,
        how: Lock::Want,
    };
    let both = [want(1), Output::Read(1), want(2), Output::Read(2)];
    assert_eq!(outputs, both);
    shell.until_dial();
    shell.link_opens();
    shell.welcome(new());
    let sent: Vec<_> = before.iter().chain(&meanwhile).copied().collect();
    assert_eq!(shell.take_transmitted(), sent);
}

/// The server had one of them already.
#[test]
fn what_was_stored_meanwhile_is_deleted_without_a_word() {
    let mut shell = Shell::welcomed(persistent());
    shell.adopts = false;
    let stored = shell.send_with(|send| send.ticket = 41);
    let free = shell.send_many(1)[0];
    shell.suspends();
    assert_eq!(shell.take_settled(), [], "the shell says what it knows");
    shell.resumes();
    shell.welcome(resumed(0));
    assert!(shell.take().contains(&Output::Adopt(1)));
    shell.adopted(1, accepted(1));
    let outputs = shell.take_storage();
    assert!(outputs.starts_with(&[Output::Erase(stored), Output::Discard(stored)]));
    assert_eq!(outputs.last(), Some(&Output::Transmit(free)));
    shell.stored_of(1, Priority::Normal, 2);
    let outputs = shell.take_storage();
    let rest = [
        Output::Erase(free),
        Output::Discard(free),
        Output::Forget(1),
        Output::Done(1),
        Output::Unlock(1),
    ];
    assert_eq!(outputs, rest);
}

/// Another page has delivered all of it.
#[test]
fn it_does_not_send_what_is_gone_from_storage() {
    let mut shell = Shell::welcomed(persistent());
    shell.send_many(3);
    shell.suspends();
    shell.audit.rows.wipe(1);
    shell.resumes();
    shell.welcome(new());
    assert_eq!(shell.take_transmitted(), [] as [Payload; 0]);
    let sent = shell.send_many(1);
    assert_eq!(shell.take_transmitted(), sent);
}

/// Another page of the tab delivers it at this moment, and what this one sends waits for that no more than 5 s.
#[test]
fn what_another_page_has_is_left_to_it() {
    let mut shell = Shell::welcomed(persistent());
    shell.send_many(3);
    shell.suspends();
    shell.stores = false;
    shell.take();
    assert_eq!(shell.give(WAKE), Ok(()));
    shell.answers(Ask::Lock(2), false);
    shell.answers(Ask::Recall, false);
    shell.answers(Ask::Lock(1), true);
    shell.until_dial();
    shell.link_opens();
    shell.welcome(new());
    let sent = shell.send_many(1);
    assert_eq!(shell.take_transmitted(), sent);
}

#[test]
fn a_page_at_rest_is_put_away_too() {
    let mut shell = Shell::new(persistent());
    let sent = shell.send_many(1)[0];
    shell.take();
    shell.suspends();
    let outputs = shell.take_storage();
    assert!(outputs.contains(&Output::Release(sent)));
    let again = shell.send_many(1)[0];
    shell.suspends();
    assert!(shell.take_storage().contains(&Output::Release(again)));
}

#[test]
fn a_flush_waits_until_storage_was_asked_again() {
    let mut shell = Shell::welcomed(persistent());
    shell.send_many(1);
    assert_eq!(shell.flush(9), Ok(()));
    shell.suspends();
    assert_eq!(shell.flush(10), Ok(()));
    assert_eq!(shell.take_settled(), []);
    shell.adopts = false;
    shell.resumes();
    shell.welcome(resumed(0));
    assert_eq!(shell.take_settled(), []);
    shell.adopted(1, accepted(1));
    assert_eq!(shell.take_settled(), [(9, true), (10, true)]);
}

/// A user who has come meanwhile is not this one.
#[test]
fn what_was_left_is_not_delivered_for_another_user() {
    let mut shell = Shell::welcomed(persistent());
    let before = shell.send_many(1)[0];
    shell.suspends();
    let meanwhile = shell.send_many(1)[0];
    shell.take();
    shell.resumes();
    let mut welcome = new();
    welcome.user = 2;
    shell.welcome(welcome);
    let outputs = shell.take();
    for (memory, payload) in [(1, before), (2, meanwhile)] {
        assert!(outputs.contains(&Output::Release(payload)));
        assert!(outputs.contains(&Output::Unlock(memory)));
        assert!(!outputs.contains(&Output::Adopt(memory)));
    }
    let own = shell.send_many(1);
    assert_eq!(shell.take_transmitted(), own);
}

/// [P30] The session is another page's, but what storage keeps is not lost with it.
#[test]
fn a_page_that_is_taken_over_leaves_everything_to_storage() {
    let mut shell = Shell::welcomed(persistent());
    let flying = shell.send_many(1)[0];
    let waiting = shell.send();
    shell.take();
    shell.link_closes(4409);
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Release(flying)));
    assert!(outputs.contains(&Output::Release(waiting)));
    let dropped = |output: &Output<_>| matches!(output, Output::Event(Event::Dropped { .. }));
    assert!(!outputs.iter().any(dropped));
    let failed = |output: &Output<_>| {
        let kind = FailureKind::TakenOver;
        matches!(output, Output::Event(Event::Failed(Failure { kind: it, .. })) if *it == kind)
    };
    assert!(outputs.iter().any(failed));
    assert_eq!(shell.engine.state(), State::Failed);
    // Asked again it goes on with what is left.
    shell.task_over();
    assert_eq!(shell.give(CONNECT), Ok(()));
    shell.link_opens();
    shell.take();
    shell.welcome(new());
    assert_eq!(shell.take_transmitted(), [flying, waiting]);
}

/// A late row of a reading that was broken off belongs to whoever reads it next.
#[test]
fn a_row_that_comes_too_late_goes_back() {
    let mut shell = Shell::welcomed(persistent());
    let sent = shell.send_many(1)[0];
    shell.suspends();
    let rows: Vec<_> = shell.audit.rows.all().collect();
    shell.take();
    for row in rows {
        assert_eq!(shell.give(Input::Restored(row)), Ok(()));
    }
    assert_eq!(shell.take_storage(), [Output::Release(sent)]);
}

/// A memory whose answer comes when the page has let it go means nothing.
#[test]
fn an_answer_for_what_was_let_go_says_nothing() {
    let mut shell = Shell::begins_with([restored(1, 1)]);
    shell.adopts = false;
    shell.welcome(new());
    let memory = ORPHAN;
    assert!(shell.take().contains(&Output::Adopt(memory)));
    assert_eq!(shell.give(Input::Wanted { memory }), Ok(()));
    assert_eq!(
        shell.take_storage(),
        [Output::Release(1), Output::Unlock(memory)]
    );
    shell.adopted(memory, Claim::Accepted([0, 1, 0]));
    assert_eq!(shell.engine.state(), State::Open);
    assert_eq!(shell.take_storage(), []);
}
