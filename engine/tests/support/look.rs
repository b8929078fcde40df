//! Looking at what came out.

use steadfast_engine::{DropReason, Event, HangUp, Output, Span};

use super::{Payload, Shell, ms};

impl Shell {
    /// Lets time pass until something comes out that is `wanted`; how long that took. Leaves it,
    /// and what follows, for [`Self::take`].
    pub(crate) fn until(&mut self, wanted: impl Fn(&Output<Payload>) -> bool) -> Span {
        let start = self.now;
        while !self.outputs.iter().any(&wanted) {
            assert!(
                self.next() < start + A_DAY,
                "it never came:\n{}",
                self.story()
            );
            self.take();
            self.step();
        }
        self.now.since(start)
    }

    /// Lets time pass until the next attempt; how long that took.
    pub(crate) fn until_dial(&mut self) -> Span {
        self.until(|output| matches!(output, Output::Dial { .. }))
    }

    /// Lets time pass until the next ping; how long that took.
    pub(crate) fn until_ping(&mut self) -> Span {
        self.until(|output| *output == Output::TransmitPing(0))
    }

    /// Lets time pass until the link is given up for dead; how long that took.
    pub(crate) fn until_dead(&mut self) -> Span {
        self.until(|output| *output == Output::HangUp(HangUp::HeartbeatTimeout))
    }

    /// What came out since the last look.
    pub(crate) fn take(&mut self) -> Vec<Output<Payload>> {
        core::mem::take(&mut self.outputs)
    }

    /// The events among what came out since the last look.
    pub(crate) fn take_events(&mut self) -> Vec<Event<Payload>> {
        let outputs = self.take().into_iter();
        outputs
            .filter_map(|output| match output {
                Output::Event(event) => Some(event),
                _ => None,
            })
            .collect()
    }

    /// What was dropped since the last look, and why.
    pub(crate) fn take_dropped(&mut self) -> Vec<(Payload, DropReason)> {
        let events = self.take_events().into_iter();
        events
            .filter_map(|event| match event {
                Event::Dropped {
                    payload, reason, ..
                } => Some((payload, reason)),
                _ => None,
            })
            .collect()
    }

    /// What was settled since the last look, and how.
    pub(crate) fn take_settled(&mut self) -> Vec<(u32, bool)> {
        let events = self.take_events().into_iter();
        events
            .filter_map(|event| match event {
                Event::Settled { ticket, done } => Some((ticket, done)),
                _ => None,
            })
            .collect()
    }

    /// The messages given to the link since the last look.
    pub(crate) fn take_transmitted(&mut self) -> Vec<Payload> {
        let outputs = self.take().into_iter();
        outputs
            .filter_map(|output| match output {
                Output::Transmit(payload) => Some(payload),
                _ => None,
            })
            .collect()
    }
}

const A_DAY: Span = ms(24 * 60 * 60 * 1_000);
