//! One line for each input and output, so that a run reads as a story. What only a session knows is
//! left out where it says nothing.

use core::fmt::{Debug, Display, Formatter, Result};

use crate::{Delivered, Direction, Event, Form, GapReason, Input, Output, Send};

impl<P: Debug> Display for Input<P> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "-> {self:?}")
    }
}

impl<P: Debug> Display for Output<P> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Timeout(at) => write!(f, "<- until {at}"),
            Self::TransmitPing(0) => write!(f, "<- TransmitPing"),
            Self::Message {
                payload,
                stream: None,
                number: 0,
            } => write!(f, "<- Message({payload:?})"),
            Self::Event(event) => write!(f, "<- Event({event})"),
            output => write!(f, "<- {output:?}"),
        }
    }
}

impl<P: Debug> Display for Event<P> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Open {
                attempt,
                resumed: false,
            } => write!(f, "Open {{ attempt: {attempt} }}"),
            Self::Reconnected {
                attempts,
                downtime,
                resumed: false,
                replayed: 0,
            } => write!(
                f,
                "Reconnected {{ attempts: {attempts}, downtime: {downtime:?} }}"
            ),
            Self::Dropped {
                payload,
                ticket,
                reason,
                delivered: Delivered::No,
            } => write!(
                f,
                "Dropped {{ payload: {payload:?}, ticket: {ticket}, reason: {reason:?} }}"
            ),
            Self::Gap {
                missed: Some(missed),
                direction: Direction::Down,
                stream: None,
                reason: GapReason::Overflow,
            } => write!(f, "Gap {{ missed: {missed} }}"),
            event => write!(f, "{event:?}"),
        }
    }
}

impl<P: Debug> Debug for Send<P> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut fields = f.debug_struct("Send");
        fields
            .field("payload", &self.payload)
            .field("bytes", &self.bytes)
            .field("priority", &self.priority)
            .field("key", &self.key)
            .field("ttl", &self.ttl)
            .field("volatile", &self.volatile)
            .field("ticket", &self.ticket);
        if self.form != Form::Text {
            fields.field("form", &self.form);
        }
        fields.finish()
    }
}
