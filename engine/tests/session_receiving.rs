//! A session's messages to the application: streams, gaps, hand-over and acknowledgement.

use steadfast_engine::{Direction, Event, GapReason, HangUp, Input, Output, Span};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, handed, ms, resumed, session};

const REFUSED: Output<Payload> = Output::HangUp(HangUp::Protocol);

/// A shell whose outbox is at epoch 4, where 8 is next.
fn listening() -> Shell {
    let mut shell = Shell::welcomed(session());
    shell.from(0, 4, 8, GapReason::None);
    shell.take();
    shell
}

fn gap(missed: Option<u64>, reason: GapReason) -> Output<Payload> {
    Output::Event(Event::Gap {
        missed,
        direction: Direction::Down,
        stream: Some(0),
        reason,
    })
}

const fn acknowledge(number: u64) -> Output<Payload> {
    Output::Acknowledge {
        stream: 0,
        epoch: 4,
        number,
    }
}

fn until_acknowledged(shell: &mut Shell) -> Span {
    shell.until(|output| matches!(output, Output::Acknowledge { .. }))
}

/// Says that the outbox's next message, or that of a room, is `next`, and gives and handles one.
fn hears(shell: &mut Shell, stream: u32, next: u64) {
    shell.from(stream, 1, next, GapReason::Joined);
    shell.receive();
    shell.handed_over();
    shell.take();
    until_acknowledged(shell);
}

/// [P125] Rooms come and go: those of which nothing is left make way for others.
#[test]
fn any_number_of_streams_come_one_after_the_other() {
    let mut shell = Shell::welcomed(session());
    for stream in 0..300 {
        hears(&mut shell, stream, 10 * u64::from(stream) + 7);
    }
    let known = (0..300).filter(|stream| shell.engine.position(*stream).is_some());
    assert_eq!(known.count(), 64);
    // One that was forgotten goes on behind what was acknowledged.
    assert_eq!(shell.engine.position(3), None);
    hears(&mut shell, 3, 38);
    assert_eq!(shell.engine.position(3), Some((1, 38)));
}

/// [P51] Of one whose message is not acknowledged the position is kept, whatever comes.
#[test]
fn a_stream_with_something_left_does_not_make_way() {
    let mut shell = Shell::welcomed(session());
    shell.from(500, 1, 5, GapReason::Joined);
    shell.receive();
    for stream in 0..100 {
        shell.from(stream, 1, 1, GapReason::Joined);
    }
    assert_eq!(shell.engine.position(500), Some((1, 5)));
    shell.handed_over();
    for stream in 100..120 {
        shell.from(stream, 1, 1, GapReason::Joined);
    }
    assert_eq!(shell.engine.position(500), Some((1, 5)), "not acknowledged");
    shell.take();
    until_acknowledged(&mut shell);
    shell.from(200, 1, 1, GapReason::Joined);
    assert_eq!(shell.engine.position(500), None);
}

/// [P12] [P47]
#[test]
fn messages_have_the_numbers_that_from_began() {
    let mut shell = listening();
    let first = shell.receive();
    let second = shell.receive();
    shell.from(3, 1, 100, GapReason::Joined);
    let third = shell.receive();
    shell.from(0, 4, 10, GapReason::None);
    let fourth = shell.receive();
    let expected = [
        handed(first, 0, 8),
        handed(second, 0, 9),
        handed(third, 3, 100),
        handed(fourth, 0, 10),
    ];
    assert_eq!(shell.take(), expected);
}

/// [P70] [P84]
#[test]
fn one_message_is_handed_over_at_a_time_and_the_link_is_read_on() {
    let mut shell = listening();
    shell.hands_over = false;
    let messages = [shell.receive(), shell.receive()];
    assert_eq!(shell.take(), [handed(messages[0], 0, 8)]);
    shell.wait(ms(5_000));
    assert_eq!(shell.take(), [], "nothing is acknowledged meanwhile");
    shell.handed_over();
    assert_eq!(shell.take(), [handed(messages[1], 0, 9)]);
    until_acknowledged(&mut shell);
    assert_eq!(shell.take(), [acknowledge(8)]);
}

#[test]
fn nothing_is_handed_over_before_somebody_listens() {
    let mut shell = listening();
    assert_eq!(shell.give(Input::Listen(false)), Ok(()));
    let payload = shell.receive();
    shell.wait(ms(5_000));
    assert_eq!(shell.take(), []);
    assert_eq!(shell.engine.position(0), Some((4, 7)));
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    assert_eq!(shell.take(), [handed(payload, 0, 8)]);
}

/// [P71]
#[test]
fn an_acknowledgement_is_owed_after_a_time_or_a_number_or_half_the_window() {
    let mut shell = listening();
    shell.receive();
    shell.wait(ms(60));
    shell.receive();
    shell.take();
    assert_eq!(until_acknowledged(&mut shell), ms(40));
    assert_eq!(shell.take(), [acknowledge(9)]);
    for _ in 0..255 {
        shell.receive();
        let acknowledged = shell.take().contains(&acknowledge(264));
        assert!(!acknowledged);
    }
    shell.receive();
    assert_eq!(shell.take().last(), Some(&acknowledge(265)));
    let generation = shell.generation;
    let payload = shell.fresh_payload();
    let input = Input::LinkMessage {
        generation,
        payload,
        bytes: 1 << 19,
        is_pong: false,
    };
    assert_eq!(shell.give(input), Ok(()));
    assert_eq!(shell.take().last(), Some(&acknowledge(266)));
}

/// Timers of hidden pages come once a minute. [P71]
#[test]
fn a_message_brings_the_acknowledgement_that_a_late_timer_owes() {
    let mut shell = listening();
    shell.receive();
    shell.pass_to(shell.now + ms(500));
    shell.take();
    shell.receive();
    assert!(shell.take().contains(&acknowledge(8)));
}

/// [P73] [P86]
#[test]
fn what_is_owed_leaves_before_a_ping_and_a_pong() {
    let mut shell = listening();
    shell.receive();
    shell.take();
    shell.counted();
    let generation = shell.generation;
    assert_eq!(shell.give(Input::Pinged { generation, id: 77 }), Ok(()));
    assert_eq!(shell.take(), [acknowledge(8), Output::Pong(77)]);
    shell.receive();
    shell.take();
    assert_eq!(shell.give(Input::Ping), Ok(()));
    assert_eq!(shell.take(), [acknowledge(9), Output::TransmitPing(1)]);
}

/// [P55]
#[test]
fn a_hole_is_told_before_any_later_message_and_counted() {
    let mut shell = listening();
    shell.from(0, 4, 11, GapReason::Expired);
    shell.receive();
    let outputs = shell.take();
    assert_eq!(outputs[0], gap(Some(3), GapReason::Expired));
    assert!(matches!(outputs[1], Output::Message { number: 11, .. }));
    until_acknowledged(&mut shell);
    assert!(shell.take().contains(&acknowledge(11)));
}

/// [P55] [P51]
#[test]
fn another_epoch_is_a_hole_of_unknown_size_and_counts_anew() {
    let mut shell = listening();
    shell.hands_over = false;
    shell.receive();
    shell.take();
    shell.from(0, 5, 1, GapReason::None);
    assert_eq!(shell.take(), [gap(None, GapReason::Epoch)]);
    assert_eq!(shell.engine.position(0), Some((5, 0)));
    shell.handed_over();
    shell.wait(ms(1_000));
    assert_eq!(shell.take(), [], "that one was of the old log");
    shell.from(0, 5, 1, GapReason::Epoch);
    assert_eq!(shell.take(), [gap(None, GapReason::Epoch)]);
    shell.hands_over = true;
    shell.receive();
    shell.take();
    until_acknowledged(&mut shell);
    let expected = Output::Acknowledge {
        stream: 0,
        epoch: 5,
        number: 1,
    };
    assert_eq!(shell.take(), [expected]);
}

/// [P54]
#[test]
fn a_room_that_was_joined_has_no_hole_and_an_unknown_place_may() {
    let mut shell = listening();
    shell.from(1, 1, 500, GapReason::Joined);
    assert_eq!(shell.take(), []);
    shell.from(2, 1, 500, GapReason::Expired);
    let hole = Event::Gap {
        missed: None,
        direction: Direction::Down,
        stream: Some(2),
        reason: GapReason::Expired,
    };
    assert_eq!(shell.take(), [Output::Event(hole)]);
}

/// [P56]
#[test]
fn a_number_that_was_there_before_is_a_violation() {
    let mut shell = listening();
    shell.receive();
    shell.take();
    shell.from(0, 4, 8, GapReason::None);
    assert_eq!(shell.take()[0], REFUSED);
}

/// [P126]
#[test]
fn numbers_have_bounds() {
    for next in [0, 1 << 53, u64::MAX] {
        let mut shell = Shell::welcomed(session());
        shell.from(0, 4, next, GapReason::None);
        assert_eq!(shell.take()[0], REFUSED, "{next}");
    }
}

/// [P57]
#[test]
fn each_link_begins_its_streams_anew() {
    let mut shell = listening();
    shell.comes_back(resumed(0));
    shell.receive();
    assert!(shell.take().contains(&REFUSED));
}

/// [P49] [P48]
#[test]
fn what_was_not_handed_over_comes_again_on_the_next_link() {
    let mut shell = listening();
    shell.hands_over = false;
    let first = shell.receive();
    shell.receive();
    shell.take();
    shell.comes_back(resumed(0));
    shell.from(0, 4, 9, GapReason::None);
    let again = shell.receive();
    assert_eq!(shell.take(), []);
    shell.handed_over();
    let outputs = shell.take();
    assert_ne!(first, again);
    assert_eq!(outputs, [handed(again, 0, 9)]);
    until_acknowledged(&mut shell);
    assert_eq!(shell.take(), [acknowledge(8)]);
}

/// What waits for a slow listener stands before the hole.
#[test]
fn a_hole_is_told_where_it_is() {
    let mut shell = listening();
    shell.hands_over = false;
    shell.receive();
    shell.receive();
    shell.from(0, 4, 20, GapReason::Expired);
    shell.receive();
    let gaps = |outputs: &[Output<Payload>]| outputs.contains(&gap(Some(10), GapReason::Expired));
    assert!(!gaps(&shell.take()), "9 is still to come");
    shell.handed_over();
    let outputs = shell.take();
    assert!(matches!(outputs[..], [Output::Message { number: 9, .. }]));
    shell.handed_over();
    let outputs = shell.take();
    assert_eq!(outputs[0], gap(Some(10), GapReason::Expired));
    assert!(matches!(outputs[1], Output::Message { number: 20, .. }));
}

/// [P55]
#[test]
fn a_hole_that_nothing_comes_behind_is_told_when_all_before_it_is_handed_over() {
    let mut shell = listening();
    shell.hands_over = false;
    shell.receive();
    shell.receive();
    shell.from(0, 4, 20, GapReason::Expired);
    shell.take();
    shell.handed_over();
    let outputs = shell.take();
    assert!(matches!(outputs[..], [Output::Message { number: 9, .. }]));
    shell.handed_over();
    assert_eq!(shell.take(), [gap(Some(10), GapReason::Expired)]);
    assert_eq!(shell.engine.position(0), Some((4, 19)));
    shell.from(0, 5, 1, GapReason::Epoch);
    assert_eq!(shell.take(), [gap(None, GapReason::Epoch)]);
}

/// A listener may be done with its message after the end.
#[test]
fn no_hole_is_told_after_the_end() {
    let mut shell = listening();
    shell.hands_over = false;
    shell.receive();
    shell.receive();
    shell.take();
    assert_eq!(shell.give(Input::Close), Ok(()));
    let outputs = shell.take();
    assert_eq!(outputs.last(), Some(&Output::Event(Event::Closed)));
    shell.handed_over();
    assert_eq!(shell.take(), []);
}

/// The link was lost before the hole could be reached: it is told once.
#[test]
fn the_same_hole_is_not_told_twice() {
    let mut shell = listening();
    shell.hands_over = false;
    shell.receive();
    shell.receive();
    shell.from(0, 4, 20, GapReason::Expired);
    shell.take();
    shell.comes_back(resumed(0));
    shell.from(0, 4, 9, GapReason::None);
    shell.receive();
    shell.from(0, 4, 20, GapReason::Expired);
    assert_eq!(shell.take(), []);
    shell.comes_back(resumed(0));
    shell.from(0, 4, 20, GapReason::Expired);
    assert_eq!(shell.take(), [gap(Some(11), GapReason::Expired)]);
}

/// [P58] [P76]
#[test]
fn a_volatile_message_has_no_number_and_moves_no_position() {
    let mut shell = listening();
    let generation = shell.generation;
    shell.counted();
    let stream = 9;
    assert_eq!(shell.give(Input::Volatile { generation, stream }), Ok(()));
    let volatile = shell.receive();
    let next = shell.receive();
    assert_eq!(shell.take(), [handed(volatile, 9, 0), handed(next, 0, 8)]);
    assert_eq!(shell.engine.position(9), None);
}

/// [P58] [P10]
#[test]
fn nothing_stands_between_an_announcement_and_its_message() {
    let mut shell = listening();
    let generation = shell.generation;
    shell.counted();
    let stream = 0;
    assert_eq!(shell.give(Input::Volatile { generation, stream }), Ok(()));
    shell.counted();
    assert_eq!(shell.take()[0], REFUSED);
}

/// [P80]
#[test]
fn a_server_that_passes_the_window_is_left_and_its_volatile_messages_are_not_kept() {
    let mut shell = listening();
    assert_eq!(shell.give(Input::Listen(false)), Ok(()));
    let generation = shell.generation;
    let mut kept = 0;
    for _ in 0..5_000 {
        let stream = 0;
        assert_eq!(shell.give(Input::Volatile { generation, stream }), Ok(()));
        let payload = shell.receive();
        kept += u32::from(!shell.take().contains(&Output::Discard(payload)));
    }
    assert_eq!(kept, 4_096);
    for _ in 0..4_096 {
        shell.receive();
    }
    assert_eq!(shell.take(), []);
    shell.receive();
    assert!(shell.take().contains(&REFUSED));
}

/// Its last messages were read after the link was lost.
#[test]
fn what_is_handed_over_without_a_link_is_acknowledged_on_the_next() {
    let mut shell = listening();
    shell.hands_over = false;
    shell.receive();
    shell.link_closes(1006);
    shell.handed_over();
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(resumed(0));
    shell.until(|output| *output == acknowledge(8));
}
