//! What a session remembers beyond its links: what the server takes, and how far each stream has come.

use alloc::vec::Vec;

use steadfast_protocol::limits;
use steadfast_protocol::receiver::Receiver;

use crate::{GapReason, Instant, STATE, Window};

/// The memory of a session. Without one it stays empty.
#[derive(Debug)]
pub(crate) struct Session<P> {
    /// What the server takes unacknowledged.
    pub(crate) window: Window,
    /// The longest message that the server takes.
    pub(crate) max_message_bytes: u32,
    /// Whether the server has welcomed it.
    pub(crate) established: bool,
    /// Messages were sent in a task that is not over.
    pub(crate) corked: bool,
    /// Somebody waits for an acknowledgement.
    pub(crate) asks: bool,
    /// The shell's number for the user of the last welcome.
    pub(crate) user: u32,
    /// The first message that was not acknowledged when the last link ended.
    pub(crate) suspect: Option<P>,
    /// How many links in a row have ended behind it; 0: it is not suspected any more.
    pub(crate) ends: u32,
    pub(crate) streams: Vec<Stream>,
    pub(crate) in_hand: Option<InHand>,
}

/// A message that so many links in a row ended behind goes alone.
pub(crate) const ALONE_AFTER: u32 = 3;

/// A message that the application was given and has not done with.
#[derive(Debug)]
pub(crate) struct InHand {
    pub(crate) stream: u32,
    /// 0: it has none, or none that counts any more.
    pub(crate) number: u64,
    pub(crate) bytes: u32,
}

/// A stream, as far as it has come.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: u32,
    pub(crate) epoch: u32,
    /// The number of the last message that the application was given, or that is known to be missing.
    pub(crate) position: u64,
    /// The number of the next message to come in.
    pub(crate) next: u64,
    /// Why messages are missing before some that wait for the application.
    pub(crate) hole: GapReason,
    /// Messages that the application has done with.
    pub(crate) receiver: Receiver,
    /// Bytes of them.
    pub(crate) bytes: u64,
    /// Checkpoint: how far it had come when the state was captured.
    pub(crate) noted: Mark,
    /// Checkpoint: how far it had come in the state that is saved, or as was acknowledged since.
    pub(crate) saved: Mark,
}

/// A point that a stream had come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
}

impl<P> Session<P> {
    pub(crate) const fn new() -> Self {
        Self {
            window: Window {
                messages: u32::MAX,
                bytes: u32::MAX,
            },
            max_message_bytes: u32::MAX,
            established: false,
            corked: false,
            asks: false,
            user: 0,
            suspect: None,
            ends: 0,
            streams: Vec::new(),
            in_hand: None,
        }
    }

    /// Whether messages go one at a time: links have ended behind one again and again.
    pub(crate) const fn goes_alone(&self) -> bool {
        self.ends >= ALONE_AFTER
    }

    /// Whether one does not get through alone either.
    pub(crate) const fn is_stuck(&self) -> bool {
        self.ends > ALONE_AFTER
    }

    pub(crate) fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.id == id)
    }

    /// A stream of which the server speaks for the first time. For one too many the oldest is forgotten of which
    /// nothing is left: should the server speak of that again, it goes on behind what was acknowledged.
    pub(crate) fn begin(&mut self, stream: Stream) {
        if self.streams.len() >= limits::STREAMS
            && let Some(at) = self.streams.iter().position(Stream::is_done)
        {
            self.streams.remove(at);
        }
        self.streams.push(stream);
    }

    /// A new link: what was on its way to the application comes again.
    pub(crate) fn rewind(&mut self) {
        for stream in &mut self.streams {
            stream.next = stream.position + 1;
        }
    }

    /// What the application has in hand belongs to a log that is gone, if it is of this stream.
    pub(crate) fn forget_hand(&mut self, stream: Option<u32>) {
        if let Some(hand) = &mut self.in_hand
            && stream.is_none_or(|stream| stream == hand.stream)
        {
            hand.number = 0;
        }
    }

    /// Everything that belongs to the present session alone.
    pub(crate) fn forget_streams(&mut self) {
        self.streams = Vec::new();
        self.forget_hand(None);
    }
}

impl Stream {
    /// A stream of which the server speaks for the first time.
    #[inline(never)]
    pub(crate) const fn new(id: u32, epoch: u32, next: u64) -> Self {
        let position = next.saturating_sub(1);
        let begin = Mark {
            number: position,
            bytes: 0,
        };
        Self {
            id,
            epoch,
            position,
            next,
            hole: GapReason::None,
            receiver: Receiver::new(position),
            bytes: 0,
            noted: begin,
            saved: begin,
        }
    }

    /// Whether nothing of it waits for the application.
    pub(crate) const fn is_drained(&self) -> bool {
        self.next == self.position + 1
    }

    /// Whether nothing of it waits, is in hand, or is to be acknowledged.
    pub(crate) const fn is_done(&self) -> bool {
        self.is_drained() && self.receiver.taken() == self.position && self.receiver.owed() == 0
    }

    /// Goes on from `next`, which is not behind. How many messages are missing just here: what is
    /// missing behind messages that wait is told when their turn is over.
    pub(crate) fn skip_to(&mut self, next: u64, reason: GapReason) -> u64 {
        let missing = next - self.next;
        let drained = self.is_drained();
        self.next = next;
        if drained {
            self.position = next - 1;
            return missing;
        }
        if missing > 0 {
            self.hole = reason;
        }
        0
    }

    /// How many messages are missing before `number`, the next one for the application; 0: none, or
    /// it was told.
    pub(crate) fn skip_before(&mut self, number: u64) -> u64 {
        let missing = number.saturating_sub(self.position + 1);
        self.position += missing;
        missing
    }

    /// The application has done with the message of this number.
    pub(crate) fn hand_over(&mut self, now: Instant, number: u64, bytes: u32) {
        let taken = self.receiver.taken();
        if number > taken {
            self.receiver.take(now, number - taken, bytes.into());
            if STATE {
                self.bytes += u64::from(bytes);
            }
        }
    }

    /// Whether more is noted than is saved.
    pub(crate) const fn is_noted(&self) -> bool {
        self.noted.number > self.saved.number
    }

    /// Where it has come to.
    pub(crate) const fn mark(&self) -> Mark {
        Mark {
            number: self.receiver.taken(),
            bytes: self.bytes,
        }
    }
}

impl GapReason {
    /// Where nothing is said: this.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == Self::None { other } else { self }
    }
}
