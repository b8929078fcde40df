//! Moments at which something is to be done, at most one of each kind.

use std::collections::{BTreeMap, BTreeSet};

use steadfast_protocol::Instant;

use crate::io::{LinkId, OpId, SessionId};

/// What for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A link's hello is late, or its heartbeat is due.
    Link(LinkId),
    /// What a session has stored is to be acknowledged.
    Acknowledgement(SessionId),
    /// A session's handler gets its message again.
    Handler(SessionId),
    /// What a session wants to be saved may be.
    Save(SessionId),
    /// A store request is repeated.
    Repeat(OpId),
    /// What is too old is forgotten.
    Expiry,
    /// The store is asked for work that was left.
    Recovery,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(Instant, Timer)>,
    moments: BTreeMap<Timer, Instant>,
}

impl Timers {
    /// The earliest moment, or [`Instant::NEVER`].
    pub(super) fn next(&self) -> Instant {
        self.order.first().map_or(Instant::NEVER, |(at, _)| *at)
    }

    /// Moves `timer`; [`Instant::NEVER`] stops it.
    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        if at == Instant::NEVER {
            return self.stop(&timer);
        }
        if let Some(before) = self.moments.insert(timer.clone(), at) {
            if before == at {
                return;
            }
            self.order.remove(&(before, timer.clone()));
        }
        self.order.insert((at, timer));
    }

    pub(super) fn stop(&mut self, timer: &Timer) {
        if let Some(at) = self.moments.remove(timer) {
            self.order.remove(&(at, timer.clone()));
        }
    }

    /// The earliest timer whose moment has come, and that moment. It does not run any more.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Timer, Instant)> {
        let (due, timer) = self.order.first().filter(|(at, _)| *at <= now)?.clone();
        self.stop(&timer);
        Some((timer, due))
    }
}
