//! T14, T15: signing in while others are under way.

use super::*;
use crate::wire::Told;

on_each_store! {
    async fn t14_what_is_per_login_does_not_pass_a_sign_in(two) {
        let [store, _] = two;
        let node = Node::start(store).await;
        let mut browser = node.visitor().await;
        browser.send("/now/csrf/7").await;
        assert_eq!(browser.send("/now/read/0").await.body, " [5] Some(7)");
        let late = node.late(&browser, &["login/1"]).await;
        // Nor does one that was written while the sign-in was under way.
        browser.send("/now/csrf/8").await;
        let signed_in = node.release(late).await;
        browser.keep(&signed_in[0]);
        assert_eq!(browser.send("/now/read/0").await.body, "1 [5] None");
    }

    async fn t15_fifty_requests_that_are_late_for_a_sign_in(two) {
        let [store, _] = two;
        let node = Node::start(store).await;
        let mut browser = node.visitor().await;
        let old = browser.clone();
        let late = node.late(&browser, &[["read/0", "add/6"]; 25].concat()).await;
        assert_eq!(browser.send("/now/login/1").await.says(), (200, true));
        for (n, answer) in node.release(late).await.iter().enumerate() {
            let status = if n % 2 == 0 { 200 } else { 409 };
            assert_eq!(answer.says(), (status, false), "{answer:?}");
        }
        assert_eq!(browser.send("/now/read/0").await.body, "1 [5] None");
        assert_dead(&old).await;
    }

    async fn t15_fifty_requests_at_once_and_one_of_them_signs_in(two) {
        let [store, _] = two;
        let node = Node::start(store).await;
        let mut lost = 0;
        for _ in 0..6 {
            let mut browser = node.visitor().await;
            let old = browser.clone();
            let acts: Vec<String> = (0..50)
                .map(|n| match n {
                    25 => "login/1".to_owned(),
                    n if n % 2 == 0 => "read/0".to_owned(),
                    n => format!("add/{}", 100 + n),
                })
                .collect();
            let late = node.late(&browser, &acts.iter().map(String::as_str).collect::<Vec<_>>()).await;
            let answers = node.release(late).await;
            let mut cart = vec![5];
            for (n, answer) in answers.iter().enumerate() {
                match (n, answer.says()) {
                    (25, (200, true)) => browser.keep(answer),
                    (n, (200, false)) if n % 2 == 0 => {}
                    (n, (200, false)) => cart.push(100 + n as u64),
                    (n, (409, false)) if n % 2 == 1 => lost += 1,
                    _ => panic!("{n}: {answer:?}"),
                }
            }
            // What was acknowledged is in the session that has the new id, and nothing else.
            let read = browser.peek("/now/read/0").await.body;
            let stored = read.strip_prefix("1 [").unwrap().strip_suffix("] None").unwrap();
            let mut stored: Vec<u64> = stored.split(", ").map(|n| n.parse().unwrap()).collect();
            stored.sort_unstable();
            cart.sort_unstable();
            assert_eq!(stored, cart);
            assert_dead(&old).await;
        }
        assert!(lost > 0, "no writer was ever late");
    }

    async fn t15_pressed_twice_and_answered_in_any_order(two) {
        let [store, _] = two;
        let node = Node::start(store).await;
        for at_once in [true, false] {
            let browser = node.visitor().await;
            let first = node.late(&browser, &["login/1"]).await;
            let second = node.late(&browser, &["login/1"]).await;
            let mut answers = Vec::new();
            if at_once {
                answers = node.release(first.into_iter().chain(second).collect()).await;
            } else {
                answers.extend(node.release(first).await);
                answers.extend(node.release(second).await);
            }
            for order in [[0, 1], [1, 0]] {
                let mut browser = browser.clone();
                for n in order {
                    assert!(matches!(answers[n].told, Told::Id(_)), "{:?}", answers[n]);
                    browser.keep(&answers[n]);
                }
                assert_eq!(browser.send("/now/read/0").await.body, "1 [5] None");
            }
            assert_dead(&browser).await;
        }
    }

    async fn t15_who_signs_in_under_anothers_tombstone_finds_nothing_of_theirs(two) {
        let [store, _] = two;
        let node = Node::start(store).await;
        for at_once in [true, false] {
            let mut browser = node.visitor().await;
            let late = node.late(&browser, &["login/2"]).await;
            let left_behind = browser.clone();
            let mut other = browser.clone();
            browser.send("/now/login/1").await;
            browser.send("/now/add/6").await;
            // Kept through a change of owner, but this is none.
            browser.send("/now/theme/9").await;
            let answers = node.release(late).await;
            other.keep(&answers[0]);
            if !at_once {
                other = left_behind.clone();
                other.send("/now/login/2").await;
            }
            assert_eq!(other.send("/now/read/0").await.body, "2 [] None");
            assert_eq!(other.send("/now/look/0").await.body, "None");
            assert_eq!(browser.send("/now/read/0").await.body, "1 [5, 6] None");
        }
    }
}
