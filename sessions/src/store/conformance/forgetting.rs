//! What goes, and what stays.

use steadfast_protocol::frame::Reason;

use super::Subject;
use super::bench::{Bench, goes_on, id, publish, received, refused, start, to};
use crate::store::{Claimed, Refused};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const MANY: u32 = 1_000;

// [P53]
pub fn absent_payloads_expire(store: impl Subject) {
    // [P53] [P97]
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let epoch = start(&opened, "").epoch;
    bench.append("s1", opened.term, 0, &["a"]).unwrap();
    bench.commit("s1", 0, 1, &[]).unwrap();
    bench.fill("s1", &["x", "y", "z"]);
    bench
        .acknowledge("s1", opened.term, "", (epoch, 1))
        .unwrap();
    bench.wall_ms += MINUTE;
    assert_eq!(bench.expire(MANY), (0, 0, false), "not older than a minute");
    bench.wall_ms += 1;
    assert_eq!(bench.expire(MANY), (2, 0, false));
    assert_eq!(bench.expire(MANY), (0, 0, false));
    assert_eq!(bench.count(b"o/s1\0"), 0);
    let read = bench.read(&opened, "", 1);
    assert_eq!((read.last, read.missing.as_deref()), (3, Some("expired")));
    // It comes back: nothing upward is lost, and the hole is told.
    let mut hello = bench.again("s1", "s1-1", 2);
    hello.positions = vec![(String::new(), epoch, 2)];
    let accepted = bench.accepted(&hello);
    assert_eq!((accepted.reason, received(&accepted)), (Reason::Resumed, 1));
    assert_eq!(goes_on(&accepted, ""), (3, Some("expired")));
    bench.fill("s1", &["fresh"]);
    assert_eq!(bench.read(&accepted, "", 3).numbers(), [4]);
    assert_eq!(bench.expire(MANY), (0, 0, false), "it was seen just now");
}

pub fn seen_session_keeps_its_payloads(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    bench.fill("s1", &["x"]);
    for _ in 0..10 {
        bench.wall_ms += MINUTE / 2;
        bench.seen(&opened);
        assert_eq!(bench.expire(MANY), (0, 0, false));
    }
    assert_eq!(bench.count(b"p/"), 1);
    bench.wall_ms += MINUTE;
    assert_eq!(bench.expire(MANY), (0, 0, false));
    bench.wall_ms += 1;
    assert_eq!(bench.expire(MANY), (1, 0, false));
    // One that sends to the absent afterwards wastes nothing for long.
    bench.fill("s1", &["y"]);
    assert_eq!(bench.expire(MANY), (1, 0, false));
    // A clock that was wrong does not keep it for ever.
    bench.wall_ms += 1_000 * HOUR;
    bench.seen(&opened);
    bench.wall_ms -= 999 * HOUR;
    bench.seen(&opened);
    bench.fill("s1", &["z"]);
    bench.wall_ms += MINUTE + 1;
    assert_eq!(bench.expire(MANY), (1, 0, false));
}

pub fn unhandled_messages_stay(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    bench.append("s1", opened.term, 0, &["a"]).unwrap();
    bench.wall_ms += 2 * HOUR;
    assert_eq!(bench.expire_all(0), (0, 0));
    assert_eq!(bench.inbox("s1", 0).unwrap().len(), 1);
    bench.commit("s1", 0, 1, &[]).unwrap();
    bench.wall_ms += 2 * HOUR;
    assert_eq!(bench.expire_all(MANY), (0, 1));
}

// [P98]
pub fn tombstone_keeps_the_counts(store: impl Subject) {
    // [P98]
    let mut bench = Bench::new(store);
    let opened = bench.open();
    bench.append("s1", opened.term, 0, &["a", "b"]).unwrap();
    bench.commit("s1", 0, 2, &[]).unwrap();
    bench.wall_ms += HOUR / 2;
    assert_eq!(bench.expire_all(MANY), (0, 0));
    assert_eq!((bench.count(b"p/"), bench.count(b"t/")), (0, 1));
    let hello = bench.again("s1", "s1-1", 2);
    let accepted = bench.accepted(&hello);
    assert_eq!((accepted.reason, received(&accepted)), (Reason::Resumed, 2));
    assert_eq!((bench.count(b"p/"), bench.count(b"t/")), (1, 0));
    bench.append("s1", accepted.term, 2, &["c"]).unwrap();
}

pub fn old_sessions_go(store: impl Subject) {
    // [P95]
    let mut bench = Bench::new(store);
    let old = bench.open_as("old");
    bench.fill("old", &["x", "y"]);
    bench.wall_ms += HOUR + 1;
    bench.open_as("young");
    assert_eq!(bench.expire_all(MANY), (2, 1));
    let mut hello = bench.again("old", "old-1", 2);
    hello.memories = Vec::new();
    assert_eq!(bench.accepted(&hello).reason, Reason::Unknown);
    let left = bench.store.rows().into_iter();
    let of_old = left.filter(|(key, _)| key.windows(3).any(|part| part == b"old"));
    assert_eq!(of_old.count(), 0);
    assert_eq!(
        refused(bench.append("old", old.term, 0, &["a"])),
        Refused::Unknown
    );
    let hello = bench.again("young", "young-1", 2);
    assert_eq!(bench.accepted(&hello).reason, Reason::Resumed);
}

pub fn too_many_sessions_go(store: impl Subject) {
    let mut bench = Bench::new(store);
    for name in ["a", "b", "c", "d", "e"] {
        bench.wall_ms += 1;
        let opened = bench.open_as(name);
        if name == "b" {
            bench.append("b", opened.term, 0, &["waits"]).unwrap();
        }
        if name == "e" {
            bench.fill("e", &["x"]);
        }
    }
    // "a" was opened first, but it is here again.
    bench.wall_ms += 1;
    let hello = bench.again("a", "a-1", 2);
    bench.accepted(&hello);
    bench.wall_ms += 1;
    assert_eq!(bench.expire_all(5), (0, 0));
    assert_eq!(bench.expire_all(3), (0, 2));
    let heads: Vec<_> = bench.store.rows().into_iter().map(|(key, _)| key).collect();
    let heads: Vec<_> = heads.iter().filter(|key| key.starts_with(b"s/")).collect();
    assert_eq!(
        heads,
        [b"s/a", b"s/b", b"s/e"],
        "the longest absent went, but for who waits"
    );
    assert_eq!(bench.expire_all(3), (0, 0));
}

// [P96]
pub fn end_leaves_a_tombstone(store: impl Subject) {
    // [P96]
    let mut bench = Bench::new(store);
    let mut hello = bench.hello("s1");
    hello.rooms = vec!["den".to_owned()];
    let opened = bench.accepted(&hello);
    bench.append("s1", opened.term, 0, &["a"]).unwrap();
    bench.fill("s1", &["x", "y"]);
    assert_eq!(bench.end("s1", opened.term), Ok(2));
    assert_eq!(bench.count(b"o/s1\0"), 0);
    let rows = bench.store.rows();
    assert_eq!(bench.end("s1", opened.term), Ok(2), "told again");
    bench.seen(&opened);
    assert_eq!(bench.store.rows(), rows);
    assert_eq!(
        refused(bench.append("s1", opened.term, 1, &["b"])),
        Refused::Unknown
    );
    assert_eq!(
        refused(bench.try_read("s1", opened.term, "", 0)),
        Refused::Unknown
    );
    let hello = bench.again("s1", "s1-1", 2);
    assert_eq!(bench.accepted(&hello).reason, Reason::Unknown);
    let committed = bench.commit("s1", 0, 1, &[to("s1", "echo")]).unwrap();
    assert_eq!(committed.refused.len(), 1);
    assert_eq!(bench.count(b"s/s1"), 1);
    bench.wall_ms += HOUR + 1;
    bench.expire_all(MANY);
    assert_eq!(bench.count(b"s/s1"), 0);
    assert_eq!(
        (bench.count(b"r/"), bench.count(b"y/")),
        (0, 0),
        "its room is nobody's"
    );
}

pub fn rooms_expire(store: impl Subject) {
    let mut bench = Bench::new(store);
    let mut hello = bench.hello("s1");
    hello.rooms = vec!["den".to_owned()];
    let opened = bench.accepted(&hello);
    bench.send(&[
        publish("den", "a"),
        publish("den", "b"),
        publish("empty", "x"),
    ]);
    bench.wall_ms += MINUTE;
    bench.seen(&opened);
    bench.send(&[publish("den", "c")]);
    assert_eq!(bench.expire_all(MANY), (0, 0));
    bench.wall_ms += 1;
    assert_eq!(bench.expire_all(MANY), (3, 0));
    assert_eq!(bench.count(b"r/"), 1, "nobody is subscribed to the other");
    let read = bench.read(&opened, "den", 0);
    assert_eq!(
        (read.numbers(), read.missing.as_deref()),
        (vec![3], Some("expired"))
    );
    bench.wall_ms += MINUTE;
    bench.seen(&opened);
    assert_eq!(bench.expire_all(MANY), (1, 0));
    assert_eq!(
        (bench.count(b"r/"), bench.count(b"y/")),
        (1, 0),
        "an idle room is not looked at"
    );
    let committed = bench.send(&[publish("den", "d")]);
    assert_eq!(committed.rows[0].1, start(&opened, "den").epoch);
    assert_eq!(committed.rows[0].2.number, 4, "its numbers go on");
    assert_eq!(bench.read(&opened, "den", 3).numbers(), [4]);
}

pub fn work_is_bounded(store: impl Subject) {
    let mut bench = Bench::new(store);
    bench.open();
    let texts = vec!["x"; 1_000];
    bench.fill("s1", &texts);
    let effects: Vec<_> = texts.iter().map(|text| publish("den", text)).collect();
    bench.send(&effects);
    for place in 0..300 {
        bench.open_as(&format!("t{place}"));
    }
    bench.wall_ms += 2 * HOUR;
    let mut sum = (0, 0);
    for round in 0.. {
        let (payloads, sessions, more) = bench.expire(MANY);
        assert!(
            payloads <= 256 && sessions <= 256,
            "{payloads} and {sessions} in one call"
        );
        sum = (sum.0 + payloads, sum.1 + sessions);
        if !more {
            break;
        }
        assert!(round < 50, "it never ends");
    }
    assert_eq!(sum, (2_000, 301));
    let keys: Vec<_> = bench.store.rows().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [b"a", b"g", b"n"], "nothing is left but the counts");
    let hello = bench.hello("s1");
    assert!(
        matches!(bench.claim(&hello), Claimed::Accepted(accepted) if accepted.session == id("s1"))
    );
}
