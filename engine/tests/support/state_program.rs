//! What storage and the application's state do on a bad day.

use proptest::bool::weighted;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use steadfast_engine::{Captured, Input, Refusal, Restored, SnapshotConfig, Unsaved};

use super::{ORPHAN, PRIORITIES, Payload, Record, Shell, message, ms};

/// One thing that happens to what is kept.
#[derive(Clone, Debug)]
pub(crate) enum StateOp {
    /// Whether storage answers at once from now on; what waits is answered.
    Stores(bool),
    /// It answers one of the questions that wait; `no`: another page has the lock.
    Answers {
        nth: usize,
        no: bool,
    },
    /// Another page has left a memory, and may tell of it.
    Left {
        numbers: [u64; 3],
        keyed: bool,
        record: Option<Record>,
        told: bool,
    },
    /// A row of a page that is gone comes late.
    Late {
        nth: u32,
    },
    /// Storage tells once more of a memory.
    Found {
        nth: usize,
        follows: bool,
    },
    /// Another page wants a memory.
    Wanted {
        nth: usize,
    },
    /// Storage fails, or works again.
    Storage(bool),
    /// It gives a row that nobody waits for any more.
    Stray,
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
            Self::Checkpoint => return check_point(shell),
            Self::Stores(_)
            | Self::Answers { .. }
            | Self::Left { .. }
            | Self::Late { .. }
            | Self::Found { .. }
            | Self::Wanted { .. }
            | Self::Storage(_)
            | Self::Stray => return self.store(shell),
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

impl StateOp {
    /// What only a durable queue has.
    fn store(&self, shell: &mut Shell) {
        if !shell.audit.config.persist || shell.engine.state().is_final() {
            return;
        }
        let known = |nth: usize, shell: &Shell| {
            let known = shell.audit.rows.memories();
            known.get(nth % known.len().max(1)).copied()
        };
        let input = match *self {
            Self::Stores(stores) => {
                shell.stores = stores;
                return if stores {
                    shell.storage_answers()
                };
            }
            Self::Answers { nth, no } => {
                let asks = &shell.audit.rows.asks;
                let ask = asks.get(nth % asks.len().max(1)).copied();
                return ask.into_iter().for_each(|ask| shell.answers(ask, no));
            }
            Self::Left {
                numbers,
                keyed,
                record,
                told,
            } => {
                let memory = leave(shell, numbers, keyed, record);
                if !told {
                    return;
                }
                shell.audit.rows.found(memory)
            }
            Self::Late { nth } => {
                let left = shell.audit.rows.next_memory() - ORPHAN;
                let memory = ORPHAN + nth % left.max(1);
                let number = shell.audit.rows.last(memory, 1) + 1;
                let row = row(shell, memory, 1, number);
                return shell.audit.rows.leave(None, [row]);
            }
            Self::Found { nth, follows } => match (known(nth, shell), follows) {
                (Some(memory), true) => shell.audit.rows.found(memory),
                (Some(memory), false) => Input::Found {
                    memory,
                    place: 1,
                    follows,
                },
                _ => return,
            },
            Self::Wanted { nth } => match known(nth, shell) {
                Some(memory) if memory != shell.engine.memory() => Input::Wanted { memory },
                _ => return,
            },
            Self::Storage(works) => Input::Storage { works },
            _ => match shell.audit.rows.stray(|payload| shell.audit.holds(payload)) {
                Some(restored) if !shell.audit.rows.reads(restored.memory) => {
                    Input::Restored(restored)
                }
                _ => return,
            },
        };
        assert_eq!(shell.give(input), Ok(()));
    }
}

fn check_point(shell: &mut Shell) {
    shell.captures = Captured::Unchanged;
    shell.receive();
    let _: Result<(), Refusal> = shell.give(Input::HandedOver);
    shell.wait(ms(3_000));
}

/// The row of a page that is gone, and its lane.
fn row(shell: &mut Shell, memory: u32, lane: usize, number: u64) -> Restored<Payload> {
    let mut send = message(shell.fresh_payload(), 10);
    send.priority = PRIORITIES[lane];
    Restored {
        memory,
        send,
        number,
    }
}

fn leave(shell: &mut Shell, numbers: [u64; 3], keyed: bool, record: Option<Record>) -> u32 {
    let memory = shell.audit.rows.next_memory();
    for (lane, rows) in numbers.into_iter().enumerate() {
        for number in 1..=rows {
            // With holes.
            let mut row = row(shell, memory, lane, number * 2);
            row.send.key = keyed.then_some(1_000_000 + lane as u32);
            row.send.ttl = keyed.then_some(ms(500 * number));
            shell.audit.rows.leave(record, [row]);
        }
    }
    memory
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
    let record = (0_u64..4, 0_u32..3, any::<bool>());
    let record = record.prop_map(|(place, user, follows)| Record {
        place,
        user,
        follows,
    });
    let numbers =
        (0_u64..3, 0_u64..5, 0_u64..3).prop_map(|(high, normal, low)| [high, normal, low]);
    let left = (numbers, weighted(0.3), weighted(0.9), record, any::<bool>());
    let left = left.prop_map(|(numbers, keyed, has, record, told)| StateOp::Left {
        numbers,
        keyed,
        record: has.then_some(record),
        told,
    });
    prop_oneof![
        3 => any::<bool>().prop_map(StateOp::Stores),
        4 => (0_usize..8, weighted(0.1)).prop_map(|(nth, no)| StateOp::Answers { nth, no }),
        3 => left,
        1 => (0_u32..4).prop_map(|nth| StateOp::Late { nth }),
        1 => (0_usize..4, any::<bool>()).prop_map(|(nth, follows)| StateOp::Found { nth, follows }),
        1 => (0_usize..4).prop_map(|nth| StateOp::Wanted { nth }),
        3 => any::<bool>().prop_map(StateOp::Storage),
        1 => Just(StateOp::Stray),
        3 => captured().prop_map(StateOp::Captures),
        8 => Just(StateOp::Saved),
        2 => (why, 0_u64..3_000).prop_map(|(why, after_ms)| StateOp::Unsaved { why, after_ms }),
        2 => Just(StateOp::Snapshot),
        2 => Just(StateOp::Hide),
        6 => Just(StateOp::Checkpoint),
        1 => captured().prop_map(StateOp::Answer),
    ]
}
