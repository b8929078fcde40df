//! Inboxes and handlers' cursors.

use steadfast_protocol::limits;

use super::Subject;
use super::bench::{Bench, id, refused, to};
use crate::Payload;
use crate::store::{Appended, Commit, Refused, Reply, Request, Work};

pub fn appended_messages_are_counted(store: impl Subject) {
    // [P167] [P161] [P162]
    let mut bench = Bench::new(store);
    let term = bench.open().term;
    let appended = bench.append("s1", term, 0, &["a", "b"]).unwrap();
    assert_eq!(appended.inbox_last, 2);
    let mut hello = bench.again("s1", "s1-1", 2);
    hello.memories = vec![id("m2"), id("m-s1")];
    let accepted = bench.accepted(&hello);
    let told = accepted.memories.iter().map(|it| (&*it.name, it.received));
    assert!(told.eq([("m2", [0, 0, 0]), ("m-s1", [0, 2, 0])]));
    let text = [Payload::text("c")];
    let append = bench.append_of("s1", accepted.term, "m2", 0, text);
    assert_eq!(bench.append_all(append).unwrap().inbox_last, 3);
    let inbox = bench.inbox("s1", 0).unwrap();
    let origins = inbox
        .iter()
        .map(|entry| (entry.seq, &*entry.memory, entry.lane, entry.number));
    assert!(origins.eq([(1, "m-s1", 1, 1), (2, "m-s1", 1, 2), (3, "m2", 1, 1)]));
}

pub fn append_is_idempotent(store: impl Subject) {
    let mut bench = Bench::new(store);
    let term = bench.open().term;
    bench.append("s1", term, 0, &["a", "b"]).unwrap();
    let rows = bench.store.rows();
    let again = bench.append("s1", term, 0, &["a", "b"]).unwrap();
    let appended = Appended { inbox_last: 2 };
    assert_eq!(again, appended);
    assert_eq!(bench.append("s1", term, 0, &["a"]).unwrap(), appended);
    assert_eq!(bench.append("s1", term, 2, &[]).unwrap(), appended);
    assert_eq!(bench.store.rows(), rows);
    bench.commit("s1", 0, 2, &[]).unwrap();
    let rows = bench.store.rows();
    assert_eq!(
        bench.append("s1", term, 0, &["a", "b"]).unwrap(),
        appended,
        "handled by now"
    );
    assert_eq!(bench.append("s1", term, 2, &[]).unwrap(), appended);
    assert_eq!(bench.store.rows(), rows);
}

// [P126]
pub fn append_is_conditional(store: impl Subject) {
    let mut bench = Bench::new(store);
    let term = bench.open().term;
    bench.append("s1", term, 0, &["a", "b"]).unwrap();
    let rows = bench.store.rows();
    assert_eq!(
        refused(bench.append("s1", term, 1, &["b", "c"])),
        Refused::Expected
    );
    let last = limits::LAST_NUMBER;
    assert_eq!(
        refused(bench.append("s1", term, last, &["d"])),
        Refused::Expected
    );
    assert_eq!(
        refused(bench.append("s1", term, u64::MAX, &["d"])),
        Refused::Expected
    );
    let stranger = bench.append_of("s1", term, "m2", 0, [Payload::text("x")]);
    assert_eq!(refused(bench.append_all(stranger)), Refused::Memory);
    assert_eq!(bench.store.rows(), rows);
}

pub fn inbox_gives_what_was_appended(store: impl Subject) {
    let mut bench = Bench::new(store);
    let term = bench.open().term;
    let payloads = vec![
        Payload::text(""),
        Payload::text("\u{10}hello 👋"),
        Payload::binary([]),
        Payload::binary([0, 255, 16]),
        Payload::text("l".repeat(1 << 20)),
        Payload::binary(vec![7; 1 << 20]),
    ];
    let append = bench.append_of("s1", term, "m-s1", 0, payloads.clone());
    bench.append_all(append).unwrap();
    let inbox = bench.inbox("s1", 0).unwrap();
    assert!(inbox.iter().map(|entry| &entry.payload).eq(&payloads));
    let inbox = bench.inbox("s1", 4).unwrap();
    assert!(inbox.iter().map(|entry| entry.seq).eq([5, 6]));
    let few = Request::Inbox {
        session: id("s1"),
        after: 1,
        max_messages: 2,
    };
    let Ok(Reply::Inbox(inbox)) = bench.execute(few) else {
        panic!("no inbox");
    };
    assert!(inbox.iter().map(|entry| entry.seq).eq([2, 3]));
    assert_eq!(bench.inbox("s1", u64::MAX).unwrap(), []);
    assert_eq!(refused(bench.inbox("s9", 0)), Refused::Unknown);
}

pub fn commit_moves_the_cursor(store: impl Subject) {
    let mut bench = Bench::new(store);
    let term = bench.open().term;
    bench.append("s1", term, 0, &["a", "b", "c"]).unwrap();
    let committed = bench.commit("s1", 0, 2, &[]).unwrap();
    assert!(!committed.repeated);
    let inbox = bench.inbox("s1", 0).unwrap();
    assert!(inbox.iter().map(|entry| entry.seq).eq([3]));
    assert_eq!(bench.count(b"i/s1\0"), 1, "what is handled is gone");
    let rows = bench.store.rows();
    assert!(bench.commit("s1", 0, 2, &[to("s1", "x")]).unwrap().repeated);
    assert!(bench.commit("s1", 1, 2, &[to("s1", "x")]).unwrap().repeated);
    assert_eq!(bench.store.rows(), rows);
}

pub fn commit_is_conditional(store: impl Subject) {
    let mut bench = Bench::new(store);
    let term = bench.open().term;
    bench.append("s1", term, 0, &["a", "b", "c"]).unwrap();
    bench.commit("s1", 0, 1, &[]).unwrap();
    let rows = bench.store.rows();
    let effects = [to("s1", "x")];
    assert_eq!(
        refused(bench.commit("s1", 0, 2, &effects)),
        Refused::Expected
    );
    assert_eq!(
        refused(bench.commit("s1", 2, 3, &effects)),
        Refused::Expected
    );
    assert_eq!(
        refused(bench.commit("s1", 1, 4, &effects)),
        Refused::Expected
    );
    assert_eq!(
        refused(bench.commit("s1", 1, u64::MAX, &effects)),
        Refused::Expected
    );
    assert_eq!(
        refused(bench.commit("s9", 0, 1, &effects)),
        Refused::Unknown
    );
    assert_eq!(bench.store.rows(), rows);
}

pub fn work_lists_who_waits(store: impl Subject) {
    let mut bench = Bench::new(store);
    for name in ["s1", "s10", "s2", "s3"] {
        let term = bench.open_as(name).term;
        if name != "s2" {
            bench.append(name, term, 0, &["a", "b"]).unwrap();
        }
    }
    bench.commit("s10", 0, 1, &[]).unwrap();
    bench.commit("s3", 0, 2, &[]).unwrap();
    assert_eq!(work(&mut bench, None, 10), ["s1 0 2", "s10 1 2"]);
    assert_eq!(work(&mut bench, None, 1), ["s1 0 2"]);
    assert_eq!(work(&mut bench, Some("s1"), 10), ["s10 1 2"]);
    assert_eq!(work(&mut bench, Some("s10"), 10), [""; 0]);
    let term = bench.open_as("s4").term;
    bench.append("s4", term, 0, &["a"]).unwrap();
    bench.end("s4", term).unwrap();
    assert_eq!(
        work(&mut bench, Some("s10"), 10),
        ["s4 0 1"],
        "an end does not drop its inbox"
    );
    bench.commit("s4", 0, 1, &[]).unwrap();
    assert_eq!(work(&mut bench, Some("s10"), 10), [""; 0]);
}

fn work(bench: &mut Bench<impl Subject>, after: Option<&str>, max_sessions: u32) -> Vec<String> {
    let request = Request::Work {
        after: after.map(id),
        max_sessions,
    };
    let Ok(Reply::Work(work)) = bench.execute(request) else {
        panic!("no work");
    };
    let line = |work: &Work| {
        assert_eq!((&*work.user, &*work.endpoint), ("ann", "/ws"));
        format!("{} {} {}", work.session, work.cursor, work.inbox_last)
    };
    work.iter().map(line).collect()
}

pub fn dead_letters_are_kept(store: impl Subject) {
    let mut bench = Bench::new(store);
    let term = bench.open().term;
    bench.append("s1", term, 0, &["a", "b", "c"]).unwrap();
    let commit = Commit {
        dead: vec![(2, "no".to_owned()), (9, "not there".to_owned())],
        ..bench.commit_of("s1", 0, 3, &[])
    };
    bench.commit_all(commit.clone()).unwrap();
    assert_eq!(bench.count(b"d/s1\0"), 1);
    assert_eq!(bench.inbox("s1", 0).unwrap(), []);
    let rows = bench.store.rows();
    assert!(bench.commit_all(commit).unwrap().repeated);
    assert_eq!(bench.store.rows(), rows);
}

pub fn dead_letters_are_bounded(store: impl Subject) {
    let mut bench = Bench::new(store);
    let term = bench.open().term;
    let texts = vec!["a"; 1_010];
    bench.append("s1", term, 0, &texts).unwrap();
    let commit = Commit {
        dead: (1..=1_010).map(|seq| (seq, String::new())).collect(),
        ..bench.commit_of("s1", 0, 1_010, &[])
    };
    bench.commit_all(commit).unwrap();
    assert_eq!(bench.count(b"d/s1\0"), 1_000);
    let first = bench.row(b"d/s1\0").unwrap().0;
    assert!(
        first.ends_with(&11_u64.to_be_bytes()),
        "the oldest give way"
    );
}
