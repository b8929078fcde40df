//! Snapshots over a session's link, on the real store.

use serde_json::json;
use steadfast_protocol::fnv1a32;
use steadfast_protocol::frame::{
    Form, Frame, Save, SaveRefusal, Saved, Unsaved, WantedSnapshot, parts,
};

use crate::program::{program, start};
use crate::support::{Came, Client, TestServer};

impl Client {
    /// Sends the parts of `text` and a save of it.
    async fn save(&mut self, key: Option<&str>, base: u64, text: &str) {
        for part in parts(text) {
            self.control(Frame::Part(part.into())).await;
        }
        let positions = self.hello.positions.clone();
        let save = Save {
            id: 1,
            key: key.map(str::to_owned),
            base,
            form: Form::Data,
            bytes: text.len() as u32,
            check: fnv1a32(text.as_bytes()),
            positions: if key.is_none() {
                positions
            } else {
                Default::default()
            },
        };
        self.control(Frame::Save(save)).await;
    }

    /// The version that the answer to a save names; acknowledgements are passed over.
    async fn saved(&mut self) -> u64 {
        loop {
            match self.next_but_from().await {
                Came::Control(Frame::Saved(Saved { id: 1, version, .. })) => return version,
                Came::Stored(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The text that follows a welcome.
    async fn restored(&mut self) -> String {
        let stored = self.welcome.snapshot.expect("a snapshot is stored");
        assert!(stored.follows);
        let mut text = String::new();
        while text.len() < stored.bytes as usize {
            match self.next().await {
                Came::Control(Frame::Part(part)) => text.push_str(&part),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(fnv1a32(text.as_bytes()), stored.check);
        text
    }
}

fn wanted(key: Option<&str>) -> WantedSnapshot {
    WantedSnapshot {
        key: key.map(str::to_owned),
        version: None,
        restore: true,
    }
}

/// [P134] [P135] [P138] [P152] [P153]: what the server said is stored survives its death, with the
/// positions that belong to it.
#[tokio::test]
async fn a_checkpoint_survives_the_death_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("sessions.redb");
    let arguments = ["--port", "0", "--store", store.to_str().unwrap()];
    let (mut child, address) = start(program(&arguments)).await;
    let mut client = Client::connect(&address, "/ws").await;
    client.send("seen").await;
    client.message().await;
    let state = json!({ "seen": 1, "text": "grüße 🙂".repeat(7_000) }).to_string();
    client.save(None, 0, &state).await;
    let version = client.saved().await;
    client.send("not seen").await;
    client.message().await;
    client.settled().await;
    child.kill().await.unwrap();
    client.cut();

    let (_child, address) = start(program(&arguments)).await;
    client.move_to(&address);
    client.hello.positions.clear();
    client.hello.snapshot = Some(wanted(None));
    client.resume().await;
    assert_eq!(client.welcome.snapshot.map(|it| it.version), Some(version));
    assert_eq!(client.restored().await, state);
    assert_eq!(
        client.message().await,
        (String::new(), 2, "not seen".into())
    );
}

/// [P130] [P131]: one document, over a link or over HTTP.
#[tokio::test]
async fn a_document_is_the_same_over_a_link_and_over_http() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    client.save(Some("draft"), 0, r#"{"from":"a link"}"#).await;
    let version = client.saved().await;
    let draft = json!({ "key": "draft" });
    let restored = server.snapshot("restore", &draft).await.json();
    assert_eq!(restored["data"]["from"], "a link");
    assert_eq!(restored["version"], version);

    let over_http = json!({ "key": "draft", "base": version, "data": { "from": "HTTP" } });
    let later = server.saved(&over_http).await;
    client
        .save(Some("draft"), version, r#"{"from":"a link"}"#)
        .await;
    let refused = Unsaved {
        id: 1,
        reason: SaveRefusal::Stale,
        version: Some(later),
    };
    let stale = Came::Control(Frame::Unsaved(refused));
    assert_eq!(client.next_but_from().await, stale);

    let mut other = server.stranger();
    other.hello.snapshot = Some(wanted(Some("draft")));
    other.resume().await;
    assert_eq!(other.restored().await, r#"{"from":"HTTP"}"#);
}

/// A client can save what is no JSON; over HTTP that is nothing.
#[tokio::test]
async fn nonsense_is_not_given_back_as_json() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    client.save(Some("draft"), 0, r#""},"data":{"#).await;
    let version = client.saved().await;
    let none = server.snapshot("restore", &json!({ "key": "draft" })).await;
    assert_eq!((none.status, &*none.error_code()), (404, "NOT_FOUND"));
    server
        .saved(&json!({ "key": "draft", "base": version, "data": 1 }))
        .await;
}
