//! Storage, as a client with a durable queue is to use it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use steadfast_engine::{Config, Input, Instant, Output, Restored, Send};

use super::Payload;

/// Keeps what the engine leaves to storage, and panics at the first thing that must not be.
///
/// 1. A number is written, and committed, before its message leaves; it is the one that the message
///    then has on its link.
/// 2. One commit at a time, and nothing is numbered while it is under way, nor before storage was read.
/// 3. A page that is put away, or lets go, leaves everything to storage, and has nothing.
#[derive(Default)]
pub(crate) struct Rows {
    rows: BTreeMap<Payload, Row>,
    /// The last number in a commit.
    pub(crate) last: u64,
    /// Numbers that are given, and not committed.
    written: Vec<(Payload, u64)>,
    /// Whether a commit waits for its answer.
    pub(crate) commits: bool,
    /// Messages that have a number and were not given to a link.
    unsent: VecDeque<(Payload, u64)>,
    /// Messages that came from storage with a number, and were not settled yet.
    kept: BTreeSet<Payload>,
    /// Whether storage was read.
    pub(crate) recalled: bool,
    suspending: bool,
}

/// A message in storage.
#[derive(Clone, Debug)]
struct Row {
    send: Send<Payload>,
    /// 0: none.
    number: u64,
    at: Instant,
}

impl Rows {
    pub(crate) fn before(&mut self, input: &Input<Payload>) {
        match input {
            Input::Written => {
                assert!(self.commits, "the test answers a commit that there is not");
                self.commits = false;
                self.commit();
            }
            Input::Suspend | Input::Release { stored: true } => self.suspending = true,
            Input::Restored(Restored { send, number }) => {
                let row = Row {
                    send: send.clone(),
                    number: *number,
                    at: Instant::ZERO,
                };
                self.rows.entry(send.payload).or_insert(row);
                if *number > 0 {
                    self.kept.insert(send.payload);
                }
            }
            Input::Recalled { last } => {
                self.recalled = true;
                self.last = *last;
            }
            _ => {}
        }
    }

    /// What was given is written.
    fn commit(&mut self) {
        for (payload, number) in core::mem::take(&mut self.written) {
            self.last = self.last.max(number);
            if let Some(row) = self.rows.get_mut(&payload) {
                row.number = number;
            }
        }
    }

    pub(crate) fn accepted(&mut self, now: Instant, send: &Send<Payload>) {
        if !send.volatile {
            let row = Row {
                send: send.clone(),
                number: 0,
                at: now,
            };
            self.rows.insert(send.payload, row);
        }
    }

    /// A message has met its end.
    pub(crate) fn forget(&mut self, payload: Payload) {
        self.rows.remove(&payload);
        self.kept.remove(&payload);
        self.unsent.retain(|(unsent, _)| *unsent != payload);
    }

    pub(crate) fn opened(&mut self) {
        self.kept.clear();
        self.unsent.clear();
    }

    /// `next`: the number that the next message on this link has.
    pub(crate) fn came_out(&mut self, output: &Output<Payload>, next: u64) {
        match output {
            Output::Write { payload, number } => {
                assert!(self.recalled && !self.commits, "{output}: not now");
                self.written.push((*payload, *number));
                self.unsent.push_back((*payload, *number));
            }
            Output::Commit => {
                assert!(!self.written.is_empty(), "a commit of nothing");
                self.commits = true;
            }
            Output::Transmit(payload) => {
                assert_eq!(self.unsent.pop_front(), Some((*payload, next)), "{output}");
                let numbers = self.written.iter();
                assert!(
                    !numbers.map(|(written, _)| written).any(|it| it == payload),
                    "{output}: before its number was written"
                );
            }
            Output::Release(payload) => {
                assert!(
                    self.rows.contains_key(payload),
                    "{output}: is in no storage"
                );
                if !self.suspending {
                    self.rows.remove(payload);
                }
                self.kept.remove(payload);
                self.unsent.retain(|(unsent, _)| unsent != payload);
            }
            _ => {}
        }
    }

    /// Messages that have a number and are not on a link.
    pub(crate) fn aside(&self) -> usize {
        self.kept.len() + self.unsent.len()
    }

    pub(crate) fn drained(&mut self, held: usize) {
        assert!(self.written.is_empty() || self.commits, "written in part");
        if core::mem::take(&mut self.suspending) {
            assert_eq!(held, 0, "a page that was put away holds messages");
            self.commit();
            self.recalled = false;
        }
    }

    /// What the next page reads: messages in their order, and the last number.
    pub(crate) fn read(&self, now: Instant, config: &Config) -> (Vec<Restored<Payload>>, u64) {
        let mut rows: Vec<&Row> = self.rows.values().collect();
        rows.sort_by_key(|row| if row.number > 0 { row.number } else { u64::MAX });
        let restored = rows.into_iter().map(|row| {
            let mut send = row.send.clone();
            let ends = row.at + send.ttl.unwrap_or(config.queue.ttl);
            send.ttl = (ends != Instant::NEVER).then(|| ends.since(now));
            Restored {
                send,
                number: row.number,
            }
        });
        (restored.collect(), self.last)
    }
}
