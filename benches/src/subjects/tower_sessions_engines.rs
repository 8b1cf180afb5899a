//! tower-sessions on engines: served by the program in `engines`.

use super::Subject;
use crate::engine::Engine;

const fn subject(name: &'static str, what: &'static str, engine: Engine) -> Subject {
    Subject {
        name,
        what,
        build: None,
        sessions: true,
        by_default: false,
        engine: Some(engine),
    }
}

pub const REDIS: Subject = subject(
    "tower-sessions-redis",
    "tower-sessions 0.14, RedisStore, 6 connections as its documentation has it",
    Engine::Redis,
);

pub const SQLITE: Subject = subject(
    "tower-sessions-sqlite",
    "tower-sessions 0.14, SqliteStore, write-ahead log, synchronous = FULL",
    Engine::Sqlite,
);

pub const SQLITE_NORMAL: Subject = subject(
    "tower-sessions-sqlite-normal",
    "the same, synchronous = NORMAL",
    Engine::Sqlite,
);

pub const POSTGRES: Subject = subject(
    "tower-sessions-postgres",
    "tower-sessions 0.14, PostgresStore, a pool of 10",
    Engine::Postgres,
);
