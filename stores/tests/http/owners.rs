//! T29: one owner, several browsers, two nodes.

use session::SessionId;

use super::*;
use crate::wire::Told;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

on_each_store! {
    async fn t29_whoever_is_signed_out_everywhere_is_nowhere_signed_in(two) {
        let [one, two] = two;
        let one = Node::start(one).await;
        let two = Node::beside(two, one.clock.clone()).await;
        for ends in ["others", "revoke"] {
            let mut browsers = Vec::new();
            for node in [&one, &two, &one, &two, &one] {
                browsers.push(node.signed_in(1).await);
            }
            let stranger = one.signed_in(2).await;
            // Sign-ins and rotations of that owner that began before it, on both nodes, and end after it.
            let visitor = one.visitor().await;
            let mut late = one.late(&visitor, &["login/1"; 8]).await;
            late.extend(one.late(&browsers[2], &["rotate/0"; 8]).await);
            let mut also = two.late(&visitor.to(two.at), &["login/1"; 8]).await;
            also.extend(two.late(&browsers[1], &["rotate/0"; 8]).await);
            one.clock.advance(std::time::Duration::from_millis(1));

            let by = &mut browsers[0];
            let answer = by.send(&format!("/now/{ends}/1")).await;
            assert_eq!(answer.body, if ends == "others" { "4" } else { "5" });
            let spared = ends == "others";
            assert_eq!(by.send("/now/read/0").await.body.starts_with("1 "), spared);
            for browser in &browsers[1..] {
                assert_dead(&browser.to(one.at)).await;
                assert_dead(&browser.to(two.at)).await;
            }
            // What counts is when they came in, not when they are let through.
            one.clock.advance(std::time::Duration::from_millis(5));
            let mut answers = one.release(late).await;
            answers.extend(two.release(also).await);
            for (n, answer) in answers.iter().enumerate() {
                // A sign-in is refused. A rotation finds that its session has ended, and has lost no data by it.
                let status = if n / 8 % 2 == 0 { 409 } else { 200 };
                assert_eq!(answer.says(), (status, false), "{ends} {n}: {answer:?}");
            }
            for browser in &browsers[1..] {
                assert_dead(browser).await;
            }
            assert_eq!(stranger.peek("/now/read/0").await.body, "2 [5] None");
            // The one that was spared is as good as one that signs in now.
            let by = &mut browsers[0];
            assert_eq!(by.send("/now/rotate/0").await.says(), (200, spared));
            assert_eq!(by.send("/now/read/0").await.body.starts_with("1 "), spared);
            // Who signs in from now on is signed in.
            one.clock.advance(std::time::Duration::from_millis(1));
            let mut again = two.signed_in(1).await;
            assert_eq!(again.send("/now/read/0").await.body, "1 [5] None");
            assert_eq!(again.send("/now/revoke/1").await.body, if spared { "2" } else { "1" });
            one.clock.advance(std::time::Duration::from_millis(1));
        }
    }

    async fn t29_while_sign_ins_and_rotations_run(two) {
        let [one, two] = two;
        let one = Node::start(one).await;
        let two = Node::beside(two, one.clock.clone()).await;
        for round in 0..4 {
            let mut late = Vec::new();
            for n in 0..16 {
                let node = if n % 2 == 0 { &one } else { &two };
                let browser = node.signed_in(1).await;
                late.extend(node.late(&browser, &["rotate/0", "login/1"]).await);
            }
            one.clock.advance(std::time::Duration::from_millis(1));
            let revoke = one.browser();
            let revoked = tokio::spawn(async move { revoke.peek("/now/revoke/1").await });
            one.gate.open.add_permits(16);
            two.gate.open.add_permits(16);
            assert_eq!(revoked.await.unwrap().status, 200);
            // Whatever a browser was told, before or after: it is signed in nowhere.
            for (n, one_of_them) in late.into_iter().enumerate() {
                if let Told::Id(id) = one_of_them.await.unwrap().told {
                    let browser = Browser { at: two.at, id: Some(id) };
                    let read = browser.peek("/now/read/0").await.body;
                    assert_eq!(read, " [] None", "round {round}, request {n}");
                }
            }
            let left = two.layer.store().sessions_of(&1).await.unwrap();
            assert_eq!(left.len(), 0);
            one.clock.advance(std::time::Duration::from_millis(1));
        }
    }

    async fn t29_a_listing_shows_no_id_and_no_hash_and_a_handle_is_nothing_to_others(two) {
        let [one, two] = two;
        let one = Node::start(one).await;
        let two = Node::beside(two, one.clock.clone()).await;
        let browser = one.signed_in(1).await;
        one.clock.advance(std::time::Duration::from_millis(1));
        let other = two.signed_in(1).await;
        let stranger = one.signed_in(2).await;
        let listing = browser.peek("/now/list/0").await.body;
        assert_eq!(listing.matches("handle").count(), 2, "{listing}");
        for browser in [&browser, &other, &stranger] {
            let id = browser.id.as_ref().unwrap();
            let key = SessionId::parse(id.as_bytes()).unwrap().store_key();
            assert!(!listing.contains(&**id));
            assert!(!listing.to_lowercase().contains(&hex(&key.hash()[..8])));
            assert!(!listing.contains(&format!("{:?}", &key.hash()[..8]).replace(['[', ']'], "")));
        }
        let handles: Vec<_> = listing
            .split("SessionHandle(")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap())
            .collect();
        for handle in &handles {
            let answer = stranger.peek(&format!("/now/end/{handle}")).await;
            assert_eq!((answer.status, &*answer.body), (200, "false"));
        }
        for browser in [&browser, &other] {
            assert_eq!(browser.peek("/now/read/0").await.body, "1 [5] None");
        }
        // The oldest comes first, and is the one that asks.
        let answer = browser.peek(&format!("/now/end/{}", handles[1])).await;
        assert_eq!(answer.body, "true");
        assert_dead(&other).await;
        assert_eq!(browser.peek("/now/read/0").await.body, "1 [5] None");
    }
}
