//! The orders as they stand in JSON, and what makes one valid.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::links::{Endpoint, Entry};
use crate::ws::close::MAX_REASON;

/// A fault, for whom, and for how long.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FaultOrder {
    pub(crate) target: Target,
    pub(crate) fault: Fault,
    #[serde(default)]
    pub(crate) duration_ms: Option<u64>,
}

/// Whose links a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Target {
    All,
    /// One link, by its id or its request id.
    Connection(String),
    /// Everybody in a room of the hub.
    Room(String),
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub(crate) enum Fault {
    /// A proper close frame.
    Close {
        code: u16,
        #[serde(default)]
        reason: String,
    },
    /// The end of the stream, without a close frame.
    Cut {},
    /// A TCP reset.
    Reset {},
    /// The connection stays open and nothing moves.
    Blackhole {
        #[serde(default)]
        direction: Direction,
    },
    /// Everything arrives later, in order.
    Delay {
        ms: u64,
        #[serde(default)]
        direction: Direction,
    },
    /// A slow line.
    Bandwidth {
        bytes_per_second: u64,
        #[serde(default)]
        direction: Direction,
    },
    /// New links are reset before they are answered.
    Refuse {},
    /// New links open and are closed at once.
    AcceptClose {
        code: u16,
        #[serde(default)]
        reason: String,
    },
    /// The answer to the opening handshake comes late.
    Late { ms: u64 },
}

/// Which way bytes are struck, seen from the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    #[default]
    Both,
    /// Client to server.
    Up,
    /// Server to client.
    Down,
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Once, the links that are open.
    Once,
    /// Open and later links, until it is lifted.
    Standing,
    /// Later links only, until it is lifted.
    NewLinks,
}

/// What is wrong with an order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum InvalidOrder {
    #[error("{0} is not a close code that may be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999")]
    CloseCode(u16),
    #[error("the reason is {0} bytes long; a close frame holds {MAX_REASON}")]
    LongReason(usize),
    #[error("{name} is {value}; allowed is {} to {}", .range.start(), .range.end())]
    OutOfRange {
        name: &'static str,
        value: u64,
        range: RangeInclusive<u64>,
    },
    #[error("this fault happens once: leave out durationMs")]
    NoDuration,
    #[error("this fault strikes new links: the target is \"all\" or a room")]
    NeedsWiderTarget,
}

/// Longest delay, in milliseconds: ten minutes.
const MAX_MS: u64 = 600_000;
/// Longest life of a standing fault, in milliseconds: one day.
const MAX_DURATION_MS: u64 = 86_400_000;
/// Fastest slow line, in bytes a second.
const MAX_BYTES_PER_SECOND: u64 = 1_000_000_000;

impl FaultOrder {
    pub(crate) fn check(&self) -> Result<(), InvalidOrder> {
        self.fault.check()?;
        let scope = self.fault.scope();
        if scope == Scope::NewLinks && matches!(self.target, Target::Connection(_)) {
            return Err(InvalidOrder::NeedsWiderTarget);
        }
        match self.duration_ms {
            Some(_) if scope == Scope::Once => Err(InvalidOrder::NoDuration),
            Some(value) => check_range("durationMs", value, 1..=MAX_DURATION_MS),
            None => Ok(()),
        }
    }

    pub(crate) fn duration(&self) -> Option<Duration> {
        self.duration_ms.map(Duration::from_millis)
    }
}

impl Target {
    pub(crate) fn is_hit(&self, entry: &Entry) -> bool {
        match self {
            Self::Connection(id) => *id == entry.id() || id == entry.request_id.as_str(),
            _ => self.covers(&entry.endpoint),
        }
    }

    /// Whether a new link at `endpoint` is struck.
    pub(crate) fn covers(&self, endpoint: &Endpoint) -> bool {
        match self {
            Self::All => true,
            Self::Room(room) => endpoint.room() == Some(room),
            Self::Connection(_) => false,
        }
    }
}

impl Fault {
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Close { .. } | Self::Cut {} | Self::Reset {} => Scope::Once,
            Self::Blackhole { .. } | Self::Delay { .. } | Self::Bandwidth { .. } => Scope::Standing,
            Self::Refuse {} | Self::AcceptClose { .. } | Self::Late { .. } => Scope::NewLinks,
        }
    }

    fn check(&self) -> Result<(), InvalidOrder> {
        match self {
            Self::Close { code, reason } | Self::AcceptClose { code, reason } => {
                if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                    return Err(InvalidOrder::CloseCode(*code));
                }
                if reason.len() > MAX_REASON {
                    return Err(InvalidOrder::LongReason(reason.len()));
                }
                Ok(())
            }
            Self::Delay { ms, .. } | Self::Late { ms } => check_range("ms", *ms, 1..=MAX_MS),
            Self::Bandwidth {
                bytes_per_second, ..
            } => check_range(
                "bytesPerSecond",
                *bytes_per_second,
                1..=MAX_BYTES_PER_SECOND,
            ),
            Self::Cut {} | Self::Reset {} | Self::Blackhole { .. } | Self::Refuse {} => Ok(()),
        }
    }
}

impl Direction {
    pub(crate) fn is_up(self) -> bool {
        self != Self::Down
    }

    pub(crate) fn is_down(self) -> bool {
        self != Self::Up
    }
}

fn check_range(
    name: &'static str,
    value: u64,
    range: RangeInclusive<u64>,
) -> Result<(), InvalidOrder> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(InvalidOrder::OutOfRange { name, value, range })
    }
}
