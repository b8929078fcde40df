//! From the application to the link: what waits, for how long, and what becomes of it.

use steadfast_engine::{
    Config, DropReason, Event, Input, Output, Overflow, Priority, QueueConfig, Refusal, State,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, ms};

fn with(change: impl FnOnce(&mut QueueConfig)) -> Config {
    let mut queue = QueueConfig::default();
    change(&mut queue);
    Config {
        queue: Some(queue),
        ..Config::default()
    }
}

/// What was dropped since the last look, and why.
fn dropped(shell: &mut Shell) -> Vec<(Payload, DropReason)> {
    let events = shell.take_events().into_iter();
    events
        .filter_map(|event| match event {
            Event::Dropped {
                payload, reason, ..
            } => Some((payload, reason)),
            _ => None,
        })
        .collect()
}

/// What was settled since the last look, and how.
fn settled(shell: &mut Shell) -> Vec<(u32, bool)> {
    let events = shell.take_events().into_iter();
    events
        .filter_map(|event| match event {
            Event::Settled { ticket, done } => Some((ticket, done)),
            _ => None,
        })
        .collect()
}

/// An open link that takes nothing: what it was given stays with it.
fn stuck(config: Config) -> Shell {
    let mut shell = Shell::stable(config);
    shell.network.bytes_per_second = Some(0);
    shell.send_with(|send| send.bytes = 1 << 20);
    shell.take();
    shell
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
        queue: None,
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
    assert_eq!(dropped(&mut shell), [(sent[0], DropReason::Overflow)]);
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
    assert_eq!(dropped(&mut shell), [(low, DropReason::Overflow)]);
    let low = shell.send_with(|send| send.priority = Priority::Low);
    assert_eq!(dropped(&mut shell), [(low, DropReason::Overflow)]);
    assert_eq!(shell.take_queue(), [high, normal]);
}

#[test]
fn the_newest_gives_way_when_asked_to() {
    let mut shell = Shell::new(with(|queue| {
        queue.max_bytes = 10;
        queue.overflow = Overflow::DropNewest;
    }));
    let (kept, lost) = (shell.send(), shell.send());
    assert_eq!(dropped(&mut shell), [(lost, DropReason::Overflow)]);
    assert_eq!(shell.take_queue(), [kept]);
}

#[test]
fn a_message_takes_the_place_of_the_one_with_its_key() {
    let mut shell = Shell::new(Config::default());
    let key = Some(1_000_000);
    let old = shell.send_with(|send| send.key = key);
    let other = shell.send();
    let new = shell.send_with(|send| send.key = key);
    assert_eq!(dropped(&mut shell), [(old, DropReason::Replaced)]);
    assert_eq!(shell.take_queue(), [new, other]);
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
    assert_eq!(dropped(&mut shell), expected);
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
        assert_eq!(dropped(&mut shell), [(payload, DropReason::Ttl)]);
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
    assert_eq!(dropped(&mut shell), [(payload, DropReason::Ttl)]);
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
    };
    assert!(outputs.contains(&Output::Event(event)));
}

#[test]
fn a_live_link_ignores_the_ttl() {
    let mut shell = Shell::open(Config::default());
    let payload = shell.send_with(|send| send.ttl = Some(ms(0)));
    assert_eq!(shell.take(), [Output::Transmit(payload)]);
    shell.wait(ms(10_000));
    assert_eq!(shell.take(), []);
}

#[test]
fn volatile_messages_are_sent_live_or_not_at_all() {
    let mut shell = Shell::new(Config::default());
    let lost = shell.send_with(|send| send.volatile = true);
    assert_eq!(dropped(&mut shell), [(lost, DropReason::Volatile)]);
    shell.connect();
    shell.link_opens();
    shell.take();
    let sent = shell.send_with(|send| send.volatile = true);
    assert_eq!(shell.take(), [Output::Transmit(sent)]);

    let mut shell = stuck(Config::default());
    let lost = shell.send_with(|send| send.volatile = true);
    assert_eq!(
        dropped(&mut shell),
        [(lost, DropReason::Volatile)],
        "past the mark"
    );
}

#[test]
fn past_the_high_water_mark_messages_wait_until_it_falls() {
    let mut shell = stuck(Config::default());
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
    let mut shell = stuck(Config::default());
    let quiet = shell.trace.len();
    shell.wait(ms(5_000));
    assert_eq!(shell.trace.len(), quiet, "{}", shell.story());
    shell.send();
    let quiet = shell.trace.len();
    shell.wait(ms(5_000));
    assert!(shell.trace.len() > quiet + 50);
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
    shell.wait(ms(2_000));
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
fn a_delivery_is_done_when_its_bytes_have_left() {
    let mut shell = Shell::open(Config::default());
    shell.network.bytes_per_second = Some(1_000);
    shell.send_with(|send| (send.bytes, send.ticket) = (1_000, 7));
    shell.send_with(|send| (send.bytes, send.ticket) = (1_000, 8));
    shell.take();
    let done = |ticket| Output::Event(Event::Settled { ticket, done: true });
    let (first, second) = (done(7), done(8));
    assert_eq!(shell.until(|output| *output == first), ms(1_000));
    assert_eq!(shell.until(|output| *output == second), ms(1_000));
}

#[test]
fn a_delivery_on_a_fast_link_is_done_at_once() {
    let mut shell = Shell::open(Config::default());
    shell.send_with(|send| send.ticket = 7);
    assert_eq!(settled(&mut shell), [(7, true)]);
}

#[test]
fn a_delivery_whose_link_is_lost_is_not_done() {
    let mut shell = stuck(Config::default());
    shell.network.buffered_bytes = 0;
    shell.send_with(|send| send.ticket = 7);
    shell.take();
    shell.link_closes(1006);
    assert_eq!(settled(&mut shell), [(7, false)]);
}

#[test]
fn a_delivery_that_waits_survives_the_loss() {
    let mut shell = stuck(Config::default());
    shell.send_with(|send| send.ticket = 7);
    shell.link_closes(1006);
    assert!(settled(&mut shell).is_empty());
    shell.network.bytes_per_second = None;
    shell.until_dial();
    shell.link_opens();
    assert_eq!(settled(&mut shell), [(7, true)]);
}

#[test]
fn a_message_can_be_taken_back_while_it_waits() {
    let mut shell = Shell::new(Config::default());
    shell.send();
    shell.send_with(|send| send.ticket = 7);
    let kept = shell.send();
    for ticket in [7, 7, 8, 0] {
        assert_eq!(shell.give(Input::Withdraw(ticket)), Ok(()));
    }
    assert_eq!(shell.engine.queued(), (2, 20));
    assert_eq!(shell.take_queue()[1], kept);
}

#[test]
fn taking_back_the_last_one_drains_the_queue() {
    let mut shell = Shell::new(Config::default());
    shell.send_with(|send| send.ticket = 7);
    assert_eq!(shell.flush(9), Ok(()));
    shell.take();
    assert_eq!(shell.give(Input::Withdraw(7)), Ok(()));
    let drained = Output::Event(Event::Queue {
        messages: 0,
        bytes: 0,
    });
    let flushed = Output::Event(Event::Settled {
        ticket: 9,
        done: true,
    });
    assert_eq!(shell.take(), [drained, flushed]);
}

#[test]
fn drain_takes_back_all_in_order_and_settles_it() {
    let mut shell = Shell::new(Config::default());
    let low = shell.send_with(|send| (send.priority, send.ticket) = (Priority::Low, 7));
    let normal = shell.send();
    shell.take();
    assert_eq!(shell.take_queue(), [normal, low]);
    assert_eq!(settled(&mut shell), [(7, false)]);
    assert!(shell.take_queue().is_empty());
}

#[test]
fn flush_waits_for_the_queue_and_for_the_link() {
    let mut shell = Shell::new(Config::default());
    shell.network.bytes_per_second = Some(1_000);
    shell.send_with(|send| send.bytes = 2_000);
    assert_eq!(shell.flush(9), Ok(()));
    shell.connect();
    shell.wait(ms(500));
    assert!(settled(&mut shell).is_empty());
    shell.link_opens();
    assert!(settled(&mut shell).is_empty());
    let flushed = Output::Event(Event::Settled {
        ticket: 9,
        done: true,
    });
    assert_eq!(shell.until(|output| *output == flushed), ms(2_000));
}

#[test]
fn flush_with_nothing_waiting_is_done_at_once() {
    let mut idle = Shell::new(Config::default());
    let mut open = Shell::open(Config::default());
    for shell in [&mut idle, &mut open] {
        assert_eq!(shell.flush(9), Ok(()));
        assert_eq!(settled(shell), [(9, true)]);
    }
}

#[test]
fn flush_ends_with_the_client() {
    for close in [true, false] {
        let mut shell = Shell::new(Config::default());
        shell.send();
        assert_eq!(shell.flush(9), Ok(()));
        shell.connect();
        if close {
            assert_eq!(shell.give(Input::Close), Ok(()));
        } else {
            shell.link_closes(1008);
        }
        assert_eq!(settled(&mut shell), [(9, false)]);
    }
}

#[test]
fn close_drops_what_waits_and_says_so() {
    let mut shell = Shell::new(Config::default());
    let waiting = [shell.send_with(|send| send.ticket = 7), shell.send()];
    shell.take();
    assert_eq!(shell.give(Input::Close), Ok(()));
    assert_eq!(
        dropped(&mut shell),
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
    assert_eq!(shell.give(Input::Reconnect), Ok(()));
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
