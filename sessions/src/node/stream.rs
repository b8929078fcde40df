//! One downward stream on one link.

use std::collections::VecDeque;

use crate::planted::{self, Bug};
use crate::store::{Row, StreamStart};

/// Rows kept in memory for one stream of one link; the others are read when their turn comes.
const READY: usize = 1_024;
const READY_BYTES: usize = 256 << 10;

/// The reason of the first `from` of a room: nothing is missing. Any other reason goes before it.
const JOINED: &str = "joined";

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) epoch: u32,
    /// The number of the last message given to the link, or that sending goes on after.
    pub(super) sent: u64,
    /// The last row that was in memory.
    loaded: u64,
    /// The last row that is known of.
    last: u64,
    /// There may be rows that are not known of.
    dirty: bool,
    reading: bool,
    ready: VecDeque<Ready>,
    ready_bytes: usize,
    /// Numbers and bytes of what was sent and is not acknowledged.
    in_flight: VecDeque<(u64, u32)>,
    in_flight_bytes: u64,
    /// The highest acknowledgement on this link.
    acknowledged: u64,
    /// Why messages are missing after `sent`, to be said before the next one.
    hole: Option<String>,
}

/// A row, and why those before it are missing.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) row: Row,
    pub(super) hole: Option<String>,
}

impl Stream {
    /// `joined`: the client has no position on it. `dirty`: there may be more than `start` says.
    pub(super) fn new(start: &StreamStart, joined: bool, dirty: bool) -> Self {
        let joined = joined.then(|| JOINED.to_owned());
        Self {
            epoch: start.epoch,
            sent: start.after,
            loaded: start.after,
            last: start.last,
            dirty,
            reading: false,
            ready: VecDeque::new(),
            ready_bytes: 0,
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            acknowledged: 0,
            hole: start.gap.clone().or(joined),
        }
    }

    /// A row was stored.
    pub(super) fn add(&mut self, epoch: u32, row: &Row) {
        if epoch != self.epoch {
            self.dirty = true;
            return;
        }
        self.last = self.last.max(row.number);
        let room = self.ready.len() < READY && self.ready_bytes < READY_BYTES;
        if row.number == self.loaded + 1 && room {
            self.load(row.clone(), None);
        }
    }

    /// Something may have been stored.
    pub(super) const fn soil(&mut self) {
        self.dirty = true;
    }

    /// Whether rows are to be read before anything more can be sent.
    pub(super) fn wants_rows(&self) -> bool {
        !self.reading && self.ready.is_empty() && (self.loaded < self.last || self.dirty)
    }

    /// A read begins: after which number.
    pub(super) const fn begin_read(&mut self) -> u64 {
        self.reading = true;
        self.dirty = false;
        self.loaded
    }

    pub(super) fn take_rows(
        &mut self,
        epoch: u32,
        rows: Vec<Row>,
        last: u64,
        missing: Option<String>,
    ) {
        if !self.reading {
            return;
        }
        self.reading = false;
        if epoch != self.epoch {
            return self.begin_anew(epoch, last);
        }
        self.last = self.last.max(last);
        let missing = missing.unwrap_or_else(|| "expired".to_owned());
        if rows.is_empty() && last > self.loaded {
            if self.ready.is_empty() {
                if self.hole.as_deref().is_none_or(|hole| hole == JOINED) {
                    self.hole = Some(missing);
                }
                self.sent = last;
                self.loaded = last;
            } else {
                self.dirty = true;
            }
            return;
        }
        for row in rows {
            let hole = (row.number > self.loaded + 1).then(|| missing.clone());
            if row.number > self.loaded {
                self.load(row, hole);
            }
        }
    }

    /// The next message, if it is in memory.
    pub(super) fn next(&self) -> Option<&Ready> {
        self.ready.front()
    }

    /// Why the next message does not follow the last one, to be said now.
    pub(super) fn hole(&self) -> Option<&str> {
        match self.ready.front() {
            Some(Ready { hole, .. }) => match &self.hole {
                Some(own) if own != JOINED || hole.is_none() => Some(own),
                _ => hole.as_deref(),
            },
            None if self.dirty || self.reading => None,
            None => self.hole.as_deref(),
        }
    }

    /// The hole has been told of.
    pub(super) fn close_hole(&mut self) {
        self.hole = None;
    }

    /// Gives the next message out: it is in flight now.
    pub(super) fn send(&mut self) -> Option<Row> {
        let Ready { row, .. } = self.ready.pop_front()?;
        let bytes = row.payload.len();
        self.ready_bytes -= bytes;
        self.sent = row.number;
        self.hole = None;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.in_flight.push_back((row.number, bytes));
        self.in_flight_bytes += u64::from(bytes);
        Some(row)
    }

    /// Whether this number was not sent.
    pub(super) fn is_ahead(&self, number: u64) -> bool {
        number > self.sent && !planted::is(Bug::DownwardNumberAtHandover)
    }

    /// The client has everything up to `number`. Whether that is news.
    pub(super) fn acknowledge(&mut self, number: u64) -> bool {
        while let Some((_, bytes)) = self.in_flight.front().filter(|(sent, _)| *sent <= number) {
            self.in_flight_bytes -= u64::from(*bytes);
            self.in_flight.pop_front();
        }
        let news = number > self.acknowledged;
        self.acknowledged = self.acknowledged.max(number);
        news
    }

    /// Messages in flight, and their bytes.
    pub(super) fn in_flight(&self) -> (usize, u64) {
        (self.in_flight.len(), self.in_flight_bytes)
    }

    fn load(&mut self, row: Row, hole: Option<String>) {
        self.loaded = row.number;
        self.ready_bytes += row.payload.len();
        self.ready.push_back(Ready { row, hole });
    }

    /// The log was lost and made anew.
    fn begin_anew(&mut self, epoch: u32, last: u64) {
        self.epoch = epoch;
        self.sent = 0;
        self.loaded = 0;
        self.acknowledged = 0;
        self.last = last;
        self.dirty = true;
        self.ready.clear();
        self.ready_bytes = 0;
        self.in_flight.clear();
        self.in_flight_bytes = 0;
        self.hole = Some("epoch".to_owned());
    }
}
