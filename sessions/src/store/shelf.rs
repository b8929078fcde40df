//! Where snapshots stand. Each has a place: what is known of it, its text, and its turn in the list of
//! those that grow old. One row sums up what all of them take.

use super::record::{self, Kept, Written};
use super::rows::Rows;
use super::{StoreError, key, session};
use crate::Payload;

/// What a snapshot takes beside its text and names.
const BESIDE: u64 = 256;

/// What is known of the snapshot at `place`.
pub(super) fn look(rows: &impl Rows, place: &str) -> Result<Option<Kept>, StoreError> {
    record::load(rows, &key::snapshot(place))
}

/// As [`look`]; what cannot be read is as good as none.
pub(super) fn readable(rows: &impl Rows, place: &str) -> Result<Option<Kept>, StoreError> {
    match look(rows, place) {
        Err(StoreError::Corrupt(_)) => Ok(None),
        kept => kept,
    }
}

/// The text of the snapshot at `place`; none when it grew too old.
pub(super) fn text(
    rows: &impl Rows,
    place: &str,
    kept: &Kept,
) -> Result<Option<String>, StoreError> {
    let Some(version) = kept.written else {
        return Ok(None);
    };
    let key = key::text(place);
    let value = rows.get(&key)?.unwrap_or_default();
    match record::message::<Written>(&key, &value)? {
        (written, Payload::Text(text))
            if written.version == version && text.len() == kept.bytes as usize =>
        {
            Ok(Some(text.to_string()))
        }
        _ => Err(record::corrupt(&key)),
    }
}

/// Puts a snapshot to `place`, whatever stood there. Without a text, the one that is there stays.
pub(super) fn put(
    rows: &mut impl Rows,
    place: &str,
    mut kept: Kept,
    text: Option<&str>,
) -> Result<(), StoreError> {
    let others = others(rows, place)?;
    // Its turn moves only when it comes: a snapshot that is saved often costs no row more.
    kept.listed_ms = readable(rows, place)?.and_then(|before| before.listed_ms);
    if kept.listed_ms.is_none_or(|turn| turn > kept.saved_ms) {
        let ms = kept.saved_ms;
        list(rows, place, &mut kept, ms)?;
    }
    if let Some(text) = text {
        let written = Written {
            version: kept.version,
        };
        record::save_message(rows, &key::text(place), &written, &Payload::text(text))?;
    }
    record::save(rows, &key::snapshot(place), &kept)?;
    set_sum(rows, others + kept.weight())
}

/// Takes the snapshot away that stands at `place`, if one does.
pub(super) fn remove(rows: &mut impl Rows, place: &str) -> Result<(), StoreError> {
    if rows.get(&key::snapshot(place))?.is_none() {
        return Ok(());
    }
    let others = others(rows, place)?;
    let turn = readable(rows, place)?.and_then(|kept| kept.listed_ms);
    if let Some(ms) = turn {
        rows.delete(&key::listed(b'q', ms, place))?;
    }
    rows.delete(&key::text(place))?;
    rows.delete(&key::snapshot(place))?;
    set_sum(rows, others)
}

/// What all snapshots take but the one at `place`.
pub(super) fn others(rows: &impl Rows, place: &str) -> Result<u64, StoreError> {
    let known = look(rows, place).and_then(|kept| {
        let all = record::load::<u64>(rows, key::SNAPSHOTS)?;
        let own = kept.map_or(0, |kept| kept.weight());
        Ok(all.unwrap_or_default().saturating_sub(own))
    });
    match known {
        Err(StoreError::Corrupt(_)) => sum(rows, place),
        known => known,
    }
}

/// What all snapshots take that can be read, but the one at `place`.
fn sum(rows: &impl Rows, place: &str) -> Result<u64, StoreError> {
    let mut sum = 0;
    let own = key::snapshot(place);
    rows.scan(&key::snapshot(""), b"c0", &mut |key, value| {
        let kept = record::read::<Kept>(key, value).filter(|_| key != own);
        sum += kept.map_or(0, |kept| kept.weight());
        Ok(true)
    })?;
    Ok(sum)
}

fn set_sum(rows: &mut impl Rows, sum: u64) -> Result<(), StoreError> {
    if record::load(rows, key::SNAPSHOTS) == Ok(Some(sum)) {
        return Ok(());
    }
    record::save(rows, key::SNAPSHOTS, &sum)
}

/// How many documents a user has, counted up to `most`.
pub(super) fn documents(rows: &impl Rows, user: &str, most: u32) -> Result<u32, StoreError> {
    let mut count = 0;
    let from = key::snapshot(&key::documents(user));
    // The digit after the slash.
    let to = [&from[..from.len() - 1], b"0"].concat();
    rows.scan(&from, &to, &mut |_, _| {
        count += 1;
        Ok(count < most)
    })?;
    Ok(count)
}

/// The turn of `place` has come, where it was listed for `ms`: its text goes if it was saved before
/// `before_ms`. Says whether it did.
pub(super) fn expire(
    rows: &mut impl Rows,
    before_ms: u64,
    ms: u64,
    place: &str,
) -> Result<bool, StoreError> {
    let kept = match look(rows, place) {
        Ok(Some(kept)) if kept.listed_ms == Some(ms) => kept,
        Ok(_) => {
            rows.delete(&key::listed(b'q', ms, place))?;
            return Ok(false);
        }
        Err(StoreError::Corrupt(_)) => {
            rows.delete(&key::listed(b'q', ms, place))?;
            remove(rows, place)?;
            return Ok(true);
        }
        Err(error) => return Err(error),
    };
    let used_ms = last_used(rows, place, &kept)?;
    if used_ms >= before_ms {
        let mut kept = kept;
        list(rows, place, &mut kept, used_ms)?;
        record::save(rows, &key::snapshot(place), &kept)?;
        return Ok(false);
    }
    if key::session_of(place).is_none() {
        remove(rows, place)?;
        return Ok(true);
    }
    forget_text(rows, place, kept)?;
    Ok(true)
}

/// When it was saved, or its session was last seen.
fn last_used(rows: &impl Rows, place: &str, kept: &Kept) -> Result<u64, StoreError> {
    let Some(id) = key::session_of(place) else {
        return Ok(kept.saved_ms);
    };
    match session::find(rows, id) {
        Err(StoreError::Corrupt(_)) => Ok(kept.saved_ms),
        head => Ok(head?.map_or(0, |head| head.last_seen_ms).max(kept.saved_ms)),
    }
}

/// A checkpoint is too old. That there was one stays known as long as its session: what it has
/// acknowledged does not come again, and the next page has to be told.
fn forget_text(rows: &mut impl Rows, place: &str, mut kept: Kept) -> Result<(), StoreError> {
    let others = others(rows, place)?;
    rows.delete(&key::text(place))?;
    if let Some(ms) = kept.listed_ms.take() {
        rows.delete(&key::listed(b'q', ms, place))?;
    }
    kept.written = None;
    record::save(rows, &key::snapshot(place), &kept)?;
    set_sum(rows, others + kept.weight())
}

fn list(rows: &mut impl Rows, place: &str, kept: &mut Kept, ms: u64) -> Result<(), StoreError> {
    if let Some(turn) = kept.listed_ms {
        rows.delete(&key::listed(b'q', turn, place))?;
    }
    rows.put(&key::listed(b'q', ms, place), &[])?;
    kept.listed_ms = Some(ms);
    Ok(())
}

impl Kept {
    /// What it counts in the sum of all.
    pub(super) fn weight(&self) -> u64 {
        let names = self.document.as_ref();
        let names = names.map_or(0, |(user, name)| user.len() + name.len());
        let bytes = self.written.map_or(0, |_| self.bytes);
        BESIDE + names as u64 + u64::from(bytes)
    }
}
