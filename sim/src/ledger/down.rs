//! From the server to listeners.

use super::{Broken, Gap, Ledger, Place, parse, place_of, stream_name};

impl Ledger {
    /// A page's listener is given a message.
    pub(crate) fn page_receives(
        &mut self,
        page: usize,
        session: &str,
        stream: &str,
        epoch: Option<u32>,
        number: u64,
        text: &str,
    ) -> Result<(), Broken> {
        if number == 0 {
            return self.page_receives_volatile(page, text);
        }
        let name = stream_name(session, stream);
        let Some(epoch) = epoch else {
            let what = format!("page {page}: a message of the {name}, whose epoch is not known");
            return Err(Broken::new("D5", what));
        };
        self.exists(page, &name, (epoch, number), text)?;
        let given = self.follows(page, session, &name, (epoch, number))?;
        let reader = &mut self.pages[page];
        session.clone_into(&mut reader.session);
        reader.in_hand = Some((session.to_owned(), name.clone()));
        reader.places.insert(name, given);
        self.sees(text);
        Ok(())
    }

    /// The listener has returned.
    pub(crate) fn page_has_handed_over(&mut self, page: usize) {
        let reader = &mut self.pages[page];
        let Some((session, name)) = reader.in_hand.take() else {
            return;
        };
        let Some((epoch, number)) = reader.places.get(&name).and_then(|place| place.at) else {
            return;
        };
        let session = self.sessions.entry(session).or_default();
        let last = session.given.entry(name).or_default();
        if last.0 != epoch || last.1 < number {
            *last = (epoch, number);
        }
    }

    /// What a page is given must be in the log, under this number.
    fn exists(&self, page: usize, name: &str, at: (u32, u64), text: &str) -> Result<(), Broken> {
        let stream = self.streams.get(name);
        let row = stream.and_then(|stream| stream.rows.get(&at));
        match row {
            Some(row) if row == text => Ok(()),
            Some(row) => {
                let what =
                    format!("page {page}: {at:?} of the {name} is {text:?}, but stored is {row:?}");
                Err(Broken::new("D3", what))
            }
            None => {
                let what = format!(
                    "page {page}: {at:?} of the {name} is {text:?}, but nothing is stored and synced there"
                );
                Err(Broken::new("D6", what))
            }
        }
    }

    /// It must follow what the page was given before, or what it was told is missing.
    fn follows(
        &self,
        page: usize,
        session: &str,
        name: &str,
        (epoch, number): (u32, u64),
    ) -> Result<Place, Broken> {
        let place = self.pages[page]
            .places
            .get(name)
            .copied()
            .unwrap_or_default();
        let after = match place.at {
            Some(at) => Some(at),
            // A new page goes on behind what its session's pages were given; earlier it may begin.
            None => self.sessions.get(session).and_then(|session| {
                let given = session.given.get(name);
                let start = session.starts.get(name);
                let start = start.filter(|start| start.0 == epoch);
                let given = given.filter(|given| given.0 == epoch);
                given.into_iter().chain(start).max().copied()
            }),
        };
        let good = match (after, place.gap) {
            (None, _) | (_, Gap::Unknown) => true,
            (Some((before, _)), _) if before != epoch => false,
            (Some((_, before)), Gap::None) if place.at.is_none() => number <= before + 1,
            (Some((_, before)), Gap::None) => number == before + 1,
            (Some((_, before)), Gap::Of(missed)) if place.at.is_none() => {
                number <= before + missed + 1
            }
            (Some((_, before)), Gap::Of(missed)) => number == before + missed + 1,
        };
        if good {
            return Ok(Place {
                at: Some((epoch, number)),
                gap: Gap::None,
                ..place
            });
        }
        let rule = match after {
            Some((before_epoch, before)) if before_epoch == epoch && number <= before => "D2",
            _ => "D4",
        };
        let what = format!(
            "page {page}: {number} of the {name} (epoch {epoch}) after {after:?} and a gap {:?}",
            place.gap
        );
        Err(Broken::new(rule, what))
    }

    fn page_receives_volatile(&mut self, page: usize, text: &str) -> Result<(), Broken> {
        if !self.pages[page].volatile.insert(text.to_owned()) {
            let what = format!("page {page}: the volatile message {text:?} comes twice");
            return Err(Broken::new("D2", what));
        }
        self.sees(text);
        Ok(())
    }

    fn sees(&mut self, text: &str) {
        match parse(text) {
            Some(('s', id)) => {
                if let Some(down) = self.downs.get_mut(id) {
                    down.seen = true;
                }
            }
            Some((letter, id)) => {
                if let (Some(place), Some(up)) = (place_of(letter), self.ups.get_mut(id)) {
                    up.made[place].seen = true;
                }
            }
            None => {}
        }
    }

    /// A page is told that messages are missing.
    pub(crate) fn page_misses(
        &mut self,
        page: usize,
        session: &str,
        stream: Option<&str>,
        missed: Option<u64>,
    ) -> Result<(), Broken> {
        if missed == Some(0) {
            return Err(Broken::new("D4", format!("page {page}: a gap of nothing")));
        }
        let names: Vec<String> = match stream {
            Some(stream) => vec![stream_name(session, stream)],
            None => self.pages[page].places.keys().cloned().collect(),
        };
        for name in names {
            let place = self.pages[page].places.entry(name.clone()).or_default();
            place.gap = match (place.gap, missed) {
                (Gap::None, Some(missed)) => Gap::Of(missed),
                (Gap::Of(before), Some(missed)) => Gap::Of(before + missed),
                _ => Gap::Unknown,
            };
            if let Some(session) = self.sessions.get_mut(session) {
                session.gaps.insert(name);
            }
        }
        Ok(())
    }

    /// A page acknowledges: only what its listeners are done with.
    pub(crate) fn page_acknowledges(
        &mut self,
        page: usize,
        session: &str,
        stream: &str,
        epoch: u32,
        number: u64,
    ) -> Result<(), Broken> {
        let name = stream_name(session, stream);
        let reader = &mut self.pages[page];
        let in_hand = reader
            .in_hand
            .as_ref()
            .is_some_and(|(_, hand)| *hand == name);
        let place = reader.places.entry(name.clone()).or_default();
        let known = match (place.at, place.gap) {
            (_, Gap::Unknown) => None,
            (Some((at, number)), Gap::None) if at == epoch => Some(number - u64::from(in_hand)),
            (Some((at, number)), Gap::Of(missed)) if at == epoch => Some(number + missed),
            _ => None,
        };
        if known.is_some_and(|known| number > known) {
            let what =
                format!("page {page}: acknowledges {number} of the {name}, was given {known:?}");
            return Err(Broken::new("D6", what));
        }
        let before = std::mem::replace(&mut place.acknowledged, (epoch, number));
        if before.0 == epoch && before.1 > number {
            let what = format!(
                "page {page}: acknowledges {number} of the {name} after {}",
                before.1
            );
            return Err(Broken::new("D6", what));
        }
        Ok(())
    }

    /// A page is told that its session is gone, which only another owner can bring about.
    pub(crate) fn page_loses_session(&mut self, page: usize, client: usize) -> Result<(), Broken> {
        if self.was_copied(client) {
            return Ok(());
        }
        let what = format!("page {page}: its session is lost, but nobody took it");
        Err(Broken::new("D1", what))
    }
}
