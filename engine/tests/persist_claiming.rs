//! A durable queue: what the server says of the page's own memory.

use steadfast_engine::{
    Claim, Delivered, DropReason, Event, Fate, Lock, Output, Priority, Welcome,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{
    Ask, Payload, Shell, accepted, forgotten, lane, new, persistent, refused, resumed,
};

const fn dropped(payload: Payload, delivered: Delivered) -> Output<Payload> {
    Output::Event(Event::Dropped {
        payload,
        ticket: 0,
        reason: DropReason::SessionLost,
        delivered,
    })
}

/// One message was given to a link, and another one waits; then comes this welcome. What came out.
fn answered(shell: &mut Shell, welcome: Welcome) -> (Payload, Payload, Vec<Output<Payload>>) {
    let sent = shell.send_many(1)[0];
    shell.link_closes(1006);
    let waiting = shell.send_many(1)[0];
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(welcome);
    (sent, waiting, shell.take())
}

/// [P170]
#[test]
fn what_is_stored_is_erased_and_the_rest_sent_under_its_numbers() {
    let mut shell = Shell::welcomed(persistent());
    let (sent, waiting, outputs) = answered(&mut shell, resumed(1));
    assert!(outputs.contains(&Output::Erase(sent)));
    let rest = [lane(2), Output::Transmit(waiting)];
    assert!(outputs.windows(2).any(|pair| pair == rest));
}

/// [P171]
#[test]
fn of_a_memory_that_is_forgotten_only_what_was_sent_is_unknown() {
    for fate in [Fate::Resumed, Fate::Lost, Fate::New] {
        let mut shell = Shell::welcomed(persistent());
        let (sent, waiting, outputs) = answered(&mut shell, forgotten(fate));
        assert!(outputs.contains(&Output::Mark(sent)));
        assert!(outputs.contains(&dropped(sent, Delivered::Unknown)));
        let rest = [lane(2), Output::Transmit(waiting)];
        assert!(outputs.windows(2).any(|pair| pair == rest), "{fate:?}");
        shell.stored(2);
        assert_eq!(shell.engine.unacknowledged(), 0);
    }
}

/// [P164] The session was another user's; the memory may be this one's all the same.
#[test]
fn a_memory_that_is_refused_is_asked_for_once_more_and_comes_before_the_next() {
    let mut shell = Shell::welcomed(persistent());
    shell.adopts = false;
    let (sent, waiting, outputs) = answered(&mut shell, refused(Fate::OtherUser));
    let try_lock = Output::Lock {
        memory: 2,
        how: Lock::Try,
    };
    assert!(outputs.contains(&try_lock));
    assert!(outputs.contains(&Output::Adopt(1)) && outputs.contains(&Output::Adopt(2)));
    assert_eq!(shell.engine.memory(), 2);
    let later = shell.send_many(1)[0];
    let put = Output::Put {
        payload: later,
        memory: 2,
        number: 1,
    };
    assert_eq!(shell.take_storage(), [put]);
    shell.adopted(2, accepted(0));
    assert_eq!(shell.take_transmitted(), [] as [Payload; 0], "1 is older");
    shell.adopted(1, accepted(0));
    assert_eq!(shell.take_transmitted(), [sent, waiting, later]);
    shell.stored_of(1, Priority::Normal, 2);
    assert!(shell.take().contains(&Output::Done(1)));
}

/// [P25] They wait in storage until their user is back.
#[test]
fn a_memory_that_is_refused_twice_is_left() {
    let mut shell = Shell::welcomed(persistent());
    shell.adopts = false;
    let (sent, waiting, _) = answered(&mut shell, refused(Fate::OtherUser));
    let later = shell.send_many(1)[0];
    shell.adopted(2, accepted(0));
    shell.take();
    shell.adopted(1, Claim::Refused);
    let outputs = shell.take_storage();
    let left = [
        Output::Release(sent),
        Output::Release(waiting),
        Output::Unlock(1),
    ];
    assert_eq!(outputs[..3], left);
    assert_eq!(outputs.last(), Some(&Output::Transmit(later)));
}

/// [P172] A volatile message that a link was given is not given to another.
#[test]
fn a_memory_that_is_asked_for_once_more_sends_no_volatile_message_again() {
    let mut shell = Shell::welcomed(persistent());
    shell.adopts = false;
    let volatile = shell.send_with(|send| send.volatile = true);
    shell.task_over();
    answered(&mut shell, refused(Fate::OtherUser));
    shell.adopted(1, accepted(0));
    assert!(!shell.take_transmitted().contains(&volatile));
}

#[test]
fn one_that_has_nothing_left_is_done_with_at_once() {
    let mut shell = Shell::welcomed(persistent());
    shell.adopts = false;
    shell.comes_back(refused(Fate::OtherUser));
    assert_eq!(shell.engine.memory(), 2);
    shell.adopted(2, accepted(0));
    let sent = shell.send_many(1);
    assert_eq!(shell.take_transmitted(), sent);
}

/// [P173]
#[test]
fn acknowledged_messages_that_the_server_lost_are_a_gap() {
    let mut shell = Shell::welcomed(persistent());
    shell.send_many(5);
    shell.stored(5);
    let outputs = shell.comes_back(resumed(2));
    let gap = |output: &Output<_>| matches!(output, Output::Event(Event::Gap { missed: None, .. }));
    assert_eq!(outputs.iter().filter(|output| gap(output)).count(), 1);
    let sent = shell.send_many(1)[0];
    assert!(shell.take().ends_with(&[lane(6), Output::Transmit(sent)]));
}

/// Another page has found what was sent here while this one was asleep.
#[test]
fn a_memory_that_another_page_has_is_not_this_ones() {
    let mut shell = Shell::new(persistent());
    shell.stores = false;
    let sent = shell.send_many(1)[0];
    shell.take();
    shell.answers(Ask::Lock(1), true);
    let outputs = shell.take_storage();
    let again = Output::Lock {
        memory: 2,
        how: Lock::Try,
    };
    assert_eq!(outputs, [Output::Release(sent), again]);
    shell.storage_answers();
    let next = shell.send_many(1)[0];
    shell.connect();
    shell.link_opens();
    shell.take();
    shell.welcome(new());
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Transmit(next)));
    assert_eq!(shell.engine.memory(), 2);
}
