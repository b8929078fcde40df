//! The present link.

use crate::{Instant, Priority};

/// What is remembered of the present link alone.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) dialed_at: Instant,
    /// Session: when the hello was asked for.
    pub(super) greeted_at: Instant,
    pub(super) opened_at: Instant,
    /// Bytes given to it.
    pub(super) given_bytes: u64,
    /// Of these, what it has still to send, when last looked at; `u32::MAX`: it takes no more.
    pub(super) buffered_bytes: u32,
    pub(super) largest_bytes: u32,
    /// Messages given to it since its last sign of life.
    pub(super) unconfirmed: u32,
    /// A ping made the other side close it; the next link will be sent none.
    pub(super) provoked: bool,
    /// It is open, and waits for its greeting.
    pub(super) to_greet: bool,
    /// Session: the memory that the hello names.
    pub(super) memory: u32,
    /// Session: the memory and the lane of the next message that it is given, and its number.
    pub(super) lane: Option<(u32, Priority)>,
    pub(super) next_number: u64,
    /// Session: messages that came in.
    pub(super) received_messages: u64,
    /// Session: the stream that the next one belongs to.
    pub(super) stream: Option<u32>,
    /// Session: the next one is volatile, and belongs to this stream.
    pub(super) announced: Option<u32>,
}

impl Link {
    pub(super) const fn new(dialed_at: Instant) -> Self {
        Self {
            dialed_at,
            greeted_at: Instant::NEVER,
            opened_at: Instant::NEVER,
            given_bytes: 0,
            buffered_bytes: 0,
            largest_bytes: 0,
            unconfirmed: 0,
            provoked: false,
            to_greet: false,
            memory: 0,
            lane: None,
            next_number: 0,
            received_messages: 0,
            stream: None,
            announced: None,
        }
    }

    /// Bytes that have left for the network, as far as is known.
    pub(super) fn left_bytes(&self) -> u64 {
        self.given_bytes
            .saturating_sub(u64::from(self.buffered_bytes))
    }
}
