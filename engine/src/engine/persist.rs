//! A durable queue: what is accepted is in storage, and a number is written before its message leaves.

use super::{Engine, Phase};
use crate::outbox::Waiting;
use crate::planted::{self, Bug};
use crate::timers::Timer;
use crate::{DropReason, Instant, Output, Refusal, Restored, STATE, State};

impl<P: PartialEq + Clone> Engine<P> {
    /// Whether accepted messages are kept in storage.
    pub(super) const fn persists(&self) -> bool {
        STATE && self.config.persist
    }

    /// A message that storage has kept. What has a number is settled by the next welcome.
    pub(super) fn restore(&mut self, now: Instant, restored: Restored<P>) -> Result<(), Refusal> {
        if self.state.is_final() {
            return Err(Refusal::Closed);
        }
        let Restored { send, number } = restored;
        let bytes = send.bytes;
        let mut message = self.waiting(now, send);
        message.restored = true;
        // A link that is welcomed counts its messages from the welcome on.
        if number > 0 && !self.session.recalled && self.phase != Phase::Open {
            message.number = number;
            self.session.sender.push(message, bytes);
            self.session.unsent += 1;
        } else if bytes > self.session.max_message_bytes {
            self.drop_message(message, DropReason::TooLarge);
        } else if self.session.owned && self.outbox.holds(&message.key, true) {
            self.drop_message(message, DropReason::Replaced);
        } else {
            self.outbox.restore(message);
            self.timers.set(Timer::Expiry, self.outbox.next_expiry());
        }
        Ok(())
    }

    /// Storage has been read.
    pub(super) fn handle_recalled(&mut self, last: u64) {
        let first = !core::mem::replace(&mut self.session.recalled, true);
        if first && self.phase != Phase::Open {
            self.session.sender.go_on_after(last);
            self.session.fresh = true;
        }
        self.tell_if_drained();
    }

    /// Numbers all that waits and that the server takes, as soon as storage has written what was
    /// numbered before. Whether there is any.
    pub(super) fn number(&mut self) -> bool {
        let session = &self.session;
        if !session.recalled || session.committing || session.unsent > 0 {
            return false;
        }
        while let Some(first) = self.first_to_number() {
            let (payload, bytes) = (first.payload.clone(), first.bytes);
            let Some(message) = self.outbox.pop() else {
                break;
            };
            let number = self.session.sender.push(message, bytes);
            self.session.unsent += 1;
            self.outputs.push(Output::Write { payload, number });
        }
        if self.session.unsent == 0 {
            return false;
        }
        self.outputs.push(Output::Commit);
        self.session.committing = !planted::is(Bug::CommitLeftOut);
        true
    }

    /// Whether what waits is about to leave: only the commit before is not done.
    pub(super) fn waits_for_storage(&self) -> bool {
        STATE && self.session.committing && self.phase == Phase::Open
    }

    /// The page is put away: storage keeps what it has, and this memory forgets it, for another page
    /// may send it meanwhile.
    pub(super) fn put_away(&mut self) {
        if self.persists() && !self.state.is_final() && !planted::is(Bug::RowsOfTwoTabs) {
            self.release(true);
            self.session.recalled = false;
            self.session.owned = false;
            self.tell_if_drained();
        }
    }

    /// Leaves to storage what has a number and what was restored, or `all`.
    pub(super) fn release(&mut self, all: bool) {
        self.part_with(all, None);
    }

    /// Storage has gone back in time: nobody can know what of it the server has.
    pub(super) fn drop_restored(&mut self) {
        self.part_with(false, Some(DropReason::SessionLost));
    }

    /// Parts with what has a number and what was restored, or `all`. Without a reason to drop it storage
    /// keeps it; a volatile message is in no storage.
    fn part_with(&mut self, all: bool, reason: Option<DropReason>) {
        while let Some((message, sent)) = self.session.take_numbered() {
            self.part_with_one(message, reason, sent);
        }
        while let Some(message) = self.outbox.take_restored(all) {
            self.part_with_one(message, reason, reason.is_some());
        }
    }

    fn part_with_one(&mut self, message: Waiting<P>, reason: Option<DropReason>, unknown: bool) {
        if message.volatile {
            let closing = self.state == State::Closing;
            let reason = [DropReason::Volatile, DropReason::Closed][usize::from(closing)];
            self.drop_as(message, reason, unknown);
        } else if let Some(reason) = reason {
            self.drop_as(message, reason, unknown);
        } else {
            self.outputs.push(Output::Release(message.payload));
        }
    }
}
