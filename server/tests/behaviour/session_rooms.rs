//! Sessions on the hub: rooms as streams.

use crate::support::{Came, TestServer};

/// [P45] [P48]
#[tokio::test]
async fn all_members_hear_the_same_in_the_same_order_with_the_same_numbers() {
    let server = TestServer::start().await;
    let mut first = server.session_in("lobby").await;
    let mut second = server.session_in("lobby").await;
    for n in 0..50 {
        first.send(&format!("first {n}")).await;
        second.send(&format!("second {n}")).await;
    }
    for number in 1..=100 {
        let heard = first.message().await;
        assert_eq!((&*heard.0, heard.1), ("lobby", number));
        assert_eq!(second.message().await, heard);
    }
}

/// [P49]
#[tokio::test]
async fn a_member_who_was_away_hears_what_it_missed() {
    let server = TestServer::start().await;
    let mut speaker = server.session_in("lobby").await;
    let mut listener = server.session_in("lobby").await;
    speaker.send("1").await;
    assert_eq!(listener.message().await.2, "1");
    listener.cut();
    for n in 2..=20 {
        speaker.send(&n.to_string()).await;
    }
    speaker.settled().await;
    listener.resume().await;
    for n in 2..=20 {
        let heard = listener.message().await;
        assert_eq!(heard, ("lobby".into(), n, n.to_string()));
    }
}

/// [P54]
#[tokio::test]
async fn who_joins_later_hears_only_what_comes_then() {
    let server = TestServer::start().await;
    let mut early = server.session_in("lobby").await;
    early.send("before").await;
    early.message().await;
    let mut late = server.session_in("lobby").await;
    early.send("after").await;
    assert_eq!(late.message().await, ("lobby".into(), 2, "after".into()));
}

/// [P47] [P53]
#[tokio::test]
async fn what_has_left_the_room_is_a_gap_before_what_follows() {
    let mut config = crate::support::config();
    config.sessions.room_messages = 10;
    let server = TestServer::with(config).await;
    let mut speaker = server.session_in("lobby").await;
    let mut listener = server.session_in("lobby").await;
    speaker.send("1").await;
    assert_eq!(listener.message().await.1, 1);
    listener.cut();
    for n in 2..=30 {
        speaker.send(&n.to_string()).await;
    }
    while speaker.message().await.1 < 30 {}
    listener.resume().await;
    let Came::From(from) = listener.next().await else {
        panic!("the gap comes first");
    };
    assert_eq!((&*from.stream, from.next), ("lobby", 21));
    assert_eq!(from.reason.as_deref(), Some("overflow"));
    for n in 21..=30 {
        assert_eq!(listener.message().await, ("lobby".into(), n, n.to_string()));
    }
}

#[tokio::test]
async fn rooms_do_not_hear_each_other() {
    let server = TestServer::start().await;
    let mut here = server.session_in("here").await;
    let mut there = server.session_in("there").await;
    here.send("for here").await;
    assert_eq!(here.message().await.2, "for here");
    there.send("for there").await;
    assert_eq!(there.message().await.2, "for there");
}
