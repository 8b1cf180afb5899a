//! Sign-out, expiry and revocation beside a request that is under way.

use super::*;

#[tokio::test]
async fn t22_d05_a_late_write_revives_nothing() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/login/1").await;
    let late = scene.held(&browser, "POST", "/set/a/2").await;
    let before = browser.clone();
    browser.post("/now/logout").await;
    let late = scene.release(late).await;
    assert_eq!(
        (late.status, late.set_cookies().len()),
        (StatusCode::CONFLICT, 0)
    );
    assert!(
        before
            .peek(Request::get("/read"))
            .await
            .body
            .starts_with("None 0")
    );
}

#[tokio::test]
async fn t23_s1_a_late_write_on_a_rotated_session_says_so_and_sends_no_cookie() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/a/1").await;
    let late = scene.held(&browser, "POST", "/set/a/2").await;
    browser.post("/now/login/1").await;
    let late = scene.release(late).await;
    assert_eq!(
        (late.status, late.set_cookies().len()),
        (StatusCode::CONFLICT, 0)
    );
    assert_eq!(browser.get("/get/a").await.body, "Some(1)");
}

#[tokio::test]
async fn t24_expiry_gc_and_revocation_end_it_too() {
    for end in ["expiry", "gc", "revoke"] {
        let scene = Scene::new();
        let mut browser = scene.app.browser();
        browser.post("/now/login/1").await;
        let late = scene.held(&browser, "POST", "/set/a/2").await;
        match end {
            "expiry" => scene.app.wait(4_000),
            "gc" => {
                scene.app.wait(4_000);
                assert_eq!(scene.app.layer.store().gc(100).await.unwrap().removed, 1);
            }
            _ => assert_eq!(scene.app.browser().post("/now/revoke/1").await.body, "1"),
        }
        let late = scene.release(late).await;
        assert_eq!(
            (late.status, late.set_cookies().len()),
            (StatusCode::CONFLICT, 0),
            "{end}"
        );
        assert!(
            browser.get("/read").await.body.starts_with("None 0"),
            "{end}"
        );
    }
}

#[tokio::test]
async fn t22b_s2_sign_out_follows_the_rotation() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/login/1").await;
    let out = scene.held(&browser, "POST", "/logout").await;
    for _ in 0..3 {
        browser.post("/now/rotate").await;
    }
    let out = scene.release(out).await;
    assert!(out.set_cookies()[0].contains("Max-Age=0"));
    assert!(browser.get("/read").await.body.starts_with("None 0"));
}

#[tokio::test]
async fn t29_s3_revocation_cannot_be_escaped() {
    let scene = Scene::new();
    let mut devices = Vec::new();
    for _ in 0..5 {
        let mut browser = scene.app.browser();
        browser.post("/now/login/1").await;
        devices.push(browser);
    }
    // A sign-in and a rotation that began before the revocation, and end after it.
    let mut late = scene.app.browser();
    late.post("/now/set/cart/1").await;
    let sign_in = scene.held(&late, "POST", "/login/1").await;
    let rotation = scene.held(&devices[1], "POST", "/rotate").await;
    scene.app.wait(1);
    assert_eq!(devices[0].post("/now/others").await.body, "4");
    let sign_in = scene.release(sign_in).await;
    assert_eq!(
        (sign_in.status, sign_in.set_cookies().len()),
        (StatusCode::CONFLICT, 0)
    );
    let rotation = scene.release(rotation).await;
    assert_eq!(rotation.set_cookies().len(), 0);
    assert!(devices[0].get("/read").await.body.starts_with("Some(1)"));
    for device in &mut devices[1..] {
        assert!(device.get("/read").await.body.starts_with("None"));
    }
    // The one that was excepted can rotate, and sign-ins from now on work.
    assert_eq!(devices[0].post("/now/rotate").await.set_cookies().len(), 1);
    scene.app.wait(1);
    devices[1].post("/now/login/1").await;
    assert!(devices[1].get("/read").await.body.starts_with("Some(1)"));
}
