//! Bad days of a session: a server that is right most of the time.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use steadfast_engine::{
    Claim, Config, Fate, From, GapReason, Input, Refusal, Span, State, Welcome, Window,
};

use super::{
    Answer, CONNECT, ORPHAN, Op, PRIORITIES, Program, Shell, StateOp, WAKE, claimed, config, ms,
    op, snapshot, state_op,
};

/// One thing that happens in a session. Numbers count from what would be right.
#[derive(Clone, Debug)]
pub(crate) enum SessionOp {
    Welcomed {
        claim: ClaimOp,
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
    /// The server answers for one of the memories that it was asked for.
    Adopted {
        nth: usize,
        claim: ClaimOp,
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

/// What the server says of a memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ClaimOp {
    /// It has so many of what it may have in each lane.
    Accepted {
        of_flight: u64,
        off: i64,
    },
    Forgotten,
    Refused,
}

impl ClaimOp {
    fn of(self, memory: u32, shell: &Shell) -> Claim {
        let (of_flight, off) = match self {
            Self::Accepted { of_flight, off } => (of_flight, off),
            Self::Forgotten => return Claim::Forgotten,
            Self::Refused => return Claim::Refused,
        };
        let audit = &shell.audit;
        let received = [0, 1, 2].map(|lane| {
            let (sent, said) = audit.session.lane(memory, lane);
            let last = match audit.session.is_found(memory) {
                true => sent.max(audit.rows.last(memory, lane)),
                false => sent,
            };
            said + of_flight % (last.saturating_sub(said) + 1)
        });
        let [high, normal, low] = received;
        Claim::Accepted([high, normal.saturating_add_signed(off), low])
    }
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
        match *self {
            Self::Welcomed {
                claim,
                window: (messages, bytes),
                longest,
                fate,
                retry,
            } => Input::Welcomed {
                generation,
                welcome: Welcome {
                    // Without a hello that named it the shell makes of any answer this.
                    claim: match shell.engine.memory() {
                        own if own == shell.audit.session.greeted => claim.of(own, shell),
                        _ => Claim::Refused,
                    },
                    user: 1 + u32::from(fate == Fate::OtherUser),
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
            Self::Stored { of_flight, off } => stored(generation, of_flight, off, shell),
            Self::Adopted { nth, claim } => {
                let memory = nth_asked(nth, shell);
                Input::Adopted {
                    generation,
                    memory,
                    claim: claim.of(memory, shell),
                }
            }
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

/// What is stored of one of the lanes that the link was given.
fn stored(generation: u32, of_flight: u64, off: i64, shell: &Shell) -> Input<u32> {
    let session = &shell.audit.session;
    let given = session.given.values().flatten();
    let given: Vec<_> = given.map(|given| session.name(*given)).collect();
    let nth = of_flight as usize % given.len().max(1);
    let own = (shell.engine.memory(), 1, 1);
    let (memory, lane, number) = given.get(nth).copied().unwrap_or(own);
    Input::Stored {
        generation,
        memory,
        lane: PRIORITIES[lane],
        number: number.saturating_add_signed(off),
    }
}

/// One of the memories that the server was asked for and has not answered, if there are any.
fn nth_asked(nth: usize, shell: &Shell) -> u32 {
    let asked = shell.audit.session.asked();
    asked
        .get(nth % asked.len().max(1))
        .copied()
        .unwrap_or(ORPHAN)
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
    shell.storage_answers();
    shell.wait(ms(1_500));
    shell.link_opens();
    let claim = ClaimOp::Accepted { of_flight, off: 0 };
    let welcomed = SessionOp::Welcomed {
        claim,
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
    for _ in 0..shell.audit.session.asked().len() {
        SessionOp::Adopted { nth: 0, claim }.apply(0, shell);
        shell.storage_answers();
    }
}

impl Shell {
    /// Server, storage and network are right for a minute, and the application asks for a link.
    pub(crate) fn heals(&mut self) {
        (self.decide, self.stores, self.adopts) = (Answer::Table, true, true);
        self.network.bytes_per_second = None;
        self.network.reset();
        self.storage_answers();
        if self.audit.config.persist {
            self.storage(true);
        }
        for _ in 0..40 {
            for input in [CONNECT, Input::Online, WAKE, Input::TaskOver] {
                let _: Result<(), Refusal> = self.give(input);
            }
            self.storage_answers();
            self.wait(ms(1_500));
            self.serve();
        }
    }

    /// The server does what it is to do.
    fn serve(&mut self) {
        self.link_opens();
        let own = self.engine.memory();
        if self.audit.session.greeted == own && self.engine.state() != State::Open {
            let welcome = claimed(Fate::Resumed, self.knows(own));
            self.welcome(welcome);
        }
        for memory in self.audit.session.asked() {
            self.adopted(memory, self.knows(memory));
        }
        for ((memory, lane), given) in self.audit.session.given.clone() {
            if let Some(last) = given.back() {
                let (.., number) = self.audit.session.name(*last);
                self.stored_of(memory, PRIORITIES[lane], number);
            }
        }
    }
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
        6 => (0_usize..4, claim()).prop_map(|(nth, claim)| SessionOp::Adopted { nth, claim }),
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
    (claim(), window, longest, fate, retry).prop_map(|(claim, window, longest, fate, retry)| {
        SessionOp::Welcomed {
            claim,
            window,
            longest,
            fate,
            retry,
        }
    })
}

fn claim() -> impl Strategy<Value = ClaimOp> {
    let off = prop_oneof![20 => Just(0_i64), 1 => -3_i64..4, 1 => any::<i64>()];
    let accepted = (any::<u64>(), off);
    prop_oneof![
        12 => accepted.prop_map(|(of_flight, off)| ClaimOp::Accepted { of_flight, off }),
        1 => Just(ClaimOp::Forgotten),
        2 => Just(ClaimOp::Refused),
    ]
}

fn reason() -> impl Strategy<Value = GapReason> {
    prop_oneof![
        Just(GapReason::None),
        Just(GapReason::Expired),
        Just(GapReason::Epoch),
        Just(GapReason::Joined),
    ]
}
