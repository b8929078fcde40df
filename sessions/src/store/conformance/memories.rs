//! Whose memories are, and how far they have come.

use steadfast_protocol::frame::Reason;

use super::Subject;
use super::bench::{Bench, id, received, refused};
use crate::Payload;
use crate::store::{Append, Claim, Refused, Term, Upward};

const HOUR: u64 = 3_600_000;

// [P163]
pub fn claim_begins_a_term_each_time(store: impl Subject) {
    let mut bench = Bench::new(store);
    let hello = bench.hello("s1");
    let first = bench.accepted(&hello);
    let again = bench.accepted(&hello);
    assert_eq!(first.term, again.term, "the session's is the hello's");
    let [old, new] = [&first, &again].map(|it| &it.memories[0]);
    assert_eq!((old.birth, old.received), (new.birth, new.received));
    assert!(old.term < new.term);
    bench.terms.insert(id("m-s1"), old.term);
    let late = bench.append("s1", first.term, 0, &["late"]);
    assert_eq!(refused(late), Refused::Memory);
    bench.terms.insert(id("m-s1"), new.term);
    bench.append("s1", first.term, 0, &["a"]).unwrap();
}

// [P162] [P164]
pub fn memory_is_its_users(store: impl Subject) {
    let mut bench = Bench::new(store);
    let ann = bench.open();
    bench.append("s1", ann.term, 0, &["a"]).unwrap();
    let bob = Claim {
        user: "bob".to_owned(),
        memories: vec![id("m-s1"), id("m2")],
        ..bench.hello("s2")
    };
    let before = bench.row(b"k/m-s1");
    let bob = bench.accepted(&bob);
    assert!(bob.memories.iter().map(|it| &*it.name).eq(["m2"]));
    assert_eq!(bench.adopt(&bob, "m-s1"), Ok(None));
    assert_eq!(bench.row(b"k/m-s1"), before, "it is left as it was");
    bench.append("s1", ann.term, 1, &["b"]).unwrap();
}

// [P162]
pub fn memory_is_kept_with_its_session(store: impl Subject) {
    let mut bench = Bench::new(store);
    bench.open();
    let bob = Claim {
        user: "bob".to_owned(),
        memories: vec![id("m2")],
        new_session: id("s2"),
        ..bench.again("s1", "s1-1", 2)
    };
    let told = bench.accepted(&bob);
    assert_eq!((told.reason, &told.memories[..]), (Reason::User, &[][..]));
    let ann = bench.again("s1", "s1-1", 3);
    let ann = bench.accepted(&ann);
    assert_eq!(bench.adopt(&ann, "m2").unwrap().unwrap().received, [0; 3]);
}

// [P161]
pub fn memory_outlives_its_session(store: impl Subject) {
    let mut bench = Bench::new(store);
    let first = bench.open();
    bench.append("s1", first.term, 0, &["a", "b"]).unwrap();
    bench.end("s1", first.term).unwrap();
    let hello = bench.again("s1", "s1-1", 2);
    let second = bench.accepted(&hello);
    assert_eq!((second.reason, received(&second)), (Reason::Unknown, 2));
    assert_eq!(second.memories[0].birth, first.memories[0].birth);
    let text = [Payload::text("c")];
    let append = bench.append_of(&second.session, second.term, "m-s1", 2, text);
    assert_eq!(bench.append_all(append).unwrap().inbox_last, 1);
}

// [P168] [P169]
pub fn another_claim_fences_the_memory(store: impl Subject) {
    let mut bench = Bench::new(store);
    let one = bench.open_as("s1");
    let term = bench.terms[&id("m-s1")];
    let two = bench.open_as("s2");
    let adopted = bench.adopt(&two, "m-s1").unwrap().unwrap();
    assert!(adopted.term > term);
    let rows = bench.store.rows();
    bench.terms.insert(id("m-s1"), term);
    let late = bench.append("s1", one.term, 0, &["late"]);
    assert_eq!(refused(late), Refused::Memory);
    for half in [
        Term {
            nonce: adopted.term.nonce ^ 1,
            ..adopted.term
        },
        Term {
            counter: adopted.term.counter + 1,
            ..adopted.term
        },
    ] {
        bench.terms.insert(id("m-s1"), half);
        let other = bench.append("s1", one.term, 0, &["late"]);
        assert_eq!(refused(other), Refused::Memory);
    }
    assert_eq!(bench.store.rows(), rows);
    bench
        .append("s2", two.term, 0, &["its own goes on"])
        .unwrap();
}

// [P164]
pub fn adopted_memory_goes_on(store: impl Subject) {
    let mut bench = Bench::new(store);
    let one = bench.open_as("s1");
    bench.append("s1", one.term, 0, &["a", "b"]).unwrap();
    let two = bench.open_as("s2");
    let adopted = bench.adopt(&two, "m-s1").unwrap().unwrap();
    assert_eq!(adopted.received, [0, 2, 0]);
    assert_eq!(adopted.birth, one.memories[0].birth);
    let append = bench.append_of("s2", two.term, "m-s1", 2, [Payload::text("c")]);
    assert_eq!(bench.append_all(append).unwrap().inbox_last, 1);
    let entry = &bench.inbox("s2", 0).unwrap()[0];
    assert_eq!((&*entry.memory, entry.number), ("m-s1", 3));
    let stranger = Claim {
        claim: 2,
        ..bench.hello("s3")
    };
    let three = bench.accepted(&stranger);
    bench.end("s3", three.term).unwrap();
    assert_eq!(refused(bench.adopt(&three, "m9")), Refused::Unknown);
    assert_eq!(refused(bench.adopt(&two, "no name")), Refused::Unknown);
}

// [P160]
pub fn numbers_may_leave_some_out(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    bench
        .append("s1", opened.term, 4, &["five", "six"])
        .unwrap();
    bench.append("s1", opened.term, 9, &["ten"]).unwrap();
    let below = bench.append("s1", opened.term, 7, &["eight"]).unwrap();
    assert_eq!(below.inbox_last, 3, "not above the last: stored already");
    let inbox = bench.inbox("s1", 0).unwrap();
    assert!(inbox.iter().map(|entry| entry.number).eq([5, 6, 10]));
    let hello = bench.again("s1", "s1-1", 2);
    assert_eq!(received(&bench.accepted(&hello)), 10);
}

// [P160]
pub fn lanes_count_for_themselves(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let message = |lane, number| Upward {
        memory: id("m-s1"),
        lane,
        number,
        payload: Payload::text("x"),
    };
    let append = |messages: Vec<Upward>, bench: &Bench<_>| Append {
        messages,
        ..bench.append_of("s1", opened.term, "m-s1", 0, [])
    };
    let first = append(
        vec![message(2, 1), message(0, 1), message(2, 2), message(1, 7)],
        &bench,
    );
    bench.append_all(first).unwrap();
    let inbox = bench.inbox("s1", 0).unwrap();
    let order = inbox.iter().map(|entry| (entry.lane, entry.number));
    assert!(order.eq([(2, 1), (0, 1), (2, 2), (1, 7)]));
    let fourth = append(vec![message(3, 1)], &bench);
    assert_eq!(refused(bench.append_all(fourth)), Refused::Expected);
    let falls = append(vec![message(0, 3), message(0, 2)], &bench);
    assert_eq!(refused(bench.append_all(falls)), Refused::Expected);
    let hello = bench.again("s1", "s1-1", 2);
    assert_eq!(bench.accepted(&hello).memories[0].received, [1, 7, 2]);
}

// [P168]
pub fn append_from_many_memories_is_one_step(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    bench.adopt(&opened, "m2").unwrap().unwrap();
    let mut append = bench.append_of("s1", opened.term, "m-s1", 0, [Payload::text("a")]);
    let other = bench.append_of("s1", opened.term, "m2", 0, [Payload::text("b")]);
    append.messages.extend(other.messages);
    append.memories.extend(other.memories);
    let other = bench.open_as("s2");
    bench.adopt(&other, "m2").unwrap().unwrap();
    let rows = bench.store.rows();
    assert_eq!(refused(bench.append_all(append.clone())), Refused::Memory);
    assert_eq!(bench.store.rows(), rows, "nothing of it is stored");
    bench.adopt(&opened, "m2").unwrap().unwrap();
    append.memories[1].1 = bench.terms[&id("m2")];
    assert_eq!(bench.append_all(append.clone()).unwrap().inbox_last, 2);
    assert_eq!(bench.append_all(append).unwrap().inbox_last, 2);
}

// [P176]
pub fn what_is_done_is_forgotten(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    bench.append("s1", opened.term, 0, &["a"]).unwrap();
    let [memory] = &opened.memories[..] else {
        panic!("{opened:?}")
    };
    bench.forget("m-s1", memory.term);
    assert_eq!((bench.count(b"k/"), bench.count(b"u/")), (0, 0));
    bench.forget("m-s1", memory.term);
    let late = bench.append("s1", opened.term, 1, &["b"]);
    assert_eq!(refused(late), Refused::Memory);
    let anew = bench.adopt(&opened, "m-s1").unwrap().unwrap();
    assert_eq!(anew.received, [0, 0, 0]);
    assert_ne!(anew.birth, memory.birth);
    assert!(anew.term > memory.term, "terms do not begin again");
}

// [P176]
pub fn done_of_an_old_term_forgets_nothing(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    let old = opened.memories[0].term;
    bench.adopt(&opened, "m-s1").unwrap().unwrap();
    let rows = bench.store.rows();
    bench.forget("m-s1", old);
    assert_eq!(bench.store.rows(), rows);
}

// [P161]
pub fn unused_memories_go(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    bench.adopt(&opened, "m2").unwrap().unwrap();
    for number in 0..4 {
        bench.wall_ms += HOUR / 2;
        bench.seen(&opened);
        bench.append("s1", opened.term, number, &["a"]).unwrap();
        bench.expire_all(1_000);
        let left = if number < 2 { 2 } else { 1 };
        assert_eq!(bench.count(b"k/"), left, "{number}");
        assert_eq!(bench.count(b"u/"), left, "{number}");
    }
}

pub fn too_many_memories_go(store: impl Subject) {
    let mut bench = Bench::new(store);
    let opened = bench.open();
    for place in 0..12 {
        bench.wall_ms += 1;
        bench.adopt(&opened, &format!("m{place}")).unwrap().unwrap();
    }
    bench.wall_ms += 1;
    bench.adopt(&opened, "m1").unwrap().unwrap();
    bench.wall_ms += 1;
    bench.expire_all(1);
    assert_eq!(bench.count(b"k/"), 8, "eight for each session");
    assert_eq!(bench.count(b"k/m-s1"), 0, "those used longest ago");
    assert_eq!(bench.count(b"k/m11"), 1);
    assert_eq!(
        bench.adopt(&opened, "m1").unwrap().unwrap().received,
        [0; 3]
    );
}
