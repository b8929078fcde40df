//! Short days on which every frame is the last of its link, and every step the last of its process.

use steadfast_sim::plan::{Direction, What};
use steadfast_sim::{Plan, Trace, World};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn holds(what: &str, plan: Plan) -> bool {
    let day = World::play(plan, Trace::Off);
    assert_eq!(day.broken, None, "{what}");
    day.tally.faults.values().sum::<u64>() > 0
}

/// The links of both clients, and the link that follows, are cut at every pair of frames.
#[test]
fn every_frame_can_be_the_last() {
    let mut faults = 0;
    for first in 0..14 {
        for second in 0..8 {
            for directions in [
                [Direction::Up, Direction::Up],
                [Direction::Up, Direction::Down],
                [Direction::Down, Direction::Up],
                [Direction::Down, Direction::Down],
            ] {
                let cuts = vec![
                    (directions[0], first),
                    (directions[1], second),
                    (directions[1], second),
                ];
                let what = format!("cut at {cuts:?}");
                faults += u32::from(holds(&what, Plan::short(cuts, Vec::new())));
            }
        }
    }
    assert!(faults > 400, "{faults} days with a cut");
}

/// The process is killed, or its power cut, at each of its steps.
#[test]
fn every_step_can_be_the_last() {
    let mut faults = 0;
    for steps in 0..100 {
        for power in [false, true] {
            let kill = What::Kill {
                steps,
                down: 50_000,
                power,
            };
            let what = format!("{kill:?}");
            faults += u32::from(holds(&what, Plan::short(Vec::new(), vec![kill])));
        }
    }
    assert!(faults > 150, "{faults} days with an end");
}
