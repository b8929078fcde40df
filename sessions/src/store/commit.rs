//! What the application does: messages are done with, and others are sent.

use std::collections::BTreeMap;

use super::log::{self, Place};
use super::record::{self, Dead, Head, List, Received, Room};
use super::room::{self, Seed};
use super::rows::Rows;
use super::{Commit, Committed, Limits, Refused, StoreError, key, session};
use crate::Payload;
use crate::io::{Effect, OutboxOverflow, SendRefusal, SessionId, Target};

/// Dead letters of one session at most; the oldest give way.
const DEAD_LETTERS: u64 = 1_000;

pub(super) fn commit(rows: &mut impl Rows, commit: &Commit) -> Result<Committed, StoreError> {
    let id = &commit.session;
    let mut head = session::known(rows, id)?;
    let seed = Seed {
        nonce: head.term.nonce ^ commit.up_to,
        wall_ms: commit.wall_ms,
    };
    if head.cursor >= commit.up_to {
        return Desk::new(rows, commit.limits, seed).repeat(&commit.effects);
    }
    if head.cursor != commit.after || commit.up_to > head.inbox_last {
        return Err(StoreError::Refused(Refused::Expected));
    }
    for (seq, why) in &commit.dead {
        if *seq > commit.after && *seq <= commit.up_to {
            bury(rows, id, &mut head, *seq, why, commit.wall_ms)?;
        }
    }
    let (from, to) = (key::inbox(id, 0), key::inbox(id, commit.up_to + 1));
    log::clear(rows, &from, &to, u64::MAX)?;
    head.cursor = commit.up_to;
    if head.cursor == head.inbox_last {
        rows.delete(&key::work(id))?;
    }
    let mut desk = Desk::new(rows, commit.limits, seed);
    desk.own = Some((SessionId::clone(id), commit.own_overflow));
    desk.sessions.insert(SessionId::clone(id), Some(head));
    let committed = desk.carry_out(&commit.effects)?;
    // The handler's own session is to wait for room, not to lose an answer.
    let own = |place: usize| match commit.effects.get(place) {
        Some(Effect::Send { session, .. }) => session == id,
        _ => false,
    };
    let full = |(place, why): &(usize, SendRefusal)| *why == SendRefusal::Full && own(*place);
    if committed.refused.iter().any(full) {
        return Err(StoreError::Refused(Refused::Full));
    }
    Ok(committed)
}

/// Effects from outside a handler.
pub(super) fn send(
    rows: &mut impl Rows,
    effects: &[Effect],
    limits: Limits,
    wall_ms: u64,
) -> Result<Committed, StoreError> {
    let nonce = session::count(rows)?;
    Desk::new(rows, limits, Seed { nonce, wall_ms }).carry_out(effects)
}

/// Puts an entry of the inbox among the dead letters; as it stands there, if it cannot be read.
fn bury(
    rows: &mut impl Rows,
    id: &str,
    head: &mut Head,
    seq: u64,
    why: &str,
    at_ms: u64,
) -> Result<(), StoreError> {
    let key = key::inbox(id, seq);
    let value = rows.get(&key)?.unwrap_or_default();
    let (origin, payload) = match record::message::<Received>(&key, &value) {
        Ok((origin, payload)) => (Some(origin), payload),
        Err(_) => (None, Payload::binary(value)),
    };
    let why = why.to_owned();
    let dead = Dead { why, at_ms, origin };
    record::save_message(rows, &key::dead(id, seq), &dead, &payload)?;
    head.dead += 1;
    if head.dead > DEAD_LETTERS {
        head.dead -= log::clear(rows, &key::dead(id, 0), &key::dead(id, u64::MAX), 1)?;
    }
    Ok(())
}

/// Carries out effects one after the other; each head is read and written once.
struct Desk<'a, R> {
    rows: &'a mut R,
    limits: Limits,
    seed: Seed,
    /// The handler's session, and what happens when its outbox is full.
    own: Option<(SessionId, OutboxOverflow)>,
    /// Those that were asked for; none: there is none to send to.
    sessions: BTreeMap<SessionId, Option<Head>>,
    rooms: BTreeMap<String, Room>,
    committed: Committed,
}

impl<'a, R: Rows> Desk<'a, R> {
    fn new(rows: &'a mut R, limits: Limits, seed: Seed) -> Self {
        Self {
            rows,
            limits,
            seed,
            own: None,
            sessions: BTreeMap::new(),
            rooms: BTreeMap::new(),
            committed: Committed::default(),
        }
    }

    fn carry_out(mut self, effects: &[Effect]) -> Result<Committed, StoreError> {
        for (place, effect) in effects.iter().enumerate() {
            let refused = match effect {
                Effect::Send { session, payload } => self.send(session, payload)?,
                Effect::Publish { room, payload } => self.publish(room, payload)?,
                Effect::Subscribe { session, room } => self.subscribe(session, room)?,
                Effect::Unsubscribe { session, room } => self.unsubscribe(session, room)?,
                Effect::Volatile { .. } => None,
            };
            if let Some(refusal) = refused {
                self.committed.refused.push((place, refusal));
            }
        }
        self.save()
    }

    /// Tells again where subscriptions go on; all else was done before.
    fn repeat(mut self, effects: &[Effect]) -> Result<Committed, StoreError> {
        for effect in effects {
            if let Effect::Subscribe { session, room } = effect {
                self.open(session)?;
                let head = living(&mut self.sessions, session);
                if head.is_some_and(|head| head.rooms.contains_key(room)) {
                    self.subscribe(session, room)?;
                }
            }
        }
        self.committed.repeated = true;
        self.save()
    }

    fn save(self) -> Result<Committed, StoreError> {
        for (id, head) in &self.sessions {
            if let Some(head) = head {
                session::save(self.rows, id, head)?;
            }
        }
        for (name, room) in &self.rooms {
            record::save(self.rows, &key::room(name), room)?;
        }
        Ok(self.committed)
    }

    fn send(
        &mut self,
        id: &SessionId,
        payload: &Payload,
    ) -> Result<Option<SendRefusal>, StoreError> {
        self.open(id)?;
        let Some(head) = living(&mut self.sessions, id) else {
            return Ok(Some(SendRefusal::Unknown));
        };
        let (outbox, place) = (&mut head.outbox, Place::Outbox(id));
        let bounds = (self.limits.outbox_messages, self.limits.outbox_bytes);
        if payload.len() > bounds.1 as usize {
            return Ok(Some(SendRefusal::TooLarge));
        }
        let own = self.own.as_ref().filter(|(own, _)| own == id);
        let overflow = own.map_or(self.limits.outbox_overflow, |(_, overflow)| *overflow);
        if overflow == OutboxOverflow::DropOldest {
            outbox.make_room(self.rows, place, payload.len(), bounds)?;
        }
        if !outbox.fits(payload.len(), bounds) {
            return Ok(Some(SendRefusal::Full));
        }
        let row = outbox.push(self.rows, place, payload, self.seed.wall_ms)?;
        let (target, epoch) = (Target::Session(SessionId::clone(id)), outbox.epoch);
        self.committed.rows.push((target, epoch, row));
        if head.list != List::Payloads {
            let ms = head.last_seen_ms;
            session::list(self.rows, id, head, List::Payloads, ms)?;
        }
        Ok(None)
    }

    fn publish(
        &mut self,
        name: &str,
        payload: &Payload,
    ) -> Result<Option<SendRefusal>, StoreError> {
        if !key::valid_room(name) {
            return Ok(Some(SendRefusal::Unknown));
        }
        let bounds = (self.limits.room_messages, self.limits.room_bytes);
        if payload.len() > bounds.1 as usize || bounds.0 == 0 {
            return Ok(Some(SendRefusal::TooLarge));
        }
        let wall_ms = self.seed.wall_ms;
        self.open_room(name)?;
        let Some(room) = self.rooms.get_mut(name) else {
            return Ok(Some(SendRefusal::Unknown));
        };
        let place = Place::Room(name);
        room.log
            .make_room(self.rows, place, payload.len(), bounds)?;
        let row = room.log.push(self.rows, place, payload, wall_ms)?;
        room.touched_ms = wall_ms;
        room::list(self.rows, name, room, wall_ms)?;
        let target = Target::Room(name.to_owned());
        self.committed.rows.push((target, room.log.epoch, row));
        Ok(None)
    }

    fn subscribe(&mut self, id: &SessionId, name: &str) -> Result<Option<SendRefusal>, StoreError> {
        self.open(id)?;
        let head = living(&mut self.sessions, id).filter(|_| key::valid_room(name));
        let Some(head) = head else {
            return Ok(Some(SendRefusal::Unknown));
        };
        let held = head.rooms.get(name).copied();
        if held.is_none() && !room::has_place(head) {
            return Ok(Some(SendRefusal::Full));
        }
        self.open_room(name)?;
        let head = living(&mut self.sessions, id);
        if let (Some(head), Some(room)) = (head, self.rooms.get_mut(name)) {
            let start = match held {
                Some(held) => room::resume(head, name, room, held, None),
                None => room::subscribe(head, name, room),
            };
            let id = SessionId::clone(id);
            self.committed.subscribed.push((id, start));
        }
        Ok(None)
    }

    fn unsubscribe(
        &mut self,
        id: &SessionId,
        name: &str,
    ) -> Result<Option<SendRefusal>, StoreError> {
        self.open(id)?;
        let Some(head) = living(&mut self.sessions, id) else {
            return Ok(Some(SendRefusal::Unknown));
        };
        let Some((epoch, _)) = head.rooms.remove(name) else {
            return Ok(None);
        };
        self.open_room(name)?;
        if let Some(room) = self.rooms.get_mut(name) {
            room::leave(room, epoch);
            room.touched_ms = self.seed.wall_ms;
            room::list(self.rows, name, room, self.seed.wall_ms)?;
        }
        Ok(None)
    }

    /// Gets a session's head, unless it is there.
    fn open(&mut self, id: &SessionId) -> Result<(), StoreError> {
        if !self.sessions.contains_key(id) {
            let head = match session::find(self.rows, id) {
                // Another's head that cannot be read must not hold up this handler.
                Err(StoreError::Corrupt(_)) => None,
                found => found?,
            };
            self.sessions.insert(SessionId::clone(id), head);
        }
        Ok(())
    }

    /// Gets a room's head, unless it is there.
    fn open_room(&mut self, name: &str) -> Result<(), StoreError> {
        if !self.rooms.contains_key(name) {
            let room = room::open(self.rows, name, self.seed)?;
            self.rooms.insert(name.to_owned(), room);
        }
        Ok(())
    }
}

fn living<'a>(
    sessions: &'a mut BTreeMap<SessionId, Option<Head>>,
    id: &SessionId,
) -> Option<&'a mut Head> {
    let head = sessions.get_mut(id)?.as_mut()?;
    head.ended.is_none().then_some(head)
}
