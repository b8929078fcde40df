//! Messages from the client, until they are stored and acknowledged.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use steadfast_protocol::Instant;
use steadfast_protocol::frame::{Frame, FrameError, Lane, Stored};
use steadfast_protocol::limits::{LANES, LAST_NUMBER, MEMORIES};
use steadfast_protocol::receiver::Receiver;
use steadfast_protocol::window::Window;

use super::Node;
use super::ending::Ending;
use super::link::Link;
use super::session::{End, Session};
use super::store_calls::Purpose;
use super::timers::Timer;
use crate::Payload;
use crate::io::{LinkId, SessionId};
use crate::planted::{self, Bug};
use crate::store::{Append, Appended, Entry, Memory, Request, StoreError, Term, Upward as Message};

#[derive(Debug)]
pub(super) struct Upward {
    /// The memories that the link speaks for.
    memories: BTreeMap<Arc<str>, Lanes>,
    /// The store has been asked for so many more.
    adopting: usize,
    /// Where the next message belongs to.
    next: Option<(Arc<str>, usize, u64)>,
    /// How many messages are stored, and how many of these were acknowledged.
    stored: Receiver,
    /// What came and is not being stored yet.
    gathered: VecDeque<Message>,
    /// The store has been asked to store messages: so many.
    asking: bool,
    asked: u64,
    /// Bytes that came and were not acknowledged.
    unacknowledged_bytes: u64,
    /// Of these, bytes that are stored.
    stored_bytes: u64,
    /// So many messages are to be acknowledged as soon as they are stored.
    wanted: u64,
}

/// A memory, as far as its lanes have come.
#[derive(Debug)]
struct Lanes {
    term: Term,
    lanes: [Progress; LANES],
}

/// How far a lane has come: numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// Of the last message that came over this link; 0: none has.
    arrived: u64,
    /// Of the last one stored.
    stored: u64,
    /// An acknowledgement of what is stored is owed.
    owes: bool,
}

impl Upward {
    pub(super) fn new(memories: &[Memory]) -> Self {
        let mut upward = Self {
            memories: BTreeMap::new(),
            adopting: 0,
            next: None,
            stored: Receiver::new(0),
            gathered: VecDeque::new(),
            asking: false,
            asked: 0,
            unacknowledged_bytes: 0,
            stored_bytes: 0,
            wanted: 0,
        };
        for memory in memories {
            upward.speak_for(memory);
        }
        upward
    }

    /// Whether everything that came is stored, or given up.
    pub(super) fn is_settled(&self) -> bool {
        self.gathered.is_empty() && !self.asking
    }

    /// Whether the link may speak for one more memory, which the store is asked for then.
    pub(super) fn begin_adopting(&mut self) -> bool {
        self.adopting += 1;
        self.memories.len() + self.adopting <= MEMORIES
    }

    /// The store has answered.
    pub(super) fn end_adopting(&mut self, memory: Option<&Memory>) {
        self.adopting -= 1;
        if let Some(memory) = memory {
            self.speak_for(memory);
        }
    }

    fn speak_for(&mut self, memory: &Memory) {
        let lanes = memory.received.map(|stored| Progress {
            stored,
            ..Progress::default()
        });
        let term = memory.term;
        let known = Arc::clone(&memory.name);
        self.memories.insert(known, Lanes { term, lanes });
    }

    /// Nothing more comes of a memory, if all that came is stored. On whose behalf it was spoken for.
    pub(super) fn forget(&mut self, name: &str) -> Option<Term> {
        let mut lanes = self.memories.get(name)?.lanes.iter();
        if lanes.any(|progress| progress.arrived > progress.stored) {
            return None;
        }
        if self.next.as_ref().is_some_and(|(next, ..)| **next == *name) {
            self.next = None;
        }
        Some(self.memories.remove(name)?.term)
    }

    /// What comes next belongs to this lane, if that can be.
    fn turn_to(&mut self, lane: &Lane) -> Result<(), FrameError> {
        let known = self.memories.get_key_value(&*lane.memory);
        let (name, lanes) = known.ok_or(FrameError::Order)?;
        let place = usize::from(lane.lane);
        let progress = lanes.lanes.get(place).ok_or(FrameError::Order)?;
        if lane.next <= progress.arrived {
            return Err(FrameError::Order);
        }
        self.next = Some((Arc::clone(name), place, lane.next));
        Ok(())
    }

    /// How many messages came.
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

    /// A message has come. One that is stored already is acknowledged again.
    fn gather(&mut self, now: Instant, payload: Payload) -> Result<(), FrameError> {
        let (memory, place, number) = self.next.as_mut().ok_or(FrameError::Order)?;
        let lanes = self.memories.get_mut(memory).ok_or(FrameError::Order)?;
        let progress = &mut lanes.lanes[*place];
        let bytes = payload.len() as u64;
        let message = Message {
            memory: Arc::clone(memory),
            lane: *place as u8,
            number: *number,
            payload,
        };
        if message.number > LAST_NUMBER {
            return Err(FrameError::Order);
        }
        *number += 1;
        progress.arrived = message.number;
        self.unacknowledged_bytes += bytes;
        if message.number > progress.stored {
            self.gathered.push_back(message);
        } else {
            progress.owes = true;
            self.store(now, 1, bytes);
        }
        Ok(())
    }

    /// The next messages for the store, so many, and the memories that they come from.
    fn take(&mut self, messages: usize) -> (Vec<Message>, Vec<(Arc<str>, Term)>) {
        self.asking = true;
        self.asked = messages as u64;
        let messages: Vec<Message> = self.gathered.drain(..messages).collect();
        let mut memories: Vec<(Arc<str>, Term)> = Vec::new();
        for Message { memory, .. } in &messages {
            let known = memories.iter().any(|(name, _)| name == memory);
            if let Some(lanes) = self.memories.get(memory).filter(|_| !known) {
                memories.push((Arc::clone(memory), lanes.term));
            }
        }
        (messages, memories)
    }

    fn store(&mut self, now: Instant, messages: u64, bytes: u64) {
        self.stored.take(now, messages, bytes);
        self.stored_bytes += bytes;
    }

    /// These messages are stored.
    fn take_stored(&mut self, now: Instant, append: &Append) {
        for message in &append.messages {
            if let Some(lanes) = self.memories.get_mut(&message.memory) {
                let progress = &mut lanes.lanes[usize::from(message.lane)];
                progress.stored = message.number;
                progress.owes = true;
            }
        }
        self.store(now, append.messages.len() as u64, append.bytes());
    }

    /// What is to be acknowledged: all that is stored.
    fn acknowledge(&mut self) -> Vec<Stored> {
        self.unacknowledged_bytes -= self.stored_bytes;
        self.stored_bytes = 0;
        self.stored.acknowledge();
        let mut owed = Vec::new();
        for (name, lanes) in &mut self.memories {
            for (lane, progress) in (0..).zip(&mut lanes.lanes) {
                if std::mem::take(&mut progress.owes) {
                    owed.push(Stored {
                        memory: name.to_string(),
                        lane,
                        number: progress.stored,
                    });
                }
            }
        }
        owed
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
    fn next_append(&mut self, id: &SessionId, window: Window, wall_ms: u64) -> Option<Append> {
        let owner = self.owner.as_mut()?;
        let upward = &mut owner.upward;
        if upward.asking || upward.gathered.is_empty() {
            return None;
        }
        let lengths = upward.gathered.iter().map(|it| it.payload.len() as u64);
        let messages = self.inbox.room_for(lengths, window);
        if messages == 0 {
            if owner.link.is_none() && owner.end == End::No {
                upward.gathered.clear();
            }
            return None;
        }
        self.appends += 1;
        let (messages, memories) = upward.take(messages);
        Some(Append {
            session: id.clone(),
            term: owner.term,
            memories,
            messages,
            wall_ms,
        })
    }
}

impl Append {
    fn bytes(&self) -> u64 {
        self.messages.iter().map(|it| it.payload.len() as u64).sum()
    }
}

impl Node {
    pub(super) fn take_messages(&mut self, id: LinkId, messages: Vec<Payload>) {
        let (window, now) = (self.config.window, self.now.at);
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
            if let Err(error) = owner.upward.gather(now, payload) {
                return self.end_link(id, Ending::Frame(error));
            }
        }
        self.judge_acknowledgement(&session);
        self.stir(&session);
    }

    /// `lane`: what comes next belongs to another lane, or has other numbers.
    pub(super) fn take_lane(&mut self, id: LinkId, lane: &Lane) {
        if let Some((_, upward)) = self.upward_of(id)
            && let Err(error) = upward.turn_to(lane)
        {
            self.end_link(id, Ending::Frame(error));
        }
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
            let owed = upward.acknowledge();
            self.timers.stop(&Timer::Acknowledgement(session));
            for stored in owed {
                self.transmit_control(id, Frame::Stored(stored));
            }
        }
    }

    pub(super) fn ring_acknowledgement(&mut self, session: &SessionId) {
        self.judge_acknowledgement(session);
    }

    /// Puts what was gathered into the inbox, up to a window past the handler's cursor; one request at
    /// a time.
    pub(super) fn append(&mut self, id: &SessionId) {
        let (window, wall_ms) = (self.config.window, self.wall_ms());
        let session = self.sessions.get_mut(id);
        let append = session.and_then(|session| session.next_append(id, window, wall_ms));
        let Some(append) = append else {
            return;
        };
        if planted::is(Bug::AckBeforeSync) {
            self.acknowledge_unsynced(&append);
        }
        self.ask(Purpose::Append, Request::Append(append));
    }

    pub(super) fn take_appended(&mut self, append: Append, appended: Appended) {
        let now = self.now.at;
        let Some(session) = self.sessions.get_mut(&append.session) else {
            return;
        };
        session.appends -= 1;
        let messages = append.messages.len() as u64;
        let first = appended.inbox_last + 1 - messages.min(appended.inbox_last);
        let owner = session.owner.as_mut();
        if let Some(owner) = owner.filter(|owner| owner.term == append.term) {
            owner.upward.asking = false;
            owner.upward.asked = 0;
            if !planted::is(Bug::AckBeforeSync) {
                owner.upward.take_stored(now, &append);
            }
        }
        let id = append.session;
        let entries = append.messages.into_iter().zip(first..);
        session
            .inbox
            .take_stored(entries.map(|(message, seq)| Entry {
                seq,
                memory: message.memory,
                lane: message.lane,
                number: message.number,
                payload: message.payload,
            }));
        self.stirred_sessions.insert(id.clone());
        self.judge_acknowledgement(&id);
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
        owner.upward.take_stored(now, append);
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
