//! From the link to the application.

use steadfast_engine::{Config, Input, Output, QueueConfig};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, delivered, gap, ms};

fn narrow(max_messages: u32, max_bytes: u32) -> Config {
    Config {
        queue: QueueConfig {
            max_messages,
            max_bytes,
            ..QueueConfig::default()
        },
        ..Config::default()
    }
}

fn receive(shell: &mut Shell, bytes: u32) -> Payload {
    let (generation, payload) = (shell.generation, shell.fresh_payload());
    let is_pong = false;
    let input = Input::LinkMessage {
        generation,
        payload,
        bytes,
        is_pong,
    };
    assert_eq!(shell.give(input), Ok(()));
    payload
}

#[test]
fn messages_wait_until_somebody_listens() {
    let mut shell = Shell::open(Config::default());
    let early = [shell.receive(), shell.receive()];
    shell.wait(ms(1_900));
    assert_eq!(shell.take(), []);
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    assert_eq!(shell.take(), early.map(delivered));
    let next = shell.receive();
    assert_eq!(shell.take(), [delivered(next)]);
}

#[test]
fn they_wait_again_when_nobody_listens_any_more() {
    let mut shell = Shell::open(Config::default());
    for listening in [true, false] {
        assert_eq!(shell.give(Input::Listen(listening)), Ok(()));
    }
    let waiting = shell.receive();
    assert_eq!(shell.take(), []);
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    assert_eq!(shell.take(), [delivered(waiting)]);
}

#[test]
fn they_outlast_the_link() {
    let mut shell = Shell::stable(Config::default());
    let waiting = shell.receive();
    shell.link_closes(1008);
    shell.take();
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    assert_eq!(shell.take(), [delivered(waiting)]);
}

#[test]
fn too_many_leave_a_gap_that_is_told_before_the_rest() {
    let mut shell = Shell::open(narrow(3, 1_000));
    let all: Vec<_> = (0..10).map(|_| shell.receive()).collect();
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    let mut expected: Vec<_> = all[..7].iter().copied().map(Output::Discard).collect();
    expected.push(Output::Event(gap(7)));
    expected.extend(all[7..].iter().copied().map(delivered));
    assert_eq!(shell.take(), expected);
}

#[test]
fn too_many_bytes_leave_a_gap_too() {
    let mut shell = Shell::open(narrow(100, 25));
    let all = [shell.receive(), shell.receive(), shell.receive()];
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    let missed = Output::Event(gap(1));
    let [gone, second, third] = all;
    let expected = [
        Output::Discard(gone),
        missed,
        delivered(second),
        delivered(third),
    ];
    assert_eq!(shell.take(), expected);
    let long = receive(&mut shell, 1_000_000);
    assert_eq!(
        shell.take(),
        [delivered(long)],
        "whoever listens gets it, however long"
    );
}

#[test]
fn a_long_message_waits_alone() {
    let mut shell = Shell::open(narrow(100, 25));
    let gone = shell.receive();
    let long = receive(&mut shell, 1_000_000);
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    let missed = Output::Event(gap(1));
    assert_eq!(
        shell.take(),
        [Output::Discard(gone), missed, delivered(long)]
    );
}

#[test]
fn a_closed_client_hands_nothing_over_and_tells_of_no_gap() {
    let mut shell = Shell::open(narrow(1, 1_000));
    for _ in 0..5 {
        shell.receive();
    }
    assert_eq!(shell.give(Input::Close), Ok(()));
    shell.take();
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    assert_eq!(shell.take(), []);
}

#[test]
fn nothing_comes_from_a_link_that_is_not_open() {
    let mut shell = Shell::new(Config::default());
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    shell.connect();
    shell.take();
    shell.receive();
    assert_eq!(shell.take(), []);
}
