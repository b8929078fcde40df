//! A state is stored, or the one before stays.

use super::Subject;
use super::bench::saves::{at, by};
use super::bench::{Bench, goes_on, publish, refused, start, subscribe, unsubscribe};
use crate::store::{Content, Held, Load, Refused, Save, Slot, Snapshot, Term, Unsaved};

const FIRST: &str = r#"{"draft":"The café","at":1}"#;
const SECOND: &str = r#"{"draft":"The café is open","at":2}"#;

/// What makes [`SECOND`] of [`FIRST`].
const CHANGE: &str = r#"[0,19," is open",19,7,"2}"]"#;

// [P131] [P132] [P136]
pub fn saved_state_is_given_back(store: impl Subject) {
    let mut bench = Bench::new(store);
    let owner = bench.open();
    let epoch = start(&owner, "").epoch;
    bench.fill("s1", &["a", "b"]);
    let save = at(&[("", epoch, 1)], bench.checkpoint(&owner, 0, FIRST));
    let version = bench.try_save(&save).unwrap().unwrap();
    assert_eq!(version.expires_ms, bench.wall_ms + 1_800_000);
    let of_session = |user: &str, token: &str| Load::Checkpoint {
        session: "s1".into(),
        user: user.to_owned(),
        token: token.to_owned(),
    };
    let snapshot = Snapshot {
        held: Held {
            version: version.version,
            saved_ms: bench.wall_ms,
            expires_ms: version.expires_ms,
            bytes: FIRST.len() as u32,
            check: save.check,
        },
        data: FIRST.to_owned(),
        positions: vec![(String::new(), epoch, 1)],
    };
    bench.store.restart();
    let loaded = bench.load(of_session("ann", "s1-1"));
    assert_eq!(loaded, Ok(Some(snapshot)));
    let document = bench.document("form", 0, SECOND);
    bench.saved(&document);
    assert_eq!(bench.document_text("form").as_deref(), Some(SECOND));
    assert_eq!(bench.document_text("other"), None);
    // Whose it is has to be shown.
    let mut load = |user, token| refused(bench.load(of_session(user, token)));
    assert_eq!(load("bob", "s1-1"), Refused::Unknown);
    assert_eq!(load("ann", "s1-2"), Refused::Term);
    bench.end("s1", owner.term).unwrap();
    let loaded = bench.load(of_session("ann", "s1-1"));
    assert_eq!(refused(loaded), Refused::Unknown);
}

// [P131] [P132]
pub fn saving_is_compare_and_set(store: impl Subject) {
    let mut bench = Bench::new(store);
    let owner = bench.open();
    let slots = [
        bench.checkpoint(&owner, 0, "").slot,
        bench.document("form", 0, "").slot,
    ];
    for slot in slots {
        let of = |bench: &Bench<_>, base, text| bench.save_of(slot.clone(), base, text);
        let save = of(&bench, 7, "1");
        assert_eq!(bench.unsaved(&save), (Unsaved::Stale, 0));
        let save = of(&bench, 0, "1");
        let first = bench.saved(&save);
        let save = of(&bench, first, "2");
        let second = bench.saved(&save);
        assert!(0 < first && first < second);
        for base in [0, first, second + 1] {
            let save = of(&bench, base, "3");
            assert_eq!(bench.unsaved(&save), (Unsaved::Stale, second));
        }
        // A save of long ago, which is none of the last one's.
        let save = of(&bench, 0, "1");
        assert_eq!(bench.unsaved(&save), (Unsaved::Stale, second));
    }
}

// [P133]
pub fn repeated_save_is_answered_again(store: impl Subject) {
    let mut bench = Bench::new(store);
    let owner = bench.open();
    let epoch = start(&owner, "").epoch;
    bench.fill("s1", &["a", "b", "c"]);
    let mut base = 0;
    for (content, number) in [
        (Content::Data(SECOND.to_owned()), 1),
        (Content::Delta(format!("[0,{}]", SECOND.len())), 2),
        (Content::Same, 3),
    ] {
        let save = bench.checkpoint(&owner, base, SECOND);
        let save = at(&[("", epoch, number), ("left", 1, 1)], by(content, save));
        let version = bench.try_save(&save).unwrap().unwrap();
        let rows = bench.store.rows();
        let later = Save {
            wall_ms: save.wall_ms + 1_000,
            ..save.clone()
        };
        assert_eq!(bench.try_save(&later), Ok(Ok(version)));
        assert_eq!(bench.store.rows(), rows);
        // The same text, but another place in the stream: that is another state.
        let save = at(&[("", epoch, number - 1)], save);
        assert_eq!(bench.unsaved(&save), (Unsaved::Stale, version.version));
        base = version.version;
    }
}

// [P139] [P140]
pub fn delta_changes_the_base(store: impl Subject) {
    let mut bench = Bench::new(store);
    let first = bench.document("form", 0, FIRST);
    let base = bench.saved(&first);
    let delta = |text: &str| Content::Delta(text.to_owned());
    let second = bench.document("form", base, SECOND);
    for wrong in [
        "",
        "{}",
        "[0]",
        r#"[0,19," is shut",19,7,"2}"]"#,
        "[0,1000]",
        "[18,1]",
        "[0,17]",
    ] {
        let save = by(delta(wrong), second.clone());
        assert_eq!(bench.unsaved(&save), (Unsaved::Mismatch, base), "{wrong}");
    }
    let save = by(delta(CHANGE), second);
    let version = bench.saved(&save);
    assert_eq!(bench.document_text("form").as_deref(), Some(SECOND));
    // Where nothing is, nothing changes.
    let nothing = by(delta(r#"["1"]"#), bench.document("other", 0, "1"));
    assert_eq!(bench.unsaved(&nothing), (Unsaved::Mismatch, 0));
    let nothing = by(Content::Same, bench.document("other", 0, "1"));
    assert_eq!(bench.unsaved(&nothing), (Unsaved::Mismatch, 0));
    let stale = by(delta(CHANGE), bench.document("form", base, FIRST));
    assert_eq!(bench.unsaved(&stale), (Unsaved::Stale, version));
}

// [P141] [P142] [P147]
pub fn refused_save_keeps_the_last_good(store: impl Subject) {
    let mut bench = Bench::new(store);
    let owner = bench.open();
    bench.fill("s1", &["a"]);
    let epoch = start(&owner, "").epoch;
    let save = bench.checkpoint(&owner, 0, FIRST);
    let base = bench.saved(&save);
    let good = at(&[("", epoch, 1)], bench.checkpoint(&owner, base, SECOND));
    let wrong = [
        Save {
            bytes: good.bytes + 1,
            ..good.clone()
        },
        Save {
            check: good.check ^ 1,
            ..good.clone()
        },
        by(Content::Same, good.clone()),
        by(Content::Delta(CHANGE.replace("2}", "3}")), good.clone()),
    ];
    for save in wrong {
        assert_eq!(bench.unsaved(&save), (Unsaved::Mismatch, base), "{save:?}");
    }
    let mut long = good.clone();
    long.limits.max_bytes = good.bytes - 1;
    assert_eq!(bench.unsaved(&long), (Unsaved::TooLarge, base));
    long.content = Content::Delta(CHANGE.to_owned());
    assert_eq!(bench.unsaved(&long), (Unsaved::TooLarge, base));
    let mut full = good.clone();
    full.limits.quota_bytes = 256 + u64::from(good.bytes) - 1;
    assert_eq!(bench.unsaved(&full), (Unsaved::Quota, base));
    let state = bench.begin("s1", "s1-1", 2, 0).state;
    assert_eq!(state.as_deref(), Some(FIRST));
}

// [P134] [P139]
pub fn unchanged_state_moves_the_positions(store: impl Subject) {
    let mut bench = Bench::new(store);
    let owner = bench.open();
    let epoch = start(&owner, "").epoch;
    bench.fill("s1", &["a", "b"]);
    let save = at(&[("", epoch, 1)], bench.checkpoint(&owner, 0, FIRST));
    let first = bench.saved(&save);
    let text = bench.row(b"x/").unwrap();
    bench.wall_ms += 60_000;
    let save = by(Content::Same, bench.checkpoint(&owner, first, FIRST));
    let save = at(&[("", epoch, 2)], save);
    let second = bench.saved(&save);
    assert!(second > first);
    assert_eq!(bench.row(b"x/"), Some(text), "it is not written again");
    assert_eq!(bench.count(b"o/"), 0);
    let begun = bench.begin("s1", "s1-1", 2, 0);
    assert_eq!(begun.state.as_deref(), Some(FIRST));
    let held = begun.snapshot.unwrap();
    assert_eq!((held.version, held.saved_ms), (second, bench.wall_ms));
    assert_eq!(start(&begun, "").after, 2);
}

// [P134]
pub fn checkpoint_acknowledges(store: impl Subject) {
    let mut bench = Bench::new(store);
    let mut hello = bench.hello("s1");
    hello.rooms = vec!["den".to_owned(), "hall".to_owned()];
    let owner = bench.accepted(&hello);
    let epoch = |stream| start(&owner, stream).epoch;
    let (own, den, hall) = (epoch(""), epoch("den"), epoch("hall"));
    bench.fill("s1", &["a", "b", "c"]);
    bench.send(&[
        publish("den", "d"),
        publish("den", "e"),
        publish("hall", "f"),
    ]);
    let save = bench.checkpoint(&owner, 0, "1");
    let first = bench.saved(&at(&[("", own, 2), ("den", den, 1)], save));
    assert_eq!(bench.read(&owner, "", 2).numbers(), [3]);
    assert_eq!(bench.count(b"o/"), 1);
    let save = bench.checkpoint(&owner, first, "2");
    bench.saved(&at(&[("den", den, 2)], save));
    let again = bench.again("s1", "s1-1", 2);
    let next = bench.accepted(&again);
    let places = |accepted| ["", "den", "hall"].map(|stream| start(accepted, stream).after);
    assert_eq!(places(&next), [2, 2, 0]);
    let next = bench.begin("s1", "s1-1", 3, 0);
    assert_eq!(places(&next), [2, 2, 0]);
    // What cannot be is not acknowledged.
    let base = next.snapshot.unwrap().version;
    let positions = [("", own, 9), ("den", den ^ 1, 2), ("hall", hall, 9)];
    let save = at(&positions, bench.checkpoint(&next, base, "3"));
    bench.saved(&save);
    let again = bench.again("s1", "s1-3", 4);
    let next = bench.accepted(&again);
    assert_eq!(places(&next), [2, 2, 0]);
    assert_eq!(bench.count(b"o/"), 1);
}

// [P130] [P144]
pub fn checkpoint_of_an_old_owner_is_refused(store: impl Subject) {
    let mut bench = Bench::new(store);
    let old = bench.open();
    bench.fill("s1", &["a"]);
    let epoch = start(&old, "").epoch;
    let save = bench.checkpoint(&old, 0, FIRST);
    let base = bench.saved(&save);
    let hello = bench.again("s1", "s1-1", 2);
    let new = bench.accepted(&hello);
    let rows = bench.store.rows();
    let save = at(&[("", epoch, 1)], bench.checkpoint(&old, base, SECOND));
    assert_eq!(refused(bench.try_save(&save)), Refused::Term);
    for id in ["s2", "a/b", ""] {
        let slot = Slot::Checkpoint {
            session: id.into(),
            term: Term::default(),
        };
        let save = bench.save_of(slot, 0, FIRST);
        assert_eq!(refused(bench.try_save(&save)), Refused::Unknown);
    }
    assert_eq!(bench.store.rows(), rows);
    let save = at(&[("", epoch, 1)], bench.checkpoint(&new, base, SECOND));
    bench.saved(&save);
    bench.end("s1", new.term).unwrap();
    assert_eq!((bench.count(b"c/"), bench.count(b"x/")), (0, 0));
    assert_eq!(refused(bench.try_save(&save)), Refused::Unknown);
}

// [P134]
pub fn room_that_was_left_has_no_position(store: impl Subject) {
    let mut bench = Bench::new(store);
    let mut hello = bench.hello("s1");
    hello.rooms = vec!["den".to_owned()];
    let owner = bench.accepted(&hello);
    let den = start(&owner, "den").epoch;
    bench.send(&["a", "b"].map(|text| publish("den", text)));
    let save = bench.checkpoint(&owner, 0, "1");
    let base = bench.saved(&at(&[("den", den, 1)], save));
    bench.send(&[unsubscribe("s1", "den")]);
    let save = bench.checkpoint(&owner, base, "2");
    bench.saved(&at(&[("den", den, 2), ("hall", 1, 1)], save));
    bench.send(&[publish("den", "c"), subscribe("s1", "den")]);
    let begun = bench.begin("s1", "s1-1", 2, 0);
    assert_eq!(begun.state.as_deref(), Some("2"));
    assert_eq!(goes_on(&begun, "den"), (3, None), "it was joined anew");
}
