//! Upward messages are put into the inbox.

use std::sync::Arc;

use steadfast_protocol::limits;

use super::record::{self, Received};
use super::rows::Rows;
use super::{Append, Appended, Refused, StoreError, key, session};

pub(super) fn append(rows: &mut impl Rows, append: &Append) -> Result<Appended, StoreError> {
    let id = &append.session;
    let mut head = session::living(rows, id, append.term)?;
    let expected = || StoreError::Refused(Refused::Expected);
    let up_to = append.after.checked_add(append.payloads.len() as u64);
    let up_to = up_to
        .filter(|up_to| *up_to <= limits::LAST_NUMBER)
        .ok_or_else(expected)?;
    let mut counts = head.counts.iter_mut();
    let known = counts.find(|(instance, _)| *instance == append.instance);
    let (_, count) = known.ok_or_else(expected)?;
    let received = *count;
    if received < up_to || received == append.after {
        if received != append.after {
            return Err(expected());
        }
        *count = up_to;
        if head.cursor == head.inbox_last && up_to > received {
            rows.put(&key::work(id), &[])?;
        }
        for (number, payload) in (received + 1..).zip(&append.payloads) {
            head.inbox_last += 1;
            let instance = Arc::clone(&append.instance);
            let key = key::inbox(id, head.inbox_last);
            record::save_message(rows, &key, &Received { instance, number }, payload)?;
        }
        session::save(rows, id, &head)?;
    }
    Ok(Appended {
        received: received.max(up_to),
        inbox_last: head.inbox_last,
    })
}
