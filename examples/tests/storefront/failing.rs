//! A store that is down.

use std::sync::Arc;

use examples::storefront;
use http::StatusCode;
use session::testing::{Fault, FaultStore, ModelStore, Verb};
use session::{SessionLayer, StoreErrorKind};

use crate::{ANN, Shop};

const DOWN: Fault = Fault::Fail(StoreErrorKind::Unavailable);

#[tokio::test]
async fn t52_nobody_is_signed_out_by_a_store_that_is_down() {
    let store = Arc::new(FaultStore::new(ModelStore::new()));
    let builder = SessionLayer::builder(Arc::clone(&store));
    let shop = Shop::open(storefront::configure(builder).expect("a layer")).await;
    let client = shop.client();
    client
        .sign_in(ANN.0, ANN.1)
        .await
        .expect(StatusCode::SEE_OTHER);
    client.get("/products/mug").await.expect(StatusCode::OK);
    let id = client.id();

    // Loads fail, of pages for everybody and of those for who is signed in: no redirect to the login page.
    store.always(Verb::Read, DOWN);
    for path in ["/", "/cart", "/orders", "/account", "/login"] {
        let page = client
            .get(path)
            .await
            .expect(StatusCode::SERVICE_UNAVAILABLE);
        page.shows("We cannot reach our records.");
    }
    // Who has no session does not notice.
    shop.client().get("/").await.expect(StatusCode::OK);
    store.heal();

    // Commits fail: nothing is half done.
    let fields = [("slug", "mug"), ("quantity", "1")];
    store.always(Verb::Save, DOWN);
    let refused = client.post("/cart/add", &fields).await;
    refused
        .expect(StatusCode::SERVICE_UNAVAILABLE)
        .shows("We cannot reach our records.");
    store.heal();
    client
        .get("/cart")
        .await
        .expect(StatusCode::OK)
        .shows("It is empty.");

    // Signing out fails, and says so.
    store.always(Verb::Destroy, DOWN);
    client
        .post("/logout", &[])
        .await
        .expect(StatusCode::SERVICE_UNAVAILABLE);
    store.heal();
    client
        .get("/account")
        .await
        .expect(StatusCode::OK)
        .shows("Hello, Ann");
    assert_eq!(client.id(), id);
    client
        .post_and_follow("/cart/add", &fields)
        .await
        .shows("€18.50");
}
