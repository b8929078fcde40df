//! What goes over the wire, beside the application's own messages.
//!
//! | to | use |
//! |---|---|
//! | read a link, with all that the protocol demands of the order of frames | [`Reader`] |
//! | read one frame by itself | [`decode_text`], [`cut`] |
//! | write a control frame | [`Control::encode`] |
//! | write messages, packed into units | [`pack`] |
//! | write one text message | [`escape`] |
//! | cut a snapshot's text | [`parts`] |

mod check;
mod decode;
mod encode;
mod error;
mod part;
mod reader;
mod snapshot;
mod unit;

pub use check::{is_id, is_key, is_memory, is_room};
pub use decode::{Incoming, decode_text};
pub use encode::escape;
pub use error::FrameError;
pub use part::parts;
pub use reader::{Reader, Side};
pub use snapshot::{Form, Save, SaveRefusal, Saved, StoredSnapshot, Unsaved, WantedSnapshot};
pub use unit::{Encoded, Message, cut, pack};

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits::LANES;

/// A control frame, and how many application messages its sender gave to this link before it
/// (volatile ones included; each message of a unit counts as one).
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// That count.
    pub count: u64,
    /// The frame.
    pub frame: Frame,
}

/// The control frames.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// Client, first on a link: who it is and where it stands.
    Hello(Hello),
    /// Server, in answer: what it has. From here on messages flow.
    Welcome(Welcome),
    /// Server: why it closes the link, just before it does.
    Error(ErrorFrame),
    /// Client: a fresh token for the same user.
    Auth(Auth),
    /// Server: the fresh token is good.
    Authenticated,
    /// Client: everything up to here on this stream was handed over.
    Handed(Position),
    /// Server: everything up to here in this lane was stored and synced.
    Stored(Stored),
    /// Client: acknowledge everything before this as soon as it is stored.
    Ask,
    /// Client: the next messages belong to this lane and have numbers from `next` on.
    Lane(Lane),
    /// Client: it speaks for another memory.
    Adopt(Adopt),
    /// Server, in answer: what it has of that memory.
    Adopted(Adopted),
    /// Client: nothing is left of this memory.
    Done(Adopt),
    /// Server: the next messages belong to this stream and have numbers from `next` on.
    From(From),
    /// Server: the next frame is one volatile message; it has no number and belongs to this stream.
    Volatile(Volatile),
    /// Either side: answer with a pong of the same id.
    Ping(Ping),
    /// The answer.
    Pong(Ping),
    /// Several texts in one frame. They follow this frame's count in order.
    Texts(Vec<String>),
    /// The next binary frame holds several messages of these lengths in bytes.
    Binaries(Vec<u32>),
    /// Either side: a piece of a snapshot's text.
    Part(String),
    /// Client: store a snapshot, whose text came in the parts before.
    Save(Save),
    /// Server: it is stored and synced.
    Saved(Saved),
    /// Server: it is not, and what was stored before still is.
    Unsaved(Unsaved),
    /// Client: the session is over, after everything before this.
    End,
}

/// Who a client is and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// The session to resume; none: a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Its resume token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// 128 random bits in hex: which page this is.
    pub instance: String,
    /// Higher than in every earlier hello of this session.
    pub claim: u64,
    /// The memories that the client speaks for.
    #[serde(
        default,
        deserialize_with = "null_is_absent",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub memories: Vec<String>,
    /// The application's credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<String>,
    /// The link's request id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The application's own subprotocols.
    #[serde(
        default,
        deserialize_with = "null_is_absent",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub protocols: Vec<String>,
    /// What the client takes unacknowledged: messages, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<(u32, u32)>,
    /// By stream: epoch, and the number of the last message handed over. A stream that is absent:
    /// go on after the last acknowledgement.
    #[serde(
        default,
        deserialize_with = "null_is_absent",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub positions: BTreeMap<String, (u32, u64)>,
    /// What the client has and wants of its snapshot; none: it keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<WantedSnapshot>,
}

/// What the server has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// The session's id: no secret.
    pub session: String,
    /// For the next hello: a secret.
    pub token: String,
    /// Names this ownership, for logs.
    pub term: String,
    /// What the server has of each memory that the hello names; one that is missing is another
    /// user's.
    #[serde(
        default,
        deserialize_with = "null_is_absent",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub memories: BTreeMap<String, Memory>,
    /// Whether this is the session that was asked for.
    pub resumed: bool,
    /// Why not, when it is not.
    pub reason: Reason,
    /// The longest message taken, in UTF-8 bytes.
    pub max_message: u32,
    /// What the server takes unacknowledged: messages, bytes.
    pub window: (u32, u32),
    /// How long an absent client's messages are kept, in milliseconds.
    pub ttl: u64,
    /// After a loss, the first retry waits a random time up to this, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<u64>,
    /// Names the user, opaquely.
    pub user: String,
    /// The application's subprotocol, chosen from those of the hello.
    #[serde(
        default,
        deserialize_with = "null_is_absent",
        skip_serializing_if = "String::is_empty"
    )]
    pub protocol: String,
    /// The snapshot that is stored; none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<StoredSnapshot>,
}

/// Why a session was not resumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It was.
    #[default]
    Resumed,
    /// None was asked for.
    New,
    /// The token is not its.
    Token,
    /// It belongs to another user.
    User,
    /// What the store has of it cannot be read.
    Corrupt,
    /// It is not known: it never was, has ended, or is long gone. A reason that a later server gives
    /// is read as this one.
    #[serde(other)]
    Unknown,
}

/// Why the server closes the link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorFrame {
    /// What, for programs: PROTOCOL, UNAUTHORIZED, TAKEN_OVER, STALE, TOO_MANY, UNAVAILABLE.
    pub error_code: String,
    /// What, for people.
    pub message: String,
    /// The link's request id, as in the server's log.
    pub request_id: String,
    /// When, in RFC 3339.
    #[serde(
        default,
        deserialize_with = "null_is_absent",
        skip_serializing_if = "String::is_empty"
    )]
    pub timestamp: String,
}

/// Fresh credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Auth {
    /// As `auth` of the hello.
    pub token: String,
}

/// A place in a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The stream: empty for the session's own outbox, else the room's name.
    pub stream: String,
    /// Its epoch.
    pub epoch: u32,
    /// The number of the last message handed over.
    pub number: u64,
}

/// What the server has of a memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Drawn when the server heard of the memory first. Another one than before: it had forgotten.
    pub birth: String,
    /// By lane, the number of the last message that is stored; every higher number is free.
    pub received: [u64; LANES],
}

/// How far upward messages are stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// The memory that they came from.
    pub memory: String,
    /// Their lane.
    pub lane: u8,
    /// The number of the last one.
    pub number: u64,
}

/// Where the client's messages go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// The memory that they come from: one of those that this link speaks for.
    pub memory: String,
    /// Their lane: 0, 1 or 2, the first of which has the highest priority.
    pub lane: u8,
    /// The number of the next message.
    pub next: u64,
}

/// A memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adopt {
    /// 128 random bits in hex.
    pub memory: String,
}

/// What the server has of a memory that was named later than in the hello; with neither `birth` nor
/// `received` it is another user's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adopted {
    /// The memory.
    pub memory: String,
    /// As in [`Memory`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth: Option<String>,
    /// As in [`Memory`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<[u64; LANES]>,
}

/// Where a stream goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct From {
    /// As in [`Position`].
    pub stream: String,
    /// Its epoch.
    pub epoch: u32,
    /// The number of the next message.
    pub next: u64,
    /// Why messages are missing before it; absent when none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The stream of a volatile message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Volatile {
    /// As in [`Position`].
    pub stream: String,
}

/// A ping or a pong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    /// Chosen by who pings.
    pub id: u32,
}

/// A field that may be absent may also be null.
fn null_is_absent<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
