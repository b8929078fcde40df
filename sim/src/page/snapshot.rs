//! The application's state: captured, saved, and restored before anything else.

use steadfast_engine::{Capture, Captured, Fate, Input, Save as What, Span, Unsaved as Why};
use steadfast_protocol::fnv1a32;
use steadfast_protocol::frame::{
    Form, Frame, Save, SaveRefusal, Saved, StoredSnapshot, Unsaved, Welcome, parts,
};

use super::state::State;
use crate::browser::LocalCopy;
use crate::ledger::{Positions, Slot, stream_name};
use crate::plan::Class;
use crate::planted::{self, Bug};
use crate::world::World;

/// A page's state, and what the server has of it.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    pub(crate) state: State,
    /// It begins with what was saved; until then nothing else happens.
    pub(super) restored: bool,
    /// The version that the server has, as far as the page knows; 0: none.
    pub(super) base: u64,
    /// And its text, where the page knows it.
    base_text: Option<String>,
    /// What was captured last.
    pub(super) text: String,
    pub(super) positions: Positions,
    /// How far the streams had come in a state of this machine. The server may not speak of all of them.
    pub(super) begun: Positions,
    flight: Option<Flight>,
    /// What was found on this machine when the last hello was said.
    pub(super) copy: Option<LocalCopy>,
    /// The positions of what is saved, as long as only a save acknowledges.
    saved: Option<Positions>,
    saves: u32,
    /// A welcome whose snapshot comes in parts.
    coming: Option<(usize, Welcome, String)>,
    /// A mistake: what is restored too late,
    late: Option<String>,
    /// or was captured before the last message.
    early: Option<String>,
}

/// A save that is not answered.
#[derive(Debug)]
struct Flight {
    id: u32,
    pub(super) base: u64,
    pub(super) text: String,
    pub(super) positions: Positions,
}

impl World {
    /// The name of what the page saves; `None`: it saves nothing.
    fn slot(&self, page: usize) -> Option<Slot> {
        let it = &self.pages[page];
        it.saves.then(|| match &self.plan.tuning.document {
            Some(key) => Slot::Document(it.user.clone(), key.clone()),
            None => Slot::Checkpoint(it.session.clone().unwrap_or_default()),
        })
    }

    pub(super) const fn is_document(&self) -> bool {
        self.plan.tuning.document.is_some()
    }

    /// The user types.
    pub(super) fn types(&mut self, page: usize, bytes: usize) {
        let bits = self.dice.app.bits();
        let note = &mut self.pages[page].snapshots.state.note;
        let mut at = ((bits >> 8) % (note.len() as u64 + 1)) as usize;
        while !note.is_char_boundary(at) {
            at -= 1;
        }
        if note.len() > bytes {
            note.truncate(at);
        }
        note.insert_str(at, &format!("<{page} é {:x}>", bits & 0xffff));
        while note.len() < bytes {
            note.push_str("typed \u{1f600} \"");
        }
    }

    /// The application wants its state saved.
    pub(super) fn asks_snapshot(&mut self, page: usize) {
        let it = &mut self.pages[page];
        if it.saves {
            it.next_number += 1;
            let ticket = it.next_number;
            it.saving.insert(ticket);
            if !self.feed(page, Input::Snapshot(ticket)) {
                self.pages[page].saving.remove(&ticket);
            }
        }
    }

    /// A message is handed over: the application folds it in.
    pub(super) fn folds(&mut self, page: usize, stream: &str, at: (u32, u64), text: &str) {
        let it = &mut self.pages[page];
        if !it.saves || self.plan.tuning.document.is_some() || at.1 == 0 {
            return;
        }
        if planted::is(Bug::PositionsAfterCapture) {
            it.snapshots.early = Some(it.snapshots.state.text());
        }
        let session = it.session.clone().unwrap_or_default();
        if stream.is_empty() || self.plan.tuning.folds_rooms {
            let name = stream_name(&session, stream);
            let fold = it.snapshots.state.folds.entry(name).or_default();
            fold.add(at.0, at.1, text);
        }
        if let Some(late) = it.snapshots.late.take() {
            self.takes_over(page, &late);
        }
    }

    /// The engine asks for the state.
    pub(super) fn captures(&mut self, page: usize, why: Capture) {
        let fails = self.dice.app.happens(self.plan.weather.capture_fails);
        let document = self.is_document();
        let it = &mut self.pages[page];
        let early = it.snapshots.early.take();
        let text = early.unwrap_or_else(|| it.snapshots.state.text());
        let mut positions = it.snapshots.begun.clone();
        for (number, name) in it.streams.iter().enumerate().filter(|_| !document) {
            let number = number as u32;
            if let Some((epoch, _)) = it.engine.position(number) {
                positions.insert(name.clone(), (epoch, it.engine.handed_over(number)));
            }
        }
        let changed = it.snapshots.base_text.as_ref() != Some(&text);
        it.snapshots.text = text;
        it.snapshots.positions = positions;
        if fails {
            self.pages[page].snapshots.saved = None;
            self.tally.fault(Class::CaptureFails.name());
        } else if why == Capture::Hiding {
            self.copies_state(page);
        }
        let captured = match (fails, changed) {
            (true, _) => Captured::Failed,
            (_, true) => Captured::Changed,
            (_, false) => Captured::Unchanged,
        };
        self.feed(page, Input::Captured(captured));
    }

    /// A welcome has come. Whether it has to wait for the text of a snapshot.
    pub(super) fn begins_restoring(&mut self, page: usize, link: usize, welcome: &Welcome) -> bool {
        let it = &mut self.pages[page];
        let follows = welcome.snapshot.is_some_and(|stored| stored.follows);
        if it.saves && follows {
            it.snapshots.coming = Some((link, welcome.clone(), String::new()));
        }
        it.saves && follows
    }

    pub(super) fn reads_part(&mut self, page: usize, link: usize, part: &str) {
        let coming = &mut self.pages[page].snapshots.coming;
        let Some((from, welcome, text)) = coming.as_mut().filter(|(from, ..)| *from == link) else {
            return self.violated(page, link);
        };
        text.push_str(part);
        let bytes = welcome.snapshot.map_or(0, |stored| stored.bytes as usize);
        if text.len() >= bytes {
            let (from, welcome, text) = (*from, welcome.clone(), std::mem::take(text));
            *coming = None;
            self.is_welcome(page, from, welcome, Some(text));
        }
    }

    /// The page goes on with what is newer: the server's state, or that of this machine.
    pub(super) fn restores(
        &mut self,
        page: usize,
        fate: Fate,
        welcome: &Welcome,
        text: Option<String>,
    ) {
        if !self.pages[page].saves {
            return;
        }
        let stored = welcome.snapshot;
        if fate != Fate::Resumed {
            self.pages[page].snapshots.begun.clear();
        }
        if self.pages[page].snapshots.restored {
            return self.learns_version(page, stored);
        }
        let document = self.is_document();
        let version = stored.map_or(0, |stored| stored.version);
        let copy = self.pages[page].snapshots.copy.take();
        let goes_on = fate == Fate::Resumed || document;
        let copy = copy.filter(|copy| goes_on && copy.base == version && copy.user == welcome.user);
        let it = &mut self.pages[page];
        it.snapshots.restored = true;
        it.snapshots.base = version;
        it.snapshots.base_text.clone_from(&text);
        let (found, at) = match (copy, text) {
            (Some(copy), _) => {
                if !document {
                    it.snapshots.begun.clone_from(&copy.positions);
                }
                (Some(copy.text), Some(copy.positions))
            }
            (None, Some(text)) => {
                let slot = self.slot(page);
                let checked = self.ledger.is_given(slot, version, &text);
                self.check(checked);
                (Some(text), None)
            }
            (None, None) => (None, None),
        };
        let Some(found) = found else {
            return;
        };
        self.tally.restores += 1;
        if planted::is(Bug::RestoreAfterFirstMessage) {
            self.pages[page].snapshots.late = Some(found);
            return;
        }
        self.takes_over(page, &found);
        if !document && fate == Fate::Resumed {
            let session = welcome.session.clone();
            let state = &self.pages[page].snapshots.state;
            // A copy says nothing of a stream of which the server has not spoken since the checkpoint: there its page
            // was where the checkpoint is, and had been told of every hole before.
            let mut places = self.ledger.positions(&session, version);
            places.extend(at.unwrap_or_default());
            let checked = self.ledger.restores(page, &session, state, places);
            self.check(checked);
        }
    }

    fn takes_over(&mut self, page: usize, text: &str) {
        if let Some(state) = State::read(text) {
            self.pages[page].snapshots.state = state;
        }
    }

    /// Another link: what was on its way has arrived before, or it has not.
    fn learns_version(&mut self, page: usize, stored: Option<StoredSnapshot>) {
        let document = self.is_document();
        let it = &mut self.pages[page].snapshots;
        let version = stored.map_or(0, |stored| stored.version);
        let flight = it.flight.take();
        let ours = |flight: &Flight| {
            stored.is_some_and(|stored| {
                let text = flight.text.as_bytes();
                version > flight.base
                    && stored.check == fnv1a32(text)
                    && stored.bytes as usize == text.len()
            })
        };
        match flight {
            Some(flight) if ours(&flight) => self.is_saved(page, flight, version),
            Some(_) if document && version != it.base => self.is_stale(page, version),
            flight => {
                if version != it.base && !document {
                    (it.base, it.base_text) = (version, None);
                }
                if flight.is_some() {
                    self.unsaved(page, Why::Lost, 0);
                }
            }
        }
    }

    /// Whether a page acknowledges more than its checkpoint has.
    pub(super) fn is_beyond(&self, page: usize, stream: &str, epoch: u32, number: u64) -> bool {
        let saved = self.pages[page].snapshots.saved.as_ref();
        let at = saved
            .filter(|_| !self.is_document())
            .map(|saved| saved.get(stream));
        at.is_some_and(|at| at.is_none_or(|at| at.0 == epoch && at.1 < number))
    }

    /// The engine wants what was captured saved.
    pub(super) fn saves(&mut self, page: usize, what: What) {
        let it = &mut self.pages[page].snapshots;
        it.saves += 1;
        let text = it.text.clone();
        let delta = it.base_text.as_deref().map(|base| delta(base, &text));
        let (form, content) = match (what, delta) {
            (What::Positions, _) if it.base > 0 => (Form::Same, String::new()),
            (What::State, Some(delta)) if it.base > 0 && delta.len() < text.len() / 2 => {
                (Form::Delta, delta)
            }
            _ => (Form::Data, text.clone()),
        };
        let save = Save {
            id: it.saves,
            key: self.plan.tuning.document.clone(),
            base: it.base,
            form,
            bytes: text.len() as u32,
            check: fnv1a32(text.as_bytes()),
            positions: it.positions.clone(),
        };
        it.flight = Some(Flight {
            id: save.id,
            base: save.base,
            text,
            positions: save.positions.clone(),
        });
        if let Some(link) = self.pages[page].link {
            let positions = save.positions.clone();
            self.links[link].saves.insert(save.id, positions);
        }
        for part in parts(&content) {
            self.says(page, Frame::Part(part.to_owned()));
        }
        self.says(page, Frame::Save(save));
    }

    pub(super) fn reads_saved(&mut self, page: usize, link: usize, saved: Saved) {
        // It has made room on its link, even if another link's welcome has told of it before.
        let it = &mut self.links[link];
        if let Some(positions) = it.saves.remove(&saved.id) {
            it.owed.retain(|(stream, number)| {
                let saved = positions.get(stream);
                saved.is_none_or(|(_, saved)| number > saved)
            });
        }
        let flight = &mut self.pages[page].snapshots.flight;
        let Some(flight) = flight.take_if(|flight| flight.id == saved.id) else {
            return;
        };
        let slot = self.slot(page);
        let checked = self.ledger.is_told_saved(slot, saved.version, &flight.text);
        self.check(checked);
        self.is_saved(page, flight, saved.version);
    }

    fn is_saved(&mut self, page: usize, flight: Flight, version: u64) {
        self.tally.snapshots += 1;
        let it = &mut self.pages[page].snapshots;
        (it.base, it.base_text) = (version, Some(flight.text));
        it.saved = Some(flight.positions);
        self.feed(page, Input::Saved);
    }

    pub(super) fn reads_unsaved(&mut self, page: usize, unsaved: Unsaved) {
        let document = self.is_document();
        let it = &mut self.pages[page].snapshots;
        let Some(flight) = it.flight.take_if(|flight| flight.id == unsaved.id) else {
            return;
        };
        match unsaved.reason {
            SaveRefusal::Stale if document => {
                self.is_stale(page, unsaved.version.unwrap_or(0));
            }
            SaveRefusal::Stale => {
                (it.base, it.base_text) = (unsaved.version.unwrap_or(0), None);
                self.unsaved(page, Why::Lost, 0);
            }
            SaveRefusal::Mismatch => {
                it.base_text = None;
                let what = format!("page {page}: save {} does not fit its base", flight.id);
                self.fail(crate::Broken::new("D7", what));
            }
            SaveRefusal::TooLarge | SaveRefusal::Quota => self.unsaved(page, Why::Refused, 0),
            SaveRefusal::Unavailable => self.unsaved(page, Why::Lost, 5_000),
        }
    }

    /// Another device has saved in between: the application is told.
    fn is_stale(&mut self, page: usize, version: u64) {
        self.tally.stale_saves += 1;
        let (slot, base) = (self.slot(page), self.pages[page].snapshots.base);
        let checked = self.ledger.is_told_stale(slot, base, version);
        self.check(checked);
        self.unsaved(page, Why::Stale, 0);
    }

    fn unsaved(&mut self, page: usize, why: Why, after_ms: u64) {
        self.pages[page].snapshots.saved = None;
        let after = Span::from_ms(after_ms);
        self.feed(page, Input::Unsaved { why, after });
    }
}

/// What changes `base` into `text`: all between what they have in common at both ends.
fn delta(base: &str, text: &str) -> String {
    let same = |(one, other): &((usize, char), (usize, char))| one.1 == other.1;
    let start = base
        .char_indices()
        .zip(text.char_indices())
        .take_while(same);
    let start: usize = start.map(|((_, char), _)| char.len_utf8()).sum();
    let ends = base[start..].chars().rev().zip(text[start..].chars().rev());
    let end = ends.take_while(|(one, other)| one == other);
    let end: usize = end.map(|(char, _)| char.len_utf8()).sum();
    let middle = &text[start..text.len() - end];
    serde_json::json!([0, start, middle, base.len() - end, end]).to_string()
}
