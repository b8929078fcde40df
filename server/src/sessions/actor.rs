//! The task that owns the node: it hands in what happens and carries out what the node wants.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use steadfast_protocol::Instant;
use steadfast_sessions::io::{
    AuthRefusal, Delivery, Effect, Input, Level, LinkId, Now, OpId, Outcome, Output, Record,
    SendRefusal, Wire,
};
use steadfast_sessions::node::Node;
use steadfast_sessions::store::{Reply, Request, SessionStore, StoreError};
use tokio::sync::mpsc::{UnboundedReceiver, WeakUnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{self, Sleep, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tracing::{debug, info, warn};

use super::application::{Application, Context, Credentials};
use super::event::Event;
use crate::ws::close::Farewell;
use crate::ws::outbox::Outbox;

/// The task's state.
pub(super) struct Actor<A> {
    node: Node,
    store: Arc<dyn SessionStore>,
    application: Arc<A>,
    /// Weak: the task ends when nobody is left to tell it anything.
    events: WeakUnboundedSender<Event>,
    started: time::Instant,
    links: HashMap<LinkId, Link>,
    sends: HashMap<u64, Waiting>,
    last_send: u64,
    /// Handlers under way.
    handling: usize,
    /// Requests of others that the store has not answered.
    asking: usize,
    deadline: Option<time::Instant>,
    stopping: Vec<oneshot::Sender<()>>,
}

struct Link {
    outbox: Arc<Outbox>,
    endpoint: Arc<str>,
    request_id: Arc<str>,
    /// The node has no more to say to it.
    closed: bool,
}

struct Waiting {
    reply: oneshot::Sender<Result<(), SendRefusal>>,
    _permit: OwnedSemaphorePermit,
}

impl<A: Application> Actor<A> {
    pub(super) fn new(
        node: Node,
        store: Arc<dyn SessionStore>,
        application: A,
        events: WeakUnboundedSender<Event>,
    ) -> Self {
        Self {
            node,
            store,
            application: Arc::new(application),
            events,
            started: time::Instant::now(),
            links: HashMap::new(),
            sends: HashMap::new(),
            last_send: 0,
            handling: 0,
            asking: 0,
            deadline: None,
            stopping: Vec::new(),
        }
    }

    /// Runs until it is stopped, or until no handle and no link is left.
    pub(super) async fn run(mut self, mut events: UnboundedReceiver<Event>) {
        let mut timer = Box::pin(sleep_until(self.started));
        self.feed(Input::Start);
        while !self.is_over() {
            self.wind(timer.as_mut());
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.take(event),
                    None => return,
                },
                () = timer.as_mut(), if self.deadline.is_some() => self.feed(Input::Timeout),
            }
        }
        let stopping = std::mem::take(&mut self.stopping);
        // With it goes the store: whoever waited may open its file again.
        drop(self);
        for done in stopping {
            // Whoever asked may have stopped waiting.
            let _ = done.send(());
        }
    }

    fn is_over(&self) -> bool {
        let quiet = self.handling == 0 && self.asking == 0 && self.node.pending() == 0;
        !self.stopping.is_empty() && self.links.is_empty() && quiet
    }

    fn wind(&self, timer: Pin<&mut Sleep>) {
        if let Some(deadline) = self.deadline
            && timer.deadline() != deadline
        {
            timer.reset(deadline);
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Input(input) => {
                self.note(&input);
                self.feed(input);
            }
            Event::Frame(input, _room) => self.feed(input),
            Event::Opened {
                link,
                outbox,
                endpoint,
                request_id,
                opened,
            } => {
                let entry = Link {
                    outbox,
                    endpoint,
                    request_id,
                    closed: false,
                };
                self.links.insert(link, entry);
                self.feed(opened);
            }
            Event::Drained(link) => {
                if let Some(entry) = self.links.get(&link) {
                    let bytes = entry.outbox.bytes();
                    self.feed(Input::Buffered { link, bytes });
                }
            }
            Event::Send {
                effect,
                reply,
                permit,
            } => self.send(effect, reply, permit),
            Event::Authenticate { credentials, reply } => {
                let judged = self.judge(credentials);
                tokio::spawn(async move {
                    // Whoever asked may have stopped waiting.
                    let _ = reply.send(judged.await);
                });
            }
            Event::Ask {
                request,
                reply,
                permit,
            } => self.ask(request, reply, permit),
            Event::Answered => self.asking -= 1,
            Event::Stop(done) => {
                self.stopping.push(done);
                self.feed(Input::Stop);
            }
        }
    }

    /// Keeps the books on what has ended.
    fn note(&mut self, input: &Input) {
        match input {
            Input::LinkClosed { link } => {
                self.links.remove(link);
            }
            Input::Handled { .. } => self.handling -= 1,
            _ => {}
        }
    }

    fn send(
        &mut self,
        effect: Effect,
        reply: oneshot::Sender<Result<(), SendRefusal>>,
        permit: OwnedSemaphorePermit,
    ) {
        self.last_send += 1;
        let waiting = Waiting {
            reply,
            _permit: permit,
        };
        self.sends.insert(self.last_send, waiting);
        self.feed(Input::Send {
            request: self.last_send,
            effect,
        });
    }

    fn feed(&mut self, input: Input) {
        self.node.handle_input(self.now(), input);
        loop {
            match self.node.poll_output() {
                Output::Timeout(at) => {
                    self.deadline = self.moment(at);
                    return;
                }
                output => self.carry_out(output),
            }
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Transmit { link, wire } => self.transmit(link, wire),
            Output::Close { link, code, reason } => {
                if let Some(entry) = self.links.get_mut(&link) {
                    entry.closed = true;
                    entry.outbox.close(Farewell::Session { code, reason });
                }
            }
            Output::Authenticate { link, auth } => self.authenticate(link, auth),
            Output::Store { op, request } => self.ask_store(op, request),
            Output::Handle(delivery) => self.handle(delivery),
            Output::Sent { request, result } => {
                if let Some(waiting) = self.sends.remove(&request) {
                    let _ = waiting.reply.send(result);
                }
            }
            Output::Log(record) => log(&record),
            Output::Timeout(_) => {}
        }
    }

    fn transmit(&self, link: LinkId, wire: Wire) {
        if let Some(entry) = self.links.get(&link).filter(|entry| !entry.closed) {
            entry.outbox.push(match wire {
                Wire::Text(text) => Message::text(text),
                Wire::Binary(bytes) => Message::binary(bytes),
            });
        }
    }

    fn authenticate(&self, link: LinkId, auth: Option<String>) {
        let Some(entry) = self.links.get(&link) else {
            return;
        };
        let credentials = Credentials {
            token: auth,
            endpoint: Arc::clone(&entry.endpoint),
            request_id: Arc::clone(&entry.request_id),
        };
        let judged = self.judge(credentials);
        self.spawn(async move {
            let user = judged.await;
            Input::Authenticated { link, user }
        });
    }

    /// Whose credentials these are; not known when the application panics.
    fn judge(
        &self,
        credentials: Credentials,
    ) -> impl Future<Output = Result<String, AuthRefusal>> + Send + use<A> {
        let application = Arc::clone(&self.application);
        async move {
            let user = AssertUnwindSafe(application.authenticate(credentials)).catch_unwind();
            user.await.unwrap_or(Err(AuthRefusal::Unavailable))
        }
    }

    /// A server that stops takes on nothing new; whoever asked learns it as the reply is dropped.
    fn ask(
        &mut self,
        request: Request,
        reply: oneshot::Sender<Result<Reply, StoreError>>,
        permit: OwnedSemaphorePermit,
    ) {
        let Some(events) = self.events.upgrade().filter(|_| self.stopping.is_empty()) else {
            return;
        };
        self.asking += 1;
        let answer = self.store.execute(request);
        tokio::spawn(async move {
            let _ = reply.send(answer.await);
            drop(permit);
            let _ = events.send(Event::Answered);
        });
    }

    fn ask_store(&self, op: OpId, request: Request) {
        let reply = self.store.execute(request);
        self.spawn(async move {
            let reply = reply.await;
            Input::Stored { op, reply }
        });
    }

    /// A server that stops begins nothing: what is left over is handled after the next start.
    fn handle(&mut self, delivery: Delivery) {
        if !self.stopping.is_empty() {
            return;
        }
        self.handling += 1;
        let application = Arc::clone(&self.application);
        self.spawn(async move {
            let (session, seq) = (Arc::clone(&delivery.session), delivery.seq);
            let (mut context, message) = Context::of(delivery);
            let handled = AssertUnwindSafe(application.handle(&mut context, message));
            let outcome = match handled.catch_unwind().await {
                Ok(Ok(())) => Outcome::Done(context.into_effects()),
                Ok(Err(error)) => Outcome::Failed(error.0),
                Err(_) => Outcome::Failed("the handler panicked".to_owned()),
            };
            Input::Handled {
                session,
                seq,
                outcome,
            }
        });
    }

    /// Runs beside the task; what comes of it is handed in.
    fn spawn(&self, work: impl Future<Output = Input> + Send + 'static) {
        // Without a handle or a link nobody waits for the outcome.
        let Some(events) = self.events.upgrade() else {
            return;
        };
        tokio::spawn(async move {
            let _ = events.send(Event::Input(work.await));
        });
    }

    fn now(&self) -> Now {
        Now {
            at: Instant::from_micros(whole(self.started.elapsed().as_micros())),
            wall_ms: wall_ms(),
        }
    }

    fn moment(&self, at: Instant) -> Option<time::Instant> {
        if at == Instant::NEVER {
            return None;
        }
        self.started
            .checked_add(Duration::from_micros(at.as_micros()))
    }
}

impl<A> Drop for Actor<A> {
    /// Whatever ended the task: nobody answers these links any more.
    fn drop(&mut self) {
        for link in self.links.values() {
            link.outbox.close(Farewell::Session {
                code: 1011,
                reason: "the server has lost its sessions".to_owned(),
            });
        }
    }
}

/// Unix time in milliseconds.
pub(super) fn wall_ms() -> u64 {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    wall.map_or(0, |wall| whole(wall.as_millis()))
}

fn whole(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn log(record: &Record) {
    let id = (!record.request_id.is_empty()).then_some(record.request_id.as_str());
    let session = (!record.session.is_empty()).then_some(record.session.as_str());
    match record.level {
        Level::Warn => warn!(requestId = id, session, "{}", record.message),
        Level::Info => info!(requestId = id, session, "{}", record.message),
        Level::Debug => debug!(requestId = id, session, "{}", record.message),
    }
}
