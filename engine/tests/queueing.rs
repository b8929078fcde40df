//! What waits for a link: its bounds, its order, and what gives way.

use steadfast_engine::{
    Config, Delivered, DropReason, Event, Output, Overflow, Priority, QueueConfig, Refusal, State,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Shell, ms};

fn with(change: impl FnOnce(&mut QueueConfig)) -> Config {
    let mut queue = QueueConfig::default();
    change(&mut queue);
    Config {
        queue,
        ..Config::default()
    }
}

#[test]
fn a_full_queue_refuses_by_default_and_stays_as_it_is() {
    for config in [
        with(|queue| queue.max_messages = 2),
        with(|queue| queue.max_bytes = 25),
    ] {
        let mut shell = Shell::new(config);
        let kept = [shell.send(), shell.send()];
        assert_eq!(shell.try_send(|_| {}), Err(Refusal::QueueFull));
        assert_eq!(shell.engine.queued(), (2, 20));
        assert_eq!(shell.take_queue(), kept);
    }
}

#[test]
fn the_oldest_make_room_when_asked_to() {
    let mut shell = Shell::new(with(|queue| {
        queue.max_messages = 2;
        queue.overflow = Overflow::DropOldest;
    }));
    let sent = [shell.send(), shell.send(), shell.send()];
    assert_eq!(shell.take_dropped(), [(sent[0], DropReason::Overflow)]);
    assert_eq!(shell.take_queue(), sent[1..]);
}

#[test]
fn the_lowest_priority_makes_room_first_and_never_for_less() {
    let mut shell = Shell::new(with(|queue| {
        queue.max_messages = 2;
        queue.overflow = Overflow::DropOldest;
    }));
    let high = shell.send_with(|send| send.priority = Priority::High);
    let low = shell.send_with(|send| send.priority = Priority::Low);
    let normal = shell.send();
    assert_eq!(shell.take_dropped(), [(low, DropReason::Overflow)]);
    let low = shell.send_with(|send| send.priority = Priority::Low);
    assert_eq!(shell.take_dropped(), [(low, DropReason::Overflow)]);
    assert_eq!(shell.take_queue(), [high, normal]);
}

#[test]
fn the_newest_gives_way_when_asked_to() {
    let mut shell = Shell::new(with(|queue| {
        queue.max_bytes = 10;
        queue.overflow = Overflow::DropNewest;
    }));
    let (kept, lost) = (shell.send(), shell.send());
    assert_eq!(shell.take_dropped(), [(lost, DropReason::Overflow)]);
    assert_eq!(shell.take_queue(), [kept]);
}

#[test]
fn a_message_replaces_the_one_with_its_key_and_goes_behind() {
    let mut shell = Shell::new(Config::default());
    let key = Some(1_000_000);
    let old = shell.send_with(|send| send.key = key);
    let other = shell.send();
    let new = shell.send_with(|send| send.key = key);
    assert_eq!(shell.take_dropped(), [(old, DropReason::Replaced)]);
    assert_eq!(shell.take_queue(), [other, new]);
}

#[test]
fn a_key_on_a_live_link_replaces_nothing() {
    let mut shell = Shell::open(Config::default());
    let key = Some(1_000_000);
    let sent = [
        shell.send_with(|send| send.key = key),
        shell.send_with(|send| send.key = key),
    ];
    assert_eq!(shell.take(), sent.map(Output::Transmit));
}

/// The message that takes a place never makes room for itself.
#[test]
fn a_message_that_grows_in_its_place_drops_the_others() {
    let mut shell = Shell::new(with(|queue| {
        queue.max_bytes = 100;
        queue.overflow = Overflow::DropOldest;
    }));
    let key = Some(1_000_000);
    let old = shell.send_with(|send| send.key = key);
    let other = shell.send_with(|send| send.bytes = 50);
    let new = shell.send_with(|send| (send.key, send.bytes) = (key, 90));
    let expected = [(old, DropReason::Replaced), (other, DropReason::Overflow)];
    assert_eq!(shell.take_dropped(), expected);
    assert_eq!(shell.take_queue(), [new]);
}

#[test]
fn priorities_leave_in_order() {
    let mut shell = Shell::new(Config::default());
    let low = shell.send_with(|send| send.priority = Priority::Low);
    let normal = [shell.send(), shell.send()];
    let high = shell.send_with(|send| send.priority = Priority::High);
    shell.connect();
    shell.take();
    shell.link_opens();
    assert_eq!(shell.take_transmitted(), [high, normal[0], normal[1], low]);
}

#[test]
fn a_message_that_waits_too_long_is_dropped_at_its_time() {
    let mut shell = Shell::new(with(|queue| queue.ttl = ms(5_000)));
    let default = shell.send();
    let own = shell.send_with(|send| send.ttl = Some(ms(2_000)));
    let long = shell.send_with(|send| send.ttl = Some(ms(9_000)));
    shell.take();
    let gone = |output: &Output<_>| matches!(output, Output::Event(Event::Dropped { .. }));
    for (wait, payload) in [(2_000, own), (3_000, default), (4_000, long)] {
        assert_eq!(shell.until(gone), ms(wait));
        assert_eq!(shell.take_dropped(), [(payload, DropReason::Ttl)]);
    }
    assert_eq!(shell.engine.queued(), (0, 0));
}

#[test]
fn a_failed_client_still_lets_messages_expire() {
    let mut shell = Shell::new(with(|queue| queue.ttl = ms(5_000)));
    let payload = shell.send();
    shell.connect();
    shell.link_closes(1008);
    assert_eq!(shell.engine.state(), State::Failed);
    shell.take();
    shell.wait(ms(5_000));
    assert_eq!(shell.take_dropped(), [(payload, DropReason::Ttl)]);
}

/// A page that slept has late timers; what is stale by then must not be sent.
#[test]
fn a_link_that_opens_before_the_late_timer_sends_nothing_stale() {
    let mut shell = Shell::new(Config::default());
    let stale = shell.send_with(|send| send.ttl = Some(ms(2_000)));
    let fresh = shell.send();
    shell.connect();
    shell.take();
    shell.pass_to(shell.now + ms(3_000));
    shell.link_opens();
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Transmit(fresh)));
    let reason = DropReason::Ttl;
    let event = Event::Dropped {
        payload: stale,
        ticket: 0,
        reason,
        delivered: Delivered::No,
    };
    assert!(outputs.contains(&Output::Event(event)));
}

#[test]
fn a_link_that_drains_before_the_late_timer_sends_nothing_stale() {
    for flush in [true, false] {
        let mut shell = Shell::stuck(Config::default());
        let stale = shell.send_with(|send| send.ttl = Some(ms(2_000)));
        shell.pass_to(shell.now + ms(3_000));
        shell.network.buffered_bytes = 0;
        shell.take();
        if flush {
            assert_eq!(shell.flush(9), Ok(()));
        } else {
            shell.send();
        }
        assert_eq!(shell.take_dropped(), [(stale, DropReason::Ttl)]);
    }
}

#[test]
fn a_live_link_ignores_the_ttl() {
    let mut shell = Shell::open(Config::default());
    let payload = shell.send_with(|send| send.ttl = Some(ms(0)));
    assert_eq!(shell.take(), [Output::Transmit(payload)]);
    shell.wait(ms(1_900));
    assert_eq!(shell.take(), []);
}
