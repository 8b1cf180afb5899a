//! Devices: seeing them, and signing them out.

use http::StatusCode;

use crate::support::client::{Client, Page};
use crate::{ANN, BOB, Shop, shops};

const PHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1";

async fn signed_in(client: Client, (name, password): (&str, &str)) -> Client {
    client
        .sign_in(name, password)
        .await
        .expect(StatusCode::SEE_OTHER);
    client
}

async fn ann_laptop_phone_and_bob(shop: &Shop) -> [Client; 3] {
    [
        signed_in(shop.client(), ANN).await,
        signed_in(shop.client().with_agent(PHONE), ANN).await,
        signed_in(shop.client(), BOB).await,
    ]
}

/// What the forms of a page name: all devices but the one that asks.
fn other_devices(page: &Page) -> Vec<String> {
    let rest = page.body.split("name=\"device\" value=\"").skip(1);
    rest.filter_map(|rest| rest.split_once('"'))
        .map(|(handle, _)| handle.to_owned())
        .collect()
}

#[tokio::test]
async fn a_device_is_signed_out_by_its_handle_and_only_by_its_owner() {
    for (shop, _directory) in shops().await {
        let [laptop, phone, bob] = ann_laptop_phone_and_bob(&shop).await;
        let account = laptop.get("/account").await.expect(StatusCode::OK);
        account
            .shows("Firefox on Linux")
            .shows("Safari on iPhone")
            .shows("just now");
        let devices = other_devices(&account);
        assert_eq!(devices.len(), 1);
        for client in [&laptop, &phone, &bob] {
            account.lacks(&client.id().expect("a cookie"));
        }

        // A handle of another owner is worth nothing.
        bob.get("/account").await;
        let answer = bob
            .post_and_follow("/account/sign-out-device", &[("device", &devices[0])])
            .await;
        assert!(
            answer
                .notices()
                .contains(&"That device was signed out already.")
        );
        phone.get("/account").await.expect(StatusCode::OK);

        laptop.get("/account").await;
        let form = [("device", devices[0].as_str())];
        let answer = laptop
            .post_and_follow("/account/sign-out-device", &form)
            .await;
        assert_eq!(answer.notices(), ["That device is signed out."]);
        answer.lacks("Safari on iPhone");
        phone.get("/account").await.expect(StatusCode::SEE_OTHER);
        laptop.get("/account").await.expect(StatusCode::OK);

        let odd = laptop
            .post("/account/sign-out-device", &[("device", "../../etc")])
            .await;
        odd.expect(StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn t29_signing_out_everywhere_else() {
    for (shop, _directory) in shops().await {
        let [laptop, phone, bob] = ann_laptop_phone_and_bob(&shop).await;
        let tablet = signed_in(shop.client(), ANN).await;
        laptop.get("/account").await;
        let answer = laptop
            .post_and_follow("/account/sign-out-others", &[])
            .await;
        assert_eq!(answer.notices(), ["2 other devices are signed out."]);
        for gone in [&phone, &tablet] {
            let refused = gone.get("/orders").await.expect(StatusCode::SEE_OTHER);
            assert!(refused.cookie.is_none());
        }
        laptop.get("/orders").await.expect(StatusCode::OK);
        bob.get("/orders").await.expect(StatusCode::OK);

        // Once more finds nobody; and who was signed out can come back.
        laptop.get("/account").await;
        let answer = laptop
            .post_and_follow("/account/sign-out-others", &[])
            .await;
        assert_eq!(answer.notices(), ["There was no other device."]);
        phone
            .sign_in(ANN.0, ANN.1)
            .await
            .expect(StatusCode::SEE_OTHER);
        phone.get("/account").await.expect(StatusCode::OK);
        assert_eq!(other_devices(&laptop.get("/account").await).len(), 1);
    }
}
