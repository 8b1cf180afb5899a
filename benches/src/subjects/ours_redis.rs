//! This library on Redis: the one at `REDIS_URL`, or of this machine.

use session::SessionLayer;
use session_stores::RedisStore;

use super::Subject;
use super::ours::router;
use super::web::Web;
use crate::runner::in_thread;

pub const SUBJECT: Subject = Subject {
    name: "ours-redis",
    what: "this library, RedisStore",
    build: |runtime| {
        in_thread(runtime, async || {
            let url = std::env::var("REDIS_URL").unwrap_or("redis://127.0.0.1/".into());
            let store = RedisStore::connect(url).await.expect("a Redis server");
            Web(router().layer(SessionLayer::new(store)))
        })
    },
    sessions: true,
    by_default: false,
};
