//! How much may be on its way.

use crate::limits;

/// How much may be on its way unacknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Messages.
    pub messages: u32,
    /// UTF-8 bytes. With nothing else on its way a message may go however long it is, unless no
    /// message may go at all.
    pub bytes: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            messages: limits::WINDOW_MESSAGES,
            bytes: limits::WINDOW_BYTES,
        }
    }
}

impl Window {
    /// Whether a message of so many bytes may go, with so many messages and bytes on their way.
    #[must_use]
    pub const fn takes(self, bytes: u32, messages: u32, held_bytes: u32) -> bool {
        messages < self.messages
            && (messages == 0 || held_bytes.saturating_add(bytes) <= self.bytes)
    }
}
