//! The application's state: when it is captured, and what follows.

use steadfast_engine::{
    Capture, Captured, Config, GapReason, Input, Output, Refusal, Save, SnapshotConfig, Unsaved,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Shell, ms, resumed, session};

/// A client with a session, whose state is a document of its own.
fn document() -> Config {
    let snapshot = SnapshotConfig {
        checkpoint: false,
        ..SnapshotConfig::default()
    };
    Config {
        snapshot: Some(snapshot),
        ..session()
    }
}

fn open() -> Shell {
    let mut shell = Shell::new(document());
    shell.captures = Captured::Unchanged;
    shell.connect();
    shell.link_opens();
    shell.welcome(resumed(0));
    shell.take();
    shell
}

/// Changed since it was saved.
fn changed() -> Shell {
    let mut shell = open();
    shell.captures = Captured::Changed;
    shell
}

const fn capture(why: Capture) -> Output<u32> {
    Output::Capture(why)
}

const STATE: Output<u32> = Output::Save(Save::State);

fn ask(shell: &mut Shell, ticket: u32) {
    assert_eq!(shell.give(Input::Snapshot(ticket)), Ok(()));
}

#[test]
fn it_is_looked_at_every_interval_while_the_link_is_open() {
    let mut shell = open();
    for _ in 0..3 {
        let span = shell.until(|output| matches!(output, Output::Capture(_)));
        assert_eq!(span, ms(5_000));
        assert_eq!(shell.take_snapshots(), [capture(Capture::Due)]);
    }
}

/// Nobody knows which comes first, the next link or the end of the page.
#[test]
fn without_a_link_it_is_looked_at_as_that_of_a_hidden_page() {
    let mut shell = changed();
    shell.wait(ms(4_000));
    shell.link_closes(1006);
    shell.wait(ms(11_000));
    let looked = [const { capture(Capture::Hiding) }; 3];
    assert_eq!(shell.take_snapshots(), looked);
    assert_eq!(shell.give(Input::Close), Ok(()));
    shell.wait(ms(20_000));
    assert_eq!(shell.take_snapshots(), []);
}

#[test]
fn it_is_saved_only_when_it_has_changed_and_one_at_a_time() {
    let mut shell = changed();
    shell.wait(ms(5_000));
    assert_eq!(shell.take_snapshots(), [capture(Capture::Due), STATE]);
    shell.wait(ms(20_000));
    assert_eq!(shell.take_snapshots(), [], "the server has not answered");
    shell.saved();
    assert_eq!(shell.take_snapshots(), [capture(Capture::Due), STATE]);
}

/// What it was before is still to be restored.
#[test]
fn it_is_not_captured_before_a_link_was_open() {
    let mut shell = Shell::new(document());
    shell.connect();
    shell.hides();
    ask(&mut shell, 3);
    shell.wait(ms(9_000));
    assert_eq!(shell.take_snapshots(), []);
    shell.link_opens();
    shell.welcome(resumed(0));
    assert_eq!(shell.take_snapshots(), [capture(Capture::Asked), STATE]);
}

#[test]
fn whoever_asks_is_told_when_that_state_is_saved() {
    let mut shell = changed();
    ask(&mut shell, 3);
    assert_eq!(shell.take_snapshots(), [capture(Capture::Asked), STATE]);
    ask(&mut shell, 4);
    shell.saved();
    assert_eq!(
        shell.take_settled(),
        [(3, true)],
        "4 asked for what came after"
    );
    shell.saved();
    assert_eq!(shell.take_settled(), [(4, true)]);
    shell.captures = Captured::Unchanged;
    ask(&mut shell, 5);
    assert_eq!(shell.take_settled(), [(5, true)]);
}

#[test]
fn whoever_asks_is_told_what_fails() {
    let mut shell = changed();
    ask(&mut shell, 3);
    shell.unsaved(Unsaved::Refused, 0);
    assert_eq!(shell.take_settled(), [(3, false)]);
    shell.captures = Captured::Failed;
    ask(&mut shell, 4);
    assert_eq!(shell.take_settled(), [(4, false)]);
    shell.captures = Captured::Nothing;
    ask(&mut shell, 5);
    assert_eq!(shell.take_settled(), [(5, true)], "there is none");
    shell.link_closes(1006);
    ask(&mut shell, 6);
    assert_eq!(shell.give(Input::Close), Ok(()));
    assert_eq!(shell.take_settled(), [(6, false)]);
    assert_eq!(shell.give(Input::Snapshot(7)), Err(Refusal::Closed));
}

#[test]
fn what_was_lost_is_saved_again_on_the_next_link() {
    let mut shell = changed();
    ask(&mut shell, 3);
    shell.comes_back(resumed(0));
    assert_eq!(shell.take_snapshots(), [], "nobody knows yet");
    shell.unsaved(Unsaved::Lost, 0);
    assert_eq!(shell.take_settled(), []);
    shell.wait(ms(0));
    assert_eq!(shell.take_snapshots(), [capture(Capture::Due), STATE]);
    shell.saved();
    assert_eq!(shell.take_settled(), [(3, true)]);
}

#[test]
fn it_is_tried_again_when_the_other_side_says() {
    let mut shell = changed();
    ask(&mut shell, 3);
    shell.take();
    shell.unsaved(Unsaved::Lost, 700);
    let span = shell.until(|output| matches!(output, Output::Capture(_)));
    assert_eq!(span, ms(700));

    shell.take();
    shell.unsaved(Unsaved::Refused, 700);
    let span = shell.until(|output| matches!(output, Output::Capture(_)));
    assert_eq!(span, ms(5_000), "it is refused as it is");

    shell.take();
    shell.unsaved(Unsaved::Refused, 9_000);
    let span = shell.until(|output| matches!(output, Output::Capture(_)));
    assert_eq!(span, ms(9_000));
}

#[test]
fn the_loser_of_a_race_saves_nothing_unless_the_application_asks() {
    let mut shell = changed();
    ask(&mut shell, 3);
    shell.unsaved(Unsaved::Stale, 0);
    assert_eq!(shell.take_settled(), [(3, false)]);
    shell.wait(ms(25_000));
    shell.hides();
    shell.comes_back(resumed(0));
    shell.wait(ms(25_000));
    assert_eq!(shell.take_snapshots(), []);
    ask(&mut shell, 4);
    assert_eq!(shell.take_snapshots(), [capture(Capture::Asked), STATE]);
    shell.saved();
    shell.take();
    shell.wait(ms(5_000));
    assert_eq!(shell.take_snapshots(), [capture(Capture::Due), STATE]);
}

#[test]
fn a_page_that_hides_is_captured_at_once() {
    let mut shell = changed();
    shell.hides();
    assert_eq!(shell.take_snapshots(), [capture(Capture::Hiding), STATE]);
}

/// Its copy on this machine does not wait for the server.
#[test]
fn a_page_that_hides_is_captured_without_a_link_too() {
    let mut shell = changed();
    shell.link_closes(1006);
    shell.take();
    shell.hides();
    assert_eq!(shell.take_snapshots(), [capture(Capture::Hiding)]);
    shell.until_dial();
    shell.link_opens();
    shell.welcome(resumed(0));
    assert_eq!(
        shell.take_snapshots(),
        [capture(Capture::Due), STATE],
        "the server has it as soon as it can"
    );
}

#[test]
fn a_page_that_hides_is_captured_while_another_state_is_on_its_way() {
    let mut shell = changed();
    ask(&mut shell, 3);
    shell.take();
    shell.hides();
    assert_eq!(shell.take_snapshots(), [capture(Capture::Hiding)]);
    shell.saved();
    assert_eq!(shell.take_snapshots(), [capture(Capture::Due), STATE]);
}

#[test]
fn a_message_in_hand_is_no_matter_to_a_document() {
    let mut shell = changed();
    shell.hands_over = false;
    assert_eq!(shell.give(Input::Listen(true)), Ok(()));
    shell.from(0, 1, 1, GapReason::None);
    shell.receive();
    assert!(shell.engine.has_in_hand());
    shell.hides();
    assert_eq!(shell.take_snapshots(), [capture(Capture::Hiding), STATE]);
}

#[test]
fn it_needs_no_session() {
    let mut shell = Shell::open(Config {
        snapshot: Some(SnapshotConfig::default()),
        ..Config::default()
    });
    shell.wait(ms(5_000));
    assert_eq!(shell.take_snapshots(), [capture(Capture::Due), STATE]);
    shell.saved();
    shell.hides();
    assert_eq!(shell.take_snapshots(), [capture(Capture::Hiding), STATE]);
}
