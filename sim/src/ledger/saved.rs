//! States that were saved, and those that pages were given.

use std::collections::BTreeMap;

use steadfast_protocol::{delta, fnv1a32};
use steadfast_sessions::store::{self, Content, Version};

use super::{Broken, Ledger, Place, stream_name};
use crate::page::{State, weight};

/// What is saved: a session's checkpoint, or a user's document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Checkpoint(String),
    Document(String, String),
}

impl Ledger {
    /// A save is synced.
    pub(crate) fn saved(&mut self, save: &store::Save, version: Version) -> Result<(), Broken> {
        let slot = match &save.slot {
            store::Slot::Checkpoint { session, .. } => Slot::Checkpoint(session.to_string()),
            store::Slot::Document { user, key } => Slot::Document(user.clone(), key.clone()),
        };
        let versions = self.saves.entry(slot.clone()).or_default();
        let (last, before) = versions
            .last_key_value()
            .map_or((0, ""), |(version, text)| (*version, text.as_str()));
        // What has expired is forgotten, and everything is new.
        let expired = self
            .expires
            .get(&slot)
            .is_some_and(|at| *at <= save.wall_ms);
        self.expires.insert(slot.clone(), version.expires_ms);
        let follows = save.base == last || (save.base == 0 && expired);
        if !follows || version.version <= last {
            let what = format!(
                "{slot:?}: version {} follows {}, but {last} was there",
                version.version, save.base
            );
            return Err(Broken::new("D7", what));
        }
        let text = match &save.content {
            Content::Data(text) => Some(text.clone()),
            Content::Delta(delta) => delta::apply(before, delta).ok(),
            Content::Same => Some(before.to_owned()),
        };
        let fits = text.filter(|text| fnv1a32(text.as_bytes()) == save.check);
        let Some(text) = fits else {
            let what = format!("{slot:?}: version {} is another text", version.version);
            return Err(Broken::new("D7", what));
        };
        let state = State::read(&text);
        versions.insert(version.version, text);
        let (at, positions) = self.positions.entry(slot.clone()).or_default();
        *at = version.version;
        for (stream, epoch, number) in &save.positions {
            positions.insert(stream.clone(), (*epoch, *number));
        }
        match (slot, state) {
            (Slot::Checkpoint(session), Some(state)) => {
                self.positions_fit(&session, &state, &save.positions)
            }
            _ => Ok(()),
        }
    }

    /// What was saved too long ago may be forgotten, by a clock that is perhaps put back afterwards.
    pub(crate) fn expired(&mut self, wall_ms: u64) {
        for at in self.expires.values_mut().filter(|at| **at < wall_ms) {
            *at = 0;
        }
    }

    /// What a checkpoint acknowledges is what its state has.
    fn positions_fit(
        &self,
        session: &str,
        state: &State,
        positions: &[(String, u32, u64)],
    ) -> Result<(), Broken> {
        self.folds_fit(state)?;
        for (stream, epoch, number) in positions {
            let name = stream_name(session, stream);
            let last = state.folds.get(&name).and_then(|fold| fold.last());
            let gaps = self.sessions.get(session).map(|session| &session.gaps);
            let gap = gaps.is_some_and(|gaps| gaps.contains(&name));
            if let Some((last_epoch, last)) = last
                && last_epoch == *epoch
                && (*number < last || (*number > last && !gap && stream.is_empty()))
            {
                let what = format!(
                    "the checkpoint of {session} has the {name} up to {last}, and says {number}"
                );
                return Err(Broken::new("D7", what));
            }
        }
        Ok(())
    }

    /// A state is the fold of what was sent.
    fn folds_fit(&self, state: &State) -> Result<(), Broken> {
        for (name, fold) in &state.folds {
            let rows = self.streams.get(name).map(|stream| &stream.rows);
            let mut sum = 0_u32;
            for (epoch, first, last) in &fold.ranges {
                for number in *first..=*last {
                    let row = rows.and_then(|rows| rows.get(&(*epoch, number)));
                    let row = row.map_or("", String::as_str);
                    sum = sum.wrapping_add(weight(number, row));
                }
            }
            if sum != fold.sum {
                let what = format!("the state is not the fold of the {name}: {:?}", fold.ranges);
                return Err(Broken::new("D7", what));
            }
        }
        Ok(())
    }

    /// A page is given what is stored.
    pub(crate) fn is_given(
        &self,
        slot: Option<Slot>,
        version: u64,
        text: &str,
    ) -> Result<(), Broken> {
        if self.text_of(slot.as_ref(), version) != Some(text) {
            let versions = self.versions(slot.as_ref());
            let last = versions.and_then(BTreeMap::last_key_value);
            let last = last.map(|(version, _)| *version);
            let what = format!("{slot:?}: given version {version}, which is not so; last {last:?}");
            return Err(Broken::new("D7", what));
        }
        Ok(())
    }

    /// A page is told that its state is stored.
    pub(crate) fn is_told_saved(
        &self,
        slot: Option<Slot>,
        version: u64,
        text: &str,
    ) -> Result<(), Broken> {
        if self.text_of(slot.as_ref(), version) != Some(text) {
            let what = format!("{slot:?}: version {version} is told, but not stored and synced");
            return Err(Broken::new("D6", what));
        }
        Ok(())
    }

    /// A page is told that another one has saved.
    pub(crate) fn is_told_stale(
        &self,
        slot: Option<Slot>,
        base: u64,
        version: u64,
    ) -> Result<(), Broken> {
        let known = self.text_of(slot.as_ref(), version).is_some();
        if base == version || (version > 0 && !known) {
            let what = format!("{slot:?}: stale after {base}, because of {version}");
            return Err(Broken::new("D7", what));
        }
        Ok(())
    }

    /// All that was saved there, by version.
    fn versions(&self, slot: Option<&Slot>) -> Option<&BTreeMap<u64, String>> {
        self.saves.get(slot?)
    }

    fn text_of(&self, slot: Option<&Slot>, version: u64) -> Option<&str> {
        self.versions(slot)?.get(&version).map(String::as_str)
    }

    /// A session has left a room: how far it had come there means nothing any more.
    pub(super) fn forget_position(&mut self, session: &str, room: &str) {
        let slot = Slot::Checkpoint(session.to_owned());
        if let Some((_, positions)) = self.positions.get_mut(&slot) {
            positions.remove(room);
        }
    }

    /// The positions that a version of a session's checkpoint was saved with.
    pub(crate) fn positions(&self, session: &str, version: u64) -> Positions {
        let slot = Slot::Checkpoint(session.to_owned());
        let known = self.positions.get(&slot);
        let known = known.filter(|(known, _)| *known == version);
        known
            .map(|(_, positions)| positions.clone())
            .unwrap_or_default()
    }

    /// A page goes on with a state: messages go on just behind the positions that were kept with it.
    pub(crate) fn restores(
        &mut self,
        page: usize,
        session: &str,
        state: &State,
        at: Positions,
    ) -> Result<(), Broken> {
        self.folds_fit(state)?;
        let kept = at.iter();
        let kept: Vec<_> = kept.map(|(name, at)| (name.clone(), at.0, at.1)).collect();
        self.positions_fit(session, state, &kept)?;
        session.clone_into(&mut self.pages[page].session);
        for (stream, mut at) in at {
            // It may have left the room since, and joined it again.
            let start = self.sessions.get(session);
            let start = start.and_then(|it| it.starts.get(&stream_name(session, &stream)));
            if let Some(start) = start.filter(|start| start.0 != at.0 || start.1 > at.1) {
                at = *start;
            }
            let place = Place {
                at: Some(at),
                ..Place::default()
            };
            self.pages[page]
                .places
                .insert(stream_name(session, &stream), place);
        }
        Ok(())
    }
}

/// How far streams have come: epoch and number.
pub(crate) type Positions = BTreeMap<String, (u32, u64)>;
