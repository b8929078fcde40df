//! What a page's link says.

use std::sync::Arc;

use steadfast_engine::{
    Claim, Fate, From as StreamFrom, GapReason, Input, Priority, Span, Welcome as EngineWelcome,
};
use steadfast_protocol::frame::{
    Adopted, Control, Frame, From, Incoming, Memory, Reason, Stored, Welcome, cut, decode_text,
};
use steadfast_protocol::window::Window;
use steadfast_sessions::io::Wire;

use super::Held;
use crate::ledger::Broken;
use crate::network::Packet;
use crate::server::OTHER_ROOM;
use crate::world::{PageStep, World};

impl World {
    /// Something has arrived at the client's end of a link.
    pub(crate) fn client_receives(&mut self, link: usize, packet: Packet) {
        match packet {
            Packet::Frame(wire) => self.on_page(link, PageStep::Frame { link, wire }),
            Packet::Close(code) => {
                let was_clean = true;
                self.on_page(
                    link,
                    PageStep::Closed {
                        link,
                        code,
                        was_clean,
                    },
                );
                self.give(link, true, Packet::Close(code));
            }
        }
    }

    pub(super) fn opens(&mut self, page: usize, link: usize) {
        let it = &self.links[link];
        if it.client_closed || !self.hears(page, link) {
            return;
        }
        let generation = it.generation;
        self.feed(page, Input::LinkOpened { generation });
    }

    pub(super) fn closes(&mut self, page: usize, link: usize, code: u16, was_clean: bool) {
        let hears = self.hears(page, link);
        let it = &mut self.links[link];
        if std::mem::replace(&mut it.client_closed, true) || !hears {
            return;
        }
        let generation = it.generation;
        let it = &mut self.pages[page];
        if it.link == Some(link) {
            it.link = None;
        }
        self.feed(
            page,
            Input::LinkClosed {
                generation,
                code,
                was_clean,
            },
        );
    }

    /// Whether the page listens to the link, or is haunted by it.
    fn hears(&self, page: usize, link: usize) -> bool {
        let it = &self.links[link];
        (it.attached && self.pages[page].link == Some(link)) || it.haunts
    }

    pub(super) fn reads(&mut self, page: usize, link: usize, wire: Wire) {
        if self.links[link].client_closed || !self.hears(page, link) {
            return;
        }
        match wire {
            Wire::Text(text) => self.reads_text(page, link, &text),
            Wire::Binary(bytes) => self.reads_bytes(page, link, &bytes),
        }
    }

    fn reads_text(&mut self, page: usize, link: usize, text: &str) {
        match decode_text(text, u32::MAX) {
            Ok(Incoming::App(text)) if self.links[link].announced.is_none() => {
                self.reads_message(page, link, text.to_owned());
            }
            Ok(Incoming::Control(control)) if self.links[link].announced.is_none() => {
                self.reads_control(page, link, control);
            }
            _ => self.violated(page, link),
        }
    }

    fn reads_bytes(&mut self, page: usize, link: usize, bytes: &[u8]) {
        let lengths = self.links[link].announced.take();
        let lengths = lengths.unwrap_or_else(|| vec![bytes.len() as u32]);
        let texts: Option<Vec<String>> = cut(bytes, &lengths).ok().map(|parts| {
            let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
            parts.into_iter().map(text).collect()
        });
        match texts {
            Some(texts) => {
                for text in texts {
                    self.reads_message(page, link, text);
                }
            }
            None => self.violated(page, link),
        }
    }

    pub(super) fn violated(&mut self, page: usize, link: usize) {
        let generation = self.links[link].generation;
        self.feed(page, Input::Violated { generation });
    }

    fn reads_message(&mut self, page: usize, link: usize, text: String) {
        if !self.hears(page, link) {
            return;
        }
        let now = self.now;
        self.trace
            .add(now, || format!("page {page} receives {}", brief(&text)));
        self.owes(page, link);
        let generation = self.links[link].generation;
        let bytes = text.len() as u32;
        let payload = self.pages[page].keep(Held::Down(text));
        self.feed(
            page,
            Input::LinkMessage {
                generation,
                payload,
                bytes,
                is_pong: false,
            },
        );
    }

    /// A numbered message has come, which the server may only send within the client's window.
    fn owes(&mut self, page: usize, link: usize) {
        let it = &mut self.links[link];
        if std::mem::take(&mut it.volatile) {
            return;
        }
        if let Some((stream, next)) = &mut it.stream {
            // The server owes nothing to the window for a room that the session has left.
            if stream == OTHER_ROOM {
                return;
            }
            it.owed.push_back((stream.clone(), *next));
            *next += 1;
        }
        let window = self.plan.tuning.client_window.messages.max(1) as usize;
        if it.owed.len() > window {
            let owed = it.owed.len();
            let what =
                format!("page {page}: {owed} messages unacknowledged in a window of {window}");
            self.fail(Broken::new("S6", what));
        }
    }

    fn reads_control(&mut self, page: usize, link: usize, control: Control) {
        let generation = self.links[link].generation;
        let Control { count, frame } = control;
        self.feed(page, Input::Counted { generation, count });
        if !self.hears(page, link) {
            return;
        }
        let input = match frame {
            Frame::Welcome(welcome) => {
                if !self.begins_restoring(page, link, &welcome) {
                    self.is_welcome(page, link, welcome, None);
                }
                return;
            }
            Frame::Part(part) => return self.reads_part(page, link, &part),
            Frame::Saved(saved) => return self.reads_saved(page, link, saved),
            Frame::Unsaved(unsaved) => return self.reads_unsaved(page, unsaved),
            Frame::Stored(stored) => return self.reads_stored(page, link, stored),
            Frame::Adopted(adopted) => return self.reads_adopted(page, link, adopted),
            Frame::From(from) => return self.reads_from(page, link, from),
            Frame::Volatile(volatile) => {
                self.links[link].volatile = true;
                let stream = self.stream_number(page, &volatile.stream);
                Input::Volatile { generation, stream }
            }
            Frame::Ping(ping) => Input::Pinged {
                generation,
                id: ping.id,
            },
            Frame::Pong(ping) => Input::Ponged {
                generation,
                id: ping.id,
            },
            Frame::Texts(texts) => {
                for text in texts {
                    self.reads_message(page, link, text);
                }
                return;
            }
            Frame::Binaries(lengths) => {
                self.links[link].announced = Some(lengths);
                return;
            }
            Frame::Error(_) | Frame::Authenticated => return,
            Frame::Hello(_)
            | Frame::Auth(_)
            | Frame::Handed(_)
            | Frame::Lane(_)
            | Frame::Adopt(_)
            | Frame::Done(_)
            | Frame::Ask
            | Frame::Save(_)
            | Frame::End => Input::Violated { generation },
        };
        self.feed(page, input);
    }

    /// A welcome, and the text of the snapshot that it brought.
    pub(super) fn is_welcome(
        &mut self,
        page: usize,
        link: usize,
        welcome: Welcome,
        text: Option<String>,
    ) {
        let it = &self.pages[page];
        let fate = match welcome.reason {
            Reason::Resumed => Fate::Resumed,
            Reason::User => Fate::OtherUser,
            _ if !it.asked => Fate::New,
            Reason::New | Reason::Unknown | Reason::Token | Reason::Corrupt => Fate::Lost,
        };
        let is_attached = self.links[link].attached;
        let mut claim = Claim::Refused;
        let mut user = 1;
        if is_attached {
            let it = &mut self.pages[page];
            it.window = welcome.window;
            it.in_flight = (0, 0);
            for held in it.held.values_mut() {
                if let Held::Up { sent, .. } = held {
                    *sent = false;
                }
            }
            user = it.keep.names.user(&welcome.user);
            let memory = self.links[link].memory.clone();
            let held = welcome.memories.get(&*memory).cloned();
            self.renews_session(page, &welcome, fate == Fate::OtherUser);
            claim = self.learns_claim(page, &memory, held, &welcome.user);
            self.restores(page, fate, &welcome, text);
        }
        let generation = self.links[link].generation;
        let welcome = EngineWelcome {
            claim,
            user,
            window: Window {
                messages: welcome.window.0,
                bytes: welcome.window.1,
            },
            max_message_bytes: welcome.max_message,
            fate,
            first_retry: welcome.retry.map(Span::from_ms),
        };
        self.feed(
            page,
            Input::Welcomed {
                generation,
                welcome,
            },
        );
    }

    /// What the server says of a memory that a link spoke for.
    fn learns_claim(
        &mut self,
        page: usize,
        memory: &Arc<str>,
        held: Option<Memory>,
        user: &str,
    ) -> Claim {
        let Some(Memory { birth, received }) = held else {
            return Claim::Refused;
        };
        let it = &mut self.pages[page];
        let keep = &mut it.keep;
        for (payload, held) in &mut it.held {
            let name = keep.rows.get(payload);
            if let Held::Up { given, .. } = held {
                *given &= name.is_some_and(|name| name.0 != *memory);
            }
        }
        let before = keep.names.births.insert(memory.clone(), birth.clone());
        let is_other = before.is_some_and(|before| before != birth);
        keep.changes(memory, |record| {
            record.birth = Some(birth);
            record.user = Some(user.to_owned());
        });
        match is_other {
            true => Claim::Forgotten,
            false => Claim::Accepted(received),
        }
    }

    fn reads_adopted(&mut self, page: usize, link: usize, adopted: Adopted) {
        let generation = self.links[link].generation;
        let it = &self.pages[page];
        let Some(memory) = it.keep.names.find(&adopted.memory) else {
            return self.violated(page, link);
        };
        let held = adopted.birth.zip(adopted.received);
        let held = held.map(|(birth, received)| Memory { birth, received });
        let user = it.user.clone();
        let name = Arc::from(adopted.memory);
        let claim = match self.links[link].attached {
            true => self.learns_claim(page, &name, held, &user),
            false => Claim::Refused,
        };
        let input = Input::Adopted {
            generation,
            memory,
            claim,
        };
        self.feed(page, input);
    }

    fn reads_stored(&mut self, page: usize, link: usize, stored: Stored) {
        let lane = (stored.memory.clone(), stored.lane);
        let it = &mut self.links[link];
        let before = it.stored.insert(lane, stored.number).unwrap_or(0);
        if stored.number < before && it.attached {
            let number = stored.number;
            let what = format!("page {page}: acknowledged {number} after {before}");
            return self.fail(Broken::new("D6", what));
        }
        let generation = it.generation;
        let lane = PRIORITIES.get(usize::from(stored.lane)).copied();
        let memory = self.pages[page].keep.names.find(&stored.memory);
        if let (Some(memory), Some(lane)) = (memory, lane) {
            let input = Input::Stored {
                generation,
                memory,
                lane,
                number: stored.number,
            };
            self.feed(page, input);
        }
    }

    fn reads_from(&mut self, page: usize, link: usize, from: From) {
        let generation = self.links[link].generation;
        let stream = self.stream_number(page, &from.stream);
        self.links[link].stream = Some((from.stream, from.next));
        let reason = match from.reason.as_deref() {
            None => GapReason::None,
            Some("expired") => GapReason::Expired,
            Some("overflow") => GapReason::Overflow,
            Some("epoch") => GapReason::Epoch,
            Some("acknowledged") => GapReason::Acknowledged,
            Some("joined") => GapReason::Joined,
            Some(_) => GapReason::Other,
        };
        let from = StreamFrom {
            stream,
            epoch: from.epoch,
            next: from.next,
            reason,
        };
        self.feed(page, Input::From { generation, from });
    }

    /// The page's number for a stream: streams are numbered as they come.
    fn stream_number(&mut self, page: usize, name: &str) -> u32 {
        let streams = &mut self.pages[page].streams;
        let known = streams.iter().position(|stream| stream == name);
        let number = known.unwrap_or_else(|| {
            streams.push(name.to_owned());
            streams.len() - 1
        });
        number as u32
    }
}

/// By lane.
const PRIORITIES: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

/// The beginning of a message, for a trace.
pub(crate) fn brief(text: &str) -> String {
    let mut brief: String = text.chars().take(24).collect();
    if brief.len() < text.len() {
        brief.push('…');
    }
    brief.escape_debug().to_string()
}
