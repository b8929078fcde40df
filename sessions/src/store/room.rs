//! Rooms and who is subscribed to them.

use steadfast_protocol::limits;

use super::record::{self, Head, Log, Room};
use super::rows::Rows;
use super::{StoreError, StreamStart, key, log};

/// Where the epoch of a log that may have to be made comes from.
#[derive(Clone, Copy)]
pub(super) struct Seed {
    pub(super) nonce: u64,
    pub(super) wall_ms: u64,
}

impl Seed {
    /// An epoch for the log of this name, which no earlier log of this name had.
    pub(super) fn epoch(self, name: &str) -> u32 {
        let mut hash = self.nonce ^ self.wall_ms.rotate_left(32);
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((hash >> 32) as u32).max(1)
    }
}

/// The room of this name; a new one when there is none, or none that can be read.
pub(super) fn open(rows: &mut impl Rows, name: &str, seed: Seed) -> Result<Room, StoreError> {
    match record::load(rows, &key::room(name)) {
        Ok(Some(room)) => return Ok(room),
        Ok(None) => {}
        Err(StoreError::Corrupt(_)) => {
            let (from, to) = (key::message(name, 0), key::message(name, u64::MAX));
            log::clear(rows, &from, &to, u64::MAX)?;
        }
        Err(error) => return Err(error),
    }
    let mut room = Room {
        log: Log::new(seed.epoch(name)),
        subscribers: 0,
        touched_ms: seed.wall_ms,
        listed_ms: None,
    };
    list(rows, name, &mut room, seed.wall_ms)?;
    Ok(room)
}

/// Puts a room into the list of those that are looked at, unless it stands there.
pub(super) fn list(
    rows: &mut impl Rows,
    name: &str,
    room: &mut Room,
    ms: u64,
) -> Result<(), StoreError> {
    if room.listed_ms.is_none() {
        rows.put(&key::listed(b'y', ms, name), &[])?;
        room.listed_ms = Some(ms);
    }
    Ok(())
}

/// Whether a session can be subscribed to one more room.
pub(super) fn has_place(head: &Head) -> bool {
    head.rooms.len() + 1 < limits::STREAMS
}

/// Subscribes a session to what comes in a room from here on. The caller saves both.
pub(super) fn subscribe(head: &mut Head, name: &str, room: &mut Room) -> StreamStart {
    let (epoch, last) = (room.log.epoch, room.log.last);
    head.rooms.insert(name.to_owned(), (epoch, last));
    room.subscribers = room.subscribers.saturating_add(1);
    StreamStart {
        stream: name.to_owned(),
        epoch,
        after: last,
        last,
        gap: None,
    }
}

/// Where a subscription goes on for a client that holds `position`. The caller saves both.
pub(super) fn resume(
    head: &mut Head,
    name: &str,
    room: &mut Room,
    (epoch, acknowledged): (u32, u64),
    position: Option<(u32, u64)>,
) -> StreamStart {
    if room.log.epoch == epoch {
        return room.log.start(name, acknowledged, position);
    }
    // The room was lost and made anew: all that it has is new to this session.
    let before = room.log.first - 1;
    head.rooms.insert(name.to_owned(), (room.log.epoch, before));
    room.subscribers = room.subscribers.saturating_add(1);
    let mut start = room.log.start(name, before, position);
    if position.is_none() {
        start.gap = Some("epoch".to_owned());
    }
    start
}

/// Says in a room that a session has left it, whose subscription is taken out already.
pub(super) fn leave(room: &mut Room, epoch: u32) {
    if room.log.epoch == epoch {
        room.subscribers = room.subscribers.saturating_sub(1);
    }
}

/// Takes a session out of all its rooms.
pub(super) fn leave_all(
    rows: &mut impl Rows,
    head: &mut Head,
    wall_ms: u64,
) -> Result<(), StoreError> {
    for (name, (epoch, _)) in std::mem::take(&mut head.rooms) {
        let mut room: Room = match record::load(rows, &key::room(&name)) {
            Ok(Some(room)) => room,
            // A room that cannot be read is made anew by the next who needs it.
            Ok(None) | Err(StoreError::Corrupt(_)) => continue,
            Err(error) => return Err(error),
        };
        leave(&mut room, epoch);
        if room.subscribers == 0 {
            room.touched_ms = wall_ms;
            list(rows, &name, &mut room, wall_ms)?;
        }
        record::save(rows, &key::room(&name), &room)?;
    }
    Ok(())
}
