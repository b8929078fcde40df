//! Memories that a link speaks for later than in its hello, and those of which nothing is left.

use std::sync::Arc;

use steadfast_protocol::frame::{self, Adopt, Adopted, Frame, FrameError};

use super::Node;
use super::ending::Ending;
use super::hello::mix;
use super::session::{End, Owner};
use super::store_calls::Purpose;
use crate::io::{LinkId, SessionId};
use crate::store::{self, Memory, Request, Term};

impl Node {
    /// `adopt`: the link speaks for one more memory.
    pub(super) fn take_adopt(&mut self, id: LinkId, adopt: &Adopt) {
        let wall_ms = self.wall_ms();
        let entropy = self.links.get(&id).map(|link| link.entropy);
        let (Some(session), Some([high, low, ..])) = (self.speaker(id), entropy) else {
            return;
        };
        let Some(owner) = self.owner_behind(id) else {
            return;
        };
        if owner.end != End::No || !owner.upward.begin_adopting() {
            return self.end_link(id, Ending::Frame(FrameError::Order));
        }
        let term = owner.term;
        let request = store::Adopt {
            session: session.clone(),
            term,
            memory: Arc::from(&*adopt.memory),
            nonce: mix(high, low),
            wall_ms,
        };
        self.ask(Purpose::Adopt(session, term), Request::Adopt(request));
    }

    /// The store has said whose a memory is.
    pub(super) fn take_adopted(
        &mut self,
        session: &SessionId,
        term: Term,
        name: &str,
        memory: Option<&Memory>,
    ) {
        let session = self.sessions.get_mut(session);
        let owner = session.and_then(|session| session.owner_of(term));
        let Some((link, owner)) = owner.and_then(|owner| Some((owner.link?, owner))) else {
            return;
        };
        owner.upward.end_adopting(memory);
        let told = memory.map(frame::Memory::from);
        let (birth, received) = told.map(|told| (told.birth, told.received)).unzip();
        let adopted = Adopted {
            memory: name.to_owned(),
            birth,
            received,
        };
        self.transmit_control(link, Frame::Adopted(adopted));
    }

    /// `done`: nothing is left of a memory.
    pub(super) fn take_done(&mut self, id: LinkId, done: &Adopt) {
        let Some(owner) = self.owner_behind(id) else {
            return;
        };
        let Some(term) = owner.upward.forget(&done.memory) else {
            return self.end_link(id, Ending::Frame(FrameError::Order));
        };
        let memory = Arc::from(&*done.memory);
        self.ask(Purpose::Forget, Request::Forget { memory, term });
    }

    /// The session of a live link.
    fn speaker(&self, id: LinkId) -> Option<SessionId> {
        Some(self.links.get(&id)?.live()?.session.clone())
    }

    /// The owner that a live link is.
    fn owner_behind(&mut self, id: LinkId) -> Option<&mut Owner> {
        let session = self.speaker(id)?;
        let owner = self.sessions.get_mut(&session)?.owner.as_mut()?;
        (owner.link == Some(id)).then_some(owner)
    }
}

impl From<&Memory> for frame::Memory {
    fn from(memory: &Memory) -> Self {
        Self {
            birth: format!("{:016x}", memory.birth),
            received: memory.received,
        }
    }
}
