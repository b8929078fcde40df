//! What the rows hold.
//!
//! A value is a version byte, the record (postcard), for a message its kind and its bytes, and a
//! CRC-32 of all that and of the key: a row that was cut, changed or moved is never read in part.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use steadfast_protocol::limits;

use super::rows::Rows;
use super::{StoreError, Term, key};
use crate::Payload;

const VERSION: u8 = 1;
const CHECKSUM: usize = 4;
const TEXT: u8 = 0;
const BINARY: u8 = 1;

/// What is known of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) term: Term,
    /// Of the owner's last hello.
    pub(crate) instance: Arc<str>,
    pub(crate) claim: u64,
    /// SHA-256 of the tokens that the next hello may bring.
    pub(crate) tokens: Vec<[u8; 32]>,
    pub(crate) user: String,
    pub(crate) endpoint: String,
    pub(crate) inbox_last: u64,
    pub(crate) cursor: u64,
    pub(crate) outbox: Log,
    /// The client has handed over everything in the outbox up to here.
    pub(crate) acknowledged: u64,
    /// By room: the epoch of its log, and the last message that was handed over.
    pub(crate) rooms: BTreeMap<String, (u32, u64)>,
    pub(crate) last_seen_ms: u64,
    /// The client has ended it, and so many messages of the outbox with it.
    pub(crate) ended: Option<u64>,
    pub(crate) list: List,
    /// When it is looked at again: its place in that list.
    pub(crate) listed_ms: u64,
    /// Messages among the dead letters.
    pub(crate) dead: u64,
}

/// What is known of a memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) user: String,
    pub(crate) birth: u64,
    pub(crate) term: Term,
    /// By lane, the number of the last message that is stored.
    pub(crate) last: [u64; limits::LANES],
    pub(crate) used_ms: u64,
    /// Its place in the list of memories.
    pub(crate) listed_ms: u64,
}

/// The list in which a session waits to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum List {
    /// It may have payloads.
    Payloads,
    /// It has none; its tokens and positions are left.
    Tombstones,
}

/// What is known of a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) log: Log,
    /// Sessions that are subscribed to this epoch of it.
    pub(crate) subscribers: u32,
    pub(crate) touched_ms: u64,
    /// Its place in the list of rooms, if it stands there.
    pub(crate) listed_ms: Option<u64>,
}

/// The rows of an outbox or a room: those from `first` to `last` are there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Log {
    pub(crate) epoch: u32,
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Of their payloads.
    pub(crate) bytes: u64,
    /// Why those before `first` are not.
    pub(crate) gone: Gone,
}

/// Why rows are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Gone {
    Acknowledged,
    Expired,
    Overflow,
}

/// What is known of a snapshot. Its text is a row of its own: a checkpoint moves more often than it
/// changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// A document's user and name.
    pub(crate) document: Option<(String, String)>,
    pub(crate) version: u64,
    /// What it was saved over.
    pub(crate) base: u64,
    /// The version whose save wrote the text; none: the text is too old and gone.
    pub(crate) written: Option<u64>,
    pub(crate) bytes: u32,
    pub(crate) check: u32,
    /// A checkpoint's, by stream: epoch and number.
    pub(crate) positions: BTreeMap<String, (u32, u64)>,
    pub(crate) saved_ms: u64,
    pub(crate) expires_ms: u64,
    /// Its place in the list of snapshots, if it stands there.
    pub(crate) listed_ms: Option<u64>,
}

/// Stands in front of a snapshot's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) version: u64,
}

/// Stands in front of a message that was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) at_ms: u64,
}

/// Stands in front of a message that was received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Received {
    pub(crate) memory: Arc<str>,
    pub(crate) lane: u8,
    pub(crate) number: u64,
}

/// Stands in front of a dead letter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dead {
    pub(crate) why: String,
    pub(crate) at_ms: u64,
    /// Where it came from; none when the row could not be read, whose bytes the payload then is.
    pub(crate) origin: Option<Received>,
}

/// A record without a message.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// Whether its parts fit each other.
    fn sound(&self) -> bool;
}

impl Record for Head {
    fn sound(&self) -> bool {
        self.outbox.sound()
            && self.acknowledged < self.outbox.first
            && self.cursor <= self.inbox_last
            && self.tokens.len() <= 2
            && self.rooms.len() < limits::STREAMS
    }
}

impl Record for Remembered {
    fn sound(&self) -> bool {
        self.last.iter().all(|last| *last <= limits::LAST_NUMBER)
    }
}

impl Record for Room {
    fn sound(&self) -> bool {
        self.log.sound()
    }
}

impl Record for Kept {
    fn sound(&self) -> bool {
        (1..=limits::LAST_NUMBER).contains(&self.version)
            && self.base < self.version
            && self.written.is_none_or(|written| written <= self.version)
            && self.positions.len() <= limits::STREAMS
    }
}

impl Record for u64 {
    fn sound(&self) -> bool {
        true
    }
}

impl Log {
    fn sound(&self) -> bool {
        self.first >= 1 && self.first <= self.last + 1 && self.last <= limits::LAST_NUMBER
    }
}

impl Gone {
    pub(crate) fn reason(self) -> String {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Expired => "expired",
            Self::Overflow => "overflow",
        }
        .to_owned()
    }
}

/// The record at `key`.
pub(crate) fn load<T: Record>(rows: &impl Rows, key: &[u8]) -> Result<Option<T>, StoreError> {
    let Some(value) = rows.get(key)? else {
        return Ok(None);
    };
    read(key, &value).map(Some).ok_or_else(|| corrupt(key))
}

/// How many there are, as `key` says; if that cannot be read, as many as have a key with this beginning.
pub(super) fn count(rows: &impl Rows, key: &[u8], beginning: &[u8; 2]) -> Result<u64, StoreError> {
    match load(rows, key) {
        Err(StoreError::Corrupt(_)) => {}
        count => return Ok(count?.unwrap_or_default()),
    }
    let [kind, slash] = *beginning;
    let mut count = 0;
    rows.scan(beginning, &[kind, slash + 1], &mut |_, _| {
        count += 1;
        Ok(true)
    })?;
    Ok(count)
}

/// The record that `value` at `key` is.
pub(crate) fn read<T: Record>(key: &[u8], value: &[u8]) -> Option<T> {
    match postcard::take_from_bytes::<T>(open(key, value)?) {
        Ok((record, [])) if record.sound() => Some(record),
        _ => None,
    }
}

/// Sets the record at `key`.
pub(crate) fn save<T: Record>(
    rows: &mut impl Rows,
    key: &[u8],
    record: &T,
) -> Result<(), StoreError> {
    rows.put(key, &seal(key, start(record)?))
}

/// Sets the message at `key`.
pub(crate) fn save_message(
    rows: &mut impl Rows,
    key: &[u8],
    header: &impl Serialize,
    payload: &Payload,
) -> Result<(), StoreError> {
    let mut value = start(header)?;
    value.reserve(payload.len() + 1 + CHECKSUM);
    match payload {
        Payload::Text(text) => {
            value.push(TEXT);
            value.extend_from_slice(text.as_bytes());
        }
        Payload::Binary(bytes) => {
            value.push(BINARY);
            value.extend_from_slice(bytes);
        }
    }
    rows.put(key, &seal(key, value))
}

/// The message that `value` at `key` is.
pub(crate) fn message<H: DeserializeOwned>(
    key: &[u8],
    value: &[u8],
) -> Result<(H, Payload), StoreError> {
    let read = || {
        let (header, rest) = postcard::take_from_bytes::<H>(open(key, value)?).ok()?;
        let (kind, bytes) = rest.split_first()?;
        let payload = match *kind {
            TEXT => Payload::text(std::str::from_utf8(bytes).ok()?),
            BINARY => Payload::binary(bytes),
            _ => return None,
        };
        Some((header, payload))
    };
    read().ok_or_else(|| corrupt(key))
}

/// That `key` cannot be read.
pub(crate) fn corrupt(key: &[u8]) -> StoreError {
    StoreError::Corrupt(key::readable(key))
}

fn start(record: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(record, vec![VERSION])
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn seal(key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
    let sum = checksum(key, &value);
    value.extend_from_slice(&sum);
    value
}

fn open<'a>(key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (value, sum) = value.split_last_chunk::<CHECKSUM>()?;
    let (version, body) = value.split_first()?;
    (*version == VERSION && checksum(key, value) == *sum).then_some(body)
}

fn checksum(key: &[u8], value: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    hasher.finalize().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Table;

    #[test]
    fn row_of_another_version_is_not_read() {
        let mut rows = Table::new();
        let mut value = start(&7_u64).unwrap();
        rows.put(b"n", &seal(b"n", value.clone())).unwrap();
        assert_eq!(load(&rows, b"n"), Ok(Some(7_u64)));
        value[0] += 1;
        rows.put(b"n", &seal(b"n", value)).unwrap();
        assert_eq!(load::<u64>(&rows, b"n"), Err(corrupt(b"n")));
    }

    #[test]
    fn record_whose_parts_do_not_fit_is_not_read() {
        let mut rows = Table::new();
        let mut room = Room {
            log: Log::new(1),
            subscribers: 0,
            touched_ms: 0,
            listed_ms: None,
        };
        room.log.first = 3;
        save(&mut rows, b"r/den", &room).unwrap();
        assert_eq!(load::<Room>(&rows, b"r/den"), Err(corrupt(b"r/den")));
    }
}
