//! What is true: every message, where it is stored, who was given it; and what must hold of it.
//!
//! It believes nobody. What is stored it learns when the disk has synced, from the requests and
//! the replies themselves; what was handed over, from the listeners and the handler.

mod down;
mod end;
mod kept;
mod rows;
mod saved;
mod up;

pub(crate) use saved::{Positions, Slot};
pub(crate) use up::text_of;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use steadfast_engine::Priority;
use steadfast_sessions::store::StreamStart;

use crate::browser::Name;
use crate::plan::Kind;

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its name: D (delivery), S (state) or L (liveness), and a number.
    pub rule: &'static str,
    /// How.
    pub what: String,
}

impl Broken {
    pub(crate) fn new(rule: &'static str, what: impl Into<String>) -> Self {
        Self {
            rule,
            what: what.into(),
        }
    }
}

impl Display for Broken {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

/// Every message and its fate.
#[derive(Debug, Default)]
pub struct Ledger {
    ups: Vec<Up>,
    downs: Vec<Down>,
    /// By memory and lane: the messages that are stored, by number.
    memories: BTreeMap<(String, u8), BTreeMap<u64, usize>>,
    sessions: BTreeMap<String, Session>,
    /// Outboxes and rooms.
    streams: BTreeMap<String, Stream>,
    pages: Vec<Reader>,
    /// The message of each name.
    names: BTreeMap<Name, usize>,
    origins: BTreeMap<Arc<str>, kept::Origin>,
    /// Browsers whose storage does not do what it should.
    troubled: BTreeSet<usize>,
    /// By memory and lane, and by tab, user and lane: the last message that was stored.
    lanes: BTreeMap<(String, u8), usize>,
    tabs: BTreeMap<(usize, String, u8), usize>,
    /// Tokens of synced claims.
    tokens: BTreeSet<String>,
    /// States that were saved, by version.
    saves: BTreeMap<Slot, BTreeMap<u64, String>>,
    /// The last version of each, and the positions that it was saved with.
    positions: BTreeMap<Slot, (u64, Positions)>,
    /// When they are forgotten, in milliseconds of the server's clock.
    expires: BTreeMap<Slot, u64>,
    /// Sessions whose outbox has no room for what their handler answers.
    full: BTreeSet<String>,
    /// Clients whose tab was copied.
    copied: BTreeSet<usize>,
}

/// A message from a client.
#[derive(Debug)]
pub(crate) struct Up {
    pub(crate) page: usize,
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// Its lane; volatile ones have no order.
    lane: Option<u8>,
    /// The page that has it now.
    holder: Option<usize>,
    /// Its name, once it has one.
    name: Option<Name>,
    /// The tab of the page that has given it to a link last.
    carrier: usize,
    /// Its drop is void: storage may have it again.
    back: bool,
    /// A disk that went back in time had it.
    set_back: bool,
    /// Nobody knows whose it was.
    anybodys: bool,
    end: Option<End>,
    stored: Option<(String, String, u64)>,
    handled: bool,
    committed: bool,
    dead: bool,
    /// What was made of it, by kind of row.
    made: [Made; 5],
}

/// What a row is to its message.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    stored: bool,
    refused: bool,
    seen: bool,
}

/// What became of a message, as its sender was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Acknowledged,
    Dropped {
        certain: bool,
    },
    Refused,
    /// Its page is gone.
    Orphaned,
}

/// A message that the server's application sends unasked.
#[derive(Debug)]
struct Down {
    session: String,
    accepted: bool,
    stored: bool,
    seen: bool,
}

/// A session's inbox.
#[derive(Debug, Default)]
struct Session {
    /// The messages that its handler was given, in order.
    handed: Vec<usize>,
    /// How many of them are committed.
    cursor: u64,
    /// How many of them a dead process may have committed behind the back of a living one.
    straggled: u64,
    /// How many are stored.
    stored: u64,
    /// Where it began to be sent a stream: epoch and number.
    starts: BTreeMap<String, (u32, u64)>,
    /// The last number that a listener of any of its pages was done with, by stream.
    given: BTreeMap<String, (u32, u64)>,
    /// Streams of which a page was told that something is missing.
    gaps: BTreeSet<String>,
}

/// A log of rows.
#[derive(Debug, Default)]
struct Stream {
    rows: BTreeMap<(u32, u64), String>,
    last: (u32, u64),
}

/// What a page was given.
#[derive(Debug, Default)]
struct Reader {
    user: String,
    /// The session that it was given something of last.
    session: String,
    /// By stream, as the ledger names it: where it stands.
    places: BTreeMap<String, Place>,
    /// The session and the stream of a message that its listener is not done with.
    in_hand: Option<(String, String)>,
    /// Volatile messages it was given.
    volatile: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Epoch and number of the last message; `None` before the first.
    at: Option<(u32, u64)>,
    /// What it was told is missing since then.
    gap: Gap,
    acknowledged: (u32, u64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gap {
    #[default]
    None,
    Of(u64),
    Unknown,
}

/// Kinds of rows: echoes, publications, carried and volatile ones, and publications to the other room.
const LETTERS: [char; 5] = ['e', 'r', 'c', 'v', 'p'];

impl Session {
    /// It is sent a stream after this place, unless that is known.
    fn start(&mut self, name: String, after: (u32, u64)) {
        let known = self.starts.entry(name).or_insert(after);
        if known.0 != after.0 {
            *known = after;
        }
    }
}

impl Stream {
    /// Somebody is sent it from here on; a room that was forgotten is a new log.
    fn begin(&mut self, start: &StreamStart) {
        if self.last.0 != start.epoch {
            self.last = (start.epoch, start.last);
        }
    }
}

impl Ledger {
    /// An application sends: the message that it makes, and its number.
    pub(crate) fn accepts(
        &mut self,
        page: usize,
        kind: Kind,
        bytes: usize,
        bits: u64,
        priority: Priority,
        volatile: bool,
    ) -> usize {
        let id = self.ups.len();
        let mut text = String::with_capacity(bytes + 16);
        if bits >> 3 & 15 == 0 {
            text.push('\u{10}');
        }
        text.push_str(&format!("U{id}|"));
        let filler = ['x', '\u{e9}', '\u{1f600}', '\u{10}'][(bits >> 40 & 3) as usize];
        while text.len() < bytes {
            text.push(filler);
        }
        self.ups.push(Up {
            page,
            kind,
            text,
            lane: (!volatile).then_some(priority as u8),
            holder: Some(page),
            name: None,
            carrier: usize::MAX,
            back: false,
            set_back: false,
            anybodys: false,
            end: None,
            stored: None,
            handled: false,
            committed: false,
            dead: false,
            made: Default::default(),
        });
        id
    }

    pub(crate) fn up(&self, id: usize) -> &Up {
        &self.ups[id]
    }

    /// How many messages were handled.
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.ups.iter().filter(|up| up.handled).count() as u64
    }

    /// The server's application sends to `session` unasked: the text.
    pub(crate) fn sends(&mut self, session: &str) -> (usize, String) {
        let id = self.downs.len();
        self.downs.push(Down {
            session: session.to_owned(),
            accepted: false,
            stored: false,
            seen: false,
        });
        (id, format!("s{id}|"))
    }

    pub(crate) fn copies(&mut self, client: usize) {
        self.copied.insert(client);
    }

    pub(crate) fn was_copied(&self, client: usize) -> bool {
        self.copied.contains(&client)
    }

    pub(crate) fn page_opens(&mut self, page: usize, user: &str) {
        debug_assert_eq!(page, self.pages.len());
        self.pages.push(Reader {
            user: user.to_owned(),
            ..Reader::default()
        });
    }
}

/// The text of the row that is made of a message.
pub(crate) fn made_of(text: &str, letter: char) -> String {
    text.replacen('U', letter.encode_utf8(&mut [0; 4]), 1)
}

/// The kind of a message and its number.
pub(crate) fn parse(text: &str) -> Option<(char, usize)> {
    let text = text.strip_prefix('\u{10}').unwrap_or(text);
    let letter = text.chars().next()?;
    let (number, _) = text[letter.len_utf8()..].split_once('|')?;
    Some((letter, number.parse().ok()?))
}

fn place_of(letter: char) -> Option<usize> {
    LETTERS.iter().position(|other| *other == letter)
}

/// The name of a stream: `""` is the session's own.
pub(crate) fn stream_name(session: &str, stream: &str) -> String {
    if stream.is_empty() {
        format!("outbox of {session}")
    } else {
        format!("room {stream}")
    }
}
