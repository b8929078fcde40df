//! What pages save, and get back.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Subject;
use super::super::bench::saves::{begins, by};
use super::World;
use super::state::{Kept, Log, Session};
use crate::store::{Accepted, Claim, Content, Save, Slot, Unsaved, Wanted};

/// Documents that a user tries to have, one more than are allowed.
const KEYS: [&str; 3] = ["form", "list", "note"];

/// What all snapshots may take: not enough for all that are tried.
pub(super) const QUOTA: u64 = 1_200;

/// Where the streams go on for a hello that was told of its snapshot.
#[derive(Default)]
pub(super) struct Told {
    positions: Vec<(String, u32, u64)>,
    /// The page's state has not seen what was acknowledged in the outbox, and in rooms.
    lacks: (bool, bool),
}

impl<S: Subject> World<S> {
    pub(super) fn save_checkpoint(&mut self, name: &'static str, a: u8, b: u8) {
        let session = &self.sessions[name];
        let slot = Slot::Checkpoint {
            session: name.into(),
            term: session.term,
        };
        let mut save = self.bench.save_of(slot, 0, "");
        let own = session.outbox.epoch.unwrap_or_default();
        let handed = session.outbox.first() - 1 + u64::from(b % 3);
        if a & 0x40 == 0 {
            let number = handed.min(session.outbox.last);
            save.positions.push((String::new(), own, number));
        }
        if let Some(room) = session.rooms.keys().nth(usize::from(b % 4)) {
            let log = &self.rooms[room];
            let epoch = log.epoch.unwrap_or_default();
            save.positions.push(((*room).to_owned(), epoch, log.last));
        }
        let before = session.checkpoint.clone();
        let streams = session.streams();
        let save = self.filled(save, before.as_ref(), a);
        let Some(kept) = self.expect(&save, before, &streams) else {
            return;
        };
        let session = self.sessions.get_mut(name).expect("it is known");
        for (stream, _, number) in &save.positions {
            match session.rooms.get_mut(&**stream) {
                Some(held) => *held = (*held).max(*number),
                None => session.acknowledge(*number),
            }
        }
        session.checkpoint = Some(kept);
    }

    pub(super) fn save_document(&mut self, a: u8, b: u8) {
        let key = KEYS[usize::from(b) % KEYS.len()];
        let save = self.bench.document(key, 0, "");
        let before = self.documents.get(key).cloned();
        let save = self.filled(save, before.as_ref(), a);
        if let Some(kept) = self.expect(&save, before, &BTreeSet::new()) {
            self.documents.insert(key, kept);
        }
    }

    /// A base that is right, old, or none, and one of the three forms of content.
    fn filled(&mut self, save: Save, before: Option<&Kept>, a: u8) -> Save {
        let version = before.map_or(0, |kept| kept.version);
        let text = before.and_then(|kept| kept.text.clone());
        let base = match a % 8 {
            0 => version.saturating_sub(1),
            1 => 0,
            _ => version,
        };
        let said = self.text();
        let save_of = |text: &str| Save {
            positions: save.positions.clone(),
            ..self.bench.save_of(save.slot.clone(), base, text)
        };
        match (a / 8 % 4, text) {
            (0, Some(text)) => by(Content::Same, save_of(&text)),
            (1, Some(text)) => {
                let delta = format!(r#"["{said} ",0,{}]"#, text.len());
                by(Content::Delta(delta), save_of(&format!("{said} {text}")))
            }
            (2, text) => Save {
                check: 0,
                ..save_of(&text.unwrap_or(said))
            },
            _ => save_of(&said),
        }
    }

    /// Saves, and says what is stored now if that is another.
    fn expect(
        &mut self,
        save: &Save,
        before: Option<Kept>,
        streams: &BTreeSet<String>,
    ) -> Option<Kept> {
        let expected = self.judge(save, before.as_ref(), streams);
        if let Err((reason, version)) = expected {
            assert_eq!(self.bench.unsaved(save), (reason, version), "{save:?}");
            return None;
        }
        let version = self.bench.saved(save);
        let rows = self.bench.store.rows();
        assert_eq!(self.bench.saved(save), version);
        assert_eq!(self.bench.store.rows(), rows, "what was saved stays");
        let last = before.as_ref().map_or(0, |kept| kept.version);
        if expected == Ok(false) {
            assert_eq!(version, last, "it was carried out before");
            return None;
        }
        assert!(version > last);
        let text = text_after(save, before.as_ref());
        let mut positions = before.map_or_else(BTreeMap::new, |kept| kept.positions);
        for (stream, epoch, number) in &save.positions {
            positions.insert(stream.clone(), (*epoch, *number));
        }
        positions.retain(|stream, _| streams.contains(stream));
        Some(Kept {
            version,
            base: save.base,
            text,
            positions,
            saved_ms: save.wall_ms,
        })
    }

    /// Whether a save is carried out, or was before; or why not.
    fn judge(
        &self,
        save: &Save,
        before: Option<&Kept>,
        streams: &BTreeSet<String>,
    ) -> Result<bool, (Unsaved, u64)> {
        let stored = before.filter(|kept| kept.text.is_some());
        let version = stored.map_or(0, |kept| kept.version);
        let text = text_after(save, before);
        let right = save.check != 0 && text.is_some();
        let same = |kept: &&Kept| {
            let mut positions = save.positions.iter();
            let there = positions.all(|(stream, epoch, number)| {
                kept.positions.get(stream) == Some(&(*epoch, *number)) || !streams.contains(stream)
            });
            kept.base == save.base && kept.text == text && there
        };
        if right && stored.is_some_and(|kept| same(&kept)) {
            return Ok(false);
        }
        let whole = matches!(save.content, Content::Data(_));
        let revives = before.is_some_and(|kept| kept.text.is_none() && kept.version == save.base);
        if save.base != version && !(whole && revives) {
            return Err((Unsaved::Stale, version));
        }
        if !right {
            return Err((Unsaved::Mismatch, version));
        }
        let names = match &save.slot {
            Slot::Document { user, key } => user.len() + key.len(),
            Slot::Checkpoint { .. } => 0,
        };
        let weight =
            |text: &Option<String>| 256 + (names + text.as_ref().map_or(0, String::len)) as u64;
        let own = before.map_or(0, |kept| weight(&kept.text));
        let room = QUOTA.saturating_sub(self.sum() - own);
        let too_many = own == 0 && names > 0 && self.documents.len() >= KEYS.len() - 1;
        if too_many || (weight(&text) > own && weight(&text) > room) {
            return Err((Unsaved::Quota, version));
        }
        Ok(true)
    }

    fn sum(&self) -> u64 {
        let checkpoints = self
            .sessions
            .values()
            .filter_map(|it| it.checkpoint.as_ref());
        let documents = self.documents.iter();
        let documents = documents.map(|(key, kept)| (3 + key.len() as u64, kept));
        let all = checkpoints.map(|kept| (0, kept)).chain(documents);
        all.map(|(names, kept)| {
            256 + names + kept.text.as_ref().map_or(0, |text| text.len() as u64)
        })
        .sum()
    }

    /// A page begins, or comes back with the version that it has.
    pub(super) fn begin(&mut self, name: &'static str, a: u8, b: u8) {
        let session = &self.sessions[name];
        let token = session.tokens[usize::from(a) % session.tokens.len()].clone();
        let claim = session.claim + 1;
        let version = session.checkpoint.as_ref().map_or(0, |kept| kept.version);
        let own = session.outbox.epoch.unwrap_or_default();
        let last = session.outbox.last;
        let mut hello = self.bench.again(name, &token, claim);
        hello.new_token = format!("{name}-{}", hello.nonce);
        hello.snapshot = match b % 8 {
            0 => begins(Some(KEYS[usize::from(a) % KEYS.len()]), 0),
            1 => Some(Wanted {
                key: None,
                version: 0,
                restore: false,
            }),
            2 => begins(None, version.saturating_sub(1)),
            3 | 4 => begins(None, version),
            _ => begins(None, 0),
        };
        if b & 0x80 != 0 {
            hello.positions = vec![(String::new(), own, u64::from(a).min(last))];
        }
        self.accept(name, &hello);
    }

    /// Checks what a hello was told of its snapshot.
    pub(super) fn told(&self, name: &str, hello: &Claim, accepted: &Accepted) -> Told {
        assert!(!accepted.spoiled);
        let held = accepted.snapshot.map(|held| held.version);
        let session = &self.sessions[name];
        let mut told = Told {
            positions: hello.positions.clone(),
            ..Told::default()
        };
        let Some(wanted) = &hello.snapshot else {
            assert_eq!((held, &accepted.state), (None, &None));
            return told;
        };
        let kept = match &wanted.key {
            Some(key) => self.documents.get(&**key),
            None => session.checkpoint.as_ref(),
        };
        let good = kept.filter(|it| it.text.is_some() || it.version == wanted.version);
        assert_eq!(held, good.map(|kept| kept.version));
        let other = held.unwrap_or_default() != wanted.version;
        let text = good.and_then(|kept| kept.text.clone());
        assert_eq!(accepted.state, text.filter(|_| wanted.restore && other));
        if wanted.restore && wanted.key.is_none() {
            let blank = good.is_none();
            let known = kept.is_some() || wanted.version > 0;
            told.lacks = (blank && session.acknowledged > 0, blank && known);
            if other {
                told.positions = good.map_or_else(Vec::new, Kept::positions);
            }
        }
        if let Some(kept) = good.filter(|_| wanted.key.is_none() && !other) {
            for position in kept.positions() {
                if told
                    .positions
                    .iter()
                    .all(|(name, _, _)| *name != position.0)
                {
                    told.positions.push(position);
                }
            }
        }
        told
    }

    /// What is too old goes.
    pub(super) fn snapshots_expire(&mut self, before_ms: u64) {
        self.documents.retain(|_, kept| kept.saved_ms >= before_ms);
        for session in self.sessions.values_mut() {
            let seen_ms = session.seen_ms;
            if let Some(kept) = &mut session.checkpoint
                && kept.saved_ms.max(seen_ms) < before_ms
            {
                kept.text = None;
            }
        }
    }

    pub(super) fn compare_documents(&mut self) {
        for key in KEYS {
            let text = self.bench.document_text(key);
            let kept = self.documents.get(key);
            assert_eq!(text, kept.and_then(|kept| kept.text.clone()));
        }
    }
}

/// The text that a save makes, if it makes one.
fn text_after(save: &Save, before: Option<&Kept>) -> Option<String> {
    let base = before.and_then(|kept| kept.text.clone());
    match &save.content {
        Content::Data(text) => Some(text.clone()),
        Content::Same => base,
        // Those of this model put a word in front.
        Content::Delta(delta) => {
            let word = delta.split('"').nth(1).expect("a word");
            base.map(|base| format!("{word}{base}"))
        }
    }
}

impl Told {
    pub(super) fn position(&self, stream: &str) -> Option<(u32, u64)> {
        let mut positions = self.positions.iter();
        let held = positions.find(|(name, _, _)| name == stream);
        held.map(|(_, epoch, number)| (*epoch, *number))
    }

    /// Where a log goes on.
    pub(super) fn goes_on(
        &self,
        log: &Log,
        acknowledged: u64,
        stream: &str,
    ) -> (u64, Option<String>) {
        let position = self.position(stream);
        let (outbox, room) = self.lacks;
        let lacks = if stream.is_empty() { outbox } else { room };
        let hole = (position.is_none() && lacks).then_some("acknowledged");
        let (after, gap) = log.goes_on(acknowledged, position);
        (after, gap.or(hole).map(str::to_owned))
    }
}

impl Session {
    fn streams(&self) -> BTreeSet<String> {
        let rooms = self.rooms.keys().map(|room| (*room).to_owned());
        rooms.chain([String::new()]).collect()
    }
}

impl Kept {
    fn positions(&self) -> Vec<(String, u32, u64)> {
        let positions = self.positions.iter();
        positions
            .map(|(stream, (epoch, number))| (stream.clone(), *epoch, *number))
            .collect()
    }
}
