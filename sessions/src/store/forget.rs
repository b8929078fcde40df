//! What the client has got, ends, or stays away from.

use super::log::{self, Place};
use super::record::{self, Gone, Head, List, Room, Sent};
use super::rows::Rows;
use super::{StoreError, Term, key, memories, room, session, shelf, snapshot};

/// Rows that one call forgets at most.
const PART: u64 = 256;

/// Memories for each session that may be known.
const MEMORIES: u64 = 8;

pub(super) fn acknowledge(
    rows: &mut impl Rows,
    id: &str,
    term: Term,
    positions: &[(String, u32, u64)],
) -> Result<(), StoreError> {
    let mut head = session::living(rows, id, term)?;
    snapshot::stay_behind(rows, id, &head, positions)?;
    hand_over(rows, id, &mut head, positions)?;
    session::save(rows, id, &head)
}

/// The client has handed over everything up to these positions; one that does not exist is skipped.
/// The caller saves the head.
pub(super) fn hand_over(
    rows: &mut impl Rows,
    id: &str,
    head: &mut Head,
    positions: &[(String, u32, u64)],
) -> Result<(), StoreError> {
    for (stream, epoch, number) in positions {
        if !stream.is_empty() {
            acknowledge_room(rows, head, stream, (*epoch, *number))?;
        } else if *epoch == head.outbox.epoch
            && (head.acknowledged + 1..=head.outbox.last).contains(number)
        {
            head.outbox
                .forget(rows, Place::Outbox(id), *number, Gone::Acknowledged)?;
            head.acknowledged = *number;
        }
    }
    Ok(())
}

fn acknowledge_room(
    rows: &mut impl Rows,
    head: &mut Head,
    name: &str,
    (epoch, number): (u32, u64),
) -> Result<(), StoreError> {
    let Some(held) = head.rooms.get_mut(name) else {
        return Ok(());
    };
    let mut room: Room = match record::load(rows, &key::room(name)) {
        Ok(Some(room)) => room,
        Ok(None) | Err(StoreError::Corrupt(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    if room.log.epoch != epoch || number > room.log.last {
        return Ok(());
    }
    if held.0 == epoch {
        held.1 = held.1.max(number);
        return Ok(());
    }
    *held = (epoch, number);
    room.subscribers = room.subscribers.saturating_add(1);
    record::save(rows, &key::room(name), &room)
}

pub(super) fn seen(
    rows: &mut impl Rows,
    id: &str,
    term: Term,
    wall_ms: u64,
) -> Result<(), StoreError> {
    let mut head = session::owned(rows, id, term)?;
    if head.ended.is_none() {
        session::seen(rows, id, &mut head, wall_ms)?;
        session::save(rows, id, &head)?;
    }
    Ok(())
}

pub(super) fn end(
    rows: &mut impl Rows,
    id: &str,
    term: Term,
    wall_ms: u64,
) -> Result<u64, StoreError> {
    let mut head = session::owned(rows, id, term)?;
    if let Some(discarded) = head.ended {
        return Ok(discarded);
    }
    let last = head.outbox.last;
    let discarded = head
        .outbox
        .forget(rows, Place::Outbox(id), last, Gone::Acknowledged)?;
    head.acknowledged = last;
    head.ended = Some(discarded);
    head.tokens.clear();
    head.last_seen_ms = wall_ms;
    shelf::remove(rows, &key::checkpoint(id))?;
    room::leave_all(rows, &mut head, wall_ms)?;
    session::list(rows, id, &mut head, List::Tombstones, wall_ms)?;
    session::save(rows, id, &head)?;
    Ok(discarded)
}

/// When something is too old, and how much is too much.
#[derive(Clone, Copy)]
pub(super) struct Age {
    pub(super) wall_ms: u64,
    pub(super) payloads_before_ms: u64,
    pub(super) sessions_before_ms: u64,
    pub(super) snapshots_before_ms: u64,
    pub(super) max_sessions: u32,
}

/// What one call has forgotten.
#[derive(Default)]
pub(super) struct Expired {
    pub(super) payloads: u64,
    pub(super) sessions: u64,
    pub(super) snapshots: u64,
    /// Rows that were looked at.
    looked: u64,
}

impl Expired {
    const fn left(&self) -> u64 {
        PART.saturating_sub(self.looked)
    }

    pub(super) const fn more(&self) -> bool {
        self.left() == 0
    }
}

pub(super) fn expire(rows: &mut impl Rows, age: Age) -> Result<Expired, StoreError> {
    let mut expired = Expired::default();
    while let Some((ms, name)) = next(rows, b'y', age.payloads_before_ms, &expired)? {
        expire_room(rows, age, ms, &name, &mut expired)?;
    }
    while let Some((ms, id)) = next(rows, b'p', age.payloads_before_ms, &expired)? {
        expire_payloads(rows, age, ms, &id, &mut expired)?;
    }
    while let Some((ms, place)) = next(rows, b'q', age.snapshots_before_ms, &expired)? {
        expired.looked += 1;
        let gone = shelf::expire(rows, age.snapshots_before_ms, ms, &place)?;
        expired.snapshots += u64::from(gone);
    }
    while let Some((ms, name)) = next(rows, memories::LIST, age.sessions_before_ms, &expired)? {
        expired.looked += 1;
        memories::expire(rows, &name, ms, age.sessions_before_ms)?;
    }
    while memories::count(rows)? > MEMORIES * u64::from(age.max_sessions) {
        let oldest = next(rows, memories::LIST, age.wall_ms, &expired)?;
        let Some((ms, name)) = oldest else { break };
        expired.looked += 1;
        memories::expire(rows, &name, ms, 0)?;
    }
    while let Some((ms, id)) = next(rows, b't', age.sessions_before_ms, &expired)? {
        expire_session(rows, age, (List::Tombstones, ms), &id, &mut expired)?;
    }
    while session::count(rows)? > u64::from(age.max_sessions) {
        let tombstone = next(rows, b't', age.wall_ms, &expired)?;
        let (list, oldest) = match tombstone {
            Some(oldest) => (List::Tombstones, Some(oldest)),
            None => (List::Payloads, next(rows, b'p', age.wall_ms, &expired)?),
        };
        let Some((ms, id)) = oldest else { break };
        expire_session(rows, age, (list, ms), &id, &mut expired)?;
    }
    Ok(expired)
}

/// The first in a list, if it stands there for a time before `before_ms`.
fn next(
    rows: &impl Rows,
    list: u8,
    before_ms: u64,
    expired: &Expired,
) -> Result<Option<(u64, String)>, StoreError> {
    let mut first = None;
    if expired.left() > 0 {
        let (from, to) = (key::listed(list, 0, ""), key::listed(list, before_ms, ""));
        rows.scan(&from, &to, &mut |key, _| {
            first = key::parse_listed(key);
            Ok(false)
        })?;
    }
    Ok(first)
}

fn expire_room(
    rows: &mut impl Rows,
    age: Age,
    ms: u64,
    name: &str,
    expired: &mut Expired,
) -> Result<(), StoreError> {
    expired.looked += 1;
    rows.delete(&key::listed(b'y', ms, name))?;
    let mut room = match record::load::<Room>(rows, &key::room(name)) {
        Ok(Some(room)) if room.listed_ms == Some(ms) => room,
        Ok(_) | Err(StoreError::Corrupt(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let (up_to, kept_ms) = old_rows(rows, name, &room, age, expired.left())?;
    let forgotten = room
        .log
        .forget(rows, Place::Room(name), up_to, Gone::Expired)?;
    expired.looked += forgotten;
    expired.payloads += forgotten;
    room.listed_ms = None;
    if room.log.len() > 0 {
        room::list(rows, name, &mut room, kept_ms)?;
    } else if room.subscribers == 0 {
        if room.touched_ms < age.payloads_before_ms {
            return rows.delete(&key::room(name));
        }
        let ms = room.touched_ms;
        room::list(rows, name, &mut room, ms)?;
    }
    record::save(rows, &key::room(name), &room)
}

/// The last message of a room that is too old, among the first `max`, and the time of the next.
fn old_rows(
    rows: &impl Rows,
    name: &str,
    room: &Room,
    age: Age,
    max: u64,
) -> Result<(u64, u64), StoreError> {
    let mut up_to = room.log.first - 1;
    let mut kept_ms = age.payloads_before_ms;
    let from = key::message(name, room.log.first);
    let to = key::message(name, room.log.last + 1);
    rows.scan(&from, &to, &mut |key, value| {
        let sent_ms = record::message::<Sent>(key, value).map_or(0, |(sent, _)| sent.at_ms);
        kept_ms = sent_ms;
        if sent_ms >= age.payloads_before_ms || up_to + 1 - room.log.first >= max {
            return Ok(false);
        }
        up_to = key::number(key).unwrap_or(up_to);
        Ok(true)
    })?;
    Ok((up_to, kept_ms))
}

fn expire_payloads(
    rows: &mut impl Rows,
    age: Age,
    ms: u64,
    id: &str,
    expired: &mut Expired,
) -> Result<(), StoreError> {
    expired.looked += 1;
    let Some(mut head) = listed(rows, (List::Payloads, ms), id)? else {
        return Ok(());
    };
    if head.last_seen_ms >= age.payloads_before_ms {
        let ms = head.last_seen_ms;
        session::list(rows, id, &mut head, List::Payloads, ms)?;
        return session::save(rows, id, &head);
    }
    let up_to = head.outbox.last.min(head.outbox.first - 1 + expired.left());
    let forgotten = head
        .outbox
        .forget(rows, Place::Outbox(id), up_to, Gone::Expired)?;
    expired.looked += forgotten;
    expired.payloads += forgotten;
    if head.outbox.len() == 0 {
        let ms = head.last_seen_ms;
        session::list(rows, id, &mut head, List::Tombstones, ms)?;
    }
    session::save(rows, id, &head)
}

/// The head of a session in a list. One that cannot be read waits among the tombstones for its end.
fn listed(
    rows: &mut impl Rows,
    (list, ms): (List, u64),
    id: &str,
) -> Result<Option<Head>, StoreError> {
    match session::find(rows, id) {
        Ok(Some(head)) if (head.list, head.listed_ms) == (list, ms) => Ok(Some(head)),
        Ok(_) => {
            rows.delete(&key::listed(list.tag(), ms, id))?;
            Ok(None)
        }
        Err(StoreError::Corrupt(_)) => {
            rows.delete(&key::listed(list.tag(), ms, id))?;
            rows.put(&key::listed(List::Tombstones.tag(), ms, id), &[])?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn expire_session(
    rows: &mut impl Rows,
    age: Age,
    (list, ms): (List, u64),
    id: &str,
    expired: &mut Expired,
) -> Result<(), StoreError> {
    expired.looked += 1;
    let mut head = match session::find(rows, id) {
        Err(StoreError::Corrupt(_)) => None,
        _ => match listed(rows, (list, ms), id)? {
            None => return Ok(()),
            found => found,
        },
    };
    if let Some(head) = &mut head {
        let waits = head.cursor < head.inbox_last;
        let until_ms = if waits {
            age.wall_ms.max(age.sessions_before_ms)
        } else {
            head.last_seen_ms
        };
        if waits || until_ms > ms && list == List::Payloads {
            // What was accepted is handed over before it is forgotten.
            session::list(rows, id, head, list, until_ms)?;
            return session::save(rows, id, head);
        }
        room::leave_all(rows, head, age.wall_ms)?;
        session::save(rows, id, head)?;
    }
    for (from, to) in [
        (key::outbox(id, 0), key::outbox(id, u64::MAX)),
        (key::dead(id, 0), key::dead(id, u64::MAX)),
        (key::inbox(id, 0), key::inbox(id, u64::MAX)),
    ] {
        let left = expired.left();
        let cleared = log::clear(rows, &from, &to, left)?;
        expired.looked += cleared;
        if cleared == left {
            return Ok(());
        }
    }
    shelf::remove(rows, &key::checkpoint(id))?;
    rows.delete(&key::work(id))?;
    rows.delete(&key::head(id))?;
    rows.delete(&key::listed(list.tag(), ms, id))?;
    let sessions = session::count(rows)?.saturating_sub(1);
    record::save(rows, key::SESSIONS, &sessions)?;
    expired.sessions += 1;
    Ok(())
}
