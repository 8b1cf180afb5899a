//! The counter, as a process.

mod support;

use http::StatusCode;
use support::client::Client;
use support::program::Program;

#[tokio::test]
async fn counts_the_visits_of_each_browser() {
    let program = Program::start(env!("CARGO_BIN_EXE_counter"), &["127.0.0.1:0"]);
    let (ann, bob) = (Client::new(&program.origin), Client::new(&program.origin));
    let first = ann.get("/").await.expect(StatusCode::OK);
    assert_eq!(first.body, "visit 1\n");
    assert!(first.cookie.is_some());
    let second = ann.get("/").await;
    assert_eq!(second.body, "visit 2\n");
    assert!(second.cookie.is_none(), "only a new id is sent");
    assert_eq!(bob.get("/").await.body, "visit 1\n");
    assert_eq!(ann.get("/").await.body, "visit 3\n");
}
