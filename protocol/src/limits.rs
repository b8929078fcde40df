//! Numbers that both ends know.

use crate::Span;

/// The character that begins every control frame: U+0010, DATA LINK ESCAPE.
pub const RESERVED: char = '\u{10}';
/// Messages of one unit (a batch) at most.
pub const UNIT_MESSAGES: usize = 1_024;
/// UTF-8 bytes of all messages of one unit at most, when it is made. A longer message travels alone.
pub const UNIT_BYTES: u32 = 64 << 10;
/// Bytes of a control frame at most, a unit's excepted.
pub const CONTROL_BYTES: usize = 64 << 10;
/// Bytes that a unit may have beside its messages: name, count, lengths and separators.
pub const UNIT_OVERHEAD: usize = 16 << 10;
/// Bytes of the credentials in `hello` and `auth` at most.
pub const AUTH_BYTES: usize = 16 << 10;
/// Characters of an id, or of the name of a subprotocol, at most.
pub const ID_BYTES: usize = 64;
/// Bytes of the name of a room at most.
pub const ROOM_BYTES: usize = 128;
/// Bytes of a text for people, or of a user's key, at most.
pub const TEXT_BYTES: usize = 1_024;
/// Messages that may be unacknowledged, unless hello or welcome say otherwise.
pub const WINDOW_MESSAGES: u32 = 4_096;
/// Their bytes.
pub const WINDOW_BYTES: u32 = 1 << 20;
/// An acknowledgement is sent after so many messages at the latest.
pub const ACK_MESSAGES: u32 = 256;
/// An acknowledgement is sent after this time at the latest.
pub const ACK_DELAY: Span = Span::from_ms(100);
/// The last number of a stream: what JavaScript counts exactly.
pub const LAST_NUMBER: u64 = (1 << 53) - 1;
/// Lanes of a memory: one for each priority, the highest first.
pub const LANES: usize = 3;
/// Memories that one link may speak for.
pub const MEMORIES: usize = 64;
/// Streams of one session at most, its own outbox included.
pub const STREAMS: usize = 64;
/// Bytes of a snapshot's text at most.
pub const SNAPSHOT_BYTES: usize = 256 << 10;
/// Bytes of the parts that wait for one `save` at most: a snapshot that is too large can be told so.
pub const PARTS_BYTES: usize = SNAPSHOT_BYTES + (64 << 10);
/// UTF-16 units of one part at most: 48 KiB.
pub const PART_UNITS: usize = 16 << 10;
/// Saves of one link that are not answered, at most.
pub const SAVES: usize = 2;

/// Bytes of a WebSocket frame that a receiver must be ready to take whose longest application
/// message has `max_message` bytes.
#[must_use]
pub const fn frame_bytes(max_message: u32) -> usize {
    let message = max_message as usize;
    let unit = UNIT_BYTES as usize;
    (if message > unit { message } else { unit }) + UNIT_OVERHEAD
}
