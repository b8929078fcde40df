//! What a store answers.

use std::sync::Arc;

use steadfast_protocol::frame::Reason;
use steadfast_protocol::limits::LANES;

#[cfg(doc)]
use super::Request;
use super::Term;
use crate::Payload;
use crate::io::{SendRefusal, SessionId, Target};

/// The answer to a request that was carried out, now or earlier.
#[derive(Clone, Debug)]
pub enum Reply {
    /// To [`Request::Claim`].
    Claimed(Claimed),
    /// To [`Request::Adopt`]: none, if the memory belongs to another user.
    Adopted(Option<Memory>),
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
    /// To [`Request::Save`]: its version, or why what was stored before is still what is stored.
    Saved(Result<Version, SaveRefusal>),
    /// To [`Request::Load`].
    Loaded(Option<Snapshot>),
    /// To [`Request::Expire`].
    Expired {
        /// Payloads that went.
        payloads: u64,
        /// Sessions that went.
        sessions: u64,
        /// Snapshots that went because they were too old.
        snapshots: u64,
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
    pub reason: Reason,
    /// The new ownership.
    pub term: Term,
    /// The memories that the hello speaks for; those of other users are left out.
    pub memories: Vec<Memory>,
    /// The handler's cursor.
    pub cursor: u64,
    /// The last entry of the inbox.
    pub inbox_last: u64,
    /// By stream (the outbox under the empty name, first): where sending goes on.
    pub streams: Vec<StreamStart>,
    /// What is stored of the snapshot that the hello speaks of.
    pub snapshot: Option<Held>,
    /// Its text, if the page is to be given it.
    pub state: Option<String>,
    /// It is there and cannot be read: told as none.
    pub spoiled: bool,
}

/// A memory that a link speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Its name.
    pub name: Arc<str>,
    /// The new ownership.
    pub term: Term,
    /// Drawn when it was heard of first.
    pub birth: u64,
    /// By lane, the number of the last message that is stored.
    pub received: [u64; LANES],
}

/// A stored snapshot without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its version: given once, rising, and of one text.
    pub version: u64,
    /// When it was saved.
    pub saved_ms: u64,
    /// When it may be forgotten.
    pub expires_ms: u64,
    /// The length of its text, in UTF-8 bytes.
    pub bytes: u32,
    /// FNV-1a of its text.
    pub check: u32,
}

/// A stored snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What there is to say of it.
    pub held: Held,
    /// Its text.
    pub data: String,
    /// A checkpoint's positions: by stream, epoch and number.
    pub positions: Vec<(String, u32, u64)>,
}

/// A snapshot was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its version.
    pub version: u64,
    /// When it may be forgotten.
    pub expires_ms: u64,
}

/// A snapshot was not stored; the last good one stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaveRefusal {
    /// Why.
    pub reason: Unsaved,
    /// The version that is stored; 0: none.
    pub version: u64,
}

/// Why a snapshot was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsaved {
    /// The base is not what is stored.
    Stale,
    /// The text is too long.
    TooLarge,
    /// There is no room for it, or the user has too many documents.
    Quota,
    /// The content does not give the text that `bytes` and `check` tell of.
    Mismatch,
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
    /// The place of the last entry of the inbox.
    pub inbox_last: u64,
}

/// What a commit, or a send, did.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Rows that were added, in order: to which outbox or room, its epoch, and the numbers they got.
    pub rows: Vec<(Target, u32, Row)>,
    /// Effects that were refused: their place, and why.
    pub refused: Vec<(usize, SendRefusal)>,
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
    pub memory: Arc<str>,
    /// Its lane there.
    pub lane: u8,
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
    /// The session has another owner, or the token is none of its own.
    Term,
    /// Somebody else speaks for the memory now, or it is forgotten.
    Memory,
    /// The number, or the cursor, is another one.
    Expected,
    /// No such session.
    Unknown,
    /// The committing session's own outbox has no room for what its handler sends.
    Full,
}
