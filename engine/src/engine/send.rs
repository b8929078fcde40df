//! From the application to the link.

use alloc::boxed::Box;

use super::{Engine, Phase};
use crate::queue::Message;
use crate::timers::Timer;
use crate::{DropReason, Event, Instant, Output, Priority, Refusal, STATE, Send, Span};

impl<P: PartialEq + Clone> Engine<P> {
    /// What was just given to the link by [`Output::Transmit`] or [`Output::TransmitPing`]: its
    /// size in bytes, and what the link has still to send, itself included. `now`: the monotonic clock.
    pub fn handle_transmitted(&mut self, now: Instant, bytes: u32, buffered_bytes: u32) {
        let now = self.clock.inside(now);
        self.link.given_bytes += u64::from(bytes);
        self.link.buffered_bytes = buffered_bytes;
        self.link.largest_bytes = self.link.largest_bytes.max(bytes);
        self.health.handle_sent(now, bytes);
        if let Some((_, total)) = self.departures.last_mut()
            && *total == UNKNOWN_TOTAL
        {
            *total = self.link.given_bytes;
        }
        self.watch_drain(now);
        self.watch_acknowledgement(now);
    }

    pub(super) fn send(
        &mut self,
        now: Instant,
        send: Send<P>,
        buffered_bytes: u32,
    ) -> Result<(), Refusal> {
        if self.state.is_final() {
            return Err(Refusal::Closed);
        }
        let longest = self.session.max_message_bytes;
        if send.bytes > self.config.max_message_bytes.min(longest) {
            return Err(Refusal::MessageTooLarge);
        }
        self.look_at_link(now, buffered_bytes);
        let ahead = buffered_bytes.saturating_add(self.upward.waiting().bytes);
        // What waits leaves with the next drain, but its keys can still be replaced.
        let takes = self.link_takes(ahead) && self.window_takes(send.bytes);
        let flows = takes && (send.volatile || (!self.queue_told && self.own_flows()));
        let priority = send.priority;
        let message = self.waiting(now, send);
        if flows {
            let payload = message.payload.clone();
            let volatile = message.volatile;
            self.upward.append(message);
            self.keep(payload, priority, volatile);
        } else if message.volatile {
            self.drop_message(message, DropReason::Volatile);
        } else {
            self.enqueue(message)?;
            self.timers.set(Timer::Expiry, self.upward.next_expiry());
            self.watch_drain(now);
            self.hasten(now);
        }
        self.session.corked = self.config.session;
        Ok(())
    }

    /// Whether nothing has to leave before what is sent now.
    fn own_flows(&self) -> bool {
        !self.config.session || self.upward.own_flows()
    }

    /// Storage keeps what was just sent.
    fn keep(&mut self, payload: P, priority: Priority, volatile: bool) {
        if self.persists() && !volatile {
            let (memory, number) = self.upward.last_sent(priority);
            self.outputs.push(Output::Put {
                payload,
                memory,
                number,
            });
        }
    }

    /// Whether the link takes another message, with so much still to send.
    pub(super) fn link_takes(&self, buffered_bytes: u32) -> bool {
        let queue = &self.config.queue;
        let mark = if queue.enabled {
            queue.high_water_mark
        } else {
            u32::MAX
        };
        self.phase == Phase::Open && (buffered_bytes == 0 || buffered_bytes < mark)
    }

    /// The message whose turn it is, when the link takes one.
    pub(super) fn poll_transmit(&mut self) {
        if self.config.session {
            return self.poll_unit();
        }
        if self.phase != Phase::Open {
            return;
        }
        let Some(place) = self.upward.next(false) else {
            if self.queue_told {
                return self.tell_drained();
            }
            return self.poll_flushed();
        };
        if !self.link_takes(self.link.buffered_bytes) {
            return;
        }
        let Some((message, _)) = self.upward.memory(place).pop() else {
            return;
        };
        self.link.unconfirmed = self.link.unconfirmed.saturating_add(1);
        if message.ticket != 0 {
            self.departures.push((message.ticket, UNKNOWN_TOTAL));
        }
        self.outputs.push(Output::Transmit(message.payload));
    }

    pub(super) fn withdraw(&mut self, ticket: u32) -> Result<(), Refusal> {
        let mut taken = Err(Refusal::NotWaiting);
        if ticket != 0
            && let Some(message) = self.upward.withdraw(ticket)
        {
            self.unkeep(&message);
            self.outputs.push(Output::Discard(message.payload));
            taken = Ok(());
        }
        self.tell_if_drained();
        taken
    }

    /// Takes back one message that waits, in the order in which they would have left; to be called
    /// until it returns `None`. Who waits for it to leave is told that it will not. Before a welcome,
    /// what was restored stays: it may be another user's.
    pub fn take_back(&mut self) -> Option<P> {
        // What was not given to a link is not what they end behind.
        let stuck = self.session.is_stuck() && self.phase != Phase::Open;
        let taken = if stuck { self.take_stuck() } else { None };
        let taken = taken.or_else(|| self.upward.take_first());
        let Some(message) = taken else {
            self.tell_if_drained();
            return None;
        };
        self.unkeep(&message);
        if message.ticket != 0 {
            self.tell(Event::Settled {
                ticket: message.ticket,
                done: false,
            });
        }
        Some(message.payload)
    }

    pub(super) fn flush(
        &mut self,
        now: Instant,
        ticket: u32,
        buffered_bytes: u32,
    ) -> Result<(), Refusal> {
        if self.state.is_final() {
            return Err(Refusal::Closed);
        }
        self.look_at_link(now, buffered_bytes);
        self.flushes.push(ticket);
        self.session.asks = true;
        if self.upward.waiting().is_empty() {
            self.settle_idle_flushes();
        }
        self.watch_drain(now);
        Ok(())
    }

    /// A message is given up: storage must not bring it back.
    pub(super) fn unkeep(&mut self, message: &Message<P>) {
        if self.persists() {
            self.outputs.mark(message);
        }
    }

    /// Notes what the link has still to send. What waits may leave now, so what has waited too long
    /// goes first, even when its timer is late.
    fn look_at_link(&mut self, now: Instant, buffered_bytes: u32) {
        self.link.buffered_bytes = buffered_bytes;
        self.expire_due(now);
    }

    pub(super) fn expire_due(&mut self, now: Instant) {
        if self.upward.next_expiry() <= now {
            self.expire_messages(now);
        }
    }

    pub(super) fn expire_messages(&mut self, now: Instant) {
        let longest = self.session.max_message_bytes;
        let live = self.phase == Phase::Open;
        while let Some(message) = self.upward.expire(now, longest, live) {
            let reason = if message.volatile {
                DropReason::Volatile
            } else if message.bytes > longest {
                DropReason::TooLarge
            } else if message.replaced {
                DropReason::Replaced
            } else {
                DropReason::Ttl
            };
            self.drop_message(message, reason);
        }
        self.timers.set(Timer::Expiry, self.upward.next_expiry());
        self.tell_if_drained();
    }

    /// Looks again soon at what the link has still to send, while anybody waits for that.
    pub(super) fn watch_drain(&mut self, now: Instant) {
        let none = self.upward.waiting().is_empty();
        let waits = !(none && self.departures.is_empty() && self.flushes.is_empty());
        if self.phase == Phase::Open && waits && self.link.buffered_bytes > 0 {
            let already = self.timers.deadline(Timer::Drain);
            self.timers
                .set(Timer::Drain, already.min(now + DRAIN_INTERVAL));
        } else {
            self.timers.stop(Timer::Drain);
        }
    }

    /// Tells those whose messages have left by now.
    pub(super) fn settle_departures(&mut self) {
        let left = self.link.left_bytes();
        for (ticket, total) in core::mem::take(&mut self.departures) {
            if total > left {
                self.departures.push((ticket, total));
            } else {
                self.tell(Event::Settled { ticket, done: true });
            }
        }
    }

    /// The link is gone: what it still held has not left, as far as anybody knows.
    pub(super) fn lose_departures(&mut self) {
        for (ticket, _) in core::mem::take(&mut self.departures) {
            self.tell(Event::Settled {
                ticket,
                done: false,
            });
        }
    }

    /// Nothing will come true any more of what is waited for.
    pub(super) fn give_up_waiting(&mut self) {
        self.settle_flushes(false);
        if STATE {
            self.give_up_snapshots();
        }
    }

    fn settle_flushes(&mut self, done: bool) {
        for ticket in core::mem::take(&mut self.flushes) {
            self.tell(Event::Settled { ticket, done });
        }
    }

    pub(super) fn waiting(&self, now: Instant, send: Send<P>) -> Box<Message<P>> {
        Box::new(Message {
            payload: send.payload,
            bytes: send.bytes,
            priority: send.priority,
            number: 0,
            key: send.key,
            expires_at: now + send.ttl.unwrap_or(self.config.queue.ttl),
            ticket: send.ticket,
            volatile: send.volatile,
            replaced: false,
            form: send.form,
            given: false,
            turn: 0,
        })
    }

    fn enqueue(&mut self, message: Box<Message<P>>) -> Result<(), Refusal> {
        if !self.config.queue.enabled {
            return Err(Refusal::NotOpen);
        }
        let (payload, priority) = (message.payload.clone(), message.priority);
        let (persists, outputs) = (self.persists(), &mut self.outputs);
        let queue = &self.config.queue;
        let drop = |message: Box<Message<P>>, reason| {
            if persists {
                outputs.mark(&message);
            }
            outputs.drop(message, reason, false);
        };
        if self.upward.push(message, queue, drop)? {
            self.keep(payload, priority, false);
        }
        // In a session what waits may leave when the task is over.
        if !self.queue_told && !self.upward.waiting().is_empty() && !self.config.session {
            self.queue_told = true;
            let (messages, bytes) = self.queued();
            self.tell(Event::Queue { messages, bytes });
        }
        Ok(())
    }

    /// All that waited has been given to the link: who waits for that now waits for it to leave.
    fn poll_flushed(&mut self) {
        for ticket in core::mem::take(&mut self.flushes) {
            self.departures.push((ticket, self.link.given_bytes));
        }
        self.settle_departures();
    }

    pub(super) fn tell_if_drained(&mut self) {
        if self.upward.waiting().is_empty() {
            self.tell_drained();
            self.settle_idle_flushes();
        }
    }

    fn tell_drained(&mut self) {
        self.timers.stop(Timer::Expiry);
        if core::mem::take(&mut self.queue_told) {
            self.tell(Event::Queue {
                messages: 0,
                bytes: 0,
            });
        }
    }

    /// Nothing waits: those who wait for that are told, unless something is still on its way.
    fn settle_idle_flushes(&mut self) {
        let idle = if self.config.session {
            self.upward.is_idle() && (!self.persists() || self.storage.recalled)
        } else {
            self.phase != Phase::Open
        };
        if idle {
            self.settle_flushes(true);
        }
    }
}

/// The total of a message that the shell has taken and not yet told the size of.
const UNKNOWN_TOTAL: u64 = u64::MAX;

/// There is no event for a link that has drained: it has to be looked at.
const DRAIN_INTERVAL: Span = Span::from_ms(50);
