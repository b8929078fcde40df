//! The state machine.

mod claim;
mod dial;
mod link;
mod loss;
mod memory;
mod query;
mod receive;
mod send;
mod session;
mod snapshot;
mod stream;
mod stuck;
mod unit;
mod wake;

use alloc::vec::Vec;

use self::link::Link;
use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::health::HealthMeter;
use crate::heartbeat::Heartbeat;
use crate::inbox::Inbox;
use crate::memory::Stage;
use crate::outputs::Outputs;
use crate::planted::{self, Bug};
use crate::session::Session;
use crate::snapshot::Snapshot;
use crate::storage::Storage;
use crate::timers::{Timer, Timers};
use crate::upward::Upward;
use crate::{
    Cause, Config, Event, HangUp, HeartbeatConfig, Input, Instant, Loss, Now, Output, Refusal, Rng,
    STATE, State,
};

/// One client. See the crate's front page for how to drive it.
#[derive(Debug)]
pub struct Engine<P> {
    config: Config,
    rng: Rng,
    state: State,
    phase: Phase,
    timers: Timers,
    outputs: Outputs<P>,
    /// Names the present link; raised by each attempt, so that late events of an older one differ.
    generation: u32,
    link: Link,
    /// Attempts since the last stable link.
    attempts: u32,
    backoff: Backoff,
    /// Fresh credentials were asked for since the last stable link.
    reauthenticated: bool,
    /// When to give up for want of a stable link.
    patience_ends: Instant,
    /// When the link was lost that has not been replaced yet; [`Instant::NEVER`]: none was.
    lost_at: Instant,
    /// Attempts since then.
    attempts_since_loss: u32,
    /// The loss that the application is deciding about.
    undecided: Option<Undecided>,
    last_loss: Loss,
    network: Network,
    /// The page was put away, and nothing says that it is back.
    away: bool,
    /// The attempt that is on its way, or waited for, comes sooner than losses and hints alone would have it.
    hastened: bool,
    /// Attempts in a row that came sooner because something was sent.
    sends: u32,
    /// Attempts that failed, as long as no link was ever open.
    unopened: Option<u32>,
    heartbeat: Heartbeat,
    health: HealthMeter,
    upward: Upward<P>,
    queue_told: bool,
    /// Those who wait for messages to leave: ticket, and the link's total at which they have.
    departures: Vec<(u32, u64)>,
    /// Those who wait until nothing waits.
    flushes: Vec<u32>,
    inbox: Inbox<P>,
    listening: bool,
    session: Session<P>,
    storage: Storage,
    snapshot: Snapshot,
    /// Session: messages given to the present link.
    given_messages: u64,
    clock: Clock,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing.
    Rest,
    /// An attempt has begun; its socket is not open.
    Dialing,
    /// The socket is open; the application has still to greet it.
    Greeting,
    /// Messages flow.
    Open,
    /// The application decides what follows a loss.
    Deciding,
    /// The next attempt has its time.
    Waiting,
}

/// A loss that the application is deciding about.
#[derive(Clone, Copy, Debug)]
struct Undecided {
    loss: Loss,
    /// Whether the link had opened.
    opened: bool,
    /// Whether the application has been told of the loss.
    told: bool,
}

/// What is believed of the network: hints, and what speaks against them.
#[derive(Clone, Copy, Debug)]
struct Network {
    /// The platform says that there is none.
    down: bool,
    /// A link opened all the same: until the platform has other news, it is not believed.
    refuted: bool,
}

impl<P: PartialEq + Clone> Engine<P> {
    /// What every client begins with. As a constant it is copied as a whole.
    const AT_REST: Self = Self {
        config: Config::BARE,
        rng: Rng::new(0),
        state: State::Idle,
        phase: Phase::Rest,
        timers: Timers::new(),
        outputs: Outputs::new(),
        generation: 0,
        link: Link::new(Instant::ZERO),
        attempts: 0,
        backoff: Backoff::new(),
        reauthenticated: false,
        patience_ends: Instant::NEVER,
        lost_at: Instant::NEVER,
        attempts_since_loss: 0,
        undecided: None,
        last_loss: Loss::none(),
        network: Network {
            down: false,
            refuted: false,
        },
        away: false,
        hastened: false,
        sends: 0,
        unopened: Some(0),
        heartbeat: Heartbeat::new(HeartbeatConfig::BARE, false),
        health: HealthMeter::new(),
        upward: Upward::new(),
        queue_told: false,
        departures: Vec::new(),
        flushes: Vec::new(),
        inbox: Inbox::new(),
        listening: false,
        session: Session::new(),
        storage: Storage::new(),
        snapshot: Snapshot::new(),
        given_messages: 0,
        clock: Clock::new(),
    };

    /// A client in state [`State::Idle`]. All its random choices follow from `seed`.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        let mut engine = Self::AT_REST;
        engine.rng = Rng::new(seed);
        engine
            .heartbeat
            .configure(config.heartbeat.clone(), config.session);
        engine
            .inbox
            .bound(config.queue.max_messages, config.queue.max_bytes);
        if STATE && config.persist {
            engine.upward.own.stage = Stage::Locking;
        }
        engine.config = config;
        engine
    }

    /// Takes in one thing that happened `now`. Afterwards [`Self::poll_output`] has new answers, and
    /// [`Self::state`] may have changed.
    ///
    /// # Errors
    /// Only what the application asks for can be refused; then nothing has changed.
    pub fn handle_input(&mut self, now: Now, input: Input<P>) -> Result<(), Refusal> {
        let now = self.advance(now, matches!(input, Input::LinkClosed { .. }));
        self.handle_at(now, input)
    }

    /// The first half of [`Self::handle_input`]: what follows from the clocks alone, before an input that tells
    /// of a link that `ended`, or of something else. The time for [`Self::handle_at`].
    ///
    /// A shell that makes its inputs from numbers makes them between the two. Then nothing stands between
    /// making one and matching it, and compiled for size no input is ever written to memory.
    pub fn advance(&mut self, now: Now, ended: bool) -> Instant {
        let slept = self.clock.advance(now);
        let now = self.clock.inside(now.at);
        // A link that has ended takes no ping.
        if slept && !ended {
            self.look(now, Cause::Wake);
        }
        now
    }

    /// The second half of [`Self::handle_input`].
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn handle_at(&mut self, now: Instant, input: Input<P>) -> Result<(), Refusal> {
        let answer = self.dispatch(now, input);
        self.acquit();
        self.tend(now);
        answer
    }

    #[inline(always)]
    fn dispatch(&mut self, now: Instant, input: Input<P>) -> Result<(), Refusal> {
        match input {
            Input::Connect { online } => return self.connect(now, online),
            Input::Reconnect { online } => return self.reconnect(now, online),
            Input::Close => self.close(now, false, false),
            Input::Release { stored } => self.close(now, true, stored),
            Input::Send {
                send,
                buffered_bytes,
            } => return self.send(now, send, buffered_bytes),
            Input::Withdraw(ticket) => return self.withdraw(ticket),
            Input::Flush {
                ticket,
                buffered_bytes,
            } => {
                return self.flush(now, ticket, buffered_bytes);
            }
            Input::Ping => return self.ping_now(now),
            Input::Listen(listening) => self.listening = listening,
            Input::Wake { online } => self.wake(now, online),
            Input::Online => self.handle_online(now),
            Input::Offline => self.handle_offline(now),
            Input::Suspend => self.suspend(now),
            Input::Timeout { buffered_bytes } => self.handle_timeout(now, buffered_bytes),
            Input::LinkOpened { generation }
            | Input::Greeted { generation }
            | Input::LinkFailed { generation, .. }
            | Input::LinkMessage { generation, .. }
            | Input::LinkClosed { generation, .. }
            | Input::Decided { generation, .. }
            | Input::DecisionPending { generation }
            | Input::Welcomed { generation, .. }
            | Input::Counted { generation, .. }
            | Input::Stored { generation, .. }
            | Input::Adopted { generation, .. }
            | Input::From { generation, .. }
            | Input::Volatile { generation, .. }
            | Input::Pinged { generation, .. }
            | Input::Ponged { generation, .. }
            | Input::Violated { generation }
                if generation != self.generation && !planted::is(Bug::StaleGenerationKept) => {}
            Input::LinkOpened { .. } => self.handle_link_opened(now),
            Input::Greeted { .. } => self.handle_greeted(now),
            Input::LinkFailed { fatal, .. } => self.handle_link_failed(now, fatal),
            Input::LinkMessage {
                payload,
                bytes,
                is_pong,
                ..
            } => {
                self.handle_message(now, payload, bytes, is_pong);
            }
            Input::LinkClosed {
                code, was_clean, ..
            } => {
                self.handle_link_closed(now, code, was_clean);
            }
            Input::Decided { decision, .. } => self.handle_decision(now, decision),
            Input::DecisionPending { .. } => self.handle_decision_pending(now),
            Input::Found { .. }
            | Input::Recalled
            | Input::Locked { .. }
            | Input::Wanted { .. }
            | Input::Restored(_)
            | Input::Read { .. }
            | Input::Forgotten { .. }
            | Input::Storage { .. }
            | Input::Snapshot(_)
            | Input::Captured(_)
            | Input::Saved
            | Input::Unsaved { .. }
            | Input::Hide
                if STATE =>
            {
                return self.handle_state(now, input);
            }
            _ => self.handle_session(now, input),
        }
        Ok(())
    }

    /// An input that only a durable queue or snapshots have.
    fn handle_state(&mut self, now: Instant, input: Input<P>) -> Result<(), Refusal> {
        match input {
            Input::Snapshot(ticket) => return self.ask_snapshot(ticket),
            Input::Captured(captured) => self.handle_captured(now, captured),
            Input::Saved => self.handle_saved(),
            Input::Unsaved { why, after } => self.handle_unsaved(now, why, after),
            Input::Hide => self.hide(),
            _ if self.persists() => self.handle_storage(now, input),
            _ => {}
        }
        Ok(())
    }

    /// The next thing to do. Call it until it returns [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output<P> {
        let output = self.next_output();
        match output {
            Output::Greet { .. } => self.given_messages = 0,
            Output::Transmit(_) => self.given_messages += 1,
            Output::Unit(messages) if planted::is(Bug::BatchCountedInPart) => {
                self.given_messages = self.given_messages.saturating_sub(u64::from(messages) - 1);
            }
            _ => {}
        }
        output
    }

    fn next_output(&mut self) -> Output<P> {
        if self.outputs.is_empty() {
            self.poll_transmit();
        }
        if STATE && self.outputs.is_empty() {
            self.poll_capture();
        }
        if self.outputs.is_empty() {
            self.poll_message();
        }
        let deadline = self.clock.outside(self.timers.next());
        self.outputs.pop().unwrap_or(Output::Timeout(deadline))
    }

    fn handle_timeout(&mut self, now: Instant, buffered_bytes: u32) {
        self.link.buffered_bytes = buffered_bytes;
        for timer in Timer::ALL {
            let Some(deadline) = self.timers.expire(timer, now) else {
                continue;
            };
            match timer {
                Timer::Connect => self.handle_connect_timeout(now),
                Timer::Retry => self.dial(now),
                Timer::GiveUp => self.give_up(),
                Timer::Decide => self.handle_decision(now, None),
                Timer::Ping => self.handle_ping_due(now),
                Timer::Pong => self.handle_pong_due(now, deadline),
                Timer::Expiry => self.expire_messages(now),
                Timer::Drain => {}
                Timer::Ack => self.acknowledge(now, false),
                Timer::Doubt => self.handle_doubt(now),
                Timer::Snapshot if STATE => self.handle_snapshot_due(now),
                Timer::Storage if STATE => self.go_on_without_storage(now),
                Timer::StorageRetry if STATE => self.outputs.push(Output::Retry),
                Timer::Snapshot | Timer::Storage | Timer::StorageRetry => {}
            }
        }
        self.settle_departures();
        self.watch_drain(now);
    }

    fn set_state(&mut self, to: State) {
        if self.state != to {
            let from = core::mem::replace(&mut self.state, to);
            if STATE && to.is_at_rest() {
                self.timers.stop(Timer::Snapshot);
            }
            self.tell(Event::StateChange { from, to });
        }
    }

    fn tell(&mut self, event: Event<P>) {
        self.outputs.push(Output::Event(event));
    }

    fn hang_up(&mut self, why: HangUp) {
        self.outputs.push(Output::HangUp(why));
    }

    fn update_health(&mut self, now: Instant) {
        let open = self.phase == Phase::Open;
        if self.health.update(now, &self.heartbeat, open) {
            self.tell(Event::Health);
        }
    }
}

impl Network {
    /// What the platform says when it is asked, or, as `news`, of itself.
    fn hear(&mut self, online: bool, news: bool) {
        self.refuted &= !(online || news);
        self.down = !online && !self.refuted;
    }

    /// A link has opened.
    fn prove(&mut self) {
        self.refuted |= core::mem::take(&mut self.down);
    }
}
