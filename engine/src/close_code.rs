//! What a close code means for the next attempt: a table, so that it can be read, printed in the
//! documentation and overruled row by row by the application's `decide`.

use steadfast_protocol::close_code::{TAKEN_OVER, TOO_MANY, UNAVAILABLE};

/// What follows a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Another attempt, after the backoff's delay.
    Retry,
    /// Another attempt, with the delay of two retries more: the server is there and wants quiet.
    RetryLater,
    /// None: another attempt would end the same way.
    Stop,
    /// One more attempt with fresh credentials; a second refusal is final.
    Reauthenticate,
    /// Another attempt, and the largest message given to the link is reported.
    TooLarge,
    /// None, whatever the application says: another attempt would take the session away from its
    /// owner again.
    TakenOver,
}

/// A row: codes from the first to the last, and what follows.
pub type Row = (u16, u16, Policy);

/// The first row that holds a code decides; a code in no row is retried.
/// Meanings: RFC 6455 section 7.4 and the IANA WebSocket close code registry.
pub const TABLE: &[Row] = &[
    (1000, 1000, Policy::RetryLater), // normal: but nobody here asked for it
    (1001, 1001, Policy::Retry),      // going away
    (1002, 1003, Policy::Stop),       // protocol error, unsupported data
    (1005, 1006, Policy::Retry),      // no code, abnormal (or any failed handshake)
    (1007, 1007, Policy::Stop),       // bad payload
    (1008, 1008, Policy::Stop),       // policy violation
    (1009, 1009, Policy::TooLarge),   // message too big
    (1010, 1010, Policy::Stop),       // extension required
    (1011, 1012, Policy::Retry),      // internal error, service restart
    (1013, 1013, Policy::RetryLater), // try again later
    (1014, 1015, Policy::Retry),      // bad gateway, TLS
    (3000, 3000, Policy::Reauthenticate), // unauthorized
    (3003, 3003, Policy::Stop),       // forbidden
    (4401, 4401, Policy::Reauthenticate), // unauthorized, as many servers say it
];

/// What goes before [`TABLE`] in a session.
pub const SESSION: &[Row] = &[
    (TAKEN_OVER, TAKEN_OVER, Policy::TakenOver),
    (TOO_MANY, TOO_MANY, Policy::RetryLater),
    (UNAVAILABLE, UNAVAILABLE, Policy::RetryLater),
];

/// What follows a link that ended with `code`.
#[must_use]
pub fn policy(code: u16, session: bool) -> Policy {
    for rows in &[SESSION, TABLE][usize::from(!session)..] {
        for &(first, last, policy) in *rows {
            if (first..=last).contains(&code) {
                return policy;
            }
        }
    }
    Policy::Retry
}
