//! What can be asked of a store.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use super::{Refused, Reply, StoreError};
use crate::Payload;
use crate::io::{Effect, OutboxOverflow, SessionId};

/// One ownership of a session, or of a memory. A higher counter is a later one; the random half tells two apart
/// that a rolled-back store gave the same counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Term {
    /// Raised by each accepted claim.
    pub counter: u64,
    /// Drawn for each accepted claim.
    pub nonce: u64,
}

/// A request. `wall_ms` is Unix time in milliseconds.
#[derive(Clone, Debug)]
pub enum Request {
    /// A hello asks for a session, or for a new one. → [`Reply::Claimed`]
    Claim(Claim),
    /// A link speaks for one more memory. Conditional on the term of the session. → [`Reply::Adopted`]
    Adopt(Adopt),
    /// Upward messages are put into the inbox. Conditional on the term of the session, and of each memory,
    /// and on numbers that rise. → [`Reply::Appended`]
    Append(Append),
    /// Nothing is left of a memory at its client. Without consequence if it has another term by now.
    /// → [`Reply::Done`]
    Forget {
        /// Which.
        memory: Arc<str>,
        /// On whose behalf.
        term: Term,
    },
    /// The handler is done with messages: effects and cursor in one write. Conditional on the
    /// cursor. → [`Reply::Committed`]
    Commit(Commit),
    /// Effects from outside a handler. Not repeatable: asked twice, it sends twice.
    /// → [`Reply::Committed`]
    Send {
        /// What.
        effects: Vec<Effect>,
        /// Bounds.
        limits: Limits,
        /// Now.
        wall_ms: u64,
    },
    /// The client has handed over everything up to `number`: an outbox forgets it, a subscription
    /// moves on. Conditional on the term. → [`Reply::Done`]
    Acknowledge {
        /// Whose.
        session: SessionId,
        /// On whose behalf.
        term: Term,
        /// By stream (empty: the outbox): epoch and number. One that does not exist is skipped.
        positions: Vec<(String, u32, u64)>,
    },
    /// Downward messages of one stream after a number. Conditional on the term. → [`Reply::Rows`]
    Read {
        /// Who reads.
        session: SessionId,
        /// On whose behalf.
        term: Term,
        /// Empty: the session's outbox; else a room.
        stream: String,
        /// The rows after this number.
        after: u64,
        /// At most so many.
        max_messages: u32,
        /// At most so many bytes, but always one row.
        max_bytes: u32,
    },
    /// The inbox after a place, for the handler. An entry that cannot be read ends the answer; when it
    /// is the first, the answer is [`StoreError::Corrupt`], and a [`Commit`] that calls it dead goes
    /// past it. → [`Reply::Inbox`]
    Inbox {
        /// Whose.
        session: SessionId,
        /// Entries after this one.
        after: u64,
        /// At most so many.
        max_messages: u32,
    },
    /// The link is gone, or the client shows life: when the session was last seen. Conditional on
    /// the term. → [`Reply::Done`]
    Seen {
        /// Whose.
        session: SessionId,
        /// On whose behalf.
        term: Term,
        /// When; from here its absence counts.
        wall_ms: u64,
    },
    /// The client has ended its session: the outbox and the subscriptions go, the inbox stays until
    /// it is handled, the counts stay as a tombstone. Conditional on the term. → [`Reply::Ended`]
    End {
        /// Whose.
        session: SessionId,
        /// On whose behalf.
        term: Term,
        /// Now.
        wall_ms: u64,
    },
    /// Which sessions have an inbox that is not empty. → [`Reply::Work`]
    Work {
        /// Sessions after this id, in the order of ids.
        after: Option<SessionId>,
        /// At most so many.
        max_sessions: u32,
    },
    /// The application's state is stored. A checkpoint's positions are acknowledged in the same write.
    /// Conditional on the base, a checkpoint on the term as well. Repeatable: what was stored already
    /// is answered again. → [`Reply::Saved`]
    Save(Save),
    /// What is stored of the application's state; [`StoreError::Corrupt`] when it cannot be read.
    /// → [`Reply::Loaded`]
    Load(Load),
    /// Forgets what is too old or too much, a bounded part at a time. → [`Reply::Expired`]
    Expire {
        /// Now.
        wall_ms: u64,
        /// Payloads of sessions that were last seen before this go, and those of rooms.
        payloads_before_ms: u64,
        /// Sessions that were last seen before this go altogether, and memories that were last used.
        sessions_before_ms: u64,
        /// Snapshots that were saved before this go, unless they are checkpoints of a session that
        /// was seen since.
        snapshots_before_ms: u64,
        /// More sessions than that: those longest absent go. Of memories there may be eight times as many.
        max_sessions: u32,
    },
}

impl Request {
    /// Whether it changes nothing, so that it needs no sync.
    #[must_use]
    pub const fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::Read { .. } | Self::Inbox { .. } | Self::Work { .. } | Self::Load(_)
        )
    }
}

/// A hello, judged by the application.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The session and token that it brought.
    pub resume: Option<(SessionId, String)>,
    /// Its instance.
    pub instance: Arc<str>,
    /// Its claim.
    pub claim: u64,
    /// The memories that it speaks for.
    pub memories: Vec<Arc<str>>,
    /// The user that it belongs to.
    pub user: String,
    /// The endpoint it came to.
    pub endpoint: String,
    /// Rooms to subscribe to.
    pub rooms: Vec<String>,
    /// Positions it holds: by stream, epoch and number.
    pub positions: Vec<(String, u32, u64)>,
    /// The snapshot that the page keeps, if it keeps one.
    pub snapshot: Option<Wanted>,
    /// The id of a new session, should one be needed.
    pub new_session: SessionId,
    /// The token for the next hello.
    pub new_token: String,
    /// The random half of the new terms, also the source of new epochs and birth marks.
    pub nonce: u64,
    /// Now.
    pub wall_ms: u64,
}

/// What a hello says of the application's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The user's document of this name; none: the session's checkpoint.
    pub key: Option<String>,
    /// The version that the page has; 0: none.
    pub version: u64,
    /// The page begins. It gets what is stored, unless it has that version; from a checkpoint that
    /// it gets, the streams go on behind the checkpoint's positions instead of the hello's.
    pub restore: bool,
}

/// Messages for an inbox.
#[derive(Clone, Debug)]
pub struct Append {
    /// Whose.
    pub session: SessionId,
    /// On whose behalf.
    pub term: Term,
    /// The memories that they come from, and on whose behalf.
    pub memories: Vec<(Arc<str>, Term)>,
    /// The messages.
    pub messages: Vec<Upward>,
    /// Now.
    pub wall_ms: u64,
}

/// A message from a client.
#[derive(Clone, Debug)]
pub struct Upward {
    /// The memory that it comes from.
    pub memory: Arc<str>,
    /// Its lane there.
    pub lane: u8,
    /// Its number there.
    pub number: u64,
    /// The message.
    pub payload: Payload,
}

/// One more memory for a link.
#[derive(Clone, Debug)]
pub struct Adopt {
    /// The link's session.
    pub session: SessionId,
    /// On whose behalf.
    pub term: Term,
    /// The memory.
    pub memory: Arc<str>,
    /// As in [`Claim`].
    pub nonce: u64,
    /// Now.
    pub wall_ms: u64,
}

/// What a handler did.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Whose inbox.
    pub session: SessionId,
    /// The cursor before.
    pub after: u64,
    /// The cursor afterwards.
    pub up_to: u64,
    /// What was sent, in order.
    pub effects: Vec<Effect>,
    /// Entries that the handler failed on for good, and why.
    pub dead: Vec<(u64, String)>,
    /// Bounds on outboxes and rooms.
    pub limits: Limits,
    /// What happens to one more message in the session's own outbox: without room the commit is
    /// [`Refused::Full`], or the oldest give way.
    pub own_overflow: OutboxOverflow,
    /// Now.
    pub wall_ms: u64,
}

/// Bounds on what effects may fill.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages of one outbox.
    pub outbox_messages: u32,
    /// Bytes of one outbox.
    pub outbox_bytes: u32,
    /// What happens to one more.
    pub outbox_overflow: OutboxOverflow,
    /// Messages of one room; the oldest give way.
    pub room_messages: u32,
    /// Bytes of one room; the oldest give way.
    pub room_bytes: u32,
}

/// A state to be stored.
#[derive(Clone, Debug)]
pub struct Save {
    /// Where.
    pub slot: Slot,
    /// The version that it follows; 0: none is stored.
    pub base: u64,
    /// The state.
    pub content: Content,
    /// The length of its text, in UTF-8 bytes.
    pub bytes: u32,
    /// FNV-1a of its text.
    pub check: u32,
    /// What a checkpoint's page has handed over: by stream, epoch and number. Streams that are not
    /// named stay where they are.
    pub positions: Vec<(String, u32, u64)>,
    /// Bounds.
    pub limits: SnapshotLimits,
    /// Now.
    pub wall_ms: u64,
}

/// Where a state is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// With a session.
    Checkpoint {
        /// Whose.
        session: SessionId,
        /// On whose behalf.
        term: Term,
    },
    /// With a user.
    Document {
        /// Whose.
        user: String,
        /// Its name.
        key: String,
    },
}

/// How a state is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Its text.
    Data(String),
    /// What changes the base's text into it ([`steadfast_protocol::delta`]).
    Delta(String),
    /// The base's text: a new version, a new life and new positions.
    Same,
}

/// Bounds on snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotLimits {
    /// Bytes of one text.
    pub max_bytes: u32,
    /// Bytes of all snapshots: of their texts and names, and 256 for each.
    pub quota_bytes: u64,
    /// Documents of one user.
    pub documents: u32,
    /// How long one is kept, from when it was saved.
    pub ttl_ms: u64,
}

/// Which state is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Load {
    /// A session's checkpoint. [`Refused::Unknown`] unless the session lives and is the user's,
    /// [`Refused::Term`] when the token is none of its own.
    Checkpoint {
        /// Whose.
        session: SessionId,
        /// The user who asks.
        user: String,
        /// A token that the next hello could bring.
        token: String,
    },
    /// A user's document.
    Document {
        /// Whose.
        user: String,
        /// Its name.
        key: String,
    },
}
