//! The application's state: stored, compared, and given back.

use std::borrow::Cow;
use std::collections::BTreeMap;

use steadfast_protocol::delta::{self, DeltaError};
use steadfast_protocol::{fnv1a32, limits};

use super::record::{self, Head, Kept};
use super::rows::Rows;
use super::{
    Claim, Content, Held, Load, Refused, Save, SaveRefusal, Slot, Snapshot, StoreError, Unsaved,
    Version, Wanted, forget, key, session, shelf,
};
use crate::planted::{self, Bug};

/// What is stored where a save goes. What cannot be read, or grew too old, has neither version nor
/// text.
struct Stored {
    place: String,
    kept: Option<Kept>,
    text: Option<String>,
}

pub(super) fn save(
    rows: &mut impl Rows,
    save: &Save,
) -> Result<Result<Version, SaveRefusal>, StoreError> {
    let mut head = match &save.slot {
        Slot::Checkpoint { session, term } => Some(session::living(rows, session, *term)?),
        Slot::Document { .. } => None,
    };
    let stored = Stored::find(rows, &save.slot)?;
    if let Some(kept) = stored
        .current()
        .filter(|kept| repeats(kept, save, head.as_ref()))
    {
        return Ok(Ok(kept.told()));
    }
    let refuse = |reason| SaveRefusal {
        reason,
        version: stored.version(),
    };
    let text = match stored.text_after(save) {
        Ok(text) => text,
        Err(reason) => return Ok(Err(refuse(reason))),
    };
    if !has_room(rows, save, &stored)? {
        return Ok(Err(refuse(Unsaved::Quota)));
    }
    let mut kept = stored.followed_by(save);
    let text = match save.content {
        Content::Same => None,
        _ => Some(&*text),
    };
    if let (Slot::Checkpoint { session, .. }, Some(head)) = (&save.slot, &mut head)
        && !planted::is(Bug::SnapshotBeforePositions)
    {
        forget::hand_over(rows, session, head, &save.positions)?;
        session::save(rows, session, head)?;
        kept.move_to(&save.positions, head);
    }
    let version = kept.told();
    shelf::put(rows, &stored.place, kept, text)?;
    Ok(Ok(version))
}

/// The client is about to acknowledge what its checkpoint may not have seen: where that says nothing of a
/// stream, it is where the stream stood before.
pub(super) fn stay_behind(
    rows: &mut impl Rows,
    session: &str,
    head: &Head,
    acknowledged: &[(String, u32, u64)],
) -> Result<(), StoreError> {
    let place = key::checkpoint(session);
    let Some(mut kept) = shelf::readable(rows, &place)? else {
        return Ok(());
    };
    let known = kept.positions.len();
    for (stream, _, _) in acknowledged {
        let held = match head.rooms.get(stream) {
            None if stream.is_empty() => Some((head.outbox.epoch, head.acknowledged)),
            held => held.copied(),
        };
        if let Some(held) = held {
            kept.positions.entry(stream.clone()).or_insert(held);
        }
    }
    if kept.positions.len() == known {
        return Ok(());
    }
    record::save(rows, &key::snapshot(&place), &kept)
}

pub(super) fn load(rows: &impl Rows, load: &Load) -> Result<Option<Snapshot>, StoreError> {
    let place = match load {
        Load::Document { user, key } => key::document(user, key),
        Load::Checkpoint {
            session,
            user,
            token,
        } => {
            let head = session::known(rows, session)?;
            if head.ended.is_some() || head.user != *user {
                return Err(StoreError::Refused(Refused::Unknown));
            }
            if !session::holds(&head, token) {
                return Err(StoreError::Refused(Refused::Term));
            }
            key::checkpoint(session)
        }
    };
    let Some(kept) = shelf::look(rows, &place)? else {
        return Ok(None);
    };
    let data = shelf::text(rows, &place, &kept)?;
    Ok(data.map(|data| Snapshot {
        held: kept.held(),
        data,
        positions: kept.positions(),
    }))
}

/// What a hello is told of the snapshot that it speaks of.
#[derive(Default)]
pub(super) struct Told {
    pub(super) held: Option<Held>,
    /// Its text, if the page is to be given it.
    pub(super) text: Option<String>,
    /// Where the streams go on instead of the hello's positions.
    pub(super) positions: Option<Vec<(String, u32, u64)>>,
    /// It is there and cannot be read.
    pub(super) spoiled: bool,
    /// The page begins without the state that goes with the acknowledgements,
    blank: bool,
    /// although there was one.
    lost: bool,
}

/// Finds out what to tell the hello that gets the session `id`.
pub(super) fn tell(rows: &impl Rows, claim: &Claim, id: &str) -> Result<Told, StoreError> {
    let Some(wanted) = &claim.snapshot else {
        return Ok(Told::default());
    };
    let place = match &wanted.key {
        Some(key) => key::document(&claim.user, key),
        None => key::checkpoint(id),
    };
    match wanted_from(rows, &place, wanted) {
        Ok((kept, text)) => {
            let mut told = Told::of(wanted, kept.as_ref(), text);
            let same =
                kept.filter(|kept| told.positions.is_none() && kept.version == wanted.version);
            if let Some(kept) = same.filter(|_| wanted.key.is_none()) {
                told.positions = Some(with_positions(&claim.positions, kept.positions()));
            }
            Ok(told)
        }
        Err(StoreError::Corrupt(_)) => {
            let told = Told::of(wanted, None, None);
            Ok(Told {
                spoiled: true,
                lost: told.blank,
                ..told
            })
        }
        Err(error) => Err(error),
    }
}

/// The hello's positions; where it names none, the page is where its checkpoint is.
fn with_positions(
    hello: &[(String, u32, u64)],
    checkpoint: Vec<(String, u32, u64)>,
) -> Vec<(String, u32, u64)> {
    let mut positions = hello.to_vec();
    for position in checkpoint {
        if hello.iter().all(|(name, _, _)| *name != position.0) {
            positions.push(position);
        }
    }
    positions
}

fn wanted_from(
    rows: &impl Rows,
    place: &str,
    wanted: &Wanted,
) -> Result<(Option<Kept>, Option<String>), StoreError> {
    let kept = shelf::look(rows, place)?;
    let text = match &kept {
        Some(kept) if wanted.restore && kept.version != wanted.version => {
            shelf::text(rows, place, kept)?
        }
        _ => None,
    };
    Ok((kept, text))
}

impl Told {
    fn of(wanted: &Wanted, kept: Option<&Kept>, text: Option<String>) -> Self {
        // One that grew too old is still good for the page that has its text.
        let good = kept.filter(|kept| kept.written.is_some() || kept.version == wanted.version);
        let version = good.map_or(0, |kept| kept.version);
        let begins = wanted.restore && wanted.key.is_none();
        let blank = begins && good.is_none();
        Self {
            held: good.map(Kept::held),
            text,
            positions: (begins && version != wanted.version)
                .then(|| good.map_or_else(Vec::new, Kept::positions)),
            spoiled: false,
            blank,
            lost: blank && (kept.is_some() || wanted.version > 0),
        }
    }

    /// Whether messages of this stream were acknowledged that the page's state has not seen. Of a
    /// room nobody knows where it began; without a sign that there was a state, nothing is missing.
    pub(super) fn lacks(&self, head: &Head, stream: &str) -> bool {
        if stream.is_empty() {
            self.blank && head.acknowledged > 0
        } else {
            self.lost
        }
    }
}

impl Stored {
    fn find(rows: &impl Rows, slot: &Slot) -> Result<Self, StoreError> {
        let place = match slot {
            Slot::Checkpoint { session, .. } => key::checkpoint(session),
            Slot::Document { user, key } => key::document(user, key),
        };
        let kept = shelf::readable(rows, &place)?;
        let text = match kept.as_ref().map(|kept| shelf::text(rows, &place, kept)) {
            None | Some(Err(StoreError::Corrupt(_))) => None,
            Some(text) => text?,
        };
        Ok(Self { place, kept, text })
    }

    fn current(&self) -> Option<&Kept> {
        self.kept.as_ref().filter(|_| self.text.is_some())
    }

    fn version(&self) -> u64 {
        self.current().map_or(0, |kept| kept.version)
    }

    /// The text that is stored after this save.
    fn text_after<'a>(&'a self, save: &'a Save) -> Result<Cow<'a, str>, Unsaved> {
        let base = self.text.as_deref();
        // The whole state may follow one whose text is gone: nothing that is newer is there.
        let gone = self.kept.as_ref().filter(|_| base.is_none());
        let follows = save.base == self.version()
            || matches!(save.content, Content::Data(_))
                && gone.is_some_and(|gone| gone.version == save.base);
        if !follows && !planted::is(Bug::SnapshotOverwrittenByOlder) {
            return Err(Unsaved::Stale);
        }
        let text = match (&save.content, base) {
            (Content::Data(text), _) => Cow::Borrowed(&**text),
            (Content::Delta(delta), Some(base)) => match delta::apply(base, delta) {
                Ok(text) => Cow::Owned(text),
                Err(DeltaError::TooLong) => return Err(Unsaved::TooLarge),
                Err(_) => return Err(Unsaved::Mismatch),
            },
            (Content::Same, Some(base)) => Cow::Borrowed(base),
            (Content::Delta(_) | Content::Same, None) => return Err(Unsaved::Mismatch),
        };
        if text.len() > limits::SNAPSHOT_BYTES.min(save.limits.max_bytes as usize) {
            return Err(Unsaved::TooLarge);
        }
        if text.len() != save.bytes as usize || fnv1a32(text.as_bytes()) != save.check {
            return Err(Unsaved::Mismatch);
        }
        Ok(text)
    }

    /// What is known of it after this save, whose positions are not counted yet.
    fn followed_by(&self, save: &Save) -> Kept {
        let before = self.kept.as_ref();
        // A place that was empty may have had versions: the clock is above them.
        let first = save.wall_ms.clamp(1, limits::LAST_NUMBER / 2);
        let version = match before {
            Some(kept) if self.text.is_some() => kept.version + 1,
            Some(kept) => first.max(kept.version + 1),
            None => first,
        };
        let written = match save.content {
            Content::Same => before.and_then(|kept| kept.written),
            _ => Some(version),
        };
        Kept {
            document: match &save.slot {
                Slot::Document { user, key } => Some((user.clone(), key.clone())),
                Slot::Checkpoint { .. } => None,
            },
            version,
            base: save.base,
            written,
            bytes: save.bytes,
            check: save.check,
            positions: before.map_or_else(BTreeMap::new, |kept| kept.positions.clone()),
            saved_ms: save.wall_ms,
            expires_ms: save.wall_ms.saturating_add(save.limits.ttl_ms),
            listed_ms: None,
        }
    }
}

/// Whether the stored snapshot came from this very save.
fn repeats(kept: &Kept, save: &Save, head: Option<&Head>) -> bool {
    let there = |(stream, epoch, number): &(String, u32, u64)| {
        let counts = head.is_some_and(|head| has_stream(head, stream));
        !counts || kept.positions.get(stream) == Some(&(*epoch, *number))
    };
    kept.base == save.base
        && (kept.bytes, kept.check) == (save.bytes, save.check)
        && save.positions.iter().all(there)
}

/// Whether there is room for what is saved. Who needs no more than before always has it.
fn has_room(rows: &impl Rows, save: &Save, stored: &Stored) -> Result<bool, StoreError> {
    let weight = stored.followed_by(save).weight();
    let before = stored.kept.as_ref().map_or(0, Kept::weight);
    if weight > before {
        let others = shelf::others(rows, &stored.place)?;
        if others.saturating_add(weight) > save.limits.quota_bytes {
            return Ok(false);
        }
    }
    match &save.slot {
        Slot::Document { user, .. } if before == 0 => {
            let most = save.limits.documents;
            Ok(shelf::documents(rows, user, most)? < most)
        }
        _ => Ok(true),
    }
}

fn has_stream(head: &Head, stream: &str) -> bool {
    stream.is_empty() || head.rooms.contains_key(stream)
}

impl Kept {
    fn told(&self) -> Version {
        Version {
            version: self.version,
            expires_ms: self.expires_ms,
        }
    }

    fn held(&self) -> Held {
        Held {
            version: self.version,
            saved_ms: self.saved_ms,
            expires_ms: self.expires_ms,
            bytes: self.bytes,
            check: self.check,
        }
    }

    fn positions(&self) -> Vec<(String, u32, u64)> {
        let positions = self.positions.iter();
        positions
            .map(|(stream, (epoch, number))| (stream.clone(), *epoch, *number))
            .collect()
    }

    /// Moves to these positions; those of streams that are no more go.
    fn move_to(&mut self, positions: &[(String, u32, u64)], head: &Head) {
        for (stream, epoch, number) in positions {
            self.positions.insert(stream.clone(), (*epoch, *number));
        }
        self.positions.retain(|stream, _| has_stream(head, stream));
    }
}
