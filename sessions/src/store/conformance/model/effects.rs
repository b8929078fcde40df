//! What handlers and others send.

use std::collections::BTreeMap;

use super::super::Subject;
use super::super::bench::{publish, refused, subscribe, texts, to, unsubscribe};
use super::state::Log;
use super::{NAMES, OUTBOX, ROOM, ROOMS, World};
use crate::io::{Effect, SendRefusal, Target};
use crate::store::{Committed, Refused};

impl<S: Subject> World<S> {
    fn effects(&mut self, name: &'static str, a: u8, b: u8) -> Vec<Effect> {
        let room = ROOMS[usize::from(b) % ROOMS.len()];
        let other = NAMES[usize::from(b) % NAMES.len()];
        let mut effects = Vec::new();
        for place in 0..a % 4 {
            let text = self.text();
            effects.push(match (a / 4 + place * (b / 8)) % 6 {
                0 | 1 => to(name, &text),
                2 => to(other, &text),
                3 => publish(room, &text),
                4 => subscribe(name, room),
                _ => unsubscribe(name, room),
            });
        }
        effects
    }

    pub(super) fn commit(&mut self, name: &'static str, a: u8, b: u8) {
        let effects = self.effects(name, a, b);
        let session = self.sessions.get_mut(name).expect("it is known");
        let after = session.cursor;
        let up_to =
            (after + 1 + usize::from(a / 64)).min(session.inbox.len() + usize::from(b == 0));
        let commit = self
            .bench
            .commit_of(name, after as u64, up_to as u64, &effects);
        let before = self.bench.store.rows();
        let result = self.bench.commit_all(commit.clone());
        let own =
            |effect: &&Effect| matches!(effect, Effect::Send { session, .. } if **session == *name);
        let left = OUTBOX - session.outbox.rows.len();
        if up_to > session.inbox.len() {
            assert_eq!(refused(result), Refused::Expected);
            return;
        }
        if up_to > after && effects.iter().filter(own).count() > left {
            assert_eq!(refused(result), Refused::Full);
            assert_eq!(self.bench.store.rows(), before);
            return;
        }
        let committed = result.expect("it is committed");
        assert_eq!(committed.repeated, up_to == after);
        if up_to > after {
            session.cursor = up_to;
            self.carry_out(&effects, &committed);
        }
        let rows = self.bench.store.rows();
        let again = self.bench.commit_all(commit).expect("it was committed");
        assert!(again.repeated && again.rows.is_empty());
        assert_eq!(self.bench.store.rows(), rows);
    }

    pub(super) fn send(&mut self, name: &'static str, a: u8, b: u8) {
        let effects = self.effects(name, a, b);
        let committed = self.bench.send(&effects);
        self.carry_out(&effects, &committed);
    }

    fn carry_out(&mut self, effects: &[Effect], committed: &Committed) {
        let mut rows = Vec::new();
        let mut refused = Vec::new();
        let wall_ms = self.bench.wall_ms;
        for (place, effect) in effects.iter().enumerate() {
            match effect {
                Effect::Send { session, payload } => match self.sessions.get_mut(&**session) {
                    None => refused.push((place, SendRefusal::Unknown)),
                    Some(to) if to.outbox.rows.len() >= OUTBOX => {
                        refused.push((place, SendRefusal::Full));
                    }
                    Some(to) => {
                        let number = to.outbox.push(&word(payload), wall_ms);
                        let target = Target::Session(session.clone());
                        rows.push((target, to.outbox.epoch, number, word(payload)));
                    }
                },
                Effect::Publish { room, payload } => {
                    let log = open_room(&mut self.rooms, room, committed);
                    if log.rows.len() >= ROOM {
                        log.drop_first(1, "overflow");
                    }
                    let number = log.push(&word(payload), wall_ms);
                    rows.push((Target::Room(room.clone()), log.epoch, number, word(payload)));
                }
                Effect::Subscribe { session, room } => {
                    let last = open_room(&mut self.rooms, room, committed).last;
                    match self.sessions.get_mut(&**session) {
                        None => refused.push((place, SendRefusal::Unknown)),
                        Some(to) => {
                            to.rooms.entry(known(room)).or_insert(last);
                        }
                    }
                }
                Effect::Unsubscribe { session, room } => match self.sessions.get_mut(&**session) {
                    None => refused.push((place, SendRefusal::Unknown)),
                    Some(to) => drop(to.rooms.remove(&**room)),
                },
                Effect::Volatile { .. } => {}
            }
        }
        let told = committed.rows.iter().map(|(target, epoch, row)| {
            (target.clone(), Some(*epoch), row.number, word(&row.payload))
        });
        assert_eq!(told.collect::<Vec<_>>(), rows);
        assert_eq!(committed.refused, refused);
    }
}

fn open_room<'a>(
    rooms: &'a mut BTreeMap<&'static str, Log>,
    name: &str,
    committed: &Committed,
) -> &'a mut Log {
    let told = committed.rows.iter().find_map(|(target, epoch, _)| {
        (*target == Target::Room(name.to_owned())).then_some(*epoch)
    });
    let subscribed = committed
        .subscribed
        .iter()
        .find(|(_, start)| start.stream == name);
    let epoch = told.or(subscribed.map(|(_, start)| start.epoch));
    let log = rooms.entry(known(name)).or_default();
    if log.epoch.is_none() || (log.idle && log.epoch != epoch) {
        // It was forgotten when nobody needed it.
        *log = Log {
            epoch,
            ..Log::default()
        };
    }
    log.idle = false;
    log
}

fn known(room: &str) -> &'static str {
    ROOMS
        .into_iter()
        .find(|name| *name == room)
        .expect("a room of the model")
}

pub(super) fn word(payload: &crate::Payload) -> String {
    let row = crate::store::Row {
        number: 0,
        payload: payload.clone(),
    };
    texts(&[row]).remove(0).1
}
