//! What becomes of messages that storage keeps.

use steadfast_engine::{Event, Instant, Output};

use super::{Audit, Payload};

impl Audit {
    /// What came out, as far as storage is concerned.
    pub(super) fn stores(&mut self, now: Instant, output: &Output<Payload>) {
        self.order.came_out(now, output);
        match output {
            Output::Put {
                payload,
                memory,
                number,
            } => {
                let name = self.session.name(*payload);
                assert_eq!(
                    (name.0, name.2),
                    (*memory, *number),
                    "{output}: is {name:?}"
                );
                let send = &self.sends[payload];
                self.rows.put(now, name, send, self.session.user);
            }
            Output::Mark(payload) | Output::Erase(payload) => {
                self.rows.delete(output, self.session.name(*payload));
            }
            Output::Release(payload) => {
                let name = self.session.name(*payload);
                assert!(self.rows.has(name), "{output}: is in no storage");
            }
            Output::Discard(payload) | Output::Event(Event::Dropped { payload, .. })
                if self.waiting.contains_key(payload) || self.withdrawn.contains(payload) =>
            {
                self.rows.ends(output, self.session.name(*payload));
            }
            Output::Greet { .. } => {
                let waits = self.rows.is_locking(self.own) && self.order.locks(now);
                assert!(!waits, "{output}: whose is its memory?");
            }
            _ => {}
        }
        let (waiting, session) = (&self.waiting, &self.session);
        let holds = |memory| {
            waiting
                .keys()
                .any(|payload| session.name(*payload).0 == memory)
        };
        self.rows.came_out(output, holds);
    }

    /// A message was given to the link: what is older was, before it.
    pub(super) fn in_order(&self, now: Instant, payload: Payload) {
        let (memory, ..) = self.session.name(payload);
        assert!(
            !self.config.persist || !self.order.recalls(now),
            "{payload}: what is older may still be found"
        );
        for older in self.order.before_it(memory) {
            assert!(
                !self.order.is_open(older, &self.rows),
                "{payload} is before {older}"
            );
            let mut waiting = self
                .waiting
                .keys()
                .map(|other| (other, self.session.name(*other)));
            let given = &self.session.given;
            let first = waiting.find(|(other, (memory, lane, _))| {
                let given = given.get(&(*memory, *lane));
                *memory == older && !given.is_some_and(|given| given.contains(other))
            });
            assert_eq!(first, None, "{payload} is before");
        }
    }
}
