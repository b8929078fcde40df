//! What is done, and when.

use super::Class;

/// Something that is done at a moment.
#[derive(Clone, Debug)]
pub struct Act {
    /// Its place in the whole plan.
    pub place: usize,
    /// When, in microseconds.
    pub at: u64,
    /// What.
    pub what: What,
}

/// Something to do. Times are in microseconds. A `client` is a number below the plan's clients.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// An application sends messages in one task.
    Send {
        /// Which one.
        client: usize,
        /// How many.
        messages: u64,
        /// How long they are at most.
        bytes: u64,
        /// What the server's handler does with them.
        kind: Kind,
        /// What is special about them.
        special: Option<Class>,
        /// Whether it waits for each to be delivered.
        deliver: bool,
    },
    /// The server's application sends to a client's session, unasked.
    ServerSend {
        /// Which one.
        client: usize,
        /// How many.
        messages: u64,
    },
    /// An application asks for a new link.
    Reconnect {
        /// Which one.
        client: usize,
    },
    /// An application closes its client, and makes another one later.
    Close {
        /// Which one.
        client: usize,
        /// How much later.
        back_after: u64,
    },
    /// A client's link is cut.
    Cut {
        /// Whose.
        client: usize,
        /// How.
        cut: Cut,
    },
    /// A client's link falls silent.
    Silence {
        /// Whose.
        client: usize,
        /// Which way.
        direction: Direction,
        /// For how long; `None`: for good.
        span: Option<u64>,
    },
    /// No connection is accepted.
    Refuse {
        /// For how long.
        span: u64,
    },
    /// A page is hidden.
    Hide {
        /// Whose.
        client: usize,
        /// For how long.
        span: u64,
    },
    /// A page is frozen.
    Freeze {
        /// Whose.
        client: usize,
        /// For how long.
        span: u64,
    },
    /// A page is put away.
    PutAway {
        /// Whose.
        client: usize,
        /// For how long.
        span: u64,
    },
    /// A page is loaded again.
    Reload {
        /// Whose.
        client: usize,
        /// Whether what it stored is gone.
        forgets: bool,
    },
    /// A user changes what an application shows.
    Type {
        /// Where.
        client: usize,
        /// How long it is at least.
        bytes: u64,
    },
    /// An application wants its state saved.
    Snapshot {
        /// Which one.
        client: usize,
    },
    /// A page's process dies, and the application is opened again.
    Crash {
        /// Whose.
        client: usize,
        /// In a tab that remembers nothing.
        new_tab: bool,
        /// Before that a page was loaded, and so many messages sent at once; it dies about when they are stored.
        /// `None`: it was not.
        messages: Option<u64>,
    },
    /// A client's machine loses its power: all pages die, and storage loses what the disk has not.
    PowerOff {
        /// Whose.
        client: usize,
        /// Before that a page was loaded, and so many messages sent at once; `None`: it was not.
        messages: Option<u64>,
        /// So many microseconds before.
        after: u64,
    },
    /// A client's machine is set back to how it is now.
    GoBack {
        /// Whose.
        client: usize,
        /// How much later.
        span: u64,
    },
    /// What a site has stored is cleared while its pages are open.
    Wipe {
        /// Whose.
        client: usize,
    },
    /// Something is wrong with storage.
    Trouble {
        /// Whose.
        client: usize,
        /// What.
        trouble: Trouble,
        /// For how long.
        span: u64,
    },
    /// In one task an application sends, closes its client or takes back what waits, and leaves.
    LastWords {
        /// Which one.
        client: usize,
        /// How many messages it sends.
        messages: u64,
        /// It closes its client.
        closes: bool,
    },
    /// A listener hangs on a message; meanwhile the link is replaced, and then the page loaded again.
    Hang {
        /// Whose.
        client: usize,
        /// For how long.
        span: u64,
    },
    /// Another user signs in: the page is loaded again.
    SignIn {
        /// Where.
        client: usize,
    },
    /// An application takes back what waits.
    TakeBack {
        /// Which one.
        client: usize,
    },
    /// A tab is copied.
    Copy {
        /// Whose.
        client: usize,
    },
    /// The platform says that there is no network.
    Offline {
        /// To whom.
        client: usize,
        /// For how long.
        span: u64,
    },
    /// A page is told something, which may be true or not, and nothing more.
    Hint {
        /// Whose.
        client: usize,
        /// What.
        hint: Hint,
    },
    /// A wall clock is set.
    SetClock {
        /// Whose; `None`: the server's.
        client: Option<usize>,
        /// By how much, in milliseconds.
        by_ms: i64,
    },
    /// A client's machine sleeps, and its monotonic clock with it.
    Sleep {
        /// Whose.
        client: usize,
        /// For how long.
        span: u64,
    },
    /// The server's process ends.
    Kill {
        /// After so many of its steps.
        steps: u64,
        /// How long until the next one starts.
        down: u64,
        /// Whether the power is cut: what was not synced is gone, and no link is closed.
        power: bool,
    },
    /// The server is told to stop, and started again.
    Stop {
        /// How long until the next one starts.
        down: u64,
    },
    /// The store does not answer.
    Stall {
        /// For how long.
        span: u64,
    },
    /// The server's handler fails.
    HandlerFails {
        /// For how long.
        span: u64,
    },
    /// Somebody does what the protocol does not allow.
    Mischief {
        /// On whose link, or against whose session.
        client: usize,
        /// What.
        mischief: Mischief,
    },
}

/// What can be wrong with a browser's storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no room in the database,
    NoRoom,
    /// or in localStorage.
    NoNotes,
    /// The database cannot be opened.
    Down,
    /// Nobody who asks for a lock is answered.
    Mute,
    /// The pages' connections to the database are lost, once.
    Disconnected,
}

/// What a page is told, or does as if it knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// There is no network.
    Offline,
    /// It is put away.
    PutAway,
    /// It is looked at, and asks whether there is a network.
    Look {
        /// The answer.
        online: bool,
    },
    /// Its application asks for a link, and the page whether there is a network.
    Connect {
        /// The answer.
        online: bool,
    },
}

/// What the server's handler does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It sends it back.
    Echo,
    /// It publishes it to the room that all are subscribed to.
    Room,
    /// It sends it to another client's session.
    Carry,
    /// It sends it back twice over: to its own session, and to the room.
    Both,
    /// It publishes it to another room.
    Side,
    /// It subscribes its session to that room.
    Join,
    /// Its session leaves that room.
    Leave,
    /// It sends it back as a volatile message.
    Quiet,
}

/// How a link is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Both sides learn it soon.
    Known,
    /// The server learns it late.
    ServerLate,
    /// The client learns it late.
    ClientLate,
}

/// A direction of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From client to server.
    Up,
    /// From server to client.
    Down,
    /// Both.
    Both,
}

/// What the protocol does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// A control frame with an unknown name, from either side.
    UnknownFrame(Direction),
    /// A control frame with a count that is not right.
    WrongCount(Direction),
    /// A second hello.
    SecondHello,
    /// A unit whose lengths do not fit.
    BadUnit(Direction),
    /// A stranger's hello for the client's session with a token that is not its.
    Thief,
    /// A stranger's hello with positions that nobody can have.
    Dreamer,
    /// An acknowledgement of what was never sent.
    AckAhead(Direction),
    /// A link that says nothing.
    Mute,
    /// Many strangers' hellos at once.
    Crowd,
}

impl What {
    /// The kind of fault that it belongs to.
    #[must_use]
    pub const fn class(&self) -> Option<Class> {
        Some(match self {
            Self::Send { special, .. } => return *special,
            Self::ServerSend { .. } | Self::Type { .. } | Self::Snapshot { .. } => return None,
            Self::Reconnect { .. } => Class::Reconnect,
            Self::Close { .. } => Class::Close,
            Self::Cut { .. } => Class::Cut,
            Self::Silence {
                direction: Direction::Both,
                ..
            } => Class::BlackHole,
            Self::Silence { .. } => Class::HalfOpen,
            Self::Refuse { .. } => Class::Refused,
            Self::Hide { .. } => Class::Hide,
            Self::Freeze { .. } => Class::Freeze,
            Self::PutAway { .. } => Class::PutAway,
            Self::Reload { forgets: true, .. } => Class::LoseStorage,
            Self::Reload { .. } => Class::Reload,
            Self::Crash { .. } => Class::Crash,
            Self::PowerOff { .. } => Class::PowerOff,
            Self::GoBack { .. } => Class::Rollback,
            Self::Wipe { .. } => Class::Wipe,
            Self::Trouble { trouble, .. } => match trouble {
                Trouble::NoRoom | Trouble::NoNotes => Class::FullStorage,
                Trouble::Down => Class::FailingStorage,
                Trouble::Mute => Class::MuteLocks,
                Trouble::Disconnected => Class::Disconnected,
            },
            Self::LastWords { .. } => Class::LastWords,
            Self::Hang { .. } => Class::SlowListener,
            Self::SignIn { .. } => Class::OtherUser,
            Self::TakeBack { .. } => Class::TakesBack,
            Self::Copy { .. } => Class::Tabs,
            Self::Offline { .. } => Class::Offline,
            Self::Hint { .. } => Class::Hints,
            Self::SetClock { .. } => Class::WallClock,
            Self::Sleep { .. } => Class::Sleep,
            Self::Kill { power: true, .. } => Class::PowerCut,
            Self::Kill { .. } => Class::Kill,
            Self::Stop { .. } => Class::Stop,
            Self::Stall { .. } => Class::StalledStore,
            Self::HandlerFails { .. } => Class::HandlerFails,
            Self::Mischief { .. } => Class::Malformed,
        })
    }
}
