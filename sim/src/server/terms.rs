//! Who has which session and memory, as the store has said: what it does for another one is a mistake.

use std::collections::BTreeMap;

use steadfast_sessions::store::{Claimed, Memory, Reply, Request, Term};

use crate::ledger::Broken;

/// Owners, as of the last request that was carried out.
#[derive(Debug, Default)]
pub(super) struct Terms {
    sessions: BTreeMap<String, Term>,
    /// The term of each memory, and its birth mark.
    memories: BTreeMap<String, (Term, u64)>,
}

impl Terms {
    /// A request was carried out.
    pub(super) fn learn(
        &mut self,
        request: &Request,
        reply: &Reply,
        has_written: bool,
    ) -> Result<(), Broken> {
        match (request, reply) {
            (Request::Claim(_), Reply::Claimed(Claimed::Accepted(accepted))) => {
                let session = accepted.session.to_string();
                self.sessions.insert(session, accepted.term);
                let mut memories = accepted.memories.iter();
                memories.try_for_each(|memory| self.claimed(memory))
            }
            (_, Reply::Adopted(Some(memory))) => self.claimed(memory),
            (Request::Forget { memory, term }, _) => match self.memories.get(&**memory) {
                Some((known, _)) if known != term && has_written => {
                    let what = format!("{memory} is forgotten for who had it");
                    Err(Broken::new("D8", what))
                }
                Some((known, _)) if known == term => {
                    self.memories.remove(&**memory);
                    Ok(())
                }
                _ => Ok(()),
            },
            (Request::Read { session, term, .. }, Reply::Rows { .. }) => {
                let owner = self.sessions.get(&**session);
                match owner.filter(|owner| *owner != term) {
                    Some(_) => Err(Broken::new(
                        "D8",
                        format!("{session} is read by who had it"),
                    )),
                    None => Ok(()),
                }
            }
            (Request::Append(append), Reply::Appended(_)) => {
                let is_anothers = |(memory, term): &&(std::sync::Arc<str>, Term)| {
                    let known = self.memories.get(&**memory);
                    let is_used = append.messages.iter().any(|it| it.memory == *memory);
                    is_used && known.is_some_and(|(known, _)| known != term)
                };
                match append.memories.iter().find(is_anothers) {
                    Some((memory, _)) => Err(Broken::new(
                        "D8",
                        format!("{memory} is stored by who had it"),
                    )),
                    None => Ok(()),
                }
            }
            // It may have forgotten any memory.
            (Request::Expire { .. }, _) => {
                self.memories.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn claimed(&mut self, memory: &Memory) -> Result<(), Broken> {
        let now = (memory.term, memory.birth);
        let before = self.memories.insert(memory.name.to_string(), now);
        match before.filter(|(_, birth)| *birth != memory.birth) {
            Some(_) => {
                let what = format!("memory {} was forgotten, and somebody has it", memory.name);
                Err(Broken::new("D2", what))
            }
            None => Ok(()),
        }
    }

    /// The power was cut: some of it is not so.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
