//! Any inputs in any order: nothing panics, the peers see no rule broken, and nothing grows.

mod step;

use std::time::Duration;

use proptest::prelude::*;
use steadfast_protocol::frame::{
    Auth, Control, Form, Frame, Hello, Ping, Position, WantedSnapshot,
};
use steadfast_protocol::window::Window;
use steadfast_sessions::io::{
    AuthRefusal, Config, Effect, Input, LinkId, OpId, OutboxOverflow, Outcome, Target, Wire,
};
use steadfast_sessions::payload::Payload;

use step::{Step, step};

use crate::support::{Handler, INSTANCE, OTHER, Server, Store, data, new_hello, resuming};

fn config() -> Config {
    Config {
        max_message: 150,
        window: Window {
            messages: 8,
            bytes: 600,
        },
        outbox_messages: 16,
        outbox_bytes: 2_000,
        outbox_overflow: OutboxOverflow::Refuse,
        room_messages: 10,
        room_bytes: 1_000,
        link_buffer: 1_000,
        attempts: 2,
        ..Config::default()
    }
}

struct World {
    server: Server,
    links: Vec<LinkId>,
    welcomes: Vec<(String, String)>,
}

impl World {
    fn link(&self, link: u8) -> Option<LinkId> {
        let from = self.links.len().saturating_sub(6);
        self.links[from..].get(usize::from(link)).copied()
    }

    fn open(&mut self) -> LinkId {
        let rooms: &[&str] = if self.links.len().is_multiple_of(2) {
            &["lobby"]
        } else {
            &[]
        };
        let link = self.server.open(rooms);
        self.links.push(link);
        link
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Open => {
                self.open();
            }
            Step::Hello {
                link,
                resume,
                other,
                claim,
                window,
                auth,
                snapshot,
            } => {
                let chosen = match link {
                    Some(link) => self.link(link),
                    None => Some(self.open()),
                };
                if let Some(link) = chosen {
                    let mut hello = self.hello(resume, other, claim, window, auth);
                    hello.snapshot = self.wanted(snapshot);
                    self.server.hello(link, hello);
                    self.note_welcomes();
                }
            }
            Step::Messages { link, count, bytes } => {
                if let Some(link) = self.link(link) {
                    for _ in 0..count {
                        self.server.text(link, &"m".repeat(usize::from(bytes)));
                    }
                }
            }
            Step::Unit { link, count } => {
                if let Some(link) = self.link(link) {
                    self.server.turn(link);
                    let texts = vec!["u"; usize::from(count)];
                    for wire in self.server.peer_mut(link).unit(&texts) {
                        self.server.wire(link, wire);
                    }
                }
            }
            Step::Control {
                link,
                which,
                number,
                right,
            } => self.control(link, which, number, right),
            Step::Save {
                link,
                which,
                base,
                key,
                bytes,
            } => self.save(link, which, base, key, bytes),
            Step::Raw { link, text } => {
                if let Some(link) = self.link(link) {
                    self.server.wire(link, Wire::Text(text));
                }
            }
            Step::Binary { link, bytes } => {
                if let Some(link) = self.link(link) {
                    self.server.binary(link, &bytes);
                }
            }
            Step::Lose(link) => {
                if let Some(link) = self.link(link) {
                    self.server.lose(link);
                }
            }
            Step::Buffered { link, bytes } => {
                if let Some(link) = self.link(link) {
                    let bytes = if bytes % 2 == 0 { 0 } else { bytes.into() };
                    self.server.input(Input::Buffered { link, bytes });
                }
            }
            Step::Store(mode) => self.change_store(mode),
            Step::Handler(mode) => {
                self.server.handler = match mode {
                    0 => Handler::Echo,
                    1 => Handler::Publish("lobby".into()),
                    2 => Handler::Fail,
                    3 => Handler::Swallow,
                    _ => Handler::Keep,
                };
            }
            Step::Finish { ago, outcome } => self.finish(ago, outcome),
            Step::Send(which) => self.send(which),
            Step::Odd(which) => self.odd(which),
            Step::Pass(ms) => self.server.pass(Duration::from_millis(ms.into())),
            Step::Sleep(ms) => self.server.sleep(Duration::from_millis(ms.into())),
            Step::Restart => self.server.restart(),
        }
    }

    fn hello(&self, resume: bool, other: bool, claim: u8, window: u8, auth: u8) -> Hello {
        let instance = if other { OTHER } else { INSTANCE };
        let mut hello = new_hello(instance);
        if let Some((session, token)) = self.welcomes.last().filter(|_| resume) {
            hello.session = Some(session.clone());
            hello.token = Some(token.clone());
            hello.positions = [(String::new(), (claim.into(), 3)), ("lobby".into(), (1, 2))].into();
        }
        hello.claim = self.links.len() as u64 + u64::from(claim % 4);
        hello.window = [None, Some((0, 0)), Some((1, 1)), Some((4, 300))][usize::from(window % 4)];
        hello.auth = [
            "anna",
            "anna",
            "anna",
            "anna",
            "bert",
            "wrong",
            "slow",
            "unavailable",
        ]
        .get(usize::from(auth))
        .map(ToString::to_string);
        if hello.auth.as_deref() == Some("bert") {
            // Anna's are not his.
            hello.memories.push("b".repeat(32));
            hello.memories.reverse();
        }
        hello
    }

    fn wanted(&self, which: u8) -> Option<WantedSnapshot> {
        let key = (which % 2 == 1).then(|| "notes".to_owned());
        (which < 8).then(|| WantedSnapshot {
            key,
            version: (which < 4).then(|| self.version()).filter(|it| *it > 0),
            restore: which % 4 < 3,
        })
    }

    /// The last version that a client was told of.
    fn version(&self) -> u64 {
        let links = self.links.iter().rev();
        let versions = links.flat_map(|link| {
            let frames = self.server.peer(*link).frames.iter().rev();
            frames.filter_map(|frame| match frame {
                Frame::Saved(saved) => Some(saved.version),
                Frame::Unsaved(unsaved) => unsaved.version,
                Frame::Welcome(welcome) => welcome.snapshot.map(|stored| stored.version),
                _ => None,
            })
        });
        versions.take(1).sum()
    }

    fn save(&mut self, link: u8, which: u8, base: u8, key: bool, bytes: u16) {
        let Some(link) = self.link(link) else {
            return;
        };
        let last = self.version();
        let base = [0, last, last, last, 7][usize::from(base)];
        let text = "x".repeat(usize::from(bytes) + 1);
        let mut save = data(u32::from(which), base, &text);
        save.key = key.then(|| "notes".to_owned());
        match which {
            0 => return self.server.control(link, Frame::Part(text)),
            1 => save.form = Form::Delta,
            2 => save.form = Form::Same,
            3 => save.check ^= 1,
            _ if !key => {
                let peer = self.server.peer(link);
                let epochs = peer.epochs.iter();
                let positions = epochs.map(|(stream, epoch)| {
                    let last = peer.numbers(stream).last().copied().unwrap_or(0);
                    (stream.clone(), (*epoch, last))
                });
                save.positions = positions.collect();
            }
            _ => {}
        }
        let text = if save.form == Form::Same { "" } else { &text };
        self.server.save(link, save, text);
    }

    fn note_welcomes(&mut self) {
        for link in &self.links {
            for frame in &self.server.peer(*link).frames {
                if let Frame::Welcome(welcome) = frame {
                    self.welcomes
                        .push((welcome.session.clone(), welcome.token.clone()));
                }
            }
        }
        let known = self.welcomes.len().saturating_sub(8);
        self.welcomes.drain(..known);
    }

    fn control(&mut self, link: u8, which: u8, number: u8, right: bool) {
        let Some(link) = self.link(link) else {
            return;
        };
        let epochs = &self.server.peer(link).epochs;
        let stream = if number.is_multiple_of(2) {
            ""
        } else {
            "lobby"
        };
        let handed = |number| {
            Frame::Handed(Position {
                stream: stream.into(),
                epoch: epochs.get(stream).copied().unwrap_or(1),
                number,
            })
        };
        let last = self.server.peer(link).numbers(stream).last().copied();
        let frame = match which {
            0 => handed(number.into()),
            1 | 2 => handed(last.unwrap_or(0)),
            3 => Frame::Ask,
            4 => Frame::Ping(Ping { id: number.into() }),
            5 => Frame::Pong(Ping { id: number.into() }),
            6 => Frame::Auth(Auth {
                token: "anna".into(),
            }),
            7 => Frame::Binaries(vec![1, 2]),
            _ if number == 0 => Frame::End,
            _ => Frame::Ask,
        };
        let wire = if right {
            self.server.peer_mut(link).control(frame)
        } else {
            let count = number.into();
            Wire::Text(Control { count, frame }.encode())
        };
        self.server.wire(link, wire);
    }

    fn change_store(&mut self, mode: u8) {
        match mode {
            0 => self.server.store = Store::Failing,
            1 => self.server.store = Store::Mute,
            2 => self.server.stall_store(),
            3 => drop(self.server.answer_one()),
            4 => self.server.answer_backwards(),
            _ => self.server.resume_store(),
        }
    }

    fn finish(&mut self, ago: u8, outcome: u8) {
        let kept = self.server.deliveries.iter().rev().nth(ago.into()).cloned();
        let Some(kept) = kept else {
            return;
        };
        let (session, room) = (kept.session.clone(), "lobby".to_owned());
        let payload = kept.payload.clone();
        let effect = match outcome {
            0 => Effect::Send { session, payload },
            1 => Effect::Publish { room, payload },
            2 => Effect::Subscribe { session, room },
            3 => Effect::Unsubscribe { session, room },
            4 => Effect::Volatile {
                to: Target::Session(session),
                payload,
            },
            _ => {
                let failed = Outcome::Failed("no".into());
                return self.server.handled(&kept.session, kept.seq, failed);
            }
        };
        self.server
            .handled(&kept.session, kept.seq, Outcome::Done(vec![effect]));
    }

    fn send(&mut self, which: u8) {
        let session = self
            .welcomes
            .last()
            .map_or("nobody", |(id, _)| id.as_str())
            .into();
        let (room, payload) = ("lobby".to_owned(), Payload::text("sent"));
        self.server.send(
            1,
            match which {
                0 => Effect::Send { session, payload },
                1 => Effect::Publish { room, payload },
                2 => Effect::Volatile {
                    to: Target::Room(room),
                    payload,
                },
                3 => Effect::Subscribe { session, room },
                4 => Effect::Unsubscribe { session, room },
                _ => Effect::Send {
                    session,
                    payload: Payload::binary(vec![0; 151]),
                },
            },
        );
    }

    /// What a shell should not say.
    fn odd(&mut self, which: u8) {
        let link = self.link(which).unwrap_or(LinkId(999));
        let op = OpId(u64::from(which) * 7);
        let reply = Ok(steadfast_sessions::store::Reply::Done);
        self.server.input(match which {
            0 => Input::Stored { op, reply },
            1 => Input::Authenticated {
                link,
                user: Err(AuthRefusal::Unavailable),
            },
            2 => Input::Authenticated {
                link,
                user: Ok("carl".into()),
            },
            3 => Input::Frame {
                link: LinkId(999),
                wire: Wire::Text(String::new()),
            },
            4 => Input::LinkClosed { link: LinkId(999) },
            5 => Input::Start,
            _ => Input::Timeout,
        });
    }

    fn check(&self) {
        let server = &self.server;
        let open = server.peers.values().filter(|peer| peer.closed.is_none());
        for peer in open {
            assert!(peer.unsent <= 1 << 20, "a link holds {} bytes", peer.unsent);
        }
        assert!(
            server.node.pending() <= 200,
            "{} requests",
            server.node.pending()
        );
    }

    /// When everything works again, everything comes to rest.
    fn settle(&mut self) {
        self.server.handler = Handler::Swallow;
        self.server.resume_store();
        for link in self.links.clone() {
            self.server.lose(link);
        }
        for delivery in self.server.deliveries.clone() {
            let done = Outcome::Done(Vec::new());
            self.server.handled(&delivery.session, delivery.seq, done);
        }
        self.server.pass(Duration::from_secs(400));
        self.server.resume_store();
        assert_eq!(self.server.node.active_sessions(), 0);
        assert!(self.server.node.pending() <= 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_program_keeps_the_rules_and_comes_to_rest(
        steps in prop::collection::vec(step(), 1..200)
    ) {
        let mut world = World {
            server: Server::with(config()),
            links: Vec::new(),
            welcomes: Vec::new(),
        };
        for step in steps {
            world.step(step);
            world.check();
        }
        world.settle();
    }
}

#[test]
fn a_hello_with_a_session_needs_its_token() {
    let mut server = Server::new();
    let (_, welcome) = server.join(&[]);
    let link = server.open(&[]);
    let hello = Hello {
        token: None,
        ..resuming(&welcome, INSTANCE, 2)
    };
    server.hello(link, hello);
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
}
