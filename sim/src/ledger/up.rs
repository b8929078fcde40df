//! From clients to the handler.

use std::collections::BTreeMap;
use std::sync::Arc;

use steadfast_engine::DropReason;
use steadfast_protocol::frame::Welcome;
use steadfast_sessions::io::Delivery;
use steadfast_sessions::store::{Append, Commit, Committed};
use steadfast_sessions::{Payload, store};

use super::{Broken, End, Ledger, parse, stream_name};

impl Ledger {
    /// `send` threw.
    pub(crate) fn refuses(&mut self, id: usize) {
        self.ups[id].end = Some(End::Refused);
    }

    /// The client forgets a message because the server has it.
    pub(crate) fn acknowledged(&mut self, id: usize) -> Result<(), Broken> {
        self.is_stored(id, "acknowledged")?;
        self.ends(id, End::Acknowledged)
    }

    /// The client tells that a message will not be sent (again).
    pub(crate) fn dropped(
        &mut self,
        id: usize,
        certain: bool,
        reason: DropReason,
        user: &str,
    ) -> Result<(), Broken> {
        let owner = &self.pages[self.ups[id].page].user;
        if owner != user && reason != DropReason::Ttl && !self.ups[id].anybodys {
            let what = format!("message {id} of {owner} is dropped, {reason:?}, by {user}");
            return Err(Broken::new("D8", what));
        }
        let up = &self.ups[id];
        if certain
            && !up.back
            && !up.set_back
            && let Some(place) = &up.stored
        {
            let what = format!(
                "message {id} is dropped, {reason:?}, certainly not delivered, but stored: {place:?}"
            );
            return Err(Broken::new("D1", what));
        }
        self.ends(id, End::Dropped { certain })
    }

    pub(crate) fn is_stored(&self, id: usize, when: &str) -> Result<(), Broken> {
        let up = &self.ups[id];
        // A row that came back may stand below what is stored (C2): that is no acknowledgement.
        if up.stored.is_none() && !up.back && !up.set_back {
            let what = format!("message {id} is {when}, but not stored and synced");
            return Err(Broken::new("D6", what));
        }
        Ok(())
    }

    fn ends(&mut self, id: usize, end: End) -> Result<(), Broken> {
        let up = &mut self.ups[id];
        up.holder = None;
        let before = up.end.replace(end);
        let again = matches!(before, Some(End::Orphaned))
            || (before == Some(end) && end == End::Acknowledged);
        if let Some(before) = before.filter(|_| !again && !up.back && !up.set_back) {
            let what = format!("message {id} ends twice: {before:?}, {end:?}");
            return Err(Broken::new("D1", what));
        }
        Ok(())
    }

    /// A claim is synced.
    pub(crate) fn claimed(&mut self, token: &str, accepted: &store::Accepted) {
        self.tokens.insert(token.to_owned());
        let session = self
            .sessions
            .entry(accepted.session.to_string())
            .or_default();
        for start in &accepted.streams {
            let name = stream_name(&accepted.session, &start.stream);
            self.streams.entry(name.clone()).or_default().begin(start);
            session.start(name, (start.epoch, start.after));
        }
    }

    /// A welcome leaves: what it tells must be synced.
    pub(crate) fn welcomes(&self, welcome: &Welcome) -> Result<(), Broken> {
        if !self.tokens.contains(&welcome.token) {
            let what = format!(
                "a welcome to {} tells a token that is not synced",
                welcome.session
            );
            return Err(Broken::new("D6", what));
        }
        for (name, memory) in &welcome.memories {
            for (lane, number) in (0..).zip(memory.received) {
                self.tells_count(&(name.clone(), lane), number, "a welcome")?;
            }
        }
        Ok(())
    }

    /// An acknowledgement leaves: what it tells must be synced.
    pub(crate) fn tells_count(
        &self,
        lane: &(String, u8),
        number: u64,
        frame: &str,
    ) -> Result<(), Broken> {
        let last = self.last_stored(lane);
        if number > last {
            let what = format!("{frame} tells that {number} of {lane:?} is stored; {last} is");
            return Err(Broken::new("D6", what));
        }
        Ok(())
    }

    fn last_stored(&self, lane: &(String, u8)) -> u64 {
        let stored = self.memories.get(lane).and_then(BTreeMap::last_key_value);
        stored.map_or(0, |(number, _)| *number)
    }

    /// Upward messages are synced.
    pub(crate) fn appended(&mut self, append: &Append) -> Result<(), Broken> {
        for message in &append.messages {
            let lane = (message.memory.to_string(), message.lane);
            let number = message.number;
            let id = self.known(&message.payload)?;
            self.is_named(id, &(Arc::from(&*message.memory), message.lane, number))?;
            let last = self.last_stored(&lane);
            let stored = self.memories.entry(lane.clone()).or_default();
            match stored.get(&number) {
                Some(before) if *before == id => continue,
                Some(before) => {
                    let what = format!(
                        "number {number} of {lane:?} is message {before}, and message {id}"
                    );
                    return Err(Broken::new("D2", what));
                }
                // Holes are normal (U3).
                None if number < last => {
                    let what = format!("number {number} of {lane:?} is stored after {last}");
                    return Err(Broken::new("D3", what));
                }
                None => drop(stored.insert(number, id)),
            }
            let session = append.session.to_string();
            self.stored(id, (session, lane.0, number))?;
        }
        Ok(())
    }

    fn stored(&mut self, id: usize, place: (String, String, u64)) -> Result<(), Broken> {
        let session = self.sessions.entry(place.0.clone()).or_default();
        session.stored += 1;
        let up = &mut self.ups[id];
        if let Some(before) = &up.stored
            && !up.set_back
        {
            let what = format!("message {id} is stored twice: {before:?} and {place:?}");
            return Err(Broken::new("D2", what));
        }
        let never = matches!(up.end, Some(End::Dropped { certain: true } | End::Refused));
        if never && !up.back && !up.set_back {
            let what = format!(
                "message {id} is stored, but its sender was told that it is not: {:?}",
                up.end
            );
            return Err(Broken::new("D1", what));
        }
        let memory = place.1.clone();
        up.stored = Some(place);
        let Some(lane) = up.lane else {
            return Ok(());
        };
        let last = self.lanes.insert((memory.clone(), lane), id);
        if let Some(last) = last.filter(|last| *last > id) {
            let what =
                format!("message {id} is stored after message {last} of its memory and lane");
            return Err(Broken::new("D3", what));
        }
        self.follows_in_tab(id, lane, &memory)
    }

    /// The handler is given a message.
    pub(crate) fn handed(&mut self, delivery: &Delivery) -> Result<(), Broken> {
        let id = self.known(&delivery.payload)?;
        let place = (
            delivery.session.to_string(),
            delivery.memory.to_string(),
            delivery.number,
        );
        let user = &self.pages[self.ups[id].page].user;
        if *user != delivery.user && !self.ups[id].anybodys {
            let what = format!(
                "message {id} of {user} is handed over as {}'s",
                delivery.user
            );
            return Err(Broken::new("D8", what));
        }
        let stored = self.memories.get(&(place.1.clone(), delivery.lane));
        let stored = stored.and_then(|stored| stored.get(&place.2));
        if stored != Some(&id) {
            let what = format!(
                "the handler is given message {id} as {place:?}, but it is stored as {:?}",
                self.ups[id].stored
            );
            return Err(Broken::new("D6", what));
        }
        let session = self.sessions.entry(place.0).or_default();
        let (seq, given) = (delivery.seq, session.handed.len() as u64);
        if seq == given + 1 {
            session.handed.push(id);
            self.ups[id].handled = true;
            return Ok(());
        }
        let before = session.handed.get((seq as usize).wrapping_sub(1));
        if before != Some(&id) {
            let what = format!(
                "the handler is given message {id} as {seq} of its session, after {given}; before it was {before:?}"
            );
            return Err(Broken::new("D3", what));
        }
        if seq <= session.cursor && seq > session.straggled {
            let what = format!("the handler is given message {id} again, which is committed");
            return Err(Broken::new("D2", what));
        }
        if !delivery.redelivered {
            let what = format!("the handler is given message {id} again, and not told so");
            return Err(Broken::new("D2", what));
        }
        Ok(())
    }

    /// A dead process's commit is carried out: a living one may have read those messages before.
    pub(crate) fn straggles(&mut self, session: &str, up_to: u64) {
        let session = self.sessions.entry(session.to_owned()).or_default();
        session.straggled = session.straggled.max(up_to);
    }

    /// A commit is synced.
    pub(crate) fn committed(&mut self, commit: &Commit, reply: &Committed) -> Result<(), Broken> {
        if reply.repeated {
            return Ok(());
        }
        let session = self.sessions.entry(commit.session.to_string()).or_default();
        if session.cursor != commit.after || commit.up_to as usize > session.handed.len() {
            let what = format!(
                "{}: {} to {} are committed; {} were before, and {} handed over",
                commit.session,
                commit.after,
                commit.up_to,
                session.cursor,
                session.handed.len()
            );
            return Err(Broken::new("D3", what));
        }
        for seq in commit.after..commit.up_to {
            let id = session.handed[seq as usize];
            self.ups[id].committed = true;
            self.ups[id].dead = commit.dead.iter().any(|(dead, _)| *dead == seq + 1);
        }
        session.cursor = commit.up_to;
        self.sent(&commit.effects, reply)
    }

    fn known(&self, payload: &Payload) -> Result<usize, Broken> {
        let text = text_of(payload);
        match parse(&text) {
            Some(('U', id)) if self.ups.get(id).is_some_and(|up| up.text == text) => Ok(id),
            _ => Err(Broken::new(
                "D8",
                format!("a message that nobody sent: {text:?}"),
            )),
        }
    }
}

pub(crate) fn text_of(payload: &Payload) -> String {
    match payload {
        Payload::Text(text) => text.to_string(),
        Payload::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
