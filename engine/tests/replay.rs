//! The same bad days give the same trace on every platform.

use steadfast_engine::{Captured, Config, Rng, SnapshotConfig, Unsaved};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Answer, ClaimOp, Op, Record, SessionOp, Shell, StateOp};

/// What 200 days of 200 inputs come to. That it is the same number natively and in wasm is the proof
/// that both behave alike. Any change of behaviour changes it too: then take over the number that
/// the failing test prints.
const TRACES: u64 = 0x5481_d1e9_9d3c_1d66;

#[test]
fn the_trace_is_the_same_everywhere() {
    let mut hash = Fnv::new();
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let config = Config {
            greets: seed % 3 == 0,
            decides: seed % 4 == 0,
            ..Config::default()
        };
        let mut shell = Shell::with_seed(config, seed);
        (shell.decide, shell.greeting_bytes) = (Answer::Table, Some(30));
        shell.connect();
        for _ in 0..200 {
            draw(&mut rng).apply(&mut shell);
        }
        shell.trace.iter().for_each(|line| hash.add(line));
        hash.add(&format!("{:?}", shell.engine.health(shell.now)));
    }
    println!("traces: {:#018x}", hash.0);
    assert_eq!(
        hash.0, TRACES,
        "{:#018x}: behaviour has changed, or differs here",
        hash.0
    );
}

/// What as many days of clients come to that have a durable queue, a checkpoint, or both.
const STATE_TRACES: u64 = 0x7a24_4d04_a9a5_d175;

#[test]
fn the_trace_of_what_is_kept_is_the_same_everywhere() {
    let mut hash = Fnv::new();
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let config = Config {
            session: true,
            persist: seed % 3 > 0,
            snapshot: (seed % 3 < 2).then(|| SnapshotConfig {
                acknowledges: seed % 2 == 0,
                ..SnapshotConfig::default()
            }),
            ..Config::default()
        };
        let mut shell = Shell::with_seed(config, seed);
        shell.decide = Answer::Table;
        (shell.adopts, shell.audit.rows.batch) = (false, 2);
        for _ in 0..200 {
            let op = match rng.next_u64() % 3 {
                0 => draw(&mut rng),
                _ => Op::Session(0, draw_state(&mut rng)),
            };
            op.apply(&mut shell);
        }
        shell.trace.iter().for_each(|line| hash.add(line));
    }
    println!("traces: {:#018x}", hash.0);
    assert_eq!(
        hash.0, STATE_TRACES,
        "{:#018x}: behaviour has changed, or differs here",
        hash.0
    );
}

fn draw_claim(rng: &mut Rng) -> ClaimOp {
    let mut below = |bound: u64| rng.next_u64() % bound;
    match below(8) {
        0 => ClaimOp::Forgotten,
        1 => ClaimOp::Refused,
        _ => ClaimOp::Accepted {
            of_flight: below(10),
            off: 0,
        },
    }
}

fn draw_state(rng: &mut Rng) -> SessionOp {
    let mut below = |bound: u64| rng.next_u64() % bound;
    match below(16) {
        0..=2 => SessionOp::ComesUp {
            of_flight: below(10),
        },
        3..=5 => SessionOp::TaskOver,
        6 => SessionOp::Stored {
            of_flight: below(10),
            off: 0,
        },
        7 => SessionOp::HandedOver,
        8 => SessionOp::Adopted {
            nth: below(4) as usize,
            claim: draw_claim(rng),
        },
        _ => SessionOp::State(match below(13) {
            0 => StateOp::Stores(below(2) == 0),
            1 => StateOp::Answers {
                nth: below(4) as usize,
                no: below(10) == 0,
            },
            8 | 9 => StateOp::Left {
                numbers: [below(2), below(4), below(2)],
                keyed: below(3) == 0,
                record: (below(8) > 0).then(|| Record {
                    place: below(4),
                    user: below(3) as u32,
                    follows: below(2) == 0,
                }),
                told: below(2) == 0,
            },
            10 => StateOp::Wanted {
                nth: below(4) as usize,
            },
            11 => StateOp::Storage(below(2) == 0),
            2 => StateOp::Captures([Captured::Changed, Captured::Unchanged][below(2) as usize]),
            3 | 4 => StateOp::Saved,
            5 => StateOp::Unsaved {
                why: [Unsaved::Lost, Unsaved::Refused, Unsaved::Stale][below(3) as usize],
                after_ms: below(2_000),
            },
            6 => StateOp::Snapshot,
            7 => StateOp::Hide,
            _ => StateOp::Checkpoint,
        }),
    }
}

/// Days are drawn by the engine's own generator: no other library's version changes them.
fn draw(rng: &mut Rng) -> Op {
    let mut below = |bound: u64| rng.next_u64() % bound;
    match below(20) {
        0..=2 => Op::Send {
            bytes: below(400_000) as u32,
            priority: [
                steadfast_engine::Priority::High,
                steadfast_engine::Priority::Normal,
                steadfast_engine::Priority::Low,
            ][below(3) as usize],
            key: (below(4) == 0).then_some(1_000_000),
            ttl_ms: (below(4) == 0).then_some(below(5_000)),
            volatile: below(10) == 0,
            ticket: below(2) == 0,
        },
        3..=6 => Op::Opened { age: 0 },
        7..=9 => Op::Message {
            age: 0,
            bytes: below(10_000) as u32,
            is_pong: below(2) == 0,
        },
        10 => Op::Closed {
            age: 0,
            code: [1000, 1001, 1006, 1009, 1013, 4401][below(6) as usize],
            was_clean: below(2) == 0,
        },
        11 => [
            Op::Wake,
            Op::Online,
            Op::Offline,
            Op::Suspend,
            Op::Resume,
            Op::Reconnect,
        ][below(6) as usize]
            .clone(),
        12 => Op::Rate([None, Some(1_000), Some(500_000)][below(3) as usize]),
        13 => {
            [Op::Flush, Op::Ping, Op::Connect, Op::Withdraw { ago: 2 }][below(4) as usize].clone()
        }
        14 => Op::Listen(below(2) == 0),
        15 => Op::Sleep { ms: below(100_000) },
        _ => Op::Wait { ms: below(10_000) },
    }
}

/// FNV-1a of 64 bits.
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, line: &str) {
        for byte in line.bytes().chain([b'\n']) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
