//! What a page's shell calls by other names than its engine: memories and users.

use std::collections::BTreeMap;
use std::sync::Arc;

use steadfast_engine::{MEMORY_FOUND, ORPHANS};

use crate::dice::Dice;

/// Names and numbers.
#[derive(Debug, Default)]
pub(crate) struct Names {
    names: BTreeMap<u32, Arc<str>>,
    numbers: BTreeMap<Arc<str>, u32>,
    found: u32,
    users: Vec<String>,
    /// Birth marks of memories, as the server or storage has told them.
    pub(super) births: BTreeMap<Arc<str>, String>,
}

impl Names {
    /// The name of a memory, and whether it is a new one.
    pub(super) fn of(&mut self, memory: u32, dice: &mut Dice) -> (Arc<str>, bool) {
        if let Some(name) = self.known(memory) {
            return (name, false);
        }
        let name: Arc<str> = Arc::from(super::instance(dice));
        self.names.insert(memory, name.clone());
        self.numbers.insert(name.clone(), memory);
        (name, true)
    }

    /// The name of a memory that has one.
    pub(super) fn known(&self, memory: u32) -> Option<Arc<str>> {
        if memory == ORPHANS {
            return Some(Arc::from("orphans"));
        }
        self.names.get(&memory).cloned()
    }

    /// The number of a memory that was found.
    pub(super) fn number(&mut self, name: &Arc<str>) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = MEMORY_FOUND + self.found;
        self.found += 1;
        self.names.insert(number, name.clone());
        self.numbers.insert(name.clone(), number);
        number
    }

    /// The number of a memory that is known here.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The number of a user.
    pub(super) fn user(&mut self, name: &str) -> u32 {
        let known = self.users.iter().position(|user| user == name);
        let place = known.unwrap_or_else(|| {
            self.users.push(name.to_owned());
            self.users.len() - 1
        });
        place as u32 + 1
    }
}
