//! HTTP answers, read byte by byte.

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::within;

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(tcp: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        within(tcp.read_to_end(&mut bytes))
            .await
            .expect("an answer and an orderly end");
        Self::parse(&bytes)
    }

    pub(crate) async fn read_head(tcp: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(within(tcp.read_u8()).await.expect("a whole head"));
        }
        Self::parse(&bytes)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// Checks the error form and gives its code.
    pub(crate) fn error_code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/json"));
        let form = self.json();
        let fields = 4 + usize::from(form["version"].is_u64());
        let object = form.as_object().expect("an object");
        assert_eq!(object.len(), fields, "{form}");
        assert_eq!(
            form["requestId"].as_str(),
            self.header("x-request-id"),
            "{form}"
        );
        let timestamp = form["timestamp"].as_str().expect("a timestamp");
        humantime::parse_rfc3339(timestamp).expect("an RFC 3339 timestamp");
        assert!(!form["message"].as_str().expect("a message").is_empty());
        form["errorCode"].as_str().expect("a code").to_owned()
    }

    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in ASCII");
        let status = head
            .split(' ')
            .nth(1)
            .expect("a status line")
            .parse()
            .expect("a status");
        let body = bytes[end + 4..].to_vec();
        Self { status, head, body }
    }
}
