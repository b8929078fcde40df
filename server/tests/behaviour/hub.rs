//! Rooms: what one says, all hear.

use std::time::Duration;

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Link, TestServer, config};

/// A member of a room, known to the others from here on.
async fn join(server: &TestServer, room: &str) -> Link {
    let mut link = server.link(&format!("/hub/{room}")).await;
    link.settled().await;
    link
}

#[tokio::test]
async fn everybody_in_the_room_hears_the_speaker_included() {
    let server = TestServer::start().await;
    let mut first = join(&server, "lobby").await;
    let mut second = join(&server, "lobby").await;
    first.send("hello").await;
    assert_eq!(first.text().await, "hello");
    assert_eq!(second.text().await, "hello");
    second
        .socket
        .send(Message::binary(vec![1, 2]))
        .await
        .unwrap();
    assert_eq!(first.next().await, Some(Message::binary(vec![1, 2])));
}

#[tokio::test]
async fn rooms_do_not_hear_each_other() {
    let server = TestServer::start().await;
    let mut here = join(&server, "here").await;
    let mut there = join(&server, "there").await;
    here.send("for here").await;
    assert_eq!(here.text().await, "for here");
    there.send("for there").await;
    assert_eq!(there.text().await, "for there");
}

#[tokio::test]
async fn all_hear_in_the_same_order() {
    let server = TestServer::start().await;
    let mut first = join(&server, "lobby").await;
    let mut second = join(&server, "lobby").await;
    for n in 0..100 {
        first.send(&format!("first {n}")).await;
        second.send(&format!("second {n}")).await;
    }
    for _ in 0..200 {
        assert_eq!(first.text().await, second.text().await);
    }
}

#[tokio::test]
async fn a_ping_is_answered_to_its_sender_alone() {
    let server = TestServer::start().await;
    let mut first = join(&server, "lobby").await;
    let mut second = join(&server, "lobby").await;
    first.send("PING").await;
    assert_eq!(first.text().await, "PONG");
    first.send("after").await;
    assert_eq!(second.text().await, "after");
}

#[tokio::test]
async fn a_member_who_leaves_is_forgotten() {
    let server = TestServer::start().await;
    let mut first = join(&server, "lobby").await;
    let second = join(&server, "lobby").await;
    second.close().await;
    first.echo("alone").await;
}

#[tokio::test]
async fn a_member_who_does_not_read_is_closed_and_the_others_go_on() {
    let mut config = config();
    config.limits.send_buffer = 64 << 10;
    // However long the reader takes, the sleeper's close waits for it to wake.
    config.deadlines.close = Duration::from_secs(600);
    config.deadlines.write = Duration::from_secs(600);
    let server = TestServer::with(config).await;
    let mut reader = join(&server, "lobby").await;
    let mut sleeper = join(&server, "lobby").await;
    let long = "x".repeat(64 << 10);
    // Far more than the buffers of two sockets and the server's own can hold.
    for _ in 0..512 {
        reader.echo(&long).await;
    }
    assert_eq!(u16::from(sleeper.closed().await.code), 1013);
    reader.echo("still here").await;
}
