//! Randomness from a seed.

use crate::Span;

/// SplitMix64 (Steele, Lea and Flood, 2014): small, fast, and the same on every platform.
/// Not for secrets.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator whose whole future follows from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, but not, 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A span from `low` to `high`, uniformly; `low` when `high` is not above it.
    pub fn between(&mut self, low: Span, high: Span) -> Span {
        let width = high.as_micros().saturating_sub(low.as_micros());
        low + Span::from_micros(width).scaled(self.unit())
    }
}
