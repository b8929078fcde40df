//! Who may store how much, and for whom.

use super::Subject;
use super::bench::Bench;
use super::bench::saves::{begins, by};
use crate::store::{Content, Load, Slot, Unsaved, Version};

// [P130]
pub fn documents_are_their_users(store: impl Subject) {
    let mut bench = Bench::new(store);
    let long = "k".repeat(128);
    let names = [
        ("ann", "form"),
        ("annf", "orm"),
        ("ann", "form/"),
        ("ann\0", "form"),
        ("ann", "\0form"),
        ("", "annform"),
        ("annform", ""),
        ("änn", &long),
        ("s1", "s1"),
    ];
    let slot = |(user, key): (&str, &str)| Slot::Document {
        user: user.to_owned(),
        key: key.to_owned(),
    };
    for (place, name) in names.iter().enumerate() {
        let save = bench.save_of(slot(*name), 0, &place.to_string());
        bench.saved(&save);
    }
    for (place, (user, key)) in names.iter().enumerate() {
        let load = Load::Document {
            user: (*user).to_owned(),
            key: (*key).to_owned(),
        };
        let loaded = bench.load(load).unwrap().unwrap();
        assert_eq!(loaded.data, place.to_string());
    }
    let mut hello = bench.hello("s1");
    hello.user = "bob".to_owned();
    hello.snapshot = begins(Some("form"), 0);
    let accepted = bench.accepted(&hello);
    assert_eq!((accepted.snapshot, accepted.state), (None, None));
}

// [P142]
pub fn documents_are_bounded(store: impl Subject) {
    let mut bench = Bench::new(store);
    bench.snapshot_limits.documents = 3;
    for key in ["a", "b", "c"] {
        let save = bench.document(key, 0, "1");
        bench.saved(&save);
    }
    let save = bench.document("d", 0, "1");
    assert_eq!(bench.unsaved(&save), (Unsaved::Quota, 0));
    let base = bench.document("a", 0, "1");
    let base = bench.saved(&base);
    let save = bench.document("a", base, "2");
    bench.saved(&save);
    let other = Slot::Document {
        user: "bob".to_owned(),
        key: "d".to_owned(),
    };
    let save = bench.save_of(other, 0, "1");
    bench.saved(&save);
}

// [P142]
pub fn quota_is_kept(store: impl Subject) {
    let mut bench = Bench::new(store);
    let (one, two) = (bench.open_as("s1"), bench.open_as("s2"));
    let text = "x".repeat(1_000);
    bench.snapshot_limits.quota_bytes = 2 * 1_256 + 300;
    let save = bench.checkpoint(&one, 0, &text);
    bench.saved(&save);
    let save = bench.checkpoint(&two, 0, &text);
    let base = bench.saved(&save);
    // A document's names count: 256 + 3 + 40 + 1.
    let short = bench.document(&"k".repeat(41), 0, "1");
    assert_eq!(bench.unsaved(&short), (Unsaved::Quota, 0));
    let fits = bench.document(&"k".repeat(40), 0, "1");
    bench.saved(&fits);
    let longer = bench.checkpoint(&two, base, &format!("{text}y"));
    assert_eq!(bench.unsaved(&longer), (Unsaved::Quota, base));
    // Even when there is too much: who takes no more is not refused.
    bench.snapshot_limits.quota_bytes = 0;
    let save = bench.checkpoint(&two, base, &text.replace('x', "y"));
    let base = bench.saved(&save);
    let save = by(
        Content::Same,
        bench.checkpoint(&two, base, &text.replace('x', "y")),
    );
    let base = bench.saved(&save);
    // What goes makes room.
    bench.snapshot_limits.quota_bytes = 2 * 1_256 + 300;
    bench.end("s1", one.term).unwrap();
    let save = bench.checkpoint(&two, base, &"z".repeat(2_256));
    bench.saved(&save);
    bench.store.restart();
    let save = bench.document("k", 0, "1");
    assert_eq!(bench.unsaved(&save), (Unsaved::Quota, 0));
}

// [P132]
pub fn no_version_comes_again(store: impl Subject) {
    let mut bench = Bench::new(store);
    let mut last = 0;
    for _ in 0..3 {
        let mut base = 0;
        for text in ["1", "2", "3"] {
            let save = bench.document("form", base, text);
            let Version { version, .. } = bench.try_save(&save).unwrap().unwrap();
            assert!(version > last, "{version} after {last}");
            (base, last) = (version, version);
        }
        bench.wall_ms += bench.snapshot_limits.ttl_ms + 1;
        bench.expire_all(1_000);
        assert_eq!(bench.document_text("form"), None);
    }
}
