//! This library on Redis.

use session::SessionLayer;
use session_stores::RedisStore;

use super::Subject;
use super::ours::router;
use super::web::Web;
use crate::engine::Engine;
use crate::runner::in_thread;

pub const SUBJECT: Subject = Subject {
    name: "ours-redis",
    what: "this library, RedisStore",
    build: Some(|runtime| {
        in_thread(runtime, async || {
            let address = Engine::Redis.address().expect("a Redis server");
            let store = RedisStore::connect(address).await.expect("a store");
            let layer = SessionLayer::new(store);
            Web(router().layer(layer))
        })
    }),
    sessions: true,
    by_default: false,
    engine: Some(Engine::Redis),
};
