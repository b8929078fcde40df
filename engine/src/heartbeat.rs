//! Noticing a dead link: when to ping, how long to wait, and what silence means.
//!
//! Without a session pings and pongs are ordinary messages that the application chose, so they carry no
//! id, any inbound message is a sign of life, and until a pong has ever been seen it is not known
//! whether this server answers pings at all: it is asked soon after the first opening, and as long as it
//! never answers, misses end no link. In a session they have ids and are always answered, so
//! a ping without an answer is a miss even while messages come in: the way out may be the dead one.

mod round_trip;

use alloc::vec::Vec;

use self::round_trip::RoundTrip;
use crate::{HeartbeatConfig, Instant, Span};

/// The pings of one client, over all its links.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    config: HeartbeatConfig,
    session: bool,
    /// That of the last ping; 0 without a session.
    ping_id: u32,
    round_trip: RoundTrip,
    /// No ping is given less time than this, unless the option is shorter.
    floor: Span,
    answers: Answers,
    /// Links in a row that ended right behind their first ping, before any was answered.
    strikes: u32,
    /// No ping before this: they make the server end links.
    rests_until: Instant,
    /// Session: a welcome has shown how soon the server answers.
    welcomed: bool,
    /// When the link opened, and when the first ping left on it.
    opened: Instant,
    /// [`Instant::NEVER`]: none has.
    first_ping: Instant,
    last_ping: Instant,
    ping: Option<Ping>,
    /// When those pings left that have no pong yet, the oldest first: pongs come in order.
    unanswered: Vec<Instant>,
    missed: u32,
    last_inbound: Instant,
    /// What became of the last pings, the newest in bit 0: set when unanswered.
    history: u32,
    history_len: u32,
}

/// What is known about the server's habit of answering pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    /// No ping was answered yet.
    Unknown,
    /// Several were missed, and none was ever answered: they go on, and mean nothing.
    Doubtful,
    /// A pong was seen.
    Seen,
}

/// A ping on its way.
#[derive(Clone, Copy, Debug)]
struct Ping {
    sent: Instant,
    /// Sent on waking: unanswered, it ends the link alone.
    probe: bool,
    /// Sent because a timer was late: whatever the timer said may be old news.
    after_late_timer: bool,
    /// How many of the link's bytes have to leave before it does.
    bytes_before: u64,
    /// How many had left when last looked at.
    left_bytes: u64,
    /// Something came in since: the ping is not missed any more, but its pong may still come.
    alive: bool,
}

/// What to do about a ping whose time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: look again at this instant.
    Wait(Instant),
    /// Send another ping, without holding this one against the link.
    Probe,
    /// A miss: send the next ping at once.
    Missed,
    /// A miss too many, but the server has never answered: misses mean nothing.
    Doubt,
    /// A miss too many: the link is dead.
    Dead,
}

impl Heartbeat {
    /// No link yet, nothing measured.
    #[must_use]
    pub const fn new(config: HeartbeatConfig, session: bool) -> Self {
        Self {
            config,
            session,
            ping_id: 0,
            round_trip: RoundTrip::new(),
            floor: FLOOR,
            answers: if session {
                Answers::Seen
            } else {
                Answers::Unknown
            },
            strikes: 0,
            rests_until: Instant::ZERO,
            welcomed: false,
            opened: Instant::ZERO,
            first_ping: Instant::NEVER,
            last_ping: Instant::ZERO,
            ping: None,
            unanswered: Vec::new(),
            missed: 0,
            last_inbound: Instant::ZERO,
            history: 0,
            history_len: 0,
        }
    }

    /// As [`Self::new`], before anything has happened.
    pub fn configure(&mut self, config: HeartbeatConfig, session: bool) {
        self.config = config;
        self.session = session;
        if session {
            self.answers = Answers::Seen;
        }
    }

    /// A link opened, `opening` after its attempt began: the first guess at its round trip.
    pub fn handle_open(&mut self, now: Instant, opening: Span) {
        self.round_trip.guess(opening);
        self.handle_loss();
        self.last_inbound = now;
        self.opened = now;
        self.first_ping = Instant::NEVER;
    }

    /// Session: the welcome came, `answering` after the hello had left: a better guess.
    pub fn handle_welcome(&mut self, answering: Span) {
        self.round_trip.guess(answering);
        self.welcomed = true;
    }

    /// The link ended by itself. A server that does not know our pings may close it, or drop it, right behind
    /// the first one: a close frame at once, or two such ends in a row, and it gets none for an hour; after
    /// each further one for twice as long. Whether that is so now.
    pub fn handle_end(&mut self, now: Instant, was_clean: bool) -> bool {
        if self.first_ping == Instant::NEVER {
            return false;
        }
        let since = now.since(self.first_ping);
        if self.answers == Answers::Seen || since > self.config.timeout {
            self.strikes = 0;
            return false;
        }
        self.strikes += 1;
        let at_once = was_clean && since <= self.reaction();
        if self.strikes < STRIKES && !at_once {
            return false;
        }
        self.strikes = self.strikes.max(STRIKES);
        let doubled = (self.strikes - STRIKES).min(LONGEST_REST);
        self.rests_until = now + Span::from_micros(REST.as_micros() << doubled);
        true
    }

    /// The link is gone.
    pub fn handle_loss(&mut self) {
        self.ping = None;
        self.unanswered.clear();
        self.missed = 0;
    }

    /// Something came in. The round trip, when it was the pong to the ping on its way.
    pub fn handle_inbound(&mut self, now: Instant, is_pong: bool) -> Option<Span> {
        self.last_inbound = now;
        if is_pong || !self.session {
            self.missed = 0;
        }
        if let Some(ping) = &mut self.ping {
            ping.alive = true;
        }
        if !is_pong {
            return None;
        }
        // One that went unanswered is not what a later pong answers.
        while self.unanswered.len() > 1 && now.since(self.unanswered[0]) > self.config.timeout {
            self.unanswered.remove(0);
        }
        if self.unanswered.is_empty() {
            return None;
        }
        let round_trip = now.since(self.unanswered.remove(0));
        self.answers = Answers::Seen;
        self.strikes = 0;
        self.rests_until = Instant::ZERO;
        self.floor = FLOOR;
        self.round_trip.sample(round_trip);
        self.remember(false);
        Some(round_trip)
    }

    /// Session: the pong of this id came in, to the last ping or to an earlier one. The round trip,
    /// unless it answers none.
    pub fn handle_pong(&mut self, now: Instant, id: u32) -> Option<Span> {
        let later = self.ping_id.wrapping_sub(id) as usize;
        if later >= self.unanswered.len() {
            return None;
        }
        while self.unanswered.len() > later + 1 {
            self.unanswered.remove(0);
        }
        self.handle_inbound(now, true)
    }

    /// A ping is given to the link now, after `given_bytes` of which `left_bytes` have left.
    /// Returns when its time is up.
    pub fn handle_ping(
        &mut self,
        now: Instant,
        kind: PingKind,
        given_bytes: u64,
        left_bytes: u64,
    ) -> Instant {
        if self.unanswered.len() == MAX_UNANSWERED {
            self.unanswered.remove(0);
        }
        self.unanswered.push(now);
        self.first_ping = self.first_ping.min(now);
        self.last_ping = now;
        self.ping_id = self.ping_id.wrapping_add(self.session.into());
        let probe = kind == PingKind::Probe;
        self.ping = Some(Ping {
            sent: now,
            probe,
            after_late_timer: kind == PingKind::AfterLateTimer,
            bytes_before: given_bytes,
            left_bytes,
            alive: false,
        });
        now + match kind {
            PingKind::Regular => self.allowance(),
            PingKind::Probe | PingKind::AfterLateTimer => self.probe_allowance(),
        }
    }

    /// The time of the ping on its way, `deadline`, is up, and it is `now`. A ping behind bytes that
    /// are leaving, however slowly, gets more time: what `bufferedAmount` says while more is sent
    /// does not matter.
    pub fn handle_deadline(&mut self, now: Instant, deadline: Instant, left_bytes: u64) -> Verdict {
        let allowance = self.allowance();
        let session = self.session;
        let Some(ping) = self.ping.as_mut().filter(|ping| session || !ping.alive) else {
            return Verdict::Wait(Instant::NEVER);
        };
        if now.since(deadline) > LATE {
            return Verdict::Probe;
        }
        if left_bytes > ping.left_bytes && ping.left_bytes < ping.bytes_before {
            ping.left_bytes = left_bytes;
            return Verdict::Wait(now + allowance);
        }
        let ends = ping.sent + self.config.timeout;
        if ping.alive && now < ends {
            return Verdict::Wait(ends);
        }
        let probe = ping.probe && !ping.alive;
        self.missed += 1;
        if !self.config.enabled || now < self.rests_until {
            self.ping = None;
            return Verdict::Wait(Instant::NEVER);
        }
        if self.answers != Answers::Seen {
            if self.answers == Answers::Unknown && self.missed < self.config.misses {
                return Verdict::Missed;
            }
            self.ping = None;
            self.missed = 0;
            return Verdict::Doubt;
        }
        self.remember(true);
        if probe || self.missed >= self.config.misses {
            self.floor = (self.floor + self.floor).min(self.config.timeout.max(FLOOR));
            return Verdict::Dead;
        }
        Verdict::Missed
    }

    /// When the next regular ping is due, if the link stays silent until then. The first one does not wait for
    /// silence as long as no pong was ever seen: a link that dies later is noticed only if this one was answered.
    #[must_use]
    pub fn next_ping(&self, health_score: u8) -> Instant {
        if !self.config.enabled {
            return Instant::NEVER;
        }
        let mut due = self.last_inbound + self.interval(health_score);
        if self.answers != Answers::Seen {
            due = due.max(self.last_ping + self.config.interval);
            if self.first_ping == Instant::NEVER {
                due = due.min(self.opened + self.config.interval.min(FIRST_PING));
            }
        }
        due.max(self.rests_until)
    }

    /// Whether it is told for the first time that the server may not answer pings at all.
    pub fn doubt(&mut self) -> bool {
        core::mem::replace(&mut self.answers, Answers::Doubtful) == Answers::Unknown
    }

    /// Whether waking is a reason to ping: not while another such ping has still time.
    #[must_use]
    pub fn wants_probe(&self, now: Instant) -> bool {
        let has_time = |ping: Ping| {
            !ping.alive
                && (ping.probe || ping.after_late_timer)
                && now.since(ping.sent) < self.probe_allowance()
        };
        self.config.enabled && now >= self.rests_until && !self.ping.is_some_and(has_time)
    }

    /// The id of the last ping; 0 without a session.
    #[must_use]
    pub const fn ping_id(&self) -> u32 {
        self.ping_id
    }

    /// Whether a pong would be recognised now.
    #[must_use]
    pub fn awaits_pong(&self) -> bool {
        !self.unanswered.is_empty()
    }

    /// Unanswered pings in a row.
    #[must_use]
    pub const fn missed(&self) -> u32 {
        self.missed
    }

    /// The smoothed round trip, or `None` before the first pong.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Span> {
        if self.round_trip.measured {
            Some(self.round_trip.smoothed)
        } else {
            None
        }
    }

    /// The mean deviation of the round trip, or `None` before the first pong.
    #[must_use]
    pub const fn jitter(&self) -> Option<Span> {
        if self.round_trip.measured {
            Some(self.round_trip.deviation)
        } else {
            None
        }
    }

    /// The share of the last pings (at most 32) that went unanswered, 0 to 1.
    #[must_use]
    pub fn loss(&self) -> f64 {
        if self.history_len == 0 {
            return 0.0;
        }
        f64::from(self.history.count_ones()) / f64::from(self.history_len)
    }

    /// The time a regular ping is given: what the measured round trips make likely, not less than
    /// the floor, not more than the option; all of that before anything was measured.
    #[must_use]
    pub fn allowance(&self) -> Span {
        if self.round_trip.measured || self.welcomed {
            self.reaction()
        } else {
            self.config.timeout
        }
    }

    /// How soon the server can be expected to react: a guess before anything was measured.
    #[must_use]
    pub fn reaction(&self) -> Span {
        self.round_trip
            .likely()
            .max(self.floor)
            .min(self.config.timeout)
    }

    /// A probe is never given less than a regular ping.
    fn probe_allowance(&self) -> Span {
        self.config.probe.max(self.allowance())
    }

    fn interval(&self, health_score: u8) -> Span {
        let Some(bounds) = self.config.adaptive else {
            return self.config.interval;
        };
        let width = bounds
            .max
            .as_micros()
            .saturating_sub(bounds.min.as_micros());
        bounds.min + Span::from_micros(width / 100 * u64::from(health_score.min(100)))
    }

    fn remember(&mut self, missed: bool) {
        self.history = self.history << 1 | u32::from(missed);
        self.history_len = (self.history_len + 1).min(u32::BITS);
    }
}

/// Why a ping is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingKind {
    /// Silence, a miss, or the application asked.
    Regular,
    /// The page woke up.
    Probe,
    /// A timer was late.
    AfterLateTimer,
}

/// More pings than that are never on their way to a server that answers.
const MAX_UNANSWERED: usize = 32;

/// No ping is given less (RFC 6298 section 2.4).
const FLOOR: Span = Span::from_ms(1_000);

/// The first ping on a link leaves so long after its opening: the application has introduced itself by then.
const FIRST_PING: Span = Span::from_ms(2_000);

/// So many links in a row that ended right behind their first ping are no accident.
const STRIKES: u32 = 2;

/// How long a server that pings make end links gets none.
const REST: Span = Span::from_ms(3_600_000);

/// That time doubles so often at most.
const LONGEST_REST: u32 = 5;

/// A timer later than this says more about the page (hidden, frozen, asleep) than about the link.
const LATE: Span = Span::from_ms(1_000);
