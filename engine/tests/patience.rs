//! When silence says more about the page or the line than about the link.

use steadfast_engine::{Config, HangUp, HeartbeatConfig, Output, State};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, ms};

fn with(change: impl FnOnce(&mut HeartbeatConfig)) -> Config {
    let mut config = Config::default();
    change(&mut config.heartbeat);
    config
}

/// As it was before the interval followed the health.
fn fixed() -> Config {
    with(|heartbeat| heartbeat.adaptive = None)
}

const DEAD: Output<Payload> = Output::HangUp(HangUp::HeartbeatTimeout);

#[test]
fn a_late_timer_leads_to_a_probe_and_not_to_a_miss() {
    for late in [1_100, 60_000, 24 * 60 * 60 * 1_000] {
        let mut shell = Shell::answering(with(|heartbeat| {
            heartbeat.misses = 1;
            heartbeat.adaptive = None;
        }));
        shell.until_ping();
        shell.take();
        shell.sleep(ms(1_000 + late));
        assert_eq!(shell.take(), [Output::TransmitPing(0)], "late by {late} ms");
        shell.wait(ms(100));
        shell.pong();
        assert_eq!(shell.engine.state(), State::Open);
    }
}

#[test]
fn a_late_timer_finds_a_dead_link_within_the_probes_time() {
    let mut shell = Shell::answering(with(|heartbeat| heartbeat.misses = 1));
    shell.until_ping();
    shell.sleep(ms(60_000));
    shell.take();
    assert_eq!(shell.until_dead(), ms(3_000));
}

/// A hidden tab whose timers come once a minute keeps a link that answers, and asks a silent one
/// again and again: that it is dead is found by the first timer in time, or by waking.
#[test]
fn timers_that_are_all_late_close_no_link_and_the_first_in_time_does() {
    let mut shell = Shell::answering(with(|heartbeat| heartbeat.misses = 1));
    for _ in 0..100 {
        shell.sleep(ms(60_000));
        if shell.take().contains(&Output::TransmitPing(0)) {
            shell.pass_to(shell.now + ms(100));
            shell.pong();
        }
    }
    for _ in 0..100 {
        shell.sleep(ms(60_000));
        assert!(!shell.take().contains(&DEAD), "{}", shell.story());
    }
    assert_eq!((shell.engine.state(), shell.generation), (State::Open, 1));
    assert!(shell.until_dead() <= ms(3_000));
}

#[test]
fn the_clocks_stand_still_while_the_backlog_leaves() {
    let mut shell = Shell::answering(fixed());
    shell.network.answers = Some(ms(100));
    shell.network.bytes_per_second = Some(2_000);
    shell.send_with(|send| send.bytes = 200_000);
    shell.wait(ms(90_000));
    assert!(shell.network.buffered_bytes > 0);
    assert_eq!((shell.engine.state(), shell.generation), (State::Open, 1));
    let pings = shell
        .take()
        .iter()
        .filter(|output| **output == Output::TransmitPing(0))
        .count();
    assert_eq!(pings, 1, "nothing is missed");
    shell.wait(ms(1_000_000));
    assert_eq!((shell.engine.state(), shell.generation), (State::Open, 1));
}

/// The queue refills the link to its high-water mark, so `bufferedAmount` does not fall though the
/// line is moving.
#[test]
fn the_clocks_stand_still_while_a_long_queue_leaves() {
    let mut shell = Shell::answering(fixed());
    shell.network.answers = Some(ms(100));
    shell.network.bytes_per_second = Some(50_000);
    for _ in 0..150 {
        shell.send_with(|send| send.bytes = 100_000);
    }
    assert!(shell.engine.queued().0 > 100);
    shell.wait(ms(200_000));
    assert_eq!((shell.engine.state(), shell.generation), (State::Open, 1));
}

#[test]
fn a_backlog_that_stands_still_is_a_dead_link() {
    let mut shell = Shell::answering(fixed());
    shell.network.bytes_per_second = Some(0);
    shell.send_with(|send| send.bytes = 200_000);
    shell.until_ping();
    assert_eq!(shell.until_dead(), ms(3_000));
}

/// Small messages vanish into the platform's buffers of a dead link too: that is no progress.
#[test]
fn sending_alone_does_not_keep_a_dead_link() {
    let mut shell = Shell::answering(fixed());
    shell.until_ping();
    for _ in 0..20 {
        shell.wait(ms(200));
        if shell.engine.state() == State::Open {
            shell.send();
        }
    }
    assert_ne!(shell.engine.state(), State::Open);
}

#[test]
fn each_death_without_progress_doubles_the_floor_until_a_pong() {
    let mut shell = Shell::answering(fixed());
    for expected in [3_000, 6_000, 12_000, 24_000, 30_000, 30_000] {
        shell.until_ping();
        assert_eq!(shell.until_dead(), ms(expected));
        shell.until_dial();
        shell.wait(ms(40));
        shell.link_opens();
        shell.take();
    }
    shell.until_ping();
    shell.wait(ms(40));
    shell.pong();
    shell.take();
    shell.until_ping();
    assert_eq!(shell.until_dead(), ms(3_000));
}
