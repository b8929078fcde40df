//! What the application is told.

use steadfast_engine::{Event, FailureKind, Instant, Span, State};

use super::{Audit, Payload};

impl Audit {
    pub(super) fn told(&mut self, now: Instant, event: &Event<Payload>) {
        match event {
            Event::StateChange { from, to } => self.changed(*from, *to),
            Event::Open { .. } => {
                assert_eq!(self.state, State::Open);
                self.open_told = true;
                self.welcomed |= self.config.session;
                if let Some(memory) = self.refused.filter(|_| self.config.persist) {
                    self.order.put_behind(memory);
                }
                self.snapshot.opened();
                if let Some(link) = &mut self.link {
                    link.greeted = true;
                }
            }
            Event::Disconnect { .. } => {
                assert!(
                    core::mem::take(&mut self.open_told),
                    "disconnect told twice"
                );
            }
            Event::Reconnecting { delay, .. } => {
                assert!(matches!(self.state, State::Reconnecting | State::Offline));
                self.announced = Some(now + *delay);
            }
            Event::Closed => self.closed = true,
            Event::Failed(failure) => {
                assert_eq!(self.state, State::Failed);
                self.welcomed &= failure.kind != FailureKind::TakenOver;
                if failure.kind == FailureKind::TakenOver {
                    self.rows.leaving = true;
                    self.session.lost();
                    self.snapshot.lost();
                }
            }
            Event::Queue { messages, .. } => {
                assert_ne!(self.filling, *messages > 0, "told twice");
                self.filling = *messages > 0;
            }
            Event::Dropped {
                payload, ticket, ..
            } => {
                self.forget(*payload);
                self.settle(*ticket);
            }
            Event::Settled { ticket, done } => {
                let early = self.config.persist && self.order.recalls(now);
                let flushed = *done && self.flushes.contains(ticket);
                assert!(!(early && flushed), "flushed before storage was read");
                self.settle(*ticket);
            }
            Event::Lost { .. } => {
                self.session.lost();
                self.snapshot.lost();
            }
            Event::Gap { .. } if self.config.session => {}
            Event::Gap { missed, .. } => {
                assert!(self.listening && *missed > Some(0));
                assert_eq!(Some(core::mem::take(&mut self.missed)), *missed);
            }
            Event::Heartbeat { round_trip, missed } => {
                assert_ne!(round_trip.is_some(), *missed > 0);
                assert_ne!(*round_trip, Some(Span::FOREVER));
            }
            _ => {}
        }
    }

    fn changed(&mut self, from: State, to: State) {
        assert_eq!(self.state, from);
        assert!(from.may_become(to), "{from:?} became {to:?}");
        assert!(
            !(from == State::Open && self.open_told),
            "open was left without a disconnect"
        );
        self.state = to;
        if to.is_at_rest() {
            self.announced = None;
        }
    }

    pub(super) fn expect_settled(&mut self, ticket: u32) {
        assert!(
            ticket == 0 || self.tickets.insert(ticket),
            "the test used a ticket twice"
        );
    }

    fn settle(&mut self, ticket: u32) {
        assert!(
            ticket == 0 || self.tickets.remove(&ticket),
            "ticket {ticket} was settled twice"
        );
    }
}
