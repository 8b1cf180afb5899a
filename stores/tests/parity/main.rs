//! What the predecessor's tests assert and what its defects were, through the layer, on every store of one machine.
//
// The numbers are those of the parity list. What is not here stands beside the code that it is about: ids and cookies
// in `session`, the stores' own rules in the conformance suite and in `file_*.rs` and `memory/tests`.

#![cfg(all(feature = "memory", feature = "file"))]
#![allow(clippy::unwrap_used)]

mod browser;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use session::{SessionId, SessionLayer, SessionLayerBuilder};
use session_stores::{FileStore, MemoryStore};
use tower::ServiceExt;

use browser::Browser;

/// Runs each body on the memory store and on a file store of its own.
macro_rules! on_each_store {
    ($($(#[$doc:meta])* async fn $name:ident($browser:ident) $body:block)*) => {
        mod memory {
            use super::*;
            $($(#[$doc])* #[tokio::test] async fn $name() {
                super::$name(Browser::new(MemoryStore::new())).await;
            })*
        }
        mod file {
            use super::*;
            $($(#[$doc])* #[tokio::test] async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                let root = folder.path().join("sessions");
                super::$name(Browser::new(FileStore::new(&root).unwrap())).await;
            })*
        }
        $(async fn $name(mut $browser: Browser) $body)*
    };
}

on_each_store! {
    async fn p16_what_one_request_sets_the_next_reads_with_its_type(browser) {
        browser.post("/set").await;
        assert_eq!(browser.get("/get").await, "flamego");
        assert_eq!(browser.get("/n").await, "0");
    }

    /// P35: a ready client there, a ready store here; P08: also one of the user's own, as every test of the layer shows.
    async fn p08_p35_a_store_is_a_value(browser) {
        let shared = browser.layer.store();
        browser.post("/count").await;
        assert!(shared.exists(&browser.id()).await.unwrap());
    }

    async fn p20_d05_destroy_from_a_handler_is_not_undone(browser) {
        browser.post("/set").await;
        browser.post("/leave").await;
        let twin = browser.clone();
        // Receiving a flash is a change, and must not bring the session back.
        assert_eq!(browser.post("/destroy-by-id").await.status, StatusCode::OK);
        assert_eq!(browser.get("/notice").await, "");
        assert_eq!(browser.get("/get").await, "");
        assert!(!twin.layer.store().exists(&twin.id()).await.unwrap());
    }

    async fn p21_p22_d01_d32_an_unknown_or_expired_id_makes_no_record(browser) {
        browser.post("/set").await;
        let expired = browser.clone();
        browser.wait(2 * 3600);
        assert_eq!(browser.get("/get").await, "");
        assert_eq!(browser.cookie, expired.cookie, "a read sends no cookie");
        assert!(!browser.layer.store().exists(&expired.id()).await.unwrap());
        browser.post("/set").await;
        assert_ne!(browser.cookie, expired.cookie);
    }

    async fn p27_d03_d04_d30_expired_means_dead(browser) {
        browser.post("/set").await;
        browser.wait(3600 + 180 - 1);
        assert!(browser.layer.store().exists(&browser.id()).await.unwrap());
        browser.wait(1);
        assert!(!browser.layer.store().exists(&browser.id()).await.unwrap());
        for _ in 0..3 {
            // Reading it neither serves nor revives it.
            assert_eq!(browser.get("/get").await, "");
        }
    }

    async fn p23_p28_p38_gc_removes_exactly_the_dead(browser) {
        browser.post("/set").await;
        let mut young = browser.clone();
        young.cookie = None;
        browser.wait(3_700);
        young.post("/set").await;
        browser.wait(3600);
        assert_eq!(browser.get("/gc").await, "1");
        assert_eq!(browser.get("/gc").await, "0");
        assert!(young.layer.store().exists(&young.id()).await.unwrap());
        assert_eq!(young.get("/get").await, "flamego");
    }

    async fn p24_p29_p33_p39_p40_use_keeps_a_session_alive_and_whole(browser) {
        browser.post("/set").await;
        for _ in 0..5 {
            browser.wait(3000);
            assert_eq!(browser.get("/n").await, "0");
            assert_eq!(browser.get("/gc").await, "0");
        }
        assert_eq!(browser.get("/get").await, "flamego");
    }

    async fn d02_rotation_keeps_the_data_and_ends_the_old_id(browser) {
        browser.post("/set").await;
        let mut old = browser.clone();
        // Nothing else changes in this request.
        browser.post("/rotate").await;
        assert_ne!(browser.cookie, old.cookie);
        assert_eq!(browser.get("/get").await, "flamego");
        assert_eq!(old.get("/get").await, "");
        old.post("/logout").await;
        assert_eq!(browser.get("/get").await, "", "signing out with the old id ends the session");
    }

    async fn d13_a_failed_request_leaves_nothing_in_shared_memory(browser) {
        browser.post("/count").await;
        assert_eq!(browser.post("/leaky").await.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(browser.get("/n").await, "1");
    }

    async fn d21_changing_a_value_in_place_is_a_change(browser) {
        for n in 1..=3 {
            browser.post(&format!("/push/{n}")).await;
        }
        assert_eq!(browser.get("/list").await, "[1, 2, 3]");
    }

    /// Removal is a change like any other, also of what is not there: another request may have set it meanwhile.
    /// But where there is no session, it makes none.
    async fn d22_removing_nothing_makes_no_session(browser) {
        let answer = browser.post("/same").await;
        assert_eq!((answer.body.as_str(), answer.cookies.len()), ("true", 0));
        assert_eq!(browser.cookie, None);
    }

    async fn t09_t12_t13_a_dead_id_stays_dead(browser) {
        browser.post("/set").await;
        let mut before = browser.clone();
        browser.post("/login").await;
        assert_eq!(browser.get("/me").await, "Some(1)");
        assert_eq!(before.get("/me").await, "None");
        assert_eq!(before.post("/count").await.status, StatusCode::CONFLICT);
        let mut device = browser.clone();
        browser.post("/logout").await;
        assert_eq!(browser.cookie, None);
        assert_eq!(device.get("/me").await, "None");
        device.wait(60);
        assert_eq!(device.get("/me").await, "None");
        device.post("/count").await;
        assert_eq!(device.get("/me").await, "None");
    }

    async fn t28_concurrent_updates_all_count(browser) {
        browser.post("/count").await;
        let mut tasks = Vec::new();
        for _ in 0..16 {
            let mut twin = browser.clone();
            tasks.push(tokio::spawn(async move {
                for _ in 0..5 {
                    assert_eq!(twin.post("/count").await.status, StatusCode::OK);
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(browser.get("/n").await, "81");
    }

    async fn t31_what_the_store_holds_is_no_credential(browser) {
        browser.post("/login").await;
        let hash = *browser.id().store_key().hash();
        let text: String = {
            const ALPHABET: &[u8; 64] =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let mut bits = hash.iter().flat_map(|b| (0..8).rev().map(move |n| b >> n & 1));
            (0..43)
                .map(|_| (0..6).fold(0, |c, _| c << 1 | usize::from(bits.next().unwrap_or(0))))
                .map(|c| char::from(ALPHABET[c]))
                .collect()
        };
        assert!(SessionId::parse(text.as_bytes()).is_some());
        browser.cookie = Some(format!("__Host-id={text}"));
        assert_eq!(browser.get("/me").await, "None");
    }
}

/// D16, D17: what a handler changed is stored before the response head, whatever its body does.
#[tokio::test]
async fn d17_the_data_is_there_before_the_response() {
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::new(FileStore::new(folder.path().join("s")).unwrap());
    let request = Request::post("/set").body(Body::empty()).unwrap();
    let response = browser.router.clone().oneshot(request).await.unwrap();
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    browser.cookie = cookie.split(';').next().map(str::to_owned);
    // The body has not been read yet.
    assert_eq!(browser.get("/get").await, "flamego");
    drop(response);
}

/// D20: a record that cannot be read is no session, and the next write begins a new one.
#[tokio::test]
async fn d20_d24_a_damaged_record_is_no_session_and_no_panic() {
    fn damage(folder: &std::path::Path) -> u32 {
        let mut damaged = 0;
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                damaged += damage(&entry.path());
            } else if entry.metadata().unwrap().len() > 100 {
                std::fs::write(entry.path(), b"garbage").unwrap();
                damaged += 1;
            }
        }
        damaged
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("s");
    let mut browser = Browser::new(FileStore::new(&root).unwrap());
    browser.post("/set").await;
    let before = browser.cookie.clone();
    assert_eq!(damage(&root), 1);
    assert_eq!(browser.get("/get").await, "");
    assert_eq!(browser.post("/set").await.status, StatusCode::OK);
    assert_ne!(browser.cookie, before);
    assert_eq!(browser.get("/get").await, "flamego");
}

/// P15, D33: the background sweep can be stopped, ends with the layer, and survives errors.
#[tokio::test(start_paused = true)]
async fn p15_d33_background_gc_can_be_stopped() {
    use session::StoreErrorKind;
    use session::testing::{CountingStore, Fault, FaultStore, Verb};

    let store = Arc::new(CountingStore::new(FaultStore::new(MemoryStore::new())));
    let minute = Duration::from_secs(60);
    let mut browser = Browser::with(Arc::clone(&store), |b| b.gc_interval(minute));
    store
        .get_ref()
        .always(Verb::Gc, Fault::Fail(StoreErrorKind::Unavailable));
    browser.post("/set").await;
    tokio::time::sleep(10 * minute).await;
    let failed = store.counts().gc;
    assert!((6..=20).contains(&failed), "{failed}");
    store.get_ref().heal();
    tokio::time::sleep(10 * minute).await;
    assert!(store.counts().gc > failed);
    browser.layer.stop_gc();
    tokio::time::sleep(minute).await;
    let stopped = store.counts().gc;
    tokio::time::sleep(10 * minute).await;
    assert_eq!(store.counts().gc, stopped);

    // Another layer's sweep ends with its last clone.
    let mut browser = Browser::with(Arc::clone(&store), |b| b.gc_interval(minute));
    browser.post("/set").await;
    tokio::time::sleep(5 * minute).await;
    assert!(store.counts().gc > stopped);
    drop(browser);
    tokio::time::sleep(2 * minute).await;
    let ended = store.counts().gc;
    tokio::time::sleep(10 * minute).await;
    assert_eq!(store.counts().gc, ended);
}

/// P26, D08, D33: what cannot work is an error when it is built.
#[test]
fn p26_d08_d33_impossible_configurations_are_errors() {
    let build = |configure: fn(SessionLayerBuilder) -> SessionLayerBuilder| {
        configure(SessionLayer::builder(MemoryStore::new())).build()
    };
    assert!(build(|b| b).is_ok());
    assert!(build(|b| b.id_bytes(15)).is_err());
    assert!(build(|b| b.id_bytes(33)).is_err());
    let day = Duration::from_secs(86_400);
    for (idle, absolute) in [
        (day, day / 2),
        (Duration::ZERO, day),
        (day, 401 * day),
        (Duration::MAX, Duration::MAX),
    ] {
        let lifetime = session::Lifetime { idle, absolute };
        assert!(
            SessionLayer::builder(MemoryStore::new())
                .lifetime(lifetime)
                .build()
                .is_err()
        );
    }
    assert!(build(|b| b.deadline(Duration::ZERO)).is_err());
    assert!(build(|b| b.gc_interval(Duration::ZERO)).is_err());
    assert!(build(|b| b.cookie(session::CookieTransport::new().domain("x.example"))).is_err());
    let blocked = tempfile::NamedTempFile::new().unwrap();
    assert!(FileStore::new(blocked.path().join("below a file")).is_err());
}
