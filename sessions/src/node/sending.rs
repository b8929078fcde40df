//! What the application sends from outside a handler.

use std::collections::VecDeque;

use super::Node;
use super::store_calls::Purpose;
use crate::io::{Effect, Output, SendRefusal, Target};
use crate::store::{Committed, Request, StoreError, valid_room};

/// Messages that may wait for the store; one more is refused.
const WAITING: usize = 4_096;
/// Messages of one request at most.
const GATHERED: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Sends {
    waiting: VecDeque<(u64, Effect)>,
    asked: bool,
}

impl Node {
    pub(super) fn take_send(&mut self, request: u64, effect: Effect) {
        if effect.bytes() > self.config.max_message as usize {
            return self.answer_send(request, Err(SendRefusal::TooLarge));
        }
        if !effect.room().is_none_or(valid_room) {
            return self.answer_send(request, Err(SendRefusal::Unknown));
        }
        if let Effect::Volatile { to, payload } = effect {
            self.send_volatile(&to, &payload);
            return self.answer_send(request, Ok(()));
        }
        if self.sends.waiting.len() >= WAITING {
            return self.answer_send(request, Err(SendRefusal::Unavailable));
        }
        self.sends.waiting.push_back((request, effect));
        self.send_waiting();
    }

    pub(super) fn take_sent(&mut self, senders: &[u64], effects: &[Effect], sent: Committed) {
        let refused = sent.refused.clone();
        self.distribute(effects, sent);
        for (place, request) in senders.iter().enumerate() {
            let refusal = refused.iter().find(|(at, _)| *at == place);
            let result = refusal.map_or(Ok(()), |(_, refusal)| Err(*refusal));
            self.answer_send(*request, result);
        }
        self.finish_send(senders);
    }

    /// What was sent may be stored all the same.
    pub(super) fn refuse_sends(&mut self, senders: &[u64], asked: &Request, error: &StoreError) {
        if let Request::Send { effects, .. } = asked {
            for effect in effects {
                match effect {
                    Effect::Send { session, .. } => self.soil(&Target::Session(session.clone())),
                    Effect::Publish { room, .. } => self.soil(&Target::Room(room.clone())),
                    _ => {}
                }
            }
        }
        for request in senders {
            self.answer_send(*request, Err(error.into()));
        }
        self.finish_send(senders);
    }

    fn finish_send(&mut self, senders: &[u64]) {
        if !senders.is_empty() {
            self.sends.asked = false;
            self.send_waiting();
        }
    }

    /// One request at a time, so that what one sender sends stays in order.
    fn send_waiting(&mut self) {
        if self.sends.asked || self.sends.waiting.is_empty() {
            return;
        }
        self.sends.asked = true;
        let gathered = self.sends.waiting.len().min(GATHERED);
        let (senders, effects) = self.sends.waiting.drain(..gathered).unzip();
        let request = Request::Send {
            effects,
            limits: self.limits(),
            wall_ms: self.wall_ms(),
        };
        self.ask(Purpose::Send(senders), request);
    }

    fn answer_send(&mut self, request: u64, result: Result<(), SendRefusal>) {
        self.outputs.push_back(Output::Sent { request, result });
    }
}
