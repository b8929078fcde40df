//! Who gets a session.

use steadfast_protocol::frame::Reason;

use super::Subject;
use super::bench::{Bench, goes_on, id, received, refused, start};
use crate::store::{Claim, Claimed, Refused, Request, Term};

pub fn first_hello_gets_a_new_session(store: impl Subject) {
    // [P19]
    let mut bench = Bench::new(store);
    let hello = bench.hello("s1");
    let accepted = bench.accepted(&hello);
    assert_eq!(&*accepted.session, "s1");
    assert_eq!(accepted.reason, Reason::New);
    let term = Term {
        counter: 1,
        nonce: hello.nonce,
    };
    assert_eq!(accepted.term, term);
    let counts = (received(&accepted), accepted.cursor, accepted.inbox_last);
    assert_eq!(counts, (0, 0, 0));
    assert_eq!(accepted.streams.len(), 1);
    assert_eq!(goes_on(&accepted, ""), (0, None));
    assert_eq!(start(&accepted, "").last, 0);
}

// [P20] [P162]
pub fn resume_tells_the_counts(store: impl Subject) {
    // [P20] [P162]
    let mut bench = Bench::new(store);
    let first = bench.open();
    bench.append("s1", first.term, 0, &["a", "b", "c"]).unwrap();
    bench.commit("s1", 0, 2, &[]).unwrap();
    let hello = bench.again("s1", "s1-1", 2);
    let second = bench.accepted(&hello);
    assert_eq!((&*second.session, second.reason), ("s1", Reason::Resumed));
    assert_eq!(
        (received(&second), second.cursor, second.inbox_last),
        (3, 2, 3)
    );
    assert_eq!((second.term.counter, second.term.nonce), (2, hello.nonce));
    // Another memory has sent nothing yet.
    let mut hello = bench.again("s1", "s1-2", 3);
    hello.memories = vec![id("m2")];
    let third = bench.accepted(&hello);
    assert_eq!((received(&third), third.inbox_last), (0, 3));
}

// [P24]
pub fn lost_welcome_strands_nobody(store: impl Subject) {
    // [P24]
    let mut bench = Bench::new(store);
    bench.open();
    for claim in 2..5 {
        // Its welcome is lost each time: the client has still the first token.
        let hello = bench.again("s1", "s1-1", claim);
        assert_eq!(bench.accepted(&hello).reason, Reason::Resumed);
    }
    let mut told = |token, claim| {
        let hello = bench.again("s1", token, claim);
        bench.accepted(&hello).reason
    };
    assert_eq!(told("s1-3", 5), Reason::Token, "never used, and overtaken");
    assert_eq!(told("s1-4", 6), Reason::Resumed);
    assert_eq!(told("s1-1", 7), Reason::Token, "its successor was used");
    assert_eq!(told("s1-4", 8), Reason::Resumed);
}

// [P21]
pub fn refused_hello_gets_a_new_session(store: impl Subject) {
    // [P21]
    let mut bench = Bench::new(store);
    let first = bench.open();
    bench.append("s1", first.term, 0, &["a"]).unwrap();
    bench.fill("s1", &["down"]);
    let ended = bench.open_as("s2");
    bench.end("s2", ended.term).unwrap();
    let untouched = bench.row(b"s/s1").unwrap();
    let good = bench.again("s1", "s1-1", 2);
    let asks = |session: &str, token: &str| Claim {
        resume: Some((session.into(), token.to_owned())),
        ..good.clone()
    };
    let other = Claim {
        user: "bob".to_owned(),
        ..good.clone()
    };
    let cases = [
        (asks("s1", "wrong"), Reason::Token),
        (asks("s1", ""), Reason::Token),
        (asks("s1", "s1-2"), Reason::Token),
        (other, Reason::User),
        (asks("s9", "s1-1"), Reason::Unknown),
        (asks("s2", "s2-1"), Reason::Unknown),
        (asks("", "s1-1"), Reason::Unknown),
        (asks("s1\0", "s1-1"), Reason::Unknown),
        (asks("../s1", "s1-1"), Reason::Unknown),
        (asks(&"s".repeat(65), "s1-1"), Reason::Unknown),
    ];
    for (place, (claim, reason)) in cases.into_iter().enumerate() {
        let name = format!("new-{place}");
        let claim = Claim {
            new_session: id(&name),
            positions: vec![(String::new(), 1, 1)],
            ..claim
        };
        let accepted = bench.accepted(&claim);
        assert_eq!(
            (&*accepted.session, accepted.reason),
            (&*name, reason),
            "{claim:?}"
        );
        assert_eq!(goes_on(&accepted, ""), (0, None));
    }
    assert_eq!(bench.row(b"s/s1").unwrap(), untouched);
}

// [P27]
pub fn overtaken_hello_changes_nothing(store: impl Subject) {
    // [P27]
    let mut bench = Bench::new(store);
    bench.open();
    let stuck = bench.again("s1", "s1-1", 2);
    let mut later = bench.again("s1", "s1-1", 3);
    later.new_token = "t3".to_owned();
    bench.accepted(&later);
    let rows = bench.store.rows();
    assert!(matches!(bench.claim(&stuck), Claimed::Stale));
    let mut other = Claim {
        instance: id("i2"),
        ..stuck.clone()
    };
    assert!(matches!(bench.claim(&other), Claimed::TakenOver));
    other.claim = 3;
    assert!(
        matches!(bench.claim(&other), Claimed::TakenOver),
        "the same claim is no higher one"
    );
    assert_eq!(bench.store.rows(), rows);
    let mut latest = bench.again("s1", "t3", 4);
    latest.new_token = "t4".to_owned();
    bench.accepted(&latest);
    let rows = bench.store.rows();
    assert!(
        matches!(bench.claim(&stuck), Claimed::Stale),
        "whatever became of its token"
    );
    assert_eq!(bench.store.rows(), rows);
    let stranger = Claim {
        user: "bob".to_owned(),
        ..bench.again("s1", "t3", 3)
    };
    let reason = bench.accepted(&stranger).reason;
    assert_eq!(reason, Reason::User, "nothing is told of another's session");
}

pub fn repeated_claim_is_answered_again(store: impl Subject) {
    let mut bench = Bench::new(store);
    let mut hello = bench.hello("s1");
    hello.rooms = vec!["den".to_owned()];
    hello.memories = Vec::new();
    let first = bench.accepted(&hello);
    let rows = bench.store.rows();
    let again = bench.accepted(&hello);
    assert_eq!(format!("{again:?}"), format!("{first:?}"));
    assert_eq!(bench.store.rows(), rows);
    bench.adopt(&first, "m-s1").unwrap().unwrap();
    bench.append("s1", first.term, 0, &["a"]).unwrap();
    bench.fill("s1", &["x", "y"]);
    let mut hello = bench.again("s1", "s1-1", 2);
    hello.memories = Vec::new();
    hello.rooms = vec!["hall".to_owned()];
    hello.positions = vec![(String::new(), start(&first, "").epoch, 1)];
    let second = bench.accepted(&hello);
    assert_eq!(goes_on(&second, ""), (1, None));
    let rows = bench.store.rows();
    let again = bench.accepted(&hello);
    assert_eq!(format!("{again:?}"), format!("{second:?}"));
    assert_eq!(bench.store.rows(), rows);
    // The same, with the wrong token: the new session is made once.
    let mut refused = bench.again("s1", "wrong", 3);
    refused.memories = Vec::new();
    let third = bench.accepted(&refused);
    let rows = bench.store.rows();
    let again = bench.accepted(&refused);
    assert_eq!(format!("{again:?}"), format!("{third:?}"));
    assert_eq!(bench.store.rows(), rows);
}

pub fn taken_id_is_not_taken_again(store: impl Subject) {
    let mut bench = Bench::new(store);
    bench.open();
    let rows = bench.store.rows();
    let hello = bench.hello("s1");
    assert_eq!(
        refused(bench.execute(Request::Claim(hello))),
        Refused::Expected
    );
    assert_eq!(bench.store.rows(), rows);
}

// [P28]
pub fn old_term_is_fenced(store: impl Subject) {
    // [P28]
    let mut bench = Bench::new(store);
    let old = bench.open();
    bench.fill("s1", &["x"]);
    let hello = bench.again("s1", "s1-1", 2);
    let new = bench.accepted(&hello);
    let rows = bench.store.rows();
    let other_half = Term {
        nonce: new.term.nonce ^ 1,
        ..new.term
    };
    let epoch = start(&new, "").epoch;
    for term in [old.term, other_half, Term::default()] {
        assert_eq!(refused(bench.append("s1", term, 0, &["a"])), Refused::Term);
        assert_eq!(refused(bench.try_read("s1", term, "", 0)), Refused::Term);
        assert_eq!(
            refused(bench.acknowledge("s1", term, "", (epoch, 1))),
            Refused::Term
        );
        assert_eq!(refused(bench.end("s1", term)), Refused::Term);
        let seen = Request::Seen {
            session: id("s1"),
            term,
            wall_ms: 2_000_000,
        };
        assert_eq!(refused(bench.execute(seen)), Refused::Term);
    }
    assert_eq!(bench.store.rows(), rows);
}

// [P123]
pub fn bad_names_are_refused(store: impl Subject) {
    let mut bench = Bench::new(store);
    let rows = bench.store.rows();
    for name in ["", "a b", "a/b", "a\0", "ä", &"a".repeat(65)] {
        let mut hello = bench.hello("s1");
        hello.instance = id(name);
        assert_eq!(
            refused(bench.execute(Request::Claim(hello))),
            Refused::Unknown
        );
        let hello = bench.hello(name);
        assert_eq!(
            refused(bench.execute(Request::Claim(hello))),
            Refused::Unknown
        );
        assert_eq!(
            refused(bench.append(name, Term::default(), 0, &[])),
            Refused::Unknown
        );
        assert_eq!(refused(bench.commit(name, 0, 0, &[])), Refused::Unknown);
        assert_eq!(refused(bench.inbox(name, 0)), Refused::Unknown);
    }
    assert_eq!(bench.store.rows(), rows);
}

pub fn restart_keeps_everything(store: impl Subject) {
    let mut bench = Bench::new(store);
    let first = bench.open();
    bench.append("s1", first.term, 0, &["a", "b"]).unwrap();
    bench.fill("s1", &["x"]);
    let rows = bench.store.rows();
    bench.store.restart();
    assert_eq!(bench.store.rows(), rows);
    assert_eq!(bench.inbox("s1", 0).unwrap().len(), 2);
    let hello = bench.again("s1", "s1-1", 2);
    assert_eq!(received(&bench.accepted(&hello)), 2);
}
