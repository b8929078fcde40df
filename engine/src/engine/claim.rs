//! What the server says of a memory: what it has of it, and so what becomes of the messages in it.

use alloc::boxed::Box;

use steadfast_protocol::limits;

use super::{Engine, Phase};
use crate::memory::{Claimed, Stage};
use crate::queue::Message;
use crate::timers::Timer;
use crate::{
    Claim, Direction, DropReason, Event, Fate, GapReason, Instant, LANES, Output, Priority, STATE,
    Welcome,
};

impl<P: PartialEq + Clone> Engine<P> {
    pub(super) fn handle_welcome(&mut self, now: Instant, welcome: Welcome) {
        // What the page sends has another memory by now, if somebody else had the lock of that one.
        let is_own = self.link.memory == self.upward.own.id;
        let is_possible = !is_own || self.is_possible(self.upward.last(), welcome.claim);
        if self.link.to_greet || !is_possible {
            return self.violate(now);
        }
        let lost = match welcome.fate {
            Fate::Resumed => false,
            Fate::New => self.session.established,
            Fate::Lost | Fate::OtherUser => true,
        };
        if lost {
            self.lose_session(welcome.fate == Fate::OtherUser);
        }
        self.session.established = true;
        let before = core::mem::replace(&mut self.session.user, welcome.user);
        if STATE && before != welcome.user {
            self.upward.look_again();
        }
        self.heartbeat
            .handle_welcome(now.since(self.link.greeted_at));
        self.session.window = welcome.window;
        self.session.max_message_bytes = welcome.max_message_bytes;
        if let Some(first) = welcome.first_retry {
            self.config.reconnect.first = first.min(self.config.reconnect.max);
        }
        if is_own {
            self.settle_claim(now, self.upward.last(), welcome.claim);
        }
        let replayed = self.upward.own.replayed();
        self.open(now, welcome.fate == Fate::Resumed, replayed);
        self.tell_if_drained();
        self.acknowledge(now, false);
    }

    pub(super) fn handle_adopted(&mut self, now: Instant, memory: u32, claim: Claim) {
        let Some(place) = self.upward.place_of(memory) else {
            return;
        };
        let claimed = self.upward.memory(place).claim;
        match claimed {
            Claimed::Asked if self.is_possible(place, claim) => {
                self.settle_claim(now, place, claim);
            }
            // It was let go of meanwhile.
            Claimed::Void => self.upward.memory(place).claim = Claimed::No,
            _ => self.violate(now),
        }
    }

    pub(super) fn handle_stored(&mut self, now: Instant, memory: u32, lane: Priority, number: u64) {
        if STATE {
            self.upward.lay_ghosts((memory, lane), number);
        }
        let Some(place) = self.upward.place_of(memory) else {
            return;
        };
        let memory = self.upward.memory(place);
        if STATE && !memory.is_claimed() {
            return;
        }
        if number > memory.sent[lane as usize] {
            return self.violate(now);
        }
        let mut numbers = [0; LANES];
        numbers[lane as usize] = number;
        memory.stored[lane as usize] = number;
        if self.settle_stored(place, numbers) {
            self.timers.stop(Timer::Doubt);
            self.watch_acknowledgement(now);
        }
        self.tell_if_drained();
    }

    /// Whether a server can say this of a memory: it cannot have what no link was given.
    fn is_possible(&mut self, place: usize, claim: Claim) -> bool {
        let memory = self.upward.memory(place);
        let Claim::Accepted(received) = claim else {
            return true;
        };
        memory.is_found || (0..LANES).all(|lane| received[lane] <= memory.sent[lane])
    }

    /// What becomes of the messages of a memory.
    fn settle_claim(&mut self, now: Instant, place: usize, claim: Claim) {
        let memory = self.upward.memory(place);
        let received = match claim {
            Claim::Accepted(received) => received,
            Claim::Forgotten => [0; LANES],
            Claim::Refused => return self.leave_memory(place),
        };
        (memory.claim, memory.is_ours) = (Claimed::Yes, true);
        if claim == Claim::Forgotten {
            self.forget_sent(place);
        } else {
            // What was acknowledged is not here any more, and its numbers have holes.
            if (0..LANES).any(|lane| received[lane] < memory.stored[lane]) {
                self.tell(Event::Gap {
                    missed: None,
                    direction: Direction::Up,
                    stream: None,
                    reason: GapReason::Epoch,
                });
            }
            self.settle_stored(place, received);
        }
        self.upward.memory(place).free(received);
        if STATE {
            self.upward.mark_replaced(place);
        }
        self.expire_messages(now);
    }

    /// What has these numbers is stored. Whether that is news.
    fn settle_stored(&mut self, place: usize, numbers: [u64; LANES]) -> bool {
        let mut news = false;
        while let Some(message) = self.pop_up_to(place, numbers) {
            news = true;
            self.forget_stored(message);
        }
        news
    }

    /// Takes the first message of a memory that these numbers acknowledge.
    fn pop_up_to(&mut self, place: usize, numbers: [u64; LANES]) -> Option<Box<Message<P>>> {
        let memory = self.upward.memory(place);
        let at = memory.find_up_to(numbers)?;
        memory.remove(at)
    }

    #[expect(clippy::boxed_local, reason = "it is taken as it comes from the queue")]
    pub(super) fn forget_stored(&mut self, message: Box<Message<P>>) {
        if self.persists() && message.is_kept() {
            self.outputs.push(Output::Erase(message.payload.clone()));
        }
        self.outputs.push(Output::Discard(message.payload));
        if message.ticket != 0 {
            self.tell(Event::Settled {
                ticket: message.ticket,
                done: true,
            });
        }
    }

    /// The server has forgotten a memory: nobody knows of what a link was given, here or by a page that is gone,
    /// whether it arrived.
    fn forget_sent(&mut self, place: usize) {
        let memory = self.upward.memory(place);
        memory.is_lost = memory.is_found;
        let sent = if memory.is_found {
            [u64::MAX; LANES]
        } else {
            memory.sent
        };
        while let Some(message) = self.pop_up_to(place, sent) {
            self.drop_as(message, DropReason::SessionLost, true);
        }
    }

    /// A memory is not this user's, or the server could not say: the session may have been another's. So what a
    /// durable queue has sent here is asked for once more by itself. The page goes on with another memory.
    fn leave_memory(&mut self, place: usize) {
        if STATE && place < self.upward.last() {
            return self.let_go(place, Stage::Left);
        }
        if self.persists() {
            return self.put_behind();
        }
        self.drop_all(DropReason::SessionLost);
        self.upward.begin(Stage::Ready);
    }

    /// The link is open: what it can speak for is claimed.
    pub(super) fn adopt(&mut self) {
        if self.phase != Phase::Open {
            return;
        }
        let mut room = limits::MEMORIES.saturating_sub(self.upward.claims());
        for place in 0..=self.upward.last() {
            let user = self.session.user;
            let memory = self.upward.memory(place);
            let is_ready = memory.stage == Stage::Ready && memory.claim == Claimed::No;
            if !is_ready || memory.is_lost || room == 0 {
                continue;
            }
            let id = memory.id;
            let owner = memory.user;
            // A claim fences what other links were given, not what this one was.
            if STATE && self.upward.is_haunted(id) {
                continue;
            }
            if STATE && owner != 0 && owner != user {
                self.let_go(place, Stage::Left);
            } else {
                room -= 1;
                self.upward.memory(place).claim = Claimed::Asked;
                self.outputs.push(Output::Adopt(id));
            }
        }
    }
}
