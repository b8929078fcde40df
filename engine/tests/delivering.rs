//! Who waits for messages to leave is told, and whoever changes his mind gets them back.

use steadfast_engine::{Config, Event, Input, Output, Priority, Refusal};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Shell, ms};

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
    assert_eq!(shell.take_settled(), [(7, true)]);
}

#[test]
fn a_delivery_whose_link_is_lost_is_not_done() {
    let mut shell = Shell::stuck(Config::default());
    shell.network.buffered_bytes = 0;
    shell.send_with(|send| send.ticket = 7);
    shell.take();
    shell.link_closes(1006);
    assert_eq!(shell.take_settled(), [(7, false)]);
}

#[test]
fn a_delivery_that_waits_survives_the_loss() {
    let mut shell = Shell::stuck(Config::default());
    shell.send_with(|send| send.ticket = 7);
    shell.link_closes(1006);
    assert!(shell.take_settled().is_empty());
    shell.network.bytes_per_second = None;
    shell.until_dial();
    shell.link_opens();
    assert_eq!(shell.take_settled(), [(7, true)]);
}

#[test]
fn a_message_can_be_taken_back_while_it_waits() {
    let mut shell = Shell::new(Config::default());
    shell.send();
    shell.send_with(|send| send.ticket = 7);
    let kept = shell.send();
    assert_eq!(shell.give(Input::Withdraw(7)), Ok(()));
    for ticket in [7, 8, 0] {
        let taken = shell.give(Input::Withdraw(ticket));
        assert_eq!(taken, Err(Refusal::NotWaiting));
    }
    assert_eq!(shell.engine.queued(), (2, 20));
    assert_eq!(shell.take_queue()[1], kept);
}

#[test]
fn taking_back_the_last_one_drains_the_queue() {
    let mut shell = Shell::new(Config::default());
    let payload = shell.send_with(|send| send.ticket = 7);
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
    assert_eq!(shell.take(), [Output::Discard(payload), drained, flushed]);
}

#[test]
fn drain_takes_back_all_in_order_and_settles_it() {
    let mut shell = Shell::new(Config::default());
    let low = shell.send_with(|send| (send.priority, send.ticket) = (Priority::Low, 7));
    let normal = shell.send();
    shell.take();
    assert_eq!(shell.take_queue(), [normal, low]);
    assert_eq!(shell.take_settled(), [(7, false)]);
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
    assert!(shell.take_settled().is_empty());
    shell.link_opens();
    assert!(shell.take_settled().is_empty());
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
        assert_eq!(shell.take_settled(), [(9, true)]);
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
        assert_eq!(shell.take_settled(), [(9, false)]);
    }
}
