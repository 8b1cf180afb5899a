//! The client goes away, or has its head already.

use super::*;

/// P09: a client that goes away while the handler runs leaves nothing behind, one that goes away after it has
/// returned does not stop the commit.
#[tokio::test(start_paused = true)]
async fn p09_d16_the_commit_runs_to_its_end_without_the_client() {
    let slow = Router::new().route(
        "/slow",
        post(async |a: Typed<Account>| {
            a.set_n(50);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }),
    );
    let app = App::new(routes().merge(slow));
    let mut browser = signed_in(&app).await;
    let request = |path: &str| {
        let cookie = browser.cookie.clone().unwrap();
        Request::post(path)
            .header("cookie", cookie)
            .body(Body::empty())
            .unwrap()
    };
    // Cancelled inside the handler.
    let call = app.router.clone().oneshot(request("/slow"));
    assert!(
        tokio::time::timeout(Duration::from_millis(500), call)
            .await
            .is_err()
    );
    app.layer.drain().await;
    // Cancelled while the store works.
    app.store
        .get_ref()
        .inject(Verb::Save, 1, Fault::Delay(Duration::from_secs(1)));
    let call = app.router.clone().oneshot(request("/write"));
    assert!(
        tokio::time::timeout(Duration::from_millis(500), call)
            .await
            .is_err()
    );
    app.layer.drain().await;
    assert_eq!(browser.get("/read").await.body, "Some(1) 2");
}

#[tokio::test]
async fn d19_after_the_head_changes_wait_for_a_commit_that_needs_no_new_id() {
    let kept: Arc<Mutex<Option<Session>>> = Arc::default();
    let keeper = Arc::clone(&kept);
    let app = App::new(routes().route(
        "/socket",
        get(async move |session: Session| {
            *keeper.lock().unwrap() = Some(session);
        }),
    ));
    let mut browser = signed_in(&app).await;
    browser.get("/socket").await;
    let session = kept.lock().unwrap().take().unwrap();
    let account = session.typed::<Account>().unwrap();
    account.update_n(|n| *n += 10);
    assert!(session.has_changed());
    assert_eq!(browser.get("/read").await.body, "Some(1) 1");
    session.commit().await.unwrap();
    assert!(!session.has_changed());
    assert_eq!(browser.get("/read").await.body, "Some(1) 11");
    // Others' changes arrive with `reload`, and one's own survive it.
    browser.post("/write").await;
    account.update_n(|n| *n += 100);
    session.reload().await.unwrap();
    assert_eq!(account.n(), 112);
    session.commit().await.unwrap();
    session.touch().await.unwrap();
    session.regenerate_id();
    assert_eq!(
        session.commit().await.unwrap_err().kind(),
        ErrorKind::HeadSent
    );
    assert_eq!(browser.get("/read").await.body, "Some(1) 112");
    // `destroy` needs no new id.
    session.destroy();
    session.commit().await.unwrap();
    assert_eq!(browser.get("/read").await.body, "None 0");

    browser.cookie = None;
    browser.get("/socket").await;
    let session = kept.lock().unwrap().take().unwrap();
    session.set("n", 1u64).unwrap();
    assert_eq!(
        session.commit().await.unwrap_err().kind(),
        ErrorKind::HeadSent
    );
}
