//! A shell whose clock and link are played by the test.

mod passing;

use steadfast_engine::{
    Captured, Config, Engine, Input, Instant, Now, Output, Refusal, Send, State,
};

use super::{Answer, Audit, CONNECT, Network, Payload, message, ms};

/// Drives one engine by the three rules of the crate's front page, checks after every input what
/// must always hold ([`Audit`]), and keeps what came out for the test to look at.
pub(crate) struct Shell {
    pub(crate) engine: Engine<Payload>,
    pub(crate) now: Instant,
    /// How far the wall clock is ahead of the other.
    pub(crate) wall_ahead_ms: u64,
    /// Both clocks at the last input.
    told: Now,
    /// What the last drain ended with.
    pub(crate) deadline: Instant,
    /// The last generation that was dialed.
    pub(crate) generation: u32,
    pub(crate) network: Network,
    /// What the application's `decide` says at once, when the engine asks.
    pub(crate) decide: Answer,
    /// How long the application's greeting is, which is sent at once when the engine asks; `None`:
    /// the test greets by hand.
    pub(crate) greeting_bytes: Option<u32>,
    /// Messages that came in on this link, as a server of sessions counts them.
    pub(crate) received: u64,
    /// The id of the last ping.
    pub(crate) last_ping: u32,
    /// Whether messages count as handed over as soon as the application has them.
    pub(crate) hands_over: bool,
    /// Whether storage answers as soon as it is asked, but for the lock of all orphans.
    pub(crate) stores: bool,
    /// Whether the server answers as soon as it is asked for a memory, and has what it said it has.
    pub(crate) adopts: bool,
    /// What the application says when it is asked for its state.
    pub(crate) captures: Captured,
    /// Whether its state counts as saved as soon as that is asked for.
    pub(crate) saves: bool,
    /// Every input and output, a line each.
    pub(crate) trace: Vec<String>,
    pub(crate) audit: Audit,
    pub(crate) outputs: Vec<Output<Payload>>,
    pub(super) next_payload: Payload,
}

impl Shell {
    pub(crate) fn new(config: Config) -> Self {
        Self::with_seed(config, 1)
    }

    pub(crate) fn with_seed(config: Config, seed: u64) -> Self {
        Self {
            audit: Audit::new(&config),
            engine: Engine::new(config, seed),
            now: Instant::from_micros(5_000_000),
            wall_ahead_ms: WALL_AHEAD_MS,
            told: Now {
                at: Instant::ZERO,
                wall_ms: WALL_AHEAD_MS,
            },
            deadline: Instant::NEVER,
            generation: 0,
            network: Network::default(),
            decide: Answer::None,
            greeting_bytes: None,
            received: 0,
            last_ping: 0,
            hands_over: true,
            stores: true,
            adopts: true,
            captures: Captured::Changed,
            saves: false,
            trace: Vec::new(),
            outputs: Vec::new(),
            next_payload: 1,
        }
    }

    /// A shell whose link opened 40 ms after it was asked for.
    pub(crate) fn open(config: Config) -> Self {
        let mut shell = Self::new(config);
        shell.connect();
        shell.wait(ms(40));
        shell.link_opens();
        assert_eq!(shell.engine.state(), State::Open);
        shell.take();
        shell
    }

    /// As [`Self::open`], and the link has proved itself: the next loss is the first in a row.
    pub(crate) fn stable(config: Config) -> Self {
        let mut shell = Self::open(config);
        shell.wait(ms(6_000));
        shell.take();
        shell
    }

    /// As [`Self::stable`], and the server is known to answer pings.
    pub(crate) fn answering(config: Config) -> Self {
        let mut shell = Self::open(config);
        shell.network.answers = Some(ms(40));
        shell.wait(ms(6_000));
        shell.network.answers = None;
        shell.take();
        shell
    }

    /// As [`Self::stable`], and the link takes nothing: 1 MiB that it was given stays with it.
    pub(crate) fn stuck(config: Config) -> Self {
        let mut shell = Self::stable(config);
        shell.network.bytes_per_second = Some(0);
        shell.send_with(|send| send.bytes = 1 << 20);
        shell.take();
        shell
    }

    /// One input, and all that follows from it.
    pub(crate) fn give(&mut self, input: Input<Payload>) -> Result<(), Refusal> {
        self.trace.push(format!("{} {input}", self.now));
        let awaits_pong = self.engine.awaits_pong();
        let present = (self.generation, self.engine.memory());
        self.audit.before(self.now, &input, present, awaits_pong);
        let timeout = matches!(input, Input::Timeout { .. });
        let comes_in =
            matches!(input, Input::LinkMessage { generation, .. } if generation == self.generation);
        self.received += u64::from(comes_in && self.engine.state() == State::Open);
        let now = self.clocks();
        if let Some(slept) = self.slept() {
            self.audit.slept(slept);
        }
        self.told = now;
        let result = self.engine.handle_input(now, input.clone());
        self.audit.given(&input, result);
        let produced = self.drain();
        self.audit
            .drained(&mut self.engine, self.now, self.deadline, timeout, produced);
        self.answer();
        result
    }

    /// The application takes back what waits.
    pub(crate) fn take_queue(&mut self) -> Vec<Payload> {
        self.trace.push(format!("{} -> take_queue", self.now));
        let taken: Vec<Payload> = core::iter::from_fn(|| self.engine.take_back()).collect();
        self.audit.took_back(&taken);
        let produced = self.drain();
        self.audit
            .drained(&mut self.engine, self.now, self.deadline, false, produced);
        taken
    }

    pub(crate) fn connect(&mut self) {
        assert_eq!(self.give(CONNECT), Ok(()));
    }

    pub(crate) fn link_opens(&mut self) {
        let generation = self.generation;
        assert_eq!(self.give(Input::LinkOpened { generation }), Ok(()));
    }

    /// The other side closes the link with a close frame, or none for 1006.
    pub(crate) fn link_closes(&mut self, code: u16) {
        let (generation, was_clean) = (self.generation, code != 1006);
        let input = Input::LinkClosed {
            generation,
            code,
            was_clean,
        };
        assert_eq!(self.give(input), Ok(()));
    }

    pub(crate) fn link_fails(&mut self, fatal: bool) {
        let generation = self.generation;
        assert_eq!(self.give(Input::LinkFailed { generation, fatal }), Ok(()));
    }

    /// A message of 10 bytes comes in. Returns it.
    pub(crate) fn receive(&mut self) -> Payload {
        let payload = self.fresh_payload();
        self.receive_as(payload, 10, false);
        payload
    }

    /// A message of so many bytes comes in.
    pub(crate) fn receive_bytes(&mut self, bytes: u32) {
        let payload = self.fresh_payload();
        self.receive_as(payload, bytes, false);
    }

    pub(crate) fn pong(&mut self) {
        let payload = self.fresh_payload();
        self.receive_as(payload, 10, true);
    }

    /// Sends a message of 10 bytes. Returns it.
    pub(crate) fn send(&mut self) -> Payload {
        self.send_with(|_| {})
    }

    /// Sends a message of 10 bytes that `change` has changed. Returns it.
    pub(crate) fn send_with(&mut self, change: impl FnOnce(&mut Send<Payload>)) -> Payload {
        let payload = self.next_payload;
        assert_eq!(self.try_send(change), Ok(()));
        payload
    }

    pub(crate) fn try_send(
        &mut self,
        change: impl FnOnce(&mut Send<Payload>),
    ) -> Result<(), Refusal> {
        let mut send = message(self.fresh_payload(), 10);
        change(&mut send);
        let buffered_bytes = self.network.buffered_bytes;
        self.give(Input::Send {
            send,
            buffered_bytes,
        })
    }

    pub(crate) fn flush(&mut self, ticket: u32) -> Result<(), Refusal> {
        let buffered_bytes = self.network.buffered_bytes;
        self.give(Input::Flush {
            ticket,
            buffered_bytes,
        })
    }

    pub(crate) fn timeout(&mut self) {
        let input = Input::Timeout {
            buffered_bytes: self.network.buffered_bytes,
        };
        assert_eq!(self.give(input), Ok(()));
    }

    pub(crate) fn fresh_payload(&mut self) -> Payload {
        let payload = self.next_payload;
        self.next_payload += 1;
        payload
    }

    /// The payload that the next message has.
    pub(crate) const fn peek_payload(&self) -> Payload {
        self.next_payload
    }

    /// The whole run so far.
    pub(crate) fn story(&self) -> String {
        self.trace.join("\n")
    }

    fn receive_as(&mut self, payload: Payload, bytes: u32, is_pong: bool) {
        let generation = self.generation;
        let input = Input::LinkMessage {
            generation,
            payload,
            bytes,
            is_pong,
        };
        assert_eq!(self.give(input), Ok(()));
    }

    fn drain(&mut self) -> usize {
        let before = self.outputs.len();
        loop {
            let output = self.engine.poll_output();
            self.trace.push(format!("{} {output}", self.now));
            self.audit.came_out(self.now, &output);
            match output {
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return self.outputs.len() - before;
                }
                Output::Capture(_) => {
                    let captured = Input::Captured(self.captures);
                    self.trace.push(format!("{} {captured}", self.now));
                    let present = (self.generation, self.engine.memory());
                    self.audit.before(self.now, &captured, present, false);
                    let result = self.engine.handle_input(self.clocks(), captured);
                    assert_eq!(result, Ok(()));
                }
                Output::Dial { generation, .. } => {
                    self.generation = generation;
                    self.received = 0;
                    self.network.reset();
                }
                Output::Transmit(payload) => self.transmit(self.audit.size_of(payload)),
                Output::TransmitPing(id) => {
                    self.last_ping = id;
                    self.network.take_ping(self.now, PING_BYTES);
                    self.transmitted(PING_BYTES);
                }
                _ => {}
            }
            self.outputs.push(output);
        }
    }

    fn transmit(&mut self, bytes: u32) {
        self.network.take(bytes);
        self.transmitted(bytes);
    }

    fn transmitted(&mut self, bytes: u32) {
        self.engine
            .handle_transmitted(self.now, bytes, self.network.buffered_bytes);
    }

    /// Answers at once what the engine asked for, where the test has said what to answer.
    fn answer(&mut self) {
        let generation = self.generation;
        let asked = core::mem::take(&mut self.audit.asked);
        if self.stores {
            self.storage_answers();
        }
        for memory in asked.adopting {
            if self.adopts && generation == self.generation {
                self.adopted(memory, self.knows(memory));
            }
        }
        if asked.saving && self.saves {
            assert_eq!(self.give(Input::Saved), Ok(()));
        }
        if asked.decision {
            let input = match self.decide {
                Answer::None => return,
                Answer::Table => Input::Decided {
                    generation,
                    decision: None,
                },
                Answer::Later => Input::DecisionPending { generation },
                Answer::With(decision) => Input::Decided {
                    generation,
                    decision: Some(decision),
                },
            };
            assert_eq!(self.give(input), Ok(()));
        } else if asked.greeting
            && !self.audit.config.session
            && let Some(bytes) = self.greeting_bytes
        {
            self.transmit(bytes);
            assert_eq!(self.give(Input::Greeted { generation }), Ok(()));
        } else if asked.handing && self.hands_over {
            self.handed_over();
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.story());
        }
    }
}

const PING_BYTES: u32 = 4;
const WALL_AHEAD_MS: u64 = 1_700_000_000_000;
