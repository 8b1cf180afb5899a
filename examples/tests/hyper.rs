//! The service on hyper, as a process; and that it needs no axum.

mod support;

use std::process::Command;

use http::StatusCode;
use support::client::Client;
use support::program::Program;

#[tokio::test]
async fn counts_and_forgets_without_axum() {
    let program = Program::start(env!("CARGO_BIN_EXE_hyper"), &["127.0.0.1:0"]);
    let client = Client::new(&program.origin);

    let elsewhere = client.get("/elsewhere").await.expect(StatusCode::NOT_FOUND);
    assert!(elsewhere.cookie.is_none() && !elsewhere.headers.contains_key("vary"));

    assert_eq!(client.get("/").await.body, "visit 1\n");
    let second = client.get("/").await;
    assert_eq!(second.body, "visit 2\n");
    assert!(second.cookie.is_none());
    assert_eq!(second.headers["vary"], "cookie");

    let old = client.copy();
    let forgotten = client
        .post_as_is("/forget", &[])
        .await
        .expect(StatusCode::OK);
    assert!(forgotten.cookie.is_some_and(|cookie| cookie.is_removal()));
    assert_eq!(client.id(), None);
    assert_eq!(client.get("/").await.body, "visit 1\n");

    // What was written under an id that has just ended is dropped, and said to be.
    let late = old.get("/").await.expect(StatusCode::CONFLICT);
    assert!(late.cookie.is_none());
}

#[tokio::test]
async fn concurrent_visits_are_all_counted() {
    let program = Program::start(env!("CARGO_BIN_EXE_hyper"), &["127.0.0.1:0"]);
    let client = Client::new(&program.origin);
    client.get("/").await;
    let visits = (0..32).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.get("/").await.expect(StatusCode::OK) })
    });
    for visit in visits.collect::<Vec<_>>() {
        visit.await.unwrap();
    }
    assert_eq!(client.get("/").await.body, "visit 34\n");
}

/// Features unify within one build, so this asks cargo what a build of this program alone would have.
#[test]
fn is_built_without_axum_and_the_derive() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--edges=normal",
            "--prefix=none",
            "--format={p} [{f}]",
        ])
        .args(["--package=examples", "--no-default-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let is_only_tower = |line: &str| line.starts_with("session v") && line.ends_with("[tower]");
    assert!(tree.lines().any(is_only_tower), "{tree}");
    let is_unwanted = |line: &str| line.starts_with("axum") || line.starts_with("session-derive");
    assert!(!tree.lines().any(is_unwanted), "{tree}");
}
