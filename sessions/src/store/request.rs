//! What can be asked of a store.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Payload;
use crate::io::{Effect, OutboxOverflow, SessionId};

/// One ownership of a session. A higher counter is a later one; the random half tells two apart
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
    /// Upward messages are put into the inbox. Conditional on the term and on `after`, the count of
    /// this instance. → [`Reply::Appended`]
    Append(Append),
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
    /// Forgets what is too old or too much, a bounded part at a time. → [`Reply::Expired`]
    Expire {
        /// Now.
        wall_ms: u64,
        /// Payloads of sessions that were last seen before this go, and those of rooms.
        payloads_before_ms: u64,
        /// Sessions that were last seen before this go altogether.
        sessions_before_ms: u64,
        /// More sessions than that: those longest absent go.
        max_sessions: u32,
    },
}

impl Request {
    /// Whether it changes nothing, so that it needs no sync.
    #[must_use]
    pub const fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::Read { .. } | Self::Inbox { .. } | Self::Work { .. }
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
    /// The user that it belongs to.
    pub user: String,
    /// The endpoint it came to.
    pub endpoint: String,
    /// Rooms to subscribe to.
    pub rooms: Vec<String>,
    /// Positions it holds: by stream, epoch and number.
    pub positions: Vec<(String, u32, u64)>,
    /// The id of a new session, should one be needed.
    pub new_session: SessionId,
    /// The token for the next hello.
    pub new_token: String,
    /// The random half of the new term, also the source of new epochs.
    pub nonce: u64,
    /// Now.
    pub wall_ms: u64,
}

/// Messages for an inbox.
#[derive(Clone, Debug)]
pub struct Append {
    /// Whose.
    pub session: SessionId,
    /// On whose behalf.
    pub term: Term,
    /// From which memory.
    pub instance: Arc<str>,
    /// The count of that memory before them.
    pub after: u64,
    /// The messages.
    pub payloads: Vec<Payload>,
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

/// The answer to a request that was carried out, now or earlier.
#[derive(Clone, Debug)]
pub enum Reply {
    /// To [`Request::Claim`].
    Claimed(Claimed),
    /// To [`Request::Append`].
    Appended(Appended),
    /// To [`Request::Commit`] and [`Request::Send`].
    Committed(Committed),
    /// To [`Request::Read`]: rows in order. The first one's number is above `after` + 1 when older
    /// ones are gone.
    Rows {
        /// The stream's epoch.
        epoch: u32,
        /// The rows.
        rows: Vec<Row>,
        /// The number of the stream's last message.
        last: u64,
        /// Why rows are missing before the first (or before `last` + 1, when there is none): as the
        /// gap of a [`StreamStart`], or "corrupt" for rows that cannot be read.
        missing: Option<String>,
    },
    /// To [`Request::Inbox`].
    Inbox(Vec<Entry>),
    /// To [`Request::End`].
    Ended {
        /// Messages of the outbox that no client will get.
        discarded: u64,
    },
    /// To [`Request::Work`].
    Work(Vec<Work>),
    /// To [`Request::Expire`].
    Expired {
        /// Payloads that went.
        payloads: u64,
        /// Sessions that went.
        sessions: u64,
        /// Whether there is more to do.
        more: bool,
    },
    /// To the others.
    Done,
}

/// What became of a hello.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// The session is the hello's.
    Accepted(Box<Accepted>),
    /// Another instance's claim stands above it.
    TakenOver,
    /// A later hello of the same instance stands above it.
    Stale,
}

/// The hello's session.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Its id: the one asked for, or the new one.
    pub session: SessionId,
    /// Why it is not the one asked for.
    pub reason: steadfast_protocol::frame::Reason,
    /// The new ownership.
    pub term: Term,
    /// Messages of the hello's instance that are stored.
    pub received: u64,
    /// The handler's cursor.
    pub cursor: u64,
    /// The last entry of the inbox.
    pub inbox_last: u64,
    /// By stream (the outbox under the empty name, first): where sending goes on.
    pub streams: Vec<StreamStart>,
}

/// Where a stream goes on for a hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStart {
    /// Empty: the outbox.
    pub stream: String,
    /// Its epoch.
    pub epoch: u32,
    /// Sending goes on after this number.
    pub after: u64,
    /// The number of the last message.
    pub last: u64,
    /// Why `after` is not the position that the client holds, when it is not: "expired",
    /// "overflow", "epoch", "acknowledged".
    pub gap: Option<String>,
}

/// Messages were put into the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The instance's count now.
    pub received: u64,
    /// The place of the last entry of the inbox.
    pub inbox_last: u64,
}

/// What a commit, or a send, did.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Rows that were added, in order: to which outbox or room, its epoch, and the numbers they got.
    pub rows: Vec<(crate::io::Target, u32, Row)>,
    /// Effects that were refused: their place, and why.
    pub refused: Vec<(usize, crate::io::SendRefusal)>,
    /// Where each subscription that the effects made, or found, goes on: after its acknowledged
    /// number. Told when `repeated`, too.
    pub subscribed: Vec<(SessionId, StreamStart)>,
    /// The request had been carried out before; `rows` is empty then, and the streams have to be read.
    pub repeated: bool,
}

/// A downward message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number in its stream.
    pub number: u64,
    /// The message.
    pub payload: Payload,
}

/// An upward message in the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place among all of the session's, from 1.
    pub seq: u64,
    /// The memory it came from.
    pub instance: Arc<str>,
    /// Its number there.
    pub number: u64,
    /// The message.
    pub payload: Payload,
}

/// A session whose handler has work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Which.
    pub session: SessionId,
    /// Its user.
    pub user: String,
    /// Its endpoint.
    pub endpoint: String,
    /// The handler's cursor.
    pub cursor: u64,
    /// The last entry of the inbox.
    pub inbox_last: u64,
}

/// Why a request was not carried out. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A condition does not hold.
    #[error("{0:?}")]
    Refused(Refused),
    /// A record cannot be read: which.
    #[error("the record {0} cannot be read")]
    Corrupt(String),
    /// The store failed or cannot be reached; whether the request was carried out is not known.
    #[error("the store failed: {0}")]
    Unavailable(String),
}

/// A condition that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The session has another owner.
    Term,
    /// The count, or the cursor, is another one.
    Expected,
    /// No such session.
    Unknown,
    /// The committing session's own outbox has no room for what its handler sends.
    Full,
}
