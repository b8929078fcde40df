//! What a session remembers beyond its links: messages that are not acknowledged, and how far each
//! stream has come.

use alloc::vec::Vec;

use steadfast_protocol::receiver::Receiver;
use steadfast_protocol::sender::Sender;

use crate::outbox::Waiting;
use crate::{GapReason, Instant, Window};

/// The memory of a session. Without one it stays empty.
#[derive(Debug)]
pub(crate) struct Session<P> {
    /// Messages that have numbers, since they were given to a link.
    pub(crate) sender: Sender<Waiting<P>>,
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
    pub(crate) streams: Vec<Stream>,
    pub(crate) in_hand: Option<InHand>,
}

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
}

impl<P> Session<P> {
    pub(crate) const fn new() -> Self {
        Self {
            sender: Sender::new(0),
            window: Window {
                messages: u32::MAX,
                bytes: u32::MAX,
            },
            max_message_bytes: u32::MAX,
            established: false,
            corked: false,
            asks: false,
            streams: Vec::new(),
            in_hand: None,
        }
    }

    pub(crate) fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.id == id)
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
    pub(crate) const fn new(id: u32, epoch: u32, next: u64) -> Self {
        let position = next.saturating_sub(1);
        Self {
            id,
            epoch,
            position,
            next,
            hole: GapReason::None,
            receiver: Receiver::new(position),
        }
    }

    /// Whether nothing of it waits for the application.
    pub(crate) const fn is_drained(&self) -> bool {
        self.next == self.position + 1
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
        }
    }
}

impl GapReason {
    /// Where nothing is said: this.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == Self::None { other } else { self }
    }
}
