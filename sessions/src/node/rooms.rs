//! Which links get what is published.

use std::collections::{BTreeMap, BTreeSet};

use crate::io::LinkId;

#[derive(Debug, Default)]
pub(super) struct Rooms {
    links: BTreeMap<String, BTreeSet<LinkId>>,
}

impl Rooms {
    pub(super) fn join(&mut self, room: &str, link: LinkId) {
        if !room.is_empty() {
            self.links.entry(room.to_owned()).or_default().insert(link);
        }
    }

    pub(super) fn leave(&mut self, room: &str, link: LinkId) {
        if let Some(links) = self.links.get_mut(room) {
            links.remove(&link);
            if links.is_empty() {
                self.links.remove(room);
            }
        }
    }

    /// Those in `room`, in the order of their opening.
    pub(super) fn members(&self, room: &str) -> Vec<LinkId> {
        let links = self.links.get(room);
        links.map_or_else(Vec::new, |links| links.iter().copied().collect())
    }
}
