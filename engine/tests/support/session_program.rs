//! Bad days of a session: a server that is right most of the time.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use steadfast_engine::{Config, Fate, From, GapReason, Input, Refusal, Span, Welcome, Window};

use super::{CONNECT, Op, Program, Shell, StateOp, WAKE, config, ms, op, snapshot, state_op};

/// One thing that happens in a session. Numbers count from what would be right.
#[derive(Clone, Debug)]
pub(crate) enum SessionOp {
    /// The server has so many of what is in flight.
    Welcomed {
        of_flight: u64,
        off: i64,
        window: (u32, u32),
        longest: u32,
        fate: Fate,
        retry: Option<Span>,
    },
    Counted {
        off: i64,
    },
    Stored {
        of_flight: u64,
        off: i64,
    },
    From {
        stream: u32,
        epoch: u32,
        ahead: i64,
        reason: GapReason,
    },
    Volatile(u32),
    Pinged(u32),
    Ponged {
        back: u32,
    },
    HandedOver,
    TaskOver,
    Violated,
    /// A link is made that is welcomed; the server has so many of what is in flight, and speaks of
    /// the first stream.
    ComesUp {
        of_flight: u64,
    },
    State(StateOp),
}

impl SessionOp {
    pub(crate) fn apply(&self, age: u32, shell: &mut Shell) {
        match *self {
            Self::ComesUp { of_flight } => return come_up(of_flight, shell),
            Self::State(ref op) => return op.apply(shell),
            _ => {}
        }
        let input = self.input(shell.generation.wrapping_sub(age), shell);
        let _: Result<(), Refusal> = shell.give(input);
    }

    fn input(&self, generation: u32, shell: &mut Shell) -> Input<u32> {
        let in_flight = u64::from(shell.engine.unacknowledged());
        let acknowledged = shell.audit.session.acknowledged;
        let number = |of_flight: u64, off: i64| {
            (acknowledged + of_flight % (in_flight + 1)).saturating_add_signed(off)
        };
        match *self {
            Self::Welcomed {
                of_flight,
                off,
                window: (messages, bytes),
                longest,
                fate,
                retry,
            } => Input::Welcomed {
                generation,
                welcome: Welcome {
                    received: match fate {
                        Fate::OtherUser => Some(off.unsigned_abs() / 2),
                        _ if off == -1 => None,
                        _ => Some(number(of_flight, off)),
                    },
                    window: Window { messages, bytes },
                    max_message_bytes: longest,
                    fate,
                    first_retry: retry,
                },
            },
            Self::Counted { off } => Input::Counted {
                generation,
                count: shell.received.saturating_add_signed(off),
            },
            Self::Stored { of_flight, off } => Input::Stored {
                generation,
                number: number(of_flight, off),
            },
            Self::From {
                stream,
                epoch,
                ahead,
                reason,
            } => {
                let position = shell
                    .engine
                    .position(stream)
                    .map_or(0, |(_, number)| number);
                Input::From {
                    generation,
                    from: From {
                        stream,
                        epoch,
                        next: (position + 1).saturating_add_signed(ahead),
                        reason,
                    },
                }
            }
            Self::Volatile(stream) => Input::Volatile { generation, stream },
            Self::Pinged(id) => Input::Pinged { generation, id },
            Self::Ponged { back } => Input::Ponged {
                generation,
                id: shell.last_ping.wrapping_sub(back),
            },
            Self::HandedOver => Input::HandedOver,
            Self::TaskOver => Input::TaskOver,
            Self::Violated | Self::ComesUp { .. } | Self::State(_) => {
                Input::Violated { generation }
            }
        }
    }
}

fn come_up(of_flight: u64, shell: &mut Shell) {
    for input in [
        CONNECT,
        Input::Online,
        WAKE,
        Input::TaskOver,
        Input::Listen(true),
    ] {
        let _: Result<(), Refusal> = shell.give(input);
    }
    shell.reads_storage();
    shell.wait(ms(1_500));
    shell.link_opens();
    let welcomed = SessionOp::Welcomed {
        of_flight,
        off: 0,
        window: (8, 1_000),
        longest: 1 << 20,
        fate: Fate::Resumed,
        retry: None,
    };
    let from = SessionOp::From {
        stream: 0,
        epoch: 1,
        ahead: 0,
        reason: GapReason::None,
    };
    welcomed.apply(0, shell);
    from.apply(0, shell);
}

/// Programs for clients with a session and any other options.
pub(crate) fn session_program() -> impl Strategy<Value = Program> {
    let age = prop_oneof![30 => Just(0_u32), 1 => 1_u32..4, 1 => Just(u32::MAX)];
    let session = (age, session_op()).prop_map(|(age, op)| Op::Session(age, op));
    let ops = vec(prop_oneof![1 => op(), 1 => session], 0..160);
    let state = (any::<bool>(), option::of(snapshot()));
    (config(), state, any::<u64>(), ops).prop_map(|(config, (persist, snapshot), seed, ops)| {
        Program {
            config: Config {
                session: true,
                persist,
                snapshot,
                ..config
            },
            seed,
            ops,
        }
    })
}

fn session_op() -> impl Strategy<Value = SessionOp> {
    let off = || prop_oneof![40 => Just(0_i64), 1 => -2_i64..3, 1 => any::<i64>()];
    let stream = || prop_oneof![20 => 0_u32..3, 1 => 0_u32..100, 1 => any::<u32>()];
    let ahead = prop_oneof![20 => Just(0_i64), 3 => 0_i64..5, 1 => any::<i64>()];
    let epoch = prop_oneof![20 => Just(1_u32), 1 => 0_u32..3];
    prop_oneof![
        8 => any::<u64>().prop_map(|of_flight| SessionOp::ComesUp { of_flight }),
        4 => welcomed(),
        1 => off().prop_map(|off| SessionOp::Counted { off }),
        8 => (any::<u64>(), off()).prop_map(|(of_flight, off)| SessionOp::Stored { of_flight, off }),
        8 => (stream(), epoch, ahead, reason())
            .prop_map(|(stream, epoch, ahead, reason)| SessionOp::From { stream, epoch, ahead, reason }),
        2 => stream().prop_map(SessionOp::Volatile),
        1 => any::<u32>().prop_map(SessionOp::Pinged),
        3 => (0_u32..3).prop_map(|back| SessionOp::Ponged { back }),
        2 => Just(SessionOp::HandedOver),
        16 => Just(SessionOp::TaskOver),
        1 => Just(SessionOp::Violated),
        12 => state_op().prop_map(SessionOp::State),
    ]
}

fn welcomed() -> impl Strategy<Value = SessionOp> {
    let off = prop_oneof![20 => Just(0_i64), 1 => -3_i64..4, 1 => any::<i64>()];
    let window = prop_oneof![
        4 => Just((4_096_u32, 1_u32 << 20)),
        4 => (0_u32..8, 0_u32..1_000),
        1 => (any::<u32>(), any::<u32>()),
    ];
    let longest = prop_oneof![4 => Just(1_u32 << 20), 1 => 0_u32..400];
    let fate = prop_oneof![
        8 => Just(Fate::Resumed),
        2 => Just(Fate::New),
        1 => Just(Fate::Lost),
        1 => Just(Fate::OtherUser),
    ];
    let retry = prop_oneof![
        3 => Just(None),
        1 => any::<u32>().prop_map(|micros| Some(Span::from_micros(micros.into()))),
        1 => Just(Some(Span::FOREVER)),
    ];
    (any::<u64>(), off, window, longest, fate, retry).prop_map(
        |(of_flight, off, window, longest, fate, retry)| SessionOp::Welcomed {
            of_flight,
            off,
            window,
            longest,
            fate,
            retry,
        },
    )
}

fn reason() -> impl Strategy<Value = GapReason> {
    prop_oneof![
        Just(GapReason::None),
        Just(GapReason::Expired),
        Just(GapReason::Epoch),
        Just(GapReason::Joined),
    ]
}
