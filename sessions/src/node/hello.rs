//! From a hello to a welcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use steadfast_protocol::frame::{
    Frame, Hello, Reason, StoredSnapshot, WantedSnapshot, Welcome, parts,
};
use steadfast_protocol::window::Window;
use steadfast_protocol::{Span, limits};

use super::Node;
use super::downward::Downward;
use super::ending::Ending;
use super::half;
use super::inbox::Inbox;
use super::link::{Link, Live, Phase};
use super::session::{Owner, Session};
use super::store_calls::{CLAIMS, Purpose};
use crate::io::{AuthRefusal, Level, LinkId, Output, SessionId};
use crate::planted::{self, Bug};
use crate::store::{Accepted, Claim, Claimed, Memory, Request, StoreError, Term, Wanted};

/// How long a hello may take to be judged, by the application and by the store.
const JUDGED_WITHIN: Span = Span::from_ms(10_000);

/// `auth` frames of one link that may be judged at once.
const JUDGING: u32 = 4;

/// Sessions whose subscriptions changed while claims were under way.
/// When: [`Node::commits`].
pub(super) type Changed = BTreeMap<SessionId, u64>;

impl Node {
    pub(super) fn take_hello(&mut self, id: LinkId, hello: Hello) {
        if self.calls.claims >= CLAIMS {
            return self.end_link(id, Ending::TooMany("hellos"));
        }
        let deadline = self.now.at + JUDGED_WITHIN;
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        if let Some(request_id) = &hello.request_id {
            link.request_id.clone_from(request_id);
        }
        let spoken = &self.config.protocols;
        let mut offered = hello.protocols.iter();
        let chosen = offered.find(|name| spoken.is_empty() || spoken.contains(name));
        link.protocol = chosen.cloned().unwrap_or_default();
        let auth = hello.auth.clone();
        link.deadline = deadline;
        link.phase = Phase::Authenticating(Box::new(hello));
        self.wind(id);
        self.outputs
            .push_back(Output::Authenticate { link: id, auth });
    }

    /// `auth` on a live link.
    pub(super) fn take_auth(&mut self, id: LinkId, token: String) {
        let Some(live) = self.links.get_mut(&id).and_then(Link::live_mut) else {
            return;
        };
        live.judging += 1;
        if live.judging > JUDGING {
            return self.end_link(id, Ending::TooMany("credentials"));
        }
        let auth = Some(token);
        self.outputs
            .push_back(Output::Authenticate { link: id, auth });
    }

    /// The application has judged credentials.
    pub(super) fn take_verdict(&mut self, id: LinkId, user: Result<String, AuthRefusal>) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let awaited = match &link.phase {
            Phase::Authenticating(_) => true,
            Phase::Live(live) => live.judging > 0,
            _ => false,
        };
        match user {
            _ if !awaited => {}
            Err(AuthRefusal::Unauthorized) => self.end_link(id, Ending::Unauthorized),
            Err(AuthRefusal::Unavailable) => self.end_link(id, Ending::Unavailable),
            Ok(user) => match &mut link.phase {
                Phase::Live(live) if live.user != user => self.end_link(id, Ending::OtherUser),
                Phase::Live(live) => {
                    live.judging -= 1;
                    self.transmit_control(id, Frame::Authenticated);
                }
                _ => self.claim(id, user),
            },
        }
    }

    pub(super) fn take_claimed(&mut self, id: LinkId, claim: &Claim, claimed: Claimed) {
        match claimed {
            Claimed::Accepted(accepted) => self.accept(id, claim, &accepted),
            Claimed::TakenOver => self.end_link(id, Ending::TakenOver),
            Claimed::Stale => self.end_link(id, Ending::Stale),
        }
        self.forget_changes();
    }

    pub(super) fn refuse_claim(&mut self, id: LinkId, error: &StoreError) {
        if let Some(link) = self.links.get(&id) {
            let request_id = link.request_id.clone();
            let line = format!("the claim failed: {error}");
            self.log(Level::Warn, &request_id, "", line);
            self.end_link(id, Ending::Unavailable);
        }
        self.forget_changes();
    }

    /// A session has other subscriptions now; a claim that is under way may not know.
    pub(super) fn note_change(&mut self, session: &SessionId) {
        if self.calls.claims > 0 {
            self.changed.insert(session.clone(), self.commits);
        }
    }

    /// Whether the subscriptions of a session have changed since a hello's claim was asked for.
    fn has_changed_since(&self, session: &SessionId, id: LinkId) -> bool {
        let asked = self.links.get(&id).map(|link| &link.phase);
        let changed = self.changed.get(session);
        matches!((asked, changed), (Some(Phase::Claiming { commits, .. }), Some(at)) if at > commits)
    }

    fn forget_changes(&mut self) {
        if self.calls.claims == 0 {
            self.changed.clear();
        }
    }

    /// Asks the store for the session that a hello wants.
    fn claim(&mut self, id: LinkId, user: String) {
        let (commits, wall_ms) = (self.commits, self.wall_ms());
        let widest = self.widest_window();
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let Phase::Authenticating(hello) = &mut link.phase else {
            return;
        };
        let hello = std::mem::take(&mut **hello);
        let window = offered(hello.window, widest);
        link.phase = Phase::Claiming { window, commits };
        let claim = link.claim(hello, user, wall_ms);
        if planted::is(Bug::WelcomeBeforeSync) && claim.resume.is_none() {
            self.welcome_unsynced(id, &claim);
        }
        self.ask(Purpose::Claim(id), Request::Claim(claim));
    }

    /// The store has given the session to a hello. Whoever had it on this node has lost it, even if
    /// the hello's link is gone by now.
    fn accept(&mut self, id: LinkId, claim: &Claim, accepted: &Accepted) {
        let session = accepted.session.clone();
        let instance = &claim.instance;
        let owner = self.sessions.get_mut(&session).map(|it| &mut it.owner);
        if let Some(owner) = owner
            && let Some(other) = owner
        {
            let ending = if other.instance == *instance {
                Ending::Stale
            } else {
                Ending::TakenOver
            };
            if other.term > accepted.term {
                return self.end_link(id, ending);
            }
            let link = other.link;
            *owner = None;
            if let Some(link) = link {
                self.end_link(link, ending);
            }
        }
        self.take_in(claim, accepted);
        if self.has_changed_since(&session, id) {
            // What the store said of its subscriptions may be old by now: the next hello is told all.
            self.end_link(id, Ending::Unavailable);
        }
        self.give(id, claim, accepted);
    }

    /// Brings a session into memory, or up to date.
    fn take_in(&mut self, claim: &Claim, accepted: &Accepted) {
        let id = &accepted.session;
        self.stirred_sessions.insert(id.clone());
        let inbox = Inbox::new(accepted.cursor, accepted.inbox_last);
        if let Some(session) = self.sessions.get_mut(id) {
            let behind = session.inbox.is_done() && session.inbox.cursor < accepted.cursor;
            if behind || session.handler.is_stopped() {
                session.handler = super::handler::Handler::new();
                session.inbox = inbox;
            }
            session.inbox.reach(accepted.inbox_last);
            return;
        }
        let (user, endpoint) = (claim.user.clone(), claim.endpoint.clone());
        self.sessions
            .insert(id.clone(), Session::new(user, endpoint, inbox));
    }

    /// Makes a hello's link the owner of its session, and welcomes it.
    fn give(&mut self, id: LinkId, claim: &Claim, accepted: &Accepted) {
        let now = self.commits;
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let Phase::Claiming { window, commits } = link.phase else {
            return;
        };
        let request_id = link.request_id.clone();
        let mut downward = Downward::new(window);
        for start in &accepted.streams {
            let mut known = claim.positions.iter().map(|(stream, _, _)| stream);
            let known = start.stream.is_empty() || known.any(|stream| *stream == start.stream);
            let joined = !known && start.after == start.last;
            downward.open(start, joined, now != commits);
            self.rooms.join(&start.stream, id);
        }
        link.phase = Phase::Live(Box::new(Live {
            session: accepted.session.clone(),
            user: claim.user.clone(),
            judging: 0,
            downward,
        }));
        if let Some(session) = self.sessions.get_mut(&accepted.session) {
            let instance = Arc::clone(&claim.instance);
            let owner = Owner::new(accepted, instance, id, request_id.clone());
            session.owner = Some(owner);
        }
        self.stirred_links.insert(id);
        self.wind(id);
        let memories = accepted.memories.iter();
        let received: u64 = memories.flat_map(|memory| memory.received).sum();
        let line = format!("{:?}, {received} received", accepted.reason);
        self.log(Level::Info, &request_id, &accepted.session, line);
        if accepted.spoiled {
            let line = "the snapshot cannot be read".to_owned();
            self.log(Level::Warn, &request_id, &accepted.session, line);
        }
        if !(planted::is(Bug::WelcomeBeforeSync) && claim.resume.is_none()) {
            self.welcome(id, claim, accepted);
        }
        #[cfg(feature = "planted")]
        self.replay_early(id);
    }

    fn welcome(&mut self, id: LinkId, claim: &Claim, accepted: &Accepted) {
        let config = &self.config;
        let memories = accepted.memories.iter();
        let ms = |span: Duration| {
            let ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
            ms.min(limits::LAST_NUMBER)
        };
        let welcome = Welcome {
            session: accepted.session.to_string(),
            token: claim.new_token.clone(),
            term: accepted.term.to_string(),
            memories: memories
                .map(|memory| (memory.name.to_string(), memory.into()))
                .collect(),
            resumed: accepted.reason == Reason::Resumed,
            reason: accepted.reason,
            max_message: config.max_message,
            window: (config.window.messages, config.window.bytes),
            ttl: ms(config.ttl),
            retry: config.retry.map(ms),
            user: claim.user.clone(),
            protocol: self
                .links
                .get(&id)
                .map_or_else(String::new, |link| link.protocol.clone()),
            snapshot: accepted.snapshot.map(|held| StoredSnapshot {
                version: held.version,
                saved_at: held.saved_ms.min(limits::LAST_NUMBER),
                bytes: held.bytes,
                check: held.check,
                follows: accepted.state.is_some(),
            }),
        };
        self.transmit_control(id, Frame::Welcome(welcome));
        let state = accepted.state.as_deref().unwrap_or_default();
        let parts = parts(state).map(|part| Frame::Part(part.to_owned()));
        self.transmit_slowly(id, parts.collect());
    }

    /// The planted mistake: a new session is welcomed before the store has it.
    fn welcome_unsynced(&mut self, id: LinkId, claim: &Claim) {
        let hoped = |name: &Arc<str>| Memory {
            name: Arc::clone(name),
            term: Term::default(),
            birth: 0,
            received: Default::default(),
        };
        let hoped = Accepted {
            session: claim.new_session.clone(),
            reason: Reason::New,
            term: Term {
                counter: 1,
                nonce: claim.nonce,
            },
            memories: claim.memories.iter().map(hoped).collect(),
            cursor: 0,
            inbox_last: 0,
            streams: Vec::new(),
            snapshot: None,
            state: None,
            spoiled: false,
        };
        self.welcome(id, claim, &hoped);
    }

    #[cfg(feature = "planted")]
    fn replay_early(&mut self, id: LinkId) {
        let early = self
            .links
            .get_mut(&id)
            .map(|link| std::mem::take(&mut link.early));
        for wire in early.unwrap_or_default() {
            self.take_frame(id, wire);
        }
    }

    /// The widest window that a client is granted: what it does not acknowledge stays in its outbox.
    fn widest_window(&self) -> Window {
        Window {
            messages: half(self.config.outbox_messages),
            bytes: half(self.config.outbox_bytes),
        }
    }
}

impl Link {
    /// What the store is asked for on behalf of a hello.
    fn claim(&self, hello: Hello, user: String, wall_ms: u64) -> Claim {
        let [high, low, secret, secret_too] = self.entropy;
        let positions = hello.positions.into_iter();
        Claim {
            resume: hello.session.map(SessionId::from).zip(hello.token),
            instance: hello.instance.into(),
            claim: hello.claim,
            memories: hello.memories.into_iter().map(Arc::from).collect(),
            user,
            endpoint: self.endpoint.clone(),
            rooms: self.rooms.clone(),
            positions: positions
                .map(|(stream, (epoch, number))| (stream, epoch, number))
                .collect(),
            snapshot: hello.snapshot.map(Wanted::from),
            new_session: format!("{high:016x}{low:016x}").into(),
            new_token: format!("{secret:016x}{secret_too:016x}"),
            nonce: mix(high, low),
            wall_ms,
        }
    }
}

impl From<WantedSnapshot> for Wanted {
    fn from(wanted: WantedSnapshot) -> Self {
        Self {
            key: wanted.key,
            version: wanted.version.unwrap_or(0),
            restore: wanted.restore,
        }
    }
}

/// What the client takes unacknowledged; a window of no messages is one: nothing is sent down.
fn offered(window: Option<(u32, u32)>, widest: Window) -> Window {
    let Window { messages, bytes } = Window::default();
    let (messages, bytes) = window.unwrap_or((messages, bytes));
    Window {
        messages: messages.min(widest.messages),
        bytes: bytes.min(widest.bytes),
    }
}

/// No secret, and different for each hello.
pub(super) const fn mix(high: u64, low: u64) -> u64 {
    (high.rotate_left(29) ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
