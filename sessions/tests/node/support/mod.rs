//! A server without sockets: a node, a table, an application, and clients that check every frame.

mod peer;
mod state;
mod surroundings;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use steadfast_protocol::Instant;
use steadfast_protocol::frame::{Frame, Hello, Position, Welcome};
use steadfast_sessions::io::{
    Config, Delivery, Effect, Input, LinkId, Now, OpId, Outcome, Record, SendRefusal, SessionId,
    Wire,
};
use steadfast_sessions::node::Node;
use steadfast_sessions::payload::Payload;
use steadfast_sessions::store::Request;
use steadfast_sessions::store::memory::Table;

pub(crate) use peer::Peer;
pub(crate) use state::{data, document, restoring, same, wanting};
pub(crate) use surroundings::{Handler, Store};

pub(crate) const INSTANCE: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const OTHER: &str = "fedcba9876543210fedcba9876543210";

pub(crate) struct Server {
    pub(crate) config: Config,
    pub(crate) node: Node,
    pub(crate) table: Table,
    pub(crate) store: Store,
    pub(crate) handler: Handler,
    pub(crate) peers: BTreeMap<LinkId, Peer>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) requests: Vec<Request>,
    pub(crate) logs: Vec<Record>,
    pub(crate) sent: Vec<(u64, Result<(), SendRefusal>)>,
    pub(crate) credentials: Vec<LinkId>,
    pub(crate) timeout: Instant,
    /// How far the wall clock was set forward.
    pub(crate) wall_ahead_ms: u64,
    waiting: VecDeque<(OpId, Request)>,
    untold: Vec<Input>,
    inputs: VecDeque<Input>,
    ms: u64,
    links: u64,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let mut server = Self {
            node: Node::new(config.clone()),
            config,
            table: Table::new(),
            store: Store::Prompt,
            handler: Handler::Echo,
            peers: BTreeMap::new(),
            deliveries: Vec::new(),
            requests: Vec::new(),
            logs: Vec::new(),
            sent: Vec::new(),
            credentials: Vec::new(),
            timeout: Instant::NEVER,
            wall_ahead_ms: 0,
            waiting: VecDeque::new(),
            untold: Vec::new(),
            inputs: VecDeque::new(),
            ms: 1_000,
            links: 0,
        };
        server.input(Input::Start);
        server
    }

    /// The process dies, and another one starts with what was synced.
    pub(crate) fn restart(&mut self) {
        self.node = Node::new(self.config.clone());
        self.waiting.clear();
        self.untold.clear();
        self.inputs.clear();
        for peer in self.peers.values_mut() {
            peer.closed.get_or_insert((1006, String::new()));
        }
        self.input(Input::Start);
    }

    /// The same, with a time between in which no process runs.
    pub(crate) fn restart_after(&mut self, duration: Duration) {
        self.ms += u64::try_from(duration.as_millis()).unwrap();
        self.restart();
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.inputs.push_back(input);
        while let Some(input) = self.inputs.pop_front() {
            self.node.handle_input(self.now(), input);
            self.drain();
        }
    }

    /// Time passes; timers ring when their moment comes.
    pub(crate) fn pass(&mut self, duration: Duration) {
        let end = self.ms + u64::try_from(duration.as_millis()).unwrap();
        while self.timeout <= Instant::from_micros(end * 1_000) {
            self.ms = self.ms.max(self.timeout.as_micros().div_ceil(1_000));
            self.input(Input::Timeout);
        }
        self.ms = end;
    }

    /// Time passes, and no timer rings before its end.
    pub(crate) fn sleep(&mut self, duration: Duration) {
        self.ms += u64::try_from(duration.as_millis()).unwrap();
        self.input(Input::Timeout);
    }

    pub(crate) fn open(&mut self, rooms: &[&str]) -> LinkId {
        self.links += 1;
        let link = LinkId(self.links);
        self.peers.insert(link, Peer::new(self.config.max_message));
        let seed = self.links.wrapping_mul(0x1234_5678_9abc_def1);
        self.input(Input::LinkOpened {
            link,
            request_id: format!("r{}", self.links),
            rooms: rooms.iter().map(ToString::to_string).collect(),
            endpoint: "/ws".into(),
            entropy: [seed, seed ^ 1, seed ^ 2, seed ^ 3],
        });
        link
    }

    pub(crate) fn hello(&mut self, link: LinkId, hello: Hello) {
        let memory = hello.memories.first().cloned();
        self.peer_mut(link).memory = memory.unwrap_or_default();
        self.control(link, Frame::Hello(hello));
    }

    /// A link that has said hello.
    pub(crate) fn open_as(&mut self, rooms: &[&str], hello: Hello) -> LinkId {
        let link = self.open(rooms);
        self.hello(link, hello);
        link
    }

    /// A link with a new session.
    pub(crate) fn join(&mut self, rooms: &[&str]) -> (LinkId, Welcome) {
        self.join_as(rooms, new_hello(INSTANCE))
    }

    pub(crate) fn join_as(&mut self, rooms: &[&str], hello: Hello) -> (LinkId, Welcome) {
        let link = self.open_as(rooms, hello);
        (link, self.welcome(link))
    }

    pub(crate) fn welcome(&self, link: LinkId) -> Welcome {
        let found = self.peer(link).frames.iter().find_map(|frame| match frame {
            Frame::Welcome(welcome) => Some(welcome.clone()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no welcome: {:?}", self.peer(link)))
    }

    /// Says where the next messages belong to, if it is the first.
    pub(crate) fn turn(&mut self, link: LinkId) {
        if let Some(wire) = self.peer_mut(link).turn() {
            self.wire(link, wire);
        }
    }

    pub(crate) fn text(&mut self, link: LinkId, text: &str) {
        self.turn(link);
        let wire = self.peer_mut(link).text(text);
        self.wire(link, wire);
    }

    pub(crate) fn binary(&mut self, link: LinkId, bytes: &[u8]) {
        self.turn(link);
        self.peer_mut(link).given += 1;
        self.wire(link, Wire::Binary(bytes.to_vec()));
    }

    pub(crate) fn control(&mut self, link: LinkId, frame: Frame) {
        let wire = self.peer_mut(link).control(frame);
        self.wire(link, wire);
    }

    pub(crate) fn handed(&mut self, link: LinkId, stream: &str, number: u64) {
        let epoch = self.peer(link).epochs[stream];
        self.control(
            link,
            Frame::Handed(Position {
                stream: stream.into(),
                epoch,
                number,
            }),
        );
    }

    pub(crate) fn wire(&mut self, link: LinkId, wire: Wire) {
        self.input(Input::Frame { link, wire });
    }

    pub(crate) fn lose(&mut self, link: LinkId) {
        self.peer_mut(link)
            .closed
            .get_or_insert((1006, String::new()));
        self.input(Input::LinkClosed { link });
    }

    /// The link has sent all that it was given.
    pub(crate) fn flush(&mut self, link: LinkId) {
        self.peer_mut(link).unsent = 0;
        self.input(Input::Buffered { link, bytes: 0 });
    }

    pub(crate) fn peer(&self, link: LinkId) -> &Peer {
        &self.peers[&link]
    }

    pub(crate) fn peer_mut(&mut self, link: LinkId) -> &mut Peer {
        self.peers.get_mut(&link).unwrap()
    }

    pub(crate) fn send(&mut self, request: u64, effect: Effect) {
        self.input(Input::Send { request, effect });
    }

    pub(crate) fn send_to(&mut self, session: &str, text: &str) {
        self.send(
            0,
            Effect::Send {
                session: session.into(),
                payload: Payload::text(text),
            },
        );
    }

    pub(crate) fn publish(&mut self, room: &str, text: &str) {
        self.send(
            0,
            Effect::Publish {
                room: room.into(),
                payload: Payload::text(text),
            },
        );
    }

    /// The application is done with the message that it kept last.
    pub(crate) fn finish(&mut self, effects: Vec<Effect>) {
        let last = self.deliveries.last().unwrap().clone();
        self.handled(&last.session, last.seq, Outcome::Done(effects));
    }

    pub(crate) fn handled(&mut self, session: &SessionId, seq: u64, outcome: Outcome) {
        self.input(Input::Handled {
            session: session.clone(),
            seq,
            outcome,
        });
    }

    pub(crate) fn told(&self, text: &str) -> bool {
        self.logs.iter().any(|record| record.message.contains(text))
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            at: Instant::from_micros(self.ms * 1_000),
            wall_ms: 1_700_000_000_000 + self.ms + self.wall_ahead_ms,
        }
    }
}

pub(crate) fn new_hello(instance: &str) -> Hello {
    Hello {
        instance: instance.into(),
        claim: 1,
        memories: vec![instance.into()],
        ..Hello::default()
    }
}

/// A hello that goes on with the session of `welcome`.
pub(crate) fn resuming(welcome: &Welcome, instance: &str, claim: u64) -> Hello {
    Hello {
        session: Some(welcome.session.clone()),
        token: Some(welcome.token.clone()),
        claim,
        ..new_hello(instance)
    }
}

/// How far the middle lane of the only memory is stored.
pub(crate) fn received(welcome: &Welcome) -> u64 {
    let [memory] = &welcome.memories.values().collect::<Vec<_>>()[..] else {
        panic!("{welcome:?}");
    };
    memory.received[1]
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
