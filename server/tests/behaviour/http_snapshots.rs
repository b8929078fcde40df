//! Documents over HTTP: saved, compared, given back, and refused.

use serde_json::{Value, json};
use steadfast_protocol::fnv1a32;
use steadfast_server::Config;
use steadfast_server::sessions::SessionConfig;
use tokio::io::AsyncWriteExt;

use crate::support::{Answer, TestServer, config};

const JSON: &str = "Content-Type: application/json";

impl TestServer {
    /// Posts to the requests of snapshots; `path` is `save` or `restore`.
    pub(crate) async fn snapshot(&self, path: &str, body: &Value) -> Answer {
        self.post_snapshot(path, &[JSON], &body.to_string()).await
    }

    async fn post_snapshot(&self, path: &str, headers: &[&str], body: &str) -> Answer {
        let target = format!("/api/session/{path}");
        self.request("POST", &target, headers, body).await
    }

    /// Saves and gives the version.
    pub(crate) async fn saved(&self, body: &Value) -> u64 {
        let answer = self.snapshot("save", body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.json());
        answer.json()["version"].as_u64().unwrap()
    }

    /// Saves and gives the refusal: status, code, and the version that is stored.
    pub(crate) async fn unsaved(&self, body: &Value) -> (u16, String, Option<u64>) {
        let answer = self.snapshot("save", body).await;
        let version = answer.json()["version"].as_u64();
        (answer.status, answer.error_code(), version)
    }
}

/// What the server itself asks its store for when it starts is answered.
async fn begun(server: &TestServer) {
    server
        .saved(&json!({ "key": "begun", "base": 0, "data": 0 }))
        .await;
}

/// As a client gives a delta: with the length and the check of what it makes.
fn delta(of: &Value, base: u64, delta: Value, makes: &str) -> Value {
    let mut body = of.clone();
    let check = fnv1a32(makes.as_bytes());
    for (field, value) in [
        ("base", json!(base)),
        ("delta", delta),
        ("bytes", json!(makes.len())),
        ("check", json!(check)),
    ] {
        body[field] = value;
    }
    body
}

/// [P131] [P132] [P136]
#[tokio::test]
async fn a_document_is_saved_compared_and_given_back() {
    let server = TestServer::start().await;
    let none = server.snapshot("restore", &json!({ "key": "draft" })).await;
    assert_eq!((none.status, &*none.error_code()), (404, "NOT_FOUND"));

    let state = json!({ "text": "grüße 🙂", "at": [1, 2.5, null] });
    let first = json!({ "key": "draft", "base": 0, "data": state });
    let answer = server.snapshot("save", &first).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let saved = answer.json();
    assert_eq!(saved["key"], "draft");
    let version = saved["version"].as_u64().unwrap();

    let restored = server.snapshot("restore", &json!({ "key": "draft" })).await;
    assert_eq!(restored.status, 200);
    let restored = restored.json();
    assert_eq!(restored["data"], state);
    assert_eq!(
        (&restored["key"], &restored["version"]),
        (&saved["key"], &saved["version"])
    );
    assert_eq!(restored["expiresAt"], saved["expiresAt"]);
    let life = restored["expiresAt"].as_u64().unwrap() - restored["savedAt"].as_u64().unwrap();
    assert_eq!(life, 24 * 60 * 60 * 1_000);

    let stale = json!({ "key": "draft", "base": 0, "data": "late" });
    assert_eq!(
        server.unsaved(&stale).await,
        (409, "STALE".into(), Some(version))
    );
    let next = json!({ "key": "draft", "base": version, "data": "in time", "term": "1-02" });
    assert!(server.saved(&next).await > version);
    let after = server.snapshot("restore", &json!({ "key": "draft" })).await;
    assert_eq!(after.json()["data"], "in time");
}

/// [P133]
#[tokio::test]
async fn a_save_whose_answer_was_lost_is_answered_again() {
    let server = TestServer::start().await;
    let first = json!({ "key": "draft", "base": 0, "data": [1] });
    let version = server.saved(&first).await;
    assert_eq!(server.saved(&first).await, version);
    let second = json!({ "key": "draft", "base": version, "data": [2] });
    let later = server.saved(&second).await;
    assert_eq!(server.saved(&second).await, later);
    assert_eq!(
        server.unsaved(&first).await,
        (409, "STALE".into(), Some(later))
    );
}

/// [P140] [P141]
#[tokio::test]
async fn a_delta_makes_the_text_that_it_says_or_nothing() {
    let sessions = SessionConfig {
        snapshot_burst: 10,
        ..SessionConfig::default()
    };
    let server = TestServer::with(Config {
        sessions,
        ..config()
    })
    .await;
    let page = json!({ "sessionId": "page-1" });
    let mut first = page.clone();
    // The text is kept as it came: what a delta counts are its bytes.
    first["base"] = json!(0);
    let body = first.to_string();
    let body = format!(
        "{},\"data\":{{\"draft\": \"good mo\"}}}}",
        body.trim_end_matches('}')
    );
    let answer = server.post_snapshot("save", &[JSON], &body).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!(answer.json()["sessionId"], "page-1");
    let version = answer.json()["version"].as_u64().unwrap();

    let text = r#"{"draft": "good evening"}"#;
    let steps = json!([0, 16, "evening\"}"]);
    for (wrong, makes) in [
        (json!([0, 16, "evening"]), text),
        (json!([0, 99]), text),
        (json!([0]), text),
        (steps.clone(), r#"{"draft": "good Evening"}"#),
        (json!("no steps"), text),
    ] {
        let order = delta(&page, version, wrong, makes);
        let (status, code, stored) = server.unsaved(&order).await;
        assert_eq!((status, &*code, stored), (422, "MISMATCH", Some(version)));
    }
    let order = delta(&page, version, steps, text);
    let later = server.saved(&order).await;
    let restored = server.snapshot("restore", &page).await.json();
    assert_eq!(restored["data"], json!({ "draft": "good evening" }));
    assert_eq!(restored["version"], later);
}

/// [P130]
#[tokio::test]
async fn each_page_and_each_key_has_its_own() {
    let server = TestServer::start().await;
    let names = [
        json!({ "sessionId": "a" }),
        json!({ "sessionId": "b" }),
        json!({ "key": "a" }),
        json!({ "key": "s:a" }),
    ];
    for (number, name) in names.iter().enumerate() {
        let mut order = name.clone();
        order["base"] = json!(0);
        order["data"] = json!(number);
        server.saved(&order).await;
    }
    for (number, name) in names.iter().enumerate() {
        let restored = server.snapshot("restore", name).await;
        assert_eq!(restored.json()["data"], number, "{name}");
    }
}

#[tokio::test]
async fn null_is_a_state() {
    let server = TestServer::start().await;
    server
        .saved(&json!({ "key": "k", "base": 0, "data": null }))
        .await;
    let restored = server.snapshot("restore", &json!({ "key": "k" })).await;
    assert_eq!(
        (restored.status, &restored.json()["data"]),
        (200, &Value::Null)
    );
}

#[tokio::test]
async fn what_means_nothing_is_refused() {
    let server = TestServer::start().await;
    let check = json!({ "bytes": 1, "check": 1 });
    let order = |more: Value| {
        let mut order = json!({ "key": "k", "base": 0, "data": 1 });
        for (field, value) in more.as_object().unwrap() {
            order[field] = value.clone();
        }
        order
    };
    for wrong in [
        order(json!({ "key": null })),
        order(json!({ "sessionId": "both" })),
        order(json!({ "key": "" })),
        order(json!({ "key": "a\nb" })),
        order(json!({ "key": null, "sessionId": "a b" })),
        order(json!({ "key": 7 })),
        order(json!({ "base": -1 })),
        order(json!({ "base": 1_u64 << 53 })),
        order(json!({ "base": null })),
        order(json!({ "delta": [] })),
        order(json!({ "token": "t" })),
        order(json!({ "positions": { "": [1, 1] } })),
        order(json!({ "positions": { "": [1, -1] } })),
        order(json!({ "bytes": 0, "check": 1 })),
        json!({ "key": "k", "base": 1, "delta": [0, 1] }),
        json!({ "key": "k", "base": 0, "delta": [0, 1], "bytes": 1, "check": 1 }),
        json!({ "key": "k", "base": 1, "bytes": check["bytes"], "check": check["check"] }),
        json!({ "sessionId": "s", "token": "t", "base": 0, "data": 1 }),
        json!({ "sessionId": "s", "token": "t", "term": "one", "base": 0, "data": 1 }),
        json!([]),
    ] {
        let (status, code, _) = server.unsaved(&wrong).await;
        assert_eq!((status, &*code), (400, "INVALID_SNAPSHOT"), "{wrong}");
    }
    for body in ["", "{", "nothing", "{\"key\":\"k\",\"base\":0,\"data\":}"] {
        let answer = server.post_snapshot("save", &[JSON], body).await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (400, "INVALID_SNAPSHOT")
        );
    }
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    for headers in [&form[..], &[]] {
        let answer = server.post_snapshot("save", headers, "key=k").await;
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (415, "UNSUPPORTED_MEDIA_TYPE")
        );
    }
    let got = server.get("/api/session/save", &[]).await;
    assert_eq!(
        (got.status, &*got.error_code()),
        (405, "METHOD_NOT_ALLOWED")
    );
    let none = server.snapshot("restore", &json!({ "key": "k" })).await;
    assert_eq!(none.status, 404, "nothing of all this was stored");
}

/// [P147]
#[tokio::test]
async fn a_text_has_256_kib_at_most() {
    let server = TestServer::start().await;
    let order = |bytes: usize| json!({ "key": "k", "base": 0, "data": "x".repeat(bytes - 2) });
    let limit = 256 << 10;
    let none = (413, "TOO_LARGE".to_owned(), Some(0));
    assert_eq!(server.unsaved(&order(limit + 1)).await, none);
    let (status, code, _) = server.unsaved(&order(400 << 10)).await;
    assert_eq!(
        (status, &*code),
        (413, "TOO_LARGE"),
        "it is not read at all"
    );
    server.saved(&order(limit)).await;
    let restored = server.snapshot("restore", &json!({ "key": "k" })).await;
    assert_eq!(
        restored.json()["data"].as_str().map(str::len),
        Some(limit - 2)
    );
}

/// [P144]
#[tokio::test]
async fn who_saves_too_often_is_told_how_long_to_wait() {
    let server = TestServer::start().await;
    let mut base = 0;
    for number in 0..5 {
        base = server
            .saved(&json!({ "key": "k", "base": base, "data": number }))
            .await;
    }
    let order = json!({ "key": "k", "base": base, "data": 5 });
    let answer = server.snapshot("save", &order).await;
    assert_eq!((answer.status, &*answer.error_code()), (429, "TOO_MANY"));
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    let other = json!({ "key": "other", "base": 0, "data": 0 });
    server.saved(&other).await;
    let restored = server.snapshot("restore", &json!({ "key": "k" })).await;
    assert_eq!(restored.json()["data"], 4);
}

/// [P142]: the last good state stays.
#[tokio::test]
async fn what_there_is_no_room_for_is_refused() {
    let sessions = SessionConfig {
        snapshot_quota_bytes: 10_000,
        ..SessionConfig::default()
    };
    let server = TestServer::with(Config {
        sessions,
        ..config()
    })
    .await;
    let order = |base: u64, bytes| json!({ "key": "k", "base": base, "data": "x".repeat(bytes) });
    let version = server.saved(&order(0, 5_000)).await;
    let full = (507, "QUOTA".to_owned(), Some(version));
    assert_eq!(server.unsaved(&order(version, 11_000)).await, full);
    let restored = server.snapshot("restore", &json!({ "key": "k" })).await;
    assert_eq!(restored.json()["data"].as_str().map(str::len), Some(5_000));
}

#[tokio::test]
async fn only_pages_that_may_connect_may_save() {
    let origins = vec!["https://app.example".parse().unwrap()];
    let server = TestServer::with(Config {
        origins,
        ..config()
    })
    .await;
    let body = json!({ "key": "k", "base": 0, "data": 1 }).to_string();
    let own = format!("Origin: http://{}", server.address);
    for (origin, status) in [
        ("Origin: https://evil.example", 403),
        ("Origin: null", 403),
        ("Origin: https://app.example", 200),
        (&*own, 200),
    ] {
        let answer = server.post_snapshot("save", &[JSON, origin], &body).await;
        assert_eq!(answer.status, status, "{origin}");
        assert_eq!(answer.header("vary").is_some(), status == 200);
        let allowed = answer.header("access-control-allow-origin");
        let named = origin.strip_prefix("Origin: ").filter(|_| status == 200);
        assert_eq!(allowed, named);
        if status == 403 {
            assert_eq!(answer.error_code(), "ORIGIN_REFUSED");
        }
    }
}

#[tokio::test]
async fn a_browser_may_ask_first() {
    let origins = vec!["https://app.example".parse().unwrap()];
    let server = TestServer::with(Config {
        origins,
        ..config()
    })
    .await;
    let ask = async |origin: &str| {
        let method = "Access-Control-Request-Method: POST";
        server
            .request("OPTIONS", "/api/session/save", &[origin, method], "")
            .await
    };
    let allowed = ask("Origin: https://app.example").await;
    assert_eq!(allowed.status, 204);
    let header = |name| allowed.header(name).unwrap_or_default().to_owned();
    assert_eq!(header("access-control-allow-origin"), "https://app.example");
    assert_eq!(header("access-control-allow-methods"), "POST");
    for name in ["authorization", "content-type", "x-request-id"] {
        assert!(
            header("access-control-allow-headers").contains(name),
            "{name}"
        );
    }
    let refused = ask("Origin: https://evil.example").await;
    assert_eq!(
        (
            refused.status,
            refused.header("access-control-allow-origin")
        ),
        (403, None)
    );
}

#[tokio::test]
async fn a_store_that_fails_is_said_and_the_same_save_may_come_again() {
    let (server, gate) = TestServer::with_gate(config()).await;
    begun(&server).await;
    let order = json!({ "key": "k", "base": 0, "data": 1 });
    gate.lose_answers(1);
    let (status, code, _) = server.unsaved(&order).await;
    assert_eq!((status, &*code), (503, "UNAVAILABLE"));
    let version = server.saved(&order).await;
    gate.fail(1);
    let failed = server.snapshot("restore", &json!({ "key": "k" })).await;
    assert_eq!((failed.status, &*failed.error_code()), (503, "UNAVAILABLE"));
    let restored = server.snapshot("restore", &json!({ "key": "k" })).await;
    assert_eq!(restored.json()["version"], version);
}

#[tokio::test]
async fn a_save_under_way_is_finished_before_the_server_stops() {
    let (mut server, gate) = TestServer::with_gate(config()).await;
    begun(&server).await;
    gate.shut();
    let body = json!({ "key": "k", "base": 0, "data": 1 }).to_string();
    let mut tcp = server.tcp().await;
    let request = format!(
        "POST /api/session/save HTTP/1.1\r\nHost: {}\r\n{JSON}\r\nContent-Length: {}\r\n\r\n{body}",
        server.address,
        body.len(),
    );
    tcp.write_all(request.as_bytes()).await.unwrap();
    gate.entered().await;
    server.begin_stop();
    gate.open();
    let answer = Answer::read(&mut tcp).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    server.stopped().await;
}
