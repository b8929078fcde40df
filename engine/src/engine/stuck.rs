//! A message that something on the way refuses. Links end right behind it, again and again, and nothing behind
//! it gets through.

use super::{Engine, Phase};
use crate::outbox::Waiting;
use crate::session::ALONE_AFTER;
use crate::{DropReason, Event, Fault, Loss};

impl<P: PartialEq + Clone> Engine<P> {
    /// The link ends: right behind the first message that is not acknowledged, if it was given one.
    pub(super) fn suspect(&mut self, loss: Loss) {
        let session = &mut self.session;
        if self.phase != Phase::Open || !session.is_in_flight() {
            return;
        }
        let Some(first) = session.sender.get(0) else {
            return;
        };
        let (bytes, number) = (first.bytes, session.sender.acknowledged() + 1);
        let suspect = Some(first.payload.clone());
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

    /// Takes the message away from all links to come. The last one may have carried it, so its number counts
    /// until a welcome says.
    pub(super) fn take_stuck(&mut self) -> Option<Waiting<P>> {
        let session = &mut self.session;
        session.ends = 0;
        session.forgone += 1;
        session.sender.acknowledge_one(u64::MAX)
    }
}

/// The close code of a message that is too big.
const TOO_BIG: u16 = 1009;
