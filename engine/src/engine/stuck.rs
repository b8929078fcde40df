//! A message that something on the way refuses. Links end right behind it, again and again, and nothing behind
//! it gets through.

use alloc::boxed::Box;

use super::{Engine, Phase};
use crate::queue::Message;
use crate::session::ALONE_AFTER;
use crate::{DropReason, Event, Fault, Loss};

impl<P: PartialEq + Clone> Engine<P> {
    /// The link ends: right behind the first message that is not acknowledged, if it was given one.
    pub(super) fn suspect(&mut self, loss: Loss) {
        let oldest = self.upward.oldest_given();
        let Some(place) = oldest.filter(|_| self.phase == Phase::Open) else {
            return;
        };
        let Some(first) = self.upward.memory(place.0).get(place.1) else {
            return;
        };
        let (bytes, number) = (first.bytes, first.number);
        let suspect = Some(first.payload.clone());
        let session = &mut self.session;
        if session.suspect != suspect {
            session.ends = 0;
            session.suspect = suspect;
        }
        session.ends += 1;
        if !session.is_stuck() {
            return;
        }
        let code = loss.code;
        if code == TOO_BIG {
            if let Some(message) = self.take_stuck() {
                self.drop_as(message, DropReason::TooLarge, true);
            }
        } else if session.ends == ALONE_AFTER + 1 {
            self.tell(Event::Error(Fault::Stuck {
                number,
                bytes,
                code,
            }));
        }
    }

    /// The message has had its end, whichever it was: the count begins anew.
    pub(super) fn acquit(&mut self) {
        let session = &mut self.session;
        if session.ends > 0 && !self.upward.has(&session.suspect) {
            session.ends = 0;
        }
    }

    /// Takes the message away from all links to come.
    pub(super) fn take_stuck(&mut self) -> Option<Box<Message<P>>> {
        let oldest = self.upward.oldest_given()?;
        self.session.ends = 0;
        self.upward.remove(oldest)
    }
}

/// The close code of a message that is too big.
const TOO_BIG: u16 = 1009;
