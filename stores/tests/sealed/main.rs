//! Sealed records in every store that holds bytes: what a node makes of the keys that it has, and what of those that it
//! lacks.

#![cfg(all(
    feature = "sealed",
    feature = "file",
    feature = "redis",
    feature = "postgres",
    feature = "mysql",
    feature = "sqlite"
))]
#![allow(clippy::unwrap_used)]

mod contract;
#[path = "../support/mysql_server.rs"]
#[allow(dead_code)]
mod mysql_server;
#[path = "../support/postgres_server.rs"]
#[allow(dead_code)]
mod postgres_server;
#[path = "../support/redis_server.rs"]
#[allow(dead_code)]
mod redis_server;
#[path = "../support/sessions.rs"]
#[allow(dead_code)]
mod sessions;
#[path = "../support/sqlite_file.rs"]
#[allow(dead_code)]
mod sqlite_file;
mod stories;
mod tampered;

use session::{Codec, KeyRing, SealingKey};
use session_stores::mysql::MysqlStore;
use session_stores::postgres::PostgresStore;
use session_stores::redis::RedisStore;
use session_stores::sqlite::SqliteStore;
use session_stores::{Durability, FileStore};

pub(crate) fn key(seed: u8) -> SealingKey {
    let secret: Vec<u8> = (0..32).map(|n| n ^ seed).collect();
    SealingKey::new(&secret).unwrap()
}

pub(crate) fn sealed() -> Codec {
    Codec::json().sealed(KeyRing::new(key(1)))
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_and_go_over_files() {
    let dir = tempfile::tempdir().unwrap();
    stories::all(async |codec| {
        let builder = FileStore::builder(dir.path()).durability(Durability::Process);
        builder.codec(codec).build().unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_and_go_over_sqlite() {
    let (_dir, path) = sqlite_file::new_file();
    stories::all(async |codec| {
        let builder = SqliteStore::builder().codec(codec);
        builder.open(&path).await.unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_and_go_over_redis() {
    if !redis_server::available() {
        return;
    }
    let server = redis_server::Server::start(&[]);
    stories::all(async |codec| {
        let builder = RedisStore::builder().codec(codec);
        builder.connect(server.url()).await.unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_and_go_over_postgres() {
    if !postgres_server::available() {
        return;
    }
    let server = postgres_server::Server::shared();
    stories::all(async |codec| {
        let builder = PostgresStore::builder().codec(codec).table("sealed");
        let store = builder.connect(&server.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_and_go_over_mariadb() {
    if !mysql_server::available() {
        return;
    }
    let server = mysql_server::Server::shared();
    stories::all(async |codec| {
        let builder = MysqlStore::builder().codec(codec).table("sealed");
        let store = builder.connect(&server.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    })
    .await;
}
