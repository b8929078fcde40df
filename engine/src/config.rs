//! What an application can choose. Names, units and defaults are those of the JavaScript options.

use crate::Span;

/// Everything that can be chosen. [`Config::default`] is what JavaScript gets without options.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// An attempt that has not opened by then is abandoned and retried. 10 s.
    pub connect_timeout: Span,
    /// A longer message is refused at once. 1 MiB, in UTF-8 bytes.
    pub max_message_bytes: u32,
    /// Whether the application greets every link before the queue is sent. No.
    pub greets: bool,
    /// Whether the application decides what follows a loss. No.
    pub decides: bool,
    /// Whether messages are numbered, acknowledged and sent again in a session. No: every link is on
    /// its own.
    pub session: bool,
    /// Whether accepted messages are kept in storage, and their numbers written before they leave. No.
    /// Only with `session`.
    pub persist: bool,
    /// How a dead link is noticed.
    pub heartbeat: HeartbeatConfig,
    /// How a lost link is replaced.
    pub reconnect: ReconnectConfig,
    /// How messages wait for a link.
    pub queue: QueueConfig,
    /// How the application's state is saved; `None`: it is not.
    pub snapshot: Option<SnapshotConfig>,
}

/// How a dead link is noticed.
#[derive(Clone, Debug, PartialEq)]
pub struct HeartbeatConfig {
    /// Whether pings are sent unasked, and misses end a link. Yes.
    pub enabled: bool,
    /// Silence before a ping. 30 s: proxies cut at 60.
    pub interval: Span,
    /// The longest a ping may stay unanswered; measured round trips shorten it. 10 s.
    pub timeout: Span,
    /// Unanswered pings in a row that end a link. 3.
    pub misses: u32,
    /// How long the one ping that is sent on waking may stay unanswered. 3 s.
    pub probe: Span,
    /// Bounds between which the interval follows the link's health; `None`: it does not.
    pub adaptive: Option<Adaptive>,
}

/// Bounds of an adaptive heartbeat interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adaptive {
    /// The interval at health 0. 5 s.
    pub min: Span,
    /// The interval at health 100. 30 s.
    pub max: Span,
}

/// How a lost link is replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct ReconnectConfig {
    /// Whether it is; without, the first loss is the end. Yes.
    pub enabled: bool,
    /// The first retry after an established link waits a random 0 to this. 1 s.
    pub first: Span,
    /// No later retry waits less. 200 ms.
    pub min: Span,
    /// What retry number n waits at most is this times `factor` to the power of n - 1. 1 s.
    pub base: Span,
    /// What any retry waits at most. 60 s.
    pub max: Span,
    /// By how much that grows from one retry to the next. 2.
    pub factor: f64,
    /// How a delay is spread. Full.
    pub jitter: Jitter,
    /// Retries in a row without a stable link. `u32::MAX`: no limit.
    pub retries: u32,
    /// Time without a stable link. [`Span::FOREVER`].
    pub max_elapsed: Span,
    /// A link that lived this long is stable, and the count of retries starts over. 5 s.
    pub stable_after: Span,
}

/// How a delay is spread, always below the cap, so that clients that lost one server together do
/// not come back together (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Uniform from 0 to the delay.
    Full,
    /// Half the delay, and uniform from 0 to the other half.
    Equal,
    /// Uniform from `base` to three times the previous delay, capped.
    Decorrelated,
    /// The delay itself.
    None,
}

/// How messages wait for a link.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueConfig {
    /// Whether they wait; without, they are refused while there is no link. Yes.
    pub enabled: bool,
    /// How many may wait, and how many that came in before anybody listened. 10,000.
    pub max_messages: u32,
    /// How many UTF-8 bytes may wait, either way. 16 MiB.
    pub max_bytes: u32,
    /// What happens to a message for which there is no room.
    pub overflow: Overflow,
    /// How long a message may wait. [`Span::FOREVER`].
    pub ttl: Span,
    /// Bytes that the link may hold unsent before messages wait in the queue. 1 MiB.
    pub high_water_mark: u32,
}

/// How the application's state is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotConfig {
    /// How often, when it has changed. 5 s.
    pub interval: Span,
    /// Whether it is a checkpoint: it carries how far the streams were handed over, and storing it
    /// is what acknowledges that. Yes; a document with a key is none. Only with `session`.
    pub checkpoint: bool,
    /// Whether storing a checkpoint still has to be acknowledged to the session, since it is stored
    /// elsewhere. No.
    pub acknowledges: bool,
}

/// What happens to a message for which there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// It is refused with [`Refusal::QueueFull`](crate::Refusal::QueueFull).
    Reject,
    /// The oldest waiting messages of the lowest priority make room for it, unless all that wait
    /// have a higher priority than it; then it is dropped itself.
    DropOldest,
    /// It is dropped.
    DropNewest,
}

impl Config {
    /// Nothing chosen, and nothing there.
    pub(crate) const BARE: Self = Self {
        connect_timeout: Span::ZERO,
        max_message_bytes: 0,
        greets: false,
        decides: false,
        session: false,
        persist: false,
        heartbeat: HeartbeatConfig::BARE,
        reconnect: ReconnectConfig::BARE,
        queue: QueueConfig::BARE,
        snapshot: None,
    };
}

impl HeartbeatConfig {
    pub(crate) const BARE: Self = Self {
        enabled: false,
        interval: Span::ZERO,
        timeout: Span::ZERO,
        misses: 0,
        probe: Span::ZERO,
        adaptive: None,
    };
}

impl ReconnectConfig {
    const BARE: Self = Self {
        enabled: false,
        first: Span::ZERO,
        min: Span::ZERO,
        base: Span::ZERO,
        max: Span::ZERO,
        factor: 0.0,
        jitter: Jitter::Full,
        retries: 0,
        max_elapsed: Span::ZERO,
        stable_after: Span::ZERO,
    };
}

impl QueueConfig {
    const BARE: Self = Self {
        enabled: false,
        max_messages: 0,
        max_bytes: 0,
        overflow: Overflow::Reject,
        ttl: Span::ZERO,
        high_water_mark: 0,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connect_timeout: Span::from_ms(10_000),
            max_message_bytes: 1 << 20,
            greets: false,
            decides: false,
            session: false,
            persist: false,
            heartbeat: HeartbeatConfig::default(),
            reconnect: ReconnectConfig::default(),
            queue: QueueConfig::default(),
            snapshot: None,
        }
    }
}

impl Default for SnapshotConfig {
    fn default() -> Self {
        Self {
            interval: Span::from_ms(5_000),
            checkpoint: true,
            acknowledges: false,
        }
    }
}

impl Default for HeartbeatConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: Span::from_ms(30_000),
            timeout: Span::from_ms(10_000),
            misses: 3,
            probe: Span::from_ms(3_000),
            adaptive: Some(Adaptive {
                min: Span::from_ms(5_000),
                max: Span::from_ms(30_000),
            }),
        }
    }
}

impl Default for ReconnectConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            first: Span::from_ms(1_000),
            min: Span::from_ms(200),
            base: Span::from_ms(1_000),
            max: Span::from_ms(60_000),
            factor: 2.0,
            jitter: Jitter::Full,
            retries: u32::MAX,
            max_elapsed: Span::FOREVER,
            stable_after: Span::from_ms(5_000),
        }
    }
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            max_messages: 10_000,
            max_bytes: 16 << 20,
            overflow: Overflow::Reject,
            ttl: Span::FOREVER,
            high_water_mark: 1 << 20,
        }
    }
}
