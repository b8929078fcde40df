//! Bad days: programs of inputs in any order.

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use steadfast_engine::{Config, Decision, Form, Input, Priority, Refusal};

use super::{CONNECT, RECONNECT, SessionOp, Shell, WAKE, config, ms};

/// What the application's `decide` says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Nothing: the test answers by hand.
    None,
    /// What the table says.
    Table,
    /// That it will decide later.
    Later,
    /// This.
    With(Decision),
}

/// A client and all that happens to it.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) config: Config,
    pub(crate) seed: u64,
    pub(crate) ops: Vec<Op>,
}

/// One thing that happens. An `age` says how many links ago the link was that it is about.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Connect,
    Reconnect,
    Close,
    Release {
        stored: bool,
    },
    Send {
        bytes: u32,
        priority: Priority,
        key: Option<u32>,
        ttl_ms: Option<u64>,
        volatile: bool,
        ticket: bool,
    },
    Withdraw {
        ago: u32,
    },
    TakeQueue,
    Flush,
    Ping,
    Listen(bool),
    Opened {
        age: u32,
    },
    Greeted {
        age: u32,
    },
    Failed {
        age: u32,
        fatal: bool,
    },
    Message {
        age: u32,
        bytes: u32,
        is_pong: bool,
    },
    Closed {
        age: u32,
        code: u16,
        was_clean: bool,
    },
    Decided {
        age: u32,
        decision: Option<Decision>,
    },
    DecisionPending {
        age: u32,
    },
    Wake,
    Online,
    Offline,
    Suspend,
    Resume,
    /// Time passes, timers are on time.
    Wait {
        ms: u64,
    },
    /// Time passes, and one timer is late.
    Sleep {
        ms: u64,
    },
    /// The wall clock alone moves on.
    WallJump {
        ms: u64,
    },
    /// A timer comes early.
    EarlyTimeout,
    /// The link gets faster or slower.
    Rate(Option<u64>),
    /// The application changes its mind about losses.
    Decide(Answer),
    /// As many links ago as the number says.
    Session(u32, SessionOp),
}

impl Program {
    /// Runs it from the start and closes nothing.
    pub(crate) fn run(&self) -> Shell {
        let mut shell = Shell::with_seed(self.config.clone(), self.seed);
        shell.decide = Answer::Table;
        shell.greeting_bytes = Some(30);
        (shell.adopts, shell.audit.rows.batch) = (false, 2);
        for op in &self.ops {
            op.apply(&mut shell);
        }
        shell
    }
}

impl Op {
    pub(crate) fn apply(&self, shell: &mut Shell) {
        match *self {
            Self::Send { .. } => self.send(shell),
            Self::TakeQueue => drop(shell.take_queue()),
            Self::Wait { ms: span } => shell.wait(ms(span)),
            Self::Sleep { ms: span } => shell.sleep(ms(span)),
            Self::WallJump { ms: span } => shell.wall_ahead_ms += span,
            Self::EarlyTimeout => shell.timeout(),
            Self::Rate(rate) => {
                shell.network.bytes_per_second = rate;
                if rate.is_none() {
                    shell.network.reset();
                }
            }
            Self::Decide(answer) => shell.decide = answer,
            Self::Session(age, ref op) => op.apply(age, shell),
            _ => {
                let input = self.input(shell);
                let _: Result<(), Refusal> = shell.give(input);
            }
        }
        shell.take();
    }

    fn send(&self, shell: &mut Shell) {
        let Self::Send {
            bytes,
            priority,
            key,
            ttl_ms,
            volatile,
            ticket,
        } = *self
        else {
            return;
        };
        let session = shell.audit.config.session;
        let _: Result<(), Refusal> = shell.try_send(|send| {
            send.bytes = bytes;
            send.priority = priority;
            send.key = key;
            send.ttl = ttl_ms.map(ms);
            send.volatile = volatile;
            send.ticket = if ticket { send.payload } else { 0 };
            if session {
                send.form = [Form::Text, Form::Text, Form::Binary, Form::Alone][bytes as usize % 4];
            }
        });
    }

    fn input(&self, shell: &mut Shell) -> Input<u32> {
        let link = |age: u32| shell.generation.wrapping_sub(age);
        match *self {
            Self::Connect => CONNECT,
            Self::Reconnect => RECONNECT,
            Self::Close => Input::Close,
            Self::Release { stored } => Input::Release { stored },
            Self::Withdraw { ago } => Input::Withdraw(shell.fresh_payload().saturating_sub(ago)),
            Self::Flush => Input::Flush {
                ticket: shell.fresh_payload(),
                buffered_bytes: shell.network.buffered_bytes,
            },
            Self::Ping => Input::Ping,
            Self::Listen(listening) => Input::Listen(listening),
            Self::Opened { age } => Input::LinkOpened {
                generation: link(age),
            },
            Self::Greeted { age } => Input::Greeted {
                generation: link(age),
            },
            Self::Failed { age, fatal } => Input::LinkFailed {
                generation: link(age),
                fatal,
            },
            Self::Message {
                age,
                bytes,
                is_pong,
            } => Input::LinkMessage {
                generation: link(age),
                payload: shell.fresh_payload(),
                bytes,
                // A ping that goes out because a sleep is noticed at this moment has no answer yet.
                is_pong: is_pong && shell.slept().is_none(),
            },
            Self::Closed {
                age,
                code,
                was_clean,
            } => Input::LinkClosed {
                generation: link(age),
                code,
                was_clean,
            },
            Self::Decided { age, decision } => Input::Decided {
                generation: link(age),
                decision,
            },
            Self::DecisionPending { age } => Input::DecisionPending {
                generation: link(age),
            },
            Self::Wake => WAKE,
            Self::Online => Input::Online,
            Self::Offline => Input::Offline,
            Self::Suspend => Input::Suspend,
            _ => WAKE,
        }
    }
}

/// Programs for clients with any options.
pub(crate) fn program() -> impl Strategy<Value = Program> {
    (config(), any::<u64>(), vec(op(), 0..80)).prop_map(|(config, seed, ops)| Program {
        config,
        seed,
        ops,
    })
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => application(),
        8 => network(),
        2 => platform(),
        5 => time(),
    ]
}

fn application() -> impl Strategy<Value = Op> {
    let priority = prop_oneof![
        Just(Priority::High),
        Just(Priority::Normal),
        Just(Priority::Low)
    ];
    let key = option::weighted(0.3, 1_000_000_u32..1_000_003);
    let ttl_ms = option::weighted(0.3, 0_u64..3_000);
    let send = (
        0_u32..400,
        priority,
        key,
        ttl_ms,
        weighted(0.1),
        any::<bool>(),
    );
    let send = send.prop_map(
        |(bytes, priority, key, ttl_ms, volatile, ticket)| Op::Send {
            bytes,
            priority,
            key,
            ttl_ms,
            volatile,
            ticket,
        },
    );
    prop_oneof![
        6 => Just(Op::Connect),
        2 => Just(Op::Reconnect),
        1 => prop_oneof![Just(Op::Close), any::<bool>().prop_map(|stored| Op::Release { stored })],
        20 => send,
        2 => (1_u32..6).prop_map(|ago| Op::Withdraw { ago }),
        1 => Just(Op::TakeQueue),
        2 => Just(Op::Flush),
        2 => Just(Op::Ping),
        3 => any::<bool>().prop_map(Op::Listen),
        2 => answer().prop_map(Op::Decide),
    ]
}

fn network() -> impl Strategy<Value = Op> {
    let age = || prop_oneof![9 => Just(0_u32), 1 => 1_u32..4, 1 => Just(u32::MAX)];
    let code = prop_oneof![
        Just(1006_u16),
        Just(1000),
        Just(1009),
        Just(1013),
        Just(4401),
        Just(4409),
        1000_u16..5000,
        any::<u16>()
    ];
    let rate = prop_oneof![Just(None), Just(Some(0)), (1_u64..2_000).prop_map(Some)];
    prop_oneof![
        12 => age().prop_map(|age| Op::Opened { age }),
        3 => age().prop_map(|age| Op::Greeted { age }),
        1 => (age(), weighted(0.1)).prop_map(|(age, fatal)| Op::Failed { age, fatal }),
        8 => (age(), 0_u32..300, any::<bool>())
            .prop_map(|(age, bytes, is_pong)| Op::Message { age, bytes, is_pong }),
        4 => (age(), code, any::<bool>())
            .prop_map(|(age, code, was_clean)| Op::Closed { age, code, was_clean }),
        1 => (age(), option::of(decision())).prop_map(|(age, decision)| Op::Decided { age, decision }),
        1 => age().prop_map(|age| Op::DecisionPending { age }),
        2 => rate.prop_map(Op::Rate),
    ]
}

fn platform() -> impl Strategy<Value = Op> {
    prop_oneof![
        Just(Op::Wake),
        Just(Op::Online),
        Just(Op::Offline),
        Just(Op::Suspend),
        Just(Op::Resume),
    ]
}

fn time() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0_u64..3_000).prop_map(|ms| Op::Wait { ms }),
        2 => (0_u64..60_000).prop_map(|ms| Op::Wait { ms }),
        2 => (0_u64..100_000).prop_map(|ms| Op::Sleep { ms }),
        1 => (0_u64..100_000_000).prop_map(|ms| Op::WallJump { ms }),
        1 => Just(Op::EarlyTimeout),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::Table),
        Just(Answer::Later),
        decision().prop_map(Answer::With)
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    prop_oneof![
        Just(Decision::Retry),
        (0_u64..5_000).prop_map(|after| Decision::After(ms(after))),
        Just(Decision::Stop),
        Just(Decision::Reauthenticate),
    ]
}
