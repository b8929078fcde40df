//! One server process.
//!
//! | to learn about | read |
//! |---|---|
//! | a WebSocket, from its opening to its end | `link`, `heartbeat`, `ending` |
//! | who owns a session | `hello`, `session` |
//! | messages from the client | `upward`, then `handler` |
//! | the application's state | `saving` |
//! | messages to the client | `distribute`, then `downward` and `stream` |
//! | questions to the store | `store_calls` |

mod distribute;
mod downward;
mod ending;
mod expiry;
mod handler;
mod heartbeat;
mod hello;
mod inbox;
mod link;
mod memories;
mod recovery;
mod rooms;
mod saving;
mod sending;
mod session;
mod store_calls;
mod stream;
mod timers;
mod timestamp;
mod upward;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use steadfast_protocol::Instant;

use crate::io::{Config, Input, Level, LinkId, Now, Output, Record, SessionId};
use crate::pace::Paces;
use ending::Ending;
use heartbeat::span;
use link::Link;
use recovery::Recovery;
use rooms::Rooms;
use sending::Sends;
use session::Session;
use store_calls::StoreCalls;
use timers::{Timer, Timers};

/// All sessions and links of one server process.
#[derive(Debug)]
pub struct Node {
    config: Config,
    now: Now,
    /// When the first input came.
    started: Option<Now>,
    links: BTreeMap<LinkId, Link>,
    /// Those with a link, and those with something left to store, to handle or to commit.
    sessions: BTreeMap<SessionId, Session>,
    rooms: Rooms,
    calls: StoreCalls,
    changed: hello::Changed,
    sends: Sends,
    /// How often each session saves.
    paces: Paces<SessionId>,
    recovery: Recovery,
    /// Commits and sends that the store has answered.
    commits: u64,
    timers: Timers,
    outputs: VecDeque<Output>,
    /// What this input may have given something to do.
    stirred_links: BTreeSet<LinkId>,
    stirred_sessions: BTreeSet<SessionId>,
    expiring: bool,
    stopping: bool,
    /// The numbers that the planted mistake gave out.
    #[cfg(feature = "planted")]
    misnumbered: BTreeMap<(SessionId, String), u64>,
}

impl Node {
    /// A node without links. Hand it [`Input::Start`] first.
    ///
    /// The window that it offers is cut to half of an outbox, so that what a client has sent can be
    /// echoed to it.
    #[must_use]
    pub fn new(mut config: Config) -> Self {
        let window = &mut config.window;
        window.messages = window.messages.clamp(1, half(config.outbox_messages));
        window.bytes = window.bytes.clamp(1, half(config.outbox_bytes));
        let paces = Paces::new(span(config.snapshot_every), config.snapshot_burst);
        Self {
            config,
            now: Now {
                at: Instant::ZERO,
                wall_ms: 0,
            },
            started: None,
            links: BTreeMap::new(),
            sessions: BTreeMap::new(),
            rooms: Rooms::default(),
            calls: StoreCalls::default(),
            changed: hello::Changed::new(),
            sends: Sends::default(),
            paces,
            recovery: Recovery::default(),
            commits: 0,
            timers: Timers::default(),
            outputs: VecDeque::new(),
            stirred_links: BTreeSet::new(),
            stirred_sessions: BTreeSet::new(),
            expiring: false,
            stopping: false,
            #[cfg(feature = "planted")]
            misnumbered: BTreeMap::new(),
        }
    }

    /// Takes in one thing that happened. Afterwards [`Self::poll_output`] has new answers. Something
    /// about a link or a request that is not known (any more) changes nothing.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        self.now = now;
        self.started.get_or_insert(now);
        match input {
            Input::Start => self.start(),
            Input::LinkOpened {
                link,
                request_id,
                rooms,
                endpoint,
                entropy,
            } => {
                let opened = Link::new(now.at, &self.config, request_id, endpoint, rooms, entropy);
                self.open_link(link, opened);
            }
            Input::Frame { link, wire } => self.take_frame(link, wire),
            Input::Buffered { link, bytes } => self.note_buffered(link, bytes),
            Input::LinkClosed { link } => self.drop_link(link),
            Input::Authenticated { link, user } => self.take_verdict(link, user),
            Input::Stored { op, reply } => self.take_reply(op, reply),
            Input::Handled {
                session,
                seq,
                outcome,
            } => self.take_outcome(&session, seq, outcome),
            Input::Send { request, effect } => self.take_send(request, effect),
            Input::Stop => self.stop(),
            Input::Timeout => self.ring(),
        }
        self.settle();
    }

    /// The next thing to do, until [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output {
        match self.outputs.pop_front() {
            Some(output) => output,
            None => Output::Timeout(self.timers.next()),
        }
    }

    /// Store requests that are not answered, those included that wait to be repeated. After
    /// [`Input::Stop`], nothing more is to be stored once this is 0.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.calls.len()
    }

    /// Sessions in memory: with a link, or with something left to do.
    #[must_use]
    pub fn active_sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Does what has become possible, until nothing is.
    fn settle(&mut self) {
        loop {
            if let Some(session) = self.stirred_sessions.pop_first() {
                self.advance(&session);
            } else if let Some(link) = self.stirred_links.pop_first() {
                self.pump(link);
            } else {
                return;
            }
        }
    }

    fn ring(&mut self) {
        while let Some((timer, due)) = self.timers.pop(self.now.at) {
            match timer {
                Timer::Link(link) => self.ring_link(link, due),
                Timer::Acknowledgement(session) => self.ring_acknowledgement(&session),
                Timer::Handler(session) => self.ring_handler(&session),
                Timer::Save(session) => self.stir(&session),
                Timer::Repeat(op) => self.repeat_call(op),
                Timer::Expiry => self.expire(),
                Timer::Recovery => self.recover(),
            }
        }
    }

    fn stop(&mut self) {
        self.stopping = true;
        while let Some(link) = self.links.keys().next().copied() {
            self.end_link(link, Ending::Stopping);
        }
        // What waits to be saved waits no longer.
        self.stirred_sessions.extend(self.sessions.keys().cloned());
    }

    fn stir(&mut self, session: &SessionId) {
        self.stirred_sessions.insert(session.clone());
    }

    fn log(&mut self, level: Level, request_id: &str, session: &str, message: String) {
        self.outputs.push_back(Output::Log(Record {
            level,
            request_id: request_id.to_owned(),
            session: session.to_owned(),
            message,
        }));
    }
}

const fn half(limit: u32) -> u32 {
    if limit < 2 { 1 } else { limit / 2 }
}
