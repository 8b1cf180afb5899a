//! T22, T22b, T23, T24, T27: requests that are late for the end of their session, and ends that fail.

use std::time::Duration;

use session::StoreErrorKind;
use session::testing::{Fault, Verb};

use super::*;
use crate::wire::Told;

on_each_store! {
    async fn t22_t23_a_late_write_says_so_and_sends_no_cookie(two) {
        let [store, _] = two;
        let node = Node::start(store).await;
        for (end, left) in [("logout/0", " [] None"), ("rotate/0", "1 [5] None"), ("login/2", "2 [] None")] {
            let mut browser = node.signed_in(1).await;
            let old = browser.clone();
            let late = node.late(&browser, &["add/6", "read/0", "rotate/0"]).await;
            browser.send(&format!("/now/{end}")).await;
            let answers = node.release(late).await;
            let says: Vec<_> = answers.iter().map(Answer::says).collect();
            // A rotation that changes no data has lost nothing, so there is nothing to tell.
            assert_eq!(says, [(409, false), (200, false), (200, false)], "{end}");
            assert_eq!(browser.send("/now/read/0").await.body, left, "{end}");
            assert_dead(&old).await;
        }
    }

    async fn t22b_a_sign_out_ends_what_the_session_has_become(two) {
        let [store, _] = two;
        let node = Node::start(store).await;
        for rotates_first in [true, false] {
            let browser = node.signed_in(1).await;
            // Both have loaded the session when the first is let through.
            let acts = if rotates_first { ["rotate/0", "logout/0"] } else { ["logout/0", "rotate/0"] };
            let first = node.late(&browser, &acts[..1]).await;
            let second = node.late(&browser, &acts[1..]).await;
            let mut answers = node.release(first).await;
            answers.extend(node.release(second).await);
            if !rotates_first {
                answers.reverse();
            }
            let [rotation, sign_out] = &answers[..] else { panic!() };
            assert_eq!(sign_out.told, Told::Removal);
            assert_eq!(rotation.told != Told::Nothing, rotates_first, "{rotation:?}");
            // Answers in either order: what the jar holds is dead, or nothing.
            for order in [[rotation, sign_out], [sign_out, rotation]] {
                let mut browser = browser.clone();
                order.into_iter().for_each(|answer| browser.keep(answer));
                assert_dead(&browser).await;
            }
            assert_dead(&browser).await;
            // Again, of what is gone by then: told all the same.
            assert_eq!(browser.peek("/now/logout/0").await.told, Told::Removal);
        }
    }

    async fn t24_expiry_a_sweep_and_a_revocation_end_it_too(two) {
        let [store, _] = two;
        let node = Node::start(store).await;
        for end in ["expiry", "gc", "revocation"] {
            let browser = node.signed_in(1).await;
            let late = node.late(&browser, &["add/6", "rotate/0", "add/7"]).await;
            match end {
                "expiry" => node.clock.advance(Duration::from_secs(4_000)),
                "gc" => {
                    node.clock.advance(Duration::from_secs(4_000));
                    while node.layer.store().gc(100).await.unwrap().more {}
                }
                _ => assert_eq!(node.browser().send("/now/revoke/1").await.body, "1"),
            }
            let answers = node.release(late).await;
            let says: Vec<_> = answers.iter().map(Answer::says).collect();
            assert_eq!(says, [(409, false), (200, false), (409, false)], "{end}");
            assert_dead(&browser).await;
        }
    }

    async fn t27_a_sign_out_holds_or_says_that_it_failed(two) {
        let [store, _] = two;
        let node = Node::start(store).await;
        // The handler fails: the session is dead all the same.
        let mut browser = node.signed_in(1).await;
        let old = browser.clone();
        let answer = browser.send("/failing/logout/0").await;
        assert_eq!((answer.status, answer.told), (500, Told::Removal));
        assert_dead(&old).await;
        // The store fails: it lives, and the client knows, and can try again.
        let mut browser = node.signed_in(1).await;
        for kind in [StoreErrorKind::Unavailable, StoreErrorKind::Timeout] {
            node.store.always(Verb::Destroy, Fault::Fail(kind));
            assert_eq!(browser.send("/now/logout/0").await.says(), (503, false));
            node.store.heal();
            assert_eq!(browser.send("/now/read/0").await.body, "1 [5] None");
        }
        // The answer is lost: dead, or told that it failed.
        let old = browser.clone();
        node.store.inject(Verb::Destroy, 1, Fault::LoseAnswer);
        let answer = browser.send("/now/logout/0").await;
        assert!(answer.status == 503 || answer.told == Told::Removal, "{answer:?}");
        assert_dead(&old).await;
        assert_eq!(browser.send("/now/logout/0").await.told, Told::Removal);
    }
}
