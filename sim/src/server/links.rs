//! The server's ends of links.

use steadfast_protocol::close_code;
use steadfast_protocol::frame::{Frame, Incoming, decode_text};
use steadfast_sessions::Input;
use steadfast_sessions::io::{LinkId, Wire};

use super::{Process, ROOM};
use crate::ledger::Broken;
use crate::network::{Owner, Packet};
use crate::plan::Class;
use crate::world::{Step, World};

impl World {
    pub(crate) fn server_opened(&mut self, link: LinkId, name: usize) {
        let dice = &mut self.dice.server;
        let entropy = [dice.bits(), dice.bits(), dice.bits(), dice.bits()];
        self.drive(Input::LinkOpened {
            link,
            request_id: format!("link-{name}"),
            rooms: vec![ROOM.to_owned()],
            endpoint: "/hub/lobby".to_owned(),
            entropy,
        });
    }

    pub(crate) fn server_receives(&mut self, link: usize, packet: Packet) {
        match packet {
            Packet::Close(_) => self.server_learns(link),
            Packet::Frame(wire) => {
                if let Some(link) = self.server_end(link) {
                    self.drive(Input::Frame { link, wire });
                }
            }
        }
    }

    /// The server's platform says that a link is gone.
    pub(crate) fn server_learns(&mut self, link: usize) {
        let end = self.server_end(link);
        self.links[link].server_closed = true;
        if let Some(end) = end {
            self.drive(Input::LinkClosed { link: end });
            if let Some(process) = &mut self.process {
                process.links.remove(&end);
            }
        }
    }

    /// The present process's name for a link that it has not closed.
    fn server_end(&self, link: usize) -> Option<LinkId> {
        let it = &self.links[link];
        let (epoch, name) = it.accepted?;
        let lives = self
            .process
            .as_ref()
            .is_some_and(|process| process.epoch == epoch);
        (lives && !it.server_closed).then_some(name)
    }

    pub(super) fn server_says(&mut self, process: &Process, link: LinkId, wire: Wire) {
        let Some(name) = process.links.get(&link).copied() else {
            return;
        };
        if self.links[name].server_closed {
            return;
        }
        self.check_words(process, name, &wire);
        self.give(name, false, Packet::Frame(wire));
        let now = self.now;
        let it = &mut self.links[name];
        if !std::mem::replace(&mut it.drains, true) {
            self.queue
                .put(it.down.drained_at(now), Step::Drained { link: name });
        }
    }

    /// What a frame tells of the store must be synced, and a session has one link.
    fn check_words(&mut self, process: &Process, link: usize, wire: &Wire) {
        let Wire::Text(text) = wire else {
            return;
        };
        let Ok(Incoming::Control(control)) = decode_text(text, u32::MAX) else {
            return;
        };
        match control.frame {
            Frame::Welcome(welcome) => {
                let checked = self.ledger.welcomes(&welcome);
                self.check(checked);
                let others = process.links.values().filter(|other| **other != link);
                let live = |other: &&usize| {
                    let other = &self.links[**other];
                    !other.server_closed && other.session.as_ref() == Some(&welcome.session)
                };
                if let Some(other) = others.copied().find(|other| live(&other)) {
                    let what = format!(
                        "link {link} is welcomed to {} beside link {other}",
                        welcome.session
                    );
                    self.fail(Broken::new("S2", what));
                }
                self.links[link].session = Some(welcome.session);
            }
            Frame::Stored(stored) => {
                let lane = (stored.memory, stored.lane);
                let checked = self
                    .ledger
                    .tells_count(&lane, stored.number, "an acknowledgement");
                self.check(checked);
            }
            _ => {}
        }
    }

    pub(super) fn server_closes(&mut self, process: &mut Process, link: LinkId, code: u16) {
        let Some(name) = process.links.remove(&link) else {
            return;
        };
        let it = &self.links[name];
        let allowed = match code {
            1000 => matches!(it.owner, Owner::Page(page) if self.pages[page].closed),
            1001 | close_code::TAKEN_OVER | close_code::STALE => true,
            close_code::HEARTBEAT_TIMEOUT => it.suspect,
            // What a dead process still does to an inbox is news to the living one.
            close_code::UNAVAILABLE => self.tally.faults.contains_key(Class::Stragglers.name()),
            _ => it.tampered,
        };
        if it.session.is_some() && it.owner != Owner::Stranger && !allowed {
            let what =
                format!("the server closes link {name} with {code}, with which nothing is wrong");
            self.fail(Broken::new("S5", what));
        }
        if !std::mem::replace(&mut self.links[name].server_closed, true) {
            self.give(name, false, Packet::Close(code));
        }
    }

    pub(crate) fn server_drained(&mut self, link: usize) {
        let now = self.now;
        self.links[link].drains = false;
        if let Some(end) = self.server_end(link) {
            let bytes = self.links[link].down.buffered(now) as usize;
            if bytes > 0 {
                self.links[link].drains = true;
                let at = self.links[link].down.drained_at(now);
                self.queue.put(at, Step::Drained { link });
            }
            self.drive(Input::Buffered { link: end, bytes });
        }
    }
}
