//! The names of rows. A tag, a name that was checked, and what orders the rows of one name.

pub use steadfast_protocol::frame::{is_id as valid_id, is_room as valid_room};

use sha2::{Digest, Sha256};

/// The row that counts sessions.
pub(crate) const SESSIONS: &[u8] = b"n";

/// The row that sums up snapshots.
pub(crate) const SNAPSHOTS: &[u8] = b"b";

/// The row that counts memories.
pub(crate) const MEMORIES: &[u8] = b"a";

/// The row with the last term of a memory.
pub(crate) const TERMS: &[u8] = b"g";

/// A session's head.
pub(crate) fn head(id: &str) -> Vec<u8> {
    named(b's', id)
}

/// What is known of a memory.
pub(crate) fn remembered(memory: &str) -> Vec<u8> {
    named(b'k', memory)
}

/// A room's head.
pub(crate) fn room(room: &str) -> Vec<u8> {
    named(b'r', room)
}

/// An upward message.
pub(crate) fn inbox(id: &str, seq: u64) -> Vec<u8> {
    numbered(b'i', id, seq)
}

/// A downward message of a session.
pub(crate) fn outbox(id: &str, number: u64) -> Vec<u8> {
    numbered(b'o', id, number)
}

/// A message of a room.
pub(crate) fn message(room: &str, number: u64) -> Vec<u8> {
    numbered(b'm', room, number)
}

/// A message that the handler failed on for good.
pub(crate) fn dead(id: &str, seq: u64) -> Vec<u8> {
    numbered(b'd', id, seq)
}

/// Says that a session's inbox is not empty.
pub(crate) fn work(id: &str) -> Vec<u8> {
    named(b'w', id)
}

/// What is known of the snapshot at a place.
pub(crate) fn snapshot(place: &str) -> Vec<u8> {
    named(b'c', place)
}

/// The text of the snapshot at a place.
pub(crate) fn text(place: &str) -> Vec<u8> {
    named(b'x', place)
}

/// The place of a session's checkpoint.
pub(crate) fn checkpoint(id: &str) -> String {
    format!("s/{id}")
}

/// The session whose checkpoint has this place.
pub(crate) fn session_of(place: &str) -> Option<&str> {
    place.strip_prefix("s/")
}

/// The place of a user's document. Both names are any text, so their digests stand for them.
pub(crate) fn document(user: &str, name: &str) -> String {
    format!("{}{}", documents(user), digest(name))
}

/// What the places of a user's documents begin with.
pub(crate) fn documents(user: &str) -> String {
    format!("u/{}/", digest(user))
}

/// A place in one of the lists by time: `p` sessions with payloads, `t` tombstones, `y` rooms, `q`
/// snapshots, `u` memories.
pub(crate) fn listed(list: u8, ms: u64, name: &str) -> Vec<u8> {
    let mut key = vec![list, b'/'];
    key.extend_from_slice(&ms.to_be_bytes());
    key.extend_from_slice(name.as_bytes());
    key
}

/// The time and the name in a key of a list.
pub(crate) fn parse_listed(key: &[u8]) -> Option<(u64, String)> {
    let ms = key.get(2..10)?.try_into().ok()?;
    let name = std::str::from_utf8(key.get(10..)?).ok()?;
    Some((u64::from_be_bytes(ms), name.to_owned()))
}

/// The number that ends a numbered key.
pub(crate) fn number(key: &[u8]) -> Option<u64> {
    let (_, number) = key.split_last_chunk()?;
    Some(u64::from_be_bytes(*number))
}

/// The name in the key of a head, or of waiting work.
pub(crate) fn name(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.get(2..)?).ok()
}

/// A key as a person reads it.
pub(crate) fn readable(key: &[u8]) -> String {
    let tag = key.first().map_or('?', |tag| char::from(*tag));
    let rest = key.get(2..).unwrap_or_default();
    match tag {
        'i' | 'o' | 'm' | 'd' if rest.len() > 8 => {
            let name = String::from_utf8_lossy(&rest[..rest.len() - 9]);
            format!("{tag}/{name}/{}", number(key).unwrap_or_default())
        }
        'p' | 't' | 'y' | 'q' | 'u' => parse_listed(key).map_or_else(
            || tag.to_string(),
            |(ms, name)| format!("{tag}/{ms}/{name}"),
        ),
        _ => format!("{tag}/{}", String::from_utf8_lossy(rest)),
    }
}

fn digest(name: &str) -> String {
    let digest = Sha256::digest(name);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn named(tag: u8, name: &str) -> Vec<u8> {
    let mut key = vec![tag, b'/'];
    key.extend_from_slice(name.as_bytes());
    key
}

/// No name holds a zero byte, so one name's rows never stand among another's.
fn numbered(tag: u8, name: &str, number: u64) -> Vec<u8> {
    let mut key = named(tag, name);
    key.push(0);
    key.extend_from_slice(&number.to_be_bytes());
    key
}
