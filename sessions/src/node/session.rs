//! A session while it has a link or something left to do.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Node;
use super::ending::Ending;
use super::handler::Handler;
use super::inbox::Inbox;
use super::saving::Saves;
use super::store_calls::Purpose;
use super::timers::Timer;
use super::upward::Upward;
use crate::io::{Level, LinkId, SessionId};
use crate::store::{Accepted, Refused, Request, StoreError, Term};

#[derive(Debug)]
pub(super) struct Session {
    pub(super) user: String,
    pub(super) endpoint: String,
    /// Who owns it, if that is one of this node's links, or was until it closed.
    pub(super) owner: Option<Owner>,
    pub(super) inbox: Inbox,
    pub(super) handler: Handler,
    /// Appends that the store has not answered, of this owner or an earlier one.
    pub(super) appends: u32,
    /// It was taken up for what an earlier process had left.
    pub(super) recovered: bool,
}

/// An accepted claim.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) term: Term,
    pub(super) instance: Arc<str>,
    /// `None`: it is closed, and what came over it is still being stored.
    pub(super) link: Option<LinkId>,
    pub(super) request_id: String,
    pub(super) upward: Upward,
    pub(super) handed: Handed,
    pub(super) saves: Saves,
    pub(super) end: End,
    /// The store is being told that the client is there.
    pub(super) seen_asked: bool,
}

/// What the client has acknowledged and the store does not know yet: by stream, epoch and number.
#[derive(Debug, Default)]
pub(super) struct Handed {
    pub(super) gathered: BTreeMap<String, (u32, u64)>,
    pub(super) asked: bool,
}

/// How far the end of a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    No,
    /// The client has said so; what came before it is still being stored.
    Wanted,
    Asked,
}

impl Session {
    pub(super) const fn new(user: String, endpoint: String, inbox: Inbox) -> Self {
        Self {
            user,
            endpoint,
            owner: None,
            inbox,
            handler: Handler::new(),
            appends: 0,
            recovered: false,
        }
    }

    /// The owner of this term.
    pub(super) fn owner_of(&mut self, term: Term) -> Option<&mut Owner> {
        self.owner.as_mut().filter(|owner| owner.term == term)
    }

    fn is_at_rest(&self) -> bool {
        self.owner.is_none() && self.appends == 0 && self.handler.is_at_rest(&self.inbox)
    }
}

impl Owner {
    /// The owner that `accepted` makes of a link.
    pub(super) fn new(
        accepted: &Accepted,
        instance: Arc<str>,
        link: LinkId,
        request_id: String,
    ) -> Self {
        Self {
            term: accepted.term,
            instance,
            link: Some(link),
            request_id,
            upward: Upward::new(&accepted.memories),
            handed: Handed::default(),
            saves: Saves::default(),
            end: End::No,
            seen_asked: false,
        }
    }

    /// Whether its link is closed and all that came over it is dealt with.
    fn is_over(&self) -> bool {
        self.link.is_none()
            && self.upward.is_settled()
            && self.handed.gathered.is_empty()
            && !self.handed.asked
            && self.saves.is_settled()
            && !self.seen_asked
            && self.end == End::No
    }
}

impl Node {
    /// Does what has become possible for a session.
    pub(super) fn advance(&mut self, id: &SessionId) {
        self.append(id);
        self.load_inbox(id);
        self.hand_over(id);
        self.commit(id);
        self.tell_handed(id);
        self.save(id);
        self.ask_end(id);
        self.forget_if_at_rest(id);
    }

    /// The session's link is gone. What came over it is still stored, if it can be soon.
    pub(super) fn part(&mut self, id: &SessionId, link: LinkId) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        self.timers.stop(&Timer::Acknowledgement(id.clone()));
        self.stirred_sessions.insert(id.clone());
        let Some(owner) = &mut session.owner else {
            return;
        };
        if owner.link == Some(link) {
            owner.link = None;
            if owner.end == End::No {
                self.ask_seen(id);
            }
        }
    }

    /// The store has refused what was asked on behalf of `term`: whoever has it loses the session, and
    /// nothing that is left of it is stored.
    pub(super) fn refuse_owner(&mut self, id: &SessionId, term: Term, error: &StoreError) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        self.stirred_sessions.insert(id.clone());
        if session.owner_of(term).is_none() {
            return;
        }
        let Some(owner) = session.owner.take() else {
            return;
        };
        let ending = match error {
            StoreError::Refused(Refused::Term) => Ending::TakenOver,
            StoreError::Refused(Refused::Unknown | Refused::Memory) => Ending::Stale,
            _ => Ending::Unavailable,
        };
        if ending == Ending::Unavailable {
            let line = format!("the session cannot go on: {error}");
            self.log(Level::Warn, &owner.request_id, id, line);
        }
        if let Some(link) = owner.link {
            self.end_link(link, ending);
        }
    }

    pub(super) fn ask_seen(&mut self, id: &SessionId) {
        let wall_ms = self.wall_ms();
        let session = self.sessions.get_mut(id);
        let Some(owner) = session.and_then(|session| session.owner.as_mut()) else {
            return;
        };
        if owner.seen_asked {
            return;
        }
        owner.seen_asked = true;
        let term = owner.term;
        let request = Request::Seen {
            session: id.clone(),
            term,
            wall_ms,
        };
        self.ask(Purpose::Seen(id.clone(), term), request);
    }

    pub(super) fn take_seen(&mut self, id: &SessionId, term: Term) {
        if let Some(session) = self.sessions.get_mut(id)
            && let Some(owner) = session.owner_of(term)
        {
            owner.seen_asked = false;
            self.stir(id);
        }
    }

    /// Tells the store what the client has acknowledged, one request at a time.
    fn tell_handed(&mut self, id: &SessionId) {
        let session = self.sessions.get_mut(id);
        let Some(owner) = session.and_then(|session| session.owner.as_mut()) else {
            return;
        };
        if owner.handed.asked || owner.handed.gathered.is_empty() {
            return;
        }
        owner.handed.asked = true;
        let gathered = std::mem::take(&mut owner.handed.gathered).into_iter();
        let positions = gathered.map(|(stream, (epoch, number))| (stream, epoch, number));
        let term = owner.term;
        let request = Request::Acknowledge {
            session: id.clone(),
            term,
            positions: positions.collect(),
        };
        self.ask(Purpose::Acknowledge(id.clone(), term), request);
    }

    pub(super) fn take_acknowledged(&mut self, id: &SessionId, term: Term) {
        if let Some(session) = self.sessions.get_mut(id)
            && let Some(owner) = session.owner_of(term)
        {
            owner.handed.asked = false;
            self.note_room(id);
            self.stir(id);
        }
    }

    /// Ends the session, once all that came before is stored.
    fn ask_end(&mut self, id: &SessionId) {
        let wall_ms = self.wall_ms();
        let session = self.sessions.get_mut(id);
        let Some(owner) = session.and_then(|session| session.owner.as_mut()) else {
            return;
        };
        let settled = owner.upward.is_settled() && owner.saves.is_settled();
        if owner.end != End::Wanted || !settled {
            return;
        }
        owner.end = End::Asked;
        let (term, link) = (owner.term, owner.link);
        if let Some(link) = link {
            self.acknowledge_owed(link);
        }
        let request = Request::End {
            session: id.clone(),
            term,
            wall_ms,
        };
        self.ask(Purpose::End(id.clone(), term), request);
    }

    pub(super) fn take_ended(&mut self, id: &SessionId, term: Term, discarded: u64) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        self.stirred_sessions.insert(id.clone());
        if session.owner_of(term).is_none() {
            return;
        }
        if let Some(owner) = session.owner.take() {
            let line = format!("session ended; {discarded} messages were not handed over");
            self.log(Level::Info, &owner.request_id, id, line);
            if let Some(link) = owner.link {
                self.end_link(link, Ending::Ended);
            }
        }
    }

    /// Leaves the memory, unless an answer is on its way that may be older than what is known here.
    fn forget_if_at_rest(&mut self, id: &SessionId) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.owner.as_ref().is_some_and(Owner::is_over) {
            session.owner = None;
        }
        if !session.is_at_rest() {
            return;
        }
        if self.is_asked_about(id) {
            return self.keep_for_answer(id);
        }
        let forgotten = self.sessions.remove(id);
        let recovered = forgotten.is_some_and(|session| session.recovered);
        self.timers.stop(&Timer::Handler(id.clone()));
        self.timers.stop(&Timer::Save(id.clone()));
        self.timers.stop(&Timer::Acknowledgement(id.clone()));
        if recovered {
            self.note_recovered();
        }
    }
}
