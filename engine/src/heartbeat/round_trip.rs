//! How long an answer takes.

use crate::Span;

/// The round trip's smoothed mean and deviation (Jacobson 1988; RFC 6298 section 2).
#[derive(Clone, Debug)]
pub(super) struct RoundTrip {
    pub(super) smoothed: Span,
    pub(super) deviation: Span,
    pub(super) measured: bool,
}

impl RoundTrip {
    pub(super) const fn new() -> Self {
        Self {
            smoothed: Span::ZERO,
            deviation: Span::ZERO,
            measured: false,
        }
    }

    /// Stands in until the first sample.
    pub(super) fn guess(&mut self, span: Span) {
        if !self.measured {
            self.smoothed = span;
            self.deviation = Span::from_micros(span.as_micros() / 2);
        }
    }

    pub(super) fn sample(&mut self, span: Span) {
        if !self.measured {
            self.guess(span);
            self.measured = true;
            return;
        }
        let (sample, mean) = (span.as_micros(), self.smoothed.as_micros());
        self.deviation = self.deviation.scaled(0.75) + Span::from_micros(sample.abs_diff(mean) / 4);
        self.smoothed = self.smoothed.scaled(0.875) + Span::from_micros(sample / 8);
    }

    /// A round trip hardly ever takes longer than this.
    pub(super) fn likely(&self) -> Span {
        self.smoothed + self.deviation.scaled(4.0)
    }
}
