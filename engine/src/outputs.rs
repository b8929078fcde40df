//! Outputs that have not been polled yet.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::planted::{self, Bug};
use crate::queue::Message;
use crate::session::Stream;
use crate::{Delivered, DropReason, Event, Output};

/// First in, first out. The room is used again when all have been taken, as after each drain: a
/// ring would cost the published module more than it saves.
#[derive(Debug)]
pub(crate) struct Outputs<P> {
    items: Vec<Output<P>>,
    taken: usize,
}

impl<P> Outputs<P> {
    pub(crate) const fn new() -> Self {
        Self {
            items: Vec::new(),
            taken: 0,
        }
    }

    pub(crate) fn push(&mut self, output: Output<P>) {
        self.items.push(output);
    }

    /// `message` will not be sent; `unknown`: nobody can know whether the other side has it.
    #[expect(clippy::boxed_local, reason = "it is taken as it comes from the queue")]
    pub(crate) fn drop(&mut self, message: Box<Message<P>>, reason: DropReason, unknown: bool) {
        self.push(Output::Event(Event::Dropped {
            payload: message.payload,
            ticket: message.ticket,
            reason,
            delivered: if unknown {
                Delivered::Unknown
            } else {
                Delivered::No
            },
        }));
    }

    /// Storage must not bring `message` back.
    pub(crate) fn mark(&mut self, message: &Message<P>)
    where
        P: Clone,
    {
        if message.is_kept() && !planted::is(Bug::DropWithoutMark) {
            self.push(Output::Mark(message.payload.clone()));
        }
    }

    pub(crate) fn acknowledge(&mut self, stream: &Stream, number: u64) {
        self.push(Output::Acknowledge {
            stream: stream.id,
            epoch: stream.epoch,
            number,
        });
    }

    pub(crate) fn pop(&mut self) -> Option<Output<P>> {
        let item = self.items.get_mut(self.taken)?;
        let output = core::mem::replace(item, Output::TransmitPing(0));
        self.taken += 1;
        if self.taken == self.items.len() {
            self.items.clear();
            self.taken = 0;
        }
        Some(output)
    }

    /// Where the next one will stand.
    pub(crate) fn end(&self) -> usize {
        self.items.len()
    }

    /// Puts one before those that stand at `at` and after.
    pub(crate) fn insert(&mut self, at: usize, output: Output<P>) {
        self.items.insert(at, output);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
