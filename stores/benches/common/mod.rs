//! What the programs here share: options, records and requests.

#![allow(dead_code, reason = "each program uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use session::{
    Clock, Data, Header, Lifetime, Op, Record, SessionId, SessionStore, SystemClock, Timestamp,
};

/// Whether this is `cargo bench`. `cargo test` only wants to know that the program runs.
pub(crate) fn is_bench() -> bool {
    std::env::args().any(|arg| arg == "--bench")
}

/// Whether an option stands on the command line.
pub(crate) fn has(option: &str) -> bool {
    std::env::args().any(|arg| arg == option)
}

/// What stands after an option.
pub(crate) fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg != name).nth(1)
}

/// A list of numbers after an option.
pub(crate) fn numbers(name: &str, default: &[usize]) -> Vec<usize> {
    let Some(text) = option(name) else {
        return default.to_vec();
    };
    let number = |part: &str| part.replace('_', "").parse().expect("a number");
    text.split(',').map(number).collect()
}

pub(crate) fn op(now: Timestamp) -> Op {
    Op {
        now,
        grace: Duration::from_secs(10),
        max_skew: Duration::from_secs(60),
    }
}

pub(crate) fn now() -> Op {
    op(SystemClock.now())
}

/// By then every session has expired, for every clock.
pub(crate) fn long_after() -> Op {
    op(SystemClock.now() + Duration::from_secs(30 * 24 * 3600))
}

/// What an application keeps: user, token, locale, counter.
pub(crate) fn data(user: u64) -> Data {
    let mut data = Data::new();
    data.insert("user_id", user);
    data.insert("token", "5b0f8a6d2c9e4713a8d6f0b1c2e3d4a5".to_owned());
    data.insert("locale", "en-GB".to_owned());
    data.insert("visits", 0_u64);
    data
}

pub(crate) fn record(now: Timestamp, data: Data) -> Arc<Record> {
    let touch_interval = Lifetime::DEFAULT.idle / 20;
    let header = Header::new(now, Lifetime::DEFAULT, touch_interval);
    Arc::new(Record { header, data })
}

pub(crate) fn request(path: &str, id: &SessionId) -> Request {
    let cookies = format!(
        "theme=dark; __Host-id={}; _ga=GA1.1.1234567890.1700000000",
        id.expose_secret().as_str()
    );
    let request = Request::get(path).header("host", "example.org");
    let request = request.header("cookie", cookies).body(Body::empty());
    request.expect("a request")
}

/// Fills a store; the ids of its sessions.
pub(crate) async fn fill(store: &impl SessionStore, sessions: usize) -> Vec<SessionId> {
    let op = now();
    let mut ids = Vec::with_capacity(sessions);
    for user in 0..sessions {
        let id = SessionId::generate().expect("randomness");
        let record = record(op.now, data(user as u64));
        store
            .create(&op, &id.store_key(), record, None)
            .await
            .expect("room");
        ids.push(id);
    }
    ids
}

/// Splitmix64: which session is next, without a generator that costs more than the store.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * bound as u128) >> 64) as usize
    }
}

/// Thousands apart.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
