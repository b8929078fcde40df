//! What surrounds the node: a store that can be made to misbehave, an application, and who is let in.

use steadfast_sessions::io::{AuthRefusal, Delivery, Effect, Input, LinkId, OpId, Outcome, Output};
use steadfast_sessions::store::rows::Rows;
use steadfast_sessions::store::{Reply, Request, StoreError};

use super::Server;

/// What the store does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    Prompt,
    /// Requests wait until [`Server::resume_store`].
    Stalled,
    /// Nothing is carried out.
    Failing,
    /// Everything is carried out, and no answer says so.
    Mute,
}

/// What the application does with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    Echo,
    /// Publishes to this room.
    Publish(String),
    /// Does nothing with it.
    Swallow,
    Fail,
    /// Keeps it until [`Server::finish`].
    Keep,
}

impl Server {
    pub(crate) fn stall_store(&mut self) {
        self.store = Store::Stalled;
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Requests that were made while the store stalled are carried out, in order.
    pub(crate) fn resume_store(&mut self) {
        self.store = Store::Prompt;
        while self.answer_one() {}
    }

    /// As [`Self::resume_store`], for a store that takes its time: the application is faster.
    pub(crate) fn catch_up(&mut self) {
        while self.answer_one() {}
        self.store = Store::Prompt;
    }

    /// Carries out and answers the oldest request that waits.
    pub(crate) fn answer_one(&mut self) -> bool {
        let Some((op, request)) = self.waiting.pop_front() else {
            return false;
        };
        let reply = self.execute(&request);
        self.input(Input::Stored { op, reply });
        true
    }

    /// Carries out what waits, and hands out the answers in reverse.
    pub(crate) fn answer_backwards(&mut self) {
        self.store = Store::Prompt;
        self.carry_out_all();
        while self.tell_last() {}
    }

    /// Carries out what waits, in order, and answers nothing.
    pub(crate) fn carry_out_all(&mut self) {
        while let Some((op, request)) = self.waiting.pop_front() {
            let reply = self.execute(&request);
            self.untold.push(Input::Stored { op, reply });
        }
    }

    /// Answers what was carried out last.
    pub(crate) fn tell_last(&mut self) -> bool {
        let Some(reply) = self.untold.pop() else {
            return false;
        };
        self.input(reply);
        true
    }

    /// Says of what was carried out last that nobody knows.
    pub(crate) fn fail_last(&mut self) -> bool {
        let Some(Input::Stored { op, .. }) = self.untold.pop() else {
            return false;
        };
        let reply = Err(StoreError::Unavailable("test".into()));
        self.input(Input::Stored { op, reply });
        true
    }

    /// Rows of the table whose keys begin with `tag`.
    pub(crate) fn rows(&self, tag: u8) -> usize {
        self.table.iter().filter(|(key, _)| key[0] == tag).count()
    }

    /// Makes the record of this kind and number unreadable.
    pub(crate) fn spoil(&mut self, tag: u8, number: u64) {
        self.spoil_where(|key| key[0] == tag && key.ends_with(&number.to_be_bytes()));
    }

    /// Makes all records of this kind unreadable.
    pub(crate) fn spoil_all(&mut self, tag: u8) {
        self.spoil_where(|key| key[0] == tag);
    }

    fn spoil_where(&mut self, chosen: impl Fn(&[u8]) -> bool) {
        let keys = self.table.iter().map(|(key, _)| key.to_vec());
        let keys: Vec<_> = keys.filter(|key| chosen(key)).collect();
        assert!(!keys.is_empty());
        for key in keys {
            self.table.put(&key, b"spoilt").unwrap();
        }
    }

    /// Carries out what the node wants, until it wants to be woken.
    pub(super) fn drain(&mut self) {
        loop {
            match self.node.poll_output() {
                Output::Timeout(at) => {
                    self.timeout = at;
                    return;
                }
                output => self.carry_out(output),
            }
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Transmit { link, wire } => self.peer_mut(link).take(&wire),
            Output::Close { link, code, reason } => {
                let peer = self.peer_mut(link);
                assert!(reason.len() <= 123);
                assert_eq!(peer.closed, None, "closed twice");
                peer.closed = Some((code, reason));
            }
            Output::Authenticate { link, auth } => self.judge(link, auth.as_deref()),
            Output::Store { op, request } => self.ask_store(op, request),
            Output::Handle(delivery) => self.handle(delivery),
            Output::Sent { request, result } => self.sent.push((request, result)),
            Output::Log(record) => self.logs.push(record),
            Output::Timeout(_) => unreachable!(),
        }
    }

    fn judge(&mut self, link: LinkId, auth: Option<&str>) {
        let user = match auth {
            Some("wrong") => Err(AuthRefusal::Unauthorized),
            Some("unavailable") => Err(AuthRefusal::Unavailable),
            Some("slow") => return self.credentials.push(link),
            auth => Ok(auth.unwrap_or("anna").to_owned()),
        };
        self.inputs.push_back(Input::Authenticated { link, user });
    }

    fn ask_store(&mut self, op: OpId, request: Request) {
        self.requests.push(request.clone());
        let failed = || Err(StoreError::Unavailable("test".into()));
        let reply = match self.store {
            Store::Stalled => return self.waiting.push_back((op, request)),
            Store::Prompt => self.execute(&request),
            Store::Failing => failed(),
            Store::Mute => {
                let _ = self.execute(&request);
                failed()
            }
        };
        self.inputs.push_back(Input::Stored { op, reply });
    }

    fn execute(&mut self, request: &Request) -> Result<Reply, StoreError> {
        let reply = self.table.execute(request);
        self.table.sync();
        reply
    }

    fn handle(&mut self, delivery: Delivery) {
        let payload = delivery.payload.clone();
        let session = delivery.session.clone();
        let outcome = match &self.handler {
            Handler::Echo => Outcome::Done(vec![Effect::Send { session, payload }]),
            Handler::Publish(room) => Outcome::Done(vec![Effect::Publish {
                room: room.clone(),
                payload,
            }]),
            Handler::Swallow => Outcome::Done(Vec::new()),
            Handler::Fail => Outcome::Failed("no".into()),
            Handler::Keep => {
                self.deliveries.push(delivery);
                return;
            }
        };
        self.inputs.push_back(Input::Handled {
            session: delivery.session.clone(),
            seq: delivery.seq,
            outcome,
        });
        self.deliveries.push(delivery);
    }
}
