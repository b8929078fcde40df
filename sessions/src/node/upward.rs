//! Messages from the client, until they are stored and acknowledged.

use std::collections::VecDeque;
use std::sync::Arc;

use steadfast_protocol::Instant;
use steadfast_protocol::frame::{Frame, FrameError, Stored};
use steadfast_protocol::receiver::Receiver;
use steadfast_protocol::sender::Window;

use super::Node;
use super::ending::Ending;
use super::link::Link;
use super::session::{End, Session};
use super::store_calls::Purpose;
use super::timers::Timer;
use crate::Payload;
use crate::io::{LinkId, SessionId};
use crate::planted::{self, Bug};
use crate::store::{Append, Appended, Entry, Refused, Request, StoreError};

#[derive(Debug)]
pub(super) struct Upward {
    /// What is stored, and what of it was acknowledged.
    stored: Receiver,
    /// What came and is not being stored yet.
    gathered: VecDeque<Payload>,
    /// The store has been asked to store messages: so many.
    asking: bool,
    asked: u64,
    /// Bytes that came and were not acknowledged.
    unacknowledged_bytes: u64,
    /// Of these, bytes that are stored.
    stored_bytes: u64,
    /// Everything up to this number is to be acknowledged as soon as it is stored.
    wanted: u64,
}

impl Upward {
    pub(super) const fn new(received: u64) -> Self {
        Self {
            stored: Receiver::new(received),
            gathered: VecDeque::new(),
            asking: false,
            asked: 0,
            unacknowledged_bytes: 0,
            stored_bytes: 0,
            wanted: 0,
        }
    }

    /// Whether everything that came is stored, or given up.
    pub(super) fn is_settled(&self) -> bool {
        self.gathered.is_empty() && !self.asking
    }

    /// The number of the last message that came.
    fn arrived(&self) -> u64 {
        self.stored.taken() + self.asked + self.gathered.len() as u64
    }

    /// Whether the client may send one more message, of so many bytes.
    fn takes(&self, bytes: u64, window: Window) -> bool {
        let unacknowledged = self.arrived() - (self.stored.taken() - self.stored.owed());
        unacknowledged == 0
            || (unacknowledged < u64::from(window.messages)
                && self.unacknowledged_bytes + bytes <= u64::from(window.bytes))
    }

    fn gather(&mut self, payload: Payload) {
        self.unacknowledged_bytes += payload.len() as u64;
        self.gathered.push_back(payload);
    }

    fn store(&mut self, now: Instant, messages: u64, bytes: u64) {
        self.stored.take(now, messages, bytes);
        self.stored_bytes += bytes;
    }

    fn acknowledge(&mut self) -> u64 {
        self.unacknowledged_bytes -= self.stored_bytes;
        self.stored_bytes = 0;
        self.stored.acknowledge()
    }

    /// When what is stored is to be acknowledged.
    fn due(&self, window: Window) -> Instant {
        if self.stored.owed() == 0 {
            Instant::NEVER
        } else if self.wanted > self.stored.taken() - self.stored.owed()
            && self.wanted <= self.stored.taken()
        {
            Instant::ZERO
        } else {
            self.stored.due(window)
        }
    }
}

impl Session {
    /// What is put into the inbox next. What has to wait for the handler is given up when its link is
    /// closed: the client has it still.
    fn next_append(&mut self, id: &SessionId, window: Window) -> Option<Append> {
        let owner = self.owner.as_mut()?;
        let upward = &mut owner.upward;
        if upward.asking || upward.gathered.is_empty() {
            return None;
        }
        let messages = self.inbox.room_for(&upward.gathered, window);
        if messages == 0 {
            if owner.link.is_none() && owner.end == End::No {
                upward.gathered.clear();
            }
            return None;
        }
        upward.asking = true;
        upward.asked = messages as u64;
        self.appends += 1;
        Some(Append {
            session: id.clone(),
            term: owner.term,
            instance: Arc::clone(&owner.instance),
            after: upward.stored.taken(),
            payloads: upward.gathered.drain(..messages).collect(),
        })
    }
}

impl Append {
    fn bytes(&self) -> u64 {
        self.payloads.iter().map(|it| it.len() as u64).sum()
    }
}

impl Node {
    pub(super) fn take_messages(&mut self, id: LinkId, messages: Vec<Payload>) {
        let window = self.config.window;
        let Some(live) = self.links.get(&id).and_then(Link::live) else {
            return self.end_link(id, Ending::Frame(FrameError::Order));
        };
        let session = live.session.clone();
        let owner = self.sessions.get_mut(&session);
        let Some(owner) = owner.and_then(|session| session.owner.as_mut()) else {
            return;
        };
        if owner.end != End::No {
            return self.end_link(id, Ending::Frame(FrameError::Order));
        }
        for payload in messages {
            if !owner.upward.takes(payload.len() as u64, window) {
                return self.end_link(id, Ending::TooMany("unacknowledged messages"));
            }
            owner.upward.gather(payload);
        }
        self.stir(&session);
    }

    /// `ask`: the client waits for an acknowledgement.
    pub(super) fn take_ask(&mut self, id: LinkId) {
        if let Some((session, upward)) = self.upward_of(id) {
            upward.wanted = upward.arrived();
            self.judge_acknowledgement(&session);
        }
    }

    pub(super) fn take_end(&mut self, id: LinkId) {
        let Some((session, _)) = self.upward_of(id) else {
            return;
        };
        if let Some(owner) = self.sessions.get_mut(&session)
            && let Some(owner) = &mut owner.owner
        {
            owner.end = End::Wanted;
            self.stir(&session);
        }
    }

    /// Sends the acknowledgement that is owed on this link, if one is.
    pub(super) fn acknowledge_owed(&mut self, id: LinkId) {
        if let Some((session, upward)) = self.upward_of(id)
            && upward.stored.owed() > 0
        {
            let number = upward.acknowledge();
            self.timers.stop(&Timer::Acknowledgement(session));
            self.transmit_control(id, Frame::Stored(Stored { number }));
        }
    }

    pub(super) fn ring_acknowledgement(&mut self, session: &SessionId) {
        self.judge_acknowledgement(session);
    }

    /// Puts what was gathered into the inbox, up to a window past the handler's cursor; one request at
    /// a time.
    pub(super) fn append(&mut self, id: &SessionId) {
        let window = self.config.window;
        let session = self.sessions.get_mut(id);
        let Some(append) = session.and_then(|session| session.next_append(id, window)) else {
            return;
        };
        if planted::is(Bug::AckBeforeSync) {
            self.acknowledge_unsynced(&append);
        }
        self.ask(Purpose::Append, Request::Append(append));
    }

    pub(super) fn take_appended(&mut self, append: Append, appended: Appended) {
        let id = &append.session;
        let now = self.now.at;
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        session.appends -= 1;
        let (messages, bytes) = (append.payloads.len() as u64, append.bytes());
        let first = appended.inbox_last + 1 - messages.min(appended.inbox_last);
        let entries = append.payloads.into_iter().zip(0..);
        session
            .inbox
            .take_stored(entries.map(|(payload, place)| Entry {
                seq: first + place,
                instance: Arc::clone(&append.instance),
                number: append.after + 1 + place,
                payload,
            }));
        self.stirred_sessions.insert(id.clone());
        let Some(owner) = session.owner_of(append.term) else {
            return;
        };
        owner.upward.asking = false;
        owner.upward.asked = 0;
        if !planted::is(Bug::AckBeforeSync) {
            owner.upward.store(now, messages, bytes);
        }
        if appended.received == owner.upward.stored.taken() {
            self.judge_acknowledgement(id);
        } else {
            let error = StoreError::Refused(Refused::Expected);
            self.refuse_owner(id, append.term, &error);
        }
    }

    pub(super) fn refuse_append(&mut self, append: &Append, error: &StoreError) {
        if let Some(session) = self.sessions.get_mut(&append.session) {
            session.appends -= 1;
            self.stir(&append.session);
        }
        self.refuse_owner(&append.session, append.term, error);
    }

    /// Acknowledges what is stored, or sets the timer for it.
    fn judge_acknowledgement(&mut self, id: &SessionId) {
        let window = self.config.window;
        let session = self.sessions.get(id);
        let Some(owner) = session.and_then(|session| session.owner.as_ref()) else {
            return;
        };
        let (Some(link), due) = (owner.link, owner.upward.due(window)) else {
            return;
        };
        if due <= self.now.at {
            self.acknowledge_owed(link);
        } else {
            self.timers.set(Timer::Acknowledgement(id.clone()), due);
        }
    }

    /// The planted mistake.
    fn acknowledge_unsynced(&mut self, append: &Append) {
        let now = self.now.at;
        let session = self.sessions.get_mut(&append.session);
        let Some(owner) = session.and_then(|session| session.owner.as_mut()) else {
            return;
        };
        owner.upward.asked = 0;
        let messages = append.payloads.len() as u64;
        owner.upward.store(now, messages, append.bytes());
        if let Some(link) = owner.link {
            self.acknowledge_owed(link);
        }
    }

    /// The owner behind a live link: its session, and what it has sent.
    fn upward_of(&mut self, id: LinkId) -> Option<(SessionId, &mut Upward)> {
        let session = self.links.get(&id)?.live()?.session.clone();
        let owner = self.sessions.get_mut(&session)?.owner.as_mut()?;
        (owner.link == Some(id)).then_some((session, &mut owner.upward))
    }
}
