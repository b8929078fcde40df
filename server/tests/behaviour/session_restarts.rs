//! The program with its durable store: stopped, and killed at any instant.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use steadfast_protocol::frame::Reason;
use steadfast_server::{Config, StorePlace};
use tokio_tungstenite::tungstenite::Message;

use crate::program::{ended, program, start, stop};
use crate::support::{Came, Client, TestServer, config, within};

fn with_store(store: &Path) -> tokio::process::Command {
    let store = store.to_str().unwrap();
    program(&["--port", "0", "--store", store, "--log-level", "warn"])
}

/// [P95]
#[tokio::test]
async fn a_session_outlives_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("new/folder/sessions.redb");
    let (child, address) = start(with_store(&store)).await;
    let mut client = Client::connect(&address, "/ws").await;
    client.send("before").await;
    client.settled().await;
    assert_eq!(stop(child).await.0, Some(0));
    client.cut();
    let (_child, address) = start(with_store(&store)).await;
    client.move_to(&address);
    client.resume().await;
    assert_eq!(client.welcome.reason, Reason::Resumed);
    client.send("after").await;
    client.settled().await;
    assert_eq!(client.acknowledged, 2);
}

#[tokio::test]
async fn a_server_that_has_stopped_has_let_go_of_its_store() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        store: StorePlace::File(folder.path().join("sessions.redb")),
        ..config()
    };
    let mut client = Client::new("", "/ws");
    for round in 0..5 {
        let mut server = TestServer::with(config.clone()).await;
        client.move_to(&server.address.to_string());
        client.resume().await;
        assert_eq!(client.welcome.resumed, round > 0);
        server.begin_stop();
        while client.next().await != Came::Closed(1001) {}
        client.cut();
        server.stopped().await;
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_used_is_one_sentence_and_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("sessions.redb");
    let (_child, _) = start(with_store(&store)).await;
    let second = ended(with_store(&store)).await;
    let spoiled = folder.path().join("spoiled.redb");
    std::fs::write(&spoiled, "not a store").unwrap();
    let spoiled = ended(with_store(&spoiled)).await;
    for (ended, name) in [(second, "sessions.redb"), (spoiled, "spoiled.redb")] {
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.lines().count() == 1 && said.contains(name), "{said}");
    }
}

/// How often the server is killed: 200 times unless `STEADFAST_KILLS` says otherwise.
fn kills() -> u32 {
    let set = std::env::var("STEADFAST_KILLS").ok();
    set.map_or(200, |kills| {
        kills.parse().expect("STEADFAST_KILLS is a number")
    })
}

/// Keeps the server busy and checks every echo: each once, in order.
struct Load {
    client: Client,
    sent: u64,
    echoed: u64,
}

impl Load {
    /// Says and hears until `events` have come, or the server is gone.
    async fn run(&mut self, events: u64) {
        for event in 0..events {
            while self.client.unacknowledged.len() < 300 {
                self.say(event).await;
            }
            if !self.hear().await {
                return;
            }
        }
    }

    async fn say(&mut self, event: u64) {
        if event.is_multiple_of(3) {
            self.sent += 1;
            self.client.send(&self.sent.to_string()).await;
        } else {
            let texts: Vec<String> = (self.sent + 1..=self.sent + 7)
                .map(|n| n.to_string())
                .collect();
            self.sent += 7;
            self.client.send_all(&texts).await;
        }
    }

    async fn hear(&mut self) -> bool {
        match self.client.next().await {
            Came::Message(_, number, Message::Text(text)) => {
                self.echoed += 1;
                assert_eq!(number, self.echoed);
                assert_eq!(text.as_str(), self.echoed.to_string());
                if number.is_multiple_of(50) {
                    self.client.hand("").await;
                }
                true
            }
            Came::Stored(_) | Came::From(_) => true,
            Came::Closed(_) | Came::Lost => false,
            other => panic!("{other:?}"),
        }
    }
}

/// [P17] [P167] [P46] [P70]
#[tokio::test]
async fn killed_at_any_instant_it_loses_nothing_acknowledged_and_echoes_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("sessions.redb");
    let mut load = Load {
        client: Client::new("", "/ws"),
        sent: 0,
        echoed: 0,
    };
    for _ in 0..kills() {
        let mut command = with_store(&store);
        command.stderr(Stdio::inherit());
        let (mut child, address) = start(command).await;
        load.client.move_to(&address);
        load.client.resume().await;
        let [events, micros] = [600, 3000].map(|most| getrandom::u64().unwrap() % most);
        load.run(events).await;
        // Into whatever the server is doing by then.
        let kill = async {
            tokio::time::sleep(Duration::from_micros(micros)).await;
            child.kill().await.unwrap();
        };
        tokio::join!(kill, async { while load.hear().await {} });
        load.client.cut();
    }
    let (_child, address) = start(with_store(&store)).await;
    load.client.move_to(&address);
    load.client.resume().await;
    within(async {
        while load.echoed < load.sent || !load.client.unacknowledged.is_empty() {
            assert!(load.hear().await);
        }
    })
    .await;
    println!("{} kills, {} messages each way", kills(), load.echoed);
    assert!(load.echoed > u64::from(kills()), "the server was busy");
}
