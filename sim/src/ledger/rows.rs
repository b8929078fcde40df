//! What the server's application has sent, and the rooms that sessions join and leave.

use steadfast_sessions::io::{Effect, SendRefusal, Target};
use steadfast_sessions::store::{self, Committed};

use super::up::text_of;
use super::{Broken, Ledger, made_of, parse, place_of, stream_name};

impl Ledger {
    /// Effects are synced.
    pub(crate) fn sent(&mut self, effects: &[Effect], reply: &Committed) -> Result<(), Broken> {
        for (place, _) in &reply.refused {
            if let Some(Effect::Send { payload, .. } | Effect::Publish { payload, .. }) =
                effects.get(*place)
                && let Some((letter, id)) = parse(&text_of(payload))
                && let Some(place) = place_of(letter)
            {
                self.ups[id].made[place].refused = true;
            }
        }
        for (target, epoch, row) in &reply.rows {
            let name = match target {
                Target::Session(session) => stream_name(session, ""),
                Target::Room(room) => stream_name("", room),
            };
            self.row(&name, *epoch, row)?;
        }
        self.rooms_change(effects, reply);
        Ok(())
    }

    /// Sessions join and leave rooms, one after the other.
    fn rooms_change(&mut self, effects: &[Effect], reply: &Committed) {
        let mut joined = reply.subscribed.iter();
        for effect in effects {
            match effect {
                Effect::Unsubscribe { session, room } => {
                    let name = stream_name(session, room);
                    self.forget_position(session, room);
                    let session = self.sessions.entry(session.to_string()).or_default();
                    session.starts.remove(&name);
                    session.given.remove(&name);
                }
                Effect::Subscribe { .. } => {
                    if let Some((session, start)) = joined.next() {
                        self.subscribed(session, start);
                    }
                }
                _ => {}
            }
        }
    }

    /// A session has joined a room. Its pages know nothing of it, or what they knew is old.
    fn subscribed(&mut self, id: &str, start: &store::StreamStart) {
        let name = stream_name(id, &start.stream);
        let session = self.sessions.entry(id.to_owned()).or_default();
        if session.starts.contains_key(&name) {
            return;
        }
        session.start(name.clone(), (start.epoch, start.after));
        session.given.remove(&name);
        self.streams.entry(name.clone()).or_default().begin(start);
        for page in &mut self.pages {
            if page.session == id {
                page.places.remove(&name);
            }
        }
    }

    fn row(&mut self, name: &str, epoch: u32, row: &store::Row) -> Result<(), Broken> {
        let text = text_of(&row.payload);
        let stream = self.streams.entry(name.to_owned()).or_default();
        let (last_epoch, last) = stream.last;
        if last > 0 && last_epoch == epoch && row.number != last + 1 {
            let what = format!("{name}: number {} after {last}", row.number);
            return Err(Broken::new("D3", what));
        }
        stream.last = (epoch, row.number);
        if stream
            .rows
            .insert((epoch, row.number), text.clone())
            .is_some()
        {
            let what = format!(
                "{name}: number {} of epoch {epoch} is given twice",
                row.number
            );
            return Err(Broken::new("D2", what));
        }
        self.made(name, &text)
    }

    fn made(&mut self, name: &str, text: &str) -> Result<(), Broken> {
        let strange = || {
            Broken::new(
                "D8",
                format!("{name}: a message that nobody sent: {text:?}"),
            )
        };
        let (letter, id) = parse(text).ok_or_else(strange)?;
        if letter == 's' {
            let down = self.downs.get_mut(id).ok_or_else(strange)?;
            if stream_name(&down.session, "") != name {
                return Err(strange());
            }
            if std::mem::replace(&mut down.stored, true) {
                return Err(Broken::new(
                    "D2",
                    format!("{name}: message s{id} is stored twice"),
                ));
            }
            return Ok(());
        }
        let place = place_of(letter).ok_or_else(strange)?;
        let up = self.ups.get_mut(id).ok_or_else(strange)?;
        if made_of(&up.text, letter) != text {
            return Err(strange());
        }
        if letter == 'e'
            && !up.set_back
            && let Some((session, ..)) = &up.stored
            && stream_name(session, "") != name
        {
            return Err(strange());
        }
        if std::mem::replace(&mut up.made[place].stored, true) && !up.set_back {
            let what = format!("{name}: {letter} of message {id} is stored twice");
            return Err(Broken::new("D2", what));
        }
        Ok(())
    }

    /// [`Input::Send`](steadfast_sessions::Input::Send) was answered.
    pub(crate) fn send_answered(
        &mut self,
        id: usize,
        result: Result<(), SendRefusal>,
    ) -> Result<(), Broken> {
        let down = &mut self.downs[id];
        if result.is_ok() && !down.stored {
            let what = format!("the server's message s{id} is accepted, but not stored and synced");
            return Err(Broken::new("D6", what));
        }
        if down.stored && matches!(result, Err(refusal) if refusal != SendRefusal::Unavailable) {
            let what = format!("the server's message s{id} is refused, but stored");
            return Err(Broken::new("D1", what));
        }
        down.accepted = result.is_ok();
        Ok(())
    }
}
