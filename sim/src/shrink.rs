//! Finding the smallest part of a plan that still breaks the same rule.

use crate::{Broken, Class, Classes, Day, Plan, Reduction, Trace, World};

/// A part of a plan that breaks a rule, and how.
#[derive(Debug)]
pub struct Shrunk {
    /// What is left out.
    pub reduction: Reduction,
    /// What is broken.
    pub broken: Broken,
    /// How it came to it.
    pub lines: Vec<String>,
}

/// Leaves out kinds of faults, then acts, as long as the same rule is broken. Plays at most `tries`
/// days.
#[must_use]
pub fn shrink(seed: u64, reduction: &Reduction, broken: &Broken, tries: usize) -> Shrunk {
    let mut shrinker = Shrinker {
        seed,
        rule: broken.rule,
        tries,
    };
    let mut best = reduction.clone();
    shrinker.leave_out_classes(&mut best);
    shrinker.leave_out_acts(&mut best);
    shrinker.leave_out_classes(&mut best);
    let day = World::play(Plan::reduced(seed, &best), Trace::Lines(Vec::new()));
    Shrunk {
        reduction: best,
        broken: day.broken.unwrap_or_else(|| broken.clone()),
        lines: match day.trace {
            Trace::Lines(lines) => lines,
            _ => Vec::new(),
        },
    }
}

struct Shrinker {
    seed: u64,
    rule: &'static str,
    tries: usize,
}

impl Shrinker {
    /// Whether this part still breaks the rule.
    fn breaks(&mut self, reduction: &Reduction) -> bool {
        if self.tries == 0 {
            return false;
        }
        self.tries -= 1;
        let Day { broken, .. } = World::play(Plan::reduced(self.seed, reduction), Trace::Off);
        broken.is_some_and(|broken| broken.rule == self.rule)
    }

    fn leave_out_classes(&mut self, best: &mut Reduction) {
        for &class in Class::ALL {
            if best.without.has(class) {
                continue;
            }
            let mut fewer = best.clone();
            fewer.without.add(class);
            if self.breaks(&fewer) {
                *best = fewer;
            }
        }
    }

    /// Halves, quarters and so on (delta debugging).
    fn leave_out_acts(&mut self, best: &mut Reduction) {
        let plan = Plan::reduced(self.seed, best);
        let mut kept: Vec<usize> = plan.acts.iter().map(|act| act.place).collect();
        let mut size = kept.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < kept.len() {
                let mut fewer = kept.clone();
                fewer.drain(at..(at + size).min(kept.len()));
                let reduction = Reduction {
                    keep: Some(fewer.clone()),
                    ..best.clone()
                };
                if self.breaks(&reduction) {
                    kept = fewer;
                } else {
                    at += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        best.keep = Some(kept);
    }
}

/// What to type to play this part again.
#[must_use]
pub fn command(seed: u64, reduction: &Reduction) -> String {
    let mut command = format!("cargo run --release -p steadfast-sim -- --seed {seed} --trace");
    if reduction.without != Classes::default() {
        let names: Vec<&str> = reduction.without.iter().map(Class::name).collect();
        command.push_str(&format!(" --without {}", names.join(",")));
    }
    if let Some(keep) = &reduction.keep {
        let places: Vec<String> = keep.iter().map(ToString::to_string).collect();
        command.push_str(&format!(" --keep {}", places.join(",")));
    }
    command
}
