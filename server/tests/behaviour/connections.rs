//! Connections before they are WebSockets: slow ones, huge ones, too many.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, TestServer, config, within};

const SHORT: Duration = Duration::from_millis(150);

#[tokio::test]
async fn a_silent_connection_is_closed_without_a_word() {
    let server = TestServer::with_deadlines(|deadlines| deadlines.first_byte = SHORT).await;
    let mut tcp = server.tcp().await;
    assert_eq!(within(tcp.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test]
async fn half_a_request_is_answered_408() {
    let server = TestServer::with_deadlines(|deadlines| deadlines.head = SHORT).await;
    for half in ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        let answer = server.exchange(half.as_bytes()).await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (408, "TIMEOUT"),
            "{half:?}"
        );
    }
}

#[tokio::test]
async fn a_request_that_trickles_in_is_answered_408() {
    let server = TestServer::with_deadlines(|deadlines| deadlines.head = SHORT).await;
    let (mut reader, mut writer) = server.tcp().await.into_split();
    let trickle = tokio::spawn(async move {
        let mut bytes = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(5000))
            .into_bytes()
            .into_iter();
        while writer
            .write_all(&[bytes.next().expect("answered long before the end")])
            .await
            .is_ok()
        {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let mut status = [0; 12];
    within(reader.read_exact(&mut status)).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
    drop(reader);
    within(trickle).await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_that_was_served_is_closed() {
    let server = TestServer::with_deadlines(|deadlines| deadlines.head = SHORT).await;
    let mut tcp = server.tcp().await;
    tcp.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(Answer::read(&mut tcp).await.status, 200);
}

#[tokio::test]
async fn a_request_in_single_bytes_is_served() {
    let server = TestServer::start().await;
    let mut tcp = server.tcp().await;
    tcp.set_nodelay(true).unwrap();
    for byte in b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" {
        tcp.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(Answer::read(&mut tcp).await.status, 200);
}

#[tokio::test]
async fn two_requests_on_one_connection_are_served() {
    let server = TestServer::start().await;
    let first = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let last = "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = server.exchange(format!("{first}{last}").as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("HTTP/1.1 404"));
}

#[tokio::test]
async fn huge_heads_are_refused_at_once() {
    let server = TestServer::start().await;
    let long_line = format!("GET / HTTP/1.1\r\nA: {}\r\n", "a".repeat(1 << 20));
    let long_target = format!("GET /{} HTTP/1.1\r\n", "a".repeat(1 << 16));
    let many: String = (0..8000).map(|n| format!("A{n}: b\r\n")).collect();
    let large: String = (0..20)
        .map(|n| format!("A{n}: {}\r\n", "b".repeat(8000)))
        .collect();
    for (what, head, status) in [
        ("one long line", long_line, 431),
        ("a long target", long_target, 414),
        ("8000 headers", format!("GET / HTTP/1.1\r\n{many}\r\n"), 431),
        (
            "160 kB of headers",
            format!("GET / HTTP/1.1\r\n{large}\r\n"),
            431,
        ),
    ] {
        let answer = server.exchange(head.as_bytes()).await;
        assert_eq!(answer.status, status, "{what}");
        answer.error_code();
    }
}

#[tokio::test]
async fn what_is_not_http_is_answered_400() {
    let server = TestServer::start().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"\0\0\0\n",
    ] {
        let answer = server.exchange(bytes).await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (400, "BAD_REQUEST"),
            "{bytes:?}"
        );
    }
}

#[tokio::test]
async fn an_address_may_hold_so_many_connections_and_gets_its_places_back() {
    let server = TestServer::with_limits(|limits| limits.connections_per_address = 2).await;
    let mut first = server.link("/ws").await;
    first.settled().await;
    let second = server.raw_link("/ws").await;
    let answer = server
        .exchange(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (429, "TOO_MANY_CONNECTIONS")
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    first.echo("not disturbed").await;

    drop(second);
    first.close().await;
    within(async { while server.get("/healthz", &[]).await.status != 200 {} }).await;
}

#[tokio::test]
async fn an_address_may_connect_so_fast() {
    let server = TestServer::with_limits(|limits| limits.connections_per_second = 1).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(server.get("/healthz", &[]).await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn a_refused_connection_that_says_nothing_is_not_kept() {
    let mut config = config();
    config.limits.connections_per_address = 0;
    config.deadlines.first_byte = SHORT;
    let server = TestServer::with(config).await;
    let mut tcp: TcpStream = server.tcp().await;
    assert_eq!(within(tcp.read(&mut [0])).await.unwrap(), 0);
}
