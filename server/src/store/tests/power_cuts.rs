//! The power is cut under load: nothing that was answered is lost, and nothing is echoed twice.

use std::sync::atomic::{AtomicU64, Ordering};

use steadfast_sessions::Payload;
use steadfast_sessions::io::Effect;
use steadfast_sessions::store::conformance::Subject;
use steadfast_sessions::store::conformance::bench::saves::at;
use steadfast_sessions::store::conformance::bench::{Bench, Read};
use steadfast_sessions::store::{
    Accepted, Append, Commit, Load, Reply, Request, SessionStore, StoreError, Upward,
};

use super::disk::Platter;
use crate::store::EmbeddedStore;
use crate::store::committer::Committer;

/// Sessions that send at the same time: every other one acknowledges by checkpoints.
const CLIENTS: u64 = 4;

#[test]
fn power_cuts_lose_nothing_that_was_answered() {
    for seed in 0..200 {
        assert_eq!(cut(seed, false), Ok(()), "seed {seed}");
    }
}

#[test]
fn answer_before_the_sync_is_noticed() {
    let noticed = (0..200).filter(|seed| cut(*seed, true).is_err()).count();
    assert!(noticed >= 20, "{noticed} of 200");
}

#[test]
fn store_serves_again_when_its_disk_does() {
    let platter = Platter::default();
    let store = EmbeddedStore::start(Committer::open(platter.clone()).unwrap()).unwrap();
    let session = Bench::new(Blocking(&store)).open_as("s1");
    let mut told = Told::default();
    for trouble in 0..20 {
        platter.cut_after(trouble);
        let before = client(&store, &session, &mut told);
        assert!(matches!(before, StoreError::Unavailable(_)), "{before}");
        platter.works();
        // What it was not told of may be there or not: what it asks again is done once.
        let mut bench = Bench::new(Blocking(&store));
        compare(&mut bench, &session, &told).unwrap();
        round(&store, &session, &mut told).unwrap();
        compare(&mut bench, &session, &told).unwrap();
    }
}

/// Random numbers, the same for the same seed.
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self) -> u64 {
        let mut state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }
}

/// What a client was told.
#[derive(Debug, Default)]
struct Told {
    received: u64,
    cursor: u64,
    acknowledged: u64,
    /// The version of its checkpoint.
    version: u64,
}

/// One run: load, a power cut, and a look at what is left.
fn cut(seed: u64, answers_early: bool) -> Result<(), String> {
    let dice = Dice(AtomicU64::new(seed.wrapping_mul(0xd134_2543_de82_ef95)));
    let platter = Platter::default();
    let mut committer = Committer::open(platter.clone()).map_err(|error| error.to_string())?;
    committer.answers_early = answers_early;
    let store = EmbeddedStore::start(committer).map_err(|error| error.to_string())?;
    let mut bench = Bench::new(Blocking(&store));
    let sessions: Vec<_> = (0..CLIENTS)
        .map(|place| bench.open_as(&format!("s{place}")))
        .collect();
    platter.cut_after((dice.roll() % 400) as u32);
    let told: Vec<Told> = std::thread::scope(|scope| {
        let clients: Vec<_> = sessions
            .iter()
            .map(|session| {
                scope.spawn(|| {
                    let mut told = Told::default();
                    client(&store, session, &mut told);
                    told
                })
            })
            .collect();
        let clients = clients.into_iter();
        clients.map(|client| client.join().unwrap()).collect()
    });
    assert!(platter.is_dark());
    let odds = dice.roll() % 4;
    let left = platter.power_on(|| dice.roll() % 4 < odds);
    drop(store);
    let committer = Committer::open(left).map_err(|error| error.to_string())?;
    let store = EmbeddedStore::start(committer).map_err(|error| error.to_string())?;
    let mut bench = Bench::new(Blocking(&store));
    for (session, told) in sessions.iter().zip(told) {
        compare(&mut bench, session, &told)?;
    }
    Ok(())
}

/// Appends, echoes and acknowledges until the store fails.
fn client(store: &EmbeddedStore, session: &Accepted, told: &mut Told) -> StoreError {
    loop {
        if let Err(error) = round(store, session, told) {
            return error;
        }
    }
}

fn round(store: &EmbeddedStore, session: &Accepted, told: &mut Told) -> Result<(), StoreError> {
    let mut store = Blocking(store);
    let id = &session.session;
    let message = |number: u64| Payload::text(format!("{id}: {number}"));
    // What failed is asked again as it was, before anything else.
    if told.cursor == told.received {
        let memory = &session.memories[0];
        let messages = (told.received + 1..told.received + 4).map(|number| Upward {
            memory: memory.name.clone(),
            lane: 1,
            number,
            payload: message(number),
        });
        let Reply::Appended(appended) = store.execute(Request::Append(Append {
            session: id.clone(),
            term: session.term,
            memories: vec![(memory.name.clone(), memory.term)],
            messages: messages.collect(),
            wall_ms: 1_000_000,
        }))?
        else {
            panic!("not appended");
        };
        told.received = appended.inbox_last;
    }
    let mut bench = Bench::new(store);
    let echo = |number| Effect::Send {
        session: id.clone(),
        payload: message(number),
    };
    let effects: Vec<_> = (told.cursor + 1..=told.received).map(echo).collect();
    let commit = Commit {
        effects,
        ..bench.commit_of(id, told.cursor, told.received, &[])
    };
    bench.commit_all(commit)?;
    told.cursor = told.received;
    let epoch = session.streams[0].epoch;
    let number = told.cursor - 1;
    if saves(session) {
        let save = bench.checkpoint(session, told.version, &state(number));
        let saved = bench.try_save(&at(&[("", epoch, number)], save))?;
        told.version = saved.expect("it follows the last one").version;
    } else {
        bench.acknowledge(id, session.term, "", (epoch, number))?;
    }
    told.acknowledged = number;
    Ok(())
}

fn saves(session: &Accepted) -> bool {
    session.session.ends_with(['1', '3'])
}

/// What a page's state is behind this message: of more than one page of the file.
fn state(number: u64) -> String {
    format!(
        "{{\"seen\":[{}]}}",
        vec![number.to_string(); 2_000].join(",")
    )
}

/// Whether the checkpoint is one that the client knows of, and the outbox goes on right behind it.
fn compare_state<S: Subject>(
    bench: &mut Bench<S>,
    session: &Accepted,
    told: &Told,
) -> Result<(), String> {
    let id = &*session.session;
    let load = Load::Checkpoint {
        session: id.into(),
        user: "ann".to_owned(),
        token: format!("{id}-1"),
    };
    let loaded = bench.load(load).map_err(|error| error.to_string())?;
    let (version, number) = loaded.as_ref().map_or((0, 0), |snapshot| {
        let behind = snapshot.positions.first().map_or(0, |position| position.2);
        (snapshot.held.version, behind)
    });
    if version < told.version || number < told.acknowledged {
        return Err(format!("{id}: version {version} after {}", told.version));
    }
    if loaded.is_some_and(|snapshot| snapshot.data != state(number)) {
        return Err(format!("{id}: another state than that behind {number}"));
    }
    let read = bench.try_read(id, session.term, "", 0);
    let read = read.map_err(|error| error.to_string())?;
    let first = read.rows.first().map_or(read.last + 1, |row| row.0);
    if first != number + 1 {
        return Err(format!(
            "{id}: {first} comes next, and the state is behind {number}"
        ));
    }
    Ok(())
}

/// Whether the store has what the client was told, each message once.
fn compare<S: Subject>(
    bench: &mut Bench<S>,
    session: &Accepted,
    told: &Told,
) -> Result<(), String> {
    let id = &*session.session;
    if saves(session) {
        compare_state(bench, session, told)?;
    }
    let read: Read = bench
        .try_read(id, session.term, "", told.acknowledged)
        .map_err(|error| format!("{id} is lost: {error}"))?;
    let cursor = read.last;
    if cursor < told.cursor {
        return Err(format!("{id}: {cursor} of {} echoes", told.cursor));
    }
    let echoed = read.rows.iter().map(|(number, _)| *number);
    let first = echoed.clone().next().unwrap_or(cursor + 1);
    // The last acknowledgement may be there although nobody was told.
    let forgotten = told.acknowledged.max(told.cursor.saturating_sub(1));
    let because = read.missing.as_deref().unwrap_or("acknowledged");
    if first > forgotten + 1 || because != "acknowledged" {
        return Err(format!("{id}: {first} comes after {forgotten}: {because}"));
    }
    let waiting = bench.inbox(id, 0).map_err(|error| error.to_string())?;
    let numbers: Vec<_> = waiting.iter().map(|entry| entry.number).collect();
    let received = cursor + numbers.len() as u64;
    if received < told.received || !numbers.iter().copied().eq(cursor + 1..=received) {
        return Err(format!(
            "{id}: {numbers:?} wait after {cursor}, {} told",
            told.received
        ));
    }
    if !echoed.eq(first..=cursor) {
        return Err(format!("{id}: {:?} in the outbox", read.rows));
    }
    let right = |row: &(u64, String)| row.1 == format!("{id}: {}", row.0);
    if !read.rows.iter().all(right) {
        return Err(format!("{id}: {:?} in the outbox", read.rows));
    }
    Ok(())
}

/// Waits for every answer.
struct Blocking<'a>(&'a EmbeddedStore);

impl Subject for Blocking<'_> {
    fn execute(&mut self, request: Request) -> Result<Reply, StoreError> {
        let waiter = tokio::runtime::Builder::new_current_thread().build();
        waiter.unwrap().block_on(self.0.execute(request))
    }

    fn rows(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        unreachable!("only its answers count here")
    }

    fn write(&mut self, _key: &[u8], _value: Option<&[u8]>) {
        unreachable!("only its answers count here")
    }

    fn restart(&mut self) {
        unreachable!("only its answers count here")
    }
}
