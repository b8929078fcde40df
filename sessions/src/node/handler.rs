//! Messages given to the application, one at a time, and what it did with them.

use std::collections::VecDeque;

use steadfast_protocol::Span;

use super::Node;
use super::inbox::Inbox;
use super::store_calls::Purpose;
use super::timers::Timer;
use crate::io::{Config, Delivery, Effect, Level, Outcome, Output, SessionId};
use crate::planted::{self, Bug};
use crate::store::{Commit, Committed, Limits, Refused, Request, StoreError, valid_room};

/// Messages of one commit at most; twice as many may wait, or so many bytes of effects.
const GATHERED: usize = 256;
const GATHERED_BYTES: usize = 1 << 20;

/// The pause after a handler's first failure; each further one doubles it.
const PAUSE: Span = Span::from_ms(100);
const LONGEST_PAUSE: Span = Span::from_ms(10_000);

#[derive(Debug)]
pub(super) struct Handler {
    state: State,
    /// How often it failed on the present message.
    failures: u32,
    /// What is to be committed, in order; the first `committing` of them are being committed.
    done: VecDeque<Done>,
    committing: usize,
    effect_bytes: usize,
    /// How many of them go into one commit; fewer when the session's outbox is nearly full.
    share: usize,
    /// The outbox has no room for a single message's effects: that is waited for.
    full: bool,
    /// How often in a row.
    waits: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    /// It has the message of this place.
    Busy(u64),
    /// It failed, and gets its message again when its timer rings.
    Pausing,
    /// It cannot go on before the store is asked anew.
    Stopped,
}

/// A message that the handler is done with.
#[derive(Debug)]
struct Done {
    seq: u64,
    bytes: u64,
    effects: Vec<Effect>,
    /// Why it is dead, if it is.
    dead: Option<String>,
}

impl Handler {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Free,
            failures: 0,
            done: VecDeque::new(),
            committing: 0,
            effect_bytes: 0,
            share: GATHERED,
            full: false,
            waits: 0,
        }
    }

    pub(super) const fn is_stopped(&self) -> bool {
        matches!(self.state, State::Stopped)
    }

    pub(super) const fn stop(&mut self) {
        self.state = State::Stopped;
    }

    /// The entry of this place, of so many bytes, is given up.
    pub(super) fn bury(&mut self, seq: u64, bytes: u64, why: String) {
        self.done.push_back(Done {
            seq,
            bytes,
            effects: Vec::new(),
            dead: Some(why),
        });
    }

    pub(super) const fn is_at_rest(&self, inbox: &Inbox) -> bool {
        match self.state {
            State::Free => inbox.is_done() && self.committing == 0,
            State::Stopped => self.committing == 0,
            State::Busy(_) | State::Pausing => false,
        }
    }

    fn has_room(&self) -> bool {
        self.done.len() < 2 * GATHERED && self.effect_bytes < GATHERED_BYTES
    }

    fn finish(&mut self, seq: u64, bytes: u64, effects: Vec<Effect>) {
        self.effect_bytes += effects.iter().map(Effect::bytes).sum::<usize>();
        self.done.push_back(Done {
            seq,
            bytes,
            effects,
            dead: None,
        });
    }

    /// What is committed next.
    fn gather(&mut self, mut commit: Commit) -> Option<Commit> {
        if self.committing > 0 || self.is_stopped() || self.full {
            return None;
        }
        self.committing = self.done.len().min(self.share);
        for done in self.done.iter().take(self.committing) {
            let stored = |effect: &&Effect| !matches!(effect, Effect::Volatile { .. });
            commit
                .effects
                .extend(done.effects.iter().filter(stored).cloned());
            commit
                .dead
                .extend(done.dead.clone().map(|why| (done.seq, why)));
            commit.up_to = done.seq;
        }
        (self.committing > 0).then_some(commit)
    }

    /// The commit is carried out: what it committed.
    fn take_committed(&mut self) -> Vec<Done> {
        let committed: Vec<Done> = self.done.drain(..self.committing).collect();
        self.committing = 0;
        self.waits = 0;
        self.share = (self.share * 2).min(GATHERED);
        let effects = committed.iter().flat_map(|done| &done.effects);
        self.effect_bytes -= effects.map(Effect::bytes).sum::<usize>();
        committed
    }
}

impl Node {
    /// Gives the application a session's next message.
    pub(super) fn hand_over(&mut self, id: &SessionId) {
        if self.stopping {
            return;
        }
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.handler.state != State::Free || !session.handler.has_room() {
            return;
        }
        let Some((entry, suspect)) = session.inbox.next() else {
            return;
        };
        session.handler.state = State::Busy(entry.seq);
        self.outputs.push_back(Output::Handle(Delivery {
            session: id.clone(),
            user: session.user.clone(),
            endpoint: session.endpoint.clone(),
            seq: entry.seq,
            memory: entry.memory.clone(),
            lane: entry.lane,
            number: entry.number,
            redelivered: suspect || session.handler.failures > 0,
            payload: entry.payload.clone(),
        }));
    }

    pub(super) fn take_outcome(&mut self, id: &SessionId, seq: u64, outcome: Outcome) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.handler.state != State::Busy(seq) {
            return;
        }
        self.stirred_sessions.insert(id.clone());
        match outcome {
            Outcome::Failed(why) => self.take_failure(id, seq, why),
            Outcome::Done(effects) => {
                if let Some(why) = excess(&self.config, id, &effects) {
                    return self.take_failure(id, seq, why.to_owned());
                }
                let bytes = session.inbox.finish();
                let handler = &mut session.handler;
                handler.state = State::Free;
                handler.failures = 0;
                handler.finish(seq, bytes, effects);
            }
        }
    }

    pub(super) fn ring_handler(&mut self, id: &SessionId) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.handler.state == State::Pausing {
            session.handler.state = State::Free;
        }
        session.handler.full = false;
        self.stir(id);
    }

    /// Commits what the handler is done with, one request at a time.
    pub(super) fn commit(&mut self, id: &SessionId) {
        let (limits, wall_ms) = (self.limits(), self.wall_ms());
        let own_overflow = self.own_overflow(id);
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let commit = Commit {
            session: id.clone(),
            after: session.inbox.cursor,
            up_to: session.inbox.cursor,
            effects: Vec::new(),
            dead: Vec::new(),
            limits,
            own_overflow,
            wall_ms,
        };
        let Some(mut commit) = session.handler.gather(commit) else {
            return;
        };
        if planted::is(Bug::EchoOutsideCommit) {
            let effects = std::mem::take(&mut commit.effects);
            let request = Request::Send {
                effects,
                limits,
                wall_ms,
            };
            self.ask(Purpose::Send(Vec::new()), request);
        }
        self.ask(Purpose::Commit, Request::Commit(commit));
    }

    pub(super) fn take_committed(&mut self, commit: &Commit, committed: Committed) {
        let id = &commit.session;
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        self.stirred_sessions.insert(id.clone());
        let done = session.handler.take_committed();
        let bytes = done.iter().map(|done| done.bytes).sum();
        session.inbox.commit(commit.up_to, bytes);
        for (place, refusal) in &committed.refused {
            let line = format!("effect {place} of a commit was refused: {refusal:?}");
            self.log(Level::Warn, "", id, line);
        }
        self.distribute(&commit.effects, committed);
        for effect in done.into_iter().flat_map(|done| done.effects) {
            if let Effect::Volatile { to, payload } = effect {
                self.send_volatile(&to, &payload);
            }
        }
    }

    pub(super) fn refuse_commit(&mut self, id: &SessionId, error: &StoreError) {
        if *error == StoreError::Refused(Refused::Full) {
            self.wait_for_room(id);
        } else {
            self.stop_handler(id, error);
        }
    }

    /// The client has acknowledged something: there may be room for what its handler sends.
    pub(super) fn note_room(&mut self, id: &SessionId) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.handler.full = false;
        }
    }

    /// The session's own outbox is full: fewer messages are committed at once, or one is, later. So an
    /// echo is never lost; the window holds the client back.
    fn wait_for_room(&mut self, id: &SessionId) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        self.stirred_sessions.insert(id.clone());
        let handler = &mut session.handler;
        let committing = std::mem::take(&mut handler.committing);
        handler.share = (committing / 2).max(1);
        if committing > 1 {
            return;
        }
        handler.waits += 1;
        handler.full = true;
        let pause = PAUSE.scaled(f64::from(1_u32 << (handler.waits - 1).min(10)));
        let at = self.now.at + pause.min(LONGEST_PAUSE);
        self.timers.set(Timer::Handler(id.clone()), at);
    }

    /// The handler's cursor is not where this node takes it to be, or a record cannot be read. It goes
    /// on from what the store says when it is next asked.
    pub(super) fn stop_handler(&mut self, id: &SessionId, error: &StoreError) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        session.handler.stop();
        session.handler.committing = 0;
        session.handler.done.clear();
        session.handler.effect_bytes = 0;
        self.stirred_sessions.insert(id.clone());
        let term = session.owner.as_ref().map(|owner| owner.term);
        let line = format!("the handler stops: {error}");
        self.log(Level::Warn, "", id, line);
        if *error == StoreError::Refused(Refused::Expected) {
            self.recover_later();
        }
        // A hello finds out what there is to go on with.
        if let Some(term) = term {
            let error = StoreError::Corrupt(error.to_string());
            self.refuse_owner(id, term, &error);
        }
    }

    /// What outboxes and rooms may hold.
    pub(super) const fn limits(&self) -> Limits {
        Limits {
            outbox_messages: self.config.outbox_messages,
            outbox_bytes: self.config.outbox_bytes,
            outbox_overflow: self.config.outbox_overflow,
            room_messages: self.config.room_messages,
            room_bytes: self.config.room_bytes,
        }
    }

    fn take_failure(&mut self, id: &SessionId, seq: u64, why: String) {
        let attempts = self.config.attempts.max(1);
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let handler = &mut session.handler;
        handler.failures += 1;
        let failures = handler.failures;
        let line = format!("the handler failed on message {seq}, time {failures}: {why}");
        if failures >= attempts {
            handler.state = State::Free;
            handler.failures = 0;
            handler.bury(seq, session.inbox.finish(), why);
        } else {
            handler.state = State::Pausing;
            let pause = PAUSE.scaled(f64::from(1_u32 << (failures - 1).min(10)));
            let at = self.now.at + pause.min(LONGEST_PAUSE);
            self.timers.set(Timer::Handler(id.clone()), at);
        }
        self.log(Level::Warn, "", id, line);
    }
}

/// Why `effects` can never be carried out, if they cannot.
fn excess(config: &Config, own: &SessionId, effects: &[Effect]) -> Option<&'static str> {
    let (mut messages, mut bytes) = (0, 0);
    for effect in effects {
        if effect.bytes() > config.max_message as usize {
            return Some("it sends a message above the limit");
        }
        if !effect.room().is_none_or(valid_room) {
            return Some("it names a room that there cannot be");
        }
        if let Effect::Send { session, payload } = effect
            && session == own
        {
            messages += 1;
            bytes += payload.len();
        }
    }
    let fits = messages <= config.outbox_messages && bytes <= config.outbox_bytes as usize;
    (!fits).then_some("it sends more than an outbox holds")
}

impl Effect {
    /// The room that it is about.
    pub(super) fn room(&self) -> Option<&str> {
        match self {
            Self::Publish { room, .. }
            | Self::Subscribe { room, .. }
            | Self::Unsubscribe { room, .. } => Some(room),
            Self::Send { .. } | Self::Volatile { .. } => None,
        }
    }

    /// Bytes of its message.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Send { payload, .. }
            | Self::Publish { payload, .. }
            | Self::Volatile { payload, .. } => payload.len(),
            Self::Subscribe { .. } | Self::Unsubscribe { .. } => 0,
        }
    }
}
