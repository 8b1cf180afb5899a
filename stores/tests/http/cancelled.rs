//! T54: clients that go away at any point, between the first byte that they send and the last that they are sent.

use std::time::Duration;

use session::testing::{Fault, Verb};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// `SplitMix64`: small, and good enough to pick points.
struct Prng(u64);

impl Prng {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (z ^ (z >> 27)) % bound
    }
}

/// Sends so much of a request, waits for so long, reads so much of the answer, and goes: the answer, if it was whole.
async fn impatient(browser: &Browser, path: &str, prng: &mut Prng) -> Option<Answer> {
    let request = browser.request(path);
    let mut stream = TcpStream::connect(browser.at).await.unwrap();
    if prng.below(8) == 0 {
        let half = prng.below(request.len() as u64) as usize;
        stream.write_all(&request[..half]).await.unwrap();
        return None;
    }
    stream.write_all(&request).await.unwrap();
    if prng.below(2) == 0 {
        // In the load, in the handler, or in the commit.
        tokio::time::sleep(Duration::from_micros(prng.below(12_000))).await;
        return None;
    }
    let mut answer = Vec::new();
    if prng.below(8) == 0 {
        let mut half = vec![0; 1 + prng.below(100) as usize];
        let _ = stream.read(&mut half).await.unwrap();
        return None;
    }
    stream.read_to_end(&mut answer).await.unwrap();
    Some(Answer::parse(&answer))
}

/// One browser's requests. Whatever it is shown is its own: what it put into its cart, and who it signed in as.
async fn visit(mut browser: Browser, number: u64, requests: u64, mut prng: Prng) -> u64 {
    let mut answered = 0;
    let check = |answer: &Answer| {
        let (user, rest) = answer.body.split_once(' ').unwrap();
        assert!(user.is_empty() || user == number.to_string(), "{answer:?}");
        let cart = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let added = cart.unwrap().0.split(", ").filter(|n| !n.is_empty());
        for n in added {
            assert_eq!(n.parse::<u64>().unwrap() >> 32, number, "{answer:?}");
        }
    };
    for n in 0..requests {
        let act = match prng.below(10) {
            0..4 => format!("add/{}", (number << 32) + n),
            4..7 => "read/0".to_owned(),
            7 => "rotate/0".to_owned(),
            8 => format!("login/{number}"),
            _ => "logout/0".to_owned(),
        };
        let answer = impatient(&browser, &format!("/now/{act}"), &mut prng).await;
        let Some(answer) = answer else { continue };
        answered += 1;
        assert!([200, 409].contains(&answer.status), "{act}: {answer:?}");
        if act == "read/0" {
            check(&answer);
        }
        browser.keep(&answer);
    }
    check(&browser.peek("/now/read/0").await);
    answered
}

fn tasks_alive() -> usize {
    let runtime = tokio::runtime::Handle::current();
    runtime.metrics().num_alive_tasks()
}

async fn eventually(is_so: impl Fn() -> bool, otherwise: &str) {
    for _ in 0..4_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{otherwise}");
}

async fn cancelled(browsers: u64, requests: u64) {
    let before = tasks_alive();
    let node = Node::start(MemoryStore::new()).await;
    for (verb, fault) in [
        (Verb::Read, Fault::Delay(Duration::from_millis(1))),
        (Verb::Save, Fault::Delay(Duration::from_millis(2))),
        (Verb::Create, Fault::DelayAnswer(Duration::from_millis(2))),
        (Verb::Rotate, Fault::DelayAnswer(Duration::from_millis(3))),
        (Verb::Destroy, Fault::Delay(Duration::from_millis(1))),
    ] {
        node.store.always(verb, fault);
    }
    let visits: Vec<_> = (1..=browsers)
        .map(|number| tokio::spawn(visit(node.browser(), number, requests, Prng(number))))
        .collect();
    let mut answered = 0;
    for visit in visits {
        answered += visit.await.unwrap();
    }
    let all = browsers * requests;
    println!("{answered} of {all} requests were answered");
    assert!(answered * 4 > all && answered * 4 < all * 3, "{answered}");

    // Nothing is left of them: no commit, no connection, no handle that holds the store.
    let drained = tokio::time::timeout(Duration::from_secs(60), node.layer.drain());
    drained
        .await
        .expect("every commit that was handed off ends");
    node.served.abort();
    eventually(|| tasks_alive() == before, "a task that does not end").await;
    let Node { store, layer, .. } = node;
    drop(layer);
    eventually(
        || Arc::strong_count(&store) == 1,
        "something holds the store",
    )
    .await;
}

on_each_store! {
    async fn t54_a_commit_ends_although_its_client_is_gone(two) {
        let [store, _] = two;
        let node = Node::start(store).await;
        let browser = node.signed_in(1).await;
        node.store.inject(Verb::Save, 1, Fault::Delay(Duration::from_millis(500)));
        let mut stream = TcpStream::connect(browser.at).await.unwrap();
        stream.write_all(&browser.request("/now/add/6")).await.unwrap();
        eventually(|| node.store.pending() == 0, "no commit has begun").await;
        // The handler has returned, and the store is at work.
        drop(stream);
        for _ in 0..200 {
            if browser.peek("/now/read/0").await.body == "1 [5, 6] None" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the commit went with its client");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t54_two_thousand_requests_that_are_cut() {
    cancelled(40, 50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a while: ten thousand requests"]
async fn t54_ten_thousand_requests_that_are_cut() {
    cancelled(40, 250).await;
}
