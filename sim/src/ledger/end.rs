//! What must have come true in the end.

use std::collections::BTreeSet;

use super::{Broken, End, Gap, LETTERS, Ledger, stream_name};
use crate::plan::Kind;

impl Ledger {
    /// Whether everything that is stored for a session has reached this page, or its owner before.
    pub(crate) fn page_is_complete(&self, page: usize, session: Option<&str>) -> bool {
        session.is_some_and(|session| self.page_lacks(page, session).is_none())
    }

    /// A stream of which the page lacks something that it was not told is missing.
    pub(crate) fn page_lacks(&self, page: usize, session: &str) -> Option<String> {
        let it = self.sessions.get(session)?;
        let names = it.starts.keys().chain([]).cloned();
        names.chain([stream_name(session, "")]).find_map(|name| {
            let stream = self.streams.get(&name)?;
            let (epoch, last) = stream.last;
            let place = self.pages[page].places.get(&name);
            let here = place.and_then(|place| match (place.at, place.gap) {
                (_, Gap::Unknown) => Some(u64::MAX),
                (Some((at, number)), Gap::Of(missed)) if at == epoch => Some(number + missed),
                (None, Gap::Of(_)) => Some(u64::MAX),
                (Some((at, number)), Gap::None) if at == epoch => Some(number),
                _ => None,
            });
            let start = it.starts.get(&name).filter(|start| start.0 == epoch);
            let given = it.given.get(&name).filter(|given| given.0 == epoch);
            let before = start
                .into_iter()
                .chain(given)
                .map(|(_, number)| *number)
                .max();
            let at = here.unwrap_or(0).max(before.unwrap_or(0));
            (at < last).then(|| format!("the {name} has {last} messages, it was given {at}"))
        })
    }

    /// A session whose handler has still to do; in the end, when these sessions have pages, only one that does not wait.
    pub(crate) fn unhandled(&self, living: Option<&BTreeSet<String>>) -> Option<String> {
        let waits = |name: &String| living.is_some_and(|living| self.waits_for_room(name, living));
        self.sessions.iter().find_map(|(name, session)| {
            (session.cursor < session.stored && !waits(name)).then(|| {
                let (stored, cursor) = (session.stored, session.cursor);
                format!("{name}: {stored} messages are stored, {cursor} handled")
            })
        })
    }

    /// Whether no page has a session any more, and its outbox has no room for what the handler answers: that waits until
    /// the outbox expires. What is stored stays stored, and is handled then (H9).
    fn waits_for_room(&self, session: &String, living: &BTreeSet<String>) -> bool {
        self.full.contains(session) && !living.contains(session)
    }

    /// A commit for a session was refused for want of room in its outbox, or was not.
    pub(crate) fn has_room(&mut self, session: &str, has_room: bool) {
        if has_room {
            self.full.remove(session);
        } else {
            self.full.insert(session.to_owned());
        }
    }

    /// Everything has come right, or this has not. `owned` are the sessions that a living page has.
    pub(crate) fn judge(&self, living: &[(usize, String)]) -> Result<(), Broken> {
        for (id, up) in self.ups.iter().enumerate() {
            let waits = up.stored.as_ref().is_some_and(|(session, ..)| {
                let owners = living.iter().map(|(_, session)| session.clone()).collect();
                self.waits_for_room(session, &owners)
            });
            let is_owed = !up.committed && !up.back && !up.set_back && !waits;
            if up.end == Some(End::Acknowledged) && is_owed {
                let what = format!("message {id} was acknowledged and never handled");
                return Err(Broken::new("D1", what));
            }
            if !up.committed || up.dead {
                continue;
            }
            for (place, letter) in expected(up.kind) {
                let made = up.made[place];
                if !made.stored && !made.refused {
                    let what = format!("message {id} was handled, but its {letter} was not stored");
                    return Err(Broken::new("D1", what));
                }
            }
            let Some((session, ..)) = &up.stored else {
                continue;
            };
            let made = up.made[0];
            if made.stored && !made.seen && self.is_owned(session, living) {
                let what = format!("the echo of message {id} never came, and nobody was told");
                return Err(Broken::new("D1", what));
            }
        }
        for (id, down) in self.downs.iter().enumerate() {
            if down.accepted && !down.seen && self.is_owned(&down.session, living) {
                let what = format!(
                    "the server's message s{id} was accepted and never came, and nobody was told"
                );
                return Err(Broken::new("D1", what));
            }
        }
        Ok(())
    }

    /// Whether a living page has the session, and nobody was told of a gap in its outbox.
    fn is_owned(&self, session: &str, living: &[(usize, String)]) -> bool {
        let outbox = stream_name(session, "");
        let gap = self
            .sessions
            .get(session)
            .is_some_and(|session| session.gaps.contains(&outbox));
        !gap && living.iter().any(|(_, own)| own == session)
    }
}

/// What the handler makes of a message of this kind, as it can be checked for.
fn expected(kind: Kind) -> impl Iterator<Item = (usize, char)> {
    let wanted: &[usize] = match kind {
        Kind::Echo => &[0],
        Kind::Room => &[1],
        Kind::Carry => &[2],
        Kind::Both => &[0, 1],
        Kind::Side => &[4],
        Kind::Quiet | Kind::Join | Kind::Leave => &[],
    };
    wanted.iter().map(|place| (*place, LETTERS[*place]))
}
