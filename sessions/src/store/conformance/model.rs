//! Any program of requests, against a model that is too simple to be wrong.

use std::collections::BTreeMap;

mod effects;
mod snapshots;
mod state;

use self::effects::word;
use self::state::{Kept, Log, Session};
use super::Subject;
use super::bench::{Bench, refused};
use crate::store::{Accepted, Append, Claim, Claimed, Refused, StoreError, Term};

const NAMES: [&str; 3] = ["s1", "s2", "s3"];
const ROOMS: [&str; 2] = ["den", "hall"];
const OUTBOX: usize = 6;
const ROOM: usize = 4;
const HOUR: u64 = 3_600_000;

/// A step: any four bytes are one.
pub type Step = [u8; 4];

/// Carries out a program; panics where the store and the model differ.
pub fn run(store: impl Subject, steps: &[Step]) {
    let mut bench = Bench::new(store);
    bench.limits.outbox_messages = OUTBOX as u32;
    bench.limits.room_messages = ROOM as u32;
    bench.snapshot_limits.documents = 2;
    bench.snapshot_limits.quota_bytes = snapshots::QUOTA;
    bench.snapshot_limits.ttl_ms = 50_000;
    let mut world = World {
        bench,
        sessions: BTreeMap::new(),
        rooms: BTreeMap::new(),
        documents: BTreeMap::new(),
        memories: BTreeMap::new(),
        said: 0,
    };
    for step in steps {
        world.step(*step);
    }
    world.compare();
}

struct World<S> {
    bench: Bench<S>,
    sessions: BTreeMap<&'static str, Session>,
    rooms: BTreeMap<&'static str, Log>,
    documents: BTreeMap<&'static str, Kept>,
    /// By memory: who speaks for it, the number stored last, and when it was used.
    memories: BTreeMap<String, (Term, u64, u64)>,
    said: u64,
}

impl<S: Subject> World<S> {
    fn step(&mut self, [what, who, a, b]: Step) {
        let name = NAMES[usize::from(who) % NAMES.len()];
        if !self.sessions.contains_key(name) {
            return self.open(name, a);
        }
        match what % 22 {
            0 | 1 => self.resume(name, a, b),
            2 => self.refused_hello(name, a),
            3..=5 => self.append(name, a, b),
            6 | 7 => self.commit(name, a, b),
            8 => self.acknowledge(name, a, b),
            9 => self.read(name, a, b),
            10 | 11 => self.send(name, a, b),
            12 => self.old_term(name, a),
            13 => self.time_passes(a),
            14 => self.end(name, a),
            15..=17 => self.save_checkpoint(name, a, b),
            18 => self.save_document(a, b),
            19 | 20 => self.begin(name, a, b),
            _ => self.bench.store.restart(),
        }
    }

    fn text(&mut self) -> String {
        self.said += 1;
        format!("m{}", self.said)
    }

    fn open(&mut self, name: &'static str, a: u8) {
        if self.bench.row(format!("s/{name}").as_bytes()).is_some() {
            // The tombstone of one that has ended.
            return;
        }
        let mut hello = self.bench.hello(name);
        hello.instance = format!("i{}", a % 10).into();
        hello.memories = vec![hello.instance.clone()];
        let accepted = self.bench.accepted(&hello);
        let memory = self.speak(&accepted);
        let instance = hello.instance.to_string();
        let session = Session {
            term: accepted.term,
            old_term: Term::default(),
            tokens: vec![hello.new_token],
            memory,
            instance,
            claim: 1,
            inbox: Vec::new(),
            cursor: 0,
            outbox: Log {
                epoch: Some(accepted.streams[0].epoch),
                ..Log::default()
            },
            acknowledged: 0,
            rooms: BTreeMap::new(),
            seen_ms: self.bench.wall_ms,
            checkpoint: None,
        };
        self.sessions.insert(name, session);
    }

    /// A hello with a good token: overtaken, or the next owner's.
    fn resume(&mut self, name: &'static str, a: u8, b: u8) {
        let session = &self.sessions[name];
        let token = &session.tokens[usize::from(a) % session.tokens.len()];
        let claim = (session.claim + 2).saturating_sub(u64::from(b % 4));
        let mut hello = self.bench.again(name, token, claim);
        hello.new_token = format!("{name}-{}", hello.nonce);
        hello.instance = format!("i{}", b % 10).into();
        hello.memories = vec![hello.instance.clone()];
        if a & 0x80 != 0 {
            let epoch = session.outbox.epoch.unwrap_or_default() ^ u32::from(b & 0x40 != 0);
            hello.positions = vec![(String::new(), epoch, u64::from(a % 16))];
        }
        if claim <= session.claim {
            let rows = self.bench.store.rows();
            let same = *hello.instance == *session.instance;
            let claimed = self.bench.claim(&hello);
            assert!(matches!(
                (claimed, same),
                (Claimed::Stale, true) | (Claimed::TakenOver, false)
            ));
            assert_eq!(self.bench.store.rows(), rows);
            return;
        }
        self.accept(name, &hello);
    }

    fn accept(&mut self, name: &'static str, hello: &Claim) {
        let accepted = self.bench.accepted(hello);
        self.speak(&accepted);
        let rows = self.sessions_rows();
        let again = self.bench.accepted(hello);
        assert_eq!(again.term, accepted.term);
        assert_eq!(
            self.sessions_rows(),
            rows,
            "a claim that was carried out changes nothing"
        );
        let memory = self.speak(&again);
        assert_ne!(
            memory.1, accepted.memories[0].term,
            "one for each execution"
        );
        let told = self.told(name, hello, &accepted);
        let session = self.sessions.get_mut(name).expect("it is known");
        let presented = hello.resume.as_ref().expect("it resumes").1.clone();
        session.tokens = vec![presented, hello.new_token.clone()];
        session.old_term = std::mem::replace(&mut session.term, accepted.term);
        session.claim = hello.claim;
        session.instance = hello.instance.to_string();
        session.seen_ms = self.bench.wall_ms;
        session.memory = memory;
        assert_eq!(accepted.inbox_last, session.inbox.len() as u64);
        assert_eq!(accepted.cursor, session.cursor as u64);
        let start = &accepted.streams[0];
        let ahead =
            |(epoch, number)| Some(epoch) == session.outbox.epoch && number > session.outbox.last;
        let expected = told.goes_on(&session.outbox, session.acknowledged, "");
        assert_eq!((start.after, start.gap.clone()), expected, "{hello:?}");
        assert_eq!(
            Some(start.epoch) != session.outbox.epoch,
            told.position("").is_some_and(ahead)
        );
        session.outbox.epoch = Some(start.epoch);
        for start in &accepted.streams[1..] {
            let (room, acknowledged) = session.rooms.get_key_value(&*start.stream).expect("a room");
            let expected = told.goes_on(&self.rooms[room], *acknowledged, room);
            assert_eq!((start.after, start.gap.clone()), expected, "{hello:?}");
        }
        assert_eq!(accepted.streams.len(), session.rooms.len() + 1);
    }

    /// What a claim says of its memory.
    fn speak(&mut self, accepted: &Accepted) -> (String, Term) {
        let [memory] = &accepted.memories[..] else {
            panic!("{:?}", accepted.memories);
        };
        let name = memory.name.to_string();
        let known = self.memories.get(&name).map_or(0, |known| known.1);
        assert_eq!(memory.received, [0, known, 0], "{name}");
        let now_ms = self.bench.wall_ms;
        self.memories
            .insert(name.clone(), (memory.term, known, now_ms));
        (name, memory.term)
    }

    /// All rows but those of memories.
    fn sessions_rows(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut rows = self.bench.store.rows();
        rows.retain(|(key, _)| !matches!(key[0], b'k' | b'u' | b'a' | b'g'));
        rows
    }

    fn refused_hello(&mut self, name: &'static str, a: u8) {
        let known = self.bench.row(format!("s/{name}").as_bytes());
        let mut hello = self.bench.again(name, "no token", 1_000);
        hello.instance = format!("x{a}").into();
        hello.memories = Vec::new();
        hello.new_session = format!("other-{}", hello.nonce).into();
        let accepted = self.bench.accepted(&hello);
        assert_eq!(accepted.session, hello.new_session);
        assert_eq!(self.bench.row(format!("s/{name}").as_bytes()), known);
    }

    fn append(&mut self, name: &'static str, a: u8, b: u8) {
        let some: Vec<_> = (0..a % 5).map(|_| self.text()).collect();
        let session = self.sessions.get_mut(name).expect("it is known");
        let (memory, held) = session.memory.clone();
        let known = self.memories.get_mut(&memory).filter(|it| it.0 == held);
        let count = known.as_ref().map_or(0, |known| known.1);
        let after = (count + 2)
            .saturating_sub(u64::from(b.is_multiple_of(3)))
            .saturating_sub(2 * u64::from(!b.is_multiple_of(5)));
        let payloads = some.iter().map(|text| crate::Payload::text(&**text));
        let append = Append {
            memories: vec![(memory.as_str().into(), held)],
            ..self
                .bench
                .append_of(name, session.term, &memory, after, payloads)
        };
        let up_to = after + some.len() as u64;
        let result = self.bench.append_all(append.clone());
        let Some(known) = known else {
            return assert_eq!(refused(result), Refused::Memory);
        };
        if up_to <= count || after >= count {
            if up_to > count && !some.is_empty() {
                for (number, text) in (after + 1..).zip(some) {
                    session.inbox.push((memory.clone(), number, text));
                }
                (known.1, known.2) = (up_to, self.bench.wall_ms);
            }
            let appended = result.expect("it is appended");
            assert_eq!(appended.inbox_last, session.inbox.len() as u64);
            let rows = self.bench.store.rows();
            assert_eq!(self.bench.append_all(append), Ok(appended));
            assert_eq!(self.bench.store.rows(), rows);
        } else {
            assert_eq!(refused(result), Refused::Expected);
        }
    }

    fn acknowledge(&mut self, name: &'static str, a: u8, b: u8) {
        let session = self.sessions.get_mut(name).expect("it is known");
        let (stream, log) = match session.rooms.keys().nth(usize::from(b % 4)) {
            Some(room) => (*room, &self.rooms[room]),
            None => ("", &session.outbox),
        };
        let number = (log.first() + 2).saturating_sub(u64::from(a % 4));
        let epoch = log.epoch.unwrap_or_default() ^ u32::from(a >= 0xf0);
        let (term, position) = (session.term, (epoch, number));
        let good = a < 0xf0 && number <= log.last;
        let held = session.rooms.get(stream).copied();
        let held = held.unwrap_or(session.acknowledged);
        if let Some(kept) = &mut session.checkpoint {
            let own = log.epoch.unwrap_or_default();
            let position = kept.positions.entry(stream.to_owned());
            position.or_insert((own, held));
        }
        if good && stream.is_empty() {
            session.acknowledge(number);
        } else if good && !stream.is_empty() {
            let held = session.rooms.get_mut(stream).expect("it is subscribed");
            *held = number.max(*held);
        }
        self.bench
            .acknowledge(name, term, stream, position)
            .expect("it is owned");
        let rows = self.bench.store.rows();
        self.bench
            .acknowledge(name, term, stream, position)
            .expect("it is owned");
        assert_eq!(self.bench.store.rows(), rows);
    }

    fn read(&mut self, name: &'static str, a: u8, b: u8) {
        let session = &self.sessions[name];
        let (stream, log) = match session.rooms.keys().nth(usize::from(b % 4)) {
            Some(room) => (*room, &self.rooms[room]),
            None => ("", &session.outbox),
        };
        let after = u64::from(a % 16);
        let read = self
            .bench
            .try_read(name, session.term, stream, after)
            .expect("it is owned");
        assert_eq!((read.rows, read.last), (log.after(after), log.last));
        assert_eq!(Some(read.epoch), log.epoch);
        let missing = (after + 1 < log.first()).then_some(log.gone);
        assert_eq!(read.missing.as_deref(), missing);
    }

    fn old_term(&mut self, name: &'static str, a: u8) {
        let old = self.sessions[name].old_term;
        let rows = self.bench.store.rows();
        let result = match a % 4 {
            0 => self.bench.append(name, old, 0, &["x"]).map(|_| ()),
            1 => self.bench.try_read(name, old, "", 0).map(|_| ()),
            2 => self.bench.end(name, old).map(|_| ()),
            _ => self.bench.acknowledge(name, old, "", (0, 1)),
        };
        assert_eq!(refused(result), Refused::Term);
        assert_eq!(self.bench.store.rows(), rows);
    }

    fn end(&mut self, name: &'static str, a: u8) {
        let session = &self.sessions[name];
        if !a.is_multiple_of(4) || session.cursor < session.inbox.len() {
            return;
        }
        let left = session.outbox.rows.len() as u64;
        assert_eq!(self.bench.end(name, session.term), Ok(left));
        self.sessions.remove(name);
    }

    /// Up to 40 seconds, or a little more than an hour.
    fn time_passes(&mut self, a: u8) {
        self.bench.wall_ms += if a == 0 { HOUR + 1 } else { u64::from(a) * 160 };
        self.bench.expire_all(1_000);
        let now_ms = self.bench.wall_ms;
        let old = |ms: u64| ms < now_ms - 60_000;
        let bench = &mut self.bench;
        self.sessions.retain(|name, session| {
            if old(session.seen_ms) {
                session
                    .outbox
                    .drop_first(session.outbox.rows.len(), "expired");
            }
            let gone = bench.inbox(name, 0) == Err(StoreError::Refused(Refused::Unknown));
            let waits = session.cursor < session.inbox.len();
            assert!(
                !gone || (session.seen_ms < now_ms - HOUR && !waits),
                "{name} is gone"
            );
            !gone
        });
        self.memories_expire(now_ms.saturating_sub(HOUR));
        self.snapshots_expire(now_ms - self.bench.snapshot_limits.ttl_ms);
        let sessions = &self.sessions;
        for (name, log) in &mut self.rooms {
            let count = log.rows.iter().filter(|row| old(row.2)).count();
            log.drop_first(count, "expired");
            log.idle =
                log.rows.is_empty() && !sessions.values().any(|it| it.rooms.contains_key(name));
        }
    }

    /// Those that nobody has used for an hour are forgotten, and no others.
    fn memories_expire(&mut self, before_ms: u64) {
        let bench = &mut self.bench;
        self.memories.retain(|name, (_, _, used_ms)| {
            let known = bench.row(format!("k/{name}").as_bytes());
            let known = known.is_some_and(|(key, _)| key.len() == name.len() + 2);
            assert_eq!(known, *used_ms >= before_ms, "{name}");
            known
        });
    }

    /// Everything that is there, and nothing else, is read.
    fn compare(&mut self) {
        for (name, session) in &self.sessions {
            let entries = self.bench.inbox(name, 0).expect("it is known");
            let entries = entries
                .iter()
                .map(|entry| (entry.memory.to_string(), entry.number, word(&entry.payload)));
            assert!(entries.eq(session.inbox[session.cursor..].iter().cloned()));
            let read = self
                .bench
                .try_read(name, session.term, "", 0)
                .expect("it is owned");
            assert_eq!(read.rows, session.outbox.after(0));
        }
        self.compare_documents();
    }
}

/// A program that is the same for the same seed.
#[must_use]
pub fn program(seed: u64, steps: usize) -> Vec<Step> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as u32
    };
    (0..steps).map(|_| step().to_le_bytes()).collect()
}
