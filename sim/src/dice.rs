//! Choices that follow from a seed.

use steadfast_engine::Rng;

/// One source of choices. Each part of a world has its own, so that leaving out a fault does not
/// change what the others draw.
#[derive(Clone, Debug)]
pub(crate) struct Dice(Rng);

impl Dice {
    /// The source of `part` in the world of `seed`.
    #[must_use]
    pub(crate) fn new(seed: u64, part: u64) -> Self {
        let mut rng = Rng::new(seed ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93));
        rng.next_u64();
        Self(rng)
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 up to, but not, `bound`; 0 when that is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.bits() % bound }
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Whether something of so many in a thousand happens.
    pub(crate) fn happens(&mut self, per_mille: u32) -> bool {
        self.below(1_000) < u64::from(per_mille)
    }

    /// One of `choices`.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Mostly small, now and then up to `most`: each power of two is as likely as the next.
    pub(crate) fn skewed(&mut self, most: u64) -> u64 {
        let bits = u64::from(64 - most.leading_zeros());
        let scale = 1_u64 << self.below(bits + 1).min(62);
        self.below(scale.min(most) + 1)
    }
}
