//! The application's state, as clients save it and get it back.

use std::collections::BTreeMap;

use steadfast_protocol::fnv1a32;
use steadfast_protocol::frame::{
    Form, Frame, Hello, Save, SaveRefusal, Unsaved, WantedSnapshot, Welcome, parts,
};
use steadfast_sessions::io::LinkId;
use steadfast_sessions::store::Request;

use super::{OTHER, Peer, Server, new_hello, resuming};

/// A `save` of this text.
pub(crate) fn data(id: u32, base: u64, text: &str) -> Save {
    Save {
        id,
        key: None,
        base,
        form: Form::Data,
        bytes: u32::try_from(text.len()).unwrap(),
        check: fnv1a32(text.as_bytes()),
        positions: BTreeMap::new(),
    }
}

/// A `save` of what stands there, which is this text.
pub(crate) fn same(id: u32, base: u64, text: &str) -> Save {
    Save {
        form: Form::Same,
        ..data(id, base, text)
    }
}

/// A `save` of this text as a document.
pub(crate) fn document(id: u32, key: &str, base: u64, text: &str) -> Save {
    Save {
        key: Some(key.into()),
        ..data(id, base, text)
    }
}

/// A `hello` that says this of the snapshot.
pub(crate) fn wanting(hello: Hello, key: Option<&str>, version: u64, restore: bool) -> Hello {
    Hello {
        snapshot: Some(WantedSnapshot {
            key: key.map(ToOwned::to_owned),
            version: (version > 0).then_some(version),
            restore,
        }),
        ..hello
    }
}

/// The hello of a page that begins, and goes on with the session of `welcome`.
pub(crate) fn restoring(welcome: &Welcome, claim: u64) -> Hello {
    wanting(resuming(welcome, OTHER, claim), None, 0, true)
}

impl Server {
    /// Sends a text and its `save`.
    pub(crate) fn save(&mut self, link: LinkId, save: Save, text: &str) {
        for part in parts(text) {
            self.control(link, Frame::Part(part.to_owned()));
        }
        self.control(link, Frame::Save(save));
    }

    /// Saves a text, and says which version it is.
    pub(crate) fn saved(&mut self, link: LinkId, save: Save, text: &str) -> u64 {
        let id = save.id;
        self.save(link, save, text);
        let found = self.peer(link).version(id);
        found.unwrap_or_else(|| panic!("not saved: {:?}", self.peer(link).frames))
    }

    /// How often the store was asked to save.
    pub(crate) fn saves(&self) -> usize {
        let asked = self.requests.iter();
        asked.filter(|it| matches!(it, Request::Save(_))).count()
    }

    /// What a page of `anna` that begins is told and given of the document.
    pub(crate) fn document(&mut self, key: &str) -> Option<(u64, String)> {
        let hello = wanting(new_hello(OTHER), Some(key), 0, true);
        let (link, welcome) = self.join_as(&[], hello);
        let stored = welcome.snapshot?;
        let text = self.peer(link).state();
        self.lose(link);
        Some((stored.version, text))
    }
}

impl Peer {
    /// The version that this save got.
    pub(crate) fn version(&self, id: u32) -> Option<u64> {
        self.frames.iter().find_map(|frame| match frame {
            Frame::Saved(saved) if saved.id == id => Some(saved.version),
            _ => None,
        })
    }

    /// Answers to saves: which, and why not, if not.
    pub(crate) fn answers(&self) -> Vec<(u32, Option<SaveRefusal>)> {
        let answers = self.frames.iter().filter_map(|frame| match frame {
            Frame::Saved(saved) => Some((saved.id, None)),
            Frame::Unsaved(unsaved) => Some((unsaved.id, Some(unsaved.reason))),
            _ => None,
        });
        answers.collect()
    }

    /// The last refusal.
    pub(crate) fn unsaved(&self) -> Option<Unsaved> {
        self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Unsaved(unsaved) => Some(*unsaved),
            _ => None,
        })
    }

    /// The state that came behind the welcome.
    pub(crate) fn state(&self) -> String {
        let parts = self.frames.iter().filter_map(|frame| match frame {
            Frame::Part(text) => Some(text.as_str()),
            _ => None,
        });
        parts.collect()
    }
}
