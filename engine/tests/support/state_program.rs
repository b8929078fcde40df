//! What storage and the application's state do on a bad day.

use proptest::bool::weighted;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use steadfast_engine::{Captured, Input, Refusal, SnapshotConfig, Unsaved};

use super::{Shell, ms, restored};

/// One thing that happens to what is kept.
#[derive(Clone, Debug)]
pub(crate) enum StateOp {
    /// Whether commits are answered at once from now on; one that waits is.
    Writes(bool),
    /// Storage is read, if it is to be.
    Recalled,
    /// It holds other messages than this page's, and so much fewer numbers.
    RecalledFrom {
        numbers: [u64; 3],
        back: u64,
    },
    /// What the application says from now on when it is asked for its state.
    Captures(Captured),
    Saved,
    Unsaved {
        why: Unsaved,
        after_ms: u64,
    },
    Snapshot,
    Hide,
    /// A message comes in, and changes nothing in a state that is looked at soon.
    Checkpoint,
    /// An answer that nobody asked for.
    Answer(Captured),
}

impl StateOp {
    pub(crate) fn apply(&self, shell: &mut Shell) {
        let input = match *self {
            Self::Writes(writes) => {
                shell.writes = writes;
                if !(writes && shell.audit.rows.commits) {
                    return;
                }
                Input::Written
            }
            Self::Checkpoint => return check_point(shell),
            Self::Recalled => return shell.reads_storage(),
            Self::RecalledFrom { numbers, back } => return read_others(numbers, back, shell),
            Self::Captures(captured) => {
                shell.captures = captured;
                return;
            }
            Self::Saved => Input::Saved,
            Self::Unsaved { why, after_ms } => Input::Unsaved {
                why,
                after: ms(after_ms),
            },
            Self::Snapshot => Input::Snapshot(shell.fresh_payload()),
            Self::Hide => Input::Hide,
            Self::Answer(captured) => Input::Captured(captured),
        };
        let _: Result<(), Refusal> = shell.give(input);
    }
}

fn check_point(shell: &mut Shell) {
    shell.captures = Captured::Unchanged;
    shell.receive();
    let _: Result<(), Refusal> = shell.give(Input::HandedOver);
    shell.wait(ms(3_000));
}

fn read_others(numbers: [u64; 3], back: u64, shell: &mut Shell) {
    if !shell.audit.config.persist || shell.audit.rows.recalled {
        return;
    }
    for number in numbers {
        let mut row = restored(shell.fresh_payload(), number);
        // They are older than their payloads say; of what has a key that is not looked at.
        row.send.key = Some(2_000_000 + row.send.payload);
        if shell.give(Input::Restored(row)).is_err() {
            return;
        }
    }
    let last = shell.audit.rows.last.max(numbers[2]).saturating_sub(back);
    assert_eq!(shell.give(Input::Recalled { last }), Ok(()));
}

/// Any way to save the state.
pub(crate) fn snapshot() -> impl Strategy<Value = SnapshotConfig> {
    (10_u64..3_000, weighted(0.7), weighted(0.3)).prop_map(
        |(interval, checkpoint, acknowledges)| SnapshotConfig {
            interval: ms(interval),
            checkpoint,
            acknowledges,
        },
    )
}

pub(crate) fn state_op() -> impl Strategy<Value = StateOp> {
    let captured = || {
        prop_oneof![
            3 => Just(Captured::Changed),
            3 => Just(Captured::Unchanged),
            1 => Just(Captured::Failed),
            1 => Just(Captured::Nothing),
        ]
    };
    let why = prop_oneof![
        3 => Just(Unsaved::Lost),
        1 => Just(Unsaved::Refused),
        1 => Just(Unsaved::Stale),
    ];
    let numbers = (0_u64..3, 0_u64..3, 0_u64..3);
    let back = prop_oneof![4 => Just(0_u64), 1 => 0_u64..9];
    prop_oneof![
        4 => any::<bool>().prop_map(StateOp::Writes),
        4 => Just(StateOp::Recalled),
        1 => (numbers, back).prop_map(|((a, b, c), back)| {
            let numbers = if a == 0 { [0, 0, 0] } else { [a, a + b + 1, a + b + c + 2] };
            StateOp::RecalledFrom { numbers, back }
        }),
        3 => captured().prop_map(StateOp::Captures),
        8 => Just(StateOp::Saved),
        2 => (why, 0_u64..3_000).prop_map(|(why, after_ms)| StateOp::Unsaved { why, after_ms }),
        2 => Just(StateOp::Snapshot),
        2 => Just(StateOp::Hide),
        4 => Just(StateOp::Checkpoint),
        1 => captured().prop_map(StateOp::Answer),
    ]
}
