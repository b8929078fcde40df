//! What is known of memories: how far the lanes of each are stored, and on whose behalf the next message may be.

use std::sync::Arc;

use steadfast_protocol::limits;

use super::record::{self, Remembered};
use super::rows::Rows;
use super::{Memory, Refused, StoreError, Term, key};
use crate::planted::{self, Bug};

/// Who claims memories.
#[derive(Clone, Copy)]
pub(super) struct Claimant<'a> {
    pub(super) user: &'a str,
    /// The random half of the terms, and the source of birth marks.
    pub(super) nonce: u64,
    pub(super) wall_ms: u64,
}

/// Begins a new term of this memory, and tells how far its lanes are stored; none if it belongs to
/// another user. The term is drawn here, each time: a claim that is carried out twice, the second time
/// perhaps long after, gives nobody a term that he had.
pub(super) fn claim(
    rows: &mut impl Rows,
    name: &Arc<str>,
    claimant: Claimant<'_>,
) -> Result<Option<Memory>, StoreError> {
    let Claimant {
        user,
        nonce,
        wall_ms,
    } = claimant;
    let known = find(rows, name)?;
    if known.as_ref().is_some_and(|known| known.user != user) {
        return Ok(None);
    }
    let term = Term {
        counter: draw(rows, wall_ms)?,
        nonce,
    };
    let mut memory = match known {
        Some(memory) => memory,
        None => make(rows, name, user, birth(term), wall_ms)?,
    };
    memory.term = term;
    memory.used_ms = wall_ms;
    record::save(rows, &key::remembered(name), &memory)?;
    Ok(Some(Memory {
        name: Arc::clone(name),
        term: memory.term,
        birth: memory.birth,
        received: if planted::is(Bug::ReceivedOfAnotherMemory) {
            another(rows, name)?
        } else {
            memory.last
        },
    }))
}

/// The memory of this name, which `term` has.
pub(super) fn held(rows: &impl Rows, name: &str, term: Term) -> Result<Remembered, StoreError> {
    let memory = record::load::<Remembered>(rows, &key::remembered(name))?;
    let memory = memory.filter(|memory| memory.term == term || planted::is(Bug::MemoryWithoutTerm));
    memory.ok_or(StoreError::Refused(Refused::Memory))
}

/// Nothing is left of this memory at its client. Of one that somebody else has claimed since, that is
/// not known.
pub(super) fn done(rows: &mut impl Rows, name: &str, term: Term) -> Result<(), StoreError> {
    match held(rows, name, term) {
        Ok(memory) => forget(rows, name, memory.listed_ms),
        Err(StoreError::Refused(_) | StoreError::Corrupt(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The first in the list of memories has had its time, or there are too many: it goes, if nobody has used
/// it since. Whether it went.
pub(super) fn expire(
    rows: &mut impl Rows,
    name: &str,
    listed_ms: u64,
    before_ms: u64,
) -> Result<bool, StoreError> {
    match record::load::<Remembered>(rows, &key::remembered(name)) {
        Ok(Some(mut memory)) if memory.listed_ms == listed_ms => {
            if memory.used_ms < before_ms || memory.used_ms == listed_ms {
                return forget(rows, name, listed_ms).map(|()| true);
            }
            rows.delete(&key::listed(LIST, listed_ms, name))?;
            memory.listed_ms = memory.used_ms;
            rows.put(&key::listed(LIST, memory.listed_ms, name), &[])?;
            record::save(rows, &key::remembered(name), &memory)?;
            Ok(false)
        }
        Ok(_) => rows
            .delete(&key::listed(LIST, listed_ms, name))
            .map(|()| false),
        Err(StoreError::Corrupt(_)) => forget(rows, name, listed_ms).map(|()| true),
        Err(error) => Err(error),
    }
}

/// How many memories are known.
pub(super) fn count(rows: &impl Rows) -> Result<u64, StoreError> {
    record::count(rows, key::MEMORIES, b"k/")
}

/// The tag of the list of memories by the time of their use.
pub(super) const LIST: u8 = b'u';

/// The memory of this name. One that cannot be read is not known: it gets another birth mark, which tells
/// its client.
fn find(rows: &mut impl Rows, name: &str) -> Result<Option<Remembered>, StoreError> {
    let key = key::remembered(name);
    match record::load(rows, &key) {
        Err(StoreError::Corrupt(_)) => {
            let memories = count(rows)?.saturating_sub(1);
            record::save(rows, key::MEMORIES, &memories)?;
            rows.delete(&key).map(|()| None)
        }
        found => found,
    }
}

/// The planted mistake.
fn another(rows: &impl Rows, name: &str) -> Result<[u64; limits::LANES], StoreError> {
    let own = key::remembered(name);
    let mut last = [0; limits::LANES];
    rows.scan(b"k/", b"k0", &mut |key, value| {
        let other = record::read::<Remembered>(key, value).filter(|_| key != own);
        last = other.map_or(last, |other| other.last);
        Ok(true)
    })?;
    Ok(last)
}

fn make(
    rows: &mut impl Rows,
    name: &str,
    user: &str,
    birth: u64,
    wall_ms: u64,
) -> Result<Remembered, StoreError> {
    let memories = count(rows)? + 1;
    record::save(rows, key::MEMORIES, &memories)?;
    rows.put(&key::listed(LIST, wall_ms, name), &[])?;
    Ok(Remembered {
        user: user.to_owned(),
        birth,
        term: Term::default(),
        last: [0; limits::LANES],
        used_ms: wall_ms,
        listed_ms: wall_ms,
    })
}

fn forget(rows: &mut impl Rows, name: &str, listed_ms: u64) -> Result<(), StoreError> {
    let memories = count(rows)?.saturating_sub(1);
    record::save(rows, key::MEMORIES, &memories)?;
    rows.delete(&key::listed(LIST, listed_ms, name))?;
    rows.delete(&key::remembered(name))
}

/// A number that no term of any memory had. They do not begin again with a record: what a forgotten term
/// has asked must not fit a new one.
fn draw(rows: &mut impl Rows, wall_ms: u64) -> Result<u64, StoreError> {
    let last: u64 = match record::load(rows, key::TERMS) {
        Ok(last) => last.unwrap_or_default(),
        Err(StoreError::Corrupt(_)) => wall_ms.wrapping_mul(1 << 16),
        Err(error) => return Err(error),
    };
    let next = last.wrapping_add(1);
    record::save(rows, key::TERMS, &next)?;
    Ok(next)
}

/// As random as the nonce, and another one for each term.
const fn birth(term: Term) -> u64 {
    let mixed = (term.nonce ^ term.counter.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}
