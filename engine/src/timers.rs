//! Every deadline of the engine, in one table.

use crate::Instant;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// When to abandon an attempt that has not opened.
    Connect,
    /// When to make the next attempt.
    Retry,
    /// When to give up for want of a stable link.
    GiveUp,
    /// When to stop waiting for the application's decision about a loss.
    Decide,
    /// When to send the next ping.
    Ping,
    /// When an unanswered ping is missed.
    Pong,
    /// When the first waiting message expires.
    Expiry,
    /// When to look again at what the link has still to send.
    Drain,
    /// Session: when to acknowledge.
    Ack,
    /// Session: when to ask after the link, since nothing is acknowledged.
    Doubt,
    /// Snapshot: when to look at the application's state again.
    Snapshot,
    /// Persist: when to go on without what storage has not answered.
    Storage,
    /// Persist: when to try again what storage has refused.
    StorageRetry,
}

/// The deadlines that run. At most one of each kind, so a second retry can not be pending.
#[derive(Clone, Debug)]
pub struct Timers([Instant; Timer::ALL.len()]);

impl Timer {
    /// Every timer, in the order in which those that are due at once are served.
    pub const ALL: [Self; 13] = [
        Self::Connect,
        Self::Retry,
        Self::GiveUp,
        Self::Decide,
        Self::Ping,
        Self::Pong,
        Self::Expiry,
        Self::Drain,
        Self::Ack,
        Self::Doubt,
        Self::Snapshot,
        Self::Storage,
        Self::StorageRetry,
    ];
}

impl Timers {
    /// A table in which nothing runs.
    #[must_use]
    pub const fn new() -> Self {
        Self([Instant::NEVER; Timer::ALL.len()])
    }

    /// Starts `timer`, or moves it; [`Instant::NEVER`] stops it.
    pub const fn set(&mut self, timer: Timer, deadline: Instant) {
        self.0[timer as usize] = deadline;
    }

    /// Stops `timer`.
    pub const fn stop(&mut self, timer: Timer) {
        self.set(timer, Instant::NEVER);
    }

    /// The deadline of `timer`, or [`Instant::NEVER`].
    #[must_use]
    pub const fn deadline(&self, timer: Timer) -> Instant {
        self.0[timer as usize]
    }

    /// The earliest deadline, or [`Instant::NEVER`].
    #[must_use]
    pub fn next(&self) -> Instant {
        self.0.iter().copied().fold(Instant::NEVER, Instant::min)
    }

    /// Stops `timer` if it is due at `now`. The deadline that it had.
    pub fn expire(&mut self, timer: Timer, now: Instant) -> Option<Instant> {
        let deadline = self.deadline(timer);
        if deadline > now || deadline == Instant::NEVER {
            return None;
        }
        self.stop(timer);
        Some(deadline)
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self::new()
    }
}
