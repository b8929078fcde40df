//! What comes next in a world, and what happens to a page.

use std::sync::Arc;

use steadfast_sessions::io::{AuthRefusal, Outcome, SessionId};

use crate::browser::Request;

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
    /// Something happens to a page.
    Page(usize, PageStep),
    /// A page's state ends: hidden, frozen, put away, offline.
    PageReturns { page: usize, from: Away },
    /// A page's application asks for a new link.
    Relink { page: usize },
    /// A page is loaded again.
    Reload { page: usize },
    /// A client's application makes a new client.
    Open { client: usize },
    /// A lock is let go.
    LetGo {
        storage: usize,
        name: Arc<str>,
        request: Request,
    },
    /// A transaction that belonged to its page until now is complete; a strict one is on the disk.
    Finished {
        storage: usize,
        number: u64,
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
    /// A browser has room again, and all that it has works.
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
    /// It may have a lock.
    Locked {
        name: Arc<str>,
        request: Request,
    },
    /// It is told that there are no locks.
    Unguarded {
        memory: u32,
    },
    /// Another page says something.
    Hears(Said),
    /// It gets a session's record.
    Chooses {
        turn: u32,
    },
    /// It has read which memories there are,
    Recalls {
        turn: u32,
    },
    /// or what is in one.
    Reads {
        memory: u32,
        turn: u32,
    },
    /// Its oldest transaction is complete, or aborted.
    Stored,
    Do(Deed),
}

/// What a page says to the others of its browser.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// It has begun a memory.
    Began(Arc<str>),
    /// It wants a memory.
    Wants(Arc<str>),
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
