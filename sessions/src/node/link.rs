//! One WebSocket.

use std::collections::VecDeque;

use steadfast_protocol::Instant;
use steadfast_protocol::frame::{
    Control, Encoded, Frame, FrameError, Hello, Incoming, Reader, Side,
};
use steadfast_protocol::window::Window;

use super::Node;
use super::downward::Downward;
use super::ending::Ending;
use super::heartbeat::{Heartbeat, span};
use super::timers::Timer;
use crate::Payload;
use crate::io::{Config, LinkId, Output, SessionId, Wire};
use crate::store::valid_room;

#[derive(Debug)]
pub(super) struct Link {
    pub(super) request_id: String,
    pub(super) endpoint: String,
    pub(super) rooms: Vec<String>,
    /// The application's subprotocol, chosen from those of the hello.
    pub(super) protocol: String,
    pub(super) entropy: [u64; 4],
    pub(super) phase: Phase,
    /// When the phase has lasted too long. Means nothing for a live link.
    pub(super) deadline: Instant,
    /// Application messages given to it.
    pub(super) given: u64,
    /// Bytes that it has still to send.
    pub(super) buffered: usize,
    /// Frames that wait until the link takes more: a snapshot's text, and what came behind it.
    pub(super) waiting: VecDeque<Wire>,
    /// Bytes of what came behind it.
    pub(super) behind: usize,
    /// Parts of a snapshot that came for the next `save`.
    pub(super) parts: String,
    pub(super) heartbeat: Heartbeat,
    reader: Reader,
    /// What came between a welcome that came too early and the claim.
    #[cfg(feature = "planted")]
    pub(super) early: Vec<Wire>,
}

#[derive(Debug)]
pub(super) enum Phase {
    AwaitingHello,
    /// The application judges the hello's credentials.
    Authenticating(Box<Hello>),
    /// The store decides about the hello.
    Claiming {
        /// What the client takes unacknowledged.
        window: Window,
        /// [`Node::commits`] when the store was asked.
        commits: u64,
    },
    /// Messages flow.
    Live(Box<Live>),
}

/// A link of a session.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) session: SessionId,
    pub(super) user: String,
    /// `auth` frames that are being judged.
    pub(super) judging: u32,
    pub(super) downward: Downward,
}

/// What a frame held.
enum Arrived {
    Messages(Vec<Payload>),
    Frame(Box<Frame>),
}

impl Link {
    pub(super) fn new(
        now: Instant,
        config: &Config,
        request_id: String,
        endpoint: String,
        rooms: Vec<String>,
        entropy: [u64; 4],
    ) -> Self {
        Self {
            request_id,
            endpoint,
            rooms: rooms.into_iter().filter(|room| valid_room(room)).collect(),
            protocol: String::new(),
            entropy,
            phase: Phase::AwaitingHello,
            deadline: now + span(config.hello_within),
            given: 0,
            buffered: 0,
            waiting: VecDeque::new(),
            behind: 0,
            parts: String::new(),
            heartbeat: Heartbeat::new(now),
            reader: Reader::new(Side::Client, config.max_message),
            #[cfg(feature = "planted")]
            early: Vec::new(),
        }
    }

    pub(super) const fn live(&self) -> Option<&Live> {
        match &self.phase {
            Phase::Live(live) => Some(live),
            _ => None,
        }
    }

    pub(super) const fn live_mut(&mut self) -> Option<&mut Live> {
        match &mut self.phase {
            Phase::Live(live) => Some(live),
            _ => None,
        }
    }

    fn read(&mut self, wire: &Wire) -> Result<Arrived, FrameError> {
        Ok(match wire {
            Wire::Text(text) => match self.reader.text(text)? {
                Incoming::App(text) => Arrived::Messages(vec![Payload::text(text)]),
                Incoming::Control(Control { frame, .. }) => match frame {
                    Frame::Texts(texts) => {
                        Arrived::Messages(texts.into_iter().map(Payload::text).collect())
                    }
                    frame => Arrived::Frame(Box::new(frame)),
                },
            },
            Wire::Binary(bytes) => {
                let messages = self.reader.binary(bytes)?;
                Arrived::Messages(messages.into_iter().map(Payload::binary).collect())
            }
        })
    }
}

impl Node {
    pub(super) fn open_link(&mut self, id: LinkId, link: Link) {
        self.timers.set(Timer::Link(id), link.deadline);
        self.links.insert(id, link);
        if self.stopping {
            self.end_link(id, Ending::Stopping);
        }
    }

    /// The link is gone, whoever closed it. What it gave to its session stays there.
    pub(super) fn drop_link(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else {
            return;
        };
        self.timers.stop(&Timer::Link(id));
        if let Phase::Live(live) = link.phase {
            for room in live.downward.streams() {
                self.rooms.leave(room, id);
            }
            self.part(&live.session, id);
        }
    }

    pub(super) fn take_frame(&mut self, id: LinkId, wire: Wire) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.heartbeat.hear(self.now.at);
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Bug::WelcomeBeforeSync)
            && matches!(link.phase, Phase::Claiming { .. })
        {
            link.early.push(wire);
            return;
        }
        match link.read(&wire) {
            Err(error) => self.end_link(id, Ending::Frame(error)),
            Ok(Arrived::Messages(messages)) => self.take_messages(id, messages),
            Ok(Arrived::Frame(frame)) => self.take_control(id, *frame),
        }
    }

    /// The rules of counting and order are kept already.
    fn take_control(&mut self, id: LinkId, frame: Frame) {
        match frame {
            Frame::Hello(hello) => self.take_hello(id, hello),
            _ if self.links.get(&id).and_then(Link::live).is_none() => {
                self.end_link(id, Ending::Frame(FrameError::Order));
            }
            Frame::Ping(ping) => self.answer_ping(id, ping),
            Frame::Pong(_) | Frame::Binaries(_) => {}
            Frame::Auth(auth) => self.take_auth(id, auth.token),
            Frame::Handed(position) => self.take_handed(id, position),
            Frame::Part(text) => self.take_part(id, &text),
            Frame::Save(save) => self.take_save(id, save),
            Frame::Lane(lane) => self.take_lane(id, &lane),
            Frame::Adopt(adopt) => self.take_adopt(id, &adopt),
            Frame::Done(done) => self.take_done(id, &done),
            Frame::Ask => self.take_ask(id),
            Frame::End => self.take_end(id),
            _ => self.end_link(id, Ending::Frame(FrameError::Direction)),
        }
    }

    pub(super) fn transmit_control(&mut self, id: LinkId, frame: Frame) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        let count = link.given;
        let control = Control { count, frame };
        self.transmit(id, Wire::Text(control.encode()));
    }

    /// Whether a link takes more.
    pub(super) fn takes_more(&self, link: &Link) -> bool {
        link.buffered < self.config.link_buffer
    }

    /// Gives a frame to a link, behind those that wait.
    pub(super) fn transmit(&mut self, id: LinkId, wire: Wire) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        if link.waiting.is_empty() {
            self.transmit_now(id, wire);
        } else {
            link.behind += wire.len();
            link.waiting.push_back(wire);
        }
    }

    fn transmit_now(&mut self, id: LinkId, wire: Wire) {
        if let Some(link) = self.links.get_mut(&id) {
            link.buffered += wire.len();
            self.outputs.push_back(Output::Transmit { link: id, wire });
        }
    }

    /// These frames go as the link takes them, and nothing overtakes them.
    pub(super) fn transmit_slowly(&mut self, id: LinkId, frames: Vec<Frame>) {
        if let Some(link) = self.links.get_mut(&id) {
            let count = link.given;
            let encoded = frames
                .into_iter()
                .map(|frame| Control { count, frame }.encode());
            link.waiting.extend(encoded.map(Wire::Text));
            self.stirred_links.insert(id);
        }
    }

    /// Transmits the first of the frames that wait.
    pub(super) fn transmit_waiting(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        if let Some(wire) = link.waiting.pop_front() {
            if link.waiting.is_empty() {
                link.behind = 0;
            }
            self.transmit_now(id, wire);
        }
    }

    pub(super) fn note_buffered(&mut self, id: LinkId, bytes: usize) {
        if let Some(link) = self.links.get_mut(&id) {
            link.heartbeat.note_progress(bytes < link.buffered);
            link.buffered = bytes;
            self.stirred_links.insert(id);
        }
    }
}

impl Wire {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

impl From<Encoded> for Wire {
    fn from(encoded: Encoded) -> Self {
        match encoded {
            Encoded::Text(text) => Self::Text(text),
            Encoded::Binary(bytes) => Self::Binary(bytes),
        }
    }
}
