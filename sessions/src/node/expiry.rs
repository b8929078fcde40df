//! What is too old is forgotten, a bounded part at a time.

use std::time::Duration;

use steadfast_protocol::Span;

use super::Node;
use super::heartbeat::span;
use super::store_calls::Purpose;
use super::timers::Timer;
use crate::store::Request;

const INTERVAL: Span = Span::from_ms(10_000);

impl Node {
    /// Unix time as the store is told it: the start's, and what has passed since. A clock that is set
    /// makes nobody's absence longer.
    pub(super) fn wall_ms(&self) -> u64 {
        let started = self.started.unwrap_or(self.now);
        started.wall_ms + self.now.at.since(started.at).as_micros() / 1_000
    }

    pub(super) fn expire(&mut self) {
        self.timers.set(Timer::Expiry, self.now.at + INTERVAL);
        if self.expiring || self.stopping {
            return;
        }
        self.expiring = true;
        self.paces.forget_rested(self.now.at);
        let wall_ms = self.wall_ms();
        let before = |age: Duration| {
            let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
            wall_ms.saturating_sub(age)
        };
        // While the server was down, nobody could show that it is there.
        let up = self.now.at.since(self.started.unwrap_or(self.now).at);
        let settled = up >= span(self.config.ttl);
        let request = Request::Expire {
            wall_ms,
            payloads_before_ms: if settled { before(self.config.ttl) } else { 0 },
            sessions_before_ms: before(self.config.tombstone_ttl),
            snapshots_before_ms: if settled {
                before(self.config.snapshot_ttl)
            } else {
                0
            },
            max_sessions: if settled {
                self.config.max_sessions
            } else {
                u32::MAX
            },
        };
        self.ask(Purpose::Expire, request);
    }

    pub(super) fn take_expired(&mut self, more: bool) {
        self.expiring = false;
        if more {
            self.expire();
        }
    }
}
