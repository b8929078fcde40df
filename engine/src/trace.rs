//! One line for each input and output, so that a run reads as a story.

use core::fmt::{Debug, Display, Formatter, Result};

use crate::{Input, Instant, Output, Span};

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

impl<P: Debug> Display for Input<P> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "-> {self:?}")
    }
}

impl<P: Debug> Display for Output<P> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Timeout(at) => write!(f, "<- until {at}"),
            output => write!(f, "<- {output:?}"),
        }
    }
}
