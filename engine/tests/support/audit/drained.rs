//! What holds when everything is done.

use steadfast_engine::{Engine, Instant};

use super::{Audit, Payload};

impl Audit {
    pub(crate) fn drained(
        &mut self,
        engine: &mut Engine<Payload>,
        now: Instant,
        deadline: Instant,
        timeout: bool,
        produced: usize,
    ) {
        assert_eq!(engine.state(), self.state, "a change of state was not told");
        assert!(produced <= self.bound, "{produced} outputs of one input");
        assert!(
            !timeout || deadline >= now,
            "a deadline, {deadline}, is past"
        );
        self.check_queue(engine);
        self.snapshot.drained(engine);
        let health = engine.health(now);
        let open = self.link.is_some_and(|link| link.greeted);
        assert!(
            health.score <= 100 && (health.score > 0) == open,
            "{health:?}"
        );
        assert!((0.0..=1.0).contains(&health.loss));
        if self.state.is_at_rest() {
            assert!(self.link.is_none(), "a link in state {:?}", self.state);
            assert!(
                deadline == Instant::NEVER || !self.waiting.is_empty() || self.config.persist,
                "a timer at rest"
            );
        }
        if self.closed {
            assert!(
                self.tickets.is_empty(),
                "tickets never settled: {:?}",
                self.tickets
            );
        }
    }

    fn check_queue(&mut self, engine: &Engine<Payload>) {
        let (queued, queued_bytes) = engine.queued();
        if !self.session.corked {
            assert_eq!(self.filling, queued > 0, "the queue event lies");
        }
        assert!(self.withdrawn.is_empty(), "withdrawn, and not discarded");
        if self.config.session {
            let open = self.link.is_some_and(|link| link.greeted);
            let held = self.waiting.len();
            self.session.drained(engine, held, open);
            if self.config.persist {
                if self.rows.leaving {
                    self.order.clear();
                }
                self.rows.drained(held, self.closed);
            }
            return;
        }
        let sizes = self.waiting.keys().map(|payload| self.size_of(*payload));
        let bytes: u32 = sizes.sum();
        assert_eq!(
            (queued, queued_bytes),
            (self.waiting.len() as u32, bytes),
            "messages lost or doubled"
        );
        let queue = &self.config.queue;
        if queue.enabled {
            assert!(queued <= queue.max_messages && bytes <= queue.max_bytes);
        } else {
            assert!(self.waiting.is_empty(), "messages wait without a queue");
        }
    }
}
