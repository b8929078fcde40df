//! An outbox or a room as a log: messages are added at its end and forgotten from its beginning.

use super::record::{self, Gone, Log, Sent};
use super::rows::Rows;
use super::{Reply, Row, StoreError, StreamStart, key};
use crate::Payload;

/// Whose log.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// A session's outbox.
    Outbox(&'a str),
    /// A room.
    Room(&'a str),
}

impl Place<'_> {
    fn key(self, number: u64) -> Vec<u8> {
        match self {
            Self::Outbox(id) => key::outbox(id, number),
            Self::Room(room) => key::message(room, number),
        }
    }
}

impl Log {
    pub(super) const fn new(epoch: u32) -> Self {
        Self {
            epoch,
            first: 1,
            last: 0,
            bytes: 0,
            gone: Gone::Acknowledged,
        }
    }

    /// Messages that it keeps.
    pub(super) const fn len(&self) -> u64 {
        self.last + 1 - self.first
    }

    /// Where it goes on for a client that holds `position`.
    pub(super) fn start(
        &self,
        stream: &str,
        acknowledged: u64,
        position: Option<(u32, u64)>,
    ) -> StreamStart {
        let floor = acknowledged.max(self.first - 1);
        let held = match position {
            None => Some(acknowledged),
            Some((epoch, number)) => (epoch == self.epoch && number <= self.last).then_some(number),
        };
        let (after, gap) = match held {
            Some(held) if held >= floor => (held, None),
            Some(_) if floor > acknowledged => (floor, Some(self.gone.reason())),
            Some(_) => (floor, Some(Gone::Acknowledged.reason())),
            None => (floor, Some("epoch".to_owned())),
        };
        StreamStart {
            stream: stream.to_owned(),
            epoch: self.epoch,
            after,
            last: self.last,
            gap,
        }
    }

    /// Adds a message.
    pub(super) fn push(
        &mut self,
        rows: &mut impl Rows,
        place: Place<'_>,
        payload: &Payload,
        at_ms: u64,
    ) -> Result<Row, StoreError> {
        let number = self.last + 1;
        record::save_message(rows, &place.key(number), &Sent { at_ms }, payload)?;
        self.last = number;
        self.bytes += payload.len() as u64;
        Ok(Row {
            number,
            payload: payload.clone(),
        })
    }

    /// Forgets everything up to `number`; says how many messages that were.
    pub(super) fn forget(
        &mut self,
        rows: &mut impl Rows,
        place: Place<'_>,
        number: u64,
        why: Gone,
    ) -> Result<u64, StoreError> {
        let number = number.min(self.last);
        let mut bytes = 0;
        let mut keys = Vec::new();
        rows.scan(
            &place.key(self.first),
            &place.key(number + 1),
            &mut |key, value| {
                // What cannot be read is gone all the same; the sum is right again with the last row.
                bytes += record::message::<Sent>(key, value)
                    .map_or(0, |(_, payload)| payload.len() as u64);
                keys.push(key.to_vec());
                Ok(true)
            },
        )?;
        for key in &keys {
            rows.delete(key)?;
        }
        let forgotten = (number + 1).saturating_sub(self.first);
        if forgotten > 0 {
            self.first = number + 1;
            self.gone = why;
            self.bytes = if self.len() == 0 {
                0
            } else {
                self.bytes.saturating_sub(bytes)
            };
        }
        Ok(forgotten)
    }

    /// Forgets the oldest until one more of `bytes` fits.
    pub(super) fn make_room(
        &mut self,
        rows: &mut impl Rows,
        place: Place<'_>,
        bytes: usize,
        (max_messages, max_bytes): (u32, u32),
    ) -> Result<(), StoreError> {
        while self.len() > 0 && !self.fits(bytes, (max_messages, max_bytes)) {
            self.forget(rows, place, self.first, Gone::Overflow)?;
        }
        Ok(())
    }

    /// Whether one more of `bytes` fits.
    pub(super) fn fits(&self, bytes: usize, (max_messages, max_bytes): (u32, u32)) -> bool {
        self.len() < u64::from(max_messages) && self.bytes + bytes as u64 <= u64::from(max_bytes)
    }

    /// The messages after `after`. One that cannot be read is a hole.
    pub(super) fn read(
        &self,
        rows: &impl Rows,
        place: Place<'_>,
        after: u64,
        (max_messages, max_bytes): (u32, u32),
    ) -> Result<Reply, StoreError> {
        let mut found: Vec<Row> = Vec::new();
        let mut bytes = 0;
        let from = self.first.max(after.saturating_add(1));
        rows.scan(
            &place.key(from),
            &place.key(self.last + 1),
            &mut |key, value| {
                let message = record::message::<Sent>(key, value).ok();
                let (Some(number), Some((_, payload))) = (key::number(key), message) else {
                    return Ok(true);
                };
                let hole = found.last().is_some_and(|row| row.number + 1 != number);
                bytes += payload.len() as u64;
                let full = found.len() >= max_messages as usize || bytes > u64::from(max_bytes);
                if hole || (full && !found.is_empty()) {
                    return Ok(false);
                }
                found.push(Row { number, payload });
                Ok(true)
            },
        )?;
        let next = found.first().map_or(self.last + 1, |row| row.number);
        let missing = if next > from {
            Some("corrupt".to_owned())
        } else {
            (from > after.saturating_add(1)).then(|| self.gone.reason())
        };
        Ok(Reply::Rows {
            epoch: self.epoch,
            rows: found,
            last: self.last,
            missing,
        })
    }
}

/// Takes out every row from `from` on, below `to`, at most `max`; says how many.
pub(super) fn clear(
    rows: &mut impl Rows,
    from: &[u8],
    to: &[u8],
    max: u64,
) -> Result<u64, StoreError> {
    let mut keys = Vec::new();
    rows.scan(from, to, &mut |key, _| {
        if keys.len() as u64 >= max {
            return Ok(false);
        }
        keys.push(key.to_vec());
        Ok(true)
    })?;
    for key in &keys {
        rows.delete(key)?;
    }
    Ok(keys.len() as u64)
}
