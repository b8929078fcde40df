//! Many clients lose one server at once: how hard do they come back, and how soon?

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use steadfast_engine::{
    Config, Engine, Event, Input, Instant, Now, Output, ReconnectConfig, Rng, Span, State,
};

use crate::support::{CONNECT, Payload, ms};

/// With the default options no tenth of a second sees more than a quarter of the clients, and 99 of
/// 100 are back 65 s after the server.
#[test]
fn the_defaults_spread_a_herd() {
    for seed in SEEDS {
        let outcome = Herd::new(&Config::default(), seed).lose_the_server();
        println!("defaults, seed {seed}: {outcome:?}");
        assert!(outcome.worst_bucket <= CLIENTS / 4, "{outcome:?}");
        assert!(outcome.back <= ms(65_000), "{outcome:?}");
    }
}

/// With the options for herds, 8 of 100 and 45 s.
#[test]
fn the_herd_profile_spreads_it_further() {
    let config = Config {
        reconnect: ReconnectConfig {
            first: ms(5_000),
            base: ms(4_000),
            max: ms(30_000),
            ..ReconnectConfig::default()
        },
        ..Config::default()
    };
    for seed in SEEDS {
        let outcome = Herd::new(&config, seed).lose_the_server();
        println!("herd profile, seed {seed}: {outcome:?}");
        assert!(outcome.worst_bucket <= CLIENTS * 8 / 100, "{outcome:?}");
        assert!(outcome.back <= ms(45_000), "{outcome:?}");
    }
}

/// What became of a herd.
#[derive(Debug)]
struct Outcome {
    /// The most attempts within 100 ms.
    worst_bucket: usize,
    /// When 99 of 100 clients were back, after the server was.
    back: Span,
    #[allow(dead_code, reason = "printed")]
    attempts: usize,
}

struct Herd {
    engines: Vec<Engine<Payload>>,
    /// What comes next, to whom: the earliest first, and in order of their making.
    events: BinaryHeap<Reverse<(Instant, usize, usize, Happening)>>,
    made: usize,
    /// Accepts that the server is ready for, in millionths.
    ready: u64,
    ready_at: Instant,
    attempts: Vec<Instant>,
    opened: Vec<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Timer,
    Arrival { generation: u32 },
    Answer { generation: u32, accepted: bool },
}

impl Herd {
    /// Clients that all have a stable link.
    fn new(config: &Config, seed: u64) -> Self {
        let mut seeds = Rng::new(seed);
        let mut herd = Self {
            engines: Vec::new(),
            events: BinaryHeap::new(),
            made: 0,
            ready: 0,
            ready_at: SERVER_BACK,
            attempts: Vec::new(),
            opened: Vec::new(),
        };
        for _ in 0..CLIENTS {
            let mut engine = Engine::new(config.clone(), seeds.next_u64());
            give(&mut engine, Instant::ZERO, CONNECT);
            while !matches!(engine.poll_output(), Output::Timeout(_)) {}
            give(
                &mut engine,
                Instant::ZERO,
                Input::LinkOpened { generation: 1 },
            );
            while !matches!(engine.poll_output(), Output::Timeout(_)) {}
            assert_eq!(engine.state(), State::Open);
            herd.engines.push(engine);
        }
        herd
    }

    fn lose_the_server(mut self) -> Outcome {
        for client in 0..CLIENTS {
            give(&mut self.engines[client], SERVER_LOST, closed(1));
            self.drain(SERVER_LOST, client);
        }
        while let Some(Reverse((now, _, client, happening))) = self.events.pop() {
            match happening {
                Happening::Timer => give(&mut self.engines[client], now, timeout()),
                Happening::Arrival { generation } => {
                    let accepted = self.accepts(now);
                    self.after(
                        now,
                        client,
                        Happening::Answer {
                            generation,
                            accepted,
                        },
                    );
                    continue;
                }
                Happening::Answer {
                    generation,
                    accepted: true,
                } => {
                    give(
                        &mut self.engines[client],
                        now,
                        Input::LinkOpened { generation },
                    );
                    self.opened.push(now);
                }
                Happening::Answer { generation, .. } => {
                    give(&mut self.engines[client], now, closed(generation));
                }
            }
            self.drain(now, client);
        }
        self.outcome()
    }

    /// Carries out what the engine wants. A client that is back is left alone.
    fn drain(&mut self, now: Instant, client: usize) {
        loop {
            match self.engines[client].poll_output() {
                Output::Dial { generation, .. } => {
                    self.attempts.push(now);
                    self.after(now, client, Happening::Arrival { generation });
                }
                Output::Timeout(at) => {
                    if self.engines[client].state() != State::Open && at != Instant::NEVER {
                        self.push(at, client, Happening::Timer);
                    }
                    return;
                }
                Output::Event(Event::Failed(failure)) => panic!("gave up: {failure:?}"),
                _ => {}
            }
        }
    }

    /// The server takes so many a second, with a little slack; it refuses the others at once.
    fn accepts(&mut self, now: Instant) -> bool {
        if now < SERVER_BACK {
            return false;
        }
        let elapsed = now.since(self.ready_at).as_micros();
        self.ready = (self.ready + elapsed * ACCEPTS_PER_SECOND).min(SLACK * 1_000_000);
        self.ready_at = now;
        let accepts = self.ready >= 1_000_000;
        if accepts {
            self.ready -= 1_000_000;
        }
        accepts
    }

    fn after(&mut self, now: Instant, client: usize, happening: Happening) {
        self.push(now + LATENCY, client, happening);
    }

    fn push(&mut self, at: Instant, client: usize, happening: Happening) {
        self.made += 1;
        self.events
            .push(Reverse((at, self.made, client, happening)));
    }

    fn outcome(mut self) -> Outcome {
        assert_eq!(self.opened.len(), CLIENTS, "some never came back");
        let bucket = |at: &Instant| at.since(SERVER_LOST).as_micros() / 100_000;
        self.attempts.sort_unstable();
        let buckets = self.attempts.chunk_by(|a, b| bucket(a) == bucket(b));
        self.opened.sort_unstable();
        Outcome {
            worst_bucket: buckets.map(<[Instant]>::len).max().unwrap_or(0),
            back: self.opened[CLIENTS * 99 / 100 - 1].since(SERVER_BACK),
            attempts: self.attempts.len(),
        }
    }
}

fn give(engine: &mut Engine<Payload>, now: Instant, input: Input<Payload>) {
    let now = Now {
        at: now,
        wall_ms: now.as_micros() / 1_000,
    };
    assert_eq!(engine.handle_input(now, input), Ok(()));
}

fn closed(generation: u32) -> Input<Payload> {
    Input::LinkClosed {
        generation,
        code: 1006,
        was_clean: false,
    }
}

fn timeout() -> Input<Payload> {
    Input::Timeout { buffered_bytes: 0 }
}

const SEEDS: [u64; 3] = [1, 2, 3];
const CLIENTS: usize = 10_000;
const ACCEPTS_PER_SECOND: u64 = 400;
const SLACK: u64 = 40;
const LATENCY: Span = ms(1);
/// Everybody's link is a minute old.
const SERVER_LOST: Instant = Instant::from_micros(60_000_000);
const SERVER_BACK: Instant = Instant::from_micros(90_000_000);
