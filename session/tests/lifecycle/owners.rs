//! Owners: signing in, changing hands, and how many sessions one may have.

use super::*;

#[tokio::test]
async fn t11_t13_owners_rotate_carry_and_wipe() {
    let app = app();
    let mut browser = app.browser();
    for path in ["/write", "/theme", "/csrf"] {
        browser.post(path).await;
    }
    let before = browser.clone();
    browser.post("/login/1").await;
    assert_ne!(browser.cookie, before.cookie);
    assert_eq!(browser.get("/state").await.body, "Some(1) 1 dark None");
    assert_eq!(
        before.peek(Request::get("/state")).await.body,
        "None 0  None"
    );
    // The same user again.
    let before = browser.clone();
    browser.post("/login/1").await;
    assert_ne!(browser.cookie, before.cookie);
    assert_eq!(browser.get("/state").await.body, "Some(1) 1 dark None");
    // Another user finds what is kept, and nothing else.
    browser.post("/login/2").await;
    assert_eq!(browser.get("/state").await.body, "Some(2) 0 dark None");
    // Nobody.
    browser.post("/sign-off").await;
    assert_eq!(browser.get("/state").await.body, "None 0 dark None");
}

#[tokio::test]
async fn t13_a_dynamic_set_of_the_owners_key_signs_nobody_in() {
    let app = app();
    let mut browser = app.browser();
    browser.post("/steal").await;
    assert_eq!(browser.get("/state").await.body, "None 0  None");
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
    // On a signed-in session it signs out.
    browser.post("/login/1").await;
    browser.post("/write").await;
    browser.post("/steal").await;
    assert_eq!(browser.get("/state").await.body, "None 0  None");
}

#[tokio::test]
async fn a_required_owner_is_proved_or_redirected() {
    let app = app();
    let mut browser = app.browser();
    let answer = browser.get("/me?tab=1&x=%20").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        answer.header("location"),
        Some("/login?next=%2Fme%3Ftab%3D1%26x%3D%2520")
    );
    browser.post("/login/42").await;
    assert_eq!(browser.get("/me").await.body, "42");
}

#[tokio::test]
async fn d18_remember_me_makes_the_cookie_persistent_and_ends_with_the_owner() {
    let app = app();
    let mut browser = app.browser();
    browser.post("/login/1").await;
    let answer = browser.post("/remember").await;
    assert!(
        answer.set_cookies()[0].ends_with("Max-Age=2592000"),
        "{answer:?}"
    );
    app.wait(6 * 86_400);
    assert_eq!(browser.get("/me").await.body, "1");
    // A rotation keeps it persistent, to the same absolute deadline.
    let answer = browser.post("/rotate").await;
    assert!(
        answer.set_cookies()[0].ends_with(&format!("Max-Age={}", 24 * 86_400)),
        "{answer:?}"
    );
    let answer = browser.post("/sign-off").await;
    assert!(!answer.set_cookies()[0].contains("Max-Age"), "{answer:?}");
    browser.post("/write").await;
    app.wait(3_800);
    assert_eq!(browser.get("/read").await.body, "0");
}

#[tokio::test]
async fn max_per_owner_evicts_the_oldest_or_refuses() {
    use session::Over;
    use std::num::NonZeroU32;
    for over in [Over::Evict, Over::Refuse] {
        let two = NonZeroU32::new(2).unwrap();
        let app = App::with(routes(), |b| b.max_per_owner(two, over));
        let mut devices = vec![app.browser(), app.browser(), app.browser()];
        let mut statuses = Vec::new();
        for device in &mut devices {
            app.wait(1);
            statuses.push(device.post("/login/1").await.status);
        }
        let mut signed_in = Vec::new();
        for device in &mut devices {
            signed_in.push(device.get("/me").await.status == StatusCode::OK);
        }
        match over {
            Over::Evict => {
                assert_eq!(statuses, [StatusCode::OK; 3]);
                assert_eq!(signed_in, [false, true, true]);
            }
            Over::Refuse => {
                assert_eq!(
                    statuses,
                    [StatusCode::OK, StatusCode::OK, StatusCode::CONFLICT]
                );
                assert_eq!(signed_in, [true, true, false]);
            }
        }
        // Signing in again on a device that is signed in counts once.
        assert_eq!(devices[1].post("/login/1").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn next_names_the_whole_path_also_inside_a_nested_router() {
    let app = App::new(Router::new().nest("/shop", routes()));
    let answer = app.browser().get("/shop/me?a=1").await;
    assert_eq!(
        answer.header("location"),
        Some("/login?next=%2Fshop%2Fme%3Fa%3D1")
    );
}
