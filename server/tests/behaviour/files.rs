//! Static files: these, as they should be served, and no others.

use std::fs;
use std::os::unix::fs::symlink;

use steadfast_server::{Config, Server, StartError};
use tempfile::TempDir;

use crate::support::{TestServer, config};

/// A folder to serve, beside a secret.
fn site() -> TempDir {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("site");
    fs::create_dir_all(root.join("sub")).unwrap();
    fs::create_dir(root.join("empty")).unwrap();
    fs::create_dir(root.join(".git")).unwrap();
    for (name, text) in [
        ("site/index.html", "<title>start</title>"),
        ("site/main.js", "1"),
        ("site/worker.mjs", "2"),
        ("site/app.wasm", "\0asm"),
        ("site/style.css", "a{}"),
        ("site/main.0123abcd.js", "3"),
        ("site/with space.txt", "4"),
        ("site/sub/index.html", "sub"),
        ("site/.env", "secret"),
        ("site/.git/config", "secret"),
        ("secret.txt", "secret"),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    symlink(dir.path().join("secret.txt"), root.join("link-out.txt")).unwrap();
    symlink(dir.path(), root.join("dir-out")).unwrap();
    symlink(root.join("main.js"), root.join("link-in.js")).unwrap();
    symlink("/", root.join("slash")).unwrap();
    dir
}

async fn serve(dir: &TempDir) -> TestServer {
    let static_dir = Some(dir.path().join("site"));
    TestServer::with(Config {
        static_dir,
        ..config()
    })
    .await
}

#[tokio::test]
async fn files_come_with_their_type() {
    let dir = site();
    let server = serve(&dir).await;
    for (target, kind, body) in [
        ("/", "text/html", "<title>start</title>"),
        ("/index.html", "text/html", "<title>start</title>"),
        ("/main.js", "text/javascript", "1"),
        ("/worker.mjs", "text/javascript", "2"),
        ("/app.wasm", "application/wasm", "\0asm"),
        ("/style.css", "text/css", "a{}"),
        ("/with%20space.txt", "text/plain", "4"),
        ("/sub/", "text/html", "sub"),
        ("/link-in.js", "text/javascript", "1"),
        ("/main.js?v=1&requestId=a", "text/javascript", "1"),
    ] {
        let answer = server.get(target, &[]).await;
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(answer.body, body.as_bytes(), "{target}");
        let found = answer.header("content-type").unwrap_or_default();
        assert_eq!(found.split(';').next(), Some(kind), "{target}");
    }
}

#[tokio::test]
async fn nothing_else_is_served() {
    let dir = site();
    let server = serve(&dir).await;
    let long = format!("/{}", "a".repeat(5000));
    for target in [
        "/missing.txt",
        "/empty/",
        "/empty",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/sub/../.env",
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/sub\\..\\..\\secret.txt",
        "/main.js%00",
        "/main.js%00.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "//main.js",
        "/sub//index.html",
        "/C:/secret.txt",
        "/c%3a/secret.txt",
        "/main.js::$DATA",
        "/main.js/",
        "/main.js/x",
        "/%ff",
        "/link-out.txt",
        "/dir-out/secret.txt",
        "/dir-out/",
        "/slash/etc/passwd",
        &long,
    ] {
        let answer = server.get(target, &[]).await;
        assert_eq!(answer.status, 404, "{target}");
        assert_eq!(answer.error_code(), "NOT_FOUND", "{target}");
        assert!(
            !String::from_utf8_lossy(&answer.body).contains("secret"),
            "{target}"
        );
    }
}

#[tokio::test]
async fn only_named_by_content_is_kept_for_good() {
    let dir = site();
    let server = serve(&dir).await;
    for target in ["/", "/main.js", "/sub/"] {
        let answer = server.get(target, &[]).await;
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{target}");
    }
    let answer = server.get("/main.0123abcd.js", &[]).await;
    assert_eq!(
        answer.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
}

#[tokio::test]
async fn an_unchanged_file_costs_no_body() {
    let dir = site();
    let server = serve(&dir).await;
    let changed = server
        .get("/main.js", &[])
        .await
        .header("last-modified")
        .unwrap()
        .to_owned();
    let answer = server
        .get("/main.js", &[&format!("If-Modified-Since: {changed}")])
        .await;
    assert_eq!((answer.status, answer.body.len()), (304, 0));
}

#[tokio::test]
async fn ranges_and_heads_are_answered() {
    let dir = site();
    let server = serve(&dir).await;
    let answer = server.get("/index.html", &["Range: bytes=1-5"]).await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (206, &b"title"[..])
    );
    let answer = server.get("/index.html", &["Range: bytes=900-"]).await;
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (416, "RANGE_NOT_SATISFIABLE")
    );
    let answer = server.request("HEAD", "/index.html", &[], "").await;
    assert_eq!(
        (
            answer.status,
            answer.header("content-length"),
            answer.body.len()
        ),
        (200, Some("20"), 0)
    );
}

#[tokio::test]
async fn a_folder_without_its_slash_is_redirected_within_the_site() {
    let dir = site();
    let server = serve(&dir).await;
    let answer = server.get("/sub", &[]).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (307, Some("/sub/"))
    );
}

#[tokio::test]
async fn other_methods_are_refused() {
    let dir = site();
    let server = serve(&dir).await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
        let answer = server.request(method, "/main.js", &[], "").await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (405, "METHOD_NOT_ALLOWED"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_stops_the_start() {
    let dir = site();
    for wrong in ["nowhere", "secret.txt"] {
        let static_dir = Some(dir.path().join(wrong));
        let started = Server::bind(Config {
            static_dir,
            ..config()
        })
        .await;
        assert!(
            matches!(started.err(), Some(StartError::StaticDir { .. })),
            "{wrong}"
        );
    }
}
