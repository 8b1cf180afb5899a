//! Sign-ins that overlap, are repeated, or meet other requests.

use super::*;

#[tokio::test]
async fn s8_sign_in_pressed_twice_works_and_keeps_the_cart() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/cart/5").await;
    let first = scene.held(&browser, "POST", "/login/1").await;
    let second = scene.held(&browser, "POST", "/login/1").await;
    let first = scene.release(first).await;
    let second = scene.release(second).await;
    assert_eq!(
        (first.status, second.status),
        (StatusCode::OK, StatusCode::OK)
    );
    // Answers in either order: whoever signed in is signed in, with the cart.
    for last in [&first, &second] {
        browser.keep(last);
        assert_eq!(browser.get("/get/cart").await.body, "Some(5)");
        assert!(browser.get("/read").await.body.starts_with("Some(1)"));
    }
}

#[tokio::test]
async fn s8_a_sign_in_whose_answer_was_lost_can_be_repeated() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/cart/5").await;
    let lost = browser.peek(Request::post("/now/login/1")).await;
    assert_eq!(lost.set_cookies().len(), 1);
    browser.post("/now/login/1").await;
    assert_eq!(browser.get("/get/cart").await.body, "Some(5)");
    // Another user finds nothing of the first one's.
    let mut other = scene.app.browser();
    other.post("/now/set/cart/6").await;
    other.peek(Request::post("/now/login/1")).await;
    other.post("/now/login/2").await;
    assert_eq!(other.get("/get/cart").await.body, "None");
    assert!(other.get("/read").await.body.starts_with("Some(2)"));
}

/// What the owner before has kept through a change of owner is not for whoever signs in under a tombstone.
#[tokio::test]
async fn s8_a_sign_in_copies_nothing_of_another_owners_successor() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/cart/5").await;
    let mut other = browser.clone();
    browser.post("/now/login/1").await;
    browser.post("/now/theme").await;
    assert_eq!(browser.get("/theme").await.body, "Some(\"dark\")");
    other.post("/now/login/2").await;
    assert!(other.get("/read").await.body.starts_with("Some(2)"));
    assert_eq!(other.get("/theme").await.body, "None");
}

#[tokio::test]
async fn t14_what_is_per_login_does_not_pass_a_sign_in() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/csrf").await;
    assert!(browser.get("/read").await.body.ends_with("Some(\"token\")"));
    // Nor does one that was written while the sign-in was under way.
    let sign_in = scene.held(&browser, "POST", "/login/1").await;
    browser.post("/now/csrf").await;
    let answer = scene.release(sign_in).await;
    browser.keep(&answer);
    assert_eq!(browser.get("/read").await.body, "Some(1) 1 None");
}

#[tokio::test]
async fn t15_fifty_requests_while_one_signs_in() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/cart/5").await;
    let mut readers = Vec::new();
    let mut writers = Vec::new();
    for _ in 0..25 {
        readers.push(scene.held(&browser, "GET", "/consume").await);
        writers.push(scene.held(&browser, "POST", "/increment").await);
    }
    browser.post("/now/login/1").await;
    scene.gate.add_permits(50);
    for reader in readers {
        let answer = reader.await.unwrap();
        assert_eq!(
            (answer.status, answer.set_cookies().len()),
            (StatusCode::OK, 0)
        );
    }
    for writer in writers {
        let answer = writer.await.unwrap();
        assert_eq!(
            (answer.status, answer.set_cookies().len()),
            (StatusCode::CONFLICT, 0)
        );
    }
    assert_eq!(browser.get("/read").await.body, "Some(1) 0 None");
    assert_eq!(browser.get("/get/cart").await.body, "Some(5)");
}
