//! No day breaks a rule, and a reduced day is a part of the whole one.

use steadfast_sim::{Class, Classes, Plan, Reduction, Trace, World};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Days that are played here: with debug assertions, which a release build has not.
const DAYS: u64 = 60;

#[test]
fn no_day_breaks_a_rule() {
    for seed in 1_000_000..1_000_000 + DAYS {
        if let Some(broken) = World::play(Plan::draw(seed), Trace::Off).broken {
            panic!(
                "seed {seed} breaks {broken}\ncargo run --release -p steadfast-sim -- --seed {seed}"
            );
        }
    }
}

/// Days on which something was broken that is mended, or was taken for it: as long as no fault is added they are the
/// same days.
const BROKEN_ONCE: [u64; 11] = [
    56, 189, 194, 242, 293, 3_186, 3_581, 3_698, 4_235, 31_947, 31_967,
];

#[test]
fn what_was_broken_once_is_not_again() {
    for seed in BROKEN_ONCE {
        let broken = World::play(Plan::draw(seed), Trace::Off).broken;
        assert_eq!(broken, None, "seed {seed}");
    }
}

/// What a shrunk day leaves out must not change what stays.
#[test]
fn leaving_out_a_kind_of_fault_changes_no_other() {
    for seed in 0..50 {
        let whole = Plan::draw(seed);
        let mut without = Classes::default();
        without.add(Class::Kill);
        let reduction = Reduction {
            without,
            keep: None,
        };
        let part = Plan::reduced(seed, &reduction);
        let stay = |plan: &Plan| -> Vec<String> {
            let acts = plan
                .acts
                .iter()
                .filter(|act| act.what.class() != Some(Class::Kill));
            acts.map(|act| format!("{act:?}")).collect()
        };
        assert_eq!(stay(&whole), stay(&part), "seed {seed}");
        assert_eq!(stay(&part).len(), part.acts.len(), "seed {seed}");
    }
}
