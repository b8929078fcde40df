//! Whose messages come over a link, and from where on they count.

use steadfast_protocol::frame::{Adopt, Adopted, Frame, Lane};
use steadfast_sessions::io::LinkId;
use steadfast_sessions::store::Request;

use crate::support::{Handler, INSTANCE, OTHER, Server, new_hello, received, resuming};

const THIRD: &str = "00000000000000000000000000000003";

fn turn(server: &mut Server, link: LinkId, memory: &str, lane: u8, next: u64) {
    let memory = memory.to_owned();
    server.control(link, Frame::Lane(Lane { memory, lane, next }));
}

fn adopt(server: &mut Server, link: LinkId, memory: &str) {
    let memory = memory.to_owned();
    server.control(link, Frame::Adopt(Adopt { memory }));
}

/// A text that goes where the last `lane` said.
fn say(server: &mut Server, link: LinkId, text: &str) {
    let wire = server.peer_mut(link).text(text);
    server.wire(link, wire);
}

fn adopted(server: &Server, link: LinkId) -> Vec<Adopted> {
    let frames = server.peer(link).frames.iter();
    let adopted = frames.filter_map(|frame| match frame {
        Frame::Adopted(adopted) => Some(adopted.clone()),
        _ => None,
    });
    adopted.collect()
}

/// What the handler was given: memory, lane and number.
fn delivered(server: &Server) -> Vec<(&str, u8, u64)> {
    let deliveries = server.deliveries.iter();
    deliveries
        .map(|it| (&*it.memory, it.lane, it.number))
        .collect()
}

#[test]
fn messages_belong_to_the_lane_that_was_said() {
    // [P160] [P165]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    turn(&mut server, link, INSTANCE, 1, 1);
    say(&mut server, link, "one");
    turn(&mut server, link, INSTANCE, 0, 4);
    say(&mut server, link, "urgent");
    turn(&mut server, link, INSTANCE, 1, 3);
    say(&mut server, link, "three");
    let given = [(INSTANCE, 1, 1), (INSTANCE, 0, 4), (INSTANCE, 1, 3)];
    assert_eq!(delivered(&server), given);
    server.control(link, Frame::Ask);
    let stored = server.peer(link).frames.iter().filter_map(|it| match it {
        Frame::Stored(stored) => Some((stored.lane, stored.number)),
        _ => None,
    });
    let last: Vec<_> = stored.collect();
    assert!(last.ends_with(&[(0, 4), (1, 3)]), "{last:?}");
    let (_, again) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(again.memories[INSTANCE].received, [4, 3, 0]);
}

#[test]
fn what_cannot_follow_is_a_violation() {
    // [P166]
    type Say = fn(&mut Server, LinkId);
    let cases: [(&str, Say); 6] = [
        ("before the first lane", |_, _| {}),
        ("a strange memory", |server, link| {
            turn(server, link, OTHER, 1, 1);
        }),
        ("a number again", |server, link| {
            turn(server, link, INSTANCE, 1, 1);
            say(server, link, "one");
            turn(server, link, INSTANCE, 1, 1);
        }),
        ("below one that came", |server, link| {
            turn(server, link, INSTANCE, 2, 9);
            say(server, link, "nine");
            turn(server, link, INSTANCE, 2, 8);
        }),
        ("behind the last number", |server, link| {
            turn(server, link, INSTANCE, 1, (1 << 53) - 1);
            say(server, link, "the last");
        }),
        ("of a memory that is done", |server, link| {
            turn(server, link, INSTANCE, 1, 1);
            let memory = INSTANCE.to_owned();
            server.control(link, Frame::Done(Adopt { memory }));
        }),
    ];
    for (name, act) in cases {
        let mut server = Server::new();
        let (link, _) = server.join(&[]);
        act(&mut server, link);
        if server.peer(link).closed.is_none() {
            say(&mut server, link, "x");
        }
        assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400), "{name}");
    }
}

#[test]
fn what_is_stored_is_acknowledged_again() {
    // [P168]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    server.text(link, "two");
    server.lose(link);
    let (link, again) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(received(&again), 2);
    turn(&mut server, link, INSTANCE, 1, 1);
    say(&mut server, link, "one");
    say(&mut server, link, "two");
    say(&mut server, link, "three");
    server.control(link, Frame::Ask);
    assert_eq!(server.peer(link).stored(), Some(3));
    let numbers: Vec<u64> = server.deliveries.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [1, 2, 3], "each once");
}

#[test]
fn a_memory_is_adopted_by_another_session() {
    // [P164]
    let mut server = Server::new();
    let (first, _) = server.join(&[]);
    server.text(first, "one");
    server.lose(first);
    let (link, _) = server.join_as(&[], new_hello(OTHER));
    adopt(&mut server, link, INSTANCE);
    let [told] = &adopted(&server, link)[..] else {
        panic!("not one answer");
    };
    assert_eq!(told.received, Some([0, 1, 0]));
    turn(&mut server, link, INSTANCE, 1, 2);
    say(&mut server, link, "two");
    turn(&mut server, link, OTHER, 1, 1);
    say(&mut server, link, "its own");
    let given = [(INSTANCE, 1, 1), (INSTANCE, 1, 2), (OTHER, 1, 1)];
    assert_eq!(delivered(&server), given);
}

#[test]
fn a_memory_of_another_user_is_left_alone() {
    // [P162] [P164]
    let mut server = Server::new();
    let (first, _) = server.join(&[]);
    server.text(first, "ann's");
    let mut hello = new_hello(OTHER);
    hello.auth = Some("bob".into());
    hello.memories.push(INSTANCE.into());
    let (link, welcome) = server.join_as(&[], hello);
    assert!(welcome.memories.keys().eq([OTHER]));
    adopt(&mut server, link, INSTANCE);
    let [told] = &adopted(&server, link)[..] else {
        panic!("not one answer");
    };
    assert_eq!((&told.birth, told.received), (&None, None));
    server.text(first, "hers still");
    assert_eq!(server.deliveries.len(), 2);
    turn(&mut server, link, INSTANCE, 1, 3);
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
}

#[test]
fn a_memory_that_is_claimed_elsewhere_closes_the_link_resumably() {
    // [P169]
    let mut server = Server::new();
    let (first, welcome) = server.join(&[]);
    server.text(first, "one");
    let (second, _) = server.join_as(&[], new_hello(OTHER));
    adopt(&mut server, second, INSTANCE);
    adopt(&mut server, first, THIRD);
    server.stall_store();
    server.text(first, "two");
    turn(&mut server, first, THIRD, 1, 1);
    say(&mut server, first, "behind it");
    server.resume_store();
    assert_eq!(server.peer(first).end(), ("STALE", 4410));
    assert_eq!(delivered(&server), [(INSTANCE, 1, 1)], "nothing behind it");
    let mut hello = resuming(&welcome, INSTANCE, 2);
    hello.memories.push(THIRD.into());
    let (_, again) = server.join_as(&[], hello);
    assert!(again.resumed);
    assert_eq!(again.memories[INSTANCE].received, [0, 1, 0]);
    assert_eq!(again.memories[THIRD].received, [0, 0, 0]);
}

#[test]
fn a_memory_of_which_nothing_is_left_is_forgotten() {
    // [P176]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    adopt(&mut server, link, OTHER);
    turn(&mut server, link, OTHER, 1, 1);
    say(&mut server, link, "one");
    let memory = OTHER.to_owned();
    server.control(link, Frame::Done(Adopt { memory }));
    let forgets = |request: &&Request| matches!(request, Request::Forget { .. });
    assert_eq!(server.requests.iter().filter(forgets).count(), 1);
    adopt(&mut server, link, OTHER);
    let [before, after] = &adopted(&server, link)[..] else {
        panic!("not two answers");
    };
    assert_ne!(before.birth, after.birth);
    assert_eq!(after.received, Some([0, 0, 0]));
}

#[test]
fn what_is_not_stored_is_not_done_with() {
    // [P176]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.stall_store();
    server.text(link, "one");
    let memory = INSTANCE.to_owned();
    server.control(link, Frame::Done(Adopt { memory }));
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    server.resume_store();
}

#[test]
fn what_is_asked_for_counts_among_64_memories() {
    // [P162]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.stall_store();
    for place in 1..64 {
        adopt(&mut server, link, &format!("{place:032x}"));
    }
    assert_eq!(server.peer(link).closed, None);
    adopt(&mut server, link, &format!("{:032x}", 64));
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    server.resume_store();
    let adopts = |request: &&Request| matches!(request, Request::Adopt(_));
    assert_eq!(server.requests.iter().filter(adopts).count(), 63);
}

#[test]
fn a_link_speaks_for_64_memories() {
    // [P162]
    let mut server = Server::new();
    server.handler = Handler::Swallow;
    let (link, _) = server.join(&[]);
    for place in 1..64 {
        adopt(&mut server, link, &format!("{place:032x}"));
    }
    assert_eq!(adopted(&server, link).len(), 63);
    adopt(&mut server, link, &format!("{:032x}", 64));
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
}
