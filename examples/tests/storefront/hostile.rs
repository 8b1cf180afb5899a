//! Cookies that are stale, forged or broken; forms that are not ours.

use std::time::Duration;

use examples::storefront;
use http::StatusCode;
use session::testing::{CountingStore, FakeClock, ModelStore};
use session::{SessionId, SessionLayer};

use crate::{ANN, Shop, shops};

#[tokio::test]
async fn t03_t09_a_forged_cookie_is_never_adopted() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        let forged = SessionId::generate()
            .expect("randomness")
            .expose_secret()
            .as_str()
            .to_owned();
        let short = &forged[..42];
        let odd = [
            &forged,
            short,
            "",
            "x",
            "../../../etc/passwd",
            "\"quoted\"",
            &forged.repeat(2),
        ];
        for forged in odd {
            client.set_id(Some(forged));
            let home = client.get("/").await.expect(StatusCode::OK);
            assert!(home.cookie.is_none());
            client.get("/account").await.expect(StatusCode::SEE_OTHER);
            // The first write brings an id of ours.
            client.get("/products/mug").await.expect(StatusCode::OK);
            assert!(
                client.id().is_some_and(|id| id != forged && id.len() == 43),
                "{forged}"
            );
        }
    }
}

#[tokio::test]
async fn t12_a_cookie_that_was_signed_out_is_worth_nothing() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        client.sign_in(ANN.0, ANN.1).await;
        client.get("/account").await;
        let stale = client.copy();
        client.post("/logout", &[]).await;
        let home = stale.get("/").await.expect(StatusCode::OK);
        home.lacks("Ann");
        assert!(home.cookie.is_none());
        let late = stale
            .post("/cart/add", &[("slug", "mug"), ("quantity", "1")])
            .await;
        assert_eq!(late.status, StatusCode::CONFLICT);

        // But its browser can sign in again at once.
        stale
            .sign_in(ANN.0, ANN.1)
            .await
            .expect(StatusCode::SEE_OTHER);
        stale.get("/account").await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn t17_t18_a_cookie_that_has_expired_is_worth_nothing() {
    let clock = FakeClock::default();
    let store = CountingStore::new(ModelStore::new());
    let builder = SessionLayer::builder(store).clock(clock.clone());
    let shop = Shop::open(storefront::configure(builder).expect("a layer")).await;
    let (idle, busy) = (shop.client(), shop.client());
    for client in [&idle, &busy] {
        client
            .sign_in(ANN.0, ANN.1)
            .await
            .expect(StatusCode::SEE_OTHER);
    }
    let before = busy.id();
    for _ in 0..47 {
        clock.advance(Duration::from_secs(30 * 60));
        busy.get("/account").await.expect(StatusCode::OK);
    }
    idle.get("/account").await.expect(StatusCode::SEE_OTHER);
    // 24 hours after sign-in no use helps.
    clock.advance(Duration::from_secs(31 * 60));
    let refused = busy.get("/account").await.expect(StatusCode::SEE_OTHER);
    assert!(refused.cookie.is_none());
    busy.get("/products/mug")
        .await
        .expect(StatusCode::OK)
        .lacks("Ann");
    assert_ne!(busy.id(), before);
}

#[tokio::test]
async fn t14_a_form_without_the_token_of_the_session_is_refused() {
    for (shop, _directory) in shops().await {
        let (client, stranger) = (shop.client(), shop.client());
        client.get("/products/mug").await;
        stranger.get("/products/mug").await;
        let before_sign_in = client.token().expect("a form");
        client.sign_in(ANN.0, ANN.1).await;
        let theirs = stranger.token().expect("a form");
        for token in ["", "0", &theirs, &before_sign_in] {
            for path in [
                "/cart/add",
                "/cart/set",
                "/checkout",
                "/logout",
                "/login",
                "/session",
                "/preferences",
                "/account/sign-out-others",
                "/account/sign-out-device",
            ] {
                let fields = [
                    ("slug", "mug"),
                    ("quantity", "1"),
                    ("theme", "dark"),
                    ("note", "x"),
                    ("name", ANN.0),
                    ("password", ANN.1),
                    ("device", "0"),
                    ("csrf_token", token),
                ];
                let answer = client.post_as_is(path, &fields).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {token:?}");
                answer.shows("out of date");
                assert!(answer.cookie.is_none());
            }
        }
        client.get("/account").await.expect(StatusCode::OK);
        client.get("/cart").await.shows("It is empty.");

        // Without any session there is no token that could be right.
        let nobody = shop.client();
        let answer = nobody
            .post_as_is("/preferences", &[("theme", "dark")])
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.cookie.is_none());
    }
}

#[tokio::test]
async fn forms_that_cannot_be_read_are_refused() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        client.get("/products/mug").await;
        for (path, fields) in [
            ("/cart/add", [("slug", "mug"), ("quantity", "many")]),
            ("/cart/add", [("slug", "mug"), ("quantity", "-1")]),
            ("/preferences", [("theme", "pink"), ("", "")]),
        ] {
            client
                .post(path, &fields)
                .await
                .expect(StatusCode::BAD_REQUEST);
        }
        let unknown = client
            .post("/cart/add", &[("slug", "yacht"), ("quantity", "1")])
            .await;
        unknown.expect(StatusCode::NOT_FOUND);
        client
            .post_and_follow("/cart/add", &[("slug", "mug"), ("quantity", "4000000000")])
            .await;
        let cart = client
            .post_and_follow("/cart/add", &[("slug", "mug"), ("quantity", "99")])
            .await;
        cart.shows("value=\"99\"");
    }
}
