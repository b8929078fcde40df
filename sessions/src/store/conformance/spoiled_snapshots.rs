//! Snapshots that somebody, or something, has spoiled.

use steadfast_protocol::frame::Reason;

use super::Subject;
use super::bench::saves::{at, begins, by};
use super::bench::{Bench, goes_on, received, start};
use super::poison::{each, furnish, unreadable};
use crate::store::{Accepted, Content, Load, Unsaved};

pub(super) const STATE: &str = r#"{"draft":"hello"}"#;

/// The page gets no state, and keeps its session; the state that it saves next is good again.
fn has_no_state<S: Subject>(bench: &mut Bench<S>, version: u64) -> Accepted {
    let begun = bench.begin("s1", "s1-1", 2, 0);
    assert_eq!((begun.reason, received(&begun)), (Reason::Resumed, 4));
    assert_eq!((begun.snapshot, &begun.state), (None, &None));
    assert!(begun.spoiled);
    assert_eq!(goes_on(&begun, "").1, Some("acknowledged"));
    let delta = Content::Delta(format!("[0,{}]", STATE.len()));
    let save = by(delta, bench.checkpoint(&begun, version, STATE));
    assert_eq!(bench.unsaved(&save), (Unsaved::Stale, 0));
    let save = bench.checkpoint(&begun, 0, "1");
    assert!(bench.saved(&save) > version);
    let begun = bench.begin("s1", "s1-2", 3, version);
    assert_eq!(begun.state.as_deref(), Some("1"));
    begun
}

/// The furniture, a checkpoint behind the first message of the outbox, and a document; the
/// checkpoint's version.
fn furnish_with_state(bench: &mut Bench<impl Subject>) -> u64 {
    let (one, _) = furnish(bench);
    let epoch = start(&one, "").epoch;
    let save = at(&[("", epoch, 1)], bench.checkpoint(&one, 0, STATE));
    let version = bench.saved(&save);
    let save = bench.document("form", 0, STATE);
    bench.saved(&save);
    bench.wall_ms += 1;
    version
}

// [P155]
pub fn spoiled_snapshot_is_told_as_none(store: impl Subject) {
    let mut bench = Bench::new(store);
    let version = furnish_with_state(&mut bench);
    each(&mut bench, b"c/s/s1", |bench| {
        unreadable(bench.load(of_session()), "c/s/s1");
        let begun = has_no_state(bench, version);
        bench.end("s1", begun.term).unwrap();
        assert_eq!(bench.document_text("form").as_deref(), Some(STATE));
        bench.wall_ms += 8_000_000;
        bench.expire_all(1_000);
        bench.wall_ms -= 8_000_000;
        assert_eq!((bench.count(b"c/"), bench.count(b"x/")), (0, 0));
        assert_eq!(bench.count(b"q/"), 0);
    });
    each(&mut bench, b"c/u/", |bench| {
        let mut hello = bench.hello("s3");
        hello.snapshot = begins(Some("form"), 0);
        let accepted = bench.accepted(&hello);
        assert_eq!((accepted.snapshot, accepted.spoiled), (None, true));
        let save = bench.document("form", 0, "1");
        bench.saved(&save);
        assert_eq!(bench.document_text("form").as_deref(), Some("1"));
        bench.wall_ms += 8_000_000;
        bench.expire_all(1_000);
        bench.wall_ms -= 8_000_000;
        assert_eq!((bench.count(b"c/u/"), bench.count(b"q/")), (0, 0));
    });
}

// [P155]
pub fn spoiled_text_is_told_as_none(store: impl Subject) {
    let mut bench = Bench::new(store);
    let version = furnish_with_state(&mut bench);
    each(&mut bench, b"x/s/s1", |bench| {
        unreadable(bench.load(of_session()), "x/s/s1");
        has_no_state(bench, version);
    });
    // The page that has it goes on from it, and the whole state mends it.
    let (key, _) = bench.row(b"x/s/s1").unwrap();
    bench.store.write(&key, None);
    let begun = bench.begin("s1", "s1-1", 2, version);
    assert_eq!(begun.snapshot.map(|held| held.version), Some(version));
    let same = by(Content::Same, bench.checkpoint(&begun, version, STATE));
    assert_eq!(bench.unsaved(&same), (Unsaved::Stale, 0));
    bench.wall_ms -= 1_000;
    let save = bench.checkpoint(&begun, version, "1");
    let mended = bench.saved(&save);
    assert!(mended > version, "whatever the clock says");
    // A text of another version is none of its own.
    let old = bench.row(b"x/s/s1").unwrap();
    let save = bench.checkpoint(&begun, mended, "2");
    bench.saved(&save);
    assert_eq!(bench.load(of_session()).unwrap().unwrap().data, "2");
    bench.store.write(&key, Some(&old.1));
    unreadable(bench.load(of_session()), "x/s/s1");
}

pub fn spoiled_sum_is_summed_again(store: impl Subject) {
    let mut bench = Bench::new(store);
    let version = furnish_with_state(&mut bench);
    let size = STATE.len() as u64;
    let document = 256 + 3 + 4 + size;
    let fits = |bench: &mut Bench<_>, beside: u64| {
        let mut save = bench.document("x", 0, "1");
        save.limits.quota_bytes = beside + 256 + 3 + 1;
        assert_eq!(bench.unsaved(&save), (Unsaved::Quota, 0));
        save.limits.quota_bytes += 1;
        bench.saved(&save);
    };
    each(&mut bench, b"b", |bench| fits(bench, document + 256 + size));
    each(&mut bench, b"b", |bench| {
        let begun = bench.begin("s1", "s1-1", 2, 0);
        let mut save = bench.checkpoint(&begun, version, &"x".repeat(100));
        save.limits.quota_bytes = document + 256 + 99;
        assert_eq!(bench.unsaved(&save), (Unsaved::Quota, version));
        save.limits.quota_bytes += 1;
        bench.saved(&save);
    });
    // What a spoiled snapshot took is known again when another takes its place.
    each(&mut bench, b"c/s/s1", |bench| {
        let begun = bench.begin("s1", "s1-1", 2, 0);
        let save = bench.checkpoint(&begun, 0, "1");
        bench.saved(&save);
        fits(bench, document + 256 + 1);
    });
}

pub(super) fn of_session() -> Load {
    Load::Checkpoint {
        session: "s1".into(),
        user: "ann".to_owned(),
        token: "s1-1".to_owned(),
    }
}

pub fn spoiled_snapshot_keeps_no_turn(store: impl Subject) {
    let mut bench = Bench::new(store);
    let save = bench.document("form", 0, STATE);
    bench.saved(&save);
    let (key, _) = bench.row(b"c/").unwrap();
    bench.store.write(&key, Some(b"nonsense"));
    bench.wall_ms += 60_000;
    let save = bench.document("form", 0, "1");
    bench.saved(&save);
    assert_eq!(bench.count(b"q/"), 2);
    bench.wall_ms += bench.snapshot_limits.ttl_ms - 1;
    bench.expire_all(1_000);
    assert_eq!(bench.count(b"q/"), 1);
    assert_eq!(bench.document_text("form").as_deref(), Some("1"));
}
