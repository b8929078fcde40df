//! What sessions cost on the wire.

use std::time::{Duration, Instant};

use crate::support::{Client, TestServer, config};

const WINDOW: usize = 4096;

/// Sends `count` texts of 32 bytes, `at_once` in a unit, and reads until all have come back.
async fn talk(client: &mut Client, count: usize, at_once: usize) {
    let texts: Vec<String> = (0..count).map(|n| format!("{n:032}")).collect();
    let mut heard = 0;
    for texts in texts.chunks(at_once) {
        while client.unacknowledged.len() + texts.len() > WINDOW / 2 {
            hear(client, &mut heard).await;
        }
        client.send_all(texts).await;
    }
    while heard < count || !client.unacknowledged.is_empty() {
        hear(client, &mut heard).await;
    }
    assert_eq!(heard, count);
}

async fn hear(client: &mut Client, heard: &mut usize) {
    if client.next_is_message().await {
        *heard += 1;
        if heard.is_multiple_of(256) {
            client.hand("").await;
        }
    }
}

/// A server whose store takes as long as a disk.
async fn start() -> TestServer {
    let (server, gate) = TestServer::with_gate(config()).await;
    gate.delay(Duration::from_millis(2));
    server
}

/// [P71]
#[tokio::test]
async fn acknowledgements_are_at_most_one_in_a_hundred_messages() {
    let server = start().await;
    let mut client = server.session().await;
    let (count, started) = (20_000, Instant::now());
    talk(&mut client, count, 1).await;
    let rate = count as f64 / started.elapsed().as_secs_f64();
    assert!(
        rate >= 1000.0,
        "{rate} messages a second are too few to judge"
    );
    let stored = client.came["stored"];
    println!("{rate:.0} messages a second, {stored} acknowledgements");
    assert!(stored as usize <= count / 100, "{stored} acknowledgements");
}

/// [P2] [P61]
#[tokio::test]
async fn a_message_in_a_batch_costs_at_most_5_bytes_and_one_alone_none() {
    let server = start().await;
    let mut client = server.session().await;
    talk(&mut client, 1, 1).await;
    assert_eq!((client.came["message"], client.message_bytes), (1, 32));
    client.message_bytes = 0;
    let count = 20_000;
    talk(&mut client, count, 1000).await;
    let each = client.message_bytes as f64 / count as f64;
    println!("{each} bytes for each message of 32");
    assert!(each <= 37.0, "{each} bytes for each message of 32");
}
