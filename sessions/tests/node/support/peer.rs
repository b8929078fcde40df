use std::collections::BTreeMap;

use steadfast_protocol::frame::{
    Control, Encoded, Frame, Incoming, Lane, Message, Reader, Side, escape, pack,
};
use steadfast_sessions::io::Wire;
use steadfast_sessions::payload::Payload;

/// The client's end of one link. It reads by the rules of the protocol, and panics where the server
/// breaks one.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Application messages given to the link.
    pub(crate) given: u64,
    /// Control frames that came, units excepted.
    pub(crate) frames: Vec<Frame>,
    pub(crate) messages: Vec<Got>,
    /// Frames of all kinds, in order, as text.
    pub(crate) raw: Vec<String>,
    pub(crate) epochs: BTreeMap<String, u32>,
    pub(crate) closed: Option<(u16, String)>,
    pub(crate) unsent: usize,
    /// The memory that its messages come from, and the number of the next; none before the first.
    pub(crate) memory: String,
    lane: Option<u64>,
    reader: Reader,
    current: Option<(String, u64)>,
    volatile: Option<String>,
}

/// A message that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) stream: String,
    /// `None`: it is volatile.
    pub(crate) number: Option<u64>,
    pub(crate) payload: Payload,
}

impl Peer {
    pub(crate) fn new(max_message: u32) -> Self {
        Self {
            given: 0,
            frames: Vec::new(),
            messages: Vec::new(),
            raw: Vec::new(),
            epochs: BTreeMap::new(),
            closed: None,
            unsent: 0,
            memory: String::new(),
            lane: None,
            reader: Reader::new(Side::Server, max_message),
            current: None,
            volatile: None,
        }
    }

    /// What says where the first message belongs to, if that was not said.
    pub(crate) fn turn(&mut self) -> Option<Wire> {
        if self.lane.is_some() {
            return None;
        }
        let welcome = self.frames.iter().find_map(|frame| match frame {
            Frame::Welcome(welcome) => welcome.memories.get(&self.memory),
            _ => None,
        });
        let next = welcome?.received[1] + 1;
        self.lane = Some(next);
        let memory = self.memory.clone();
        Some(self.control(Frame::Lane(Lane {
            memory,
            lane: 1,
            next,
        })))
    }

    pub(crate) fn text(&mut self, text: &str) -> Wire {
        self.given += 1;
        Wire::Text(escape(text).into_owned())
    }

    pub(crate) fn control(&mut self, frame: Frame) -> Wire {
        let count = self.given;
        if let Frame::Texts(texts) = &frame {
            self.given += texts.len() as u64;
        }
        Wire::Text(Control { count, frame }.encode())
    }

    /// Texts as the client packs them.
    pub(crate) fn unit(&mut self, texts: &[&str]) -> Vec<Wire> {
        let messages: Vec<_> = texts.iter().map(|text| Message::Text(text)).collect();
        let frames = pack(self.given, &messages);
        self.given += texts.len() as u64;
        frames
            .into_iter()
            .map(|frame| match frame {
                Encoded::Text(text) => Wire::Text(text),
                Encoded::Binary(bytes) => Wire::Binary(bytes),
            })
            .collect()
    }

    pub(crate) fn take(&mut self, wire: &Wire) {
        assert_eq!(self.closed, None, "a frame after the close: {wire:?}");
        match wire {
            Wire::Text(text) => {
                self.unsent += text.len();
                self.raw.push(text.clone());
                match self.reader.text(text).expect("a frame by the rules") {
                    Incoming::App(text) => self.take_message(Payload::text(text)),
                    Incoming::Control(control) => self.take_control(control.frame),
                }
            }
            Wire::Binary(bytes) => {
                self.unsent += bytes.len();
                self.raw.push(format!("{} bytes", bytes.len()));
                let messages = self.reader.binary(bytes).expect("a frame by the rules");
                for message in messages {
                    self.take_message(Payload::binary(message));
                }
            }
        }
    }

    /// Texts that came, in order.
    pub(crate) fn texts(&self) -> Vec<&str> {
        let texts = self.messages.iter().map(|got| match &got.payload {
            Payload::Text(text) => &**text,
            Payload::Binary(_) => panic!("a binary message"),
        });
        texts.collect()
    }

    pub(crate) fn numbers(&self, stream: &str) -> Vec<u64> {
        let of = self.messages.iter().filter(|got| got.stream == stream);
        of.filter_map(|got| got.number).collect()
    }

    /// The number of the last acknowledgement that came, if one came.
    pub(crate) fn stored(&self) -> Option<u64> {
        self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Stored(stored) => Some(stored.number),
            _ => None,
        })
    }

    /// `from` frames: stream, next and reason.
    pub(crate) fn froms(&self) -> Vec<(&str, u64, Option<&str>)> {
        let froms = self.frames.iter().filter_map(|frame| match frame {
            Frame::From(from) => Some((from.stream.as_str(), from.next, from.reason.as_deref())),
            _ => None,
        });
        froms.collect()
    }

    /// `errorCode` of the error frame, and the close code.
    pub(crate) fn end(&self) -> (&str, u16) {
        let error = self.frames.iter().find_map(|frame| match frame {
            Frame::Error(error) => Some(error.error_code.as_str()),
            _ => None,
        });
        let code = self.closed.as_ref().map_or(0, |(code, _)| *code);
        (error.unwrap_or(""), code)
    }

    fn take_control(&mut self, frame: Frame) {
        match &frame {
            Frame::Texts(texts) => {
                for text in texts {
                    self.take_message(Payload::text(text.as_str()));
                }
                return;
            }
            Frame::From(from) => {
                self.current = Some((from.stream.clone(), from.next));
                self.epochs.insert(from.stream.clone(), from.epoch);
            }
            Frame::Volatile(volatile) => self.volatile = Some(volatile.stream.clone()),
            _ => {}
        }
        self.frames.push(frame);
    }

    fn take_message(&mut self, payload: Payload) {
        let (stream, number) = match self.volatile.take() {
            Some(stream) => (stream, None),
            None => {
                let (stream, next) = self.current.as_mut().expect("a from before a message");
                *next += 1;
                (stream.clone(), Some(*next - 1))
            }
        };
        self.messages.push(Got {
            stream,
            number,
            payload,
        });
    }
}
