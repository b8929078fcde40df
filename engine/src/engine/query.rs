//! What the engine knows.

use super::{Engine, Phase};
use crate::health::Health;
use crate::{Instant, State};

impl<P: PartialEq + Clone> Engine<P> {
    /// Where the client stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Messages that wait, and their bytes.
    #[must_use]
    pub fn queued(&self) -> (u32, u32) {
        let waiting = self.upward.waiting();
        (waiting.messages, waiting.bytes)
    }

    /// The health when the monotonic clock says `now`.
    pub fn health(&mut self, now: Instant) -> Health {
        self.health.read(self.clock.inside(now), &self.heartbeat)
    }

    /// Whether the attempt of this generation still wants its socket.
    #[must_use]
    pub fn expects_link(&self, generation: u32) -> bool {
        self.phase == Phase::Dialing && generation == self.generation
    }

    /// Whether an inbound message could be a pong now.
    #[must_use]
    pub fn awaits_pong(&self) -> bool {
        self.heartbeat.awaits_pong()
    }

    /// Messages given to this link: the count in an outgoing control frame.
    #[must_use]
    pub const fn given_messages(&self) -> u64 {
        self.given_messages
    }

    /// The epoch of a stream, and the number of its last message that the application was given:
    /// its position in a hello. `None` before the server has said anything of it.
    #[must_use]
    pub fn position(&mut self, stream: u32) -> Option<(u32, u64)> {
        let stream = self.session.stream(stream)?;
        Some((stream.epoch, stream.position))
    }

    /// The number of the last message of a stream that the application has done with; 0 for a stream
    /// that the server has said nothing of.
    #[must_use]
    pub fn handed_over(&mut self, stream: u32) -> u64 {
        self.session
            .stream(stream)
            .map_or(0, |stream| stream.receiver.taken())
    }

    /// Whether the application has a message that it has not done with.
    #[must_use]
    pub const fn has_in_hand(&self) -> bool {
        self.session.in_hand.is_some()
    }

    /// Messages that a link was given and that are not acknowledged.
    #[must_use]
    pub fn unacknowledged(&self) -> u32 {
        self.upward.given(false).messages
    }

    /// Whether a message that is sent now would wait, and so has to be frozen and measured.
    #[must_use]
    pub fn would_wait(&self, buffered_bytes: u32) -> bool {
        self.config.session
            || !(self.link_takes(buffered_bytes)
                && self.upward.waiting().is_empty()
                && self.outputs.is_empty())
    }
}
