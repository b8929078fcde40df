//! A page gets its state back.

use steadfast_protocol::frame::Reason;

use super::Subject;
use super::bench::saves::{at, begins};
use super::bench::{Bench, goes_on, publish, start, subscribe};
use crate::store::{Accepted, Wanted};

const TEXT: &str = r#"{"seen":2}"#;
const MANY: u32 = 1_000;

/// Session "s1", four messages in its outbox and in the room "den", and a checkpoint behind the second
/// of each; its version.
fn furnish(bench: &mut Bench<impl Subject>) -> (Accepted, u64) {
    let mut hello = bench.hello("s1");
    hello.rooms = vec!["den".to_owned()];
    let owner = bench.accepted(&hello);
    let texts = ["a", "b", "c", "d"];
    bench.fill("s1", &texts);
    bench.send(&texts.map(|text| publish("den", text)));
    let (own, den) = (start(&owner, "").epoch, start(&owner, "den").epoch);
    let save = bench.checkpoint(&owner, 0, TEXT);
    let version = bench.saved(&at(&[("", own, 2), ("den", den, 2)], save));
    (owner, version)
}

// [P150] [P151]
pub fn hello_is_told_what_is_stored(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (owner, version) = furnish(&mut bench);
    let mut hello = bench.again("s1", "s1-1", 2);
    hello.positions = vec![(String::new(), start(&owner, "").epoch, 3)];
    let silent = bench.accepted(&hello);
    assert_eq!((silent.snapshot, silent.state), (None, None));
    let mut hello = bench.again("s1", "s1-1", 3);
    hello.positions = vec![(String::new(), start(&owner, "").epoch, 3)];
    hello.snapshot = Some(Wanted {
        key: None,
        version: 0,
        restore: false,
    });
    let accepted = bench.accepted(&hello);
    let held = accepted.snapshot.unwrap();
    assert_eq!((held.version, held.bytes), (version, TEXT.len() as u32));
    assert_eq!(accepted.state, None, "nobody asked for it");
    assert_eq!(goes_on(&accepted, ""), (3, None));
}

// [P153]
pub fn what_is_acknowledged_without_the_state_is_a_hole(store: impl Subject) {
    let mut bench = Bench::new(store);
    let hello = bench.hello("s1");
    let owner = bench.accepted(&hello);
    let save = bench.checkpoint(&owner, 0, TEXT);
    bench.saved(&save);
    bench.fill("s1", &["a", "b"]);
    let joined = bench.send(&[subscribe("s1", "den")]);
    let den = joined.subscribed[0].1.epoch;
    bench.send(&["c", "d", "e"].map(|text| publish("den", text)));
    let own = start(&owner, "").epoch;
    for (stream, position) in [("", (own, 2)), ("den", (den, 3))] {
        let acknowledged = bench.acknowledge("s1", owner.term, stream, position);
        acknowledged.unwrap();
    }
    let mut hello = bench.again("s1", "s1-1", 2);
    hello.snapshot = begins(None, 0);
    let accepted = bench.accepted(&hello);
    assert_eq!(goes_on(&accepted, ""), (2, Some("acknowledged")));
    assert_eq!(goes_on(&accepted, "den"), (3, Some("acknowledged")));
}

// [P152] [P153]
pub fn page_that_begins_gets_state_and_positions(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (owner, version) = furnish(&mut bench);
    let epoch = |stream| start(&owner, stream).epoch;
    let (own, den) = (epoch(""), epoch("den"));
    for known in [0, version - 1, version + 1] {
        let mut hello = bench.again("s1", "s1-1", 2 + bench.wall_ms);
        hello.snapshot = begins(None, known);
        // Of a memory each execution of a claim begins a term.
        hello.memories = Vec::new();
        hello.positions = vec![(String::new(), own, 4), ("den".to_owned(), den, 4)];
        let accepted = bench.accepted(&hello);
        assert_eq!(accepted.state.as_deref(), Some(TEXT));
        assert_eq!(accepted.snapshot.unwrap().version, version);
        assert_eq!(
            goes_on(&accepted, ""),
            (2, None),
            "not where the hello says"
        );
        assert_eq!(goes_on(&accepted, "den"), (2, None));
        let rows = bench.store.rows();
        let again = format!("{:?}", bench.accepted(&hello));
        assert_eq!(again, format!("{accepted:?}"));
        assert_eq!(bench.store.rows(), rows);
        bench.wall_ms += 1;
    }
    // What was acknowledged past the state is a hole.
    let mut hello = bench.again("s1", "s1-1", 9 + bench.wall_ms);
    let owner = bench.accepted(&hello);
    bench.acknowledge("s1", owner.term, "", (own, 3)).unwrap();
    bench
        .acknowledge("s1", owner.term, "den", (den, 3))
        .unwrap();
    hello = bench.again("s1", "s1-1", 10 + bench.wall_ms);
    hello.snapshot = begins(None, 0);
    let accepted = bench.accepted(&hello);
    assert_eq!(accepted.state.as_deref(), Some(TEXT));
    assert_eq!(goes_on(&accepted, ""), (3, Some("acknowledged")));
    assert_eq!(goes_on(&accepted, "den"), (3, Some("acknowledged")));
}

// [P153]
pub fn page_that_has_the_version_keeps_its_positions(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (owner, version) = furnish(&mut bench);
    let mut hello = bench.again("s1", "s1-1", 2);
    hello.snapshot = begins(None, version);
    hello.positions = vec![(String::new(), start(&owner, "").epoch, 3)];
    let accepted = bench.accepted(&hello);
    assert_eq!(accepted.snapshot.unwrap().version, version);
    assert_eq!(accepted.state, None, "it has it");
    assert_eq!(goes_on(&accepted, ""), (3, None));
    // And where both have none.
    let other = bench.open_as("s2");
    bench.fill("s2", &["a", "b"]);
    let mut hello = bench.again("s2", "s2-1", 2);
    hello.snapshot = begins(None, 0);
    hello.positions = vec![(String::new(), start(&other, "").epoch, 1)];
    let accepted = bench.accepted(&hello);
    assert_eq!((accepted.snapshot, &accepted.state), (None, &None));
    assert_eq!(goes_on(&accepted, ""), (1, None));
}

// [P153]
pub fn checkpoint_stands_in_for_streams_that_are_not_named(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (owner, version) = furnish(&mut bench);
    let epoch = |stream| start(&owner, stream).epoch;
    let (own, den) = (epoch(""), epoch("den"));
    // The page was given more than its state has seen, and its link died before it was told where.
    let hello = bench.again("s1", "s1-1", 2);
    let owner = bench.accepted(&hello);
    let acknowledged = bench.acknowledge("s1", owner.term, "", (own, 4));
    acknowledged.unwrap();
    let acknowledged = bench.acknowledge("s1", owner.term, "den", (den, 3));
    acknowledged.unwrap();
    for (claim, restore) in [(3, true), (4, false)] {
        let mut hello = bench.again("s1", "s1-1", claim);
        hello.snapshot = Some(Wanted {
            key: None,
            version,
            restore,
        });
        hello.positions = vec![("den".to_owned(), den, 4)];
        let accepted = bench.accepted(&hello);
        assert_eq!(accepted.state, None, "it has it");
        let told = goes_on(&accepted, "");
        assert_eq!(told, (4, Some("acknowledged")), "restore: {restore}");
        assert_eq!(goes_on(&accepted, "den"), (4, None), "it is named");
    }
    // Of a page whose state is another one nothing is known.
    let mut hello = bench.again("s1", "s1-1", 5);
    hello.snapshot = Some(Wanted {
        key: None,
        version: version - 1,
        restore: false,
    });
    assert_eq!(goes_on(&bench.accepted(&hello), ""), (4, None));
}

// [P130] [P152]
pub fn document_moves_nothing(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (owner, checkpoint) = furnish(&mut bench);
    let save = bench.document("form", 0, r#"{"name":"Ann"}"#);
    let version = bench.saved(&save);
    assert!(version >= checkpoint, "they are counted apart");
    let mut hello = bench.again("s1", "s1-1", 2);
    hello.snapshot = begins(Some("form"), 0);
    hello.positions = vec![(String::new(), start(&owner, "").epoch, 3)];
    let accepted = bench.accepted(&hello);
    assert_eq!(accepted.state.as_deref(), Some(r#"{"name":"Ann"}"#));
    assert_eq!(goes_on(&accepted, ""), (3, None));
    let mut hello = bench.again("s1", "s1-1", 3);
    hello.snapshot = begins(Some("form"), version);
    assert_eq!(bench.accepted(&hello).state, None);
    // On another device.
    let mut hello = bench.hello("s2");
    hello.snapshot = begins(Some("form"), 0);
    let accepted = bench.accepted(&hello);
    assert_eq!(accepted.reason, Reason::New);
    assert_eq!(accepted.state.as_deref(), Some(r#"{"name":"Ann"}"#));
}

// [P130]
pub fn new_session_has_no_checkpoint(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (owner, version) = furnish(&mut bench);
    let wrong = bench.begin("s1", "wrong", 2, version);
    assert_eq!(wrong.reason, Reason::Token);
    assert_eq!(
        (wrong.snapshot, wrong.state, wrong.spoiled),
        (None, None, false)
    );
    let mut hello = bench.again("s1", "s1-1", 2);
    hello.user = "bob".to_owned();
    hello.snapshot = begins(None, 0);
    let other = bench.accepted(&hello);
    assert_eq!((other.reason, other.snapshot), (Reason::User, None));
    bench.end("s1", owner.term).unwrap();
    let ended = bench.begin("s1", "s1-1", 3, 0);
    assert_eq!((ended.reason, ended.snapshot), (Reason::Unknown, None));
}

// [P136] [P155] [P156]
pub fn state_that_grew_old_is_a_hole(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (owner, version) = furnish(&mut bench);
    bench.wall_ms += bench.snapshot_limits.ttl_ms;
    bench.expire_all(MANY);
    assert_eq!(bench.count(b"x/"), 1, "its time has not come");
    bench.wall_ms += 1;
    bench.expire_all(MANY);
    assert_eq!(bench.count(b"x/"), 0);
    // What is left of it takes next to nothing.
    let mut save = bench.document("form", 0, "1");
    save.limits.quota_bytes = 256 + 256 + 3 + 4 + 1;
    bench.saved(&save);
    let begun = bench.begin("s1", "s1-1", 2, 0);
    assert_eq!(begun.reason, Reason::Resumed);
    assert_eq!(
        (begun.snapshot, &begun.state, begun.spoiled),
        (None, &None, false)
    );
    assert!(goes_on(&begun, "").1.is_some() && goes_on(&begun, "den").1.is_some());
    // The page that has this very state goes on from it.
    let mut hello = bench.again("s1", "s1-1", 3);
    hello.snapshot = begins(None, version);
    hello.positions = vec![(String::new(), start(&owner, "").epoch, 4)];
    let kept = bench.accepted(&hello);
    assert_eq!(kept.snapshot.map(|held| held.version), Some(version));
    assert_eq!(goes_on(&kept, ""), (4, None));
    // And saves again, whichever it is.
    let save = bench.checkpoint(&kept, version, "1");
    let next = bench.saved(&save);
    assert!(next > version);
    assert_eq!(
        bench.begin("s1", "s1-1", 4, version).state.as_deref(),
        Some("1")
    );
}

// [P156]
pub fn state_that_never_was_is_a_hole(store: impl Subject) {
    let mut bench = Bench::new(store);
    let owner = bench.open();
    bench.fill("s1", &["a", "b"]);
    let begun = bench.begin("s1", "s1-1", 2, 0);
    assert_eq!(goes_on(&begun, ""), (0, None), "all of it comes");
    let epoch = start(&owner, "").epoch;
    bench.acknowledge("s1", begun.term, "", (epoch, 1)).unwrap();
    let begun = bench.begin("s1", "s1-1", 3, 0);
    assert_eq!(goes_on(&begun, ""), (1, Some("acknowledged")));
    let hello = bench.again("s1", "s1-1", 4);
    let resumed = bench.accepted(&hello);
    assert_eq!(
        goes_on(&resumed, ""),
        (1, None),
        "without a snapshot as ever"
    );
}

// [P136]
pub fn state_of_a_session_that_is_there_stays(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (owner, version) = furnish(&mut bench);
    for _ in 0..5 {
        bench.wall_ms += bench.snapshot_limits.ttl_ms;
        bench.seen(&owner);
        bench.expire_all(MANY);
        assert_eq!((bench.count(b"q/"), bench.count(b"x/")), (1, 1));
    }
    bench.wall_ms += bench.snapshot_limits.ttl_ms;
    bench.expire_all(MANY);
    assert_eq!(bench.count(b"x/"), 1, "its time has not come");
    let begun = bench.begin("s1", "s1-1", 2, 0);
    assert_eq!(begun.snapshot.map(|held| held.version), Some(version));
    assert_eq!(begun.state.as_deref(), Some(TEXT));
}

// [P136] [P98]
pub fn snapshots_go_with_their_time(store: impl Subject) {
    let mut bench = Bench::new(store);
    furnish(&mut bench);
    let save = bench.document("old", 0, "1");
    bench.saved(&save);
    bench.wall_ms += bench.snapshot_limits.ttl_ms;
    let save = bench.document("young", 0, "1");
    let base = bench.saved(&save);
    bench.wall_ms += 1;
    bench.expire_all(MANY);
    assert_eq!(bench.document_text("old"), None);
    assert_eq!(bench.document_text("young").as_deref(), Some("1"));
    // Saved again, it lives longer.
    bench.wall_ms += bench.snapshot_limits.ttl_ms - 2;
    let save = bench.document("young", base, "2");
    bench.saved(&save);
    bench.wall_ms += 10;
    bench.expire_all(MANY);
    assert_eq!(bench.document_text("young").as_deref(), Some("2"));
    bench.wall_ms += 3_600_001;
    bench.expire_all(MANY);
    for tag in [b"c/", b"x/", b"q/", b"s/"] {
        assert_eq!(bench.count(tag), 0, "nothing is left of {tag:?}");
    }
    // A clock that was wrong does not keep it for ever.
    bench.wall_ms += 1_000 * 3_600_000;
    let save = bench.document("ahead", 0, "1");
    let base = bench.saved(&save);
    bench.wall_ms -= 999 * 3_600_000;
    let save = bench.document("ahead", base, "2");
    bench.saved(&save);
    bench.wall_ms += 3_600_001;
    bench.expire_all(MANY);
    assert_eq!(bench.document_text("ahead"), None);
    let (_, sum) = bench.row(b"b").unwrap();
    let save = bench.document("new", 0, "1");
    bench.saved(&save);
    bench.wall_ms += 3_600_001;
    bench.expire_all(MANY);
    assert_eq!(bench.row(b"b").unwrap().1, sum, "the sum is as it was");
}
