//! What a link, a handler and a start read.

use super::log::Place;
use super::record::{self, Received, Room};
use super::rows::Rows;
use super::{Entry, Refused, Reply, StoreError, Term, Work, key, session};
use crate::io::SessionId;
use crate::planted::{self, Bug};

pub(super) fn read(
    rows: &impl Rows,
    id: &str,
    term: Term,
    stream: &str,
    after: u64,
    bounds: (u32, u32),
) -> Result<Reply, StoreError> {
    let head = if planted::is(Bug::ReadWithoutTerm) {
        session::known(rows, id)?
    } else {
        session::living(rows, id, term)?
    };
    if stream.is_empty() {
        return head.outbox.read(rows, Place::Outbox(id), after, bounds);
    }
    let subscription = head.rooms.get(stream);
    let (epoch, last) = *subscription.ok_or(StoreError::Refused(Refused::Unknown))?;
    let Some(room) = record::load::<Room>(rows, &key::room(stream))? else {
        return Ok(Reply::Rows {
            epoch,
            rows: Vec::new(),
            last,
            missing: None,
        });
    };
    room.log.read(rows, Place::Room(stream), after, bounds)
}

pub(super) fn inbox(
    rows: &impl Rows,
    id: &str,
    after: u64,
    max_messages: u32,
) -> Result<Vec<Entry>, StoreError> {
    let head = session::known(rows, id)?;
    let mut entries: Vec<Entry> = Vec::new();
    for seq in after.max(head.cursor).saturating_add(1)..=head.inbox_last {
        if entries.len() >= max_messages as usize {
            break;
        }
        let key = key::inbox(id, seq);
        let value = rows.get(&key)?.unwrap_or_default();
        match record::message::<Received>(&key, &value) {
            Ok((origin, payload)) => entries.push(Entry {
                seq,
                memory: origin.memory,
                lane: origin.lane,
                number: origin.number,
                payload,
            }),
            Err(error) if entries.is_empty() => return Err(error),
            Err(_) => break,
        }
    }
    Ok(entries)
}

pub(super) fn work(
    rows: &impl Rows,
    after: Option<&SessionId>,
    max_sessions: u32,
) -> Result<Vec<Work>, StoreError> {
    let mut found: Vec<SessionId> = Vec::new();
    let mut from = after.map_or_else(|| key::work(""), |id| key::work(id));
    if after.is_some() {
        from.push(0);
    }
    rows.scan(&from, b"w0", &mut |key, _| {
        if found.len() >= max_sessions as usize {
            return Ok(false);
        }
        found.extend(key::name(key).map(SessionId::from));
        Ok(true)
    })?;
    let mut work = Vec::new();
    for session in found {
        // What cannot be read cannot be worked on; a hello will find it out.
        let head = match session::find(rows, &session) {
            Err(StoreError::Corrupt(_)) => continue,
            found => found?,
        };
        work.extend(head.map(|head| Work {
            session,
            user: head.user,
            endpoint: head.endpoint,
            cursor: head.cursor,
            inbox_last: head.inbox_last,
        }));
    }
    Ok(work)
}
