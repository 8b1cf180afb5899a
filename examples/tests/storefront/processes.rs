//! The program itself: started, stopped, started again.

use examples::storefront;
use http::StatusCode;

use crate::support::client::Client;
use crate::support::program::Program;
use crate::{ANN, Shop, file_store, visit};

#[tokio::test]
async fn sessions_in_files_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let open = async || {
        let layer = storefront::layer(&file_store(&directory)).await;
        Shop::open(layer.expect("a store")).await
    };
    let shop = open().await;
    let client = shop.client();
    client.get("/products/mug").await;
    client
        .post_and_follow("/cart/add", &[("slug", "mug"), ("quantity", "2")])
        .await;
    client
        .post_and_follow("/preferences", &[("theme", "dark")])
        .await;
    client
        .sign_in(ANN.0, ANN.1)
        .await
        .expect(StatusCode::SEE_OTHER);
    let (id, token) = (client.id(), client.token());
    shop.close().await;

    let shop = open().await;
    let client = client.at(&shop.origin);
    let cart = client.get("/cart").await;
    cart.shows("€37.00")
        .shows(">Ann</a>")
        .shows("data-theme=\"dark\"");
    assert_eq!(
        cart.notices(),
        ["Welcome, Ann."],
        "a message waits for its page"
    );
    assert_eq!(client.id(), id);
    assert_ne!(
        client.token(),
        token,
        "the token of the sign-in form went with it"
    );
    client
        .post_and_follow("/cart/add", &[("slug", "mug"), ("quantity", "1")])
        .await
        .shows("€55.50");
    client.get("/account").await.shows("Firefox on Linux");
    shop.close().await;
}

#[tokio::test]
async fn the_program_survives_its_own_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = file_store(&directory);
    let start = || {
        let arguments = ["--port", "0", "--store", &store];
        Program::start(env!("CARGO_BIN_EXE_storefront"), &arguments)
    };
    let program = start();
    visit::visit(&Client::new(&program.origin)).await;
    let client = Client::new(&program.origin);
    client.get("/products/fern").await;
    client
        .post_and_follow("/cart/add", &[("slug", "fern"), ("quantity", "1")])
        .await;
    client
        .sign_in(ANN.0, ANN.1)
        .await
        .expect(StatusCode::SEE_OTHER);
    assert!(program.stop().success(), "asked to stop, it ends well");

    let program = start();
    let client = client.at(&program.origin);
    client
        .get("/checkout")
        .await
        .expect(StatusCode::OK)
        .shows("Potted fern")
        .shows("For Ann");
    client
        .post_and_follow("/checkout", &[])
        .await
        .shows("Order 1001");
    assert!(program.stop().success());
}

#[tokio::test]
async fn the_program_without_options_keeps_sessions_in_memory() {
    let program = Program::start(env!("CARGO_BIN_EXE_storefront"), &["--port", "0"]);
    visit::visit(&Client::new(&program.origin)).await;
    assert!(program.stop().success());
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for arguments in [
        ["--store", "floppy"],
        ["--port", "many"],
        ["--port", "99999"],
        ["-x", "y"],
    ] {
        let program = std::process::Command::new(env!("CARGO_BIN_EXE_storefront"))
            .args(arguments)
            .output()
            .expect("it runs");
        assert!(
            !program.status.success() && !program.stderr.is_empty(),
            "{arguments:?}"
        );
    }
}
