//! A session's head: who may use it, and when it is forgotten.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::record::{self, Head, List};
use super::rows::Rows;
use super::{Refused, StoreError, Term, key};
use crate::planted::{self, Bug};

/// The head of this session.
pub(super) fn find(rows: &impl Rows, id: &str) -> Result<Option<Head>, StoreError> {
    if !key::valid_id(id) {
        return Ok(None);
    }
    record::load(rows, &key::head(id))
}

/// The head of this session, whoever owns it.
pub(super) fn known(rows: &impl Rows, id: &str) -> Result<Head, StoreError> {
    find(rows, id)?.ok_or(StoreError::Refused(Refused::Unknown))
}

/// The head of this session, which `term` owns.
pub(super) fn owned(rows: &impl Rows, id: &str, term: Term) -> Result<Head, StoreError> {
    let head = known(rows, id)?;
    if head.term != term && !planted::is(Bug::StoreWithoutTerm) {
        return Err(StoreError::Refused(Refused::Term));
    }
    Ok(head)
}

/// The head of this session, which `term` owns and which has not ended.
pub(super) fn living(rows: &impl Rows, id: &str, term: Term) -> Result<Head, StoreError> {
    let head = owned(rows, id, term)?;
    if head.ended.is_some() {
        return Err(StoreError::Refused(Refused::Unknown));
    }
    Ok(head)
}

/// What is kept of a token.
pub(super) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Whether the next hello may bring this token.
pub(super) fn holds(head: &Head, token: &str) -> bool {
    let presented = hash(token);
    let mut found = subtle::Choice::from(0);
    for token in &head.tokens {
        found |= token.ct_eq(&presented);
    }
    found.into()
}

/// Sets the head of this session.
pub(super) fn save(rows: &mut impl Rows, id: &str, head: &Head) -> Result<(), StoreError> {
    record::save(rows, &key::head(id), head)
}

/// Notes that the client was there. Its place in the list moves only when it is looked at: a
/// session that is used costs no second row.
pub(super) fn seen(
    rows: &mut impl Rows,
    id: &str,
    head: &mut Head,
    wall_ms: u64,
) -> Result<(), StoreError> {
    head.last_seen_ms = wall_ms;
    if head.ended.is_none() && (head.list != List::Payloads || wall_ms < head.listed_ms) {
        list(rows, id, head, List::Payloads, wall_ms)?;
    }
    Ok(())
}

/// Moves a session to a place in a list.
pub(super) fn list(
    rows: &mut impl Rows,
    id: &str,
    head: &mut Head,
    list: List,
    ms: u64,
) -> Result<(), StoreError> {
    rows.delete(&key::listed(head.list.tag(), head.listed_ms, id))?;
    rows.put(&key::listed(list.tag(), ms, id), &[])?;
    head.list = list;
    head.listed_ms = ms;
    Ok(())
}

/// How many sessions are known.
pub(super) fn count(rows: &impl Rows) -> Result<u64, StoreError> {
    record::count(rows, key::SESSIONS, b"s/")
}

impl List {
    pub(super) const fn tag(self) -> u8 {
        match self {
            Self::Payloads => b'p',
            Self::Tombstones => b't',
        }
    }
}
