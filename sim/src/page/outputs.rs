//! What the engine answers.

use steadfast_engine::{HangUp, Input, Output};
use steadfast_protocol::close_code;
use steadfast_protocol::frame::{Control, Frame, Hello, Ping, Position, escape};
use steadfast_sessions::io::Wire;

use super::durable::Phase;
use super::{Held, SESSION, instance};
use crate::browser::Change;
use crate::ledger::Broken;
use crate::network::{Owner, Packet};
use crate::plan::Kind;
use crate::world::{Step, World};

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
                self.forgets_session(page);
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
            Output::Write { payload, number } => self.writes_number(page, payload, number),
            Output::Commit => self.commits(page),
            Output::Release(payload) => self.releases(page, payload),
            Output::Capture(why) => self.captures(page, why),
            Output::Save(what) => self.saves(page, what),
            Output::Timeout(_) => {}
        }
    }

    fn dials(&mut self, page: usize, generation: u32) {
        self.comes_back(page);
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
        self.recalls(page);
    }

    /// The link is open: hello is said as soon as it is known what is stored.
    fn greets(&mut self, page: usize) {
        let it = &mut self.pages[page];
        if it.durable.persists && it.durable.phase != Phase::Loaded {
            it.durable.greeting = it.link;
        } else {
            self.raises_claim(page);
        }
    }

    /// The claim is raised and stored before the hello leaves.
    pub(super) fn raises_claim(&mut self, page: usize) {
        let it = &mut self.pages[page];
        let browser = &mut self.storages[it.storage];
        if !it.durable.persists {
            let stored = browser.records().get(SESSION).cloned();
            it.durable.record = stored.unwrap_or_default();
        }
        let record = &mut it.durable.record;
        it.asked = record.session.is_some();
        // A claim that storage has forgotten is made up for soon.
        let step = 1 << it.durable.stale.min(16);
        record.claim = if it.asked { record.claim + step } else { 1 };
        it.claim = record.claim;
        match it.link {
            // With messages a memory has its record before it has a session.
            Some(link) if it.durable.persists => return self.stores_claim(page, link),
            Some(_) if it.asked => {
                browser.write(Change::Record(SESSION.to_owned(), record.clone()));
            }
            _ => {}
        }
        self.says_hello(page);
    }

    pub(super) fn says_hello(&mut self, page: usize) {
        let it = &mut self.pages[page];
        if it.durable.persists && it.durable.record.session.is_none() {
            // Another page may have the record, where storage has failed or gone back, and begin a session
            // as well.
            it.durable.record.own = Some(instance(&mut self.dice.page));
        }
        let (session, token) = it.durable.record.session.clone().unzip();
        let window = self.plan.tuning.client_window;
        let window = match it.adopts {
            Some(_) => (0, 0),
            None => (window.messages, window.bytes),
        };
        let mut hello = Hello {
            instance: it.instance.clone(),
            claim: it.claim,
            memories: vec![it.memory().to_owned()],
            auth: Some(it.user.clone()),
            window: Some(window),
            session,
            token,
            ..Hello::default()
        };
        if it.asked {
            hello.positions.clone_from(&it.snapshots.begun);
            for (number, name) in it.streams.iter().enumerate() {
                if let Some(position) = it.engine.position(number as u32) {
                    hello.positions.insert(name.clone(), position);
                }
            }
        }
        if let Some(link) = it.link {
            self.links[link].memory = it.memory().to_owned();
        }
        if let Some((wanted, positions)) = self.wants(page) {
            hello.snapshot = Some(wanted);
            if let Some(positions) = positions.filter(|_| hello.session.is_some()) {
                hello.positions = positions;
            }
        }
        self.says(page, Frame::Hello(hello));
    }

    /// Gives the link a control frame. Its length.
    pub(super) fn says(&mut self, page: usize, frame: Frame) -> u32 {
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
        let written = it
            .durable
            .is_written(payload, self.storages[it.storage].stored.synced());
        if !written {
            let what = format!("page {page}: sends message {id}, whose number is not written");
            return self.fail(Broken::new("D6", what));
        }
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
        if self.is_beyond(page, &name, epoch, number) {
            let what =
                format!("page {page}: acknowledges {number} of {name:?}, which is not saved");
            return self.fail(Broken::new("D7", what));
        }
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
        if let Some(epoch) = epoch {
            self.folds(page, &name, (epoch, number), &text);
        }
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
                self.deletes_row(page, payload);
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
