//! Upward messages are put into the inbox.

use std::collections::BTreeMap;
use std::sync::Arc;

use steadfast_protocol::limits;

use super::record::{self, Received, Remembered};
use super::rows::Rows;
use super::{Append, Appended, Refused, StoreError, Upward, key, memories, session};
use crate::planted::{self, Bug};

pub(super) fn append(rows: &mut impl Rows, append: &Append) -> Result<Appended, StoreError> {
    let id = &append.session;
    let mut head = session::living(rows, id, append.term)?;
    let mut held = BTreeMap::new();
    for (name, term) in &append.memories {
        held.insert(name, memories::held(rows, name, *term)?);
    }
    if !is_repeated(&append.messages, &held)? {
        if head.cursor == head.inbox_last && !append.messages.is_empty() {
            rows.put(&key::work(id), &[])?;
        }
        for message in &append.messages {
            count(&mut held, message)?;
            head.inbox_last += 1;
            let origin = Received {
                memory: Arc::clone(&message.memory),
                lane: message.lane,
                number: message.number,
            };
            let key = key::inbox(id, head.inbox_last);
            record::save_message(rows, &key, &origin, &message.payload)?;
        }
        for (name, mut memory) in held {
            memory.used_ms = append.wall_ms;
            record::save(rows, &key::remembered(name), &memory)?;
        }
        session::save(rows, id, &head)?;
    }
    Ok(Appended {
        inbox_last: head.inbox_last,
    })
}

type HeldMemories<'a> = BTreeMap<&'a Arc<str>, Remembered>;

/// Whether these messages are stored already: by this request, carried out before.
fn is_repeated(messages: &[Upward], held: &HeldMemories<'_>) -> Result<bool, StoreError> {
    let mut stored = 0;
    for message in messages {
        let memory = held.get(&message.memory).ok_or_else(expected)?;
        let last = memory.last.get(usize::from(message.lane));
        stored += usize::from(message.number <= *last.ok_or_else(expected)?);
    }
    if planted::is(Bug::StoredNumberAccepted) {
        stored = 0;
    }
    if stored > 0 && stored < messages.len() {
        return Err(expected());
    }
    Ok(stored == messages.len())
}

/// The message is the next of its lane.
fn count(held: &mut HeldMemories<'_>, message: &Upward) -> Result<(), StoreError> {
    let memory = held.get_mut(&message.memory).ok_or_else(expected)?;
    let last = memory.last.get_mut(usize::from(message.lane));
    let last = last.ok_or_else(expected)?;
    let rises = message.number > *last || planted::is(Bug::StoredNumberAccepted);
    if !rises || message.number > limits::LAST_NUMBER {
        return Err(expected());
    }
    *last = message.number;
    Ok(())
}

const fn expected() -> StoreError {
    StoreError::Refused(Refused::Expected)
}
