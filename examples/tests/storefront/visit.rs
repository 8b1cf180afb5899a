//! A whole visit, page by page.

use http::StatusCode;

use crate::support::client::Client;
use crate::{ANN, shops};

#[tokio::test]
async fn the_whole_visit() {
    for (shop, _directory) in shops().await {
        visit(&shop.client()).await;
        shop.close().await;
    }
}

pub(crate) async fn visit(client: &Client) {
    // Looking around costs nothing: no cookie, though the page may be cached by nobody else.
    let home = client.get("/").await.expect(StatusCode::OK);
    assert!(home.cookie.is_none() && client.id().is_none());
    assert_eq!(home.headers["cache-control"], "private, no-cache");
    assert_eq!(home.headers["vary"], "cookie");
    home.shows("Stoneware mug")
        .shows("Sign in")
        .shows("data-theme=\"auto\"");

    // The first form makes the session.
    let product = client.get("/products/mug").await.expect(StatusCode::OK);
    assert!(
        product
            .cookie
            .as_ref()
            .is_some_and(|cookie| cookie.max_age.is_none())
    );
    let anonymous = client.id();
    let product = client.get("/products/pen").await.expect(StatusCode::OK);
    product.shows("Recently viewed").shows("/products/mug");
    assert!(product.cookie.is_none());

    // Add, change, remove.
    let cart = client
        .post_and_follow("/cart/add", &[("slug", "mug"), ("quantity", "2")])
        .await;
    assert_eq!(cart.notices(), ["Stoneware mug is in your cart."]);
    cart.shows("€37.00");
    assert!(
        client.get("/cart").await.notices().is_empty(),
        "a notice is shown once"
    );
    client
        .post_and_follow("/cart/add", &[("slug", "pen"), ("quantity", "1")])
        .await
        .shows("€69.00");
    let cart = client
        .post_and_follow("/cart/set", &[("slug", "mug"), ("quantity", "3")])
        .await;
    cart.shows("€87.50").shows(">4</span>");
    let cart = client
        .post_and_follow("/cart/set", &[("slug", "pen"), ("quantity", "0")])
        .await;
    cart.shows("€55.50").lacks("Fountain pen");

    // The theme, and its dynamic view.
    let themed = client
        .post_and_follow("/preferences", &[("theme", "dark")])
        .await;
    themed.shows("data-theme=\"dark\"");
    client
        .get("/session")
        .await
        .shows("Theme: dark")
        .shows("Viewed: 2 products");
    let noted = client
        .post_and_follow("/session", &[("note", "<Friday> & \"more\"")])
        .await;
    noted
        .shows("value=\"&lt;Friday&gt; &amp; &quot;more&quot;\"")
        .shows("changed 1 times");
    let token = client.token().expect("a form");
    let all = noted.body.split_once("<pre>").expect("all of it").1;
    assert!(
        all.contains("note_edits") && !all.contains(&token),
        "the token is secret: {all}"
    );

    // Only who is signed in may order.
    let refused = client.get("/checkout").await.expect(StatusCode::SEE_OTHER);
    assert_eq!(refused.location(), "/login?next=%2Fcheckout");
    assert_eq!(client.id(), anonymous);
    let form = client.get(refused.location()).await;
    form.shows("name=\"next\" value=\"/checkout\"");
    let (name, password) = ANN;
    let fields = [
        ("name", name),
        ("password", password),
        ("next", "/checkout"),
    ];
    let signed_in = client
        .post("/login", &fields)
        .await
        .expect(StatusCode::SEE_OTHER);
    assert_eq!(signed_in.location(), "/checkout");
    assert!(
        signed_in.cookie.is_some() && client.id() != anonymous,
        "the id rotates"
    );

    // Cart and theme came along; the token did not.
    let review = client.get("/checkout").await.expect(StatusCode::OK);
    review
        .shows("For Ann")
        .shows("€55.50")
        .shows("data-theme=\"dark\"");
    assert_eq!(review.notices(), ["Welcome, Ann."]);
    assert_eq!(review.headers["cache-control"], "no-store");
    assert_ne!(client.token(), Some(token));
    let orders = client.post_and_follow("/checkout", &[]).await;
    assert_eq!(
        orders.notices(),
        ["Thank you. Your order has the number 1001."]
    );
    orders
        .shows("Order 1001")
        .shows("Stoneware mug")
        .lacks("class=\"badge\"");
    client.get("/cart").await.shows("It is empty.");

    // Out: the session is dead, and the message comes in another, with the theme.
    client
        .get("/account")
        .await
        .shows("Firefox on Linux")
        .shows("this one");
    let (before, old) = (client.id(), client.copy());
    let out = client
        .post("/logout", &[])
        .await
        .expect(StatusCode::SEE_OTHER);
    assert!(out.cookie.is_some() && client.id().is_some() && client.id() != before);
    let home = client.get("/").await;
    assert_eq!(home.notices(), ["You are signed out."]);
    home.shows("Sign in").shows("data-theme=\"dark\"");
    let refused = client.get("/orders").await.expect(StatusCode::SEE_OTHER);
    assert_eq!(refused.location(), "/login?next=%2Forders");
    let refused = old.get("/orders").await.expect(StatusCode::SEE_OTHER);
    assert!(refused.cookie.is_none());
}

#[tokio::test]
async fn pages_that_are_not_there_cost_no_session() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        let missing = client.get("/nowhere").await.expect(StatusCode::NOT_FOUND);
        assert!(missing.cookie.is_none() && !missing.headers.contains_key("vary"));
        client
            .get("/products/nothing")
            .await
            .expect(StatusCode::NOT_FOUND);
        assert_eq!(client.id(), None);
    }
}
