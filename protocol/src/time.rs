//! Time as the state machines see it: numbers that a shell hands in, never a call to a clock.

use core::fmt::{Display, Formatter, Result};
use core::ops::{Add, AddAssign};

/// A moment, in microseconds since an origin that the shell chooses once and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

/// A length of time, in microseconds. Sums and products stop at [`Span::FOREVER`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

impl Instant {
    /// The origin.
    pub const ZERO: Self = Self(0);
    /// Later than every moment: the deadline of a timer that is not running.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment `micros` microseconds after the origin.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero when it has not come yet.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Instant {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any run: a limit that is never reached.
    pub const FOREVER: Self = Self(u64::MAX);

    /// So many milliseconds.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        // Not `saturating_mul`, which takes 128 bits, and in wasm a function of its own.
        if ms > u64::MAX / 1_000 {
            return Self::FOREVER;
        }
        Self(ms * 1_000)
    }

    /// So many microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Fractional milliseconds from outside, to the nearest microsecond: negative and NaN become zero, infinity
    /// [`Span::FOREVER`].
    #[must_use]
    pub fn from_ms_f64(ms: f64) -> Self {
        // Cut off, a clock that shows just the deadline that it was given could stand before it.
        Self((ms * 1_000.0 + 0.5) as u64)
    }

    /// This span in microseconds.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// This span in milliseconds, with its fraction.
    #[must_use]
    pub fn as_ms_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// This span times `factor`, which is not negative.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor) as u64)
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Display for Instant {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if *self == Self::NEVER {
            return f.write_str("never");
        }
        write!(
            f,
            "{}.{:06}s",
            self.as_micros() / 1_000_000,
            self.as_micros() % 1_000_000
        )
    }
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if *self == Self::FOREVER {
            return f.write_str("forever");
        }
        write!(
            f,
            "{}.{:03}ms",
            self.as_micros() / 1_000,
            self.as_micros() % 1_000
        )
    }
}
