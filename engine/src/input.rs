//! What goes into the engine.
//!
//! `P` is the payload as the shell holds it: a JavaScript handle in the browser. The engine moves
//! it and never looks inside.

use crate::{Decision, Instant, LANES, Span, Window};

/// The two clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Monotonic: it never goes backwards. It may stand still while the machine sleeps.
    pub at: Instant,
    /// Unix time in milliseconds, from which such a sleep is known; 0: there is no such clock.
    pub wall_ms: u64,
}

/// Something that happened. What concerns a link names its generation; an input about an older
/// link than the present one changes nothing.
#[derive(Clone, Debug)]
pub enum Input<P> {
    /// The application asks for a link. Harmless when there is one, or one is on its way; an attempt that
    /// was put off because of a hint is made now.
    Connect {
        /// What the platform says of the network at this moment.
        online: bool,
    },
    /// The application wants the link dropped and a new one now.
    Reconnect {
        /// As in `Connect`.
        online: bool,
    },
    /// The application is done for good.
    Close,
    /// The application is done with this client, and another one goes on with its session. Without a
    /// session as [`Input::Close`].
    Release {
        /// Persist: whether storage keeps what it was given.
        stored: bool,
    },
    /// The application sends. `buffered_bytes`: see [`Input::Timeout`].
    Send {
        /// The message and how it wants to be treated.
        send: Send<P>,
        /// What the link has still to send.
        buffered_bytes: u32,
    },
    /// The application takes a message back by its ticket; [`Refusal::NotWaiting`] unless it still waits.
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

    /// The page is in use: visible again, looked at, resumed, or shown after it was put away.
    Wake {
        /// As in `Connect`.
        online: bool,
    },
    /// The platform says that there is a network again.
    Online,
    /// The platform says that there is no network. A hint: attempts go on, but seldom.
    Offline,
    /// The page is about to be put away: the link is closed now, in this task. A hint as well: who is
    /// never told of its return is back at the next use of the page, or when a timer still rings in it.
    Suspend,

    /// Session: the server's welcome. What was sent to an older link is settled by it, and messages
    /// flow.
    Welcomed {
        /// The link.
        generation: u32,
        /// What the server says.
        welcome: Welcome,
    },
    /// Session: a control frame came in, and this is the count in it. Comes before what is in the
    /// frame.
    Counted {
        /// The link.
        generation: u32,
        /// Messages that the server gave to this link before the frame.
        count: u64,
    },
    /// Session: the server has stored every message of this lane up to this number.
    Stored {
        /// The link.
        generation: u32,
        /// The memory.
        memory: u32,
        /// The lane.
        lane: Priority,
        /// The number.
        number: u64,
    },
    /// Session: the answer to [`crate::Output::Adopt`].
    Adopted {
        /// The link.
        generation: u32,
        /// The memory.
        memory: u32,
        /// What the server says of it.
        claim: Claim,
    },
    /// Session: the next messages belong to this stream.
    From {
        /// The link.
        generation: u32,
        /// Where it goes on.
        from: From,
    },
    /// Session: the next message is volatile, and belongs to this stream.
    Volatile {
        /// The link.
        generation: u32,
        /// The stream.
        stream: u32,
    },
    /// Session: the server pings.
    Pinged {
        /// The link.
        generation: u32,
        /// Goes back in the pong.
        id: u32,
    },
    /// Session: the server answers a ping.
    Ponged {
        /// The link.
        generation: u32,
        /// That of [`crate::Output::TransmitPing`].
        id: u32,
    },
    /// Session: a frame came in that the protocol does not allow.
    Violated {
        /// The link.
        generation: u32,
    },
    /// Session: the message of the last [`crate::Output::Message`] has been handed over: every listener has
    /// returned, or the iterator has asked for the next. No other message comes out before.
    HandedOver,
    /// Session: the task is over in which messages were sent. They leave now, together.
    TaskOver,

    /// Persist: there is, or may be, a memory of this queue that some page began. Comes for each one that storage
    /// knows before `Recalled`, and whenever another page tells that it has begun one.
    Found {
        /// The memory: the shell's number for it, [`MEMORY_FOUND`] or above, unless it is one of this engine's own.
        memory: u32,
        /// Its place among the memories: what is in a lower one was sent before.
        place: u64,
        /// A page of this tab began it or was to deliver it: what this page sends waits for it.
        follows: bool,
    },
    /// Persist: the answer to [`crate::Output::Recall`]: that was all, or nothing can be read.
    Recalled,
    /// Persist: the answer to [`crate::Output::Lock`].
    Locked {
        /// The memory, or [`ORPHANS`].
        memory: u32,
        /// Whether its lock is this page's now; if not, another page has it.
        held: bool,
    },
    /// Persist: a page of the tab that sent what is in this memory is there, and wants it.
    Wanted {
        /// The memory.
        memory: u32,
    },
    /// Persist: a message that storage has kept, of the memory that is being read.
    Restored(Restored<P>),
    /// Persist: the answer to [`crate::Output::Read`]: that was all that was asked for.
    Read {
        /// The memory.
        memory: u32,
        /// The shell's number for the user whose it is; 0: not known.
        user: u32,
        /// Nobody knows what became of its messages: it has no record.
        lost: bool,
        /// There are more.
        more: bool,
    },
    /// Persist: the answer to [`crate::Output::Forget`].
    Forgotten {
        /// The memory.
        memory: u32,
        /// Whether nothing of it was there any more; if not, it is as it was.
        empty: bool,
    },
    /// Persist: storage has failed, and messages live in memory only, or it works again.
    Storage {
        /// Which of the two.
        works: bool,
    },

    /// Snapshot: the application wants its state saved now, and its fate told under this ticket.
    Snapshot(u32),
    /// Snapshot: what [`crate::Output::Capture`] came to. Follows it at once.
    Captured(Captured),
    /// Snapshot: what [`crate::Output::Save`] asked for is stored.
    Saved,
    /// Snapshot: it is not.
    Unsaved {
        /// Why.
        why: Unsaved,
        /// When to try again; it never is with [`Unsaved::Stale`].
        after: Span,
    },
    /// The page is hidden: it may never be seen again, so its state is captured now.
    Hide,

    /// The deadline of the last [`crate::Output::Timeout`] has come.
    Timeout {
        /// What the link has still to send; `u32::MAX` when it takes nothing any more.
        buffered_bytes: u32,
    },
}

/// What the server says in its welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// What it says of the memory that the hello named ([`crate::Engine::memory`] at that time).
    pub claim: Claim,
    /// The shell's number for the user; never 0.
    pub user: u32,
    /// What the server takes unacknowledged.
    pub window: Window,
    /// The longest message that it takes, in UTF-8 bytes.
    pub max_message_bytes: u32,
    /// What has become of the session.
    pub fate: Fate,
    /// After a loss, the first retry waits a random time up to this; `None`: as configured.
    pub first_retry: Option<Span>,
}

/// What a server says to the claim of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is this page's. For each lane the number of the last message that is stored: those above are not, and
    /// never will be as they were sent before.
    Accepted([u64; LANES]),
    /// The server has forgotten it: its birth mark is another one. What was sent of it may be stored or not.
    Forgotten,
    /// It is another user's, or nobody may say.
    Refused,
}

/// A message that storage has kept.
#[derive(Clone, Debug)]
pub struct Restored<P> {
    /// The memory.
    pub memory: u32,
    /// The message. Its `ttl` is what is left of it; `None`: as the queue is configured, from now on.
    pub send: Send<P>,
    /// Its number in the lane of its priority.
    pub number: u64,
}

/// In the place of a memory: the lock of the one page that delivers what pages have left that are gone.
pub const ORPHANS: u32 = 0;

/// The first number that a shell may give to a memory that it found. Those below are the engine's for its own.
pub const MEMORY_FOUND: u32 = 1 << 31;

/// What a capture came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Captured {
    /// The state is that which was saved last.
    Unchanged,
    /// It is another one, and is ready to be saved.
    Changed,
    /// The application failed to give it.
    Failed,
    /// There is none to save at this moment.
    Nothing,
}

/// Why a state was not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsaved {
    /// It did not arrive.
    Lost,
    /// It is refused: too large, over a quota, not taken.
    Refused,
    /// With a key: another one was saved in between. Nothing is saved until the application asks.
    Stale,
}

/// What has become of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Resumed,
    /// None was asked for: this is a new one.
    New,
    /// It is gone for good, and this is a new one.
    Lost,
    /// It belongs to another user, and this is a new one.
    OtherUser,
}

/// Where a stream goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct From {
    /// The shell's number for it, which it gives to no other stream; 0: the session's own outbox.
    pub stream: u32,
    /// Names the log that its numbers belong to.
    pub epoch: u32,
    /// The number of its next message.
    pub next: u64,
    /// Why messages are missing before it, if any are.
    pub reason: GapReason,
}

/// Why messages are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapReason {
    /// None is said.
    None,
    /// They were kept as long as was promised.
    Expired,
    /// There was no room for them.
    Overflow,
    /// Their log was lost, or is another one.
    Epoch,
    /// They were acknowledged already, by an owner that knew more than this one.
    Acknowledged,
    /// None is missing: the stream was joined here.
    Joined,
    /// Another reason.
    Other,
    /// The session is gone.
    SessionLost,
}

/// A message to send.
#[derive(Clone)]
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
    /// A number under which its fate is told; 0: not asked for. Session: the server is asked to
    /// acknowledge it soon.
    pub ticket: u32,
    /// Session: how it can travel.
    pub form: Form,
}

/// How a message can travel. Only messages of one form make a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A text.
    #[default]
    Text,
    /// Bytes.
    Binary,
    /// Never in a unit: its bytes are not at hand.
    Alone,
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

/// Why an input was refused. Nothing has changed. In the order of the numbers that cross to JavaScript.
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
    /// The message does not wait any more: it may have arrived.
    NotWaiting,
}
