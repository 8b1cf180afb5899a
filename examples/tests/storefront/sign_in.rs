//! Signing in: what rotates, what is carried over, and who gets nowhere.

use http::StatusCode;

use crate::{ANN, BOB, shops};

#[tokio::test]
async fn a_wrong_password_says_so_once_and_changes_nothing() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        client.get("/login?next=/orders").await;
        let before = client.id();
        for (name, password) in [("<ann>", "correct horse"), ("ann", "wrong"), ("ann", "")] {
            let fields = [("name", name), ("password", password), ("next", "/orders")];
            let refused = client
                .post("/login", &fields)
                .await
                .expect(StatusCode::SEE_OTHER);
            assert_eq!(refused.location(), "/login?next=%2Forders");
            let form = client.get(refused.location()).await;
            assert_eq!(
                form.notices(),
                ["There is nobody with this name and password."]
            );
            form.shows("value=\"/orders\"");
            let again = client.get("/login").await;
            assert!(again.notices().is_empty());
            assert_eq!(form.body.contains("&lt;ann&gt;"), name == "<ann>");
            again.lacks("&lt;ann&gt;");
        }
        assert_eq!(client.id(), before);
        client.get("/account").await.expect(StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn t11_t12_the_old_cookie_is_dead_when_the_answer_is_there() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        client.get("/products/fern").await;
        client
            .post_and_follow("/cart/add", &[("slug", "fern"), ("quantity", "1")])
            .await;
        let old = client.copy();
        client
            .sign_in(ANN.0, ANN.1)
            .await
            .expect(StatusCode::SEE_OTHER);
        client.get("/cart").await.shows("Potted fern");

        // Reads are answered as to a stranger, and writes refused. Neither is told another id.
        let read = old.get("/cart").await.expect(StatusCode::OK);
        read.lacks("Potted fern").lacks("Ann");
        let written = old
            .post("/cart/add", &[("slug", "mug"), ("quantity", "1")])
            .await;
        assert_eq!(written.status, StatusCode::CONFLICT);
        written.shows("You signed in or out meanwhile");
        assert!(read.cookie.is_none() && written.cookie.is_none());
        let cart = client.get("/cart").await;
        cart.shows("Potted fern").lacks("Stoneware mug");
    }
}

#[tokio::test]
async fn t15_pressed_twice_signs_in_and_keeps_the_cart() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        client.get("/products/lamp").await;
        client
            .post_and_follow("/cart/add", &[("slug", "lamp"), ("quantity", "1")])
            .await;
        client.get("/login").await;
        let (first, second) = (client.copy(), client.copy());
        let fields = [("name", ANN.0), ("password", ANN.1)];
        let (a, b) = tokio::join!(
            first.post("/login", &fields),
            second.post("/login", &fields)
        );
        for (tab, answer) in [(first, a), (second, b)] {
            answer.expect(StatusCode::SEE_OTHER);
            tab.get("/account")
                .await
                .expect(StatusCode::OK)
                .shows("Hello, Ann");
            tab.get("/cart").await.shows("Desk lamp");
        }
    }
}

#[tokio::test]
async fn t13_somebody_else_gets_nothing_but_the_theme() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        client.sign_in(ANN.0, ANN.1).await;
        client.get("/products/clock").await;
        client
            .post_and_follow("/cart/add", &[("slug", "clock"), ("quantity", "2")])
            .await;
        client
            .post_and_follow("/preferences", &[("theme", "light")])
            .await;
        client
            .post_and_follow("/session", &[("note", "for my eyes")])
            .await;
        let ann = client.id();

        client
            .sign_in(BOB.0, BOB.1)
            .await
            .expect(StatusCode::SEE_OTHER);
        assert_ne!(client.id(), ann);
        client
            .get("/account")
            .await
            .shows("Hello, Bob")
            .shows("data-theme=\"light\"");
        client.get("/cart").await.shows("It is empty.");
        client
            .get("/session")
            .await
            .lacks("for my eyes")
            .shows("Viewed: 0 products");
    }
}

#[tokio::test]
async fn keep_me_signed_in_outlives_the_browser() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        client.get("/login").await;
        let fields = [("name", BOB.0), ("password", BOB.1), ("remember", "yes")];
        let signed_in = client
            .post("/login", &fields)
            .await
            .expect(StatusCode::SEE_OTHER);
        let max_age = signed_in
            .cookie
            .and_then(|cookie| cookie.max_age)
            .expect("persistent");
        assert!(
            (5_183_990..=5_184_000).contains(&max_age),
            "60 days: {max_age}"
        );
    }
}

#[tokio::test]
async fn signing_out_works_from_any_page() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        for page in [
            "/",
            "/cart",
            "/orders",
            "/account",
            "/session",
            "/products/mug",
        ] {
            client.sign_in(ANN.0, ANN.1).await;
            client.get(page).await.expect(StatusCode::OK);
            let out = client.post("/logout", &[]).await;
            assert_eq!(
                (out.status, out.location()),
                (StatusCode::SEE_OTHER, "/"),
                "{page}"
            );
            client.get("/account").await.expect(StatusCode::SEE_OTHER);
        }
    }
}

#[tokio::test]
async fn next_never_leaves_the_site() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        for next in [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
        ] {
            client.get("/login").await;
            let fields = [("name", ANN.0), ("password", ANN.1), ("next", next)];
            let signed_in = client
                .post("/login", &fields)
                .await
                .expect(StatusCode::SEE_OTHER);
            assert_eq!(signed_in.location(), "/account", "{next:?}");
        }
        let form = client.get("/login?next=%2F%2Fevil.example").await;
        form.lacks("evil.example");
    }
}
