//! Rows that somebody, or something, has spoiled.

use steadfast_protocol::frame::Reason;

use super::Subject;
use super::bench::saves::by;
use super::bench::{Bench, publish, received, subscribe, to};
use super::spoiled_snapshots::{STATE, of_session};
use crate::io::SendRefusal;
use crate::store::{Accepted, Commit, Content, Reply, Request, StoreError};

/// A session with something of everything, and another beside it.
pub(super) fn furnish(bench: &mut Bench<impl Subject>) -> (Accepted, Accepted) {
    let mut hello = bench.hello("s1");
    hello.rooms = vec!["den".to_owned()];
    let one = bench.accepted(&hello);
    let two = bench.open_as("s2");
    bench
        .append("s1", one.term, 0, &["a", "b", "c", "d"])
        .unwrap();
    let dead = Commit {
        dead: vec![(1, "no".to_owned())],
        ..bench.commit_of("s1", 0, 1, &[])
    };
    bench.commit_all(dead).unwrap();
    bench.fill("s1", &["x", "y", "z"]);
    bench.send(&[publish("den", "m"), publish("den", "n")]);
    (one, two)
}

/// Every way in which a row is spoiled here: cut at each byte, and each byte changed.
fn spoiled(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..value.len()).map(|length| value[..length].to_vec());
    let changed = (0..value.len()).flat_map(move |place| {
        [0x01, 0x80, 0xff].into_iter().map(move |bits| {
            let mut value = value.to_vec();
            value[place] ^= bits;
            value
        })
    });
    cut.chain(changed).chain([[value, &[0]].concat()])
}

/// Spoils the first row with this prefix in every way; calls `check` each time.
pub(super) fn each<S: Subject>(
    bench: &mut Bench<S>,
    prefix: &[u8],
    mut check: impl FnMut(&mut Bench<S>),
) {
    let (key, value) = bench.row(prefix).unwrap();
    let before = bench.store.rows();
    for spoiled in spoiled(&value) {
        bench.store.write(&key, Some(&spoiled));
        check(bench);
        reset(bench, &before);
    }
}

/// Makes the rows what they were.
fn reset<S: Subject>(bench: &mut Bench<S>, before: &[(Vec<u8>, Vec<u8>)]) {
    for (key, _) in bench.store.rows() {
        if before
            .binary_search_by(|(known, _)| known.cmp(&key))
            .is_err()
        {
            bench.store.write(&key, None);
        }
    }
    for (key, value) in before {
        bench.store.write(key, Some(value));
    }
}

pub(super) fn unreadable<T: std::fmt::Debug>(result: Result<T, StoreError>, row: &str) {
    assert_eq!(result.unwrap_err(), StoreError::Corrupt(row.to_owned()));
}

// [P21]
pub fn spoiled_head_is_a_new_session(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (one, _) = furnish(&mut bench);
    each(&mut bench, b"s/s1", |bench| {
        let spoiled = bench.row(b"s/s1");
        let hello = bench.again("s1", "s1-1", 2);
        let accepted = bench.accepted(&hello);
        assert_eq!(accepted.reason, Reason::Corrupt);
        assert_eq!(received(&accepted), 4, "its memory is another row");
        assert_eq!(accepted.session, hello.new_session);
        unreadable(bench.append("s1", one.term, 4, &["e"]), "s/s1");
        unreadable(bench.try_read("s1", one.term, "", 0), "s/s1");
        unreadable(bench.commit("s1", 1, 2, &[]), "s/s1");
        unreadable(bench.inbox("s1", 0), "s/s1");
        unreadable(bench.acknowledge("s1", one.term, "", (1, 1)), "s/s1");
        unreadable(bench.end("s1", one.term), "s/s1");
        assert_eq!(
            bench.row(b"s/s1"),
            spoiled,
            "it is left for a person to look at"
        );
    });
}

pub fn spoiled_head_holds_nobody_up(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (_, two) = furnish(&mut bench);
    bench.append("s2", two.term, 0, &["a"]).unwrap();
    bench.store.write(b"s/s1", Some(b"\x01nonsense"));
    let effects = [to("s1", "x"), to("s2", "echo"), subscribe("s1", "den")];
    let committed = bench.commit("s2", 0, 1, &effects).unwrap();
    let unknown = SendRefusal::Unknown;
    assert_eq!(committed.refused, [(0, unknown), (2, unknown)]);
    let request = Request::Work {
        after: None,
        max_sessions: 10,
    };
    assert!(matches!(bench.execute(request), Ok(Reply::Work(work)) if work.is_empty()));
    bench.wall_ms += 120_000;
    bench.expire_all(1_000);
    assert_eq!(bench.count(b"s/s1"), 1);
    bench.wall_ms += 4_000_000;
    bench.expire_all(1_000);
    let left: Vec<_> = bench.store.rows().into_iter().map(|(key, _)| key).collect();
    assert_eq!(
        left,
        [
            b"a".to_vec(),
            b"g".to_vec(),
            b"n".to_vec(),
            b"r/den".to_vec()
        ],
        "it goes when its time has come"
    );
}

pub fn spoiled_outbox_row_is_a_hole(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (one, _) = furnish(&mut bench);
    let epoch = one.streams[0].epoch;
    each(&mut bench, b"o/s1\0", |bench| {
        let read = bench.read(&one, "", 0);
        assert_eq!(
            (read.numbers(), read.missing.as_deref()),
            (vec![2, 3], Some("corrupt"))
        );
        let read = bench.read(&one, "", 1);
        assert_eq!((read.numbers(), read.missing), (vec![2, 3], None));
        bench.acknowledge("s1", one.term, "", (epoch, 3)).unwrap();
        assert_eq!(bench.count(b"o/s1\0"), 0);
    });
    // In the middle: what stands before it comes first, without a word; then the hole.
    let (first, value) = bench.row(b"o/s1\0").unwrap();
    let middle = [&first[..first.len() - 1], &[2]].concat();
    bench.store.write(&middle, Some(&value));
    assert_eq!(bench.read(&one, "", 0).numbers(), [1]);
    let read = bench.read(&one, "", 1);
    assert_eq!(
        (read.numbers(), read.missing.as_deref()),
        (vec![3], Some("corrupt"))
    );
    bench.store.write(&middle, None);
    assert_eq!(bench.read(&one, "", 0).numbers(), [1]);
    let last = [&first[..first.len() - 1], &[3]].concat();
    bench.store.write(&last, Some(&value));
    let read = bench.read(&one, "", 1);
    assert_eq!(
        (read.rows, read.last, read.missing.as_deref()),
        (vec![], 3, Some("corrupt"))
    );
}

pub fn spoiled_inbox_row_goes_to_the_dead_letters(store: impl Subject) {
    let mut bench = Bench::new(store);
    furnish(&mut bench);
    each(&mut bench, b"i/s1\0", |bench| {
        unreadable(bench.inbox("s1", 1), "i/s1/2");
        let dead = Commit {
            dead: vec![(2, "unreadable".to_owned())],
            ..bench.commit_of("s1", 1, 2, &[])
        };
        bench.commit_all(dead).unwrap();
        assert_eq!(bench.count(b"d/s1\0"), 2);
        let inbox = bench.inbox("s1", 2).unwrap();
        assert!(inbox.iter().map(|entry| entry.number).eq([3, 4]));
    });
    let (first, _) = bench.row(b"i/s1\0").unwrap();
    let second = [&first[..first.len() - 1], &[3]].concat();
    bench.store.write(&second, None);
    let inbox = bench.inbox("s1", 1).unwrap();
    assert!(
        inbox.iter().map(|entry| entry.seq).eq([2]),
        "it ends where it cannot be read"
    );
    unreadable(bench.inbox("s1", 2), "i/s1/3");
}

pub fn spoiled_room_is_made_anew(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (one, _) = furnish(&mut bench);
    let epoch = one.streams[1].epoch;
    bench.wall_ms += 1;
    each(&mut bench, b"r/den", |bench| {
        unreadable(bench.try_read("s1", one.term, "den", 0), "r/den");
        let committed = bench.commit("s1", 1, 2, &[publish("den", "o")]).unwrap();
        let (_, made, row) = &committed.rows[0];
        assert!(*made != epoch && row.number == 1);
        let hello = bench.again("s1", "s1-1", 2);
        let accepted = bench.accepted(&hello);
        let start = &accepted.streams[1];
        assert_eq!((start.epoch, start.after, start.last), (*made, 0, 1));
        assert_eq!(start.gap.as_deref(), Some("epoch"));
        assert_eq!(bench.read(&accepted, "den", 0).rows, [(1, "o".into())]);
    });
    each(&mut bench, b"m/den\0", |bench| {
        let read = bench.read(&one, "den", 0);
        assert_eq!(
            (read.numbers(), read.missing.as_deref()),
            (vec![2], Some("corrupt"))
        );
    });
}

// [P171]
pub fn spoiled_memory_is_born_again(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (one, _) = furnish(&mut bench);
    each(&mut bench, b"k/m-s1", |bench| {
        unreadable(bench.append("s1", one.term, 4, &["e"]), "k/m-s1");
        let hello = bench.again("s1", "s1-1", 2);
        let accepted = bench.accepted(&hello);
        assert_eq!(received(&accepted), 0);
        assert_ne!(accepted.memories[0].birth, one.memories[0].birth);
        bench.append("s1", accepted.term, 0, &["e"]).unwrap();
    });
}

pub fn spoiled_count_of_memories_is_counted_again(store: impl Subject) {
    let mut bench = Bench::new(store);
    furnish(&mut bench);
    each(&mut bench, b"a", |bench| {
        bench.open_as("s3");
        assert_eq!(bench.count(b"k/"), 3);
        bench.wall_ms += 2 * 3_600_000;
        bench.expire_all(1_000);
        assert_eq!(bench.count(b"k/"), 0);
    });
}

pub fn spoiled_term_gives_nobody_an_old_one(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (one, _) = furnish(&mut bench);
    each(&mut bench, b"g", |bench| {
        let hello = bench.again("s1", "s1-1", 2);
        let accepted = bench.accepted(&hello);
        assert!(accepted.memories[0].term > one.memories[0].term);
    });
}

pub fn spoiled_count_is_counted_again(store: impl Subject) {
    let mut bench = Bench::new(store);
    furnish(&mut bench);
    each(&mut bench, b"n", |bench| {
        bench.open_as("s3");
        bench.wall_ms += 1;
        assert_eq!(bench.expire_all(3), (0, 0));
        assert_eq!(bench.expire_all(2), (0, 1));
    });
}

pub fn moved_row_is_not_read(store: impl Subject) {
    let mut bench = Bench::new(store);
    furnish(&mut bench);
    let (_, value) = bench.row(b"s/s2").unwrap();
    bench.store.write(b"s/s1", Some(&value));
    let hello = bench.again("s1", "s2-1", 2);
    assert_eq!(bench.accepted(&hello).reason, Reason::Corrupt);
}

pub fn any_spoiled_row_is_survived(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (one, two) = furnish(&mut bench);
    bench.append("s2", two.term, 0, &["a"]).unwrap();
    let save = bench.checkpoint(&one, 0, STATE);
    let base = bench.saved(&save);
    let save = bench.checkpoint(&two, 0, STATE);
    bench.saved(&save);
    let rows = bench.store.rows();
    for (key, value) in &rows {
        for spoiled in spoiled(value).step_by(7) {
            bench.store.write(key, Some(&spoiled));
            let _ = bench.append("s1", one.term, 4, &["e"]);
            let _ = bench.commit("s1", 1, 3, &[to("s1", "e"), publish("den", "f")]);
            let _ = bench.acknowledge("s1", one.term, "", (one.streams[0].epoch, 2));
            let _ = bench.acknowledge("s1", one.term, "den", (one.streams[1].epoch, 1));
            let _ = bench.try_read("s1", one.term, "den", 0);
            let _ = bench.inbox("s1", 0);
            let _ = bench.load(of_session());
            let save = bench.checkpoint(&one, base, "1");
            let _ = bench.try_save(&save);
            let save = by(Content::Same, bench.checkpoint(&one, base, STATE));
            let _ = bench.try_save(&save);
            let _ = bench.end("s1", one.term);
            bench.begin("s1", "s1-1", 2, 0);
            if !key.windows(2).any(|part| part == b"s2") {
                // Whatever was spoiled: the other session is served.
                let committed = bench.commit("s2", 0, 1, &[to("s2", "echo")]).unwrap();
                assert_eq!(committed.rows.len(), 1);
                let begun = bench.begin("s2", "s2-1", 2, 0);
                assert_eq!(begun.state.as_deref(), Some(STATE));
            }
            bench.wall_ms += 8_000_000;
            bench.expire_all(0);
            bench.wall_ms -= 8_000_000;
            reset(&mut bench, &rows);
        }
    }
}
