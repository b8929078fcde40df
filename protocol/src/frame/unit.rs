//! Units: several messages in one frame.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::decode::decode_number;
use super::{FrameError, escape};
use crate::limits::{RESERVED, UNIT_BYTES, UNIT_MESSAGES};

/// A message that is ready to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

/// A frame that is ready to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
}

/// The frames that carry `messages` in order: two or more small ones of one kind as a unit, any other
/// as its own frame. `count` is how many application messages went over this link before.
#[must_use]
pub fn pack(mut count: u64, messages: &[Message<'_>]) -> Vec<Encoded> {
    let mut frames = Vec::new();
    let mut rest = messages;
    while !rest.is_empty() {
        let (run, later) = rest.split_at(run(rest));
        encode_run(count, run, &mut frames);
        count += run.len() as u64;
        rest = later;
    }
    frames
}

/// Cuts the binary frame of a unit into its messages.
///
/// # Errors
/// [`FrameError::Cut`]: `lengths` do not add up to it.
pub fn cut<'a>(mut bytes: &'a [u8], lengths: &[u32]) -> Result<Vec<&'a [u8]>, FrameError> {
    let mut messages = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (message, rest) = bytes
            .split_at_checked(*length as usize)
            .ok_or(FrameError::Cut)?;
        messages.push(message);
        bytes = rest;
    }
    if !bytes.is_empty() {
        return Err(FrameError::Cut);
    }
    Ok(messages)
}

/// A whole `texts` frame.
pub(super) fn encode_texts<'a>(
    count: u64,
    texts: impl ExactSizeIterator<Item = &'a str> + Clone,
) -> String {
    let bytes: usize = texts.clone().map(str::len).sum();
    let mut frame = String::with_capacity(bytes + 8 * texts.len() + 24);
    begin(&mut frame, "texts", count, texts.clone().map(utf16_len));
    frame.push(RESERVED);
    for text in texts {
        frame.push_str(text);
        frame.push(RESERVED);
    }
    frame
}

/// A whole `binaries` frame.
pub(super) fn encode_lengths(count: u64, lengths: impl Iterator<Item = u32>) -> String {
    let mut frame = String::new();
    begin(&mut frame, "binaries", count, lengths);
    frame
}

/// The texts of a unit, from what follows the count.
pub(super) fn decode_texts(body: &str, max_message: u32) -> Result<Vec<String>, FrameError> {
    let (lengths, mut rest) = body.split_once(RESERVED).ok_or(FrameError::Lengths)?;
    let lengths = decode_list(lengths)?;
    let mut texts = Vec::with_capacity(lengths.len());
    for units in lengths {
        let (text, after) = split_utf16(rest, units).ok_or(FrameError::Cut)?;
        rest = after.strip_prefix(RESERVED).ok_or(FrameError::Cut)?;
        texts.push(text);
    }
    if !rest.is_empty() {
        return Err(FrameError::Cut);
    }
    check_sizes(texts.iter().map(|text| text.len() as u64), max_message)?;
    Ok(texts.into_iter().map(ToString::to_string).collect())
}

/// The lengths of a binary unit, from what follows the count.
pub(super) fn decode_lengths(body: &str, max_message: u32) -> Result<Vec<u32>, FrameError> {
    let lengths = decode_list(body)?;
    check_sizes(lengths.iter().map(|length| u64::from(*length)), max_message)?;
    Ok(lengths)
}

/// How many of `messages` go in one frame: of one kind, within the limits of a unit; at least one.
fn run(messages: &[Message<'_>]) -> usize {
    let mut bytes = 0;
    let fits = |message: &&Message<'_>| {
        bytes += message.len();
        bytes <= UNIT_BYTES as usize && message.is_text() == messages[0].is_text()
    };
    let fitting = messages.iter().take(UNIT_MESSAGES).take_while(fits);
    fitting.count().max(1)
}

fn encode_run(count: u64, run: &[Message<'_>], frames: &mut Vec<Encoded>) {
    match run {
        [Message::Text(text)] => frames.push(Encoded::Text(escape(text).into_owned())),
        [Message::Binary(bytes)] => frames.push(Encoded::Binary(bytes.to_vec())),
        [Message::Text(_), ..] => {
            let texts = run.iter().map(|message| message.as_text());
            frames.push(Encoded::Text(encode_texts(count, texts)));
        }
        _ => {
            let parts: Vec<&[u8]> = run.iter().map(|message| message.as_bytes()).collect();
            let lengths = parts.iter().map(|part| part.len() as u32);
            frames.push(Encoded::Text(encode_lengths(count, lengths)));
            frames.push(Encoded::Binary(parts.concat()));
        }
    }
}

fn begin(frame: &mut String, name: &str, count: u64, lengths: impl Iterator<Item = u32>) {
    frame.push(RESERVED);
    frame.push_str(name);
    frame.push(' ');
    frame.push_str(&count.to_string());
    let mut separator = ' ';
    for length in lengths {
        frame.push(separator);
        frame.push_str(&length.to_string());
        separator = ',';
    }
}

/// `2..=1024` lengths.
fn decode_list(list: &str) -> Result<Vec<u32>, FrameError> {
    let mut lengths = Vec::new();
    for length in list.split(',') {
        if lengths.len() == UNIT_MESSAGES {
            return Err(FrameError::Lengths);
        }
        let length = decode_number(length).and_then(|length| u32::try_from(length).ok());
        lengths.push(length.ok_or(FrameError::Lengths)?);
    }
    if lengths.len() < 2 {
        return Err(FrameError::Lengths);
    }
    Ok(lengths)
}

/// Each message is within `max_message`, and all together within what a unit may have.
fn check_sizes(sizes: impl Iterator<Item = u64>, max_message: u32) -> Result<(), FrameError> {
    let mut sum = 0;
    for size in sizes {
        sum += size;
        if size > u64::from(max_message) || sum > u64::from(max_message.max(UNIT_BYTES)) {
            return Err(FrameError::TooLong);
        }
    }
    Ok(())
}

fn utf16_len(text: &str) -> u32 {
    let units = text.bytes().map(|byte| match byte {
        0x80..=0xBF => 0,
        0xF0..=0xFF => 2,
        _ => 1,
    });
    units.sum()
}

/// The first so many UTF-16 units and the rest; `None` inside a character or past the end.
fn split_utf16(text: &str, units: u32) -> Option<(&str, &str)> {
    let units = units as usize;
    if text.as_bytes().get(..units)?.is_ascii() {
        return text.split_at_checked(units);
    }
    let mut seen = 0;
    let end = text.char_indices().find_map(|(index, char)| {
        let here = seen >= units;
        seen += char.len_utf16();
        here.then_some((index, seen - char.len_utf16()))
    });
    let (end, seen) = end.unwrap_or((text.len(), seen));
    (seen == units).then(|| text.split_at(end))
}

impl<'a> Message<'a> {
    const fn is_text(self) -> bool {
        matches!(self, Self::Text(_))
    }

    const fn as_bytes(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    const fn len(self) -> usize {
        self.as_bytes().len()
    }

    /// Of a message that is known to be a text.
    const fn as_text(self) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Binary(_) => "",
        }
    }
}
