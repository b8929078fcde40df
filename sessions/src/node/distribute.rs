//! What was stored goes to those who have a link.

use super::Node;
use super::ending::Ending;
use super::link::Link;
use crate::Payload;
use crate::io::{Effect, LinkId, SessionId, Target};
use crate::store::{Committed, StreamStart};

impl Node {
    /// `effects` were carried out: gives what they sent to the links that it is for.
    pub(super) fn distribute(&mut self, effects: &[Effect], committed: Committed) {
        self.commits += 1;
        let mut starts = committed.subscribed.iter().peekable();
        for (place, effect) in effects.iter().enumerate() {
            match effect {
                Effect::Unsubscribe { session, room } => self.leave_room(session, room),
                Effect::Subscribe { session, room } if !is_refused(&committed, place) => {
                    let own = |(id, start): &&(SessionId, StreamStart)| {
                        id == session && start.stream == *room
                    };
                    let start = starts.next_if(own).map(|(_, start)| start);
                    // The link may have been sent what comes behind that before it left.
                    let start = start.filter(|_| !left(effects, place));
                    self.join_room(session, room, start);
                }
                Effect::Send { session, .. } if committed.repeated => {
                    self.soil(&Target::Session(session.clone()));
                }
                Effect::Publish { room, .. } if committed.repeated => {
                    self.soil(&Target::Room(room.clone()));
                }
                _ => {}
            }
        }
        for (target, epoch, row) in &committed.rows {
            for (link, stream) in self.links_of(target) {
                let live = self.links.get_mut(&link).and_then(Link::live_mut);
                if let Some(stream) = live.and_then(|live| live.downward.stream_mut(stream)) {
                    stream.add(*epoch, row);
                    self.stirred_links.insert(link);
                }
            }
        }
    }

    /// Nothing is known of what `target` was sent: it has to be read.
    pub(super) fn soil(&mut self, target: &Target) {
        for (link, stream) in self.links_of(target) {
            let live = self.links.get_mut(&link).and_then(Link::live_mut);
            if let Some(stream) = live.and_then(|live| live.downward.stream_mut(stream)) {
                stream.soil();
                self.stirred_links.insert(link);
            }
        }
    }

    pub(super) fn send_volatile(&mut self, to: &Target, payload: &Payload) {
        for (link, stream) in self.links_of(to) {
            self.transmit_volatile(link, stream, payload);
        }
    }

    fn leave_room(&mut self, session: &SessionId, room: &str) {
        self.note_change(session);
        if let Some((id, link)) = self.link_of(session) {
            if let Some(live) = link.live_mut() {
                live.downward.close(room);
            }
            self.rooms.leave(room, id);
        }
    }

    /// A subscription whose place in the room is not known cannot be served: the client resumes, and is
    /// told with its welcome.
    fn join_room(&mut self, session: &SessionId, room: &str, start: Option<&StreamStart>) {
        self.note_change(session);
        let Some((id, link)) = self.link_of(session) else {
            return;
        };
        let live = link.live_mut();
        if let Some(start) = start {
            if let Some(live) = live {
                live.downward.open(start, true, true);
            }
            self.rooms.join(room, id);
            self.stirred_links.insert(id);
        } else if live.is_none_or(|live| live.downward.stream_mut(room).is_none()) {
            self.end_link(id, Ending::Stale);
        }
    }

    /// The live links that get what `target` is sent, and the stream that it comes in.
    fn links_of<'a>(&mut self, target: &'a Target) -> Vec<(LinkId, &'a str)> {
        match target {
            Target::Session(session) => {
                let link = self.link_of(session);
                link.map(|(id, _)| (id, "")).into_iter().collect()
            }
            Target::Room(room) => {
                let members = self.rooms.members(room).into_iter();
                members.map(|id| (id, room.as_str())).collect()
            }
        }
    }

    /// A session's live link.
    fn link_of(&mut self, session: &SessionId) -> Option<(LinkId, &mut Link)> {
        let id = self.sessions.get(session)?.owner.as_ref()?.link?;
        Some((id, self.links.get_mut(&id)?))
    }
}

/// Whether the effect in this place was not carried out.
fn is_refused(committed: &Committed, place: usize) -> bool {
    let mut refused = committed.refused.iter();
    refused.any(|(refused, _)| *refused == place)
}

/// Whether the room of the subscription in this place was left before it.
fn left(effects: &[Effect], place: usize) -> bool {
    let Some(Effect::Subscribe { session, room }) = effects.get(place) else {
        return false;
    };
    let mut before = effects.iter().take(place);
    before.any(|effect| {
        matches!(effect, Effect::Unsubscribe { session: id, room: name } if id == session && name == room)
    })
}
