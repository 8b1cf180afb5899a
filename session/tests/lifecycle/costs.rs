//! What each request costs in calls of the store.

use super::*;

#[tokio::test]
async fn t56_d31_d32_requests_without_a_cookie_cost_nothing() {
    let app = app();
    for _ in 0..10_000 {
        for path in ["/untouched", "/read", "/notices", "/flash", "/id", "/peek"] {
            let answer = app.browser().get(path).await;
            assert!(answer.set_cookies().is_empty(), "{path}");
        }
        for path in ["/logout", "/lazy-logout", "/sign-off", "/rotate"] {
            app.browser().post(path).await;
        }
    }
    assert_eq!(app.calls(), 0);
}

#[tokio::test]
async fn each_request_costs_what_semantics_10_says() {
    let app = app();
    let mut browser = app.browser();
    let counts = |app: &App| {
        let counts = app.store.counts();
        app.store.reset();
        counts
    };
    browser.post("/write").await;
    assert_eq!(
        counts(&app),
        Counts {
            create: 1,
            ..Counts::default()
        }
    );
    browser.get("/untouched").await;
    assert_eq!(counts(&app), Counts::default());
    app.wait(600); // a renewal is due, and costs nothing
    browser.get("/read").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            ..Counts::default()
        }
    );
    browser.post("/write").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            save: 1,
            ..Counts::default()
        }
    );
    browser.post("/rotate").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            rotate: 1,
            ..Counts::default()
        }
    );
    browser.post("/login/1").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            rotate: 1,
            ..Counts::default()
        }
    );
    let mut leaves = browser.clone();
    leaves.post("/rotate").await;
    browser = leaves.clone();
    counts(&app);
    // Whatever is left of a session that ended costs what a first write does, on top.
    leaves.post("/farewell").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            destroy: 1,
            create: 1,
            ..Counts::default()
        }
    );
    browser.post("/login/1").await;
    counts(&app);
    let mut twin = browser.clone();
    browser.post("/logout").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            destroy: 1,
            ..Counts::default()
        }
    );
    twin.post("/lazy-logout").await;
    assert_eq!(
        counts(&app),
        Counts {
            destroy: 1,
            ..Counts::default()
        }
    );
    assert_eq!(twin.cookie, None);
    // A first write under an unknown id does not adopt it.
    let stale = format!("__Host-id={}", "A".repeat(43));
    browser.cookie = Some(stale.clone());
    browser.post("/write").await;
    assert_eq!(
        counts(&app),
        Counts {
            read: 1,
            create: 1,
            ..Counts::default()
        }
    );
    assert_ne!(browser.cookie, Some(stale));
}

#[tokio::test]
async fn p02_gc_inside_a_request_does_not_deadlock() {
    let app = app();
    assert_eq!(app.browser().get("/gc").await.body, "0");
}
