//! Several requests at once.

use http::StatusCode;

use crate::support::client::Client;
use crate::{ANN, shops};

async fn all(requests: impl Iterator<Item = tokio::task::JoinHandle<()>>) {
    for request in requests.collect::<Vec<_>>() {
        request.await.expect("it went well");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t28_adds_from_many_tabs_are_all_kept() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        client.get("/products/mug").await;
        all((0..24).map(|n| {
            let (tab, slug) = (client.clone(), ["mug", "pen", "fern"][n % 3]);
            tokio::spawn(async move {
                let fields = [("slug", slug), ("quantity", "1")];
                tab.post("/cart/add", &fields)
                    .await
                    .expect(StatusCode::SEE_OTHER);
            })
        }))
        .await;
        let cart = client.get("/cart").await;
        // 8 x (18.50 + 32.00 + 24.00); each with its message.
        cart.shows("€596.00");
        assert_eq!(cart.notices().len(), 24);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_of_one_account_keep_their_own_carts() {
    for (shop, _directory) in shops().await {
        let (laptop, phone) = (shop.client(), shop.client());
        for client in [&laptop, &phone] {
            client
                .sign_in(ANN.0, ANN.1)
                .await
                .expect(StatusCode::SEE_OTHER);
            client.get("/products/mug").await;
        }
        assert_ne!(laptop.id(), phone.id());
        let add = |client: &Client, slug: &'static str| {
            let client = client.clone();
            tokio::spawn(async move {
                let fields = [("slug", slug), ("quantity", "1")];
                client
                    .post("/cart/add", &fields)
                    .await
                    .expect(StatusCode::SEE_OTHER);
            })
        };
        all((0..16).map(|n| {
            if n % 2 == 0 {
                add(&laptop, "mug")
            } else {
                add(&phone, "pen")
            }
        }))
        .await;
        laptop
            .get("/cart")
            .await
            .shows("€148.00")
            .lacks("Fountain pen");
        phone
            .get("/cart")
            .await
            .shows("€256.00")
            .lacks("Stoneware mug");

        // One account: an order from one device is seen on the other.
        laptop.get("/checkout").await;
        laptop.post_and_follow("/checkout", &[]).await;
        phone.get("/orders").await.shows("Stoneware mug");
        phone.get("/cart").await.shows("€256.00");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_sent_eight_times_is_placed_once() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        client.sign_in(ANN.0, ANN.1).await;
        client.get("/products/mug").await;
        client
            .post_and_follow("/cart/add", &[("slug", "mug"), ("quantity", "1")])
            .await;
        client.get("/checkout").await;
        all((0..8).map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                client
                    .post("/checkout", &[])
                    .await
                    .expect(StatusCode::SEE_OTHER);
            })
        }))
        .await;
        let orders = client.get("/orders").await;
        assert_eq!(orders.body.matches("<h2>Order ").count(), 1);
        let (thanks, sorry): (Vec<_>, Vec<_>) = orders
            .notices()
            .into_iter()
            .partition(|notice| notice.starts_with("Thank you"));
        assert_eq!((thanks.len(), sorry.len()), (1, 7));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_open_at_once_show_one_token() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        // Signing out leaves a session without a token.
        client.sign_in(ANN.0, ANN.1).await;
        client.get("/account").await;
        client
            .post("/logout", &[])
            .await
            .expect(StatusCode::SEE_OTHER);
        all((0..8).map(|_| {
            let tab = client.copy();
            tokio::spawn(async move {
                tab.get("/products/pen").await.expect(StatusCode::OK);
                let fields = [("slug", "pen"), ("quantity", "1")];
                tab.post("/cart/add", &fields)
                    .await
                    .expect(StatusCode::SEE_OTHER);
            })
        }))
        .await;
        client.get("/cart").await.shows("€256.00");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t22_a_request_that_is_late_revives_nothing() {
    for (shop, _directory) in shops().await {
        let client = shop.client();
        client.sign_in(ANN.0, ANN.1).await;
        client.get("/products/mug").await;
        let old = client.copy();
        let adds = (0..8).map(|_| {
            let tab = client.copy();
            tokio::spawn(async move {
                let answer = tab
                    .post("/cart/add", &[("slug", "mug"), ("quantity", "1")])
                    .await;
                let ended =
                    answer.status == StatusCode::CONFLICT || answer.status == StatusCode::FORBIDDEN;
                assert!(
                    answer.status == StatusCode::SEE_OTHER || ended,
                    "{}",
                    answer.status
                );
                assert!(answer.cookie.is_none());
            })
        });
        let adds: Vec<_> = adds.collect();
        client
            .post("/logout", &[])
            .await
            .expect(StatusCode::SEE_OTHER);
        all(adds.into_iter()).await;
        old.get("/account").await.expect(StatusCode::SEE_OTHER);
        client.get("/cart").await.shows("It is empty.");
    }
}
