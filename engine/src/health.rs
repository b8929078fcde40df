//! How well the link does, as one number and a few more.

use alloc::vec::Vec;

use crate::heartbeat::Heartbeat;
use crate::{Instant, Span};

/// What an application is told. Compared as a whole to see whether anything changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// 0 to 100: latency 60 (0 at 500 ms), loss 30 (0 at 5 %), stability 10 (0 at 5 reconnects in
    /// ten minutes). 0 while there is no link.
    pub score: u8,
    /// The score in words, with hysteresis.
    pub grade: Grade,
    /// The smoothed round trip; `None` before the first pong.
    pub round_trip: Option<Span>,
    /// Its mean deviation.
    pub jitter: Option<Span>,
    /// The share of the last pings that went unanswered, 0 to 1.
    pub loss: f64,
    /// Links lost and replaced in the last ten minutes.
    pub reconnects: u32,
    /// Bytes a second handed to the link, smoothed.
    pub sent_per_second: f64,
    /// Bytes a second taken from the link, smoothed.
    pub received_per_second: f64,
    /// Where the score is going.
    pub trend: Trend,
}

/// The score in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// 80 and above.
    Healthy,
    /// 50 and above.
    Degraded,
    /// Below 50.
    Unhealthy,
}

/// Where the score is going: its recent mean against its longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// Upward.
    Improving,
    /// Neither.
    Steady,
    /// Downward.
    Worsening,
}

/// Keeps what the health is made of.
#[derive(Clone, Debug)]
pub(crate) struct HealthMeter {
    reconnects: Vec<Instant>,
    sent: Rate,
    received: Rate,
    score: u8,
    grade: Grade,
    trend: Trend,
    recent: f64,
    longer: f64,
}

impl HealthMeter {
    pub(crate) const fn new() -> Self {
        Self {
            reconnects: Vec::new(),
            sent: Rate::new(),
            received: Rate::new(),
            score: 0,
            grade: Grade::Unhealthy,
            trend: Trend::Steady,
            recent: 0.0,
            longer: 0.0,
        }
    }

    pub(crate) fn handle_sent(&mut self, now: Instant, bytes: u32) {
        self.sent.add(now, bytes);
    }

    pub(crate) fn handle_received(&mut self, now: Instant, bytes: u32) {
        self.received.add(now, bytes);
    }

    pub(crate) fn handle_reconnected(&mut self, now: Instant) {
        if self.reconnects.len() == MAX_RECONNECTS {
            self.reconnects.remove(0);
        }
        self.reconnects.push(now);
    }

    pub(crate) const fn score(&self) -> u8 {
        self.score
    }

    /// Measures again. Whether the grade or the trend changed. The trend starts at the first score
    /// of each link: opening is no improvement, and losing the link is told by the grade.
    pub(crate) fn update(&mut self, now: Instant, heartbeat: &Heartbeat, open: bool) -> bool {
        let was_open = self.score > 0;
        self.forget_old_reconnects(now);
        self.score = if open { self.measure(heartbeat) } else { 0 };
        let score = f64::from(self.score);
        if open && was_open {
            self.recent += (score - self.recent) / 4.0;
            self.longer += (score - self.longer) / 16.0;
        } else {
            self.recent = score;
            self.longer = score;
        }
        let before = (self.grade, self.trend);
        self.grade = self.grade.next(self.score);
        self.trend = self.trend.next(self.recent - self.longer);
        before != (self.grade, self.trend)
    }

    pub(crate) fn read(&mut self, now: Instant, heartbeat: &Heartbeat) -> Health {
        self.forget_old_reconnects(now);
        Health {
            score: self.score,
            grade: self.grade,
            round_trip: heartbeat.round_trip(),
            jitter: heartbeat.jitter(),
            loss: heartbeat.loss(),
            reconnects: self.reconnects.len() as u32,
            sent_per_second: self.sent.read(now),
            received_per_second: self.received.read(now),
            trend: self.trend,
        }
    }

    fn forget_old_reconnects(&mut self, now: Instant) {
        while let Some(oldest) = self.reconnects.first()
            && now.since(*oldest) > STABILITY_WINDOW
        {
            self.reconnects.remove(0);
        }
    }

    fn measure(&self, heartbeat: &Heartbeat) -> u8 {
        let round_trip_ms = heartbeat.round_trip().map_or(0.0, Span::as_ms_f64);
        let latency = share_left(round_trip_ms, 500.0) * 60.0;
        let loss = share_left(heartbeat.loss(), 0.05) * 30.0;
        let stability = share_left(self.reconnects.len() as f64, 5.0) * 10.0;
        // An open link is never worth nothing: 0 means that there is none.
        (latency + loss + stability).max(1.0) as u8
    }
}

impl Grade {
    /// The grade for `score`; a grade is left downward only when the score is clear of its border.
    fn next(self, score: u8) -> Self {
        let reaches = |border: u8, grade: Self| {
            score
                >= if self == grade {
                    border - HYSTERESIS
                } else {
                    border
                }
        };
        if reaches(80, Self::Healthy) {
            Self::Healthy
        } else if reaches(50, Self::Degraded) {
            Self::Degraded
        } else {
            Self::Unhealthy
        }
    }
}

impl Trend {
    /// The trend for a distance between the recent and the longer mean: entered at 5, left at 2.
    fn next(self, distance: f64) -> Self {
        let far = |distance: f64, trend: Self| distance > if self == trend { 2.0 } else { 5.0 };
        if far(distance, Self::Improving) {
            Self::Improving
        } else if far(-distance, Self::Worsening) {
            Self::Worsening
        } else {
            Self::Steady
        }
    }
}

/// 1 at nothing, 0 at `limit` and beyond.
fn share_left(value: f64, limit: f64) -> f64 {
    (1.0 - value / limit).max(0.0)
}

/// Bytes a second: full seconds are averaged, the newest counting half.
#[derive(Clone, Debug)]
struct Rate {
    since: Instant,
    bytes: f64,
    per_second: f64,
}

impl Rate {
    const fn new() -> Self {
        Self {
            since: Instant::ZERO,
            bytes: 0.0,
            per_second: 0.0,
        }
    }

    fn add(&mut self, now: Instant, bytes: u32) {
        self.roll(now);
        self.bytes += f64::from(bytes);
    }

    fn read(&mut self, now: Instant) -> f64 {
        self.roll(now);
        self.per_second
    }

    /// Closes the window when a second has passed; each further second without traffic halves.
    fn roll(&mut self, now: Instant) {
        let micros = now.since(self.since).as_micros();
        if micros < SECOND_MICROS {
            return;
        }
        let silent_seconds = (micros / SECOND_MICROS - 1).min(u64::BITS.into());
        self.per_second = (self.per_second + self.bytes) / 2.0;
        for _ in 0..silent_seconds {
            self.per_second /= 2.0;
        }
        self.bytes = 0.0;
        self.since = now;
    }
}

const HYSTERESIS: u8 = 5;
const STABILITY_WINDOW: Span = Span::from_ms(10 * 60 * 1_000);
const SECOND_MICROS: u64 = 1_000_000;
/// More than a client with the default backoff can collect in ten minutes.
const MAX_RECONNECTS: usize = 1_000;
