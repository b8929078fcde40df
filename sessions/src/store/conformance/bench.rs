//! Short words for what the cases say often.

use std::collections::BTreeMap;
use std::sync::Arc;

pub mod saves;

use super::Subject;
use crate::Payload;
use crate::io::{Effect, OutboxOverflow, SessionId};
use crate::store::{
    Accepted, Adopt, Append, Appended, Claim, Claimed, Commit, Committed, Entry, Limits, Memory,
    Refused, Reply, Request, Row, SnapshotLimits, StoreError, StreamStart, Term, Upward,
};

/// Bounds that no case meets by accident.
pub const LIMITS: Limits = Limits {
    outbox_messages: 10_000,
    outbox_bytes: 4 << 20,
    outbox_overflow: OutboxOverflow::Refuse,
    room_messages: 1_000,
    room_bytes: 1 << 20,
};

/// A store, and the words.
pub struct Bench<S> {
    pub store: S,
    pub limits: Limits,
    pub snapshot_limits: SnapshotLimits,
    pub wall_ms: u64,
    /// On whose behalf memories are spoken for, by name.
    pub terms: BTreeMap<Arc<str>, Term>,
    drawn: u64,
}

impl<S: Subject> Bench<S> {
    pub fn new(store: S) -> Self {
        Self {
            store,
            limits: LIMITS,
            snapshot_limits: saves::LIMITS,
            wall_ms: 1_000_000,
            terms: BTreeMap::new(),
            drawn: 0,
        }
    }

    /// A hello of instance "i1" with claim 1 that asks for a new session of this id, and speaks for the
    /// memory `m-<id>`; the token for the next is `<id>-1`.
    pub fn hello(&mut self, new_session: &str) -> Claim {
        self.drawn += 1;
        Claim {
            resume: None,
            instance: "i1".into(),
            claim: 1,
            memories: vec![memory_of(new_session)],
            user: "ann".to_owned(),
            endpoint: "/ws".to_owned(),
            rooms: Vec::new(),
            positions: Vec::new(),
            snapshot: None,
            new_session: new_session.into(),
            new_token: format!("{new_session}-1"),
            nonce: self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            wall_ms: self.wall_ms,
        }
    }

    /// A hello of instance "i1" that brings `token`, claims with `claim`, and is given the token
    /// `<id>-<claim>`.
    pub fn again(&mut self, session: &str, token: &str, claim: u64) -> Claim {
        let spare = format!("spare-{}", self.drawn);
        Claim {
            resume: Some((session.into(), token.to_owned())),
            claim,
            memories: vec![memory_of(session)],
            new_token: format!("{session}-{claim}"),
            ..self.hello(&spare)
        }
    }

    pub fn claim(&mut self, claim: &Claim) -> Claimed {
        match self.execute(Request::Claim(claim.clone())) {
            Ok(Reply::Claimed(claimed)) => {
                if let Claimed::Accepted(accepted) = &claimed {
                    self.learn(&accepted.memories);
                }
                claimed
            }
            other => panic!("claim: {other:?}"),
        }
    }

    fn learn(&mut self, memories: &[Memory]) {
        let terms = memories.iter().map(|it| (Arc::clone(&it.name), it.term));
        self.terms.extend(terms);
    }

    /// Speaks for one more memory.
    pub fn adopt(
        &mut self,
        accepted: &Accepted,
        memory: &str,
    ) -> Result<Option<Memory>, StoreError> {
        self.drawn += 1;
        let adopt = Adopt {
            session: SessionId::clone(&accepted.session),
            term: accepted.term,
            memory: id(memory),
            nonce: self.drawn,
            wall_ms: self.wall_ms,
        };
        match self.execute(Request::Adopt(adopt))? {
            Reply::Adopted(memory) => {
                self.learn(memory.as_slice());
                Ok(memory)
            }
            other => panic!("adopt: {other:?}"),
        }
    }

    pub fn forget(&mut self, memory: &str, term: Term) {
        let memory = id(memory);
        let reply = self.execute(Request::Forget { memory, term });
        assert!(matches!(reply, Ok(Reply::Done)), "{reply:?}");
    }

    pub fn accepted(&mut self, claim: &Claim) -> Accepted {
        match self.claim(claim) {
            Claimed::Accepted(accepted) => *accepted,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// A new session "s1".
    pub fn open(&mut self) -> Accepted {
        self.open_as("s1")
    }

    pub fn open_as(&mut self, id: &str) -> Accepted {
        let hello = self.hello(id);
        self.accepted(&hello)
    }

    pub fn execute(&mut self, request: Request) -> Result<Reply, StoreError> {
        self.store.execute(request)
    }

    pub fn append(
        &mut self,
        session: &str,
        term: Term,
        after: u64,
        texts: &[&str],
    ) -> Result<Appended, StoreError> {
        let texts = texts.iter().map(|text| Payload::text(*text));
        let append = self.append_of(session, term, &memory_of(session), after, texts);
        self.append_all(append)
    }

    /// These messages, behind number `after` in the middle lane of a memory.
    pub fn append_of(
        &self,
        session: &str,
        term: Term,
        memory: &str,
        after: u64,
        payloads: impl IntoIterator<Item = Payload>,
    ) -> Append {
        let memory = id(memory);
        let numbers = (1..).map(|place| after.saturating_add(place));
        let messages = numbers.zip(payloads).map(|(number, payload)| Upward {
            memory: Arc::clone(&memory),
            lane: 1,
            number,
            payload,
        });
        let held = self.terms.get(&memory).copied().unwrap_or_default();
        Append {
            session: session.into(),
            term,
            messages: messages.collect(),
            memories: vec![(memory, held)],
            wall_ms: self.wall_ms,
        }
    }

    pub fn append_all(&mut self, append: Append) -> Result<Appended, StoreError> {
        match self.execute(Request::Append(append))? {
            Reply::Appended(appended) => Ok(appended),
            other => panic!("append: {other:?}"),
        }
    }

    pub fn inbox(&mut self, session: &str, after: u64) -> Result<Vec<Entry>, StoreError> {
        let request = Request::Inbox {
            session: session.into(),
            after,
            max_messages: 100,
        };
        match self.execute(request)? {
            Reply::Inbox(entries) => Ok(entries),
            other => panic!("inbox: {other:?}"),
        }
    }

    pub fn commit_of(&self, session: &str, after: u64, up_to: u64, effects: &[Effect]) -> Commit {
        Commit {
            session: session.into(),
            after,
            up_to,
            effects: effects.to_vec(),
            dead: Vec::new(),
            limits: self.limits,
            own_overflow: self.limits.outbox_overflow,
            wall_ms: self.wall_ms,
        }
    }

    pub fn commit(
        &mut self,
        session: &str,
        after: u64,
        up_to: u64,
        effects: &[Effect],
    ) -> Result<Committed, StoreError> {
        let commit = self.commit_of(session, after, up_to, effects);
        self.commit_all(commit)
    }

    pub fn commit_all(&mut self, commit: Commit) -> Result<Committed, StoreError> {
        match self.execute(Request::Commit(commit))? {
            Reply::Committed(committed) => Ok(committed),
            other => panic!("commit: {other:?}"),
        }
    }

    pub fn send(&mut self, effects: &[Effect]) -> Committed {
        let request = Request::Send {
            effects: effects.to_vec(),
            limits: self.limits,
            wall_ms: self.wall_ms,
        };
        match self.execute(request) {
            Ok(Reply::Committed(committed)) => committed,
            other => panic!("send: {other:?}"),
        }
    }

    /// Sends these texts to the session's outbox; all of them fit.
    pub fn fill(&mut self, session: &str, texts: &[&str]) {
        let effects: Vec<_> = texts.iter().map(|text| to(session, text)).collect();
        assert_eq!(self.send(&effects).refused, []);
    }

    pub fn acknowledge(
        &mut self,
        session: &str,
        term: Term,
        stream: &str,
        position: (u32, u64),
    ) -> Result<(), StoreError> {
        let request = Request::Acknowledge {
            session: session.into(),
            term,
            positions: vec![(stream.to_owned(), position.0, position.1)],
        };
        self.execute(request).map(|_| ())
    }

    pub fn read(&mut self, accepted: &Accepted, stream: &str, after: u64) -> Read {
        match self.try_read(&accepted.session, accepted.term, stream, after) {
            Ok(read) => read,
            Err(error) => panic!("read: {error:?}"),
        }
    }

    pub fn try_read(
        &mut self,
        session: &str,
        term: Term,
        stream: &str,
        after: u64,
    ) -> Result<Read, StoreError> {
        let request = Request::Read {
            session: session.into(),
            term,
            stream: stream.to_owned(),
            after,
            max_messages: 100,
            max_bytes: 1 << 20,
        };
        match self.execute(request)? {
            Reply::Rows {
                epoch,
                rows,
                last,
                missing,
            } => Ok(Read {
                epoch,
                rows: texts(&rows),
                last,
                missing,
            }),
            other => panic!("read: {other:?}"),
        }
    }

    pub fn seen(&mut self, accepted: &Accepted) {
        let request = Request::Seen {
            session: SessionId::clone(&accepted.session),
            term: accepted.term,
            wall_ms: self.wall_ms,
        };
        self.execute(request).expect("seen");
    }

    pub fn end(&mut self, session: &str, term: Term) -> Result<u64, StoreError> {
        let request = Request::End {
            session: session.into(),
            term,
            wall_ms: self.wall_ms,
        };
        match self.execute(request)? {
            Reply::Ended { discarded } => Ok(discarded),
            other => panic!("end: {other:?}"),
        }
    }

    /// One step of forgetting: payloads older than a minute, sessions older than an hour.
    pub fn expire(&mut self, max_sessions: u32) -> (u64, u64, bool) {
        let request = Request::Expire {
            wall_ms: self.wall_ms,
            payloads_before_ms: self.wall_ms.saturating_sub(60_000),
            sessions_before_ms: self.wall_ms.saturating_sub(3_600_000),
            snapshots_before_ms: self.wall_ms.saturating_sub(self.snapshot_limits.ttl_ms),
            max_sessions,
        };
        match self.execute(request) {
            Ok(Reply::Expired {
                payloads,
                sessions,
                more,
                ..
            }) => (payloads, sessions, more),
            other => panic!("expire: {other:?}"),
        }
    }

    /// Forgets all there is to forget.
    pub fn expire_all(&mut self, max_sessions: u32) -> (u64, u64) {
        let mut sum = (0, 0);
        for _ in 0..1_000 {
            let (payloads, sessions, more) = self.expire(max_sessions);
            sum = (sum.0 + payloads, sum.1 + sessions);
            if !more {
                return sum;
            }
        }
        panic!("expiry never ends");
    }

    /// The row whose key begins like this.
    pub fn row(&mut self, prefix: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut rows = self.store.rows().into_iter();
        rows.find(|(key, _)| key.starts_with(prefix))
    }

    /// How many keys begin like this.
    pub fn count(&mut self, prefix: &[u8]) -> usize {
        let rows = self.store.rows().into_iter();
        rows.filter(|(key, _)| key.starts_with(prefix)).count()
    }
}

/// What [`Request::Read`] brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub epoch: u32,
    pub rows: Vec<(u64, String)>,
    pub last: u64,
    pub missing: Option<String>,
}

impl Read {
    pub fn numbers(&self) -> Vec<u64> {
        self.rows.iter().map(|(number, _)| *number).collect()
    }
}

pub fn texts(rows: &[Row]) -> Vec<(u64, String)> {
    let text = |payload: &Payload| match payload {
        Payload::Text(text) => text.to_string(),
        Payload::Binary(bytes) => format!("{bytes:?}"),
    };
    rows.iter()
        .map(|row| (row.number, text(&row.payload)))
        .collect()
}

pub fn to(session: &str, text: &str) -> Effect {
    Effect::Send {
        session: session.into(),
        payload: Payload::text(text),
    }
}

pub fn publish(room: &str, text: &str) -> Effect {
    Effect::Publish {
        room: room.to_owned(),
        payload: Payload::text(text),
    }
}

pub fn subscribe(session: &str, room: &str) -> Effect {
    Effect::Subscribe {
        session: session.into(),
        room: room.to_owned(),
    }
}

pub fn unsubscribe(session: &str, room: &str) -> Effect {
    Effect::Unsubscribe {
        session: session.into(),
        room: room.to_owned(),
    }
}

/// The start of this stream.
pub fn start<'a>(accepted: &'a Accepted, stream: &str) -> &'a StreamStart {
    let mut streams = accepted.streams.iter();
    streams
        .find(|start| start.stream == stream)
        .unwrap_or_else(|| panic!("no stream {stream:?} in {:?}", accepted.streams))
}

/// After which number a stream goes on, and the gap.
pub fn goes_on<'a>(accepted: &'a Accepted, stream: &str) -> (u64, Option<&'a str>) {
    let start = start(accepted, stream);
    (start.after, start.gap.as_deref())
}

pub fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Refused {
    match result {
        Err(StoreError::Refused(refused)) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

/// The memory of this session's page.
pub fn memory_of(session: &str) -> Arc<str> {
    format!("m-{session}").into()
}

/// How far the middle lane of the hello's first memory is stored.
pub fn received(accepted: &Accepted) -> u64 {
    accepted.memories[0].received[1]
}

pub fn id(text: &str) -> Arc<str> {
    text.into()
}
