//! A durable queue: storage and locks that fail, or never answer.

use steadfast_engine::{Event, Fate, Input, MEMORY_FOUND, Output, Priority, Span};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{
    Ask, ORPHAN, Payload, Shell, accepted, ms, new, persistent, refused, restored,
};

const fn storage(works: bool) -> Event<Payload> {
    Event::Storage { works }
}

/// A page whose link opens at once, and whose storage is asked and does not answer.
fn unanswered() -> Shell {
    let mut shell = Shell::new(persistent());
    shell.stores = false;
    shell.next_payload(1_000);
    shell
}

fn opens(shell: &mut Shell) {
    shell.connect();
    shell.link_opens();
}

/// The hello names its memory.
#[test]
fn the_greeting_waits_for_the_lock_of_the_own_memory() {
    let mut shell = unanswered();
    opens(&mut shell);
    let greet = |output: &Output<_>| matches!(output, Output::Greet { .. });
    assert!(!shell.take().iter().any(greet));
    shell.answers(Ask::Lock(1), false);
    assert!(shell.take().iter().any(greet));
}

#[test]
fn what_is_sent_waits_until_it_is_known_what_is_older() {
    let mut shell = unanswered();
    opens(&mut shell);
    shell.answers(Ask::Lock(1), false);
    shell.welcome(new());
    let sent = shell.send_many(1);
    assert_eq!(shell.take_transmitted(), [] as [Payload; 0]);
    shell.answers(Ask::Recall, false);
    assert_eq!(shell.take_transmitted(), sent);
}

#[test]
fn a_lock_manager_that_never_answers_has_5_seconds() {
    let mut shell = unanswered();
    opens(&mut shell);
    let greet = |output: &Output<_>| matches!(output, Output::Greet { .. });
    assert_eq!(shell.until(greet), ms(5_000));
    assert!(shell.take_events().contains(&storage(false)));
    shell.welcome(new());
    let sent = shell.send_many(1);
    assert_eq!(shell.take_transmitted(), sent);
}

#[test]
fn a_recall_that_never_ends_has_5_seconds() {
    let mut shell = unanswered();
    opens(&mut shell);
    shell.answers(Ask::Lock(1), false);
    shell.welcome(new());
    let sent = shell.send_many(1)[0];
    let transmits = |output: &Output<_>| *output == Output::Transmit(sent);
    assert_eq!(shell.until(transmits), ms(5_000));
}

/// A page that found what another one has and does not give.
#[test]
fn a_lock_that_is_never_given_is_waited_for_5_seconds() {
    let mut shell = unanswered();
    shell.left([restored(1, 1)]);
    opens(&mut shell);
    shell.answers(Ask::Lock(1), false);
    shell.answers(Ask::Recall, false);
    shell.welcome(new());
    let sent = shell.send_many(1)[0];
    let transmits = |output: &Output<_>| *output == Output::Transmit(sent);
    assert_eq!(shell.until(transmits), ms(5_000));
    // It comes all the same.
    shell.take();
    shell.stores = true;
    shell.storage_answers();
    assert_eq!(shell.take_transmitted(), [1]);
}

#[test]
fn a_reading_that_never_ends_is_waited_for_5_seconds() {
    let mut shell = unanswered();
    shell.left([restored(1, 1)]);
    opens(&mut shell);
    shell.answers(Ask::Lock(1), false);
    shell.answers(Ask::Recall, false);
    shell.answers(Ask::Lock(ORPHAN), false);
    shell.welcome(new());
    let sent = shell.send_many(1)[0];
    let transmits = |output: &Output<_>| *output == Output::Transmit(sent);
    assert_eq!(shell.until(transmits), ms(5_000));
}

/// What asks for the second part is no answer of storage.
#[test]
fn a_second_reading_that_never_ends_is_waited_for_5_seconds() {
    let mut shell = Shell::new(persistent());
    shell.next_payload(10_000);
    shell.left((1..=700).map(|number| restored(number as u32, number)));
    shell.audit.rows.batch = 600;
    opens(&mut shell);
    shell.welcome(new());
    shell.stores = false;
    let own = shell.send_many(1)[0];
    shell.take();
    shell.stored_of(ORPHAN, Priority::Normal, 600);
    let transmits = |output: &Output<_>| *output == Output::Transmit(own);
    assert!(shell.until(transmits) <= ms(5_000));
}

#[test]
fn a_deletion_that_never_ends_holds_nothing_up() {
    let mut shell = unanswered();
    let mut record = restored(1, 1);
    record.memory = MEMORY_FOUND + 1;
    shell.left([record]);
    opens(&mut shell);
    shell.answers(Ask::Lock(1), false);
    shell.answers(Ask::Recall, false);
    shell.audit.rows.wipe(MEMORY_FOUND + 1);
    shell.answers(Ask::Lock(MEMORY_FOUND + 1), false);
    shell.answers(Ask::Read(MEMORY_FOUND + 1), false);
    shell.welcome(new());
    assert!(shell.take().contains(&Output::Forget(MEMORY_FOUND + 1)));
    let sent = shell.send_many(1)[0];
    let transmits = |output: &Output<_>| *output == Output::Transmit(sent);
    assert!(shell.until(transmits) <= ms(5_000));
}

/// The page goes on with another memory, and no lock manager says whether it has it.
#[test]
fn the_lock_of_a_second_memory_has_5_seconds_too() {
    let mut shell = Shell::welcomed(persistent());
    (shell.adopts, shell.stores) = (false, false);
    shell.comes_back(refused(Fate::OtherUser));
    assert_eq!(shell.engine.memory(), 2);
    shell.link_closes(1006);
    shell.until_dial();
    shell.take();
    shell.link_opens();
    let greet = |output: &Output<_>| matches!(output, Output::Greet { .. });
    assert!(shell.until(greet) <= ms(5_000));
}

#[test]
fn storage_that_fails_is_tried_again_ever_more_seldom() {
    let mut shell = Shell::welcomed(persistent());
    shell.storage(false);
    assert_eq!(shell.take_events(), [storage(false)]);
    for seconds in [1, 2, 4, 8, 16, 32, 64, 64] {
        let retry = |output: &Output<_>| *output == Output::Retry;
        assert_eq!(shell.until(retry), ms(1_000 * seconds));
        shell.take();
        shell.storage(false);
        assert_eq!(shell.take_events(), [], "said once");
    }
    shell.storage(true);
    assert_eq!(shell.take_events(), [storage(true)]);
    shell.storage(true);
    assert_eq!(shell.take_events(), []);
    shell.storage(false);
    let retry = |output: &Output<_>| *output == Output::Retry;
    assert_eq!(shell.until(retry), Span::from_ms(1_000), "from the start");
}

/// What lives in memory only is sent as ever, and put again by nobody else's rule than the shell's.
#[test]
fn messages_flow_while_storage_fails() {
    let mut shell = Shell::welcomed(persistent());
    shell.storage(false);
    shell.take();
    let sent = shell.send_many(2);
    assert_eq!(shell.take_transmitted(), sent);
    shell.stored(2);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

/// What other pages have left is asked for once storage is back.
#[test]
fn storage_that_is_back_is_asked_what_there_is() {
    let mut shell = unanswered();
    shell.adopts = false;
    opens(&mut shell);
    shell.wait(ms(5_000));
    shell.welcome(new());
    shell.left([restored(1, 1)]);
    shell.take();
    shell.storage(true);
    assert!(shell.take().contains(&Output::Recall));
    shell.storage_answers();
    shell.storage_answers();
    assert!(shell.take().contains(&Output::Adopt(ORPHAN)));
    shell.adopted(ORPHAN, accepted(0));
    assert_eq!(shell.take_transmitted(), [1]);
}

#[test]
fn a_closed_client_tries_nothing_again() {
    let mut shell = Shell::welcomed(persistent());
    shell.storage(false);
    assert_eq!(shell.give(Input::Close), Ok(()));
    shell.take();
    shell.wait(ms(1_000_000));
    assert_eq!(shell.take(), []);
}
