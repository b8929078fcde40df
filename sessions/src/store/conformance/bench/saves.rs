//! Short words for snapshots.

use steadfast_protocol::fnv1a32;

use super::{Bench, Subject};
use crate::store::{
    Accepted, Content, Load, Reply, Request, Save, SaveRefusal, Slot, Snapshot, SnapshotLimits,
    StoreError, Unsaved, Version, Wanted,
};

/// Bounds that no case meets by accident, and a life of half an hour.
pub(super) const LIMITS: SnapshotLimits = SnapshotLimits {
    max_bytes: 256 << 10,
    quota_bytes: 1 << 30,
    documents: 64,
    ttl_ms: 1_800_000,
};

impl<S: Subject> Bench<S> {
    /// A checkpoint of this session without positions.
    pub fn checkpoint(&self, owner: &Accepted, base: u64, text: &str) -> Save {
        let slot = Slot::Checkpoint {
            session: owner.session.clone(),
            term: owner.term,
        };
        self.save_of(slot, base, text)
    }

    /// A document of the user "ann".
    pub fn document(&self, key: &str, base: u64, text: &str) -> Save {
        let slot = Slot::Document {
            user: "ann".to_owned(),
            key: key.to_owned(),
        };
        self.save_of(slot, base, text)
    }

    pub fn save_of(&self, slot: Slot, base: u64, text: &str) -> Save {
        Save {
            slot,
            base,
            content: Content::Data(text.to_owned()),
            bytes: text.len() as u32,
            check: fnv1a32(text.as_bytes()),
            positions: Vec::new(),
            limits: self.snapshot_limits,
            wall_ms: self.wall_ms,
        }
    }

    pub fn try_save(&mut self, save: &Save) -> Result<Result<Version, SaveRefusal>, StoreError> {
        match self.execute(Request::Save(save.clone()))? {
            Reply::Saved(saved) => Ok(saved),
            other => panic!("save: {other:?}"),
        }
    }

    /// The version of what is stored.
    pub fn saved(&mut self, save: &Save) -> u64 {
        match self.try_save(save) {
            Ok(Ok(version)) => version.version,
            other => panic!("not saved: {other:?}"),
        }
    }

    /// Why it is not stored, and which version is. Nothing has changed.
    pub fn unsaved(&mut self, save: &Save) -> (Unsaved, u64) {
        let rows = self.store.rows();
        match self.try_save(save) {
            Ok(Err(refusal)) => {
                assert_eq!(self.store.rows(), rows);
                (refusal.reason, refusal.version)
            }
            other => panic!("saved: {other:?}"),
        }
    }

    pub fn load(&mut self, load: Load) -> Result<Option<Snapshot>, StoreError> {
        match self.execute(Request::Load(load))? {
            Reply::Loaded(loaded) => Ok(loaded),
            other => panic!("load: {other:?}"),
        }
    }

    /// The text of a document of the user "ann".
    pub fn document_text(&mut self, key: &str) -> Option<String> {
        let load = Load::Document {
            user: "ann".to_owned(),
            key: key.to_owned(),
        };
        let loaded = self.load(load).expect("it can be read");
        loaded.map(|snapshot| snapshot.data)
    }

    /// A page of this session begins, with the version that it has.
    pub fn begin(&mut self, session: &str, token: &str, claim: u64, version: u64) -> Accepted {
        let mut hello = self.again(session, token, claim);
        hello.snapshot = begins(None, version);
        self.accepted(&hello)
    }
}

/// What a page that begins says.
pub fn begins(key: Option<&str>, version: u64) -> Option<Wanted> {
    Some(Wanted {
        key: key.map(str::to_owned),
        version,
        restore: true,
    })
}

/// The save with another content, which makes the same text.
pub fn by(content: Content, save: Save) -> Save {
    Save { content, ..save }
}

/// The save with positions: by stream, epoch and number.
pub fn at(positions: &[(&str, u32, u64)], save: Save) -> Save {
    let positions = positions.iter();
    Save {
        positions: positions
            .map(|(stream, epoch, number)| ((*stream).to_owned(), *epoch, *number))
            .collect(),
        ..save
    }
}
