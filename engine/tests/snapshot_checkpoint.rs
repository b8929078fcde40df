//! A checkpoint: storing the state is what acknowledges.

use steadfast_engine::{
    Capture, Captured, Config, GapReason, Input, Output, Save, SnapshotConfig, Unsaved,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Shell, checkpoint, ms, resumed};

fn welcomed() -> Shell {
    started(checkpoint())
}

/// Its checkpoints are stored by HTTP.
fn elsewhere() -> Config {
    let snapshot = SnapshotConfig {
        acknowledges: true,
        ..SnapshotConfig::default()
    };
    Config {
        snapshot: Some(snapshot),
        ..checkpoint()
    }
}

/// One message is handed over on a link that opened just now.
fn started(config: Config) -> Shell {
    let mut shell = Shell::new(config);
    shell.connect();
    shell.link_opens();
    shell.welcome(resumed(0));
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    shell.from(0, 1, 1, GapReason::None);
    shell.receive();
    shell.take();
    shell
}

const fn handed(number: u64) -> Output<u32> {
    Output::Acknowledge {
        stream: 0,
        epoch: 1,
        number,
    }
}

const DUE: Output<u32> = Output::Capture(Capture::Due);
const STATE: Output<u32> = Output::Save(Save::State);
const POSITIONS: Output<u32> = Output::Save(Save::Positions);

/// [P134]
#[test]
fn nothing_else_acknowledges() {
    let mut shell = welcomed();
    shell.wait(ms(4_900));
    assert_eq!(shell.give(Input::Ping), Ok(()));
    assert_eq!(shell.take_snapshots(), []);
    shell.wait(ms(100));
    assert_eq!(shell.take_snapshots(), [DUE, STATE]);
    shell.saved();
    shell.wait(ms(4_000));
    assert_eq!(shell.take_snapshots(), []);
}

#[test]
fn positions_alone_move_a_checkpoint_whose_state_has_not_changed() {
    let mut shell = welcomed();
    shell.captures = Captured::Unchanged;
    shell.wait(ms(5_000));
    assert_eq!(shell.take_snapshots(), [DUE, POSITIONS]);
    shell.saved();
    shell.wait(ms(5_000));
    assert_eq!(shell.take_snapshots(), [DUE], "nothing came in since");
}

#[test]
fn it_is_never_captured_while_a_message_is_in_hand() {
    let mut shell = welcomed();
    shell.hands_over = false;
    shell.receive();
    let next = shell.receive();
    assert_eq!(shell.engine.handed_over(0), 1);
    shell.hides();
    shell.wait(ms(30_000));
    assert_eq!(shell.take_snapshots(), []);
    shell.handed_over();
    let outputs = shell.take();
    let message = |output: &Output<u32>| matches!(output, Output::Message { payload, .. } if *payload == next);
    let captured = outputs
        .iter()
        .position(|output| *output == Output::Capture(Capture::Hiding));
    assert!(
        captured < outputs.iter().position(message),
        "before the next"
    );
    assert_eq!(shell.engine.handed_over(0), 2);
}

/// [P84] The server would send nothing any more, while the interval is not over.
#[test]
fn half_a_window_is_captured_at_once() {
    let mut shell = welcomed();
    shell.captures = Captured::Unchanged;
    for _ in 2..2_048 {
        shell.receive();
    }
    assert_eq!(shell.take_snapshots(), []);
    shell.receive();
    assert_eq!(shell.take_snapshots(), [DUE, POSITIONS]);
    for _ in 0..3_000 {
        shell.receive();
    }
    assert_eq!(shell.take_snapshots(), [], "one is on its way");
    shell.saved();
    assert_eq!(shell.take_snapshots(), [DUE, POSITIONS]);
    shell.saved();
    for _ in 0..2_047 {
        shell.receive();
    }
    assert_eq!(shell.take_snapshots(), []);
    shell.receive();
    assert_eq!(shell.take_snapshots(), [DUE, POSITIONS]);
}

#[test]
fn half_a_window_of_bytes_is_captured_at_once() {
    let mut shell = welcomed();
    shell.receive_bytes(500_000);
    assert_eq!(shell.take_snapshots(), []);
    shell.receive_bytes(30_000);
    assert_eq!(shell.take_snapshots(), [DUE, STATE]);
}

/// [P134]
#[test]
fn what_cannot_be_stored_lets_acknowledgement_follow_hand_over() {
    for failure in [Captured::Failed, Captured::Nothing] {
        let mut shell = welcomed();
        shell.captures = failure;
        shell.wait(ms(5_000));
        assert_eq!(shell.take_snapshots(), [DUE, handed(1)], "{failure:?}");
        shell.receive();
        shell.wait(ms(100));
        assert_eq!(shell.take_snapshots(), [handed(2)]);
        shell.captures = Captured::Changed;
        shell.until(|output| *output == STATE);
        shell.saved();
        shell.take();
        shell.receive();
        shell.wait(ms(100));
        assert_eq!(shell.take_snapshots(), []);
    }
    let mut shell = welcomed();
    shell.wait(ms(5_000));
    shell.unsaved(Unsaved::Refused, 0);
    assert_eq!(shell.take_snapshots(), [DUE, STATE, handed(1)]);
}

/// Then the stored one holds again, at the place where the stream is now.
#[test]
fn a_state_that_is_the_stored_one_again_moves_it() {
    let mut shell = welcomed();
    shell.captures = Captured::Failed;
    shell.wait(ms(5_000));
    shell.captures = Captured::Unchanged;
    shell.take();
    shell.wait(ms(5_000));
    assert_eq!(shell.take_snapshots(), [DUE, POSITIONS]);
    shell.saved();
    shell.receive();
    shell.wait(ms(1_000));
    assert_eq!(shell.take_snapshots(), []);
}

#[test]
fn what_is_stored_elsewhere_is_acknowledged_as_it_was_captured() {
    let mut shell = started(elsewhere());
    shell.wait(ms(5_000));
    assert_eq!(shell.take_snapshots(), [DUE, STATE]);
    shell.receive();
    shell.saved();
    assert_eq!(shell.take_snapshots(), [handed(1)], "not 2");
    shell.wait(ms(4_000));
    assert_eq!(shell.take_snapshots(), []);
}

#[test]
fn what_was_stored_elsewhere_without_a_link_is_told_with_the_next_save() {
    let mut shell = started(elsewhere());
    shell.wait(ms(5_000));
    shell.link_closes(1006);
    shell.saved();
    shell.until_dial();
    shell.link_opens();
    shell.welcome(resumed(0));
    shell.from(0, 1, 2, GapReason::None);
    shell.take();
    shell.captures = Captured::Unchanged;
    shell.wait(ms(5_000));
    assert_eq!(shell.take_snapshots(), [DUE, POSITIONS]);
    shell.saved();
    assert_eq!(shell.take_snapshots(), [handed(1)]);
}

#[test]
fn a_save_on_its_way_belongs_to_the_log_of_its_time() {
    let mut shell = started(elsewhere());
    shell.wait(ms(5_000));
    shell.from(0, 2, 1, GapReason::Epoch);
    shell.receive();
    shell.take();
    shell.saved();
    assert_eq!(shell.take_snapshots(), []);
}
