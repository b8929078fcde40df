//! The state of a page's application: a fold over the messages that it was given, and what its user
//! has typed.

use std::collections::BTreeMap;

use steadfast_protocol::fnv1a32;

/// The state. Each stream has the ranges of numbers that are folded in, by epoch, and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// By stream as the ledger names it.
    pub(crate) folds: BTreeMap<String, Fold>,
    pub(crate) note: String,
}

/// What came of one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fold {
    /// Epoch, first and last number.
    pub(crate) ranges: Vec<(u32, u64, u64)>,
    pub(crate) sum: u32,
}

impl Fold {
    /// The message of this number is folded in.
    pub(crate) fn add(&mut self, epoch: u32, number: u64, text: &str) {
        match self.ranges.last_mut() {
            Some((last_epoch, _, last)) if *last_epoch == epoch && *last + 1 == number => {
                *last = number;
            }
            _ => self.ranges.push((epoch, number, number)),
        }
        self.sum = self.sum.wrapping_add(weight(number, text));
    }

    /// How far it has come.
    pub(crate) fn last(&self) -> Option<(u32, u64)> {
        self.ranges.last().map(|(epoch, _, last)| (*epoch, *last))
    }
}

impl State {
    /// Its JSON.
    pub(crate) fn text(&self) -> String {
        let folds: serde_json::Map<String, serde_json::Value> = self
            .folds
            .iter()
            .map(|(name, fold)| (name.clone(), serde_json::json!([fold.ranges, fold.sum])))
            .collect();
        serde_json::json!({ "folds": folds, "note": self.note }).to_string()
    }

    /// What was written as this JSON.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        let mut state = Self {
            note: value.get("note")?.as_str()?.to_owned(),
            ..Self::default()
        };
        for (name, fold) in value.get("folds")?.as_object()? {
            let mut read = Fold {
                sum: u32::try_from(fold.get(1)?.as_u64()?).ok()?,
                ranges: Vec::new(),
            };
            for range in fold.get(0)?.as_array()? {
                let number = |place: usize| range.get(place)?.as_u64();
                let epoch = u32::try_from(number(0)?).ok()?;
                read.ranges.push((epoch, number(1)?, number(2)?));
            }
            state.folds.insert(name.clone(), read);
        }
        Some(state)
    }
}

/// What a message adds to the sum.
pub(crate) fn weight(number: u64, text: &str) -> u32 {
    fnv1a32(text.as_bytes()).wrapping_mul(number as u32 | 1)
}
