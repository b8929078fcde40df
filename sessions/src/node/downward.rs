//! Messages to the client.

use std::collections::BTreeMap;
use std::ops::Bound;

use steadfast_protocol::frame::{Frame, From as FromFrame, Message, Position, pack};
use steadfast_protocol::limits;
use steadfast_protocol::window::Window;

use super::Node;
use super::ending::Ending;
use super::link::Link;
use super::store_calls::Purpose;
use super::stream::Stream;
use crate::Payload;
use crate::io::{LinkId, OutboxOverflow, SessionId};
use crate::planted::{self, Bug};
use crate::store::{Reply, Request, Row, StreamStart};

/// Rows, and their bytes, that are read at once.
const READ: u32 = 1_024;
const READ_BYTES: u32 = 256 << 10;

/// What one link is sent: all its streams share one window.
#[derive(Debug)]
pub(super) struct Downward {
    window: Window,
    streams: BTreeMap<String, Stream>,
    /// The stream of the last `from`, and the number that its next message would have.
    current: Option<(String, u64)>,
    /// The stream that was served last.
    turn: String,
}

/// The next messages of one stream.
struct Batch {
    stream: String,
    epoch: u32,
    /// The number that is to be announced, and why.
    from: Option<(u64, Option<String>)>,
    rows: Vec<Row>,
}

impl Downward {
    pub(super) const fn new(window: Window) -> Self {
        Self {
            window,
            streams: BTreeMap::new(),
            current: None,
            turn: String::new(),
        }
    }

    pub(super) fn streams(&self) -> impl Iterator<Item = &str> {
        self.streams.keys().map(String::as_str)
    }

    /// A stream that is there already stays as it is.
    pub(super) fn open(&mut self, start: &StreamStart, joined: bool, dirty: bool) {
        let stream = || Stream::new(start, joined, dirty);
        self.streams
            .entry(start.stream.clone())
            .or_insert_with(stream);
    }

    pub(super) fn close(&mut self, stream: &str) {
        self.streams.remove(stream);
    }

    pub(super) fn stream_mut(&mut self, stream: &str) -> Option<&mut Stream> {
        self.streams.get_mut(stream)
    }

    /// Whether this place of a stream is one that was not sent.
    pub(super) fn is_ahead(&self, stream: &str, (epoch, number): (u32, u64)) -> bool {
        let stream = self.streams.get(stream);
        stream.is_some_and(|stream| stream.epoch == epoch && stream.is_ahead(number))
    }

    fn in_flight(&self) -> (usize, u64) {
        let sizes = self.streams.values().map(Stream::in_flight);
        sizes.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    fn takes(&self, in_flight: (usize, u64), more: usize) -> bool {
        window_takes(self.window, in_flight, more)
    }

    /// The next frame's worth of messages, of the stream whose turn it is, at most so many bytes.
    fn next_batch(&mut self, mut room: usize) -> Option<Batch> {
        let mut in_flight = self.in_flight();
        let name = self.next_turn(in_flight)?;
        let follows = match &self.current {
            Some((current, next)) if *current == name => Some(*next),
            _ => None,
        };
        let window = self.window;
        let stream = self.streams.get_mut(&name)?;
        let hole = stream.hole().map(str::to_owned);
        let first = stream
            .next()
            .map_or(stream.sent + 1, |ready| ready.row.number);
        let announce = hole.is_some() || follows != Some(first);
        stream.close_hole();
        let mut rows: Vec<Row> = Vec::new();
        while let Some(ready) = stream.next() {
            let bytes = ready.row.payload.len();
            let consecutive = rows.is_empty() || ready.hole.is_none();
            let fits = window_takes(window, in_flight, bytes);
            if !consecutive
                || !fits
                || rows.len() == limits::UNIT_MESSAGES
                || (room == 0 && !rows.is_empty())
            {
                break;
            }
            rows.extend(stream.send());
            in_flight = (in_flight.0 + 1, in_flight.1 + bytes as u64);
            room = room.saturating_sub(bytes + 1);
        }
        let epoch = stream.epoch;
        self.current = Some((name.clone(), first + rows.len() as u64));
        self.turn.clone_from(&name);
        Some(Batch {
            stream: name,
            epoch,
            from: announce.then_some((first, hole)),
            rows,
        })
    }

    /// The next stream after the one served last that has something to say or to send.
    fn next_turn(&self, in_flight: (usize, u64)) -> Option<String> {
        let ready = |(_, stream): &(&String, &Stream)| match stream.next() {
            Some(ready) => self.takes(in_flight, ready.row.payload.len()),
            None => stream.hole().is_some(),
        };
        let after = (Bound::Excluded(&self.turn), Bound::Unbounded);
        let mut later = self.streams.range::<String, _>(after);
        let found = later
            .find(ready)
            .or_else(|| self.streams.iter().find(ready));
        found.map(|(name, _)| name.clone())
    }

    /// The next stream of which rows are to be read, after which one, and how many, in messages and
    /// bytes.
    fn next_read(&mut self) -> Option<(String, u64, u32, u32)> {
        let in_flight = self.in_flight();
        if !self.takes(in_flight, 0) {
            return None;
        }
        let left = self.window.messages.saturating_sub(in_flight.0 as u32);
        let streams = &mut self.streams;
        let (name, stream) = streams.iter_mut().find(|(_, it)| it.wants_rows())?;
        let after = stream.begin_read();
        Some((name.clone(), after, left.clamp(1, READ), READ_BYTES))
    }
}

fn window_takes(window: Window, (messages, bytes): (usize, u64), more: usize) -> bool {
    let room = messages < window.messages as usize
        && (messages == 0 || bytes + more as u64 <= u64::from(window.bytes));
    room || planted::is(Bug::WindowIgnored)
}

impl Node {
    /// Gives a link what it takes, and asks the store for what comes next.
    pub(super) fn pump(&mut self, id: LinkId) {
        let limit = self.config.link_buffer;
        while let Some(link) = self.links.get_mut(&id) {
            let room = limit.saturating_sub(link.buffered);
            if room > 0 && !link.waiting.is_empty() {
                self.transmit_waiting(id);
                continue;
            }
            let Some(live) = link.live_mut().filter(|_| room > 0) else {
                return;
            };
            match live.downward.next_batch(room) {
                Some(batch) => self.send_batch(id, &batch),
                None => break,
            }
        }
        while self.read_rows(id) {}
    }

    /// What happens to one more answer in a full outbox. A client with a window of no messages never
    /// acknowledges any: what it delivers must not wait for that.
    pub(super) fn own_overflow(&self, id: &SessionId) -> OutboxOverflow {
        let owner = self.sessions.get(id).and_then(|it| it.owner.as_ref());
        let link = owner.and_then(|owner| self.links.get(&owner.link?));
        match link.and_then(Link::live) {
            Some(live) if live.downward.window.messages == 0 => OutboxOverflow::DropOldest,
            _ => self.config.outbox_overflow,
        }
    }

    pub(super) fn take_rows(&mut self, id: LinkId, stream: &str, reply: Reply) {
        let live = self.links.get_mut(&id).and_then(Link::live_mut);
        let Some(stream) = live.and_then(|live| live.downward.stream_mut(stream)) else {
            return;
        };
        if let Reply::Rows {
            epoch,
            rows,
            last,
            missing,
        } = reply
        {
            stream.take_rows(epoch, rows, last, missing);
        }
        self.stirred_links.insert(id);
    }

    /// `handed`: the client has handed messages over.
    pub(super) fn take_handed(&mut self, id: LinkId, position: Position) {
        let live = self.links.get_mut(&id).and_then(Link::live_mut);
        let Some(live) = live else {
            return;
        };
        let session = live.session.clone();
        let Some(stream) = live.downward.stream_mut(&position.stream) else {
            return;
        };
        if position.epoch != stream.epoch {
            return;
        }
        if stream.is_ahead(position.number) {
            return self.end_link(id, Ending::AcknowledgedAhead);
        }
        if stream.acknowledge(position.number) {
            let session = self.sessions.get_mut(&session);
            if let Some(owner) = session.and_then(|session| session.owner.as_mut()) {
                let place = (position.epoch, position.number);
                owner.handed.gathered.insert(position.stream, place);
            }
        }
        self.stirred_links.insert(id);
        self.stir(&session);
    }

    /// A volatile message goes at once or not at all.
    pub(super) fn transmit_volatile(&mut self, id: LinkId, stream: &str, payload: &Payload) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        if link.live().is_none() || !self.takes_more(link) {
            return;
        }
        let stream = stream.to_owned();
        let announced = Frame::Volatile(steadfast_protocol::frame::Volatile { stream });
        self.transmit_control(id, announced);
        self.transmit_messages(id, &[payload]);
    }

    fn send_batch(&mut self, id: LinkId, batch: &Batch) {
        if let Some((next, reason)) = &batch.from {
            let next = self.number(id, batch, *next);
            let from = FromFrame {
                stream: batch.stream.clone(),
                epoch: batch.epoch,
                next,
                reason: reason.clone(),
            };
            self.transmit_control(id, Frame::From(from));
        }
        let payloads: Vec<&Payload> = batch.rows.iter().map(|row| &row.payload).collect();
        self.transmit_messages(id, &payloads);
        self.count_misnumbered(id, batch);
    }

    fn transmit_messages(&mut self, id: LinkId, payloads: &[&Payload]) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let messages: Vec<Message<'_>> = payloads
            .iter()
            .map(|payload| match payload {
                Payload::Text(text) => Message::Text(text),
                Payload::Binary(bytes) => Message::Binary(bytes),
            })
            .collect();
        let frames = pack(link.given, &messages);
        link.given += messages.len() as u64;
        for frame in frames {
            self.transmit(id, frame.into());
        }
    }

    fn read_rows(&mut self, id: LinkId) -> bool {
        let Some(live) = self.links.get_mut(&id).and_then(Link::live_mut) else {
            return false;
        };
        let session = live.session.clone();
        let owner = self.sessions.get(&session).and_then(|it| it.owner.as_ref());
        let Some(term) = owner.map(|owner| owner.term) else {
            return false;
        };
        let Some((stream, after, max_messages, max_bytes)) = live.downward.next_read() else {
            return false;
        };
        let purpose = Purpose::Read {
            link: id,
            stream: stream.clone(),
        };
        let request = Request::Read {
            session,
            term,
            stream,
            after,
            max_messages,
            max_bytes,
        };
        self.ask(purpose, request);
        true
    }

    /// The number that a batch begins with: that of its first row.
    #[cfg(not(feature = "planted"))]
    fn number(&self, _: LinkId, _: &Batch, next: u64) -> u64 {
        next
    }

    #[cfg(not(feature = "planted"))]
    fn count_misnumbered(&self, _: LinkId, _: &Batch) {}

    /// With the planted mistake: the one after the last number that this session was given.
    #[cfg(feature = "planted")]
    fn number(&self, id: LinkId, batch: &Batch, next: u64) -> u64 {
        let session = self.session_of(id);
        let given = session.and_then(|id| self.misnumbered.get(&(id, batch.stream.clone())));
        given.map_or(next, |given| given + 1)
    }

    #[cfg(feature = "planted")]
    fn count_misnumbered(&mut self, id: LinkId, batch: &Batch) {
        let Some(row) = batch.rows.last() else {
            return;
        };
        if let Some(session) = self.session_of(id)
            && planted::is(Bug::DownwardNumberAtHandover)
        {
            let given = self.misnumbered.entry((session, batch.stream.clone()));
            let given = given.or_insert(row.number - batch.rows.len() as u64);
            *given += batch.rows.len() as u64;
        }
    }

    #[cfg(feature = "planted")]
    fn session_of(&self, id: LinkId) -> Option<crate::io::SessionId> {
        Some(self.links.get(&id)?.live()?.session.clone())
    }
}
