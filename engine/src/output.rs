//! What comes out of the engine. `P`: see [`crate::Input`].

use crate::{GapReason, Instant, Priority, Span, State};

/// Something to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output<P> {
    /// Open a link; answer with `LinkOpened`, `LinkFailed` or `LinkClosed` of this generation.
    Dial {
        /// The new link's generation.
        generation: u32,
        /// Attempts since the last stable link, this one included.
        attempt: u32,
    },
    /// Ask the application for its greeting; answer with `Greeted` or `LinkFailed`. Session: say
    /// hello, with the positions as they are now ([`crate::Engine::position`]); answer with
    /// `Welcomed`, `LinkFailed` or `Violated`.
    Greet {
        /// The link.
        generation: u32,
        /// As in `Dial`.
        attempt: u32,
    },
    /// Give a message to the link; answer with [`crate::Engine::handle_transmitted`]. Session: the
    /// payload stays with the shell until it comes back in `Discard` or `Dropped`.
    Transmit(P),
    /// Session: the next so many `Transmit`, at least 2 and without anything between them, leave as
    /// one unit, all texts or all bytes. [`crate::Engine::given_messages`] counts none of them yet.
    Unit(u32),
    /// Give the application's ping to the link; answer likewise. Session: a ping of this id; without
    /// a session the id is 0.
    TransmitPing(u32),
    /// Session: answer the server's ping of this id.
    Pong(u32),
    /// Session: acknowledge everything up to this number of this stream.
    Acknowledge {
        /// The stream.
        stream: u32,
        /// Its epoch.
        epoch: u32,
        /// The number.
        number: u64,
    },
    /// Session: the next messages belong to this memory and lane, and their numbers run from `next` on.
    Lane {
        /// The memory.
        memory: u32,
        /// The lane.
        lane: Priority,
        /// The number of the next message.
        next: u64,
    },
    /// Session: claim this memory on the live link; answer with `Adopted`.
    Adopt(u32),
    /// Session: tell the server that nothing is left of this memory.
    Done(u32),
    /// Session: the stored session has another owner. Forget it here: the next hello begins one.
    Abandon,
    /// Persist: keep this message. In the task of its `Send`, and never changed.
    Put {
        /// The message.
        payload: P,
        /// The memory.
        memory: u32,
        /// Its number in the lane of its priority.
        number: u64,
    },
    /// Persist: this message is dropped. What is kept of it is overwritten in this task, and deleted later. Comes
    /// before its `Dropped`.
    Mark(P),
    /// Persist: this message is stored by the server, or was: delete what is kept of it, whenever. Comes before its
    /// `Discard`.
    Erase(P),
    /// Persist: all of this memory is dropped: as `Mark` for each of its messages, on the disk or here.
    Ended(u32),
    /// Persist: forget the message here, but keep what is stored of it.
    Release(P),
    /// Persist: say which memories of this queue there are; answer with `Found` for each, and `Recalled`.
    Recall,
    /// Persist: get this memory's lock, or that of [`crate::ORPHANS`]; answer with `Locked`.
    Lock {
        /// The memory.
        memory: u32,
        /// How.
        how: Lock,
    },
    /// Persist: let the lock of this memory go, or wait for it no more. What was asked for in this task comes first.
    Unlock(u32),
    /// Persist: read the next messages of this memory, in the order of lanes and numbers; answer with `Restored` for
    /// each, and `Read`.
    Read(u32),
    /// Persist: nothing is left of this memory. In one transaction that waits for the disk delete its record, unless
    /// it has rows; answer with `Forgotten`.
    Forget(u32),
    /// Persist: try again what storage has refused; answer with `Storage`, and once it works with what was asked for.
    Retry,
    /// Snapshot: ask the application for its state, and note the positions that go with it
    /// ([`crate::Engine::handed_over`]); answer with `Captured` at once.
    Capture(Capture),
    /// Snapshot: save what was captured last; answer with `Saved` or `Unsaved`, the latter also when it
    /// is lost with the link.
    Save(Save),
    /// Session: ask the server to acknowledge what it was given as soon as it is stored.
    Ask,
    /// Session: tell the server that the session is over.
    End,
    /// Detach the link, so that nothing it still says is heard, and close it without waiting.
    HangUp(HangUp),
    /// Ask the application what follows this loss; answer with `Decided` or `DecisionPending`.
    Decide {
        /// The link that was lost.
        generation: u32,
        /// How.
        loss: Loss,
        /// As in `Dial`.
        attempt: u32,
        /// Whether it had opened.
        opened: bool,
    },
    /// Hand a message to the application. Session: answer with `HandedOver`.
    Message {
        /// The message.
        payload: P,
        /// Session: its stream.
        stream: Option<u32>,
        /// Session: its number; 0: it has none, being volatile. Without a session 0.
        number: u64,
    },
    /// Forget a message: nobody wants it any more, and its owner knows.
    Discard(P),
    /// Tell the application.
    Event(Event<P>),
    /// All is done until this instant, or until the next input.
    Timeout(Instant),
}

/// Why a link is closed from this side. The shell turns it into a close code and a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// The application closed the client.
    Closed,
    /// The application asked for a new link.
    Reconnect,
    /// The page is put away.
    Suspended,
    /// Its pings went unanswered.
    HeartbeatTimeout,
    /// It did not open in time, or failed to, or is abandoned for a fresh attempt.
    Abandoned,
    /// Session: it broke the protocol.
    Protocol,
}

/// How to get a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// At once or not at all.
    Try,
    /// When it is free.
    Wait,
    /// When it is free, and whoever has it is told that it is wanted.
    Want,
}

/// What a capture is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// It is time.
    Due,
    /// The application asked for it.
    Asked,
    /// The page is hidden: the state is kept on this machine as well.
    Hiding,
}

/// What is to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// The state, with its positions in a checkpoint.
    State,
    /// A checkpoint whose state has not changed: the positions alone.
    Positions,
}

/// News for the application.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<P> {
    /// The state changed.
    StateChange {
        /// Before.
        from: State,
        /// Now.
        to: State,
    },
    /// A link is open, and greeted.
    Open {
        /// As in [`Output::Dial`].
        attempt: u32,
        /// Session: it goes on where the last link ended.
        resumed: bool,
    },
    /// An open link was lost.
    Disconnect {
        /// How.
        loss: Loss,
        /// Whether an attempt follows, as far as is known now.
        will_retry: bool,
        /// Messages given to the link since its last sign of life; session: messages that are not
        /// acknowledged.
        unconfirmed: u32,
    },
    /// An attempt follows.
    Reconnecting {
        /// Its number.
        attempt: u32,
        /// In how long.
        delay: Span,
        /// Why.
        cause: Cause,
    },
    /// A link replaces a lost one.
    Reconnected {
        /// How many attempts it took.
        attempts: u32,
        /// How long there was none.
        downtime: Span,
        /// As in `Open`.
        resumed: bool,
        /// Session: messages that were given to a lost link and are sent again.
        replayed: u32,
    },
    /// Given up.
    Failed(Failure),
    /// Closed. The last event.
    Closed,
    /// Something went wrong that is handled.
    Error(Fault),
    /// A pong (its round trip), or a miss.
    Heartbeat {
        /// The round trip; `None`: a miss.
        round_trip: Option<Span>,
        /// Misses in a row.
        missed: u32,
    },
    /// Something that a developer should look at.
    Warning(Warning),
    /// The grade or the trend of the health changed.
    Health,
    /// The queue starts to fill, or has drained.
    Queue {
        /// Messages that wait.
        messages: u32,
        /// Their bytes.
        bytes: u32,
    },
    /// A message will not be sent, or not again.
    Dropped {
        /// The message.
        payload: P,
        /// Its ticket.
        ticket: u32,
        /// Why.
        reason: DropReason,
        /// Whether the other side may have it all the same.
        delivered: Delivered,
    },
    /// What was asked under this ticket has come true, or never will.
    Settled {
        /// The ticket.
        ticket: u32,
        /// The message has left for the network, or nothing waits any more; session: the message is
        /// acknowledged, or all are.
        done: bool,
    },
    /// Messages are missing. Without a session: those that came in while nobody listened.
    Gap {
        /// How many, where that is known.
        missed: Option<u64>,
        /// Which way they went.
        direction: Direction,
        /// Session: of which stream; `None`: of all.
        stream: Option<u32>,
        /// Why.
        reason: GapReason,
    },
    /// Persist: messages live in memory only from now on, or are kept again.
    Storage {
        /// Whether they are kept.
        works: bool,
    },
    /// The session is gone, and a new one has begun.
    Lost {
        /// It belongs to another user than the one who is here now.
        other_user: bool,
    },
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To this client.
    Down,
    /// From it.
    Up,
}

/// Whether the other side may have a message that is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// It does not.
    No,
    /// Nobody can know.
    Unknown,
}

/// How a link was lost, or an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What happened.
    pub cause: Cause,
    /// The true close code; 1006 where there was no close frame.
    pub code: u16,
    /// Whether there was a closing handshake.
    pub was_clean: bool,
}

/// What made a link end or an attempt begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The other side, or the network, closed it.
    Closed,
    /// Its pings went unanswered.
    HeartbeatTimeout,
    /// It did not open in time.
    ConnectTimeout,
    /// A function of the application failed.
    Provider,
    /// A function of the application gave something that no socket can be made of.
    Invalid,
    /// The application asked for a new link.
    Requested,
    /// The page was put away.
    Suspended,
    /// The page woke up.
    Wake,
    /// The network is back.
    Online,
    /// The other side broke the protocol.
    Protocol,
}

/// Why there will be no more attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason.
    pub kind: FailureKind,
    /// The loss that led to it.
    pub loss: Loss,
}

/// Why there will be no more attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Retries or time are used up, or there was to be no retry.
    RetriesExhausted,
    /// The close code, or the application, says that another attempt would end the same way.
    Refused,
    /// Fresh credentials were refused as well.
    Unauthorized,
    /// No socket can be made of what the application gave.
    Invalid,
    /// Session: it has another owner now. Everything unacknowledged is given up, and so is its
    /// memory: a later attempt begins as a new instance.
    TakenOver,
}

/// Something that went wrong and is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An attempt did not open in time.
    ConnectTimeout,
    /// A link's pings went unanswered.
    HeartbeatTimeout,
    /// The other side found a message too large: the largest given to that link had this size.
    MessageTooLarge {
        /// In UTF-8 bytes.
        bytes: u32,
    },
    /// Session: a frame that the protocol does not allow, or a count that does not match.
    Protocol,
    /// Session: several attempts in a row failed, and none ever succeeded: the server may not know sessions.
    NotWelcomed,
    /// Session: links end right behind this message, even when nothing else is on them.
    Stuck {
        /// The number that it had on the last of them.
        number: u64,
        /// Its size in UTF-8 bytes.
        bytes: u32,
        /// The close code of the last of them.
        code: u16,
    },
}

/// Something that a developer should look at: the client goes on, and nothing can be done about it at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The server has answered no ping yet: none of them counts as missed.
    NoPong,
    /// The server ends links that it gets a ping on: it gets none for a while.
    PingsEndLinks,
    /// The first attempt has failed: the address may be wrong, the origin not allowed, or no server there.
    NotOpened,
}

/// What an application decides about a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Another attempt after the backoff's delay.
    Retry,
    /// Another attempt after this delay.
    After(Span),
    /// None.
    Stop,
    /// One attempt more with fresh credentials.
    Reauthenticate,
}

/// Why a message will not be sent. The names are those of the JavaScript `dropped` event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The queue had no room.
    Overflow,
    /// It waited too long.
    Ttl,
    /// A later message with its key took its place.
    Replaced,
    /// It was volatile, and there was no live link.
    Volatile,
    /// The client was closed.
    Closed,
    /// Session: the server takes no message of that size.
    TooLarge,
    /// Its session is gone.
    SessionLost,
}
