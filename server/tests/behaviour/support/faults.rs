//! Ordering faults.

use serde_json::{Value, json};

use super::{Answer, Link, TestServer};

impl TestServer {
    pub(crate) async fn chaos(&self, method: &str, path: &str, body: &str) -> Answer {
        let target = format!("/api/chaos{path}");
        self.request(method, &target, &["Content-Type: application/json"], body)
            .await
    }

    /// Orders a fault; gives its id and how many links it struck.
    pub(crate) async fn order(&self, target: Value, fault: Value) -> (String, u64) {
        let body = json!({ "target": target, "fault": fault }).to_string();
        let answer = self.chaos("POST", "/faults", &body).await;
        assert_eq!(
            answer.status,
            201,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        let answer = answer.json();
        (
            answer["id"].as_str().unwrap().to_owned(),
            answer["affected"].as_u64().unwrap(),
        )
    }

    pub(crate) async fn lift(&self, id: &str) {
        assert_eq!(
            self.chaos("DELETE", &format!("/faults/{id}"), "")
                .await
                .status,
            204
        );
    }

    pub(crate) async fn member(&self, room: &str, request_id: &str) -> Link {
        let mut link = self
            .link(&format!("/hub/{room}?requestId={request_id}"))
            .await;
        link.settled().await;
        link
    }
}
