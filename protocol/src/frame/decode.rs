use serde::de::DeserializeOwned;

use super::part::decode_part;
use super::unit::{decode_lengths, decode_texts};
use super::{Control, Frame, FrameError};
use crate::limits::{CONTROL_BYTES, LAST_NUMBER, RESERVED};

/// What a text frame holds.
#[allow(
    clippy::large_enum_variant,
    reason = "it lives until the frame is taken, and is kept nowhere"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming<'a> {
    /// An application message, unescaped.
    App(&'a str),
    /// A control frame. [`Frame::Texts`] is application messages, too.
    Control(Control),
}

/// Reads one text frame, by itself: whether it may come now is [`Reader`](super::Reader)'s affair.
/// `max_message` is the longest application message taken, in UTF-8 bytes.
///
/// # Errors
/// Why the frame cannot be read; nothing of it counts.
pub fn decode_text(text: &str, max_message: u32) -> Result<Incoming<'_>, FrameError> {
    let message = match text.strip_prefix(RESERVED) {
        None => text,
        Some(rest) if rest.starts_with(RESERVED) => rest,
        Some(control) => return decode_control(control, max_message).map(Incoming::Control),
    };
    if message.len() > max_message as usize {
        return Err(FrameError::TooLong);
    }
    Ok(Incoming::App(message))
}

/// A number as the protocol writes it: decimal, no sign, no leading zero, at most 2^53 − 1.
pub(super) fn decode_number(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let led_by_zero = digits.len() > 1 && digits.starts_with('0');
    if !plain || led_by_zero {
        return None;
    }
    digits.parse().ok().filter(|number| *number <= LAST_NUMBER)
}

/// What follows the reserved character.
fn decode_control(control: &str, max_message: u32) -> Result<Control, FrameError> {
    let (name, rest) = control.split_once(' ').unwrap_or((control, ""));
    let unit = matches!(name, "texts" | "binaries");
    if !unit && control.len() + 1 > CONTROL_BYTES {
        return Err(FrameError::ControlTooLong);
    }
    let (count, body) = match rest.split_once(' ') {
        Some((count, body)) => (count, Some(body)),
        None => (rest, None),
    };
    let count = decode_number(count).ok_or(FrameError::Count)?;
    let frame = decode_frame(name, body, max_message)?;
    frame.check()?;
    Ok(Control { count, frame })
}

fn decode_frame(name: &str, body: Option<&str>, max_message: u32) -> Result<Frame, FrameError> {
    Ok(match name {
        "hello" => Frame::Hello(decode_body(body)?),
        "welcome" => Frame::Welcome(decode_body(body)?),
        "error" => Frame::Error(decode_body(body)?),
        "auth" => Frame::Auth(decode_body(body)?),
        "authenticated" => decode_empty(body, Frame::Authenticated)?,
        "handed" => Frame::Handed(decode_body(body)?),
        "stored" => Frame::Stored(decode_body(body)?),
        "lane" => Frame::Lane(decode_body(body)?),
        "adopt" => Frame::Adopt(decode_body(body)?),
        "adopted" => Frame::Adopted(decode_body(body)?),
        "done" => Frame::Done(decode_body(body)?),
        "ask" => decode_empty(body, Frame::Ask)?,
        "from" => Frame::From(decode_body(body)?),
        "volatile" => Frame::Volatile(decode_body(body)?),
        "ping" => Frame::Ping(decode_body(body)?),
        "pong" => Frame::Pong(decode_body(body)?),
        "texts" => Frame::Texts(decode_texts(body.unwrap_or_default(), max_message)?),
        "binaries" => Frame::Binaries(decode_lengths(body.unwrap_or_default(), max_message)?),
        "part" => Frame::Part(decode_part(body.unwrap_or_default())?),
        "save" => Frame::Save(decode_body(body)?),
        "saved" => Frame::Saved(decode_body(body)?),
        "unsaved" => Frame::Unsaved(decode_body(body)?),
        "end" => decode_empty(body, Frame::End)?,
        _ => return Err(FrameError::Name),
    })
}

fn decode_body<T: DeserializeOwned>(body: Option<&str>) -> Result<T, FrameError> {
    // serde would take an array for a struct.
    let object = body.filter(|body| body.starts_with('{'));
    let object = object.ok_or(FrameError::Body)?;
    serde_json::from_str(object).map_err(|_| FrameError::Body)
}

/// A frame that needs no body may have one, for fields that a later version adds.
fn decode_empty(body: Option<&str>, frame: Frame) -> Result<Frame, FrameError> {
    if body.is_some() {
        decode_body::<Nothing>(body)?;
    }
    Ok(frame)
}

#[derive(serde::Deserialize)]
struct Nothing {}
