//! What a page puts into storage, so that its messages outlive it.

use std::collections::{BTreeMap, VecDeque};

use steadfast_engine::Input;

use super::asking::{Answer, Waits};
use super::rows::{Asked, Rows};
use crate::browser::{Data, Record, Row};
use crate::plan::Class;
use crate::planted::{self, Bug};
use crate::world::{Step, World};

/// A page's part of storage, and how far it is with that.
#[derive(Debug, Default)]
pub(crate) struct Durable {
    /// Whether messages are kept.
    pub(crate) persists: bool,
    pub(super) phase: Phase,
    /// The times that it was put away: what was asked before means nothing afterwards.
    pub(super) era: u32,
    /// The memory that its session is of, once that is known.
    pub(crate) memory: Option<String>,
    /// A welcome has said that it is this page's user's.
    pub(super) owned: bool,
    /// Stashes whose rows are being moved: they are the page's until that is complete.
    left: Vec<String>,
    /// The memory that a welcome has called another user's, while it is worked off.
    pub(super) leaving: Option<String>,
    /// Where rows go as long as it is not known whose session theirs will be.
    pub(super) stash: Option<String>,
    /// Of the memory, as this page would write it.
    pub(super) record: Record,
    /// Messages that have rows, by payload.
    pub(super) rows: BTreeMap<u32, Kept>,
    /// Tickets of messages that storage has while the page is put away, by place.
    pub(super) parked: BTreeMap<(String, u64), u32>,
    /// For the next transactions.
    pub(super) changes: Rows,
    /// The next transaction is one that the disk has to have.
    strict: bool,
    /// What the next transaction is for.
    next: Vec<Purpose>,
    /// Transactions that are not complete.
    issued: VecDeque<Issued>,
    ready_at: u64,
    /// Hellos in a row that were stale.
    pub(super) stale: u32,
    /// The link that waits for its hello.
    pub(super) greeting: Option<usize>,
    /// Its process dies when it has its session, and is opened again; whether in a tab that remembers nothing.
    pub(super) crashes: Option<bool>,
    /// Storage has failed: all is kept in memory.
    pub(crate) failed: bool,
    /// Then: messages that wait for the page to come back.
    pub(super) shelf: Vec<Kept>,
}

/// How far it is with reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Idle,
    /// It waits for the lock of its memory.
    Waiting(String),
    /// It has the lock, and reads.
    Reading,
    Loaded,
}

/// A message's row.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) memory: String,
    pub(super) seq: u64,
    pub(super) row: Row,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The engine waits for it.
    Commit,
    /// This link's hello tells of the claim in it.
    Hello(usize),
    /// It empties the stash.
    Move,
}

#[derive(Debug, Default)]
struct Issued {
    purposes: Vec<Purpose>,
    is_aborted: bool,
    /// The numbers that the disk has when it is complete.
    numbers: Vec<((String, u64), u64)>,
    /// What it does when it is complete, where nobody has asked for its commit before.
    late: Asked,
}

impl Durable {
    pub(super) fn new(persists: bool) -> Self {
        Self {
            persists,
            ..Self::default()
        }
    }

    /// The row of a message, if it has one that storage has taken or will take.
    pub(super) fn place(&self, payload: u32) -> Option<(String, u64)> {
        let kept = self.rows.get(&payload)?;
        Some((kept.memory.clone(), kept.seq))
    }

    /// The rows of this stash are moved with the next transaction.
    pub(super) fn leaves(&mut self, stash: String) {
        self.left.push(stash);
        self.next.push(Purpose::Move);
    }

    /// Whether the disk has the number of a message, or the message no row.
    pub(super) fn is_written(&self, payload: u32, synced: &Data) -> bool {
        let place = self.place(payload).filter(|_| !self.failed);
        place.is_none_or(|place| synced.rows.get(&place).is_some_and(|row| row.number > 0))
    }

    /// Whether rows of this memory are the page's.
    pub(super) fn uses(&self, memory: &str) -> bool {
        let stashes = self.stash.iter().chain(&self.left);
        let mut own = self.memory.iter().chain(stashes);
        own.any(|own| own == memory)
    }

    /// Where rows go now.
    pub(super) fn target(&self) -> Option<String> {
        self.stash.clone().or_else(|| self.memory.clone())
    }
}

impl World {
    /// The application has sent: the message gets a row.
    pub(super) fn puts_row(&mut self, page: usize, payload: u32, mut row: Row) {
        row.at = self.wall_ms(self.pages[page].wall);
        let durable = &mut self.pages[page].durable;
        let memory = durable.target().unwrap_or_default();
        let seq = durable.changes.next_seq(row.at * 1_000);
        if !durable.owned {
            durable.changes.put_stash(memory.clone(), None);
        }
        let kept = Kept { memory, seq, row };
        durable.changes.send(&kept);
        durable.rows.insert(payload, kept);
    }

    /// The message has its end: its row goes.
    pub(super) fn deletes_row(&mut self, page: usize, payload: u32) {
        let durable = &mut self.pages[page].durable;
        if let Some(Kept { memory, seq, .. }) = durable.rows.remove(&payload) {
            durable.changes.remove(&memory, seq);
        }
    }

    /// The engine has given a message its number.
    pub(super) fn writes_number(&mut self, page: usize, payload: u32, number: u64) {
        let durable = &mut self.pages[page].durable;
        durable.record.last = number;
        if let Some(kept) = durable.rows.get_mut(&payload) {
            kept.row.number = number;
            durable.changes.put(kept);
        }
    }

    /// The engine wants all of that written.
    pub(super) fn commits(&mut self, page: usize) {
        let durable = &mut self.pages[page].durable;
        durable.strict = true;
        durable.next.push(Purpose::Commit);
        self.writes_record(page);
    }

    pub(super) fn writes_record(&mut self, page: usize) {
        let durable = &mut self.pages[page].durable;
        // Before the welcome the stash may be about to be the memory.
        let memory = durable.memory.as_ref().or(durable.stash.as_ref());
        if let Some(memory) = memory.cloned() {
            let record = durable.record.clone();
            durable.changes.put_record(memory, record);
        }
    }

    /// The claim is raised and stored; then the link's hello leaves.
    pub(super) fn stores_claim(&mut self, page: usize, link: usize) {
        let durable = &mut self.pages[page].durable;
        durable.strict = true;
        durable.next.push(Purpose::Hello(link));
        self.writes_record(page);
    }

    /// The end of a task: what came up in it is asked of the databases.
    pub(super) fn flushes(&mut self, page: usize) {
        while !self.pages[page].durable.changes.is_clean()
            || !self.pages[page].durable.next.is_empty()
        {
            let durable = &mut self.pages[page].durable;
            let changes = durable.changes.take();
            let purposes = std::mem::take(&mut durable.next);
            let strict = std::mem::take(&mut durable.strict);
            if durable.failed {
                self.are_done_soon(page, purposes);
            } else {
                self.issues(page, changes, purposes, strict);
            }
        }
    }

    fn issues(&mut self, page: usize, asked: Asked, purposes: Vec<Purpose>, strict: bool) {
        let aborts = self.dice.disk.happens(self.plan.weather.storage_aborts);
        if aborts {
            self.tally.fault(Class::StorageAborts.name());
        }
        let left_out = planted::is(Bug::CommitLeftOut) && !strict;
        let waits = if strict { Waits::Stored } else { Waits::None };
        let (now, mut late) = (self.now, asked);
        let mut numbers = std::mem::take(&mut late.numbers);
        let begins = self.pages[page].durable.owned && late.has_record();
        let Answer { at, is_numbered } = match left_out {
            true => Answer {
                at: Some(now),
                is_numbered: true,
            },
            false => self.asks(page, std::mem::take(&mut late), waits, aborts),
        };
        if !is_numbered {
            numbers.clear();
        }
        if begins {
            self.begins(page);
        }
        let delay = 50 + self.dice.disk.below(self.plan.weather.disk.0 + 1);
        let durable = &mut self.pages[page].durable;
        durable.ready_at = at.unwrap_or(now).max(now + delay).max(durable.ready_at);
        durable.issued.push_back(Issued {
            purposes,
            is_aborted: at.is_none(),
            numbers,
            late,
        });
        let at = durable.ready_at;
        // Until it hears that one was aborted, what it sends may build on that one. It is promised to stay where
        // storage refuses nothing, and a page that hears of it has it in memory.
        if durable.issued.iter().any(|issued| issued.is_aborted) {
            self.doubts_rows(page);
        }
        self.queue.put(at, Step::Stored { page });
    }

    /// The oldest transactions of the page that are not complete are so now, or one is aborted.
    pub(super) fn completes(&mut self, page: usize) {
        let it = &mut self.pages[page];
        let Some(issued) = it.durable.issued.pop_front() else {
            return;
        };
        it.durable.changes.are_written(issued.numbers);
        self.asks(page, issued.late, Waits::None, false);
        if issued.is_aborted {
            self.storage_fails(page);
        }
        if self.pages[page].alive {
            self.are_done_soon(page, issued.purposes);
        }
    }

    /// Where storage has failed nothing leaves before what is to be found by nobody is deleted.
    fn are_done_soon(&mut self, page: usize, purposes: Vec<Purpose>) {
        let durable = &mut self.pages[page].durable;
        if !durable.failed || durable.ready_at <= self.now {
            return self.are_done(page, purposes);
        }
        durable.issued.push_back(Issued {
            purposes,
            ..Issued::default()
        });
        let at = durable.ready_at;
        self.queue.put(at, Step::Stored { page });
    }

    fn are_done(&mut self, page: usize, purposes: Vec<Purpose>) {
        for purpose in purposes {
            match purpose {
                Purpose::Commit => {
                    self.feed(page, Input::Written);
                }
                Purpose::Hello(link) if self.pages[page].link == Some(link) => {
                    self.says_hello(page);
                }
                Purpose::Hello(_) => {}
                Purpose::Move => {
                    for stash in std::mem::take(&mut self.pages[page].durable.left) {
                        self.lets_lock_go(page, &stash);
                    }
                }
            }
        }
    }

    /// What the page has, and what storage has of it, need not be the same.
    fn doubts_rows(&mut self, page: usize) {
        let it = &self.pages[page];
        // The claim, or the token, may not be stored either.
        self.ledger.copies(it.client);
        let browser = &self.storages[it.storage];
        let held = it.durable.rows.values().map(|kept| kept.row.id);
        let stashes = it.durable.stash.iter().chain(&it.durable.left);
        let memories = it.durable.memory.iter().chain(stashes);
        let stored = memories.flat_map(|memory| browser.rows_of(memory));
        let stored = stored.map(|(_, row)| row.id);
        let ids: Vec<usize> = held.chain(stored).collect();
        self.ledger.are_doubtful(&ids);
    }

    /// Storage refuses, or is gone: from here on the page has its memory alone. What it sends now must
    /// not come again from storage, so its rows go, if they can; a page that has only another's rows
    /// leaves them.
    pub(super) fn storage_fails(&mut self, page: usize) {
        let it = &mut self.pages[page];
        if it.durable.failed {
            return;
        }
        self.tally.storage_failures += 1;
        let now = self.now;
        self.trace
            .add(now, || format!("page {page}: storage fails"));
        if let Some(parent) = it.adopts {
            self.page_is_killed(page);
            return self.later(LATER, Step::Watch { page: parent });
        }
        it.durable.failed = true;
        self.forgets_rows(page);
    }

    /// Deletes the rows of what the page has, in transactions that need no room.
    pub(super) fn forgets_rows(&mut self, page: usize) {
        let durable = &mut self.pages[page].durable;
        let held: Vec<Kept> = durable.rows.values().cloned().collect();
        let asked = durable.changes.give_up(&held, &durable.left);
        let aborts = self.dice.disk.happens(self.plan.weather.storage_aborts);
        match self.asks(page, asked, Waits::Both, aborts).at {
            Some(at) => {
                let durable = &mut self.pages[page].durable;
                durable.ready_at = durable.ready_at.max(at);
            }
            None => {
                // What could not be deleted is sent from here, and perhaps found and sent again.
                let ids: Vec<usize> = held.iter().map(|kept| kept.row.id).collect();
                self.ledger.are_set_back(&ids);
                self.doubts_rows(page);
            }
        }
    }
}

/// When a page looks again for what could not be delivered.
const LATER: u64 = 30_000_000;
