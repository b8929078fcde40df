//! Links between pages and the server, and everything that can happen to them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use steadfast_sessions::io::{LinkId, Wire};

use crate::ledger::Positions;
use crate::plan::{Cut, Direction};
use crate::world::{Step, World};

/// A WebSocket, from the wish for it until both sides have forgotten it.
#[derive(Debug)]
pub struct Link {
    /// Whose: a page, or a stranger.
    pub owner: Owner,
    /// The client's name for it.
    pub generation: u32,
    /// The process that accepted it, and its name there.
    pub accepted: Option<(u64, LinkId)>,
    /// Whether the client still listens to it.
    pub attached: bool,
    /// Whether the client hears it although it has let go of it.
    pub haunts: bool,
    /// Whether the client has been told that it is closed.
    pub client_closed: bool,
    /// Whether the server has closed it, or knows that it is closed.
    pub server_closed: bool,
    /// The client's half of a binary unit that has been announced to it.
    pub announced: Option<Vec<u32>>,
    /// Whether anything has happened to it, or to one of its ends, that can make it look dead.
    pub suspect: bool,
    /// Whether a frame was put into it that its owner did not send.
    pub tampered: bool,
    /// What a stranger says once it is open.
    pub script: Vec<Wire>,
    /// Whether the next message for the client has no number.
    pub volatile: bool,
    /// Numbered messages that the client has received and not acknowledged: stream and number.
    pub owed: VecDeque<(String, u64)>,
    /// What it was given to save, by the client's names: the positions that `saved` acknowledges.
    pub saves: BTreeMap<u32, Positions>,
    /// The stream that messages belong to now, and the number of the next one.
    pub stream: Option<(String, u64)>,
    /// The last number that the server said is stored, by memory and lane.
    pub stored: BTreeMap<(String, u8), u64>,
    /// Whether the server will be told that its end has drained.
    pub drains: bool,
    /// The memory that its hello named.
    pub memory: Arc<str>,
    /// Where its messages come from: memory, lane and the number of the next.
    pub lane: Option<(Arc<str>, u8, u64)>,
    /// The session that the server welcomed it to.
    pub session: Option<String>,
    /// From client to server.
    pub up: Pipe,
    /// From server to client.
    pub down: Pipe,
}

/// Who dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A page.
    Page(usize),
    /// Somebody who follows no rules.
    Stranger,
}

/// What travels.
#[derive(Clone, Debug)]
pub enum Packet {
    /// A frame.
    Frame(Wire),
    /// A close frame; nothing follows it.
    Close(u16),
}

impl Packet {
    fn bytes(&self) -> u64 {
        match self {
            Self::Frame(Wire::Text(text)) => text.len() as u64,
            Self::Frame(Wire::Binary(bytes)) => bytes.len() as u64,
            Self::Close(_) => 4,
        }
    }
}

/// One direction of a link: what is given to it arrives in order, or not at all.
#[derive(Debug, Default)]
pub struct Pipe {
    in_flight: VecDeque<(u64, Packet)>,
    /// When what was given has left its sender, and how long it is.
    leaving: VecDeque<(u64, u64)>,
    /// Nothing arrives before.
    silent_until: u64,
    /// Nothing arrives any more.
    broken: bool,
    bytes_per_second: Option<u64>,
    /// The link is cut when so many frames more have arrived: the next one is lost.
    cut_after: Option<u64>,
}

/// The instance of those who are nobody's page.
pub const STRANGER: &str = "0123456789abcdef0123456789abcdef";
/// A link on which a frame takes longer, one way, may be taken for dead: an answer is waited for 1 s
/// at least.
const FAST: u64 = 400_000;
/// Later than everything.
pub const NEVER: u64 = u64::MAX;

impl Pipe {
    /// Bytes that have not left their sender.
    pub fn buffered(&mut self, now: u64) -> u64 {
        while self.leaving.front().is_some_and(|(at, _)| *at <= now) {
            self.leaving.pop_front();
        }
        self.leaving.iter().map(|(_, bytes)| bytes).sum()
    }

    /// When the last byte that was given will have left.
    pub fn drained_at(&self, now: u64) -> u64 {
        self.leaving.back().map_or(now, |(at, _)| *at)
    }

    /// When `packet`, given now, arrives after `latency`.
    fn give(&mut self, now: u64, latency: u64, packet: Packet) -> u64 {
        let bytes = packet.bytes();
        let mut left = self.drained_at(now).max(now);
        if let Some(rate) = self.bytes_per_second {
            left += bytes * 1_000_000 / rate;
            self.leaving.push_back((left, bytes));
        }
        let before = self.in_flight.back().map_or(0, |(at, _)| *at);
        let at = (left + latency).max(before);
        self.in_flight.push_back((at, packet));
        at
    }

    /// What arrives now, if anything does; or when to look again.
    fn take(&mut self, now: u64) -> Result<Packet, u64> {
        if self.broken || self.in_flight.is_empty() {
            return Err(NEVER);
        }
        if now < self.silent_until {
            return Err(self.silent_until);
        }
        match self.in_flight.front() {
            Some((at, _)) if *at > now => Err(*at),
            _ => self
                .in_flight
                .pop_front()
                .map(|(_, packet)| packet)
                .ok_or(NEVER),
        }
    }

    /// The line is fast from here on.
    fn heal(&mut self, now: u64) {
        self.bytes_per_second = None;
        self.cut_after = None;
        self.leaving.clear();
        for (at, _) in &mut self.in_flight {
            *at = (*at).min(now + 50_000);
        }
    }
}

impl Link {
    fn pipe(&mut self, up: bool) -> &mut Pipe {
        if up { &mut self.up } else { &mut self.down }
    }

    /// Whether the two sides can hear each other at `now`.
    #[must_use]
    pub const fn is_whole(&self, now: u64) -> bool {
        let silent = self.up.silent_until > now || self.down.silent_until > now;
        !silent && !self.up.broken && !self.client_closed && !self.server_closed
    }
}

impl World {
    /// Somebody wants a link. Its name.
    pub(crate) fn dial(&mut self, owner: Owner, generation: u32) -> usize {
        let name = self.links.len();
        let weather = &self.plan.weather;
        let dice = &mut self.dice.network;
        let mut pipe = || Pipe {
            bytes_per_second: dice
                .happens(weather.slow_line)
                .then(|| dice.between(1_000, 30_000)),
            cut_after: dice.happens(weather.cut_at_frame).then(|| dice.skewed(40)),
            ..Pipe::default()
        };
        let (mut up, mut down) = (pipe(), pipe());
        match self.plan.cuts.get(name) {
            Some((Direction::Up, frames)) => up.cut_after = Some(*frames),
            Some((_, frames)) => down.cut_after = Some(*frames),
            None => {}
        }
        let up_or_down_slow = up.bytes_per_second.is_some() || down.bytes_per_second.is_some();
        let refused = dice.happens(weather.refused);
        let slow = up_or_down_slow || weather.latency + weather.jitter > FAST;
        self.links.push(Link {
            owner,
            generation,
            accepted: None,
            attached: true,
            haunts: false,
            client_closed: false,
            server_closed: false,
            announced: None,
            suspect: slow,
            tampered: false,
            script: Vec::new(),
            volatile: false,
            owed: VecDeque::new(),
            saves: BTreeMap::new(),
            stream: None,
            stored: BTreeMap::new(),
            drains: false,
            memory: Arc::from(STRANGER),
            lane: None,
            session: None,
            up,
            down,
        });
        if up_or_down_slow {
            self.tally.fault("slow-line");
        }
        let latency = self.latency();
        if refused || self.now < self.refuses_until {
            self.tally.fault("refused");
            self.later(
                latency,
                Step::ClientLearns {
                    link: name,
                    code: 1006,
                },
            );
        } else {
            self.later(latency, Step::Accept { link: name });
        }
        name
    }

    /// The handshake's request has arrived.
    pub(crate) fn accept(&mut self, link: usize) {
        let latency = self.latency();
        let Some(process) = &mut self.process else {
            self.tally.fault("server-down");
            self.later(latency, Step::ClientLearns { link, code: 1006 });
            return;
        };
        let weather = &self.plan.weather;
        if self.dice.network.happens(weather.accepted_then_closed) {
            self.tally.fault("accepted-then-closed");
            self.links[link].server_closed = true;
            self.later(latency, Step::ClientOpens { link });
            self.give(link, false, Packet::Close(1013));
            return;
        }
        let mut answer = latency;
        if self.dice.network.happens(weather.late_handshake) {
            self.tally.fault("late-handshake");
            answer += self.dice.network.below(20_000_000);
        }
        let name = process.accept(link);
        self.links[link].accepted = Some((process.epoch, name));
        self.later(answer, Step::ClientOpens { link });
        self.server_opened(name, link);
    }

    /// Gives a packet to a link; what a broken one is given is gone.
    pub(crate) fn give(&mut self, link: usize, up: bool, packet: Packet) {
        let latency = self.latency();
        let now = self.now;
        let pipe = self.links[link].pipe(up);
        if pipe.broken {
            return;
        }
        let at = pipe.give(now, latency, packet);
        self.queue.put(at, Step::Arrive { link, up });
    }

    /// Something may arrive.
    pub(crate) fn arrive(&mut self, link: usize, up: bool) {
        let now = self.now;
        let pipe = self.links[link].pipe(up);
        match pipe.take(now) {
            Err(NEVER) => {}
            Err(at) => {
                self.queue.put(at, Step::Arrive { link, up });
            }
            Ok(packet) => {
                if pipe.cut_after == Some(0) {
                    self.tally.fault("cut-at-frame");
                    return self.cut(link, Cut::Known);
                }
                pipe.cut_after = pipe.cut_after.map(|left| left - 1);
                if up && self.is_refused(&packet) {
                    return self.ends_behind(link);
                }
                if up {
                    self.server_receives(link, packet);
                } else {
                    self.client_receives(link, packet);
                }
            }
        }
    }

    /// Whether something on the way refuses this.
    fn is_refused(&self, packet: &Packet) -> bool {
        let most = self.plan.weather.narrow;
        most > 0 && packet.bytes() > most
    }

    /// What has refused a frame closes the link to its sender, or drops it.
    fn ends_behind(&mut self, link: usize) {
        self.tally.fault("narrow");
        if self.dice.network.happens(500) {
            let latency = self.latency();
            self.later(latency, Step::ClientLearns { link, code: 1009 });
        }
        self.cut(link, Cut::Known);
    }

    /// Cuts a link: what is on its way is lost.
    pub(crate) fn cut(&mut self, link: usize, cut: Cut) {
        let link_state = &mut self.links[link];
        if link_state.up.broken {
            return;
        }
        link_state.suspect = true;
        link_state.up.broken = true;
        link_state.down.broken = true;
        let (soon, late) = (self.latency(), self.dice.network.below(90_000_000));
        let (client, server) = match cut {
            Cut::Known => (soon, self.latency()),
            Cut::ServerLate => (soon, late),
            Cut::ClientLate => (late, soon),
        };
        self.later(client, Step::ClientLearns { link, code: 1006 });
        self.later(server, Step::ServerLearns { link });
    }

    /// A link falls silent until `until`.
    pub(crate) fn silence(&mut self, link: usize, direction: Direction, until: u64) {
        let link = &mut self.links[link];
        link.suspect = true;
        if direction != Direction::Down {
            link.up.silent_until = until;
        }
        if direction != Direction::Up {
            link.down.silent_until = until;
        }
    }

    /// From here on the network is good; a link that fell silent for good stays silent.
    pub(crate) fn heal_network(&mut self) {
        self.refuses_until = 0;
        for link in 0..self.links.len() {
            for up in [true, false] {
                let now = self.now;
                let pipe = self.links[link].pipe(up);
                if pipe.broken || pipe.in_flight.is_empty() {
                    continue;
                }
                if pipe.silent_until != NEVER {
                    pipe.silent_until = 0;
                }
                pipe.heal(now);
                for _ in 0..self.links[link].pipe(up).in_flight.len() {
                    self.later(50_000, Step::Arrive { link, up });
                }
            }
        }
        for link in &mut self.links {
            link.up.bytes_per_second = None;
            link.down.bytes_per_second = None;
            link.up.cut_after = None;
            link.down.cut_after = None;
        }
    }

    pub(crate) fn latency(&mut self) -> u64 {
        let weather = &self.plan.weather;
        weather.latency + self.dice.network.below(weather.jitter + 1)
    }
}
