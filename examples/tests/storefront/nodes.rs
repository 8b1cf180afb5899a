//! Two processes of the shop behind one store: whoever is told to go to the other one notices nothing.

use std::path::Path;

use http::StatusCode;

use crate::support::client::Client;
use crate::support::program::Program;
use crate::{ANN, BOB, file_store};

#[cfg(feature = "mysql")]
#[path = "../../../stores/tests/support/mysql_server.rs"]
#[allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "the tests of the stores use the rest"
)]
mod mysql_server;
#[cfg(feature = "postgres")]
#[path = "../../../stores/tests/support/postgres_server.rs"]
#[allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "the tests of the stores use the rest"
)]
mod postgres_server;
#[cfg(feature = "redis")]
#[path = "../../../stores/tests/support/redis_server.rs"]
#[allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "the tests of the stores use the rest"
)]
mod redis_server;

fn start(store: &str) -> Program {
    let arguments = ["--port", "0", "--store", store];
    Program::start(env!("CARGO_BIN_EXE_storefront"), &arguments)
}

/// Sign in on one, act on the other, sign out everywhere; then both are killed, and who was signed in still is.
async fn one_shop_in_two_processes(store: &str) {
    let (east, west) = (start(store), start(store));
    let laptop = Client::new(&east.origin);
    laptop.get("/products/mug").await;
    laptop
        .post_and_follow("/cart/add", &[("slug", "mug"), ("quantity", "1")])
        .await;
    let signed_in = laptop.sign_in(ANN.0, ANN.1).await;
    signed_in.expect(StatusCode::SEE_OTHER);

    // The same browser, sent to the other process.
    let laptop_west = laptop.at(&west.origin);
    let cart = laptop_west.get("/cart").await;
    cart.shows("\u{20ac}18.50").shows(">Ann</a>");
    let adds = (0..8).map(|n| {
        let at = [&laptop, &laptop_west][n % 2].clone();
        tokio::spawn(async move {
            let fields = [("slug", "mug"), ("quantity", "1")];
            let answer = at.post("/cart/add", &fields).await;
            answer.expect(StatusCode::SEE_OTHER);
        })
    });
    // The form's token came with the page that one process made; both take it.
    laptop_west.get("/cart").await;
    laptop.get("/cart").await;
    for add in adds.collect::<Vec<_>>() {
        add.await.expect("it went well");
    }
    // 9 x 18.50: none of the eight concurrent adds is lost.
    laptop.get("/cart").await.shows("\u{20ac}166.50");

    let phone = Client::new(&west.origin);
    let bob = Client::new(&west.origin);
    for (client, who) in [(&phone, ANN), (&bob, BOB)] {
        let signed_in = client.sign_in(who.0, who.1).await;
        signed_in.expect(StatusCode::SEE_OTHER);
    }
    let phone_east = phone.at(&east.origin);
    phone_east.get("/orders").await.expect(StatusCode::OK);
    laptop.get("/account").await;
    let answer = laptop
        .post_and_follow("/account/sign-out-others", &[])
        .await;
    assert_eq!(answer.notices(), ["The other device is signed out."]);
    for gone in [&phone, &phone_east] {
        let refused = gone.get("/orders").await;
        refused.expect(StatusCode::SEE_OTHER);
    }
    bob.get("/orders").await.expect(StatusCode::OK);

    drop((east, west));
    let again = start(store);
    let laptop = laptop.at(&again.origin);
    laptop.get("/orders").await.expect(StatusCode::OK);
    assert!(again.stop().success());
}

fn file(directory: &Path) -> String {
    format!("sqlite:{}", directory.join("sessions.db").display())
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_files() {
    let directory = tempfile::tempdir().expect("a directory");
    one_shop_in_two_processes(&file_store(&directory)).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn behind_sqlite() {
    let directory = tempfile::tempdir().expect("a directory");
    one_shop_in_two_processes(&file(directory.path())).await;
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread")]
async fn behind_redis() {
    if redis_server::available() {
        one_shop_in_two_processes(&redis_server::Server::start(&[]).url()).await;
    }
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn behind_postgres() {
    if postgres_server::available() {
        one_shop_in_two_processes(&postgres_server::Server::start(&[]).url()).await;
    }
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread")]
async fn behind_mysql() {
    if mysql_server::available() {
        one_shop_in_two_processes(&mysql_server::Server::start(&[]).url()).await;
    }
}

#[cfg(not(feature = "sqlite"))]
#[tokio::test]
async fn a_store_that_was_not_built_in_is_named() {
    let error = examples::storefront::layer(&file(Path::new("/nowhere"))).await;
    let error = error.expect_err("there is none").to_string();
    assert_eq!(error, "built without sqlite: add `--features sqlite`");
}
