//! Checkpoints of sessions over HTTP: who may save, and what the session knows of it.

use serde_json::{Value, json};
use steadfast_protocol::fnv1a32;
use steadfast_protocol::frame::WantedSnapshot;

use crate::support::{Client, TestServer, config};

/// The body of a save on behalf of the client's session.
fn order(client: &Client, base: u64, state: Option<&Value>) -> Value {
    let welcome = &client.welcome;
    let mut order = json!({
        "sessionId": welcome.session,
        "token": welcome.token,
        "term": welcome.term,
        "base": base,
        "positions": client.hello.positions,
    });
    if let Some(state) = state {
        order["data"] = state.clone();
    }
    order
}

/// As a page that begins: nothing is known but the session, and what an earlier page saved is wanted.
fn begin_anew(client: &mut Client) {
    client.cut();
    client.hello.positions.clear();
    client.hello.snapshot = Some(WantedSnapshot {
        restore: true,
        ..WantedSnapshot::default()
    });
}

async fn echoed(server: &TestServer, texts: &[&str]) -> Client {
    let mut client = server.session().await;
    for text in texts {
        client.send(text).await;
        client.message().await;
    }
    client.settled().await;
    client
}

/// [P134] [P153]
#[tokio::test]
async fn the_messages_after_a_restore_are_those_that_the_state_has_not_seen() {
    let server = TestServer::start().await;
    let mut client = echoed(&server, &["1", "2"]).await;
    let version = server
        .saved(&order(&client, 0, Some(&json!(["1", "2"]))))
        .await;
    client.send("3").await;
    client.message().await;
    client.settled().await;

    begin_anew(&mut client);
    let session = json!({
        "sessionId": client.welcome.session,
        "token": client.welcome.token,
    });
    let restored = server.snapshot("restore", &session).await.json();
    assert_eq!(restored["data"], json!(["1", "2"]));
    assert_eq!(restored["version"], version);
    assert_eq!(restored["positions"][""][1], 2);
    // The page has the state by now, so nothing follows its welcome.
    let wanted = client.hello.snapshot.as_mut().unwrap();
    wanted.version = Some(version);
    client.hello.positions = serde_json::from_value(restored["positions"].clone()).unwrap();
    client.resume().await;
    let stored = client.welcome.snapshot.unwrap();
    assert_eq!((stored.version, stored.follows), (version, false));
    assert_eq!(client.message().await, (String::new(), 3, "3".into()));
}

/// [P134] [P50]: what a checkpoint has seen is acknowledged, and positions alone move it.
#[tokio::test]
async fn a_checkpoint_acknowledges_and_can_stay_the_same() {
    let server = TestServer::start().await;
    let mut client = echoed(&server, &["1"]).await;
    let state = json!({ "count": 1 });
    let first = server.saved(&order(&client, 0, Some(&state))).await;
    client.send("2").await;
    client.message().await;
    client.settled().await;
    let text = state.to_string();
    let mut same = order(&client, first, None);
    same["delta"] = json!([0, text.len()]);
    same["bytes"] = json!(text.len());
    same["check"] = json!(fnv1a32(text.as_bytes()));
    let second = server.saved(&same).await;
    assert!(second > first);

    client.send("3").await;
    client.settled().await;
    client.cut();
    client.hello.positions.clear();
    client.resume().await;
    let (_, number, text) = client.message().await;
    assert_eq!((number, &*text), (3, "3"), "2 is acknowledged");
}

/// [P130] [P28]
#[tokio::test]
async fn only_the_present_owner_saves() {
    let server = TestServer::start().await;
    let mut client = echoed(&server, &["1"]).await;
    let good = order(&client, 0, Some(&json!(1)));
    let with = |field: &str, value: &str| {
        let mut order = good.clone();
        order[field] = json!(value);
        order
    };
    for (wrong, status, code) in [
        (with("token", "guessed"), 404, "NOT_FOUND"),
        (with("sessionId", "nobody"), 404, "NOT_FOUND"),
        (with("term", "1-0000000000000001"), 409, "TAKEN_OVER"),
    ] {
        let (is, says, version) = server.unsaved(&wrong).await;
        assert_eq!((is, &*says, version), (status, code, None));
    }
    client.cut();
    client.resume().await;
    // The token of the hello is still good; the term is another one.
    let (status, code, _) = server.unsaved(&good).await;
    assert_eq!((status, &*code), (409, "TAKEN_OVER"));
    let session = json!({
        "sessionId": client.welcome.session,
        "token": client.welcome.token,
    });
    let none = server.snapshot("restore", &session).await;
    assert_eq!((none.status, &*none.error_code()), (404, "NOT_FOUND"));
    server.saved(&order(&client, 0, Some(&json!(2)))).await;
    let mut guessed = session;
    guessed["token"] = json!("guessed");
    let refused = server.snapshot("restore", &guessed).await;
    assert_eq!((refused.status, &*refused.error_code()), (404, "NOT_FOUND"));
}

/// [P155]: what cannot be read is none, and can be replaced.
#[tokio::test]
async fn a_checkpoint_that_cannot_be_read_is_none() {
    let (server, gate) = TestServer::with_gate(config()).await;
    let client = echoed(&server, &["1"]).await;
    gate.spoil(1);
    let session = json!({
        "sessionId": client.welcome.session,
        "token": client.welcome.token,
    });
    let none = server.snapshot("restore", &session).await;
    assert_eq!((none.status, &*none.error_code()), (404, "NOT_FOUND"));
    gate.spoil(1);
    server.saved(&order(&client, 0, Some(&json!("anew")))).await;
    let restored = server.snapshot("restore", &session).await.json();
    assert_eq!(restored["data"], "anew");
}

/// [P130]: without its token nobody gets at a session's checkpoint, though its id is no secret.
#[tokio::test]
async fn an_id_alone_is_a_page_of_its_own() {
    let server = TestServer::start().await;
    let client = echoed(&server, &["1"]).await;
    server
        .saved(&order(&client, 0, Some(&json!("secret"))))
        .await;
    let id = json!({ "sessionId": client.welcome.session });
    assert_eq!(server.snapshot("restore", &id).await.status, 404);
    let other = json!({ "sessionId": client.welcome.session, "base": 0, "data": "other" });
    server.saved(&other).await;
    let session = json!({
        "sessionId": client.welcome.session,
        "token": client.welcome.token,
    });
    let restored = server.snapshot("restore", &session).await.json();
    assert_eq!(restored["data"], "secret");
}
