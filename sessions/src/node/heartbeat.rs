//! Whether the other side is still there.

use std::time::Duration;

use steadfast_protocol::frame::{Frame, Ping};
use steadfast_protocol::{Instant, Span};

use super::Node;
use super::ending::Ending;
use super::link::{Link, Phase};
use super::timers::Timer;
use crate::io::LinkId;

/// A timer that rings later than this says more about this process than about the link.
const LATE: Span = Span::from_ms(1_000);

/// What a link may leave unread, in multiples of [`Config::link_buffer`](crate::io::Config).
const UNREAD: usize = 4;

#[derive(Debug)]
pub(super) struct Heartbeat {
    heard_at: Instant,
    /// When the ping left to which nothing has come since.
    pinged_at: Option<Instant>,
    pings: u32,
    /// Since that ping, what waits on this side has become less.
    progressed: bool,
    /// When the store was last told that the client is there.
    seen_at: Instant,
}

impl Heartbeat {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            heard_at: now,
            pinged_at: None,
            pings: 0,
            progressed: false,
            seen_at: now,
        }
    }

    /// Whatever comes in is life.
    pub(super) const fn hear(&mut self, now: Instant) {
        self.heard_at = now;
        self.pinged_at = None;
    }

    pub(super) const fn note_progress(&mut self, progress: bool) {
        self.progressed |= progress;
    }
}

pub(super) fn span(duration: Duration) -> Span {
    Span::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

impl Node {
    pub(super) fn ring_link(&mut self, id: LinkId, due: Instant) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        match link.phase {
            Phase::Live(_) => self.beat(id, due),
            _ if self.now.at < link.deadline => self.wind(id),
            Phase::AwaitingHello => self.end_link(id, Ending::HelloLate),
            _ => self.end_link(id, Ending::Unavailable),
        }
    }

    /// Sets the link's timer.
    pub(super) fn wind(&mut self, id: LinkId) {
        if let Some(link) = self.links.get(&id) {
            let at = match link.phase {
                Phase::Live(_) => self.next_beat(link).min(self.next_seen(link)),
                _ => link.deadline,
            };
            self.timers.set(Timer::Link(id), at);
        }
    }

    pub(super) fn answer_ping(&mut self, id: LinkId, ping: Ping) {
        // One message may always be on its way, however long.
        let unread = self.config.link_buffer.saturating_mul(UNREAD);
        let unread = unread.saturating_add(self.config.max_message as usize);
        if self
            .links
            .get(&id)
            .is_some_and(|link| link.buffered + link.behind > unread)
        {
            return self.end_link(id, Ending::TooMany("answers that are not read"));
        }
        self.acknowledge_owed(id);
        self.transmit_control(id, Frame::Pong(ping));
    }

    fn next_beat(&self, link: &Link) -> Instant {
        match link.heartbeat.pinged_at {
            Some(at) => at + span(self.config.ping_timeout),
            None => link.heartbeat.heard_at + span(self.config.ping_interval),
        }
    }

    /// The store has to hear of a client while it is there: absence expires.
    fn next_seen(&self, link: &Link) -> Instant {
        link.heartbeat.seen_at + span(self.config.ttl / 3)
    }

    fn beat(&mut self, id: LinkId, due: Instant) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        let (beat, seen) = (self.next_beat(link), self.next_seen(link));
        if beat <= self.now.at {
            // A slow line is not a dead one while it takes what is before the ping.
            let slow = link.heartbeat.progressed && link.buffered > 0;
            let late = self.now.at.since(due) > LATE;
            if link.heartbeat.pinged_at.is_some() && !slow && !late {
                return self.end_link(id, Ending::Silent);
            }
            self.ping(id);
        }
        if seen <= self.now.at {
            self.tell_seen(id);
        }
        self.wind(id);
    }

    fn ping(&mut self, id: LinkId) {
        self.acknowledge_owed(id);
        let now = self.now.at;
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let heartbeat = &mut link.heartbeat;
        heartbeat.pinged_at = Some(now);
        heartbeat.progressed = false;
        heartbeat.pings = heartbeat.pings.wrapping_add(1);
        let ping = Ping {
            id: heartbeat.pings,
        };
        self.transmit_control(id, Frame::Ping(ping));
    }

    fn tell_seen(&mut self, id: LinkId) {
        let now = self.now.at;
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.heartbeat.seen_at = now;
        if let Some(session) = link.live().map(|live| live.session.clone()) {
            self.ask_seen(&session);
        }
    }
}
