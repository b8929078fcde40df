//! A text as what changed since an earlier one, its *base*.
//!
//! A delta is a JSON array. Two integers copy from the base: where to begin and how many, in UTF-8
//! bytes. A string is inserted as it is. `[0,512,"new",530,99470]` puts "new" in the place of 18 bytes.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{Display, Formatter};

use serde::Deserialize;

use crate::limits::SNAPSHOT_BYTES;

/// Why a delta gives no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaError {
    /// It is not a JSON array of strings and of pairs of integers.
    Malformed,
    /// It copies what its base does not have.
    Range,
    /// It cuts its base inside a character.
    Boundary,
    /// The text would be longer than [`SNAPSHOT_BYTES`].
    TooLong,
}

/// The text that `delta` makes of `base`.
///
/// # Errors
/// Why there is none.
pub fn apply(base: &str, delta: &str) -> Result<String, DeltaError> {
    let steps: Vec<Step<'_>> = serde_json::from_str(delta).map_err(|_| DeltaError::Malformed)?;
    let mut text = String::new();
    let mut steps = steps.iter();
    while let Some(step) = steps.next() {
        let piece = match step {
            Step::Insert(piece) => piece,
            Step::Number(start) => match steps.next() {
                Some(Step::Number(length)) => copy(base, *start, *length)?,
                _ => return Err(DeltaError::Malformed),
            },
        };
        if text.len() + piece.len() > SNAPSHOT_BYTES {
            return Err(DeltaError::TooLong);
        }
        text.push_str(piece);
    }
    Ok(text)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Step<'a> {
    Number(u64),
    Insert(#[serde(borrow)] Cow<'a, str>),
}

fn copy(base: &str, start: u64, length: u64) -> Result<&str, DeltaError> {
    let end = start.checked_add(length).ok_or(DeltaError::Range)?;
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let (start, end) = range.ok_or(DeltaError::Range)?;
    if end > base.len() {
        return Err(DeltaError::Range);
    }
    base.get(start..end).ok_or(DeltaError::Boundary)
}

impl DeltaError {
    /// Its name in `vectors.json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Range => "range",
            Self::Boundary => "boundary",
            Self::TooLong => "too-long",
        }
    }
}

impl Display for DeltaError {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the delta is malformed",
            Self::Range => "the delta copies what its base does not have",
            Self::Boundary => "the delta cuts its base inside a character",
            Self::TooLong => "the delta makes a text that is too long",
        })
    }
}

impl core::error::Error for DeltaError {}
