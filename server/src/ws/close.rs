//! Why the server closes a link, and the code and reason the peer is told.

use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Utf8Bytes};

/// Longest reason of a close frame, in bytes (RFC 6455, 5.5).
pub(crate) const MAX_REASON: usize = 123;

/// The server's reason to close a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// The server stops.
    GoingAway,
    /// A frame broke the protocol.
    Protocol(String),
    /// A text was not UTF-8.
    NotUtf8,
    /// A message passed the limit.
    TooBig { size: usize, limit: usize },
    /// A started frame was not finished in time.
    FrameLate,
    /// Nothing came for too long, not even the answer to a ping.
    Idle,
    /// The peer reads slower than its room speaks.
    TooSlow,
    /// The peer's session has no more use for the link.
    Session { code: u16, reason: String },
    /// A fault that somebody ordered.
    Ordered { code: u16, reason: String },
}

impl Farewell {
    pub(crate) fn code(&self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::Protocol(_) => 1002,
            Self::NotUtf8 => 1007,
            Self::FrameLate => 1008,
            Self::TooBig { .. } => 1009,
            Self::Idle => 1011,
            Self::TooSlow => 1013,
            Self::Session { code, .. } | Self::Ordered { code, .. } => *code,
        }
    }

    pub(crate) fn reason(&self) -> String {
        let mut reason = match self {
            Self::GoingAway => "the server stops".to_owned(),
            Self::Protocol(what) => what.clone(),
            Self::NotUtf8 => "a text is not UTF-8".to_owned(),
            Self::TooBig { size, limit } => {
                format!("a message of {size} bytes or more; the limit is {limit}")
            }
            Self::FrameLate => "a frame was not finished in time".to_owned(),
            Self::Idle => "no sign of life".to_owned(),
            Self::TooSlow => "messages are read too slowly".to_owned(),
            Self::Session { reason, .. } | Self::Ordered { reason, .. } => reason.clone(),
        };
        while reason.len() > MAX_REASON {
            reason.pop();
        }
        reason
    }

    pub(crate) fn frame(&self) -> CloseFrame {
        CloseFrame {
            code: self.code().into(),
            reason: Utf8Bytes::from(self.reason()),
        }
    }

    /// The close that a fault asks for.
    pub(crate) fn ordered(code: u16, reason: &str) -> Self {
        let reason = reason.to_owned();
        Self::Ordered { code, reason }
    }

    /// What to tell a peer whose bytes could not be read; none if it is gone.
    pub(crate) fn for_error(error: &Error) -> Option<Self> {
        match error {
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
            Error::Protocol(what) => Some(Self::Protocol(what.to_string())),
            Error::Utf8(_) => Some(Self::NotUtf8),
            Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                Some(Self::TooBig {
                    size: *size,
                    limit: *max_size,
                })
            }
            _ => None,
        }
    }
}
