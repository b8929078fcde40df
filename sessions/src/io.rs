//! What goes into a node and what comes out.

use std::sync::Arc;
use std::time::Duration;

use steadfast_protocol::Instant;

use crate::Payload;
use crate::store::{Reply, Request, SnapshotLimits, StoreError};

/// Names one WebSocket of this process; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// Names one store request of this process; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);

/// A session's public name.
pub type SessionId = Arc<str>;

/// A frame as it came, or goes, over the WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A text frame: an application text, escaped if need be, or a control frame.
    Text(String),
    /// A binary frame: an application message, or the second half of a binary unit.
    Binary(Vec<u8>),
}

/// What happened at `now`; the shell passes both clocks beside it.
#[derive(Clone, Debug)]
pub enum Input {
    /// The process has started: sessions with work left over are taken up.
    Start,
    /// A WebSocket with subprotocol steadfast.v1 is open.
    LinkOpened {
        /// Its name.
        link: LinkId,
        /// The request id of its handshake; the hello's takes its place.
        request_id: String,
        /// Rooms that a session on this endpoint is subscribed to.
        rooms: Vec<String>,
        /// The endpoint's name, for the application.
        endpoint: String,
        /// 256 random bits, for the ids and tokens that this link's hello may need.
        entropy: [u64; 4],
    },
    /// A frame came in.
    Frame {
        /// On which link.
        link: LinkId,
        /// What.
        wire: Wire,
    },
    /// Some of what was given to the link has left. The node counts what it gives; a shell says this
    /// at least whenever nothing is left, because the node waits for it.
    Buffered {
        /// Which.
        link: LinkId,
        /// Bytes that it has still to send.
        bytes: usize,
    },
    /// The link is gone.
    LinkClosed {
        /// Which.
        link: LinkId,
    },
    /// The application has judged the credentials of a hello or an `auth` frame.
    Authenticated {
        /// On which link.
        link: LinkId,
        /// The user's opaque key, or why not.
        user: Result<String, AuthRefusal>,
    },
    /// The store has answered. A successful write is synced.
    Stored {
        /// Which request.
        op: OpId,
        /// What.
        reply: Result<Reply, StoreError>,
    },
    /// The application's handler is done with what [`Output::Handle`] gave it.
    Handled {
        /// Whose message it was.
        session: SessionId,
        /// Its place, as in [`Delivery::seq`].
        seq: u64,
        /// What it did.
        outcome: Outcome,
    },
    /// The application sends from outside a handler.
    Send {
        /// Under this number [`Output::Sent`] will answer.
        request: u64,
        /// What, and to whom.
        effect: Effect,
    },
    /// The server stops: every link is closed with 1001, and no hello is taken any more.
    Stop,
    /// The moment of the last [`Output::Timeout`] has come. Early or twice is harmless.
    Timeout,
}

/// The two clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic.
    pub at: Instant,
    /// Unix time in milliseconds.
    pub wall_ms: u64,
}

/// Why credentials were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthRefusal {
    /// They are wrong or have expired.
    Unauthorized,
    /// They could not be judged now.
    Unavailable,
}

/// Something to do, in this order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Give a frame to a link.
    Transmit {
        /// Which.
        link: LinkId,
        /// What.
        wire: Wire,
    },
    /// Close a link. Nothing that it still says is wanted.
    Close {
        /// Which.
        link: LinkId,
        /// The close code.
        code: u16,
        /// The reason, at most 123 bytes.
        reason: String,
    },
    /// Ask the application whose credentials these are; answer with [`Input::Authenticated`].
    Authenticate {
        /// On which link.
        link: LinkId,
        /// The credentials, as the client gave them.
        auth: Option<String>,
    },
    /// Ask the store; answer with [`Input::Stored`].
    Store {
        /// The request's name.
        op: OpId,
        /// The request.
        request: Request,
    },
    /// Give a message to the application's handler; answer with [`Input::Handled`]. A session's
    /// messages come one at a time, in order.
    Handle(Delivery),
    /// What [`Input::Send`] asked for is stored and synced, or was refused.
    Sent {
        /// The number it came with.
        request: u64,
        /// Whether it is stored.
        result: Result<(), SendRefusal>,
    },
    /// A line for the log.
    Log(Record),
    /// All is done until this moment.
    Timeout(Instant),
}

/// A message for the application's handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Who sent it.
    pub session: SessionId,
    /// The user that the session belongs to.
    pub user: String,
    /// The endpoint that the session was opened at.
    pub endpoint: String,
    /// Its place among all messages of this session, from 1.
    pub seq: u64,
    /// The memory that it came from.
    pub memory: Arc<str>,
    /// Its lane there: 0 (high priority), 1 or 2.
    pub lane: u8,
    /// Its number in that lane. They rise, and may leave some out.
    pub number: u64,
    /// Whether the handler may have seen it before.
    pub redelivered: bool,
    /// The message.
    pub payload: Payload,
}

/// What a handler did with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done. These effects are committed in one write with the session's cursor.
    Done(Vec<Effect>),
    /// It failed: it gets the message again later, and after a number of times the message goes to
    /// the dead letters.
    Failed(String),
}

/// Something that the application sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// To a session's outbox.
    Send {
        /// Whose; the own one is just another.
        session: SessionId,
        /// What.
        payload: Payload,
    },
    /// To a room's log, and so to all its subscribers.
    Publish {
        /// Which.
        room: String,
        /// What.
        payload: Payload,
    },
    /// To those subscribers (or that session) who have a link now, unnumbered.
    Volatile {
        /// A session's id, or a room's name.
        to: Target,
        /// What.
        payload: Payload,
    },
    /// The session is subscribed to a room from here on.
    Subscribe {
        /// Whose subscription.
        session: SessionId,
        /// Which.
        room: String,
    },
    /// The session leaves a room.
    Unsubscribe {
        /// Whose subscription.
        session: SessionId,
        /// Which.
        room: String,
    },
}

/// To whom something volatile goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A session.
    Session(SessionId),
    /// A room.
    Room(String),
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendRefusal {
    /// No such session.
    Unknown,
    /// The outbox is full.
    Full,
    /// The message is longer than the limit.
    TooLarge,
    /// The store failed; whether the message is stored is not known.
    Unavailable,
}

/// A line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// How much it matters.
    pub level: Level,
    /// The link's request id; empty when it is about none.
    pub request_id: String,
    /// The session; empty when none is known.
    pub session: String,
    /// What happened.
    pub message: String,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something that a person should look at.
    Warn,
    /// A step in a session's life.
    Info,
    /// A detail.
    Debug,
}

/// Bounds and times of a node.
#[derive(Clone, Debug)]
pub struct Config {
    /// The longest application message, in UTF-8 bytes. 1 MiB.
    pub max_message: u32,
    /// What a client may have unacknowledged.
    pub window: steadfast_protocol::window::Window,
    /// A session's outbox at most, in messages. 10,000.
    pub outbox_messages: u32,
    /// And in bytes. 4 MiB.
    pub outbox_bytes: u32,
    /// What happens when it is full: the send fails, or the oldest give way (a `gap` later).
    pub outbox_overflow: OutboxOverflow,
    /// A room's log at most, in messages. 1,000.
    pub room_messages: u32,
    /// And in bytes. 1 MiB.
    pub room_bytes: u32,
    /// How long an absent client's messages, and a room's, are kept. 2 min.
    pub ttl: Duration,
    /// How long what is known of an absent session is kept, and of a memory that is not used. 30 days.
    pub tombstone_ttl: Duration,
    /// How long a link may take until its hello. 10 s.
    pub hello_within: Duration,
    /// The server's own ping goes into a silence of this length. 25 s.
    pub ping_interval: Duration,
    /// And is answered within this time, or the link is closed. 10 s.
    pub ping_timeout: Duration,
    /// How often a handler gets a message that it fails on. 5 times.
    pub attempts: u32,
    /// Sessions known at once, tombstones included; the oldest absent ones give way. Of memories eight times
    /// as many. 1,000,000.
    pub max_sessions: u32,
    /// The longest text of a snapshot, in UTF-8 bytes. 256 KiB, and not more.
    pub snapshot_bytes: u32,
    /// Bytes of all snapshots: of their texts and names, and 256 for each. 1 GiB.
    pub snapshot_quota_bytes: u64,
    /// Documents of one user at most; all who are not told apart are one user. 1,000.
    pub snapshot_documents: u32,
    /// How long a snapshot is kept, from when it was saved, or its session was last seen. 24 h.
    pub snapshot_ttl: Duration,
    /// How often a session may save, on average; what comes too early waits. 5 s.
    pub snapshot_every: Duration,
    /// How many saves may come at once. 5.
    pub snapshot_burst: u32,
    /// Bytes that a link may have still to send before its session waits. 256 KiB.
    pub link_buffer: usize,
    /// The application's subprotocols. The first of a client's that is among them is chosen; when
    /// this is empty, the client's first. Empty.
    pub protocols: Vec<String>,
    /// How an announced first retry is spread; `None`: as the client is configured.
    pub retry: Option<Duration>,
}

/// What happens to a message for which an outbox has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxOverflow {
    /// It is refused: the sender learns it.
    Refuse,
    /// The oldest give way; the client learns it by a `gap`.
    DropOldest,
}

impl Config {
    /// The bounds that a save is stored within.
    #[must_use]
    pub fn snapshot_limits(&self) -> SnapshotLimits {
        SnapshotLimits {
            max_bytes: self.snapshot_bytes,
            quota_bytes: self.snapshot_quota_bytes,
            documents: self.snapshot_documents,
            ttl_ms: u64::try_from(self.snapshot_ttl.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_message: 1 << 20,
            window: Default::default(),
            outbox_messages: 10_000,
            outbox_bytes: 4 << 20,
            outbox_overflow: OutboxOverflow::Refuse,
            room_messages: 1_000,
            room_bytes: 1 << 20,
            ttl: Duration::from_secs(120),
            tombstone_ttl: Duration::from_secs(30 * 24 * 60 * 60),
            hello_within: Duration::from_secs(10),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(10),
            attempts: 5,
            max_sessions: 1_000_000,
            snapshot_bytes: 256 << 10,
            snapshot_quota_bytes: 1 << 30,
            snapshot_documents: 1_000,
            snapshot_ttl: Duration::from_secs(24 * 60 * 60),
            snapshot_every: Duration::from_secs(5),
            snapshot_burst: 5,
            link_buffer: 256 << 10,
            protocols: Vec::new(),
            retry: None,
        }
    }
}
