//! How the server stops.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, TestServer, within};

#[tokio::test]
async fn links_are_closed_with_1001_and_the_server_is_gone() {
    let mut server = TestServer::start().await;
    let mut echo = server.link("/ws").await;
    let mut member = server.link("/hub/lobby").await;
    echo.settled().await;
    member.settled().await;
    server.begin_stop();
    assert_eq!(u16::from(echo.closed().await.code), 1001);
    assert_eq!(u16::from(member.closed().await.code), 1001);
    drop((echo, member));
    let address = server.address;
    server.stopped().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn idle_and_half_open_connections_do_not_hold_it_up() {
    // Far beyond the time after which a test counts as stuck.
    let long = Duration::from_secs(600);
    let mut server = TestServer::with_deadlines(|deadlines| {
        deadlines.first_byte = long;
        deadlines.head = long;
        deadlines.shutdown = long;
    })
    .await;
    let silent = server.tcp().await;
    let mut half = server.tcp().await;
    half.write_all(b"GET / HT").await.unwrap();
    let mut idle = server.tcp().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(Answer::read_head(&mut idle).await.status, 200);
    server.begin_stop();
    server.stopped().await;
    drop((silent, half, idle));
}

#[tokio::test]
async fn a_client_that_does_not_answer_holds_it_up_only_so_long() {
    let long = Duration::from_secs(600);
    let mut server = TestServer::with_deadlines(|deadlines| {
        deadlines.close = long;
        deadlines.shutdown = Duration::from_millis(150);
    })
    .await;
    let mut tcp = server.raw_link("/ws").await;
    server.begin_stop();
    let mut close = [0; 4];
    within(tcp.read_exact(&mut close)).await.unwrap();
    assert_eq!(
        (close[0], u16::from_be_bytes([close[2], close[3]])),
        (0x88, 1001)
    );
    server.stopped().await;
}
