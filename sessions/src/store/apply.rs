//! What each request means.

use super::forget::Age;
use super::rows::Rows;
use super::{Reply, Request, StoreError, append, claim, commit, forget, memories, read, snapshot};

/// Carries out `request` on `rows`. On an error nothing may be kept of what was written.
///
/// # Errors
/// See [`StoreError`].
pub fn apply(rows: &mut impl Rows, request: &Request) -> Result<Reply, StoreError> {
    match request {
        Request::Claim(request) => claim::claim(rows, request).map(Reply::Claimed),
        Request::Adopt(request) => claim::adopt(rows, request).map(Reply::Adopted),
        Request::Append(request) => append::append(rows, request).map(Reply::Appended),
        Request::Forget { memory, term } => {
            memories::done(rows, memory, *term).map(|()| Reply::Done)
        }
        Request::Commit(request) => commit::commit(rows, request).map(Reply::Committed),
        Request::Send {
            effects,
            limits,
            wall_ms,
        } => commit::send(rows, effects, *limits, *wall_ms).map(Reply::Committed),
        Request::Acknowledge {
            session,
            term,
            positions,
        } => forget::acknowledge(rows, session, *term, positions).map(|()| Reply::Done),
        Request::Seen {
            session,
            term,
            wall_ms,
        } => forget::seen(rows, session, *term, *wall_ms).map(|()| Reply::Done),
        Request::End {
            session,
            term,
            wall_ms,
        } => {
            forget::end(rows, session, *term, *wall_ms).map(|discarded| Reply::Ended { discarded })
        }
        Request::Save(request) => snapshot::save(rows, request).map(Reply::Saved),
        Request::Expire {
            wall_ms,
            payloads_before_ms,
            sessions_before_ms,
            snapshots_before_ms,
            max_sessions,
        } => {
            let age = Age {
                wall_ms: *wall_ms,
                payloads_before_ms: *payloads_before_ms,
                sessions_before_ms: *sessions_before_ms,
                snapshots_before_ms: *snapshots_before_ms,
                max_sessions: *max_sessions,
            };
            forget::expire(rows, age).map(|expired| Reply::Expired {
                payloads: expired.payloads,
                sessions: expired.sessions,
                snapshots: expired.snapshots,
                more: expired.more(),
            })
        }
        Request::Read { .. } | Request::Inbox { .. } | Request::Work { .. } | Request::Load(_) => {
            apply_read(rows, request)
        }
    }
}

/// Carries out a request that [only reads](Request::only_reads); any other is refused.
///
/// # Errors
/// See [`StoreError`].
pub fn apply_read(rows: &impl Rows, request: &Request) -> Result<Reply, StoreError> {
    match request {
        Request::Read {
            session,
            term,
            stream,
            after,
            max_messages,
            max_bytes,
        } => read::read(
            rows,
            session,
            *term,
            stream,
            *after,
            (*max_messages, *max_bytes),
        ),
        Request::Inbox {
            session,
            after,
            max_messages,
        } => read::inbox(rows, session, *after, *max_messages).map(Reply::Inbox),
        Request::Work {
            after,
            max_sessions,
        } => read::work(rows, after.as_ref(), *max_sessions).map(Reply::Work),
        Request::Load(request) => snapshot::load(rows, request).map(Reply::Loaded),
        _ => Err(StoreError::Unavailable("this request writes".to_owned())),
    }
}
