//! What holds for a whole day.

use std::time::Duration;

use steadfast_engine::{Config as ClientConfig, SnapshotConfig, Span};
use steadfast_protocol::window::Window;
use steadfast_sessions::io::{Config as NodeConfig, OutboxOverflow};

use super::{Class, Classes};
use crate::dice::Dice;

/// What goes wrong by itself. Chances are in a thousand, times in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// What each frame takes at least, one way.
    pub latency: u64,
    /// And at most so much more.
    pub jitter: u64,
    /// Attempts that are refused.
    pub refused: u32,
    /// Attempts that are accepted and closed.
    pub accepted_then_closed: u32,
    /// Attempts whose answer is late.
    pub late_handshake: u32,
    /// Links that are cut after a number of frames.
    pub cut_at_frame: u32,
    /// Links that take few bytes a second.
    pub slow_line: u32,
    /// Frames longer than this, in bytes, end the link that carries them; 0: none does.
    pub narrow: u64,
    /// Events of given-up links that are heard all the same.
    pub late_events: u32,
    /// What the store takes at least, and at most so much more: to begin, and to sync.
    pub store: (u64, u64),
    /// Requests that wait until others have overtaken them.
    pub store_overtakes: u32,
    /// Requests that fail.
    pub store_fails: u32,
    /// Claims that wait.
    pub slow_claims: u32,
    /// Hellos whose credentials are not accepted.
    pub credentials: u32,
    /// Requests of a dead process that are carried out after all.
    pub stragglers: u32,
    /// States that the application fails to give.
    pub capture_fails: u32,
    /// Transactions of pages that are aborted.
    pub storage_aborts: u32,
    /// Browsers without localStorage,
    pub noteless: u32,
    /// without locks,
    pub lockless: u32,
    /// and those that can lose what a page has committed in its last moments.
    pub tears: u32,
    /// Messages that are longer, in bytes, do not fit in storage; 0: all do.
    pub most_bytes: u64,
    /// What a page's storage takes at most, and what its disk takes besides.
    pub disk: (u64, u64),
    /// What the handler takes at most.
    pub handler: u64,
    /// Messages that it fails on.
    pub handler_fails: u32,
    /// Messages to which a listener answers by sending.
    pub reentry: u32,
    /// Messages that a listener takes its time over.
    pub slow_listener: u32,
    /// And how long at most.
    pub listener: u64,
    /// Pages that add their listener late.
    pub listens_late: u32,
}

/// Bounds and times of both sides.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// The clients'.
    pub client: ClientConfig,
    /// What a client takes unacknowledged.
    pub client_window: Window,
    /// The server's.
    pub node: NodeConfig,
    /// The state that is saved is this document.
    pub document: Option<String>,
    /// What comes of rooms is part of the state.
    pub folds_rooms: bool,
}

impl Weather {
    pub(super) fn draw(dice: &mut Dice, on: Classes) -> Self {
        let mut chance = |class: Class, most: u64| {
            let drawn = dice.between(1, most) as u32;
            if on.has(class) { drawn } else { 0 }
        };
        let mut weather = Self {
            refused: chance(Class::Refused, 500),
            accepted_then_closed: chance(Class::AcceptedThenClosed, 400),
            late_handshake: chance(Class::LateHandshake, 400),
            cut_at_frame: chance(Class::CutAtFrame, 800),
            slow_line: chance(Class::SlowLine, 300),
            late_events: chance(Class::LateEvents, 1_000),
            store_overtakes: chance(Class::SlowStore, 150),
            store_fails: chance(Class::FailingStore, 200),
            slow_claims: chance(Class::SlowClaims, 500),
            credentials: chance(Class::Credentials, 300),
            stragglers: chance(Class::Stragglers, 1_000),
            capture_fails: chance(Class::CaptureFails, 300),
            storage_aborts: chance(Class::StorageAborts, 30),
            handler_fails: chance(Class::HandlerFails, 300),
            reentry: chance(Class::Reentry, 300),
            slow_listener: chance(Class::SlowListener, 300),
            listens_late: chance(Class::ListensLate, 800),
            noteless: chance(Class::NoNotes, 1_000),
            lockless: chance(Class::NoLocks, 600),
            tears: chance(Class::TornStorage, 1_000),
            ..Self::default()
        };
        if on.has(Class::Narrow) {
            weather.narrow = dice.between(500, 40_000);
        }
        let most_bytes = 20 + dice.skewed(4_000);
        if on.has(Class::NarrowStorage) {
            weather.most_bytes = most_bytes;
        }
        let (latency, jitter) = (dice.skewed(500_000), dice.skewed(2_000_000));
        weather.latency = 200;
        weather.jitter = 800;
        if on.has(Class::Latency) {
            (weather.latency, weather.jitter) = (latency, jitter);
        }
        let slow = (dice.skewed(200_000), dice.skewed(3_000_000));
        weather.store = (300, 3_000);
        if on.has(Class::SlowStore) {
            weather.store = slow;
        }
        let slow = (dice.skewed(300_000), dice.skewed(2_000_000));
        weather.disk = (500, 5_000);
        if on.has(Class::SlowStorage) {
            weather.disk = slow;
        }
        weather.listener = dice.pick(&[10_000, 1_000_000, 5_000_000, 60_000_000]);
        weather.handler = dice.pick(&[0, 0, 500, 20_000, 400_000]);
        weather
    }
}

impl Tuning {
    pub(super) fn draw(dice: &mut Dice, on: Classes) -> Self {
        let mut tuning = Self {
            client: ClientConfig {
                session: true,
                ..ClientConfig::default()
            },
            client_window: Window::default(),
            node: NodeConfig::default(),
            document: on.has(Class::Document).then(|| "form".to_owned()),
            folds_rooms: true,
        };
        let beat = dice.pick(&[30_000, 30_000, 5_000, 2_000]);
        tuning.client.persist = on.has(Class::Persist);
        tuning.client.heartbeat.interval = Span::from_ms(beat);
        tuning.client.heartbeat.adaptive = None;
        tuning.node.retry = dice.pick(&[None, None, Some(Duration::from_millis(50))]);
        tuning.node.outbox_overflow =
            dice.pick(&[OutboxOverflow::Refuse, OutboxOverflow::DropOldest]);
        let interval = Span::from_ms(dice.pick(&[500, 2_000, 5_000]));
        tuning.folds_rooms = dice.happens(500);
        if on.has(Class::Checkpoint) || on.has(Class::Document) {
            tuning.client.snapshot = Some(SnapshotConfig {
                interval,
                checkpoint: !on.has(Class::Document),
                acknowledges: dice.happens(300),
            });
        }
        let tiny = Self::tiny(dice);
        if on.has(Class::TinyLimits) {
            tuning.apply(tiny);
        }
        tuning
    }

    fn tiny(dice: &mut Dice) -> Tiny {
        let mut window = || Window {
            messages: dice.between(1, 20) as u32,
            bytes: dice.between(200, 20_000) as u32,
        };
        Tiny {
            client: window(),
            server: window(),
            queue: dice.between(5, 200) as u32,
            outbox: dice.between(40, 400) as u32,
            room: dice.between(5, 100) as u32,
            link_buffer: dice.between(100, 20_000) as usize,
            ttl: Duration::from_secs(dice.between(5, 60)),
            attempts: dice.between(1, 5) as u32,
            max_message: dice.pick(&[1 << 20, 1 << 20, 3_000, 500]),
            snapshot: dice.pick(&[256 << 10, 20_000, 2_000]),
        }
    }

    fn apply(&mut self, tiny: Tiny) {
        self.client_window = tiny.client;
        if self.client.snapshot.is_some_and(|it| it.checkpoint) {
            // A window is emptied by a save, and there is one each interval.
            self.client_window.messages += 15;
            self.client_window.bytes += 20_000;
        }
        self.node.window = tiny.server;
        self.client.queue.max_messages = tiny.queue;
        self.node.outbox_messages = tiny.outbox;
        self.node.room_messages = tiny.room;
        self.node.link_buffer = tiny.link_buffer;
        self.node.ttl = tiny.ttl;
        self.node.attempts = tiny.attempts;
        self.node.max_message = tiny.max_message;
        self.node.snapshot_bytes = tiny.snapshot;
    }
}

struct Tiny {
    client: Window,
    server: Window,
    queue: u32,
    outbox: u32,
    room: u32,
    link_buffer: usize,
    ttl: Duration,
    attempts: u32,
    max_message: u32,
    snapshot: u32,
}
