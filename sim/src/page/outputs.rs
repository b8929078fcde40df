//! What the engine answers.

use steadfast_engine::{HangUp, Input, Output, Priority};
use steadfast_protocol::close_code;
use steadfast_protocol::frame::{Adopt, Control, Frame, Hello, Lane, Ping, Position, escape};
use steadfast_sessions::io::Wire;

use super::Held;
use crate::ledger::Broken;
use crate::network::{Owner, Packet};
use crate::plan::Kind;
use crate::world::{PageStep, Step, World};

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
            Output::Lane { memory, lane, next } => self.says_lane(page, memory, lane, next),
            Output::Adopt(memory) => {
                let memory = self.name_of(page, memory).to_string();
                self.says(page, Frame::Adopt(Adopt { memory }));
            }
            // Where there are no notes there may be some that this page does not see.
            Output::Done(_) if self.storages[self.pages[page].storage].notes.is_absent => {}
            Output::Done(memory) => {
                let memory = self.name_of(page, memory).to_string();
                self.says(page, Frame::Done(Adopt { memory }));
            }
            Output::Abandon => self.abandons_session(page),
            Output::Put {
                payload,
                memory,
                number,
            } => self.puts_message(page, payload, memory, number),
            Output::Mark(payload) => self.marks_message(page, payload),
            Output::Erase(payload) => self.pages[page].keep.erase(payload),
            Output::Ended(memory) => self.ends_memory(page, memory),
            Output::Release(payload) => self.releases(page, payload),
            Output::Recall => self.will_recall(page),
            Output::Lock { memory, how } => self.wants_lock(page, memory, how),
            Output::Unlock(memory) => self.unlocks(page, memory),
            Output::Read(memory) => self.will_read(page, memory),
            Output::Forget(memory) => self.pages[page].keep.forgetting.push(memory),
            Output::Retry => self.retries_storage(page),
            Output::Capture(why) => self.captures(page, why),
            Output::Save(what) => self.saves(page, what),
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
        self.acquires_session(page);
    }

    pub(super) fn says_hello(&mut self, page: usize) {
        let memory = self.own_memory(page);
        let it = &mut self.pages[page];
        let (session, token) = it.keeper.record.id.clone().unzip();
        it.claim = it.keeper.record.claim;
        let window = self.plan.tuning.client_window;
        let mut hello = Hello {
            instance: it.instance.clone(),
            claim: it.claim,
            memories: vec![memory.to_string()],
            auth: Some(it.user.clone()),
            window: Some((window.messages, window.bytes)),
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
            self.links[link].memory = memory;
        }
        if let Some((wanted, positions)) = self.wants(page) {
            hello.snapshot = Some(wanted);
            if let Some(positions) = positions.filter(|_| hello.session.is_some()) {
                hello.positions = positions;
            }
        }
        self.says(page, Frame::Hello(hello));
    }

    fn says_lane(&mut self, page: usize, memory: u32, lane: Priority, next: u64) {
        let name = self.name_of(page, memory);
        let lane = lane as u8;
        if let Some(link) = self.pages[page].link {
            self.links[link].lane = Some((name.clone(), lane, next));
        }
        let memory = name.to_string();
        self.says(page, Frame::Lane(Lane { memory, lane, next }));
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
        let Some(Held::Up {
            id, sent, given, ..
        }) = it.held.get_mut(&payload)
        else {
            let what = format!("page {page}: sends payload {payload}, which has had its end");
            return self.fail(Broken::new("D2", what));
        };
        let id = *id;
        *given = true;
        let bytes = self.ledger.up(id).text.len() as u32;
        if !std::mem::replace(sent, true) {
            it.in_flight.0 += 1;
            it.in_flight.1 += u64::from(bytes);
        }
        let named = self.names_message(page, id);
        self.check(named);
        match &mut self.pages[page].unit {
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

    /// What a message is called on the page's link.
    fn names_message(&mut self, page: usize, id: usize) -> Result<(), Broken> {
        let link = self.pages[page].link;
        let Some((memory, lane, next)) = link.and_then(|link| self.links[link].lane.as_mut())
        else {
            let what = format!("page {page}: message {id} comes before any lane");
            return Err(Broken::new("D2", what));
        };
        let name = (memory.clone(), *lane, *next);
        *next += 1;
        self.ledger.leaves(id, &name, self.pages[page].tab)
    }

    fn sends_alone(&mut self, page: usize, payload: u32) {
        let it = &mut self.pages[page];
        it.given += 1;
        let Some(Held::Up { id, message, .. }) = it.held.get(&payload) else {
            return;
        };
        let text = &self.ledger.up(*id).text;
        let wire = if message.binary {
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
            if let Some(Held::Up { id, message, .. }) = it.held.get(&payload) {
                binaries += usize::from(message.binary);
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
            self.queue
                .put(hangs_until, Step::Page(page, PageStep::HandedOver { task }));
        } else if self.dice.app.happens(slow) {
            self.tally.fault("slow-listener");
            let delay = self.dice.app.skewed(self.plan.weather.listener);
            self.later(delay, Step::Page(page, PageStep::HandedOver { task }));
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
            let (messages, all) = &mut self.pages[page].in_flight;
            (*messages, *all) = (messages.saturating_sub(1), all.saturating_sub(bytes));
        }
    }
}
