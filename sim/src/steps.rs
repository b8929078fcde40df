//! What comes next in a world, and what happens to a page.

use steadfast_sessions::io::{AuthRefusal, Outcome, SessionId};

/// Something to come.
#[derive(Debug)]
pub(crate) enum Step {
    /// An act of the plan, by its place among those that are played.
    Act(usize),
    /// A handshake's request arrives at the server.
    Accept { link: usize },
    /// Its answer arrives at the client.
    ClientOpens { link: usize },
    /// Something arrives, perhaps.
    Arrive { link: usize, up: bool },
    /// The client's platform says that a link is gone.
    ClientLearns { link: usize, code: u16 },
    /// The server's platform says so.
    ServerLearns { link: usize },
    /// The server's end of a link may have drained.
    Drained { link: usize },
    /// A page's timer rings.
    Ring { page: usize },
    /// A page's listener is done with a message.
    HandedOver { page: usize, task: u64 },
    /// A page adds its listener.
    Listen { page: usize },
    /// A page's state ends: hidden, frozen, put away, offline.
    PageReturns { page: usize, from: Away },
    /// A page's application asks for a new link.
    Relink { page: usize },
    /// A page is loaded again.
    Reload { page: usize },
    /// A client's application makes a new client.
    Open { client: usize },
    /// A page has the lock of a memory.
    Locked { page: usize, memory: String },
    /// It has waited long enough for its own.
    LockWaited { page: usize, era: u32 },
    /// A page looks for what dead ones have left.
    Watch { page: usize },
    /// A page has read what is stored.
    Read { page: usize, era: u32 },
    /// A page's transaction is complete, or aborted.
    Stored { page: usize },
    /// A transaction that belonged to its page until now is complete; a strict one is on the disk.
    Finished {
        storage: usize,
        fresh: bool,
        transaction: u64,
        strict: bool,
    },
    /// A page is loaded again, when its storage deletes a message.
    Load {
        client: usize,
        messages: u64,
        tries: u32,
    },
    /// A page's process dies, and its application is opened again.
    Crash { page: usize, new_tab: bool },
    /// A client's machine loses its power.
    PowerOff { client: usize },
    /// A browser has room again.
    HasRoom { storage: usize },
    /// A browser's disk goes back in time.
    GoesBack { client: usize, storage: usize },
    /// The process's timer rings.
    Tick { epoch: u64 },
    /// The store does what it was asked.
    Execute { epoch: u64, op: u64 },
    /// The store has synced, and answers.
    Answer { epoch: u64, op: u64 },
    /// The credentials of a link have been judged.
    Judged {
        epoch: u64,
        link: u64,
        user: Result<String, AuthRefusal>,
    },
    /// The handler is done.
    Handled {
        epoch: u64,
        session: SessionId,
        seq: u64,
        outcome: Outcome,
    },
    /// A process starts.
    Start,
    /// The process is stopped, and another started.
    Restart,
}

/// Where a page can be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Away {
    Hidden,
    Frozen,
    /// Put away, to be gone back to.
    Cached,
    Offline,
    Asleep {
        since: u64,
    },
}

/// What happens to a page.
#[derive(Clone, Debug)]
pub(crate) enum PageStep {
    Opens {
        link: usize,
    },
    Frame {
        link: usize,
        wire: steadfast_sessions::io::Wire,
    },
    Closed {
        link: usize,
        code: u16,
        was_clean: bool,
    },
    Rings,
    HandedOver {
        task: u64,
    },
    Listens,
    Locked {
        memory: String,
    },
    /// Another page has a memory.
    Announced {
        memory: String,
    },
    LockWaited {
        era: u32,
    },
    Read {
        era: u32,
    },
    Stored,
    Watch,
    Do(Deed),
}

/// What a page's application, or its platform, does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Send(usize),
    Reconnect,
    Close,
    TakeBack,
    Type(usize),
    Snapshot,
}
