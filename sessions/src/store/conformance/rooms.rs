//! Rooms.

use super::Subject;
use super::bench::{Bench, goes_on, id, publish, refused, start, subscribe, texts, unsubscribe};
use crate::io::{SendRefusal, Target};
use crate::store::{Accepted, Refused};

// [P54]
pub fn subscription_starts_at_the_end(store: impl Subject) {
    // [P54]
    let mut bench = Bench::new(store);
    bench.send(&[publish("den", "before"), publish("den", "too")]);
    let opened = enter(&mut bench, "s1", "den");
    assert_eq!(opened.streams.len(), 2);
    assert_eq!(opened.streams[0].stream, "", "the outbox stands first");
    assert_eq!(goes_on(&opened, "den"), (2, None));
    bench.send(&[publish("den", "after")]);
    assert_eq!(bench.read(&opened, "den", 2).rows, [(3, "after".into())]);
    let new = enter(&mut bench, "s2", "new room");
    assert_eq!(goes_on(&new, "new room"), (0, None));
}

/// A new session at an endpoint of this room.
fn enter(bench: &mut Bench<impl Subject>, session: &str, room: &str) -> Accepted {
    let mut hello = bench.hello(session);
    hello.rooms = vec![room.to_owned()];
    bench.accepted(&hello)
}

// [P45]
pub fn room_is_stored_once(store: impl Subject) {
    // [P45]
    let mut bench = Bench::new(store);
    let one = enter(&mut bench, "s1", "den");
    let two = enter(&mut bench, "s2", "den");
    let committed = bench.send(&[publish("den", "a"), publish("den", "b")]);
    let epoch = start(&one, "den").epoch;
    let room = Target::Room("den".to_owned());
    assert!(
        committed
            .rows
            .iter()
            .all(|(to, of, _)| *to == room && *of == epoch)
    );
    assert_eq!(bench.count(b"m/"), 2);
    assert_eq!(bench.count(b"o/"), 0);
    for session in [&one, &two] {
        let read = bench.read(session, "den", 0);
        assert_eq!((read.numbers(), read.epoch), (vec![1, 2], epoch));
    }
    bench
        .acknowledge("s1", one.term, "den", (epoch, 2))
        .unwrap();
    assert_eq!(
        bench.read(&two, "den", 0).numbers(),
        [1, 2],
        "one's acknowledgement is not the other's"
    );
    for name in ["", "a\nb", &"x".repeat(129)] {
        let committed = bench.send(&[publish(name, "x")]);
        assert_eq!(committed.refused, [(0, SendRefusal::Unknown)]);
    }
}

pub fn full_room_drops_the_oldest(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = enter(&mut bench, "s1", "den");
    let epoch = start(&opened, "den").epoch;
    bench.limits.room_messages = 3;
    bench.limits.room_bytes = 10;
    bench.send(&["a", "b", "c", "d"].map(|text| publish("den", text)));
    let read = bench.read(&opened, "den", 0);
    assert_eq!(
        (read.numbers(), read.missing.as_deref()),
        (vec![2, 3, 4], Some("overflow"))
    );
    bench.send(&[publish("den", "12345678")]);
    assert_eq!(bench.read(&opened, "den", 3).numbers(), [4, 5]);
    let committed = bench.send(&[publish("den", "12345678901")]);
    assert_eq!(committed.refused, [(0, SendRefusal::TooLarge)]);
    let mut hello = bench.again("s1", "s1-1", 2);
    hello.positions = vec![("den".to_owned(), epoch, 1)];
    let accepted = bench.accepted(&hello);
    assert_eq!(goes_on(&accepted, "den"), (2, Some("overflow")));
}

pub fn handler_subscribes_and_leaves(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    bench
        .append("s1", opened.term, 0, &["join", "leave"])
        .unwrap();
    bench.send(&[publish("den", "before")]);
    let join = [
        publish("den", "joins"),
        subscribe("s1", "den"),
        publish("den", "joined"),
    ];
    let committed = bench.commit("s1", 0, 1, &join).unwrap();
    let rows: Vec<_> = committed.rows.into_iter().map(|(_, _, row)| row).collect();
    assert_eq!(texts(&rows), [(2, "joins".into()), (3, "joined".into())]);
    let told = &committed.subscribed[..];
    assert!(
        matches!(told, [(who, start)] if &**who == "s1" && start.after == 2 && start.gap.is_none())
    );
    assert_eq!(bench.read(&opened, "den", 2).rows, [(3, "joined".into())]);
    let again = bench.commit("s1", 0, 1, &join).unwrap();
    assert!(again.repeated && again.rows.is_empty());
    assert_eq!(again.subscribed[0].1.after, 2, "told again");
    let found = bench.send(&[subscribe("s1", "den")]);
    assert_eq!(
        (found.subscribed[0].1.after, found.subscribed[0].1.last),
        (2, 3)
    );
    bench
        .commit("s1", 1, 2, &[unsubscribe("s1", "den")])
        .unwrap();
    assert_eq!(
        refused(bench.try_read("s1", opened.term, "den", 0)),
        Refused::Unknown
    );
    let hello = bench.again("s1", "s1-1", 2);
    assert_eq!(bench.accepted(&hello).streams.len(), 1);
    let effects = [
        unsubscribe("s1", "den"),
        subscribe("s9", "den"),
        unsubscribe("s9", "den"),
        subscribe("s1", "\0"),
    ];
    let unknown = SendRefusal::Unknown;
    let committed = bench.send(&effects);
    assert_eq!(
        committed.refused,
        [(1, unknown), (2, unknown), (3, unknown)]
    );
    assert!(committed.subscribed.is_empty());
}

// [P125]
pub fn rooms_of_a_session_are_bounded(store: impl Subject) {
    let mut bench = Bench::new(store);
    let mut hello = bench.hello("s1");
    hello.rooms = (0..100).map(|place| format!("r{place}")).collect();
    hello.rooms.push("\n".to_owned());
    let accepted = bench.accepted(&hello);
    assert_eq!(accepted.streams.len(), 64, "the outbox and 63 rooms");
    let committed = bench.send(&[subscribe("s1", "one more")]);
    assert_eq!(committed.refused, [(0, SendRefusal::Full)]);
    let committed = bench.send(&[unsubscribe("s1", "r0"), subscribe("s1", "one more")]);
    assert_eq!(committed.refused, []);
}

// [P49] [P51] [P52]
pub fn position_in_a_room_says_where_to_go_on(store: impl Subject) {
    // [P49] [P51] [P52]
    let mut bench = Bench::new(store);
    let opened = enter(&mut bench, "s1", "den");
    let epoch = start(&opened, "den").epoch;
    bench.send(&["a", "b", "c", "d"].map(|text| publish("den", text)));
    bench
        .acknowledge("s1", opened.term, "den", (epoch, 2))
        .unwrap();
    bench
        .acknowledge("s1", opened.term, "den", (epoch, 1))
        .unwrap();
    bench
        .acknowledge("s1", opened.term, "den", (epoch, 9))
        .unwrap();
    bench
        .acknowledge("s1", opened.term, "den", (epoch ^ 1, 4))
        .unwrap();
    let cases = [
        (None, (2, None)),
        (Some((epoch, 3)), (3, None)),
        (Some((epoch, 4)), (4, None)),
        (Some((epoch, 1)), (2, Some("acknowledged"))),
        (Some((epoch, 5)), (2, Some("epoch"))),
        (Some((epoch ^ 1, 3)), (2, Some("epoch"))),
    ];
    for (claim, (position, expected)) in (2..).zip(cases) {
        let mut hello = bench.again("s1", &format!("s1-{}", claim - 1), claim);
        hello.rooms = vec!["den".to_owned()];
        hello.positions = position
            .map(|(epoch, number)| ("den".to_owned(), epoch, number))
            .into_iter()
            .collect();
        let accepted = bench.accepted(&hello);
        assert_eq!(goes_on(&accepted, "den"), expected, "{position:?}");
        assert_eq!(
            start(&accepted, "den").epoch,
            epoch,
            "one client's word changes no room"
        );
    }
}

pub fn lost_room_is_an_epoch(store: impl Subject) {
    // [P51]
    let mut bench = Bench::new(store);
    let opened = enter(&mut bench, "s1", "den");
    let epoch = start(&opened, "den").epoch;
    bench.send(&[publish("den", "a"), publish("den", "b")]);
    bench.store.write(b"r/den", None);
    bench.wall_ms += 1;
    assert_eq!(bench.read(&opened, "den", 0).numbers(), [0; 0]);
    let committed = bench.send(&[publish("den", "c")]);
    let made = committed.rows[0].1;
    assert_ne!(made, epoch);
    assert_eq!(committed.rows[0].2.number, 1);
    let mut hello = bench.again("s1", "s1-1", 2);
    hello.positions = vec![("den".to_owned(), epoch, 2)];
    let accepted = bench.accepted(&hello);
    assert_eq!(
        (start(&accepted, "den").epoch, goes_on(&accepted, "den")),
        (made, (0, Some("epoch")))
    );
    assert_eq!(bench.read(&accepted, "den", 0).rows, [(1, "c".into())]);
    bench
        .acknowledge("s1", accepted.term, "den", (epoch, 2))
        .unwrap();
    bench
        .acknowledge("s1", accepted.term, "den", (made, 1))
        .unwrap();
    let mut hello = bench.again("s1", "s1-2", 3);
    hello.positions = vec![("den".to_owned(), made, 1)];
    hello.instance = id("i2");
    let accepted = bench.accepted(&hello);
    assert_eq!(goes_on(&accepted, "den"), (1, None));
}
