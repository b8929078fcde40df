use alloc::collections::BTreeMap;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::null_is_absent;

/// What a client has and wants of its snapshot, in `hello`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WantedSnapshot {
    /// The document; none: the session's checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The version that the client has the text of; none: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The page begins: it wants the text, unless it has it.
    pub restore: bool,
}

/// The snapshot that is stored, in `welcome`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredSnapshot {
    /// Its version.
    pub version: u64,
    /// When it was saved, in milliseconds since 1970.
    pub saved_at: u64,
    /// The length of its text, in UTF-8 bytes.
    pub bytes: u32,
    /// [`fnv1a32`](crate::fnv1a32) of its text.
    pub check: u32,
    /// Whether its text comes next, in parts.
    pub follows: bool,
}

/// A snapshot to be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Save {
    /// For the answer.
    pub id: u32,
    /// As in [`WantedSnapshot`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The version that must be stored now; 0: none.
    pub base: u64,
    /// What the parts before this frame are.
    pub form: Form,
    /// The length of the snapshot's text, in UTF-8 bytes.
    pub bytes: u32,
    /// [`fnv1a32`](crate::fnv1a32) of the snapshot's text.
    pub check: u32,
    /// By stream: epoch, and the number of the last message whose effect is in the snapshot. Storing
    /// it acknowledges them.
    #[serde(
        default,
        deserialize_with = "null_is_absent",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub positions: BTreeMap<String, (u32, u64)>,
}

/// What the text in the parts is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// The snapshot.
    Data,
    /// What changed since the base: see [`delta`](crate::delta).
    Delta,
    /// There is none: the snapshot is its base, and the positions move.
    Same,
}

/// A snapshot is stored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    /// As in [`Save`].
    pub id: u32,
    /// Its version.
    pub version: u64,
    /// When it is forgotten, in milliseconds since 1970.
    pub expires_at: u64,
}

/// A snapshot is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unsaved {
    /// As in [`Save`].
    pub id: u32,
    /// Why.
    pub reason: SaveRefusal,
    /// The version that is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// Why a snapshot is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SaveRefusal {
    /// Another version than its base is stored.
    Stale,
    /// It is longer than a snapshot may be.
    TooLarge,
    /// There is no room for it.
    Quota,
    /// The text is not what length, check and base say.
    Mismatch,
    /// It could not be stored, and may be later. A reason that a later server gives is read as this one.
    #[serde(other)]
    Unavailable,
}
