//! What holds after every input, whatever it was.

mod drained;
mod linked;
mod stored;
mod told;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use steadfast_engine::{
    Claim, Config, Input, Instant, Output, Priority, Refusal, Restored, Send, Span, State,
};

use super::{Order, Payload, Rows, SessionAudit, SnapshotAudit};

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
/// 9. With a durable queue what [`Rows`] says; there accepted messages are left to storage besides, nothing leaves
///    before what is older ([`Order`]), and flushes are not settled before that is known. Of snapshots what
///    [`SnapshotAudit`] says.
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
    /// Whether a session was ever welcomed.
    welcomed: bool,
    filling: bool,
    closed: bool,
    pub(crate) session: SessionAudit,
    pub(crate) rows: Rows,
    order: Order,
    /// What is waiting, as it was sent.
    sends: BTreeMap<Payload, Send<Payload>>,
    /// The page's own memory, and the one that it may be forgotten for in this input.
    own: u32,
    refused: Option<u32>,
    forgotten: Option<u32>,
    pub(crate) snapshot: SnapshotAudit,
    flushes: BTreeSet<u32>,
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
    /// Memories are to be claimed.
    pub(crate) adopting: Vec<u32>,
    /// The application's state is to be saved.
    pub(crate) saving: bool,
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
            welcomed: false,
            filling: false,
            closed: false,
            session: SessionAudit::default(),
            rows: Rows::new(),
            order: Order::default(),
            sends: BTreeMap::new(),
            own: 1,
            refused: None,
            forgotten: None,
            snapshot: SnapshotAudit::new(config),
            flushes: BTreeSet::new(),
            bound: 0,
        }
    }

    /// The machine slept, and its monotonic clock with it: what was announced comes sooner by that clock.
    pub(crate) fn slept(&mut self, span: Span) {
        self.announced = self
            .announced
            .map(|at| Instant::ZERO + at.since(Instant::ZERO + span));
        self.order.slept(span);
    }

    /// `present`: the generation of the link, `own`: the page's memory.
    pub(crate) fn before(
        &mut self,
        now: Instant,
        input: &Input<Payload>,
        (present, own): (u32, u32),
        awaits_pong: bool,
    ) {
        self.bound = 40 + 3 * (self.waiting.len() + self.tickets.len() + self.inbound.len());
        let greeted = self.link.is_some_and(|link| link.greeted);
        let link = self.link.filter(|link| link.open);
        let open = link.map(|link| link.greeted);
        self.session.before(input, (present, own), open);
        if self.config.persist {
            self.rows.before(input);
            self.order.before(now, input, own);
        }
        (self.own, self.refused, self.forgotten) = (own, None, None);
        match *input {
            Input::Welcomed { welcome, .. } if welcome.claim == Claim::Refused => {
                self.refused = Some(own);
            }
            Input::Forgotten {
                memory,
                empty: true,
            } => self.forgotten = Some(memory),
            _ => {}
        }
        self.snapshot.open = greeted;
        self.snapshot.before(input);
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

    pub(crate) fn given(&mut self, input: &Input<Payload>, result: Result<(), Refusal>) {
        match (input, result) {
            (Input::Send { send, .. }, Ok(())) => {
                self.session.corked = self.config.session;
                self.session.accepted(send, self.own);
                self.accepted(send);
            }
            (Input::Restored(Restored { send, .. }), Ok(())) if self.config.persist => {
                self.accepted(send);
            }
            (Input::Flush { ticket, .. }, Ok(())) => {
                self.flushes.insert(*ticket);
                self.expect_settled(*ticket);
            }
            (Input::Snapshot(ticket), Ok(())) => self.expect_settled(*ticket),
            (Input::Withdraw(ticket), taken) if *ticket != 0 => {
                let mut waiting = self.waiting.iter();
                let found = waiting.find(|(payload, wait)| {
                    wait.ticket == *ticket && !self.session.flying.contains(payload)
                });
                assert_eq!(taken.is_ok(), found.is_some(), "taken back: {ticket}");
                if let Some(payload) = found.map(|(payload, _)| *payload) {
                    self.forget(payload);
                    self.withdrawn.insert(payload);
                    self.tickets.remove(ticket);
                }
            }
            (Input::TaskOver, _) => self.session.corked = false,
            (Input::Listen(listening), _) => self.listening = *listening,
            (Input::Close | Input::Release { .. }, _) => self.inbound.clear(),
            (_, Err(refusal)) => {
                assert!(
                    matches!(
                        input,
                        Input::Connect { .. }
                            | Input::Reconnect { .. }
                            | Input::Send { .. }
                            | Input::Flush { .. }
                            | Input::Restored(_)
                            | Input::Snapshot(_)
                            | Input::Ping
                            | Input::Withdraw(_)
                    ),
                    "{input} was refused: {refusal:?}"
                );
            }
            _ => {}
        }
    }

    pub(crate) fn took_back(&mut self, payloads: &[Payload]) {
        self.bound = 40 + 3 * (self.waiting.len() + self.tickets.len());
        for payload in payloads {
            self.forget(*payload);
        }
    }

    /// Whether the engine has this message.
    pub(crate) fn holds(&self, payload: Payload) -> bool {
        self.waiting.contains_key(&payload)
    }

    fn accepted(&mut self, send: &Send<Payload>) {
        let wait = Wait {
            priority: send.priority,
            keyed: send.key.is_some(),
            ticket: send.ticket,
        };
        self.waiting.insert(send.payload, wait);
        self.sends.insert(send.payload, send.clone());
        self.sizes.insert(send.payload, send.bytes);
        self.expect_settled(send.ticket);
    }

    /// A message has met its end.
    fn forget(&mut self, payload: Payload) {
        let held = self.waiting.remove(&payload);
        assert!(held.is_some(), "{payload} was not waiting");
        if self.config.session {
            self.session.forget(payload);
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
        self.snapshot.open = self.link.is_some_and(|link| link.greeted);
        self.snapshot.came_out(output);
        if self.config.persist {
            self.stores(now, output);
        }
        match output {
            Output::Dial { generation, .. } => self.dialed(now, *generation),
            Output::Greet { generation, .. } => {
                self.asked.greeting = true;
                self.session.greeted = self.own;
                self.last_sent.clear();
                let link = self.link.filter(|link| link.open && !link.greeted);
                assert_eq!(
                    link.map(|link| link.generation),
                    Some(*generation),
                    "{output}"
                );
            }
            Output::Decide { .. } => self.asked.decision = true,
            Output::Transmit(payload) => self.transmitted(now, *payload),
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
                    self.session.acknowledged(*payload);
                    self.forget(*payload);
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
            Output::Acknowledge { .. }
            | Output::Pong(_)
            | Output::Ask
            | Output::End
            | Output::Lane { .. } => {
                assert!(self.config.session);
                self.link_carries(output);
            }
            Output::Adopt(memory) => {
                self.link_carries(output);
                self.asked.adopting.push(*memory);
            }
            Output::Done(memory) => {
                self.link_carries(output);
                let forgotten = self.forgotten == Some(*memory);
                assert!(
                    forgotten || !self.config.persist,
                    "{output}: it may be there"
                );
            }
            Output::Release(payload) => {
                let wait = self.waiting.get(payload).cloned();
                self.tickets.remove(&wait.map_or(0, |wait| wait.ticket));
                self.forget(*payload);
            }
            Output::Save(_) => self.asked.saving = true,
            Output::Abandon => assert!(self.config.session && !self.welcomed, "{output}"),
            _ => {}
        }
    }
}
