//! The client's application sends.

use steadfast_engine::{Form, Input, Priority, Refusal, Send, Span};

use super::Held;
use crate::browser::Row;
use crate::ledger::Broken;
use crate::plan::{Class, Kind, What};
use crate::world::World;

impl World {
    pub(super) fn acts_send(&mut self, page: usize, act: usize) {
        let What::Send {
            messages,
            bytes,
            kind,
            special,
            deliver,
            ..
        } = self.plan.acts[act].what
        else {
            return;
        };
        for _ in 0..messages {
            self.sends(page, kind, bytes, special, deliver);
        }
    }

    /// The application sends one message.
    pub(crate) fn sends(
        &mut self,
        page: usize,
        kind: Kind,
        bytes: u64,
        special: Option<Class>,
        deliver: bool,
    ) {
        let dice = &mut self.dice.app;
        let (bytes, bits) = (dice.below(bytes + 1), dice.bits());
        let binary = bits & 7 == 0;
        let volatile = special == Some(Class::Volatile);
        let priority = match special {
            Some(Class::Priorities) => {
                [Priority::High, Priority::Normal, Priority::Low][((bits >> 8) % 3) as usize]
            }
            _ => Priority::Normal,
        };
        let id = self
            .ledger
            .accepts(page, kind, bytes as usize, bits, priority, volatile);
        let length = self.ledger.up(id).text.len() as u32;
        let key = (special == Some(Class::Keys)).then_some(KEYS + (bits >> 8) as u32 % 3);
        let ttl = (special == Some(Class::Expiry)).then_some((bits >> 8) % 5_000);
        let message = Row {
            id,
            binary,
            priority,
            key,
            ttl,
            at: 0,
            bytes: length,
        };
        let it = &mut self.pages[page];
        let payload = it.keep(Held::Up {
            id,
            sent: false,
            given: false,
            message,
        });
        let ticket = if deliver { payload } else { 0 };
        if deliver {
            it.tickets.insert(ticket, id);
        }
        it.has_sent = true;
        let send = Send {
            payload,
            bytes: length,
            priority,
            key,
            ttl: ttl.map(Span::from_ms),
            volatile,
            ticket,
            form: if binary { Form::Binary } else { Form::Text },
        };
        let buffered_bytes = self.buffered(page);
        let now = self.now;
        self.trace
            .add(now, || format!("page {page} sends message {id}"));
        let input = Input::Send {
            send,
            buffered_bytes,
        };
        let clocks = self.clocks(page);
        let it = &mut self.pages[page];
        let result = it.engine.handle_input(clocks, input);
        if let Err(refusal) = result {
            let it = &mut self.pages[page];
            it.release(payload);
            it.tickets.remove(&ticket);
            self.ledger.refuses(id);
            let most = self.most_bytes();
            if refusal == Refusal::MessageTooLarge && length <= most {
                self.fail(Broken::new(
                    "D1",
                    format!("page {page}: message {id} of {length} bytes is too large"),
                ));
            }
        }
        self.drain(page);
    }

    /// A message of so many bytes is sent by any client.
    fn most_bytes(&self) -> u32 {
        let tuning = &self.plan.tuning;
        tuning.node.max_message.min(tuning.client.max_message_bytes)
    }
}

/// Keys are numbers that are no payload's.
const KEYS: u32 = 0xf000_0000;
