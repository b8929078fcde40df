//! The link's far side, as far as the engine can see it: how fast bytes leave.

use std::collections::VecDeque;

use steadfast_engine::{Instant, Span};

/// What the link has been given and has still to send.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// How many bytes leave in a second; `None`: all at once.
    pub(crate) bytes_per_second: Option<u64>,
    /// What `bufferedAmount` says.
    pub(crate) buffered_bytes: u32,
    /// How long after a ping has left its pong comes in; `None`: only when the test says so.
    pub(crate) answers: Option<Span>,
    /// When those pongs come in that are on their way.
    pub(crate) pongs: VecDeque<Instant>,
    /// Millionths of a byte that have left beyond the whole ones.
    carry: u64,
}

impl Network {
    /// The link takes a message.
    pub(crate) fn take(&mut self, bytes: u32) {
        if self.bytes_per_second.is_some() {
            self.buffered_bytes = self.buffered_bytes.saturating_add(bytes);
        }
    }

    /// The link takes a ping.
    pub(crate) fn take_ping(&mut self, now: Instant, bytes: u32) {
        self.take(bytes);
        let leaving = match self.bytes_per_second {
            None => Some(Span::ZERO),
            Some(rate) => (u64::from(self.buffered_bytes) * 1_000_000)
                .checked_div(rate)
                .map(Span::from_micros),
        };
        if let (Some(round_trip), Some(leaving)) = (self.answers, leaving) {
            self.pongs.push_back(now + leaving + round_trip);
        }
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, span: Span) {
        let Some(rate) = self.bytes_per_second else {
            return;
        };
        let flow = rate
            .saturating_mul(span.as_micros())
            .saturating_add(self.carry);
        let left = flow / 1_000_000;
        self.carry = if left >= u64::from(self.buffered_bytes) {
            0
        } else {
            flow % 1_000_000
        };
        self.buffered_bytes = u64::from(self.buffered_bytes).saturating_sub(left) as u32;
    }

    /// A new link has nothing to send.
    pub(crate) fn reset(&mut self) {
        self.buffered_bytes = 0;
        self.carry = 0;
        self.pongs.clear();
    }
}
