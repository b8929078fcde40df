//! What the engine answers.

use steadfast_engine::{HangUp, Input, Output};
use steadfast_protocol::close_code;
use steadfast_protocol::frame::{Control, Frame, Hello, Ping, Position, escape};
use steadfast_sessions::io::Wire;

use super::Held;
use crate::ledger::Broken;
use crate::network::{Owner, Packet};
use crate::plan::Kind;
use crate::world::{Step, Stored, World};

impl World {
    pub(super) fn carry_out(&mut self, page: usize, output: Output<u32>) {
        match output {
            Output::Dial { generation, .. } => self.dials(page, generation),
            Output::Greet { .. } => self.greets(page),
            Output::Unit(messages) => {
                self.pages[page].unit = Some((messages as usize, Vec::new()));
            }
            Output::Transmit(payload) => self.transmits(page, payload),
            Output::TransmitPing(id) => {
                let bytes = self.says(page, Frame::Ping(Ping { id }));
                self.transmitted(page, bytes);
            }
            Output::Pong(id) => {
                self.says(page, Frame::Pong(Ping { id }));
            }
            Output::Acknowledge {
                stream,
                epoch,
                number,
            } => self.acknowledges(page, stream, epoch, number),
            Output::Ask => {
                self.says(page, Frame::Ask);
            }
            Output::End => {
                self.says(page, Frame::End);
                let storage = self.pages[page].storage;
                self.storages[storage] = None;
            }
            Output::HangUp(why) => self.hangs_up(page, why),
            Output::Decide { .. } => {
                self.fail(Broken::new(
                    "S1",
                    format!("page {page}: decides, but was not to"),
                ));
            }
            Output::Message {
                payload,
                stream,
                number,
            } => self.hands_over(page, payload, stream, number),
            Output::Discard(payload) => self.discards(page, payload),
            Output::Event(event) => self.tells(page, event),
            Output::Timeout(_) => {}
        }
    }

    fn dials(&mut self, page: usize, generation: u32) {
        if self.pages[page].link.is_some() {
            self.fail(Broken::new(
                "S2",
                format!("page {page}: a second link beside a live one"),
            ));
        }
        let link = self.dial(Owner::Page(page), generation);
        let it = &mut self.pages[page];
        it.link = Some(link);
        it.given = 0;
        it.unit = None;
        let now = self.now;
        self.trace.add(now, || format!("page {page}: link {link}"));
    }

    /// Says hello: the claim is raised and stored before it leaves.
    fn greets(&mut self, page: usize) {
        let it = &mut self.pages[page];
        let stored = self.storages[it.storage].as_mut();
        let mut hello = Hello {
            instance: it.instance.clone(),
            claim: 1,
            auth: Some(it.user.clone()),
            window: Some((
                self.plan.tuning.client_window.messages,
                self.plan.tuning.client_window.bytes,
            )),
            ..Hello::default()
        };
        it.asked = stored.is_some();
        it.claim = 1;
        if let Some(Stored {
            session,
            token,
            claim,
        }) = stored
        {
            *claim += 1;
            hello.claim = *claim;
            it.claim = *claim;
            hello.session = Some(session.clone());
            hello.token = Some(token.clone());
            for (number, name) in it.streams.iter().enumerate() {
                if let Some(position) = it.engine.position(number as u32) {
                    hello.positions.insert(name.clone(), position);
                }
            }
        }
        if let Some(link) = it.link {
            self.links[link].instance.clone_from(&it.instance);
        }
        self.says(page, Frame::Hello(hello));
    }

    /// Gives the link a control frame. Its length.
    fn says(&mut self, page: usize, frame: Frame) -> u32 {
        let it = &self.pages[page];
        let count = it.engine.given_messages();
        if count != it.given {
            let what = format!("page {page}: counts {count} messages, gave {}", it.given);
            self.fail(Broken::new("D2", what));
        }
        let text = Control { count, frame }.encode();
        let bytes = text.len() as u32;
        self.writes(page, Wire::Text(text));
        bytes
    }

    fn writes(&mut self, page: usize, wire: Wire) {
        if let Some(link) = self.pages[page].link {
            self.give(link, true, Packet::Frame(wire));
        }
    }

    fn transmitted(&mut self, page: usize, bytes: u32) {
        let buffered = self.buffered(page);
        let now = self.now;
        let it = &mut self.pages[page];
        let clock = it.clock(now);
        it.engine.handle_transmitted(clock, bytes, buffered);
    }

    fn transmits(&mut self, page: usize, payload: u32) {
        let it = &mut self.pages[page];
        let Some(Held::Up { id, sent, .. }) = it.held.get_mut(&payload) else {
            let what = format!("page {page}: sends payload {payload}, which has had its end");
            return self.fail(Broken::new("D2", what));
        };
        let id = *id;
        let bytes = self.ledger.up(id).text.len() as u32;
        if !std::mem::replace(sent, true) {
            it.in_flight += u64::from(bytes);
        }
        match &mut it.unit {
            None => {
                self.sends_alone(page, payload);
            }
            Some((left, parts)) => {
                parts.push(payload);
                if parts.len() == *left {
                    self.sends_unit(page);
                }
            }
        }
        self.transmitted(page, bytes);
    }

    fn sends_alone(&mut self, page: usize, payload: u32) {
        let it = &mut self.pages[page];
        it.given += 1;
        let Some(Held::Up { id, binary, .. }) = it.held.get(&payload) else {
            return;
        };
        let text = &self.ledger.up(*id).text;
        let wire = if *binary {
            Wire::Binary(text.clone().into_bytes())
        } else {
            Wire::Text(escape(text).into_owned())
        };
        self.writes(page, wire);
    }

    fn sends_unit(&mut self, page: usize) {
        let it = &mut self.pages[page];
        let Some((_, parts)) = it.unit.take() else {
            return;
        };
        let count = it.given;
        it.given += parts.len() as u64;
        let mut texts = Vec::new();
        let mut binaries = 0;
        for payload in parts {
            if let Some(Held::Up { id, binary, .. }) = it.held.get(&payload) {
                binaries += usize::from(*binary);
                texts.push(self.ledger.up(*id).text.clone());
            }
        }
        if binaries == 0 {
            let frame = Frame::Texts(texts);
            self.writes(page, Wire::Text(Control { count, frame }.encode()));
        } else if binaries == texts.len() {
            let lengths = texts.iter().map(|text| text.len() as u32).collect();
            let frame = Frame::Binaries(lengths);
            self.writes(page, Wire::Text(Control { count, frame }.encode()));
            self.writes(page, Wire::Binary(texts.concat().into_bytes()));
        } else {
            self.fail(Broken::new(
                "D3",
                format!("page {page}: a unit of texts and bytes"),
            ));
        }
        self.tally.units += 1;
    }

    fn acknowledges(&mut self, page: usize, stream: u32, epoch: u32, number: u64) {
        let it = &self.pages[page];
        let Some(name) = it.streams.get(stream as usize).cloned() else {
            let what =
                format!("page {page}: acknowledges stream {stream}, which it was never told of");
            return self.fail(Broken::new("D5", what));
        };
        let session = it.session.clone().unwrap_or_default();
        let checked = self
            .ledger
            .page_acknowledges(page, &session, &name, epoch, number);
        self.check(checked);
        if let Some(link) = self.pages[page].link {
            let owed = &mut self.links[link].owed;
            owed.retain(|(stream, owed)| *stream != name || *owed > number);
        }
        self.says(
            page,
            Frame::Handed(Position {
                stream: name,
                epoch,
                number,
            }),
        );
    }

    pub(super) fn hangs_up(&mut self, page: usize, why: HangUp) {
        let Some(link) = self.pages[page].link.take() else {
            return;
        };
        let it = &self.links[link];
        if (why == HangUp::HeartbeatTimeout && !it.suspect)
            || (why == HangUp::Protocol && !it.tampered)
        {
            let what =
                format!("page {page}: ends link {link}, {why:?}, with which nothing is wrong");
            self.fail(Broken::new("S5", what));
        }
        let code = match why {
            HangUp::Closed | HangUp::Reconnect => 1000,
            HangUp::Suspended => close_code::SUSPENDED,
            HangUp::HeartbeatTimeout => close_code::HEARTBEAT_TIMEOUT,
            HangUp::Abandoned => 1006,
            HangUp::Protocol => close_code::PROTOCOL,
        };
        let haunts = self.dice.network.happens(self.plan.weather.late_events);
        if haunts {
            self.tally.fault("late-events");
        }
        let it = &mut self.links[link];
        it.attached = false;
        it.haunts = haunts;
        self.give(link, true, Packet::Close(code));
    }

    fn hands_over(&mut self, page: usize, payload: u32, stream: Option<u32>, number: u64) {
        let it = &mut self.pages[page];
        let Some(Held::Down(text)) = it.release(payload) else {
            let what = format!("page {page}: hands over payload {payload}, which it does not have");
            return self.fail(Broken::new("D2", what));
        };
        it.handing += 1;
        let task = it.handing;
        let name = stream.and_then(|stream| it.streams.get(stream as usize));
        let (Some(stream), Some(name)) = (stream, name.cloned()) else {
            let what =
                format!("page {page}: a message of stream {stream:?}, which it was never told of");
            return self.fail(Broken::new("D5", what));
        };
        let epoch = it.engine.position(stream).map(|(epoch, _)| epoch);
        let session = it.session.clone().unwrap_or_default();
        let checked = self
            .ledger
            .page_receives(page, &session, &name, epoch, number, &text);
        self.check(checked);
        self.tally.down += 1;
        let weather = &self.plan.weather;
        let (reentry, slow) = (weather.reentry, weather.slow_listener);
        if self.dice.app.happens(reentry) {
            self.tally.fault("re-entry");
            self.sends(page, Kind::Echo, 20, None, false);
        }
        let hangs_until = self.pages[page].hangs_until;
        if self.now < hangs_until {
            self.tally.fault("slow-listener");
            self.queue.put(hangs_until, Step::HandedOver { page, task });
        } else if self.dice.app.happens(slow) {
            self.tally.fault("slow-listener");
            let delay = self.dice.app.skewed(self.plan.weather.listener);
            self.later(delay, Step::HandedOver { page, task });
        } else {
            self.ledger.page_has_handed_over(page);
            self.feed(page, Input::HandedOver);
        }
    }

    fn discards(&mut self, page: usize, payload: u32) {
        match self.pages[page].release(payload) {
            Some(Held::Up { id, sent, .. }) => {
                self.settles(page, id, sent);
                let checked = self.ledger.acknowledged(id);
                self.check(checked);
            }
            Some(Held::Down(_)) => {}
            None => {
                let what =
                    format!("page {page}: discards payload {payload}, which has had its end");
                self.fail(Broken::new("D1", what));
            }
        }
    }

    /// A message of the application has its end.
    pub(super) fn settles(&mut self, page: usize, id: usize, sent: bool) {
        if sent {
            let bytes = self.ledger.up(id).text.len() as u64;
            let it = &mut self.pages[page];
            it.in_flight = it.in_flight.saturating_sub(bytes);
        }
    }
}
