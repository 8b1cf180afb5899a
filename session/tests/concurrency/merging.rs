//! Changes of requests that overlap: both survive, or one is told.

use super::*;

#[tokio::test]
async fn c1_d14_changes_to_different_keys_survive() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/a/1").await;
    let slow = scene.held(&browser, "POST", "/set/b/2").await;
    browser.post("/now/set/c/3").await;
    assert_eq!(scene.release(slow).await.status, StatusCode::OK);
    for (key, n) in [("a", 1), ("b", 2), ("c", 3)] {
        assert_eq!(
            browser.get(&format!("/get/{key}")).await.body,
            format!("Some({n})")
        );
    }
}

#[tokio::test]
async fn c3_the_last_commit_wins() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/a/1").await;
    let slow = scene.held(&browser, "POST", "/set/a/2").await;
    browser.post("/now/set/a/3").await;
    scene.release(slow).await;
    assert_eq!(browser.get("/get/a").await.body, "Some(2)");
}

#[tokio::test]
async fn c5_a_take_leaves_what_was_pushed_meanwhile() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/push/one").await;
    let first = scene.held(&browser, "GET", "/take").await;
    let second = scene.held(&browser, "GET", "/take").await;
    browser.post("/now/push/two").await;
    assert_eq!(scene.release(first).await.body, "one");
    // Delivered at least once; that another request took it too is no error.
    let second = scene.release(second).await;
    assert_eq!(
        (second.status, second.body.as_str()),
        (StatusCode::OK, "one")
    );
    scene.gate.add_permits(1);
    assert_eq!(browser.get("/take").await.body, "two");
}

#[tokio::test]
async fn a_required_field_that_has_gone_is_a_conflict_and_comes_not_back() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/n/1").await;
    let slow = scene.held(&browser, "POST", "/required").await;
    browser.post("/now/set/n/5").await;
    assert_eq!(scene.release(slow).await.status, StatusCode::OK);
    assert_eq!(browser.get("/get/n").await.body, "Some(6)");
    let slow = scene.held(&browser, "POST", "/required").await;
    browser.post("/now/remove/n").await;
    let slow = scene.release(slow).await;
    let error = slow.error.unwrap();
    assert_eq!(
        (slow.status, error.kind()),
        (StatusCode::SERVICE_UNAVAILABLE, ErrorKind::Conflict)
    );
    assert_eq!(error.key(), Some("n"));
    assert_eq!(browser.get("/get/n").await.body, "None");
}

#[tokio::test]
async fn c6_consume_hands_the_value_to_exactly_one() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/otp").await;
    let mut callers = Vec::new();
    for _ in 0..32 {
        callers.push(scene.held(&browser, "GET", "/consume").await);
    }
    scene.gate.add_permits(32);
    let mut winners = 0;
    for caller in callers {
        let answer = caller.await.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        winners += u32::from(answer.body == "123456");
    }
    assert_eq!(winners, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t28_a_thousand_increments_from_32_tasks() {
    let scene = Arc::new(Scene::new());
    let mut browser = scene.app.browser();
    browser.post("/now/set/n/0").await;
    scene.gate.add_permits(2_000);
    let mut tasks = Vec::new();
    for task in 0..32 {
        let browser = browser.clone();
        let rounds = 1000 / 32 + usize::from(task < 1000 % 32);
        tasks.push(tokio::spawn(async move {
            for _ in 0..rounds {
                let answer = browser.peek(Request::post("/increment")).await;
                assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            }
            rounds
        }));
    }
    let mut acknowledged = 0;
    for task in tasks {
        acknowledged += task.await.unwrap();
    }
    assert_eq!(acknowledged, 1000);
    assert_eq!(browser.get("/get/n").await.body, "Some(1000)");
}

/// Another node changes the record every millisecond; each save takes 50.
#[tokio::test(start_paused = true)]
async fn a_conflict_that_does_not_end_is_503_within_the_deadline() {
    let scene = Scene::new();
    let mut browser = scene.app.browser();
    browser.post("/now/set/n/0").await;
    let key = browser.cookie.as_ref().unwrap().split_once('=').unwrap().1;
    let key = SessionId::parse(key.as_bytes()).unwrap().store_key();
    let (model, clock) = (Arc::clone(&scene.app.model), scene.app.clock.clone());
    let other_node = tokio::spawn(async move {
        loop {
            let op = Op {
                now: clock.now(),
                grace: Duration::ZERO,
                max_skew: Duration::ZERO,
            };
            if let Ok(ReadOutcome::Live(record)) = model.read(&op, &key, None).await {
                let expected = record.header.version;
                let mut next = Record::clone(&record);
                next.header.version = expected.next();
                model
                    .save(&op, &key, Arc::new(next), expected)
                    .await
                    .unwrap();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    scene
        .app
        .store
        .get_ref()
        .always(Verb::Save, Fault::Delay(Duration::from_millis(50)));
    let start = tokio::time::Instant::now();
    scene.gate.add_permits(1);
    let answer = browser.post("/increment").await;
    other_node.abort();
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let spent = start.elapsed();
    assert!(
        (Duration::from_millis(1_900)..Duration::from_millis(2_100)).contains(&spent),
        "{spent:?}"
    );
    assert!(scene.app.store.counts().save > 10);
    scene.app.store.get_ref().heal();
    assert_eq!(browser.get("/get/n").await.body, "Some(0)");
}
