use alloc::string::{String, ToString};

use super::FrameError;
use crate::limits::PART_UNITS;

/// A snapshot's text cut into the parts that carry it, between characters.
pub fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let (part, after) = rest.split_at(part_len(rest));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

/// What follows the count of a `part`.
pub(super) fn decode_part(text: &str) -> Result<String, FrameError> {
    if text.is_empty() || part_len(text) < text.len() {
        return Err(FrameError::Part);
    }
    Ok(text.to_string())
}

/// Bytes of the longest part that `text` begins with.
fn part_len(text: &str) -> usize {
    let mut units = 0;
    let end = text.char_indices().find(|(_, char)| {
        units += char.len_utf16();
        units > PART_UNITS
    });
    end.map_or(text.len(), |(index, _)| index)
}
