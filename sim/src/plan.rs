//! What is drawn for a seed before anything happens, so that a part can be left out and the rest stays.

mod acts;
mod class;
mod draw;
mod tuning;

pub use acts::{Act, Cut, Direction, Hint, Kind, Mischief, Trouble, What};
pub use class::{Class, Classes};
pub use tuning::{Tuning, Weather};

use crate::dice::Dice;

/// A bad day: which faults there are, how hard, and what everybody does when.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// How many clients there are, each with a session of its own: 1 to 3.
    pub clients: usize,
    /// For how long there are faults, in microseconds. Afterwards all must come right.
    pub duration: u64,
    /// What goes wrong by itself.
    pub weather: Weather,
    /// Bounds and times of both sides.
    pub tuning: Tuning,
    /// The first links are cut when so many frames have arrived in this direction.
    pub cuts: Vec<(Direction, u64)>,
    /// What is done, in the order of time. An act keeps its place when others are left out.
    pub acts: Vec<Act>,
}

/// A part of a plan to play.
#[derive(Clone, Debug, Default)]
pub struct Reduction {
    /// Kinds of fault that are left out.
    pub without: Classes,
    /// The places of the acts that stay; `None`: all.
    pub keep: Option<Vec<usize>>,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        Self::reduced(seed, &Reduction::default())
    }

    /// A short day without a fault but those that are given: the first links are cut at these frames,
    /// and these acts are done before some sending each way.
    #[must_use]
    pub fn short(cuts: Vec<(Direction, u64)>, faults: Vec<What>) -> Self {
        let none = Classes::default();
        let mut acts = draw::conversation();
        acts.extend(faults.into_iter().map(|what| (0, what)));
        acts.sort_by_key(|(at, _)| *at);
        let acts = acts.into_iter().enumerate();
        Self {
            seed: 0,
            clients: 2,
            duration: 2_000_000,
            weather: Weather::draw(&mut Dice::new(0, 2), none),
            tuning: Tuning::draw(&mut Dice::new(0, 3), none),
            cuts,
            acts: acts
                .map(|(place, (at, what))| Act { place, at, what })
                .collect(),
        }
    }

    /// The plan of a seed without what `reduction` leaves out.
    #[must_use]
    pub fn reduced(seed: u64, reduction: &Reduction) -> Self {
        let mut dice = Dice::new(seed, 1);
        let drawn = Classes::draw(&mut dice);
        let clients = dice.pick(&[1, 1, 2, 2, 3]);
        let duration = dice.between(10, 90) * 1_000_000;
        let on = drawn.without(reduction.without);
        // Each part draws from a source of its own, whatever is left out.
        let weather = Weather::draw(&mut Dice::new(seed, 2), on);
        let tuning = Tuning::draw(&mut Dice::new(seed, 3), on);
        let mut acts = draw::acts(&mut Dice::new(seed, 4), drawn, clients, duration);
        acts.retain(|act| act.what.class().is_none_or(|class| on.has(class)));
        if let Some(keep) = &reduction.keep {
            acts.retain(|act| keep.contains(&act.place));
        }
        Self {
            seed,
            clients,
            duration,
            weather,
            tuning,
            cuts: Vec::new(),
            acts,
        }
    }
}
