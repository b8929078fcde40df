//! What goes into the engine and what comes out.
//!
//! `P` is the payload as the shell holds it: a JavaScript handle in the browser. The engine moves
//! it and never looks inside.

use crate::{Instant, Span, State};

/// Something that happened. What concerns a link names its generation; an input about an older
/// link than the present one changes nothing.
#[derive(Clone, Debug)]
pub enum Input<P> {
    /// The application asks for a link. Harmless when there is one, or one is on its way.
    Connect,
    /// The application wants the link dropped and a new one now.
    Reconnect,
    /// The application is done for good.
    Close,
    /// The application sends. `buffered_bytes`: see [`Input::Timeout`].
    Send {
        /// The message and how it wants to be treated.
        send: Send<P>,
        /// What the link has still to send.
        buffered_bytes: u32,
    },
    /// The application takes a message back by its ticket, if it still waits.
    Withdraw(u32),
    /// The application wants to know, under this ticket, when nothing waits any more.
    Flush {
        /// The handle under which the answer comes.
        ticket: u32,
        /// What the link has still to send.
        buffered_bytes: u32,
    },
    /// The application asks for one round trip now.
    Ping,
    /// Whether anybody listens for messages. Until somebody does they wait.
    Listen(bool),

    /// The attempt's socket opened.
    LinkOpened {
        /// The attempt.
        generation: u32,
    },
    /// The application's greeting was given to the link that just opened.
    Greeted {
        /// The link.
        generation: u32,
    },
    /// The attempt can not be made, or the link not greeted: a function of the application failed,
    /// or it gave something that no socket can be made of.
    LinkFailed {
        /// The attempt.
        generation: u32,
        /// Another attempt would fail the same way.
        fatal: bool,
    },
    /// A message came in.
    LinkMessage {
        /// The link.
        generation: u32,
        /// The message.
        payload: P,
        /// Its size.
        bytes: u32,
        /// It is the answer to the ping on its way ([`crate::Engine::awaits_pong`]).
        is_pong: bool,
    },
    /// The link is gone, or the attempt has failed.
    LinkClosed {
        /// The link.
        generation: u32,
        /// The close code as the platform reports it.
        code: u16,
        /// Whether there was a closing handshake.
        was_clean: bool,
    },
    /// The application's decision about the loss it was asked about; `None`: the table's.
    Decided {
        /// The link.
        generation: u32,
        /// What to do.
        decision: Option<Decision>,
    },
    /// The application's decision will come later.
    DecisionPending {
        /// The link.
        generation: u32,
    },

    /// The page woke up: visible again, or resumed.
    Wake,
    /// The platform says that there is a network again.
    Online,
    /// The platform says that there is no network.
    Offline,
    /// The page is about to be put away: the link is closed now, in this task.
    Suspend,
    /// The page is back.
    Resume,

    /// The deadline of the last [`Output::Timeout`] has come.
    Timeout {
        /// What the link has still to send; `u32::MAX` when it takes nothing any more.
        buffered_bytes: u32,
        /// The wall clock in milliseconds, to notice that the machine slept.
        wall_ms: u64,
    },
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct Send<P> {
    /// The message.
    pub payload: P,
    /// Its size in UTF-8 bytes, exact when [`crate::Engine::would_wait`] or when it could pass a limit.
    pub bytes: u32,
    /// Its lane.
    pub priority: Priority,
    /// It takes the place of a waiting message with the same key.
    pub key: Option<P>,
    /// How long it may wait; `None`: as the queue is configured.
    pub ttl: Option<Span>,
    /// It is sent on a live link or not at all.
    pub volatile: bool,
    /// A number under which its fate is told; 0: not asked for.
    pub ticket: u32,
}

/// The lane of a message. Order is kept within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Before the others.
    High,
    /// The usual.
    Normal,
    /// After the others.
    Low,
}

/// Why an input was refused. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The client was closed.
    Closed,
    /// There is no link, and there is no queue.
    NotOpen,
    /// The queue has no room, and its rule is to refuse.
    QueueFull,
    /// The message is longer than the limit.
    MessageTooLarge,
}

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
    /// Ask the application for its greeting; answer with `Greeted` or `LinkFailed`.
    Greet {
        /// The link.
        generation: u32,
        /// As in `Dial`.
        attempt: u32,
    },
    /// Give a message to the link; answer with [`crate::Engine::handle_transmitted`].
    Transmit(P),
    /// Give the application's ping to the link; answer likewise.
    TransmitPing,
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
    /// Hand a message to the application.
    Message(P),
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
    },
    /// An open link was lost.
    Disconnect {
        /// How.
        loss: Loss,
        /// Whether an attempt follows, as far as is known now.
        will_retry: bool,
        /// Messages given to the link since its last sign of life.
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
    /// The server has answered no ping: none is sent on this link any more.
    HeartbeatStopped,
    /// The grade or the trend of the health changed.
    Health,
    /// The queue starts to fill, or has drained.
    Queue {
        /// Messages that wait.
        messages: u32,
        /// Their bytes.
        bytes: u32,
    },
    /// A message will not be sent.
    Dropped {
        /// The message.
        payload: P,
        /// Its ticket.
        ticket: u32,
        /// Why.
        reason: DropReason,
    },
    /// What was asked under this ticket has come true, or never will.
    Settled {
        /// The ticket.
        ticket: u32,
        /// The message has left for the network, or nothing waits any more.
        done: bool,
    },
    /// Messages that came in were lost because nobody listened.
    Gap {
        /// How many.
        missed: u32,
    },
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
}
