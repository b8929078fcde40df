//! Questions to the store that are not answered.

use std::collections::BTreeMap;

use steadfast_protocol::Span;

use super::Node;
use super::link::Phase;
use super::timers::Timer;
use crate::io::{Level, LinkId, OpId, Output, SendRefusal, SessionId};
use crate::store::{Refused, Reply, Request, StoreError, Term};

/// The pause before a request is repeated; each further one doubles it.
const PAUSE: Span = Span::from_ms(100);
const LONGEST_PAUSE: Span = Span::from_ms(5_000);

/// How often a hello's claim is asked for.
const CLAIM_TRIES: u32 = 3;

/// Claims that may be unanswered at once, those included whose link is gone.
pub(super) const CLAIMS: usize = 16_384;

#[derive(Debug, Default)]
pub(super) struct StoreCalls {
    last: u64,
    open: BTreeMap<OpId, Call>,
    /// Claims among them.
    pub(super) claims: usize,
    /// The sessions that they ask for, and how many do.
    claimed: BTreeMap<SessionId, usize>,
}

#[derive(Debug)]
struct Call {
    purpose: Purpose,
    request: Request,
    failures: u32,
}

/// Whom the answer is for, where the request does not say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Claim(LinkId),
    Adopt(SessionId, Term),
    Append,
    Forget,
    Commit,
    /// Those who sent from outside a handler.
    Send(Vec<u64>),
    Acknowledge(SessionId, Term),
    Save(SessionId, Term),
    Read {
        link: LinkId,
        stream: String,
    },
    Inbox(SessionId),
    Seen(SessionId, Term),
    End(SessionId, Term),
    Work,
    Expire,
}

impl StoreCalls {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    fn name(&mut self) -> OpId {
        self.last += 1;
        OpId(self.last)
    }
}

impl Node {
    pub(super) fn ask(&mut self, purpose: Purpose, request: Request) {
        if let Request::Claim(claim) = &request {
            self.calls.claims += 1;
            if let Some((session, _)) = &claim.resume {
                *self.calls.claimed.entry(session.clone()).or_default() += 1;
            }
        }
        self.put_call(Call {
            purpose,
            request,
            failures: 0,
        });
    }

    fn put_call(&mut self, call: Call) {
        let op = self.calls.name();
        let request = call.request.clone();
        self.calls.open.insert(op, call);
        self.outputs.push_back(Output::Store { op, request });
    }

    /// The store has answered. What it did to a request that it failed on is not known: that one is
    /// repeated as it was, which is harmless.
    pub(super) fn take_reply(&mut self, op: OpId, reply: Result<Reply, StoreError>) {
        let Some(mut call) = self.calls.open.remove(&op) else {
            return;
        };
        match reply {
            Err(StoreError::Unavailable(why)) if self.is_repeatable(&call) => {
                call.failures += 1;
                if call.failures == 1 {
                    self.log(Level::Warn, "", "", format!("the store failed: {why}"));
                }
                let factor = f64::from(1_u32 << (call.failures - 1).min(10));
                let pause = PAUSE.scaled(factor).min(LONGEST_PAUSE);
                self.timers.set(Timer::Repeat(op), self.now.at + pause);
                self.calls.open.insert(op, call);
            }
            reply => {
                self.close_claim(&call.request);
                if reply.is_err() {
                    self.doubt(&call);
                }
                self.deliver_reply(call, reply);
            }
        }
    }

    /// What is refused now may have been carried out when it failed: a claim that nobody heard of lies
    /// between.
    fn doubt(&mut self, call: &Call) {
        if let Request::Append(append) = &call.request
            && call.failures > 0
            && let Some(session) = self.sessions.get_mut(&append.session)
        {
            session.inbox.soil();
        }
    }

    /// Whether an answer is to come that tells of this session's counts.
    pub(super) fn is_asked_about(&self, session: &SessionId) -> bool {
        self.calls.claimed.contains_key(session) || self.recovery.is_asked()
    }

    fn close_claim(&mut self, request: &Request) {
        let Request::Claim(claim) = request else {
            return;
        };
        self.calls.claims -= 1;
        let Some((session, _)) = &claim.resume else {
            return;
        };
        if let Some(claims) = self.calls.claimed.get_mut(session) {
            *claims -= 1;
            if *claims == 0 {
                self.calls.claimed.remove(session);
            }
        }
        self.stirred_sessions.insert(session.clone());
    }

    pub(super) fn repeat_call(&mut self, op: OpId) {
        let Some(call) = self.calls.open.remove(&op) else {
            return;
        };
        match &call.purpose {
            Purpose::Save(id, term) if !self.is_saving(id, *term) => {}
            _ => self.put_call(call),
        }
    }

    fn is_repeatable(&self, call: &Call) -> bool {
        match &call.purpose {
            Purpose::Send(_) | Purpose::Expire => false,
            Purpose::Claim(link) => {
                let link = self.links.get(link);
                let waiting = link.is_some_and(|link| matches!(link.phase, Phase::Claiming { .. }));
                waiting && call.failures + 1 < CLAIM_TRIES
            }
            Purpose::Read { link, .. } => self.links.contains_key(link),
            Purpose::Save(id, term) => self.is_saving(id, *term),
            _ => true,
        }
    }

    fn deliver_reply(&mut self, call: Call, reply: Result<Reply, StoreError>) {
        let (purpose, request) = (call.purpose, call.request);
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => return self.deliver_error(purpose, request, &error),
        };
        match (purpose, request, reply) {
            (Purpose::Claim(link), Request::Claim(claim), Reply::Claimed(claimed)) => {
                self.take_claimed(link, &claim, claimed);
            }
            (Purpose::Adopt(id, term), Request::Adopt(adopt), Reply::Adopted(memory)) => {
                self.take_adopted(&id, term, &adopt.memory, memory.as_ref());
            }
            (Purpose::Forget, _, Reply::Done) => {}
            (Purpose::Append, Request::Append(append), Reply::Appended(appended)) => {
                self.take_appended(append, appended);
            }
            (Purpose::Commit, Request::Commit(commit), Reply::Committed(committed)) => {
                self.take_committed(&commit, committed);
            }
            (Purpose::Send(senders), Request::Send { effects, .. }, Reply::Committed(sent)) => {
                self.take_sent(&senders, &effects, sent);
            }
            (Purpose::Read { link, stream }, _, reply @ Reply::Rows { .. }) => {
                self.take_rows(link, &stream, reply);
            }
            (Purpose::Inbox(id), Request::Inbox { after, .. }, Reply::Inbox(entries)) => {
                self.take_inbox(&id, after, entries);
            }
            (Purpose::Save(id, term), Request::Save(save), Reply::Saved(saved)) => {
                self.take_saved(&id, term, &save, saved);
            }
            (Purpose::Acknowledge(id, term), _, Reply::Done) => self.take_acknowledged(&id, term),
            (Purpose::Seen(id, term), _, Reply::Done) => self.take_seen(&id, term),
            (Purpose::End(id, term), _, Reply::Ended { discarded }) => {
                self.take_ended(&id, term, discarded);
            }
            (Purpose::Work, _, Reply::Work(work)) => self.take_work(work),
            (Purpose::Expire, _, Reply::Expired { more, .. }) => self.take_expired(more),
            (purpose, request, _) => {
                let error = StoreError::Corrupt("of the answer to another request".into());
                self.deliver_error(purpose, request, &error);
            }
        }
    }

    fn deliver_error(&mut self, purpose: Purpose, request: Request, error: &StoreError) {
        match (purpose, request) {
            (Purpose::Claim(link), _) => self.refuse_claim(link, error),
            (Purpose::Append, Request::Append(append)) => self.refuse_append(&append, error),
            (Purpose::Commit, Request::Commit(commit)) => {
                self.refuse_commit(&commit.session, error);
            }
            (
                Purpose::Adopt(id, term)
                | Purpose::Acknowledge(id, term)
                | Purpose::Seen(id, term)
                | Purpose::End(id, term),
                _,
            ) => {
                self.refuse_owner(&id, term, error);
            }
            (Purpose::Save(id, term), _) => self.refuse_save(&id, term, error),
            (Purpose::Inbox(id), _) => self.refuse_inbox(&id, error),
            (Purpose::Send(senders), request) => self.refuse_sends(&senders, &request, error),
            (Purpose::Read { link, stream }, _) => self.refuse_read(link, &stream, error),
            (Purpose::Work, _) => self.refuse_work(error),
            (Purpose::Expire, _) => {
                self.log(Level::Warn, "", "", format!("nothing expires now: {error}"));
                self.take_expired(false);
            }
            (Purpose::Append | Purpose::Commit | Purpose::Forget, _) => {}
        }
    }

    /// A room that the session has left is no stream of it any more.
    fn refuse_read(&mut self, link: LinkId, stream: &str, error: &StoreError) {
        let live = self
            .links
            .get_mut(&link)
            .and_then(super::link::Link::live_mut);
        let Some(live) = live else {
            return;
        };
        if *error == StoreError::Refused(Refused::Unknown) && !stream.is_empty() {
            live.downward.close(stream);
            return self.rooms.leave(stream, link);
        }
        let session = live.session.clone();
        let owner = self.sessions.get(&session).and_then(|it| it.owner.as_ref());
        if let Some(term) = owner.filter(|it| it.link == Some(link)).map(|it| it.term) {
            self.refuse_owner(&session, term, error);
        }
    }
}

impl From<&StoreError> for SendRefusal {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Refused(_) => Self::Unknown,
            _ => Self::Unavailable,
        }
    }
}
