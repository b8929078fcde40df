//! The bounds of fields.

use alloc::collections::BTreeMap;
use alloc::string::String;

use super::{
    Adopted, ErrorFrame, Form, Frame, FrameError, From, Hello, Lane, Memory, Position, Reason,
    Save, Saved, Stored, StoredSnapshot, WantedSnapshot, Welcome,
};
use crate::limits::{
    AUTH_BYTES, ID_BYTES, LANES, LAST_NUMBER, MEMORIES, ROOM_BYTES, SNAPSHOT_BYTES, STREAMS,
    TEXT_BYTES,
};

impl Frame {
    /// Whether every field has a value that it may have.
    pub(super) fn check(&self) -> Result<(), FrameError> {
        match self {
            Self::Hello(hello) => hello.check(),
            Self::Welcome(welcome) => welcome.check(),
            Self::Error(error) => error.check(),
            Self::Auth(auth) => field("token", auth.token.len() <= AUTH_BYTES),
            Self::Handed(position) => position.check(),
            Self::Stored(stored) => stored.check(),
            Self::Lane(lane) => lane.check(),
            Self::Adopt(adopt) | Self::Done(adopt) => field("memory", is_memory(&adopt.memory)),
            Self::Adopted(adopted) => adopted.check(),
            Self::From(from) => from.check(),
            Self::Volatile(volatile) => field("stream", is_stream(&volatile.stream)),
            Self::Save(save) => save.check(),
            Self::Saved(saved) => saved.check(),
            Self::Unsaved(unsaved) => field(
                "version",
                unsaved.version.is_none_or(|version| version <= LAST_NUMBER),
            ),
            Self::Authenticated | Self::Ask | Self::End => Ok(()),
            Self::Ping(_) | Self::Pong(_) => Ok(()),
            Self::Texts(_) | Self::Binaries(_) | Self::Part(_) => Ok(()),
        }
    }
}

impl Hello {
    fn check(&self) -> Result<(), FrameError> {
        let known = self.session.is_some() == self.token.is_some();
        field("token", known && self.token.as_deref().is_none_or(is_id))?;
        field("session", self.session.as_deref().is_none_or(is_id))?;
        field("instance", is_memory(&self.instance))?;
        field("claim", self.claim <= LAST_NUMBER)?;
        field("memories", are_memories(&self.memories))?;
        field("auth", bounded(&self.auth, AUTH_BYTES))?;
        field("requestId", self.request_id.as_deref().is_none_or(is_id))?;
        field("protocols", self.protocols.len() <= STREAMS)?;
        field("protocols", self.protocols.iter().all(|name| is_name(name)))?;
        field("positions", are_positions(&self.positions))?;
        let snapshot = self.snapshot.as_ref();
        field("snapshot", snapshot.is_none_or(WantedSnapshot::is_good))
    }
}

impl Welcome {
    fn check(&self) -> Result<(), FrameError> {
        field("session", is_id(&self.session))?;
        field("token", is_id(&self.token))?;
        field("term", is_id(&self.term))?;
        let resumed = self.reason == Reason::Resumed;
        field("resumed", self.resumed == resumed)?;
        let good = |(name, memory): (&String, &Memory)| is_memory(name) && memory.is_good();
        field("memories", self.memories.len() <= MEMORIES)?;
        field("memories", self.memories.iter().all(good))?;
        field("maxMessage", self.max_message > 0)?;
        field("window", self.window.0 > 0 && self.window.1 > 0)?;
        field("ttl", self.ttl <= LAST_NUMBER)?;
        field("retry", self.retry.is_none_or(|retry| retry <= LAST_NUMBER))?;
        field("user", self.user.len() <= TEXT_BYTES)?;
        let protocol = self.protocol.is_empty() || is_name(&self.protocol);
        field("protocol", protocol)?;
        let snapshot = self.snapshot.as_ref();
        field("snapshot", snapshot.is_none_or(StoredSnapshot::is_good))
    }
}

impl ErrorFrame {
    fn check(&self) -> Result<(), FrameError> {
        field("errorCode", is_id(&self.error_code))?;
        field("message", self.message.len() <= TEXT_BYTES)?;
        let request = self.request_id.is_empty() || is_id(&self.request_id);
        field("requestId", request)?;
        field("timestamp", self.timestamp.len() <= ID_BYTES)
    }
}

impl Position {
    fn check(&self) -> Result<(), FrameError> {
        field("stream", is_stream(&self.stream))?;
        field("number", self.number <= LAST_NUMBER)
    }
}

impl Memory {
    fn is_good(&self) -> bool {
        is_id(&self.birth) && are_numbers(&self.received)
    }
}

impl Stored {
    fn check(&self) -> Result<(), FrameError> {
        field("memory", is_memory(&self.memory))?;
        field("lane", is_lane(self.lane))?;
        field("number", self.number <= LAST_NUMBER)
    }
}

impl Lane {
    fn check(&self) -> Result<(), FrameError> {
        field("memory", is_memory(&self.memory))?;
        field("lane", is_lane(self.lane))?;
        field("next", (1..=LAST_NUMBER).contains(&self.next))
    }
}

impl Adopted {
    fn check(&self) -> Result<(), FrameError> {
        field("memory", is_memory(&self.memory))?;
        field("birth", self.birth.is_some() == self.received.is_some())?;
        field("birth", self.birth.as_deref().is_none_or(is_id))?;
        let received = self.received.as_ref();
        field("received", received.is_none_or(are_numbers))
    }
}

impl From {
    fn check(&self) -> Result<(), FrameError> {
        field("stream", is_stream(&self.stream))?;
        field("next", (1..=LAST_NUMBER).contains(&self.next))?;
        field("reason", self.reason.as_deref().is_none_or(is_id))
    }
}

impl WantedSnapshot {
    fn is_good(&self) -> bool {
        self.key.as_deref().is_none_or(is_key) && self.version.is_none_or(is_version)
    }
}

impl StoredSnapshot {
    fn is_good(&self) -> bool {
        is_version(self.version)
            && self.saved_at <= LAST_NUMBER
            && (1..=SNAPSHOT_BYTES).contains(&(self.bytes as usize))
    }
}

impl Save {
    fn check(&self) -> Result<(), FrameError> {
        field("key", self.key.as_deref().is_none_or(is_key))?;
        let checkpoint = self.key.is_none();
        field("form", checkpoint || self.form != Form::Same)?;
        let based = self.form == Form::Data || self.base > 0;
        field("base", based && self.base <= LAST_NUMBER)?;
        field("bytes", self.bytes > 0)?;
        field("positions", checkpoint || self.positions.is_empty())?;
        field("positions", are_positions(&self.positions))
    }
}

impl Saved {
    fn check(&self) -> Result<(), FrameError> {
        field("version", is_version(self.version))?;
        field("expiresAt", self.expires_at <= LAST_NUMBER)
    }
}

fn field(name: &'static str, good: bool) -> Result<(), FrameError> {
    if good {
        Ok(())
    } else {
        Err(FrameError::Field(name))
    }
}

/// Whether this can be an id: 1 to 64 of A-Z a-z 0-9 _ -.
#[must_use]
pub fn is_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=ID_BYTES).contains(&id.len()) && id.bytes().all(plain)
}

/// Whether this can be the name of a room: 1 to 128 bytes without a control character.
#[must_use]
pub fn is_room(name: &str) -> bool {
    (1..=ROOM_BYTES).contains(&name.len()) && !name.chars().any(char::is_control)
}

/// Whether this can be the key of a document: 1 to 128 bytes without a control character.
#[must_use]
pub fn is_key(key: &str) -> bool {
    is_room(key)
}

fn is_version(version: u64) -> bool {
    (1..=LAST_NUMBER).contains(&version)
}

fn are_positions(positions: &BTreeMap<String, (u32, u64)>) -> bool {
    let good =
        |(stream, (_, number)): (&String, &(u32, u64))| is_stream(stream) && *number <= LAST_NUMBER;
    positions.len() <= STREAMS && positions.iter().all(good)
}

/// The outbox has the empty name.
fn is_stream(name: &str) -> bool {
    name.is_empty() || is_room(name)
}

/// Whether this can name a memory, or an instance: 32 of 0-9 a-f.
#[must_use]
pub fn is_memory(name: &str) -> bool {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name.len() == 32 && name.bytes().all(hex)
}

fn are_memories(names: &[String]) -> bool {
    let twice = |(place, name): (usize, &String)| names[..place].contains(name);
    names.len() <= MEMORIES
        && names.iter().all(|name| is_memory(name))
        && !names.iter().enumerate().any(twice)
}

const fn is_lane(lane: u8) -> bool {
    (lane as usize) < LANES
}

fn are_numbers(received: &[u64; LANES]) -> bool {
    received.iter().all(|number| *number <= LAST_NUMBER)
}

/// A subprotocol's name: a token of RFC 9110.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=ID_BYTES).contains(&name.len()) && name.bytes().all(plain)
}

fn bounded(text: &Option<String>, bytes: usize) -> bool {
    text.as_ref().is_none_or(|text| text.len() <= bytes)
}
