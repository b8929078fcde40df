//! The server's application: what it does with a message follows from the message.

use std::sync::Arc;

use steadfast_sessions::io::{Delivery, Effect, Outcome, SessionId, Target};
use steadfast_sessions::{Input, Payload};

use super::ROOM;
use crate::ledger::{made_of, parse, text_of};
use crate::plan::{Class, Kind};
use crate::world::{Step, World};

/// A room that sessions join and leave.
pub(crate) const OTHER_ROOM: &str = "side";

impl World {
    /// The handler is given a message.
    pub(super) fn handles(&mut self, epoch: u64, delivery: Delivery) {
        self.tally.redeliveries += u64::from(delivery.redelivered);
        let checked = self.ledger.handed(&delivery);
        self.check(checked);
        let weather = &self.plan.weather;
        let (most, fails) = (weather.handler, weather.handler_fails);
        let delay = self.dice.app.below(most + 1);
        let fails = self.now < self.handler_fails_until || self.dice.app.happens(fails);
        let outcome = if fails {
            self.tally.fault(Class::HandlerFails.name());
            Outcome::Failed("simulated".to_owned())
        } else {
            Outcome::Done(self.effects(&delivery))
        };
        let step = Step::Handled {
            epoch,
            session: delivery.session,
            seq: delivery.seq,
            outcome,
        };
        self.later(delay, step);
    }

    pub(crate) fn handled(&mut self, epoch: u64, session: SessionId, seq: u64, outcome: Outcome) {
        if self.process_of(epoch).is_some() {
            self.drive(Input::Handled {
                session,
                seq,
                outcome,
            });
        }
    }

    fn effects(&self, delivery: &Delivery) -> Vec<Effect> {
        let text = text_of(&delivery.payload);
        let Some((_, id)) = parse(&text) else {
            return Vec::new();
        };
        let up = self.ledger.up(id);
        let like = |letter| match &delivery.payload {
            Payload::Text(_) => Payload::text(made_of(&text, letter)),
            Payload::Binary(_) => Payload::binary(made_of(&text, letter).into_bytes()),
        };
        let echo = || Effect::Send {
            session: delivery.session.clone(),
            payload: like('e'),
        };
        let publish = || Effect::Publish {
            room: ROOM.to_owned(),
            payload: like('r'),
        };
        match up.kind {
            Kind::Echo => vec![echo()],
            Kind::Room => vec![publish()],
            Kind::Both => vec![publish(), echo()],
            Kind::Carry => vec![Effect::Send {
                session: self
                    .neighbour(up.page)
                    .unwrap_or_else(|| delivery.session.clone()),
                payload: like('c'),
            }],
            Kind::Side => vec![Effect::Publish {
                room: OTHER_ROOM.to_owned(),
                payload: like('p'),
            }],
            Kind::Join => vec![Effect::Subscribe {
                session: delivery.session.clone(),
                room: OTHER_ROOM.to_owned(),
            }],
            Kind::Leave => vec![Effect::Unsubscribe {
                session: delivery.session.clone(),
                room: OTHER_ROOM.to_owned(),
            }],
            Kind::Quiet => vec![Effect::Volatile {
                to: Target::Session(delivery.session.clone()),
                payload: like('v'),
            }],
        }
    }

    /// The session of the next client.
    fn neighbour(&self, page: usize) -> Option<SessionId> {
        let client = (self.pages[page].client + 1) % self.plan.clients;
        let session = self.pages[self.newest[client]].session.as_deref()?;
        Some(Arc::from(session))
    }

    /// The application sends to a client's session, unasked.
    pub(crate) fn server_sends(&mut self, client: usize, messages: u64) {
        for _ in 0..messages {
            let session = self.pages[self.newest[client]].session.clone();
            let (Some(session), Some(process)) = (session, &mut self.process) else {
                return;
            };
            let (id, text) = self.ledger.sends(&session);
            process.sends.insert(id as u64, id);
            self.drive(Input::Send {
                request: id as u64,
                effect: Effect::Send {
                    session: Arc::from(session),
                    payload: Payload::text(text),
                },
            });
        }
    }
}
