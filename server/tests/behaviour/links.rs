//! One WebSocket: what comes back, what closes it, and with which code.

use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::support::{Answer, TestServer, close_code, frame, within};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const SHORT: Duration = Duration::from_millis(150);

#[tokio::test]
async fn text_and_binary_come_back_as_they_went() {
    let server = TestServer::start().await;
    let mut link = server.link("/ws").await;
    link.echo("").await;
    link.echo("grüße 🙂").await;
    link.echo("PONG").await;
    link.echo("ping").await;
    for bytes in [vec![], vec![0, 255], b"PING".to_vec(), vec![7; 1 << 20]] {
        link.socket
            .send(Message::binary(bytes.clone()))
            .await
            .unwrap();
        assert_eq!(link.next().await, Some(Message::binary(bytes)));
    }
}

#[tokio::test]
async fn ping_is_answered_with_pong() {
    let server = TestServer::start().await;
    let mut link = server.link("/ws").await;
    link.send("PING").await;
    assert_eq!(link.text().await, "PONG");
}

#[tokio::test]
async fn many_messages_at_once_come_back_in_order() {
    let server = TestServer::start().await;
    let mut link = server.link("/ws").await;
    for n in 0..10_000 {
        link.socket
            .feed(Message::text(n.to_string()))
            .await
            .unwrap();
    }
    link.socket.flush().await.unwrap();
    for n in 0..10_000 {
        assert_eq!(link.text().await, n.to_string());
    }
}

#[tokio::test]
async fn fragments_come_back_as_one_message() {
    let server = TestServer::start().await;
    let mut tcp = server.raw_link("/ws").await;
    let parts = [
        frame(0x01, b"ab"),
        frame(0x89, b"p"),
        frame(0x00, b"cd"),
        frame(0x80, b"e"),
    ]
    .concat();
    tcp.write_all(&parts).await.unwrap();
    let mut answer = [0; 3 + 7];
    within(tcp.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"\x8a\x01p\x81\x05abcde");
}

#[tokio::test]
async fn a_frame_sent_with_the_handshake_is_not_lost() {
    let server = TestServer::start().await;
    let mut tcp = server.tcp().await;
    let mut bytes = server.handshake_bytes("/ws", &[]);
    bytes.extend(frame(TEXT, b"early"));
    tcp.write_all(&bytes).await.unwrap();
    let answer = Answer::read_head(&mut tcp).await;
    assert_eq!(answer.status, 101);
    let mut echo = [0; 7];
    within(tcp.read_exact(&mut echo)).await.unwrap();
    assert_eq!(&echo, b"\x81\x05early");
}

/// [P1]
#[tokio::test]
async fn of_the_subprotocols_offered_steadfasts_own_is_chosen_or_else_the_first() {
    let server = TestServer::start().await;
    for (offer, chosen) in [
        (vec![], None),
        (
            vec!["Sec-WebSocket-Protocol: chat, superchat"],
            Some("chat"),
        ),
        (
            vec!["Sec-WebSocket-Protocol: chat, steadfast.v1"],
            Some("steadfast.v1"),
        ),
        (
            vec![
                "Sec-WebSocket-Protocol: steadfast.v2",
                "Sec-WebSocket-Protocol: chat",
            ],
            Some("chat"),
        ),
    ] {
        let answer = server.handshake("/ws", &offer).await;
        assert_eq!(
            (answer.status, answer.header("sec-websocket-protocol")),
            (101, chosen),
            "{offer:?}"
        );
    }
}

/// [P1]
#[tokio::test]
async fn an_unknown_version_of_steadfasts_own_subprotocol_is_refused() {
    let server = TestServer::start().await;
    let offer = "Sec-WebSocket-Protocol: steadfast.v2, steadfast.v3";
    let mut tcp = server.tcp().await;
    let bytes = server.handshake_bytes("/ws", &[offer]);
    tcp.write_all(&bytes).await.unwrap();
    tcp.shutdown().await.unwrap();
    let answer = Answer::read(&mut tcp).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.error_code(), "UNSUPPORTED_PROTOCOL");
}

#[tokio::test]
async fn broken_frames_are_closed_with_their_code() {
    let server = TestServer::start().await;
    let cases: [(&str, Vec<u8>, u16); 9] = [
        ("not masked", b"\x81\x02hi".to_vec(), 1002),
        ("a reserved bit", frame(0xc1, b"hi"), 1002),
        ("an unknown opcode", frame(0x83, b"hi"), 1002),
        ("a continuation of nothing", frame(0x80, b"hi"), 1002),
        ("a fragmented ping", frame(0x09, b"hi"), 1002),
        ("a ping that is too long", frame(0x89, &[0; 126]), 1002),
        (
            "a close code that must not be sent",
            frame(0x88, &1005_u16.to_be_bytes()),
            1002,
        ),
        ("half a close code", frame(0x88, b"\x03"), 1002),
        ("a text that is not UTF-8", frame(TEXT, b"\xff\xfe"), 1007),
    ];
    for (what, bytes, code) in cases {
        let mut tcp = server.raw_link("/ws").await;
        tcp.write_all(&bytes).await.unwrap();
        // More bytes behind the broken ones must not turn the close into a reset.
        tcp.write_all(&frame(BINARY, &[0; 1000])).await.unwrap();
        assert_eq!(close_code(&mut tcp).await, code, "{what}");
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_closed_with_1009_before_it_has_arrived() {
    let server = TestServer::start().await;
    let mut tcp = server.raw_link("/ws").await;
    let head = &frame(BINARY, &vec![0; (1 << 20) + 1])[..14];
    tcp.write_all(head).await.unwrap();
    assert_eq!(close_code(&mut tcp).await, 1009);
}

#[tokio::test]
async fn a_length_that_cannot_be_is_closed_with_1009() {
    let server = TestServer::start().await;
    let mut tcp = server.raw_link("/ws").await;
    tcp.write_all(b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0")
        .await
        .unwrap();
    assert_eq!(close_code(&mut tcp).await, 1009);
}

#[tokio::test]
async fn fragments_that_add_up_over_the_limit_are_closed_with_1009() {
    let server = TestServer::start().await;
    let mut link = server.raw_link("/ws").await;
    link.write_all(&frame(0x02, &vec![0; 1 << 19]))
        .await
        .unwrap();
    link.write_all(&frame(0x00, &vec![0; 1 << 19]))
        .await
        .unwrap();
    link.write_all(&frame(0x80, b"1")).await.unwrap();
    assert_eq!(close_code(&mut link).await, 1009);
}

#[tokio::test]
async fn the_limit_itself_passes() {
    let server = TestServer::start().await;
    let mut link = server.link("/ws").await;
    link.echo(&"x".repeat(1 << 20)).await;
}

#[tokio::test]
async fn a_close_is_answered_with_its_code() {
    let server = TestServer::start().await;
    let mut tcp = server.raw_link("/ws").await;
    tcp.write_all(&frame(0x88, b"\x0f\xa0bye")).await.unwrap();
    assert_eq!(close_code(&mut tcp).await, 4000);
}

#[tokio::test]
async fn half_a_frame_is_closed_with_1008() {
    let server = TestServer::with_deadlines(|deadlines| {
        deadlines.frame = SHORT;
        deadlines.close = SHORT;
    })
    .await;
    for size in [1, 5, 20] {
        let mut tcp = server.raw_link("/ws").await;
        tcp.write_all(&frame(BINARY, &[0; 100])[..size])
            .await
            .unwrap();
        assert_eq!(close_code(&mut tcp).await, 1008, "{size} bytes");
    }
}

#[tokio::test]
async fn a_frame_that_trickles_in_is_closed_with_1008() {
    let server = TestServer::with_deadlines(|deadlines| deadlines.frame = SHORT).await;
    let tcp = server.raw_link("/ws").await;
    let (mut reader, mut writer) = tcp.into_split();
    let trickle = tokio::spawn(async move {
        let mut bytes = frame(BINARY, &[0; 100_000]).into_iter();
        while writer
            .write_all(&[bytes.next().expect("closed long before the end")])
            .await
            .is_ok()
        {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let mut head = [0; 4];
    within(reader.read_exact(&mut head)).await.unwrap();
    assert_eq!(
        (head[0], u16::from_be_bytes([head[2], head[3]])),
        (0x88, 1008)
    );
    drop(reader);
    within(trickle).await.unwrap();
}

#[tokio::test]
async fn silence_is_closed_with_1011() {
    let server = TestServer::with_deadlines(|deadlines| {
        deadlines.idle = SHORT;
        deadlines.close = SHORT;
    })
    .await;
    let mut tcp = server.raw_link("/ws").await;
    assert_eq!(close_code(&mut tcp).await, 1011);
}

#[tokio::test]
async fn a_client_that_leaves_pings_unanswered_is_closed_with_1011() {
    let server = TestServer::with_deadlines(|deadlines| {
        deadlines.idle = SHORT;
        deadlines.ping = SHORT / 3;
        deadlines.close = SHORT;
    })
    .await;
    let mut tcp = server.raw_link("/ws").await;
    let mut ping = [0; 2];
    within(tcp.read_exact(&mut ping)).await.unwrap();
    assert_eq!(ping, [0x89, 0]);
    let mut rest = Vec::new();
    within(tcp.read_to_end(&mut rest)).await.unwrap();
    let close = rest.iter().position(|&byte| byte == 0x88).unwrap();
    assert!(
        rest[..close].chunks(2).all(|frame| frame == [0x89, 0]),
        "{rest:?}"
    );
    assert_eq!(rest[close + 2..close + 4], 1011_u16.to_be_bytes());
}

#[tokio::test]
async fn a_client_that_only_answers_pings_stays() {
    let server = TestServer::with_deadlines(|deadlines| {
        deadlines.idle = Duration::from_millis(500);
        deadlines.ping = Duration::from_millis(50);
    })
    .await;
    let mut link = server.link("/ws").await;
    // Twice the silence that would have ended it.
    for _ in 0..20 {
        assert_eq!(link.next().await, Some(Message::Ping(Bytes::new())));
    }
    link.echo("still here").await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_dropped() {
    let server = TestServer::with_deadlines(|deadlines| deadlines.write = SHORT).await;
    let mut tcp = server.raw_link("/ws").await;
    let bytes = frame(BINARY, &vec![0; 1 << 20]);
    // Once the answers fill every buffer the server reads no more, and soon gives up: then writing fails.
    within(async { while tcp.write_all(&bytes).await.is_ok() {} }).await;
    assert_eq!(server.open_links().await, 0);
}

#[tokio::test]
async fn a_flood_of_pings_from_a_client_that_reads_nothing_is_not_piled_up() {
    let server = TestServer::with_deadlines(|deadlines| deadlines.write = SHORT).await;
    let mut tcp = server.raw_link("/ws").await;
    let pings = frame(0x89, &[0; 125]).repeat(1000);
    within(async { while tcp.write_all(&pings).await.is_ok() {} }).await;
    assert_eq!(server.open_links().await, 0);
}

#[tokio::test]
async fn a_client_that_never_answers_a_close_does_not_stay() {
    let server = TestServer::with_deadlines(|deadlines| {
        deadlines.idle = SHORT;
        deadlines.close = SHORT;
    })
    .await;
    let mut tcp = server.raw_link("/ws").await;
    let mut close = [0; 4];
    within(tcp.read_exact(&mut close)).await.unwrap();
    assert_eq!(close[0], 0x88);
    // Not read any further, nothing answered: the server lets go, and a write then meets a reset.
    within(async { while tcp.write_all(&frame(0x8a, b"")).await.is_ok() {} }).await;
    assert_eq!(server.open_links().await, 0);
}
