//! What the tests are built from.

mod audit;
mod check;
mod look;
mod network;
mod options;
mod program;
mod shell;

pub(crate) use audit::Audit;
pub(crate) use check::{check, check_steps};
pub(crate) use network::Network;
pub(crate) use options::{config, queue, reconnect};
pub(crate) use program::{Answer, Op, Program, program};
pub(crate) use shell::Shell;

use steadfast_engine::{Priority, Send, Span};

/// What a message holds in these tests: a number that is never used twice.
pub(crate) type Payload = u32;

/// So many milliseconds.
pub(crate) const fn ms(ms: u64) -> Span {
    Span::from_ms(ms)
}

/// An ordinary message.
pub(crate) const fn message(payload: Payload, bytes: u32) -> Send<Payload> {
    Send {
        payload,
        bytes,
        priority: Priority::Normal,
        key: None,
        ttl: None,
        volatile: false,
        ticket: 0,
    }
}
