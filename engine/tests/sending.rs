//! From the application to the link: what waits, for how long, and what becomes of it.

use steadfast_engine::{Config, DropReason, Event, Input, Output, QueueConfig, Refusal};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{RECONNECT, Shell, ms};

fn with(change: impl FnOnce(&mut QueueConfig)) -> Config {
    let mut queue = QueueConfig::default();
    change(&mut queue);
    Config {
        queue,
        ..Config::default()
    }
}

#[test]
fn on_an_open_link_a_message_leaves_at_once() {
    let mut shell = Shell::open(Config::default());
    assert!(!shell.engine.would_wait(0));
    let payload = shell.send();
    assert_eq!(
        shell.take(),
        [Output::Transmit(payload)],
        "without a queue event"
    );
}

#[test]
fn without_a_link_messages_wait_and_leave_in_order_once_it_opens() {
    let mut shell = Shell::new(Config::default());
    assert!(shell.engine.would_wait(0));
    let sent: Vec<_> = (0..5).map(|_| shell.send()).collect();
    shell.connect();
    let more = shell.send();
    assert_eq!(shell.engine.queued(), (6, 60));
    shell.take();
    shell.link_opens();
    assert_eq!(shell.take_transmitted(), [sent, vec![more]].concat());
    assert_eq!(shell.engine.queued(), (0, 0));
}

#[test]
fn the_queue_tells_when_it_starts_to_fill_and_when_it_has_drained() {
    let mut shell = Shell::new(Config::default());
    shell.send();
    shell.send();
    assert_eq!(
        shell.take(),
        [Output::Event(Event::Queue {
            messages: 1,
            bytes: 10
        })]
    );
    shell.connect();
    shell.link_opens();
    let outputs = shell.take();
    let drained = Output::Event(Event::Queue {
        messages: 0,
        bytes: 0,
    });
    assert_eq!(outputs.last(), Some(&drained));
}

#[test]
fn a_message_longer_than_the_limit_is_refused() {
    let mut shell = Shell::open(Config {
        max_message_bytes: 100,
        ..Config::default()
    });
    assert_eq!(
        shell.try_send(|send| send.bytes = 101),
        Err(Refusal::MessageTooLarge)
    );
    assert_eq!(shell.try_send(|send| send.bytes = 100), Ok(()));
}

#[test]
fn without_a_queue_a_send_without_a_link_is_refused() {
    let mut shell = Shell::new(Config {
        queue: QueueConfig {
            enabled: false,
            ..QueueConfig::default()
        },
        ..Config::default()
    });
    assert_eq!(shell.try_send(|_| {}), Err(Refusal::NotOpen));
    shell.connect();
    assert_eq!(shell.try_send(|_| {}), Err(Refusal::NotOpen));
    shell.link_opens();
    assert_eq!(shell.try_send(|send| send.bytes = 1 << 20), Ok(()));
    assert_eq!(
        shell.try_send(|_| {}),
        Ok(()),
        "and no mark holds anything back"
    );
    shell.network.buffered_bytes = u32::MAX;
    assert_eq!(
        shell.try_send(|_| {}),
        Err(Refusal::NotOpen),
        "the link is closing"
    );
}

#[test]
fn volatile_messages_are_sent_live_or_not_at_all() {
    let mut shell = Shell::new(Config::default());
    let lost = shell.send_with(|send| send.volatile = true);
    assert_eq!(shell.take_dropped(), [(lost, DropReason::Volatile)]);
    shell.connect();
    shell.link_opens();
    shell.take();
    let sent = shell.send_with(|send| send.volatile = true);
    assert_eq!(shell.take(), [Output::Transmit(sent)]);

    let mut shell = Shell::stuck(Config::default());
    let lost = shell.send_with(|send| send.volatile = true);
    assert_eq!(
        shell.take_dropped(),
        [(lost, DropReason::Volatile)],
        "past the mark"
    );
}

#[test]
fn past_the_high_water_mark_messages_wait_until_it_falls() {
    let mut shell = Shell::stuck(Config::default());
    let waiting = shell.send();
    assert_eq!(shell.engine.queued(), (1, 10));
    assert_eq!(
        shell.take(),
        [Output::Event(Event::Queue {
            messages: 1,
            bytes: 10
        })]
    );
    shell.network.bytes_per_second = Some(1_000);
    shell.until(|output| *output == Output::Transmit(waiting));
    let drained = Output::Event(Event::Queue {
        messages: 0,
        bytes: 0,
    });
    assert_eq!(shell.take()[1..], [drained]);
}

#[test]
fn the_link_is_looked_at_only_while_somebody_waits() {
    let mut shell = Shell::stuck(Config::default());
    let quiet = shell.trace.len();
    shell.wait(ms(5_000));
    assert_eq!(shell.trace.len(), quiet, "{}", shell.story());
    shell.send();
    let quiet = shell.trace.len();
    shell.wait(ms(5_000));
    assert!(shell.trace.len() > quiet + 50);
}

/// The queue is looked at every 50 ms; in between the link may have become free.
#[test]
fn on_a_link_that_has_just_drained_keys_are_replaced_and_volatile_messages_leave() {
    let mut shell = Shell::stuck(Config::default());
    let key = Some(1_000_000);
    let old = shell.send_with(|send| send.key = key);
    shell.network.buffered_bytes = 0;
    let volatile = shell.send_with(|send| send.volatile = true);
    assert_eq!(shell.take_transmitted(), [old, volatile]);

    let mut shell = Shell::stuck(Config::default());
    let old = shell.send_with(|send| send.key = key);
    shell.network.buffered_bytes = 0;
    shell.take();
    let new = shell.send_with(|send| send.key = key);
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Transmit(new)));
    assert!(!outputs.contains(&Output::Transmit(old)));
}

/// The last message takes the link past its mark: the queue has drained all the same.
#[test]
fn a_queue_that_ends_past_the_mark_has_drained() {
    let mut shell = Shell::new(Config::default());
    shell.network.bytes_per_second = Some(1 << 20);
    shell.send_with(|send| send.bytes = 1 << 20);
    shell.connect();
    shell.link_opens();
    let drained = Output::Event(Event::Queue {
        messages: 0,
        bytes: 0,
    });
    assert_eq!(shell.take().last(), Some(&drained));
    shell.wait(ms(1_900));
    let sent = shell.send_with(|send| send.volatile = true);
    assert_eq!(
        shell.take(),
        [Output::Transmit(sent)],
        "the link is free again"
    );
}

#[test]
fn a_high_water_mark_of_nothing_sends_one_at_a_time() {
    let mut shell = Shell::open(with(|queue| queue.high_water_mark = 0));
    shell.network.bytes_per_second = Some(100);
    let sent = [shell.send(), shell.send(), shell.send()];
    assert_eq!(shell.take_transmitted(), sent[..1]);
    shell.wait(ms(1_000));
    assert_eq!(shell.take_transmitted(), sent[1..]);
}

#[test]
fn messages_given_to_a_lost_link_are_not_sent_again() {
    let mut shell = Shell::stable(Config::default());
    shell.send();
    shell.link_closes(1006);
    shell.until_dial();
    shell.take();
    shell.link_opens();
    assert!(shell.take_transmitted().is_empty());
}

#[test]
fn close_drops_what_waits_and_says_so() {
    let mut shell = Shell::new(Config::default());
    let waiting = [shell.send_with(|send| send.ticket = 7), shell.send()];
    shell.take();
    assert_eq!(shell.give(Input::Close), Ok(()));
    assert_eq!(
        shell.take_dropped(),
        waiting.map(|payload| (payload, DropReason::Closed))
    );
    assert_eq!(shell.engine.queued(), (0, 0));
}

#[test]
fn a_failed_client_keeps_its_queue_for_the_way_out() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.link_closes(1008);
    let kept = shell.send();
    assert_eq!(shell.give(RECONNECT), Ok(()));
    shell.take();
    shell.link_opens();
    assert_eq!(shell.take_transmitted(), [kept]);
}

#[test]
fn a_link_that_takes_no_more_is_given_no_more() {
    let mut shell = Shell::open(Config::default());
    shell.network.buffered_bytes = u32::MAX;
    let kept = shell.send_with(|send| send.ticket = 7);
    shell.wait(ms(1_000));
    assert!(shell.take_transmitted().is_empty());
    shell.link_closes(1006);
    shell.until_dial();
    shell.take();
    shell.link_opens();
    assert_eq!(shell.take_transmitted(), [kept]);
}
