//! Whatever pages, platforms and servers say: when they are done, there is a link, and it is a live one.

use std::cell::Cell;
use std::collections::VecDeque;

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use steadfast_engine::{Config, Event, Input, Instant, Output, Refusal, Span, State};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Answer, Shell, check_steps, config, ms, new};

/// When the hints stop and a server is there and answers, a link that is dead is left within `interval` and
/// `misses` times `timeout`, if any pong was ever seen, and there is a live one within `max` and
/// `connect_timeout`.
#[test]
fn no_hint_is_the_truth() {
    let (opened, left) = (Cell::new(0), Cell::new(0));
    check_steps(&day(), |day| {
        let mut world = World::new(&day);
        for hint in &day.hints {
            world.hear(hint);
        }
        world.settle_down();
        if world.shell.engine.state() == State::Open && !world.is_alive() {
            if !world.knows_pongs() {
                return;
            }
            world.until(longest_death(&day.config), |world| {
                world.shell.engine.state() != State::Open
            });
            left.set(left.get() + 1);
        }
        if world.shell.engine.state().is_at_rest() {
            return;
        }
        world.until(longest_absence(&day.config), |world| {
            world.shell.engine.state() == State::Open && world.is_alive()
        });
        opened.set(opened.get() + 1);
    });
    let least = if cfg!(target_arch = "wasm32") { 5 } else { 30 };
    println!("opened: {}, left: {}", opened.get(), left.get());
    assert!(opened.get() > least && left.get() > least);
}

fn longest_death(config: &Config) -> Span {
    let heartbeat = &config.heartbeat;
    let interval = heartbeat.adaptive.map_or(heartbeat.interval, |bounds| {
        bounds.max.max(heartbeat.interval)
    });
    let first = interval.max(heartbeat.probe);
    let misses = heartbeat.timeout.scaled(f64::from(heartbeat.misses));
    first + misses + heartbeat.timeout
}

fn longest_absence(config: &Config) -> Span {
    let reconnect = &config.reconnect;
    reconnect.max.max(reconnect.first).max(ms(1_000)) + config.connect_timeout
}

#[derive(Clone, Debug)]
struct Day {
    config: Config,
    seed: u64,
    hints: Vec<Hint>,
}

/// Something that is said, or that happens unsaid.
#[derive(Clone, Debug)]
enum Hint {
    Wake {
        online: bool,
    },
    Connect {
        online: bool,
    },
    Reconnect {
        online: bool,
    },
    Online,
    Offline,
    PutAway,
    Hide,
    Send,
    Receive,
    Server(Server),
    /// The link is cut, and nobody says so.
    DieUnsaid,
    Close {
        code: u16,
    },
    /// Time passes, with timers.
    Wait(u64),
    /// Time passes, without.
    Freeze(u64),
    WallJump(u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Server {
    /// Answers pings after so many milliseconds, and handshakes after a tenth of that.
    Answers(u64),
    /// Takes links and says nothing.
    Silent,
    /// Drops links that get a ping.
    Drops,
    /// Refuses links.
    Refuses,
    /// Swallows attempts.
    Gone,
}

fn day() -> impl Strategy<Value = Day> {
    let session = weighted(0.3);
    (config(), session, any::<u64>(), vec(hint(), 1..40)).prop_map(
        |(config, session, seed, hints)| Day {
            config: Config {
                session,
                greets: config.greets && !session,
                decides: config.decides && !session,
                heartbeat: steadfast_engine::HeartbeatConfig {
                    enabled: true,
                    ..config.heartbeat
                },
                ..config
            },
            seed,
            hints,
        },
    )
}

fn hint() -> impl Strategy<Value = Hint> {
    let online = weighted(0.6);
    prop_oneof![
        2 => online.prop_map(|online| Hint::Wake { online }),
        2 => online.prop_map(|online| Hint::Connect { online }),
        1 => online.prop_map(|online| Hint::Reconnect { online }),
        1 => Just(Hint::Online),
        2 => Just(Hint::Offline),
        1 => Just(Hint::PutAway),
        1 => Just(Hint::Hide),
        1 => Just(Hint::Send),
        2 => Just(Hint::Receive),
        4 => server().prop_map(Hint::Server),
        2 => Just(Hint::DieUnsaid),
        2 => prop_oneof![Just(1006_u16), Just(1001), Just(1011)].prop_map(|code| Hint::Close { code }),
        6 => (1_u64..15_000).prop_map(Hint::Wait),
        1 => (1_u64..100_000).prop_map(Hint::Freeze),
        1 => (0_u64..100_000_000).prop_map(Hint::WallJump),
    ]
}

fn server() -> impl Strategy<Value = Server> {
    prop_oneof![
        4 => (1_u64..9_000).prop_map(Server::Answers),
        1 => Just(Server::Silent),
        1 => Just(Server::Drops),
        1 => Just(Server::Refuses),
        1 => Just(Server::Gone),
    ]
}

/// A client, a server, and the line between them.
struct World {
    shell: Shell,
    server: Server,
    /// The attempt that is on its way, and when it is answered.
    attempt: Option<(Instant, u32)>,
    /// The last link that was cut without a word.
    dead: Option<u32>,
    /// Pongs on their way: when they come, on which link, to which ping.
    pongs: VecDeque<(Instant, u32, u32)>,
    pong_seen: bool,
    session: bool,
}

impl World {
    fn new(day: &Day) -> Self {
        let mut shell = Shell::with_seed(day.config.clone(), day.seed);
        shell.decide = Answer::Table;
        shell.greeting_bytes = Some(30);
        shell.connect();
        Self {
            shell,
            server: Server::Answers(40),
            attempt: None,
            dead: None,
            pongs: VecDeque::new(),
            pong_seen: false,
            session: day.config.session,
        }
    }

    fn hear(&mut self, hint: &Hint) {
        let open = self.shell.engine.state() == State::Open;
        let input = match *hint {
            Hint::Wake { online } => Input::Wake { online },
            Hint::Connect { online } => Input::Connect { online },
            Hint::Reconnect { online } => Input::Reconnect { online },
            Hint::Online => Input::Online,
            Hint::Offline => Input::Offline,
            Hint::PutAway => Input::Suspend,
            Hint::Hide => Input::Hide,
            Hint::Send => {
                let _: Result<(), Refusal> = self.shell.try_send(|_| {});
                return self.shell.task_over();
            }
            Hint::Receive if open && self.is_alive() && !self.session => {
                self.shell.receive();
                return;
            }
            Hint::Close { code } if open => return self.shell.link_closes(code),
            Hint::Server(server) => {
                self.server = server;
                return;
            }
            Hint::DieUnsaid if open => {
                self.dead = Some(self.shell.generation);
                return;
            }
            Hint::Receive | Hint::Close { .. } | Hint::DieUnsaid => return,
            Hint::Wait(span) => return self.live(ms(span)),
            Hint::Freeze(span) => return self.shell.pass_to(self.shell.now + ms(span)),
            Hint::WallJump(span) => {
                self.shell.wall_ahead_ms += span;
                return;
            }
        };
        assert_eq!(self.shell.give(input), Ok(()));
    }

    /// From here on nothing is said, timers are in time, and a good server is there. What is on its way to
    /// another one is lost.
    fn settle_down(&mut self) {
        let alive = matches!(self.server, Server::Answers(_));
        if self.shell.engine.state() == State::Open && !alive {
            self.dead = Some(self.shell.generation);
        }
        self.server = Server::Answers(40);
        self.shell.timeout();
    }

    fn is_alive(&self) -> bool {
        self.dead != Some(self.shell.generation)
    }

    fn knows_pongs(&self) -> bool {
        self.pong_seen || self.session
    }

    fn until(&mut self, limit: Span, done: impl Fn(&Self) -> bool) {
        let end = self.shell.now + limit + SLACK;
        while !done(self) && !self.shell.engine.state().is_at_rest() {
            assert!(self.shell.now < end, "it was not within {limit}");
            self.live(TICK);
        }
    }

    /// Time passes, and the server does what it does.
    fn live(&mut self, span: Span) {
        let end = self.shell.now + span;
        while self.shell.now < end {
            for output in self.shell.take() {
                self.carry_out(&output);
            }
            self.answer_attempt();
            self.answer_pings();
            self.shell.wait(TICK);
        }
    }

    fn carry_out(&mut self, output: &Output<u32>) {
        match *output {
            Output::Dial { generation, .. } => {
                let opening = match self.server {
                    Server::Answers(answering) => ms(answering / 10),
                    Server::Gone => Span::FOREVER,
                    _ => ms(20),
                };
                self.attempt = Some((self.shell.now + opening, generation));
            }
            Output::TransmitPing(id) if self.is_alive() => match self.server {
                Server::Answers(answering) => {
                    let at = self.shell.now + ms(answering);
                    self.pongs.push_back((at, self.shell.generation, id));
                }
                Server::Drops if self.shell.engine.state() == State::Open => {
                    self.shell.link_closes(1006);
                }
                _ => {}
            },
            Output::Event(Event::Heartbeat { round_trip, .. }) => {
                self.pong_seen |= round_trip.is_some();
            }
            _ => {}
        }
    }

    fn answer_attempt(&mut self) {
        let Some((at, generation)) = self.attempt else {
            return;
        };
        if at > self.shell.now {
            return;
        }
        self.attempt = None;
        if !self.shell.engine.expects_link(generation) {
            return;
        }
        if self.server == Server::Refuses {
            return self.shell.link_closes(1006);
        }
        self.shell.link_opens();
        if self.session && self.server != Server::Silent {
            self.shell.welcome(new());
        }
    }

    fn answer_pings(&mut self) {
        while let Some(&(at, generation, id)) = self.pongs.front()
            && at <= self.shell.now
        {
            self.pongs.pop_front();
            let open = self.shell.engine.state() == State::Open;
            if !open || generation != self.shell.generation || !self.is_alive() {
                continue;
            }
            if self.session {
                self.shell.ponged(id);
            } else {
                self.shell.pong();
            }
        }
    }
}

/// How closely the world is looked at.
const TICK: Span = ms(20);
/// What the world adds to a time by looking at it now and then, and by opening a link.
const SLACK: Span = ms(200);
