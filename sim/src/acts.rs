//! What the plan says is done.

use steadfast_protocol::frame::{Control, Frame, Hello, Position, Stored};
use steadfast_sessions::io::Wire;

use crate::network::{NEVER, Owner, Packet, STRANGER};
use crate::plan::{Class, Direction, Mischief, What};
use crate::server::Death;
use crate::world::{Away, Deed, PageStep, Step, World};

impl World {
    pub(crate) fn act(&mut self, place: usize) {
        let act = self.plan.acts[place].clone();
        let now = self.now;
        self.trace
            .add(now, || format!("-- act {}: {:?}", act.place, act.what));
        let until = |span: u64| now.saturating_add(span);
        match act.what {
            What::Send { client, .. } => self.deed(client, Deed::Send(place)),
            What::ServerSend { client, messages } => self.server_sends(client, messages),
            What::Reconnect { client } => self.deed(client, Deed::Reconnect),
            What::Close { client, back_after } => {
                self.deed(client, Deed::Close);
                if self.pages[self.newest[client]].closed {
                    self.later(back_after, Step::Open { client });
                }
            }
            What::Cut { client, cut } => {
                if let Some(link) = self.link_of(client) {
                    self.tally.fault(Class::Cut.name());
                    self.cut(link, cut);
                }
            }
            What::Silence {
                client,
                direction,
                span,
            } => {
                if let Some(link) = self.link_of(client) {
                    self.count(&What::Silence {
                        client,
                        direction,
                        span,
                    });
                    self.silence(link, direction, span.map_or(NEVER, until));
                }
            }
            What::Refuse { span } => self.refuses_until = until(span),
            What::Hide { client, span } => self.away(client, Away::Hidden, span),
            What::Freeze { client, span } => self.away(client, Away::Frozen, span),
            What::PutAway { client, span } => self.away(client, Away::Cached, span),
            What::Offline { client, span } => self.away(client, Away::Offline, span),
            What::Sleep { client, span } => self.away(client, Away::Asleep { since: now }, span),
            What::Reload { client, forgets } => self.reloads(client, forgets),
            What::Type { client, bytes } => self.deed(client, Deed::Type(bytes as usize)),
            What::Snapshot { client } => self.deed(client, Deed::Snapshot),
            What::Crash {
                client,
                new_tab,
                messages,
            } => match messages {
                Some(messages) => self.will_crash(client, new_tab, messages),
                None => self.crashes(client, new_tab),
            },
            What::PowerOff {
                client,
                messages: None,
                ..
            } => self.loses_power(client),
            What::PowerOff {
                client,
                messages: Some(messages),
                after,
            } => {
                self.later(after, Step::PowerOff { client });
                self.loads_when_busy(client, messages, BUSY);
            }
            What::GoBack { client, span } => self.will_go_back(client, span),
            What::Wipe { client } => self.is_wiped(client),
            What::Trouble {
                client,
                trouble,
                span,
            } => {
                self.count(&act.what);
                self.is_in_trouble(client, trouble, span);
            }
            What::LastWords {
                client,
                messages,
                closes,
            } => self.has_last_words(client, messages, closes),
            What::Hang { client, span } => self.hangs(client, span),
            What::SignIn { client } => self.signs_in(client),
            What::TakeBack { client } => self.deed(client, Deed::TakeBack),
            What::Copy { client } => self.copies(client),
            What::Hint { client, hint } => self.is_told(client, hint),
            What::SetClock { client, by_ms } => {
                self.tally.fault(Class::WallClock.name());
                match client {
                    Some(client) => {
                        let page = &mut self.pages[self.newest[client]];
                        if self.storages[page.storage].notes.is_absent {
                            // There memories are ordered by the clock (U12).
                            self.ledger.is_troubled(page.storage);
                        }
                        page.wall += by_ms;
                        page.jumped += by_ms.max(0) as u64 * 1_000;
                    }
                    None => self.server_wall += by_ms,
                }
            }
            What::Kill { steps, down, power } => self.kill(Death {
                steps,
                waits: if power { 100 } else { 0 },
                down,
                power,
            }),
            What::Stop { down } => self.stop(down),
            What::Stall { span } => {
                self.tally.fault(Class::StalledStore.name());
                self.stalls_until = until(span);
            }
            What::HandlerFails { span } => self.handler_fails_until = until(span),
            What::Mischief { client, mischief } => {
                self.tally.fault(Class::Malformed.name());
                self.does_mischief(client, mischief);
            }
        }
    }

    fn hangs(&mut self, client: usize, span: u64) {
        let page = self.newest[client];
        if self.pages[page].is_still() || self.pages[page].closed {
            return;
        }
        self.pages[page].hangs_until = self.now + span;
        self.server_sends(client, 3);
        self.later(span / 3, Step::Relink { page });
        self.later(span / 3 * 2, Step::Reload { page });
    }

    /// The application of a page asks for a new link.
    pub(crate) fn relinks(&mut self, page: usize) {
        let client = self.pages[page].client;
        if self.newest[client] == page && self.pages[page].alive {
            self.deed(client, Deed::Reconnect);
        }
    }

    /// A page is loaded again, if it is still there.
    pub(crate) fn reloads_page(&mut self, page: usize) {
        let client = self.pages[page].client;
        if !self.healed && self.newest[client] == page && !self.pages[page].closed {
            self.reloads(client, false);
        }
    }

    fn count(&mut self, what: &What) {
        if let Some(class) = what.class() {
            self.tally.fault(class.name());
        }
    }

    fn away(&mut self, client: usize, away: Away, span: u64) {
        self.page_leaves(self.newest[client], away, span);
    }

    fn link_of(&self, client: usize) -> Option<usize> {
        self.pages[self.newest[client]].link
    }

    fn does_mischief(&mut self, client: usize, mischief: Mischief) {
        let session = self.pages[self.newest[client]].session.clone();
        match mischief {
            Mischief::UnknownFrame(way) => self.smuggle(client, way, "\u{10}bogus 0 {}".to_owned()),
            Mischief::WrongCount(way) => {
                self.smuggle(client, way, "\u{10}ping 9999999 {\"id\":1}".to_owned());
            }
            Mischief::BadUnit(way) => {
                self.smuggle(
                    client,
                    way,
                    "\u{10}texts 0 2,2\u{10}ab\u{10}c\u{10}".to_owned(),
                );
            }
            Mischief::SecondHello => {
                let text = hello(Hello::default());
                self.smuggle(client, Direction::Up, text);
            }
            Mischief::AckAhead(Direction::Up) => {
                let frame = Frame::Handed(Position {
                    stream: String::new(),
                    epoch: 0,
                    number: 1 << 40,
                });
                self.smuggle_counted(client, Direction::Up, frame);
            }
            Mischief::AckAhead(_) => {
                let memory = self.own_memory(self.newest[client]);
                let frame = Frame::Stored(Stored {
                    memory: memory.to_string(),
                    lane: 1,
                    number: 1 << 40,
                });
                self.smuggle_counted(client, Direction::Down, frame);
            }
            Mischief::Thief => {
                self.stranger(vec![hello(Hello {
                    token: session.as_ref().map(|_| "not-the-token".to_owned()),
                    session,
                    claim: 1 << 40,
                    auth: Some(format!("user-{client}")),
                    ..Hello::default()
                })]);
            }
            Mischief::Dreamer => {
                let dream = ["", "lobby", "nowhere"].map(|name| (name.to_owned(), (7, 1 << 40)));
                self.stranger(vec![hello(Hello {
                    claim: 1,
                    auth: Some("a stranger".to_owned()),
                    positions: dream.into_iter().collect(),
                    ..Hello::default()
                })]);
            }
            Mischief::Mute => self.stranger(Vec::new()),
            Mischief::Crowd => {
                for _ in 0..CROWD {
                    self.stranger(vec![hello(Hello::default())]);
                }
            }
        }
    }

    /// Puts a frame into a client's link that its owner did not send.
    fn smuggle(&mut self, client: usize, way: Direction, text: String) {
        // Whoever speaks before the client has said hello is a stranger on a link of his own.
        let welcomed = |link: &usize| self.links[*link].session.is_some();
        if let Some(link) = self.link_of(client).filter(welcomed) {
            self.links[link].tampered = true;
            let up = way != Direction::Down;
            self.give(link, up, Packet::Frame(Wire::Text(text)));
        }
    }

    /// The same, with the count that the client would write now; downward, the one that it expects
    /// at the beginning.
    fn smuggle_counted(&mut self, client: usize, way: Direction, frame: Frame) {
        let page = &self.pages[self.newest[client]];
        let count = if way == Direction::Up { page.given } else { 0 };
        self.smuggle(client, way, Control { count, frame }.encode());
    }

    /// Somebody dials who is nobody's page.
    fn stranger(&mut self, says: Vec<String>) {
        let link = self.dial(Owner::Stranger, 0);
        self.links[link].script = says.into_iter().map(Wire::Text).collect();
    }

    pub(crate) fn on_stranger(&mut self, link: usize, step: &PageStep) {
        if matches!(step, PageStep::Opens { .. }) {
            for wire in std::mem::take(&mut self.links[link].script) {
                self.give(link, true, Packet::Frame(wire));
            }
        }
    }
}

/// How often it is looked whether a page's storage deletes a message.
const BUSY: u32 = 1_000;
/// Strangers that come at once.
const CROWD: usize = 50;

fn hello(hello: Hello) -> String {
    let hello = Hello {
        instance: STRANGER.to_owned(),
        ..hello
    };
    Control {
        count: 0,
        frame: Frame::Hello(hello),
    }
    .encode()
}
