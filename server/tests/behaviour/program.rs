//! The program itself: its command line, what it prints, and its signals.

use std::process::{Output, Stdio};
use std::time::SystemTime;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{Answer, Came, Client, Link, within};

pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast-server"));
    command.args(args).env_remove("PORT").kill_on_drop(true);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The running program, once it has said where it listens.
pub(crate) async fn start(mut command: Command) -> (Child, String) {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    within(stdout.read_line(&mut line)).await.unwrap();
    let address = line
        .trim_end()
        .strip_prefix("listening on http://")
        .unwrap_or_else(|| panic!("{line:?}"));
    (child, address.to_owned())
}

pub(crate) async fn ended(mut command: Command) -> Output {
    within(command.output()).await.unwrap()
}

async fn link(address: &str, target: &str) -> Link {
    let request = format!("ws://{address}{target}")
        .into_client_request()
        .unwrap();
    let tcp = TcpStream::connect(address).await.unwrap();
    let (socket, _) = within(client_async(request, tcp)).await.unwrap();
    Link { socket }
}

/// Asks the program to stop, as a service manager does.
async fn terminate(child: &Child) {
    let id = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .unwrap()
            .success()
    );
}

/// Stops the program and gives its exit code and its log.
pub(crate) async fn stop(mut child: Child) -> (Option<i32>, String) {
    terminate(&child).await;
    let mut log = String::new();
    within(child.stderr.take().unwrap().read_to_string(&mut log))
        .await
        .unwrap();
    (within(child.wait()).await.unwrap().code(), log)
}

#[tokio::test]
async fn it_serves_says_goodbye_and_ends_well() {
    let (child, address) = start(program(&["--port", "0"])).await;
    assert!(
        address.starts_with("127.0.0.1:") && !address.ends_with(":0"),
        "{address}"
    );
    let mut link = link(&address, "/ws").await;
    link.echo("hello").await;
    terminate(&child).await;
    assert_eq!(u16::from(link.closed().await.code), 1001);
    drop(link);
    let ended = within(child.wait_with_output()).await.unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stdout.is_empty());
}

#[tokio::test]
async fn whoever_asks_twice_does_not_wait_for_the_clients() {
    let (mut child, address) = start(program(&["--port", "0"])).await;
    let mut tcp = TcpStream::connect(&address).await.unwrap();
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13";
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n\r\n"
    );
    tcp.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(Answer::read_head(&mut tcp).await.status, 101);
    terminate(&child).await;
    // The goodbye shows that the first request has been heard; it is never answered.
    assert_eq!(within(tcp.read_u8()).await.unwrap(), 0x88);
    terminate(&child).await;
    assert_eq!(within(child.wait()).await.unwrap().code(), Some(1));
}

#[tokio::test]
async fn a_taken_port_is_one_sentence_and_exit_code_1() {
    let (_child, address) = start(program(&["--port", "0"])).await;
    let port = address.rsplit(':').next().unwrap();
    let ended = ended(program(&["--port", port])).await;
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stdout.is_empty());
    let sentence = format!(
        "steadfast-server: port {port} is already in use on 127.0.0.1; choose another with --port or PORT\n"
    );
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), sentence);
}

#[tokio::test]
async fn the_port_comes_from_the_environment_unless_given() {
    let (_child, taken) = start(program(&["--port", "0"])).await;
    let port = taken.rsplit(':').next().unwrap();
    let mut command = program(&[]);
    command.env("PORT", port);
    assert_eq!(ended(command).await.status.code(), Some(1));
    let mut command = program(&["--port", "0"]);
    command.env("PORT", port);
    start(command).await;
}

#[tokio::test]
async fn wrong_options_are_named() {
    for (args, word) in [
        (vec!["--prot", "1"], "--prot"),
        (vec!["--port", "70000"], "--port"),
        (vec!["--host", "example.com"], "--host"),
        (vec!["--origin", "example.com"], "--origin"),
        (vec!["--max-message", "0"], "--max-message"),
        (vec!["--max-message", "much"], "--max-message"),
        (
            vec!["--allow-missing-origin", "maybe"],
            "--allow-missing-origin",
        ),
        (vec!["--log-format", "xml"], "--log-format"),
        (vec!["--idle-timeout", "soon"], "--idle-timeout"),
        (vec!["--ping-interval", "0s"], "--ping-interval"),
        (vec!["--max-connections", "0"], "--max-connections"),
        (vec!["--max-rate=-1"], "--max-rate"),
        (vec!["--session-ttl", "0s"], "--session-ttl"),
        (vec!["--snapshot-ttl", "0s"], "--snapshot-ttl"),
        (vec!["--snapshot-quota", "0"], "--snapshot-quota"),
    ] {
        let ended = ended(program(&args)).await;
        assert_eq!(ended.status.code(), Some(2), "{args:?}");
        assert!(
            String::from_utf8(ended.stderr).unwrap().contains(word),
            "{args:?}"
        );
    }
    let ended = ended(program(&["--port", "0", "--static", "no/such/folder"])).await;
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        String::from_utf8(ended.stderr)
            .unwrap()
            .contains("no/such/folder")
    );
}

#[tokio::test]
async fn max_message_takes_units() {
    let (_child, address) = start(program(&["--port", "0", "--max-message", "2KiB"])).await;
    let mut small = link(&address, "/ws").await;
    small.echo(&"x".repeat(2048)).await;
    small.send(&"x".repeat(2049)).await;
    assert_eq!(u16::from(small.closed().await.code), 1009);
}

#[tokio::test]
async fn snapshots_have_the_room_and_the_life_that_they_are_given() {
    let options = ["--snapshot-quota", "2KiB", "--snapshot-ttl", "1h"];
    let (_child, address) = start(program(&[&["--port", "0"], &options[..]].concat())).await;
    let save = async |bytes: usize| {
        let body = format!(
            "{{\"key\":\"k\",\"base\":0,\"data\":\"{}\"}}",
            "x".repeat(bytes)
        );
        let head = format!(
            "POST /api/session/save HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut tcp = TcpStream::connect(&address).await.unwrap();
        tcp.write_all((head + &body).as_bytes()).await.unwrap();
        Answer::read(&mut tcp).await
    };
    assert_eq!(save(2_048).await.error_code(), "QUOTA");
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    let expires = save(1_000).await.json()["expiresAt"].as_u64().unwrap();
    let hour = 60 * 60 * 1_000;
    assert!((now + hour..now + 2 * hour).contains(&expires));
}

#[tokio::test]
async fn every_log_line_is_json_and_carries_level_service_and_request() {
    let (child, address) = start(program(&["--port", "0", "--log-level", "debug"])).await;
    let mut first = link(&address, "/hub/lobby?requestId=known-1").await;
    first.echo("hello").await;
    first.close().await;
    let mut tcp = TcpStream::connect(&address).await.unwrap();
    let injection =
        "GET /%0a%22%7d?requestId=%0ax HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    tcp.write_all(injection.as_bytes()).await.unwrap();
    within(tcp.read_to_end(&mut Vec::new())).await.unwrap();
    let (code, log) = stop(child).await;
    assert_eq!(code, Some(0));
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    for line in &lines {
        assert_eq!(line["serviceName"], "steadfast-server", "{line}");
        assert!(
            ["error", "warn", "info", "debug"].contains(&line["level"].as_str().unwrap()),
            "{line}"
        );
        assert!(!line["requestId"].as_str().unwrap().is_empty(), "{line}");
        humantime::parse_rfc3339(line["timestamp"].as_str().unwrap()).unwrap();
    }
    let of_link: Vec<&str> = lines
        .iter()
        .filter(|line| line["requestId"] == "known-1")
        .map(|line| line["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        of_link,
        [
            "request answered",
            "link opened",
            "link closed by the client"
        ]
    );
    let refused = lines
        .iter()
        .find(|line| line["message"] == "request refused")
        .unwrap();
    assert_eq!(
        (&refused["level"], &refused["errorCode"]),
        (&"warn".into(), &"NOT_FOUND".into())
    );
    assert_eq!(refused["path"], "/%0a%22%7d");
}

/// [P106] [P107]
#[tokio::test]
async fn a_session_that_is_refused_something_is_one_line_with_its_request() {
    let (child, address) = start(program(&["--port", "0"])).await;
    let mut client = Client::connect(&address, "/ws?requestId=known-2").await;
    let session = client.welcome.session.clone();
    client.raw(Message::text("\u{10}nonsense 0")).await;
    let Came::Error(error) = client.next().await else {
        panic!("the reason comes before the close");
    };
    assert_eq!(
        (&*error.error_code, &*error.request_id),
        ("PROTOCOL", "known-2")
    );
    humantime::parse_rfc3339(&error.timestamp).unwrap();
    assert_eq!(client.next().await, Came::Closed(4400));
    drop(client);
    let (_, log) = stop(child).await;
    let lines = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line));
    let warnings: Vec<Value> = lines
        .filter(|line: &Value| line["level"] == "warn")
        .collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert_eq!(warnings[0]["requestId"], "known-2");
    assert_eq!(warnings[0]["session"], *session);
}

#[tokio::test]
async fn a_log_for_people_is_one_line_each() {
    let (child, _) = start(program(&["--port", "0", "--log-format", "text"])).await;
    let (_, log) = stop(child).await;
    let first = log.lines().next().unwrap();
    assert!(first.contains(" info  listening address="), "{first}");
    assert!(log.lines().all(|line| line.contains("requestId=")), "{log}");
}
