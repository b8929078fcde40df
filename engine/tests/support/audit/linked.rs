//! What a link is given.

use steadfast_engine::{Instant, Output, State};

use super::{Audit, Link, Payload};

impl Audit {
    pub(super) fn dialed(&mut self, now: Instant, generation: u32) {
        assert!(self.link.is_none(), "a second link");
        let link = Link {
            generation,
            open: false,
            greeted: false,
        };
        self.link = Some(link);
        self.session.dialed();
        match self.announced.take() {
            Some(at) => assert!(now >= at, "an attempt came before its time"),
            None => assert_eq!(self.state, State::Connecting, "an attempt nobody announced"),
        }
    }

    pub(super) fn transmitted(&mut self, now: Instant, payload: Payload) {
        self.link_carries(&Output::Transmit(payload));
        let Some(wait) = self.waiting.get(&payload).cloned() else {
            panic!("{payload} was not waiting");
        };
        if self.config.session {
            let sizes = &self.sizes;
            let size_of = |payload| sizes.get(&payload).copied().unwrap_or(10);
            self.session.transmitted(payload, size_of);
            return self.in_order(now, payload);
        }
        self.waiting.remove(&payload);
        if !wait.keyed {
            let last = self.last_sent.insert(wait.priority, payload);
            assert!(last < Some(payload), "{payload} overtook within its lane");
        }
    }

    pub(super) fn link_carries(&self, output: &Output<Payload>) {
        assert!(
            self.link.is_some_and(|link| link.greeted),
            "{output}: no open link"
        );
    }
}
