//! Storage by names, and its locks, as a client with a durable queue is to use them.

use std::collections::{BTreeMap, BTreeSet};

use steadfast_engine::{Config, Input, Instant, MEMORY_FOUND, ORPHANS, Output, Restored, Send};

use super::Payload;

/// Memory, lane, and number.
pub(crate) type Name = (u32, usize, u64);

/// Keeps what the engine puts, and panics at the first thing that must not be.
///
/// 1. A name is put once and for ever, and numbers rise within a lane.
/// 2. What is kept is marked before it is reported dropped, unless its memory has ended, and erased before it is
///    discarded.
/// 3. A memory is read under its lock, one question at a time, and forgotten when nothing of it is here.
/// 4. A page that is put away, or lets go, leaves everything to storage: it has nothing, and holds no lock.
#[derive(Default)]
pub(crate) struct Rows {
    disk: BTreeMap<Name, Row>,
    put: BTreeMap<(u32, usize), u64>,
    records: BTreeMap<u32, Record>,
    ended: BTreeSet<u32>,
    /// Those that were asked for, and whether this page has them.
    locks: BTreeMap<u32, bool>,
    /// What was asked and is not answered, the oldest first.
    pub(crate) asks: Vec<Ask>,
    /// How far each memory was read under its lock, and whether that was all.
    read: BTreeMap<u32, (Name, bool)>,
    /// What the input takes out of the page.
    pub(crate) leaving: bool,
    /// How many rows one reading gives.
    pub(crate) batch: usize,
}

/// A message in storage.
#[derive(Clone, Debug)]
struct Row {
    send: Send<Payload>,
    at: Instant,
}

/// What is known of a memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) place: u64,
    pub(crate) user: u32,
    pub(crate) follows: bool,
}

/// A question to storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Recall,
    Lock(u32),
    Read(u32),
    Forget(u32),
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self {
            batch: 1_000,
            ..Self::default()
        }
    }

    /// Another page has left these messages; without a record nobody knows what became of them.
    pub(crate) fn leave(
        &mut self,
        record: Option<Record>,
        rows: impl IntoIterator<Item = Restored<Payload>>,
    ) {
        for Restored {
            memory,
            send,
            number,
        } in rows
        {
            if self.ended.contains(&memory) {
                continue;
            }
            if let Some(record) = record {
                self.records.insert(memory, record);
            }
            let (lane, at) = (send.priority as usize, Instant::ZERO);
            self.put.insert((memory, lane), number);
            self.disk.insert((memory, lane, number), Row { send, at });
        }
    }

    /// Another page has delivered all of a memory, and deleted it.
    pub(crate) fn wipe(&mut self, memory: u32) {
        self.disk.retain(|(of, ..), _| *of != memory);
        self.records.remove(&memory);
    }

    /// The memories that storage knows.
    pub(crate) fn memories(&self) -> Vec<u32> {
        let rows = self.disk.keys().map(|(memory, ..)| memory);
        let memories: BTreeSet<_> = rows.chain(self.records.keys()).copied().collect();
        memories.into_iter().collect()
    }

    /// The last number of a lane that was ever in storage.
    pub(crate) fn last(&self, memory: u32, lane: usize) -> u64 {
        self.put.get(&(memory, lane)).copied().unwrap_or(0)
    }

    /// The number of the next memory that another page leaves.
    pub(crate) fn next_memory(&self) -> u32 {
        let last = self.put.keys().next_back();
        last.map_or(MEMORY_FOUND, |(memory, _)| (memory + 1).max(MEMORY_FOUND))
    }

    /// Whether storage still has this one.
    pub(crate) fn has(&self, name: Name) -> bool {
        self.disk.contains_key(&name)
    }

    /// All rows, as another page would read them.
    pub(crate) fn all(&self) -> impl Iterator<Item = Restored<Payload>> {
        let rows = self.disk.iter();
        rows.map(|((memory, _, number), row)| restore(*memory, *number, row.send.clone()))
    }

    /// A row of which there is no message here.
    pub(crate) fn stray(&self, is_held: impl Fn(Payload) -> bool) -> Option<Restored<Payload>> {
        self.all().find(|row| !is_held(row.send.payload))
    }

    pub(crate) fn before(&mut self, input: &Input<Payload>) {
        match input {
            Input::Suspend | Input::Release { stored: true } => self.leaving = true,
            Input::Locked { memory, held } if *held && self.locks.contains_key(memory) => {
                self.locks.insert(*memory, true);
            }
            Input::Locked { memory, .. } => drop(self.locks.remove(memory)),
            Input::Read { memory, more, .. } => {
                self.read.entry(*memory).or_default().1 = !more;
            }
            Input::Forgotten { memory, empty } => {
                self.read.remove(memory);
                if *empty {
                    self.records.remove(memory);
                }
            }
            _ => {}
        }
    }

    /// A message of this name was put.
    pub(crate) fn put(&mut self, now: Instant, name: Name, send: &Send<Payload>, user: u32) {
        let (memory, lane, number) = name;
        let last = self.put.insert((memory, lane), number);
        assert!(last < Some(number), "{name:?} was put after {last:?}");
        assert!(!send.volatile && !self.ended.contains(&memory), "{name:?}");
        let (send, at) = (send.clone(), now);
        assert!(self.disk.insert(name, Row { send, at }).is_none());
        let place = u64::from(memory) + 1_000;
        let follows = true;
        self.records.entry(memory).or_insert(Record {
            place,
            user,
            follows,
        });
    }

    /// A message of this name is marked or erased.
    pub(crate) fn delete(&mut self, output: &Output<Payload>, name: Name) {
        assert!(
            self.disk.remove(&name).is_some(),
            "{output}: is in no storage"
        );
    }

    /// The application is told that a message of this name has met its end.
    pub(crate) fn ends(&self, output: &Output<Payload>, name: Name) {
        let (memory, ..) = name;
        assert!(
            !self.disk.contains_key(&name) || self.ended.contains(&memory),
            "{output}: storage may bring it back"
        );
    }

    /// `holds`: whether there is a message of this memory here.
    pub(crate) fn came_out(&mut self, output: &Output<Payload>, holds: impl Fn(u32) -> bool) {
        match *output {
            Output::Ended(memory) => {
                self.ended.insert(memory);
                self.disk.retain(|(of, ..), _| *of != memory);
                self.records.remove(&memory);
            }
            Output::Recall => {
                self.asks.retain(|ask| *ask != Ask::Recall);
                self.asks.push(Ask::Recall);
            }
            Output::Lock { memory, .. } => {
                // One that was asked for before is asked for no more.
                self.locks.entry(memory).or_insert(false);
                self.asks.retain(|ask| *ask != Ask::Lock(memory));
                self.asks.push(Ask::Lock(memory));
            }
            Output::Unlock(memory) => {
                self.locks.remove(&memory);
                self.read.remove(&memory);
                let about = [Ask::Lock(memory), Ask::Read(memory), Ask::Forget(memory)];
                self.asks.retain(|ask| !about.contains(ask));
            }
            Output::Read(memory) => {
                assert!(self.is_locked(memory), "{output}: without its lock");
                assert!(!self.reads(memory), "{output}: again");
                self.asks.push(Ask::Read(memory));
            }
            Output::Forget(memory) => {
                // Of one that this page began it has read nothing.
                assert!(self.is_locked(memory) || memory < MEMORY_FOUND, "{output}");
                assert!(self.is_read(memory), "{output}: there is more");
                assert!(!holds(memory), "{output}: something of it is here");
                self.asks.push(Ask::Forget(memory));
            }
            _ => {}
        }
    }

    /// Whether this page has the lock of this memory.
    pub(crate) fn is_locked(&self, memory: u32) -> bool {
        self.locks.get(&memory) == Some(&true)
    }

    /// Whether the lock of this memory was asked for, and is not this page's.
    pub(crate) fn is_locking(&self, memory: u32) -> bool {
        self.asks.contains(&Ask::Lock(memory))
    }

    /// Whether this memory is being read.
    pub(crate) fn reads(&self, memory: u32) -> bool {
        self.asks.contains(&Ask::Read(memory))
    }

    /// Whether all that was to be read of this memory was.
    pub(crate) fn is_read(&self, memory: u32) -> bool {
        let read = self.read.get(&memory);
        read.map_or(memory < MEMORY_FOUND, |(_, all)| *all)
    }

    pub(crate) fn drained(&mut self, held: usize, over: bool) {
        if core::mem::take(&mut self.leaving) || over {
            assert_eq!(held, 0, "a page that was put away holds messages");
            assert_eq!(self.locks, BTreeMap::new(), "locks are held for ever");
            self.asks.clear();
            self.read.clear();
        }
    }

    /// The next question that is to be answered at once.
    pub(crate) fn next_ask(&self) -> Option<Ask> {
        let mut asks = self.asks.iter();
        asks.find(|ask| !ask.is_for_orphans()).copied()
    }

    /// What the next question is answered with; `no`: a lock that another page has.
    pub(crate) fn answer(
        &mut self,
        ask: Ask,
        no: bool,
        own: u32,
        now: Instant,
        config: &Config,
    ) -> Vec<Input<Payload>> {
        self.asks.retain(|other| *other != ask);
        match ask {
            Ask::Recall => {
                let others = self.memories().into_iter().filter(|memory| *memory != own);
                let found = others.map(|memory| self.found(memory));
                found.chain([Input::Recalled]).collect()
            }
            Ask::Lock(memory) => {
                let held = !no || self.is_locked(memory);
                vec![Input::Locked { memory, held }]
            }
            Ask::Read(memory) => self.next_rows(memory, now, config),
            Ask::Forget(memory) => {
                let empty = !self.disk.keys().any(|(of, ..)| *of == memory);
                vec![Input::Forgotten { memory, empty }]
            }
        }
    }

    /// What storage tells of this memory.
    pub(crate) fn found(&self, memory: u32) -> Input<Payload> {
        let record = self.records.get(&memory);
        Input::Found {
            memory,
            place: record.map_or(u64::MAX / 2, |record| record.place),
            follows: record.is_some_and(|record| record.follows),
        }
    }

    fn next_rows(&mut self, memory: u32, now: Instant, config: &Config) -> Vec<Input<Payload>> {
        let after = self.read.get(&memory).map_or((memory, 0, 0), |read| read.0);
        let range = after..=(memory, usize::MAX, u64::MAX);
        let rows = self.disk.range(range).filter(|(name, _)| **name != after);
        let mut some: Vec<_> = rows.collect();
        let more = some.len() > self.batch;
        some.truncate(self.batch);
        let last = some.last().map_or(after, |(name, _)| **name);
        let rows = some.iter().map(|((.., number), row)| {
            let mut send = row.send.clone();
            let ends = row.at + send.ttl.unwrap_or(config.queue.ttl);
            if row.at > Instant::ZERO {
                send.ttl = (ends != Instant::NEVER).then(|| ends.since(now));
            }
            Input::Restored(restore(memory, *number, send))
        });
        let record = self.records.get(&memory);
        let read = Input::Read {
            memory,
            user: record.map_or(0, |record| record.user),
            lost: record.is_none() && !some.is_empty(),
            more,
        };
        let answers = rows.chain([read]).collect();
        self.read.insert(memory, (last, false));
        answers
    }
}

fn restore(memory: u32, number: u64, mut send: Send<Payload>) -> Restored<Payload> {
    send.ticket = 0;
    Restored {
        memory,
        send,
        number,
    }
}

impl Ask {
    /// Whether it is for the lock of all orphans.
    pub(crate) fn is_for_orphans(self) -> bool {
        self == Self::Lock(ORPHANS)
    }
}
