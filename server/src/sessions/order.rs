//! What a page asks for over HTTP, and what that means to the store.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use steadfast_protocol::fnv1a32;
use steadfast_protocol::frame::{is_id, is_key, is_room};
use steadfast_protocol::limits::{LAST_NUMBER, STREAMS};
use steadfast_sessions::io::SessionId;
use steadfast_sessions::store::{Content, Load, Save, Slot, SnapshotLimits};
use thiserror::Error;

/// The body of `POST …/save`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SaveOrder {
    session_id: Option<String>,
    key: Option<String>,
    token: Option<String>,
    /// A page with a session says it in any case.
    term: Option<String>,
    base: u64,
    /// Null is a state like any other.
    #[serde(default, deserialize_with = "present")]
    data: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "present")]
    delta: Option<Box<RawValue>>,
    bytes: Option<u32>,
    check: Option<u32>,
    positions: Option<BTreeMap<String, (u32, u64)>>,
}

/// The body of `POST …/restore`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestoreOrder {
    session_id: Option<String>,
    key: Option<String>,
    token: Option<String>,
}

/// Which snapshot is meant, and how an answer names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(super) enum Place {
    /// The checkpoint of a session.
    Session {
        session_id: SessionId,
        #[serde(skip)]
        token: String,
    },
    /// What a page keeps under an id that it drew itself.
    Page { session_id: SessionId },
    /// A document of the user.
    Document { key: String },
}

/// Why a body means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum InvalidOrder {
    #[error("give either a sessionId or a key")]
    Name,
    #[error("the field {0} has a value that it cannot have")]
    Field(&'static str),
    #[error("give either data or a delta")]
    Content,
    #[error("give bytes and check, unless you give data")]
    Length,
    #[error("the checkpoint of a session needs its token and its term")]
    Term,
    #[error("only the checkpoint of a session has a token and positions")]
    NoSession,
}

impl SaveOrder {
    /// Where to save, and what.
    pub(super) fn for_user(
        mut self,
        user: &str,
        limits: SnapshotLimits,
        wall_ms: u64,
    ) -> Result<(Place, Save), InvalidOrder> {
        let positions = self.positions.take().unwrap_or_default();
        good("positions", are_positions(&positions))?;
        let place = Place::of(self.session_id.take(), self.key.take(), self.token.take())?;
        let slot = slot(&place, user, self.term.take(), positions.is_empty())?;
        let (bytes, check) = self.measure()?;
        let base = self.base;
        let content = self.content(&place, bytes)?;
        let first = base == 0 && matches!(content, Content::Data(_));
        good("base", first || (1..=LAST_NUMBER).contains(&base))?;
        let positions = positions.into_iter();
        let save = Save {
            slot,
            base,
            content,
            bytes,
            check,
            positions: positions
                .map(|(name, (epoch, number))| (name, epoch, number))
                .collect(),
            limits,
            wall_ms,
        };
        Ok((place, save))
    }

    /// The length and the check of the text.
    fn measure(&self) -> Result<(u32, u32), InvalidOrder> {
        match (self.bytes, self.check, &self.data) {
            (Some(bytes), Some(check), _) => {
                good("bytes", bytes > 0)?;
                Ok((bytes, check))
            }
            (.., Some(data)) => {
                let text = data.get();
                let bytes = u32::try_from(text.len()).map_err(|_| InvalidOrder::Length)?;
                Ok((bytes, fnv1a32(text.as_bytes())))
            }
            _ => Err(InvalidOrder::Length),
        }
    }

    fn content(self, place: &Place, bytes: u32) -> Result<Content, InvalidOrder> {
        let text = |raw: Box<RawValue>| String::from(Box::<str>::from(raw));
        match (self.data, self.delta, place) {
            (Some(data), None, _) => Ok(Content::Data(text(data))),
            // All of the base: only the positions of a checkpoint move.
            (None, Some(delta), Place::Session { .. }) if delta.get() == format!("[0,{bytes}]") => {
                Ok(Content::Same)
            }
            (None, Some(delta), _) => Ok(Content::Delta(text(delta))),
            _ => Err(InvalidOrder::Content),
        }
    }
}

fn slot(
    place: &Place,
    user: &str,
    term: Option<String>,
    unpositioned: bool,
) -> Result<Slot, InvalidOrder> {
    let Place::Session { session_id, .. } = place else {
        if !unpositioned {
            return Err(InvalidOrder::NoSession);
        }
        let (user, key) = place.document(user);
        return Ok(Slot::Document { user, key });
    };
    let term = term.ok_or(InvalidOrder::Term)?;
    Ok(Slot::Checkpoint {
        session: SessionId::clone(session_id),
        term: term.parse().map_err(|_| InvalidOrder::Field("term"))?,
    })
}

impl RestoreOrder {
    /// Where to look.
    pub(super) fn place(self) -> Result<Place, InvalidOrder> {
        Place::of(self.session_id, self.key, self.token)
    }
}

impl Place {
    fn of(
        session_id: Option<String>,
        key: Option<String>,
        token: Option<String>,
    ) -> Result<Self, InvalidOrder> {
        match (session_id, key, token) {
            (Some(id), None, token) => {
                good("sessionId", is_id(&id))?;
                good("token", token.as_deref().is_none_or(is_id))?;
                let session_id = id.into();
                Ok(match token {
                    Some(token) => Self::Session { session_id, token },
                    None => Self::Page { session_id },
                })
            }
            (None, Some(key), None) => {
                good("key", is_key(&key))?;
                Ok(Self::Document { key })
            }
            (None, Some(_), Some(_)) => Err(InvalidOrder::NoSession),
            _ => Err(InvalidOrder::Name),
        }
    }

    /// How the store is asked for it.
    pub(super) fn load(&self, user: &str) -> Load {
        if let Self::Session { session_id, token } = self {
            return Load::Checkpoint {
                session: SessionId::clone(session_id),
                user: user.to_owned(),
                token: token.clone(),
            };
        }
        let (user, key) = self.document(user);
        Load::Document { user, key }
    }

    /// The user and the key under which the store has it. A page's own stands among nobody's
    /// documents: no key is empty, and no id has a zero byte.
    fn document(&self, user: &str) -> (String, String) {
        match self {
            Self::Document { key } => (user.to_owned(), key.clone()),
            Self::Page { session_id } | Self::Session { session_id, .. } => {
                (format!("{user}\0{session_id}"), String::new())
            }
        }
    }
}

fn good(field: &'static str, good: bool) -> Result<(), InvalidOrder> {
    if good {
        Ok(())
    } else {
        Err(InvalidOrder::Field(field))
    }
}

fn are_positions(positions: &BTreeMap<String, (u32, u64)>) -> bool {
    let good = |(stream, (_, number)): (&String, &(u32, u64))| {
        (stream.is_empty() || is_room(stream)) && *number <= LAST_NUMBER
    };
    positions.len() <= STREAMS && positions.iter().all(good)
}

/// A field that is there, also when it is null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}
