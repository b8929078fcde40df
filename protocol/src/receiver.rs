//! Messages that came in: how many, and when to acknowledge them.

use crate::window::Window;
use crate::{Instant, limits};

/// One stream, as its receiver counts it. What "taken" means is its owner's affair: stored and
/// synced (server), or handed over (client).
#[derive(Clone, Debug)]
pub struct Receiver {
    /// The number of the last message taken.
    taken: u64,
    /// The number that was acknowledged last.
    acknowledged: u64,
    /// Bytes taken since.
    bytes: u64,
    /// When the first of them was taken, or [`Instant::NEVER`].
    since: Instant,
}

impl Receiver {
    /// Everything up to `taken` is taken and acknowledged.
    #[must_use]
    pub const fn new(taken: u64) -> Self {
        Self {
            taken,
            acknowledged: taken,
            bytes: 0,
            since: Instant::NEVER,
        }
    }

    /// The next message, or the next `messages`, are taken now.
    pub fn take(&mut self, now: Instant, messages: u64, bytes: u64) {
        self.taken += messages;
        self.bytes += bytes;
        self.since = self.since.min(now);
    }

    /// When an acknowledgement is due: at once after 256 messages or half of `window`, otherwise
    /// 100 ms after the first one that is not acknowledged; [`Instant::NEVER`] when none is.
    #[must_use]
    pub fn due(&self, window: Window) -> Instant {
        let owed = self.owed();
        if owed >= u64::from(limits::ACK_MESSAGES.min(window.messages / 2).max(1))
            || self.bytes >= u64::from(window.bytes / 2).max(1)
        {
            return self.since;
        }
        self.since + limits::ACK_DELAY
    }

    /// An acknowledgement of everything taken leaves now: the number in it.
    pub const fn acknowledge(&mut self) -> u64 {
        self.acknowledged = self.taken;
        self.bytes = 0;
        self.since = Instant::NEVER;
        self.taken
    }

    /// Messages taken and not acknowledged.
    #[must_use]
    pub const fn owed(&self) -> u64 {
        self.taken - self.acknowledged
    }

    /// The number of the last message taken.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }
}
