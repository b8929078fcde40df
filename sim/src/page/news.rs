//! What the engine tells the application.

use steadfast_engine::{Cause, Delivered, Direction, DropReason, Event, FailureKind, Span, State};

use super::Held;
use crate::ledger::Broken;
use crate::world::World;

/// Attempts in a row, as seen from outside.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    /// The attempt that was announced last.
    attempt: u32,
    /// When the present link opened, if one is open.
    opened_at: Option<u64>,
    /// Whether the application, or a failure, has set the count back.
    fresh: bool,
}

impl World {
    pub(super) fn tells(&mut self, page: usize, event: Event<u32>) {
        match event {
            Event::StateChange { from, to } => self.changes_state(page, from, to),
            Event::Open { resumed, .. } => {
                self.tally.resumes += u64::from(resumed);
                let now = self.pages[page].lived(self.now);
                self.pages[page].backoff.opened_at = Some(now);
            }
            Event::Reconnected { replayed, .. } => self.tally.replays += u64::from(replayed),
            Event::Reconnecting {
                attempt,
                delay,
                cause,
            } => {
                // A hint may have brought another attempt on just before.
                if cause == Cause::Requested && delay == Span::ZERO {
                    self.starts_over(page);
                }
                self.retries(page, attempt, delay.as_micros());
            }
            Event::Failed(failure) => self.gives_up(page, failure.kind),
            Event::Closed => self.pages[page].closed = true,
            Event::Dropped {
                payload,
                ticket,
                reason,
                delivered,
            } => self.drops(page, payload, ticket, reason, delivered),
            Event::Settled { ticket, done } => self.ticket_settles(page, ticket, done),
            Event::Gap {
                missed,
                direction,
                stream,
                ..
            } => self.has_gap(page, missed, direction, stream),
            Event::Lost { other_user } => self.loses_session(page, other_user),
            _ => {}
        }
    }

    fn loses_session(&mut self, page: usize, other_user: bool) {
        self.tally.lost_sessions += 1;
        let it = &self.pages[page];
        let client = it.client;
        if other_user && it.signed_in {
            return;
        }
        let checked = self.ledger.page_loses_session(page, client);
        self.check(checked);
    }

    fn changes_state(&mut self, page: usize, from: State, to: State) {
        if !from.may_become(to) {
            let what = format!("page {page}: from {from:?} to {to:?}");
            self.fail(Broken::new("S1", what));
        }
    }

    /// The count of attempts starts over after a link that was stable, or when the application
    /// asks; otherwise it grows.
    fn retries(&mut self, page: usize, attempt: u32, delay: u64) {
        let config = &self.plan.tuning.client.reconnect;
        let (stable_after, most) = (config.stable_after.as_micros(), config.max.as_micros());
        let it = &mut self.pages[page];
        let now = it.lived(self.now);
        let opened_at = it.backoff.opened_at.take();
        let stable = opened_at.is_some_and(|at| now - at >= stable_after);
        let expected = if stable || it.backoff.fresh {
            1
        } else {
            it.backoff.attempt
        };
        it.backoff.fresh = false;
        it.backoff.attempt = attempt.max(expected);
        if attempt < expected {
            let what = format!(
                "page {page}: attempt {attempt} after attempt {expected} without a stable link between"
            );
            self.fail(Broken::new("S4", what));
        }
        if delay > most {
            let what = format!("page {page}: retries in {delay} us, at most {most}");
            self.fail(Broken::new("S4", what));
        }
    }

    fn gives_up(&mut self, page: usize, kind: FailureKind) {
        if kind == FailureKind::Unauthorized && self.tally.faults.contains_key("credentials") {
            self.pages[page].unauthorized = true;
            return;
        }
        if kind != FailureKind::TakenOver {
            let what = format!("page {page}: gives up, {kind:?}");
            return self.fail(Broken::new("L1", what));
        }
        self.tally.takeovers += 1;
        let client = self.pages[page].client;
        if !self.ledger.was_copied(client) {
            let what = format!("page {page}: taken over, but nobody else has its session");
            self.fail(Broken::new("S2", what));
        }
        let it = &mut self.pages[page];
        it.backoff = Backoff::default();
        self.lets_session_go(page);
    }

    /// The application has asked for a new link: the count of attempts starts over.
    pub(super) fn starts_over(&mut self, page: usize) {
        self.pages[page].backoff = Backoff {
            fresh: true,
            ..Backoff::default()
        };
    }

    fn drops(
        &mut self,
        page: usize,
        payload: u32,
        ticket: u32,
        reason: DropReason,
        delivered: Delivered,
    ) {
        self.tally.dropped += 1;
        self.pages[page].tickets.remove(&ticket);
        let Some(Held::Up { id, sent, .. }) = self.pages[page].release(payload) else {
            let what = format!("page {page}: drops payload {payload}, which has had its end");
            return self.fail(Broken::new("D1", what));
        };
        self.settles(page, id, sent);
        let certain = delivered == Delivered::No;
        let user = &self.pages[page].user;
        let checked = self.ledger.dropped(id, certain, reason, user);
        self.check(checked);
    }

    pub(super) fn is_taken_back(&mut self, page: usize, payload: u32) {
        let Some(Held::Up {
            id, sent, given, ..
        }) = self.pages[page].release(payload)
        else {
            let what = format!("page {page}: takes back payload {payload}, which has had its end");
            return self.fail(Broken::new("D1", what));
        };
        self.settles(page, id, sent);
        self.pages[page].taken.insert(payload, id);
        let user = &self.pages[page].user;
        // One that links end behind may have been stored all the same.
        let checked = self.ledger.dropped(id, !given, DropReason::Replaced, user);
        self.check(checked);
    }

    fn ticket_settles(&mut self, page: usize, ticket: u32, done: bool) {
        if self.pages[page].saving.remove(&ticket) {
            return;
        }
        let Some(id) = self.pages[page].tickets.remove(&ticket) else {
            let what = format!("page {page}: settles ticket {ticket}, which is settled");
            return self.fail(Broken::new("D1", what));
        };
        if done {
            let checked = self.ledger.is_stored(id, "delivered");
            self.check(checked);
        }
    }

    fn has_gap(
        &mut self,
        page: usize,
        missed: Option<u64>,
        direction: Direction,
        stream: Option<u32>,
    ) {
        self.tally.gaps += 1;
        if direction == Direction::Up {
            let what = format!("page {page}: acknowledged messages are lost: {missed:?}");
            return self.fail(Broken::new("D6", what));
        }
        let it = &self.pages[page];
        let name = stream.and_then(|stream| it.streams.get(stream as usize));
        let session = it.session.clone().unwrap_or_default();
        let name = name.map(String::as_str);
        let checked = self.ledger.page_misses(page, &session, name, missed);
        self.check(checked);
    }
}
