//! The application's state, as its client saves it.

use std::collections::VecDeque;

use steadfast_protocol::frame::{
    Form, Frame, FrameError, Save as SaveFrame, SaveRefusal as Reason, Saved,
    Unsaved as UnsavedFrame,
};
use steadfast_protocol::limits;

use super::Node;
use super::ending::Ending;
use super::link::{Link, Live};
use super::session::{End, Owner};
use super::store_calls::Purpose;
use super::timers::Timer;
use crate::io::{Level, LinkId, SessionId};
use crate::store::{
    Content, Request, Save, SaveRefusal, Slot, SnapshotLimits, StoreError, Term, Unsaved, Version,
};

/// What one owner wants to be saved.
#[derive(Debug, Default)]
pub(super) struct Saves {
    /// By the client's names for them, in order.
    waiting: VecDeque<(u32, Save)>,
    /// The one that the store is asked for.
    asked: Option<u32>,
}

impl Saves {
    /// Whether everything is answered.
    pub(super) fn is_settled(&self) -> bool {
        self.unanswered() == 0
    }

    fn unanswered(&self) -> usize {
        self.waiting.len() + usize::from(self.asked.is_some())
    }
}

impl Owner {
    /// Whether there is something to ask the store for now, and whether it may be held back.
    fn next_save(&self) -> Option<bool> {
        let (_, save) = self.saves.waiting.front()?;
        let free = save.content == Content::Same || self.end != End::No;
        self.saves.asked.is_none().then_some(!free)
    }
}

impl Node {
    pub(super) fn take_part(&mut self, id: LinkId, text: &str) {
        if let Some(link) = self.links.get_mut(&id) {
            link.parts.push_str(text);
        }
    }

    /// `save`: the parts before it are its text.
    pub(super) fn take_save(&mut self, id: LinkId, save: SaveFrame) {
        let limits = self.config.snapshot_limits();
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let text = std::mem::take(&mut link.parts);
        let Some(live) = link.live() else {
            return;
        };
        let mut positions = save.positions.iter();
        if positions.any(|(stream, place)| live.downward.is_ahead(stream, *place)) {
            return self.end_link(id, Ending::AcknowledgedAhead);
        }
        let session = live.session.clone();
        let owner = self.sessions.get_mut(&session);
        let Some(owner) = owner.and_then(|session| session.owner.as_mut()) else {
            return;
        };
        if owner.end != End::No {
            return self.end_link(id, Ending::Frame(FrameError::Order));
        }
        if owner.saves.unanswered() >= limits::SAVES {
            return self.end_link(id, Ending::TooMany("snapshots"));
        }
        let name = save.id;
        let save = request(save, text, live, owner.term, limits);
        owner.saves.waiting.push_back((name, save));
        self.stir(&session);
    }

    /// Asks the store for what is saved next; one request at a time, and not too often.
    pub(super) fn save(&mut self, id: &SessionId) {
        let session = self.sessions.get(id);
        let owner = session.and_then(|session| session.owner.as_ref());
        let Some(paced) = owner.and_then(Owner::next_save) else {
            return;
        };
        if paced
            && !self.stopping
            && let Err(at) = self.paces.take(self.now.at, id.clone())
        {
            return self.timers.set(Timer::Save(id.clone()), at);
        }
        let wall_ms = self.wall_ms();
        let session = self.sessions.get_mut(id);
        let Some(owner) = session.and_then(|session| session.owner.as_mut()) else {
            return;
        };
        if let Some((name, save)) = owner.saves.waiting.pop_front() {
            owner.saves.asked = Some(name);
            let purpose = Purpose::Save(id.clone(), owner.term);
            self.ask(purpose, Request::Save(Save { wall_ms, ..save }));
        }
    }

    /// The store has answered. What a checkpoint's client had is acknowledged now.
    pub(super) fn take_saved(
        &mut self,
        id: &SessionId,
        term: Term,
        save: &Save,
        saved: Result<Version, SaveRefusal>,
    ) {
        let frame = |id| match saved {
            Ok(version) => Frame::Saved(Saved {
                id,
                version: version.version,
                expires_at: version.expires_ms.min(limits::LAST_NUMBER),
            }),
            Err(refusal) => Frame::Unsaved(UnsavedFrame {
                id,
                reason: refusal.reason.into(),
                version: Some(refusal.version),
            }),
        };
        let Some((link, request_id)) = self.answer_save(id, term, frame) else {
            return;
        };
        match saved {
            Ok(_) => {
                self.note_room(id);
                self.note_saved(link, &save.positions);
            }
            Err(refusal) => {
                let line = format!("a snapshot was not saved: {:?}", refusal.reason);
                self.log(Level::Info, &request_id, id, line);
            }
        }
    }

    /// A record that cannot be read is no reason to lose the session.
    pub(super) fn refuse_save(&mut self, id: &SessionId, term: Term, error: &StoreError) {
        if !matches!(error, StoreError::Corrupt(_)) {
            return self.refuse_owner(id, term, error);
        }
        let frame = |id| {
            Frame::Unsaved(UnsavedFrame {
                id,
                reason: Reason::Unavailable,
                version: None,
            })
        };
        if let Some((_, request_id)) = self.answer_save(id, term, frame) {
            let line = format!("a snapshot was not saved: {error}");
            self.log(Level::Warn, &request_id, id, line);
        }
    }

    /// Whether somebody waits for what was saved on behalf of `term`, or will ask for it.
    pub(super) fn is_saving(&self, id: &SessionId, term: Term) -> bool {
        let session = self.sessions.get(id);
        let owner = session.and_then(|session| session.owner.as_ref());
        owner.is_some_and(|owner| owner.term == term)
    }

    /// Answers the save that was asked for, if its owner is still here: its link, and what logs call
    /// that.
    fn answer_save(
        &mut self,
        id: &SessionId,
        term: Term,
        frame: impl FnOnce(u32) -> Frame,
    ) -> Option<(Option<LinkId>, String)> {
        let owner = self.sessions.get_mut(id)?.owner_of(term)?;
        let name = owner.saves.asked.take()?;
        let (link, request_id) = (owner.link, owner.request_id.clone());
        self.stir(id);
        if let Some(link) = link {
            self.transmit_control(link, frame(name));
        }
        Some((link, request_id))
    }

    /// What is acknowledged makes room in the link's window.
    fn note_saved(&mut self, link: Option<LinkId>, positions: &[(String, u32, u64)]) {
        let Some(id) = link else {
            return;
        };
        let Some(live) = self.links.get_mut(&id).and_then(Link::live_mut) else {
            return;
        };
        for (stream, epoch, number) in positions {
            let stream = live.downward.stream_mut(stream);
            if let Some(stream) = stream.filter(|stream| stream.epoch == *epoch) {
                stream.acknowledge(*number);
            }
        }
        self.stirred_links.insert(id);
    }
}

/// What the store is asked for on behalf of a `save`.
fn request(save: SaveFrame, text: String, live: &Live, term: Term, limits: SnapshotLimits) -> Save {
    let positions = save.positions.into_iter();
    Save {
        slot: match save.key {
            Some(key) => Slot::Document {
                user: live.user.clone(),
                key,
            },
            None => Slot::Checkpoint {
                session: live.session.clone(),
                term,
            },
        },
        base: save.base,
        content: match save.form {
            Form::Data => Content::Data(text),
            Form::Delta => Content::Delta(text),
            Form::Same => Content::Same,
        },
        bytes: save.bytes,
        check: save.check,
        positions: positions
            .map(|(stream, (epoch, number))| (stream, epoch, number))
            .collect(),
        limits,
        wall_ms: 0,
    }
}

impl From<Unsaved> for Reason {
    fn from(unsaved: Unsaved) -> Self {
        match unsaved {
            Unsaved::Stale => Self::Stale,
            Unsaved::TooLarge => Self::TooLarge,
            Unsaved::Quota => Self::Quota,
            Unsaved::Mismatch => Self::Mismatch,
        }
    }
}
