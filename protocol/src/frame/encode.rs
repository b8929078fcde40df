use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use serde::Serialize;

use super::unit::{encode_lengths, encode_texts};
use super::{Control, Frame};
use crate::limits::RESERVED;

/// An application's text as it goes over the wire: with one more reserved character in front when it
/// begins with one.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.starts_with(RESERVED) {
        return Cow::Owned(format!("{RESERVED}{text}"));
    }
    Cow::Borrowed(text)
}

impl Control {
    /// This frame as text. [`decode_text`](super::decode_text) reads the same frame, provided that
    /// its fields are within the limits and a unit has 2 to 1,024 messages.
    #[must_use]
    pub fn encode(&self) -> String {
        let count = self.count;
        match &self.frame {
            Frame::Texts(texts) => encode_texts(count, texts.iter().map(String::as_str)),
            Frame::Binaries(lengths) => encode_lengths(count, lengths.iter().copied()),
            Frame::Part(text) => format!("{RESERVED}part {count} {text}"),
            frame => match frame.body() {
                Some(body) => format!("{RESERVED}{} {count} {body}", frame.name()),
                None => format!("{RESERVED}{} {count}", frame.name()),
            },
        }
    }
}

impl Frame {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Welcome(_) => "welcome",
            Self::Error(_) => "error",
            Self::Auth(_) => "auth",
            Self::Authenticated => "authenticated",
            Self::Handed(_) => "handed",
            Self::Stored(_) => "stored",
            Self::Lane(_) => "lane",
            Self::Adopt(_) => "adopt",
            Self::Adopted(_) => "adopted",
            Self::Done(_) => "done",
            Self::Ask => "ask",
            Self::From(_) => "from",
            Self::Volatile(_) => "volatile",
            Self::Ping(_) => "ping",
            Self::Pong(_) => "pong",
            Self::Texts(_) => "texts",
            Self::Binaries(_) => "binaries",
            Self::Part(_) => "part",
            Self::Save(_) => "save",
            Self::Saved(_) => "saved",
            Self::Unsaved(_) => "unsaved",
            Self::End => "end",
        }
    }

    /// Its JSON, when it has some.
    fn body(&self) -> Option<String> {
        match self {
            Self::Hello(hello) => json(hello),
            Self::Welcome(welcome) => json(welcome),
            Self::Error(error) => json(error),
            Self::Auth(auth) => json(auth),
            Self::Handed(position) => json(position),
            Self::Stored(stored) => json(stored),
            Self::Lane(lane) => json(lane),
            Self::Adopt(memory) | Self::Done(memory) => json(memory),
            Self::Adopted(adopted) => json(adopted),
            Self::From(from) => json(from),
            Self::Volatile(volatile) => json(volatile),
            Self::Ping(ping) | Self::Pong(ping) => json(ping),
            Self::Save(save) => json(save),
            Self::Saved(saved) => json(saved),
            Self::Unsaved(unsaved) => json(unsaved),
            Self::Authenticated | Self::Ask | Self::End => None,
            Self::Texts(_) | Self::Binaries(_) | Self::Part(_) => None,
        }
    }
}

/// Structs of strings and numbers have a JSON always; `None` is never the answer.
fn json(body: &impl Serialize) -> Option<String> {
    serde_json::to_string(body).ok()
}
