//! What the tests are built from.

mod audit;
mod check;
mod look;
mod network;
mod options;
mod order;
mod program;
mod rows;
mod session;
mod session_audit;
mod session_program;
mod shell;
mod snapshot_audit;
mod state;
mod state_program;

pub(crate) use audit::Audit;
pub(crate) use check::{check, check_steps};
pub(crate) use network::Network;
pub(crate) use options::{config, queue, reconnect};
pub(crate) use order::Order;
pub(crate) use program::{Answer, Op, Program, op, program};
pub(crate) use rows::{Ask, Record, Rows};
pub(crate) use session::{
    accepted, claimed, forgotten, handed, lane, new, refused, resumed, session,
};
pub(crate) use session_audit::{PRIORITIES, SessionAudit};
pub(crate) use session_program::{ClaimOp, SessionOp, session_program};
pub(crate) use shell::Shell;
pub(crate) use snapshot_audit::SnapshotAudit;
pub(crate) use state::{ORPHAN, checkpoint, persistent, queue_of, restored};
pub(crate) use state_program::{StateOp, snapshot, state_op};

use steadfast_engine::{Direction, Event, Form, GapReason, Input, Output, Priority, Send, Span};

/// What a message holds in these tests: a number that is never used twice.
pub(crate) type Payload = u32;

/// The application asks for a link.
pub(crate) const CONNECT: Input<Payload> = Input::Connect { online: true };

/// The application asks for a new one.
pub(crate) const RECONNECT: Input<Payload> = Input::Reconnect { online: true };

/// The page is looked at.
pub(crate) const WAKE: Input<Payload> = Input::Wake { online: true };

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
        form: Form::Text,
    }
}

/// A message is handed over that came in without a session.
pub(crate) const fn delivered(payload: Payload) -> Output<Payload> {
    Output::Message {
        payload,
        stream: None,
        number: 0,
    }
}

/// So many messages came in while nobody listened, and were lost.
pub(crate) const fn gap(missed: u64) -> Event<Payload> {
    Event::Gap {
        missed: Some(missed),
        direction: Direction::Down,
        stream: None,
        reason: GapReason::Overflow,
    }
}
