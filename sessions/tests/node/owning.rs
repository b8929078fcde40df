//! A session has one owner.

use steadfast_sessions::io::Effect;
use steadfast_sessions::payload::Payload;

use crate::support::{Handler, INSTANCE, OTHER, Server, Store, received, resuming};

#[test]
fn another_instance_takes_the_session_over() {
    // [P29] [P162]
    let mut server = Server::new();
    let (old, welcome) = server.join(&[]);
    server.text(old, "one");
    let (new, second) = server.join_as(&[], resuming(&welcome, OTHER, 2));
    assert_eq!(server.peer(old).end(), ("TAKEN_OVER", 4409));
    assert!(second.resumed);
    assert_eq!(
        received(&second),
        0,
        "another memory's messages are not its"
    );
    server.text(new, "two");
    assert_eq!(server.peer(new).texts(), ["one", "two"]);
    let numbers: Vec<_> = server
        .deliveries
        .iter()
        .map(|it| (it.seq, it.number))
        .collect();
    assert_eq!(numbers, [(1, 1), (2, 1)]);
}

#[test]
fn the_same_instance_replaces_its_own_link() {
    // [P29]
    let mut server = Server::new();
    let (old, welcome) = server.join(&[]);
    let (new, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(server.peer(old).end(), ("STALE", 4410));
    assert_eq!(server.peer(new).closed, None);
}

#[test]
fn a_claim_that_is_not_higher_is_refused() {
    // [P27]
    let mut server = Server::new();
    let (_, first) = server.join(&[]);
    let (owner, _) = server.join_as(&[], resuming(&first, INSTANCE, 5));
    let stale = server.open_as(&[], resuming(&first, INSTANCE, 4));
    assert_eq!(server.peer(stale).end(), ("STALE", 4410));
    let thief = server.open_as(&[], resuming(&first, OTHER, 5));
    assert_eq!(server.peer(thief).end(), ("TAKEN_OVER", 4409));
    assert_eq!(server.peer(owner).closed, None);
    server.text(owner, "still here");
    assert_eq!(server.peer(owner).texts(), ["still here"]);
}

#[test]
fn answers_to_claims_may_come_in_any_order() {
    // [P28]
    let mut server = Server::new();
    let (link, first) = server.join(&[]);
    server.lose(link);
    server.stall_store();
    let older = server.open_as(&[], resuming(&first, INSTANCE, 2));
    let newer = server.open_as(&[], resuming(&first, INSTANCE, 3));
    server.answer_backwards();
    assert_eq!(server.peer(older).end(), ("STALE", 4410));
    assert!(server.welcome(newer).resumed);
    server.text(newer, "mine");
    assert_eq!(server.peer(newer).texts(), ["mine"]);
}

#[test]
fn what_was_on_its_way_for_the_old_owner_takes_no_effect() {
    // [P28]
    let mut server = Server::new();
    let (old, welcome) = server.join(&[]);
    server.stall_store();
    let new = server.open_as(&[], resuming(&welcome, INSTANCE, 2));
    server.text(old, "fenced");
    server.answer_backwards();
    // The append was asked for after the claim; its refusal is heard first.
    assert_eq!(server.peer(old).end(), ("TAKEN_OVER", 4409));
    assert_eq!(received(&server.welcome(new)), 0);
    assert!(server.deliveries.is_empty());
    server.text(new, "fenced");
    assert_eq!(server.deliveries.len(), 1);
}

#[test]
fn what_was_stored_before_the_claim_counts_whichever_answer_comes_first() {
    // [P28] [P162]
    let mut server = Server::new();
    let (old, welcome) = server.join(&[]);
    server.stall_store();
    server.text(old, "stored");
    let new = server.open_as(&[], resuming(&welcome, INSTANCE, 2));
    server.answer_backwards();
    assert_eq!(received(&server.welcome(new)), 1);
    assert_eq!(server.deliveries.len(), 1);
    assert_eq!(server.peer(new).texts(), ["stored"]);
}

#[test]
fn a_session_that_nobody_uses_leaves_the_memory() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, _) = server.join(&[]);
    server.text(link, "one");
    server.lose(link);
    assert_eq!(server.node.active_sessions(), 1, "its handler is busy");
    server.finish(Vec::new());
    assert_eq!(server.node.active_sessions(), 0);
    assert_eq!(server.node.pending(), 0);
}

#[test]
fn what_is_sent_to_an_absent_client_waits_for_it() {
    // [P49]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.lose(link);
    server.send(
        7,
        Effect::Send {
            session: welcome.session.as_str().into(),
            payload: Payload::binary(*b"abc"),
        },
    );
    assert_eq!(server.sent, [(7, Ok(()))]);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(
        server.peer(link).messages[0].payload,
        Payload::binary(*b"abc")
    );
}

#[test]
fn a_claim_whose_answer_is_old_news_turns_nothing_back() {
    // [P28]
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    server.lose(link);
    server.stall_store();
    let link = server.open_as(&[], resuming(&welcome, INSTANCE, 2));
    server.finish(Vec::new());
    // The claim is carried out before the commit, and answered after it: its cursor is 0.
    server.answer_backwards();
    server.text(link, "two");
    let seqs: Vec<_> = server.deliveries.iter().map(|it| it.seq).collect();
    assert_eq!(seqs, [1, 2]);
    assert_eq!(server.peer(link).closed, None);
}

#[test]
fn work_whose_answer_is_old_news_turns_nothing_back() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    server.lose(link);
    server.stall_store();
    server.restart();
    let link = server.open_as(&[], resuming(&welcome, INSTANCE, 2));
    // The work is found before the claim, and told after the session has come to rest.
    server.carry_out_all();
    server.handler = Handler::Swallow;
    server.store = Store::Prompt;
    server.tell_last();
    server.lose(link);
    server.tell_last();
    server.tell_last();
    let seqs: Vec<_> = server.deliveries.iter().map(|it| it.seq).collect();
    assert_eq!(seqs, [1, 1]);
    assert!(!server.told("stops"));
    assert_eq!(server.node.active_sessions(), 0);
}
