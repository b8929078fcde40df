//! Outboxes.

use super::Subject;
use super::bench::{Bench, goes_on, id, refused, start, to};
use crate::Payload;
use crate::io::{Effect, OutboxOverflow, SendRefusal, Target};
use crate::store::{Accepted, Commit, Refused, Reply, Request};

// [P45]
pub fn sends_are_numbered(store: impl Subject) {
    // [P45]
    let mut bench = Bench::new(store);
    let first = bench.open();
    let second = bench.open_as("s2");
    let committed = bench.send(&[to("s1", "a"), to("s2", "b"), to("s1", "c")]);
    let told: Vec<_> = committed
        .rows
        .iter()
        .map(|(target, epoch, row)| (target.clone(), *epoch, row.number))
        .collect();
    let (one, two) = (start(&first, "").epoch, start(&second, "").epoch);
    assert_ne!(one, two);
    let (s1, s2) = (Target::Session(id("s1")), Target::Session(id("s2")));
    assert_eq!(told, [(s1.clone(), one, 1), (s2, two, 1), (s1, one, 2)]);
    let read = bench.read(&first, "", 0);
    assert_eq!(read.rows, [(1, "a".to_owned()), (2, "c".to_owned())]);
    assert_eq!((read.epoch, read.last, read.missing), (one, 2, None));
    let read = bench.read(&first, "", 1);
    assert_eq!((read.numbers(), read.missing), (vec![2], None));
    for after in [2, 3, u64::MAX] {
        let read = bench.read(&first, "", after);
        assert_eq!((read.numbers(), read.last, read.missing), (vec![], 2, None));
    }
}

pub fn sends_to_nobody_are_refused(store: impl Subject) {
    let mut bench = Bench::new(store);
    bench.open();
    let ended = bench.open_as("s2");
    bench.end("s2", ended.term).unwrap();
    let volatile = Effect::Volatile {
        to: Target::Session(id("s9")),
        payload: Payload::text("v"),
    };
    let effects = [
        volatile,
        to("s9", "x"),
        to("s1", "a"),
        to("s2", "x"),
        to("", "x"),
    ];
    let committed = bench.send(&effects);
    let unknown = SendRefusal::Unknown;
    assert_eq!(
        committed.refused,
        [(1, unknown), (3, unknown), (4, unknown)]
    );
    assert_eq!(committed.rows.len(), 1);
}

pub fn commit_sends_once(store: impl Subject) {
    let mut bench = Bench::new(store);
    let first = bench.open();
    let second = bench.open_as("s2");
    bench.append("s1", first.term, 0, &["a"]).unwrap();
    let effects = [to("s1", "echo"), to("s2", "carried"), to("s1", "more")];
    let committed = bench.commit("s1", 0, 1, &effects).unwrap();
    assert_eq!(committed.rows.len(), 3);
    let again = bench.commit("s1", 0, 1, &effects).unwrap();
    assert!(again.repeated && again.rows.is_empty());
    assert_eq!(
        bench.read(&first, "", 0).rows,
        [(1, "echo".into()), (2, "more".into())]
    );
    assert_eq!(bench.read(&second, "", 0).rows, [(1, "carried".into())]);
    refused(bench.commit("s1", 5, 6, &effects));
    assert_eq!(bench.read(&first, "", 0).last, 2, "refused as a whole");
}

pub fn acknowledged_rows_are_forgotten(store: impl Subject) {
    // [P50]
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let epoch = start(&opened, "").epoch;
    bench.fill("s1", &["a", "b", "c"]);
    bench
        .acknowledge("s1", opened.term, "", (epoch, 2))
        .unwrap();
    assert_eq!(bench.count(b"o/s1\0"), 1);
    let read = bench.read(&opened, "", 0);
    assert_eq!(
        (read.numbers(), read.missing.as_deref()),
        (vec![3], Some("acknowledged"))
    );
    let rows = bench.store.rows();
    bench
        .acknowledge("s1", opened.term, "", (epoch, 2))
        .unwrap();
    assert_eq!(bench.store.rows(), rows);
    bench
        .acknowledge("s1", opened.term, "", (epoch, 3))
        .unwrap();
    bench.fill("s1", &["d"]);
    let read = bench.read(&opened, "", 3);
    assert_eq!(
        (read.numbers(), read.missing),
        (vec![4], None),
        "numbers go on"
    );
}

// [P74]
pub fn untrue_acknowledgement_is_skipped(store: impl Subject) {
    // [P74]
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let epoch = start(&opened, "").epoch;
    bench.fill("s1", &["a", "b", "c"]);
    bench
        .acknowledge("s1", opened.term, "", (epoch, 1))
        .unwrap();
    let rows = bench.store.rows();
    for position in [
        (epoch, 4),
        (epoch, u64::MAX),
        (epoch ^ 1, 2),
        (epoch, 0),
        (epoch, 1),
    ] {
        bench.acknowledge("s1", opened.term, "", position).unwrap();
        bench
            .acknowledge("s1", opened.term, "no room", position)
            .unwrap();
    }
    assert_eq!(bench.store.rows(), rows);
}

// [P49] [P51] [P52]
pub fn position_says_where_to_go_on(store: impl Subject) {
    // [P49] [P51] [P52]
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let epoch = start(&opened, "").epoch;
    bench.fill("s1", &["a", "b", "c", "d", "e"]);
    bench
        .acknowledge("s1", opened.term, "", (epoch, 2))
        .unwrap();
    let cases = [
        (None, (2, None)),
        (Some((epoch, 2)), (2, None)),
        (Some((epoch, 4)), (4, None)),
        (Some((epoch, 5)), (5, None)),
        (Some((epoch, 1)), (2, Some("acknowledged"))),
        (Some((epoch, 0)), (2, Some("acknowledged"))),
        (Some((epoch ^ 1, 4)), (2, Some("epoch"))),
        (Some((epoch ^ 1, 99)), (2, Some("epoch"))),
        (None, (2, None)),
    ];
    for (claim, (position, expected)) in (2..).zip(cases) {
        let accepted = resume(&mut bench, claim, position);
        assert_eq!(goes_on(&accepted, ""), expected, "{position:?}");
        assert_eq!(start(&accepted, "").epoch, epoch);
        assert_eq!(start(&accepted, "").last, 5);
    }
}

// [P50]
pub fn position_forgets_nothing(store: impl Subject) {
    // [P50]
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let epoch = start(&opened, "").epoch;
    bench.fill("s1", &["a", "b", "c"]);
    resume(&mut bench, 2, Some((epoch, 3)));
    assert_eq!(bench.count(b"o/s1\0"), 3);
    // The page that held 3 is gone; its successor has nothing.
    let accepted = resume(&mut bench, 3, None);
    assert_eq!(goes_on(&accepted, ""), (0, None));
    assert_eq!(bench.read(&accepted, "", 0).numbers(), [1, 2, 3]);
}

// [P51]
pub fn position_ahead_raises_the_epoch(store: impl Subject) {
    // [P51]
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let epoch = start(&opened, "").epoch;
    bench.fill("s1", &["a", "b"]);
    bench
        .acknowledge("s1", opened.term, "", (epoch, 1))
        .unwrap();
    let accepted = resume(&mut bench, 2, Some((epoch, 3)));
    let raised = start(&accepted, "").epoch;
    assert_ne!(raised, epoch);
    assert_eq!(goes_on(&accepted, ""), (1, Some("epoch")));
    let read = bench.read(&accepted, "", 1);
    assert_eq!((read.numbers(), read.epoch), (vec![2], raised));
    // In the old epoch number 2 was another message.
    bench
        .acknowledge("s1", accepted.term, "", (epoch, 2))
        .unwrap();
    assert_eq!(bench.count(b"o/s1\0"), 1);
    let accepted = resume(&mut bench, 3, Some((epoch, 2)));
    assert_eq!(goes_on(&accepted, ""), (1, Some("epoch")));
    let accepted = resume(&mut bench, 4, Some((raised, 2)));
    assert_eq!(goes_on(&accepted, ""), (2, None));
}

/// "s1" comes again with this position in its outbox.
fn resume(bench: &mut Bench<impl Subject>, claim: u64, position: Option<(u32, u64)>) -> Accepted {
    let mut hello = bench.again("s1", &format!("s1-{}", claim - 1), claim);
    hello.positions = position
        .map(|(epoch, number)| (String::new(), epoch, number))
        .into_iter()
        .collect();
    bench.accepted(&hello)
}

pub fn full_outbox_refuses(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let epoch = start(&opened, "").epoch;
    bench.limits.outbox_messages = 3;
    bench.limits.outbox_bytes = 10;
    let texts = ["aaaa", "bbbb", "ccc", "dd", "e"].map(|text| to("s1", text));
    let committed = bench.send(&texts);
    assert_eq!(
        committed.refused,
        [(2, SendRefusal::Full), (4, SendRefusal::Full)]
    );
    let long = bench.send(&[to("s1", "12345678901")]);
    assert_eq!(long.refused, [(0, SendRefusal::TooLarge)]);
    bench
        .acknowledge("s1", opened.term, "", (epoch, 1))
        .unwrap();
    let committed = bench.send(&[to("s1", "fffff"), to("s1", "ffff")]);
    assert_eq!(committed.refused, [(0, SendRefusal::Full)]);
    let read = bench.read(&opened, "", 1);
    let expected = [(2, "bbbb".into()), (3, "dd".into()), (4, "ffff".into())];
    assert_eq!(read.rows, expected);
}

pub fn echo_waits_for_room(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let epoch = start(&opened, "").epoch;
    bench.open_as("s2");
    bench.append("s1", opened.term, 0, &["a", "b"]).unwrap();
    bench.limits.outbox_messages = 2;
    bench.fill("s1", &["x"]);
    bench.fill("s2", &["x", "y"]);
    let effects = [to("s2", "lost"), to("s1", "echo 1"), to("s1", "echo 2")];
    let rows = bench.store.rows();
    assert_eq!(refused(bench.commit("s1", 0, 2, &effects)), Refused::Full);
    assert_eq!(bench.store.rows(), rows, "nothing of it is kept");
    bench
        .acknowledge("s1", opened.term, "", (epoch, 1))
        .unwrap();
    let committed = bench.commit("s1", 0, 2, &effects).unwrap();
    assert_eq!(
        committed.refused,
        [(0, SendRefusal::Full)],
        "another's outbox holds nobody up"
    );
    assert_eq!(bench.read(&opened, "", 1).numbers(), [2, 3]);
}

pub fn echo_makes_room_where_it_is_to(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    bench.open_as("s2");
    bench.append("s1", opened.term, 0, &["a", "b"]).unwrap();
    bench.limits.outbox_messages = 2;
    bench.fill("s1", &["x", "y"]);
    bench.fill("s2", &["x", "y"]);
    let effects = [to("s2", "lost"), to("s1", "echo 1"), to("s1", "echo 2")];
    let commit = Commit {
        own_overflow: OutboxOverflow::DropOldest,
        ..bench.commit_of("s1", 0, 2, &effects)
    };
    let committed = bench.commit_all(commit).unwrap();
    assert_eq!(
        committed.refused,
        [(0, SendRefusal::Full)],
        "the oldest of another's outbox stay"
    );
    let read = bench.read(&opened, "", 0);
    assert_eq!(
        (read.numbers(), read.missing.as_deref()),
        (vec![3, 4], Some("overflow"))
    );
}

// [P53]
pub fn full_outbox_drops_the_oldest(store: impl Subject) {
    // [P53]
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let epoch = start(&opened, "").epoch;
    bench.limits.outbox_overflow = OutboxOverflow::DropOldest;
    bench.limits.outbox_messages = 3;
    bench.limits.outbox_bytes = 10;
    bench.fill("s1", &["a", "b", "c", "d"]);
    let read = bench.read(&opened, "", 0);
    assert_eq!(
        (read.numbers(), read.missing.as_deref()),
        (vec![2, 3, 4], Some("overflow"))
    );
    bench.fill("s1", &["1234567890"]);
    assert_eq!(bench.read(&opened, "", 4).numbers(), [5]);
    assert_eq!(bench.count(b"o/s1\0"), 1);
    let accepted = resume(&mut bench, 2, Some((epoch, 2)));
    assert_eq!(goes_on(&accepted, ""), (4, Some("overflow")));
    let accepted = resume(&mut bench, 3, None);
    assert_eq!(goes_on(&accepted, ""), (4, Some("overflow")));
    let accepted = resume(&mut bench, 4, Some((epoch, 4)));
    assert_eq!(goes_on(&accepted, ""), (4, None));
    let long = bench.send(&[to("s1", "12345678901")]);
    assert_eq!(long.refused, [(0, SendRefusal::TooLarge)]);
    assert_eq!(
        bench.count(b"o/s1\0"),
        1,
        "nothing gives way for what never fits"
    );
    bench.limits.outbox_messages = 0;
    assert_eq!(
        bench.send(&[to("s1", "x")]).refused,
        [(0, SendRefusal::Full)]
    );
}

pub fn reads_are_bounded(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    bench.fill("s1", &["aaaa", "bbbb", "cccc", "dddd"]);
    let mut read = |after, max_messages, max_bytes| {
        let request = Request::Read {
            session: id("s1"),
            term: opened.term,
            stream: String::new(),
            after,
            max_messages,
            max_bytes,
        };
        let Ok(Reply::Rows { rows, missing, .. }) = bench.execute(request) else {
            panic!("no rows");
        };
        assert_eq!(missing, None);
        rows.iter().map(|row| row.number).collect::<Vec<_>>()
    };
    assert_eq!(read(0, 2, 100), [1, 2]);
    assert_eq!(read(0, 100, 8), [1, 2]);
    assert_eq!(read(0, 100, 11), [1, 2]);
    assert_eq!(read(2, 100, 1), [3]);
    assert_eq!(read(2, 0, 0), [3]);
    let request = Request::Read {
        session: id("s1"),
        term: opened.term,
        stream: "no room".to_owned(),
        after: 0,
        max_messages: 1,
        max_bytes: 1,
    };
    assert_eq!(refused(bench.execute(request)), Refused::Unknown);
}
