//! What holds after every input, whatever it was.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use steadfast_engine::{
    Config, Engine, Event, Input, Instant, Output, Priority, Refusal, Span, State,
};

use super::{Payload, SessionAudit};

/// Watches one engine from outside and panics at the first thing that must not be.
///
/// 1. Only documented transitions, and each is told.
/// 2. At most one link: none is dialed, and nothing is given to one, but after the older was closed.
/// 3. At most one attempt is on its way, and it comes when it was announced.
/// 4. Every accepted message is waiting, transmitted, dropped or taken back: one of these, once,
///    in order within its lane. Every ticket is settled once.
/// 5. What came in is handed over once and in order, or counted in a gap.
/// 6. After a handled timeout no deadline is past; an input has a bounded number of outputs.
/// 7. Nothing after the `Closed` event.
/// 8. In a session what [`SessionAudit`] says; there accepted messages are acknowledged besides.
pub(crate) struct Audit {
    /// What the engine asked the application for in this drain.
    pub(crate) asked: Asked,
    pub(super) config: Config,
    state: State,
    link: Option<Link>,
    announced: Option<Instant>,
    waiting: BTreeMap<Payload, Wait>,
    tickets: BTreeSet<u32>,
    sizes: BTreeMap<Payload, u32>,
    last_sent: BTreeMap<Priority, Payload>,
    withdrawn: BTreeSet<Payload>,
    inbound: VecDeque<Payload>,
    /// What came in and gave way, and was not counted in a gap yet.
    missed: u64,
    listening: bool,
    open_told: bool,
    filling: bool,
    closed: bool,
    pub(crate) session: SessionAudit,
    /// How much could come out of this input.
    bound: usize,
}

/// What the engine asked the application for.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) decision: bool,
    pub(crate) greeting: bool,
    /// A session's message was handed over, and the next one waits for that.
    pub(crate) handing: bool,
}

/// A message that waits.
#[derive(Clone, Debug)]
struct Wait {
    priority: Priority,
    keyed: bool,
    ticket: u32,
}

#[derive(Clone, Copy)]
struct Link {
    generation: u32,
    open: bool,
    greeted: bool,
}

impl Audit {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            asked: Asked::default(),
            config: config.clone(),
            state: State::Idle,
            link: None,
            announced: None,
            waiting: BTreeMap::new(),
            tickets: BTreeSet::new(),
            sizes: BTreeMap::new(),
            last_sent: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            inbound: VecDeque::new(),
            missed: 0,
            listening: false,
            open_told: false,
            filling: false,
            closed: false,
            session: SessionAudit::default(),
            bound: 0,
        }
    }

    pub(crate) fn before(&mut self, input: &Input<Payload>, present: u32, awaits_pong: bool) {
        self.bound = 40 + 2 * (self.waiting.len() + self.tickets.len() + self.inbound.len());
        let greeted = self.link.is_some_and(|link| link.greeted);
        self.session.before(input, present, greeted);
        let Some(link) = &mut self.link else { return };
        match input {
            Input::LinkOpened { generation } if *generation == link.generation => {
                link.open = true;
                link.greeted |= !self.config.greets && !self.config.session;
            }
            Input::Greeted { generation }
                if !self.config.session
                    && *generation == link.generation
                    && link.open
                    && !link.greeted =>
            {
                link.greeted = true;
            }
            Input::LinkClosed { generation, .. } if *generation == link.generation => {
                self.link = None;
            }
            Input::LinkMessage {
                generation,
                payload,
                is_pong,
                ..
            } if *generation == link.generation
                && link.open
                && (self.config.session || !(*is_pong && awaits_pong)) =>
            {
                self.inbound.push_back(*payload);
            }
            _ => assert!(link.generation <= present),
        }
    }

    pub(crate) fn given(
        &mut self,
        now: Instant,
        input: &Input<Payload>,
        result: Result<(), Refusal>,
    ) {
        match (input, result) {
            (Input::Send { send, .. }, Ok(())) => {
                self.session.corked = self.config.session;
                let keyed = send.key.is_some();
                let wait = Wait {
                    priority: send.priority,
                    keyed,
                    ticket: send.ticket,
                };
                self.waiting.insert(send.payload, wait);
                self.sizes.insert(send.payload, send.bytes);
                self.expect_settled(send.ticket);
            }
            (Input::Flush { ticket, .. }, Ok(())) => self.expect_settled(*ticket),
            (Input::Withdraw(ticket), _) if *ticket != 0 => {
                let mut waiting = self.waiting.iter();
                let found = waiting.find(|(payload, wait)| {
                    wait.ticket == *ticket && !self.session.flying.contains(payload)
                });
                if let Some(payload) = found.map(|(payload, _)| *payload) {
                    self.waiting.remove(&payload);
                    self.withdrawn.insert(payload);
                    self.tickets.remove(ticket);
                }
            }
            (Input::TaskOver, _) => self.session.corked = false,
            (Input::Suspend, _) => self.announced = None,
            (Input::Listen(listening), _) => self.listening = *listening,
            (Input::Close, _) => self.inbound.clear(),
            (_, Err(refusal)) => {
                assert!(
                    matches!(
                        input,
                        Input::Connect
                            | Input::Reconnect
                            | Input::Send { .. }
                            | Input::Flush { .. }
                            | Input::Ping
                    ),
                    "{now}: {input} was refused: {refusal:?}"
                );
            }
            _ => {}
        }
    }

    pub(crate) fn took_back(&mut self, payloads: &[Payload]) {
        self.bound = 40 + 2 * (self.waiting.len() + self.tickets.len());
        for payload in payloads {
            assert!(
                self.waiting.remove(payload).is_some(),
                "{payload} was not waiting"
            );
        }
    }

    pub(crate) fn size_of(&self, payload: Payload) -> u32 {
        self.sizes.get(&payload).copied().unwrap_or(10)
    }

    pub(crate) fn came_out(&mut self, now: Instant, output: &Output<Payload>) {
        if let Output::Timeout(_) = output {
            return;
        }
        assert!(!self.closed, "{output} came after the end");
        self.session.came_out(output);
        match output {
            Output::Dial { generation, .. } => self.dialed(now, *generation),
            Output::Greet { generation, .. } => {
                self.asked.greeting = true;
                self.session.greeted();
                self.last_sent.clear();
                let link = self.link.filter(|link| link.open && !link.greeted);
                assert_eq!(
                    link.map(|link| link.generation),
                    Some(*generation),
                    "{output}"
                );
            }
            Output::Decide { .. } => self.asked.decision = true,
            Output::Transmit(payload) => self.transmitted(*payload),
            Output::TransmitPing(_) => self.link_carries(output),
            Output::HangUp(_) => assert!(self.link.take().is_some(), "{output}: there is no link"),
            Output::Message {
                payload,
                stream,
                number,
            } => {
                self.asked.handing = self.config.session;
                if self.config.session {
                    self.session.handed(*stream, *number);
                }
                assert!(self.listening, "{output}: nobody listens");
                assert_eq!(
                    self.inbound.pop_front(),
                    Some(*payload),
                    "{output}: out of order"
                );
            }
            Output::Discard(payload) => {
                if self.config.session && self.waiting.contains_key(payload) {
                    self.waiting.remove(payload);
                    self.session.acknowledged(*payload);
                } else if self.config.session && self.inbound.back() == Some(payload) {
                    self.inbound.pop_back();
                } else if !self.withdrawn.remove(payload) {
                    assert_eq!(
                        self.inbound.pop_front(),
                        Some(*payload),
                        "{output}: was wanted"
                    );
                    self.missed += 1;
                }
            }
            Output::Event(event) => self.told(now, event),
            Output::Acknowledge { .. } | Output::Pong(_) | Output::Ask | Output::End => {
                assert!(self.config.session);
                self.link_carries(output);
            }
            Output::Timeout(_) | Output::Unit(_) => {}
        }
    }

    pub(crate) fn drained(
        &mut self,
        engine: &mut Engine<Payload>,
        now: Instant,
        deadline: Instant,
        timeout: bool,
        produced: usize,
    ) {
        assert_eq!(engine.state(), self.state, "a change of state was not told");
        assert!(produced <= self.bound, "{produced} outputs of one input");
        assert!(
            !timeout || deadline >= now,
            "a deadline, {deadline}, is past"
        );
        self.check_queue(engine);
        let health = engine.health(now);
        let open = self.link.is_some_and(|link| link.greeted);
        assert!(
            health.score <= 100 && (health.score > 0) == open,
            "{health:?}"
        );
        assert!((0.0..=1.0).contains(&health.loss));
        if self.state.is_at_rest() {
            assert!(self.link.is_none(), "a link in state {:?}", self.state);
            assert!(
                deadline == Instant::NEVER || !self.waiting.is_empty(),
                "a timer at rest"
            );
        }
        if self.closed {
            assert!(
                self.tickets.is_empty(),
                "tickets never settled: {:?}",
                self.tickets
            );
        }
    }

    fn check_queue(&self, engine: &Engine<Payload>) {
        let (queued, queued_bytes) = engine.queued();
        if !self.session.corked {
            assert_eq!(self.filling, queued > 0, "the queue event lies");
        }
        assert!(self.withdrawn.is_empty(), "withdrawn, and not discarded");
        if self.config.session {
            let open = self.link.is_some_and(|link| link.greeted);
            self.session.drained(engine, self.waiting.len(), open);
            return;
        }
        let sizes = self.waiting.keys().map(|payload| self.size_of(*payload));
        let bytes: u32 = sizes.sum();
        assert_eq!(
            (queued, queued_bytes),
            (self.waiting.len() as u32, bytes),
            "messages lost or doubled"
        );
        if let Some(queue) = &self.config.queue {
            assert!(queued <= queue.max_messages && bytes <= queue.max_bytes);
        } else {
            assert!(self.waiting.is_empty(), "messages wait without a queue");
        }
    }

    fn dialed(&mut self, now: Instant, generation: u32) {
        assert!(self.link.is_none(), "a second link");
        let link = Link {
            generation,
            open: false,
            greeted: false,
        };
        self.link = Some(link);
        match self.announced.take() {
            Some(at) => assert!(now >= at, "an attempt came before its time"),
            None => assert_eq!(self.state, State::Connecting, "an attempt nobody announced"),
        }
    }

    fn transmitted(&mut self, payload: Payload) {
        self.link_carries(&Output::Transmit(payload));
        let Some(wait) = self.waiting.get(&payload).cloned() else {
            panic!("{payload} was not waiting");
        };
        if self.config.session {
            let sizes = &self.sizes;
            let size_of = |payload| sizes.get(&payload).copied().unwrap_or(10);
            self.session.transmitted(payload, size_of);
        } else {
            self.waiting.remove(&payload);
        }
        if !wait.keyed {
            let last = self.last_sent.insert(wait.priority, payload);
            assert!(last < Some(payload), "{payload} overtook within its lane");
        }
    }

    fn link_carries(&self, output: &Output<Payload>) {
        assert!(
            self.link.is_some_and(|link| link.greeted),
            "{output}: no open link"
        );
    }

    fn told(&mut self, now: Instant, event: &Event<Payload>) {
        match event {
            Event::StateChange { from, to } => self.changed(*from, *to),
            Event::Open { .. } => {
                assert_eq!(self.state, State::Open);
                self.open_told = true;
                self.session.opened();
                if let Some(link) = &mut self.link {
                    link.greeted = true;
                }
            }
            Event::Disconnect { .. } => {
                assert!(
                    core::mem::take(&mut self.open_told),
                    "disconnect told twice"
                );
            }
            Event::Reconnecting { delay, .. } => {
                assert_eq!(self.state, State::Reconnecting);
                self.announced = Some(now + *delay);
            }
            Event::Closed => self.closed = true,
            Event::Failed(_) => assert_eq!(self.state, State::Failed),
            Event::Queue { messages, .. } => {
                assert_ne!(self.filling, *messages > 0, "told twice");
                self.filling = *messages > 0;
            }
            Event::Dropped {
                payload, ticket, ..
            } => {
                assert!(
                    self.waiting.remove(payload).is_some(),
                    "{payload} was not waiting"
                );
                self.settle(*ticket);
            }
            Event::Settled { ticket, .. } => self.settle(*ticket),
            Event::Lost { .. } => self.session.lost(),
            Event::Gap { .. } if self.config.session => {}
            Event::Gap { missed, .. } => {
                assert!(self.listening && *missed > Some(0));
                assert_eq!(Some(core::mem::take(&mut self.missed)), *missed);
            }
            Event::Heartbeat { round_trip, missed } => {
                assert_ne!(round_trip.is_some(), *missed > 0);
                assert_ne!(*round_trip, Some(Span::FOREVER));
            }
            _ => {}
        }
    }

    fn changed(&mut self, from: State, to: State) {
        assert_eq!(self.state, from);
        assert!(from.may_become(to), "{from:?} became {to:?}");
        assert!(
            !(from == State::Open && self.open_told),
            "open was left without a disconnect"
        );
        self.state = to;
        if to == State::Offline || to.is_at_rest() {
            self.announced = None;
        }
    }

    fn expect_settled(&mut self, ticket: u32) {
        assert!(
            ticket == 0 || self.tickets.insert(ticket),
            "the test used a ticket twice"
        );
    }

    fn settle(&mut self, ticket: u32) {
        assert!(
            ticket == 0 || self.tickets.remove(&ticket),
            "ticket {ticket} was settled twice"
        );
    }
}
