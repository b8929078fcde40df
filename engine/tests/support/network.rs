//! The link's far side, as far as the engine can see it: how fast bytes leave.

use steadfast_engine::Span;

/// What the link has been given and has still to send.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// How many bytes leave in a second; `None`: all at once.
    pub(crate) bytes_per_second: Option<u64>,
    /// What `bufferedAmount` says.
    pub(crate) buffered_bytes: u32,
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
    }
}
