//! Why this side closes a link.

use steadfast_protocol::close_code;
use steadfast_protocol::frame::{ErrorFrame, Frame, FrameError};

use super::Node;
use super::link::Phase;
use super::timestamp::rfc3339;
use crate::io::{Level, LinkId, Output};

/// Why this side closes a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// A frame that cannot be taken.
    Frame(FrameError),
    /// An acknowledgement of something that was not sent.
    AcknowledgedAhead,
    /// No hello came in time.
    HelloLate,
    /// The credentials are refused.
    Unauthorized,
    /// Fresh credentials are another user's.
    OtherUser,
    /// The session has another owner.
    TakenOver,
    /// A later hello of the same client has the session, or the session is not known any more.
    Stale,
    /// Too much at once: of what.
    TooMany(&'static str),
    /// The store, or who judges credentials, cannot be reached.
    Unavailable,
    /// A ping went unanswered.
    Silent,
    /// The client has ended the session.
    Ended,
    /// The server stops.
    Stopping,
}

impl Ending {
    const fn close_code(self) -> u16 {
        match self {
            Self::Frame(_) | Self::AcknowledgedAhead | Self::HelloLate => close_code::PROTOCOL,
            Self::Unauthorized | Self::OtherUser => close_code::UNAUTHORIZED,
            Self::TakenOver => close_code::TAKEN_OVER,
            Self::Stale => close_code::STALE,
            Self::TooMany(_) => close_code::TOO_MANY,
            Self::Unavailable => close_code::UNAVAILABLE,
            Self::Silent => close_code::HEARTBEAT_TIMEOUT,
            Self::Ended => 1000,
            Self::Stopping => 1001,
        }
    }

    /// `errorCode` of the error frame; empty when the close code says it all.
    const fn error_code(self) -> &'static str {
        match self {
            Self::Frame(_) | Self::AcknowledgedAhead | Self::HelloLate => "PROTOCOL",
            Self::Unauthorized | Self::OtherUser => "UNAUTHORIZED",
            Self::TakenOver => "TAKEN_OVER",
            Self::Stale => "STALE",
            Self::TooMany(_) => "TOO_MANY",
            Self::Unavailable => "UNAVAILABLE",
            Self::Silent | Self::Ended | Self::Stopping => "",
        }
    }

    fn message(self) -> String {
        match self {
            Self::Frame(error) => return error.to_string(),
            Self::TooMany(what) => return format!("too many {what}"),
            Self::AcknowledgedAhead => "a message was acknowledged that was not sent",
            Self::HelloLate => "no hello came in time",
            Self::Unauthorized => "the credentials are wrong or have expired",
            Self::OtherUser => "the credentials are another user's",
            Self::TakenOver => "the session has another owner",
            Self::Stale => "the session has gone on without this link",
            Self::Unavailable => "the server cannot do this now",
            Self::Silent => "a ping went unanswered",
            Self::Ended => "the session has ended",
            Self::Stopping => "the server stops",
        }
        .to_owned()
    }

    const fn level(self) -> Level {
        match self {
            Self::Ended | Self::Stopping => Level::Debug,
            Self::Silent | Self::Stale | Self::TakenOver | Self::HelloLate => Level::Info,
            _ => Level::Warn,
        }
    }
}

impl Node {
    /// Closes a link, says why, and writes one line about it.
    pub(super) fn end_link(&mut self, id: LinkId, ending: Ending) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.waiting.clear();
        let request_id = link.request_id.clone();
        let session = match &link.phase {
            Phase::Live(live) => live.session.to_string(),
            _ => String::new(),
        };
        let message = ending.message();
        if !ending.error_code().is_empty() {
            let error = ErrorFrame {
                error_code: ending.error_code().to_owned(),
                message: message.clone(),
                request_id: request_id.clone(),
                timestamp: rfc3339(self.now.wall_ms),
            };
            self.transmit_control(id, Frame::Error(error));
        }
        let code = ending.close_code();
        let line = format!("link closed with {code}: {message}");
        self.log(ending.level(), &request_id, &session, line);
        self.outputs.push_back(Output::Close {
            link: id,
            code,
            reason: message,
        });
        self.drop_link(id);
    }
}
