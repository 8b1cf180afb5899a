//! A database file of a test's own, and somebody else's connection to it.

use std::path::{Path, PathBuf};

use session_stores::sqlite::driver::sqlite::SqliteConnectOptions;
use session_stores::sqlite::driver::{ConnectOptions, SqliteConnection, query};

pub(crate) fn new_file() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.db");
    (dir, path)
}

pub(crate) async fn other(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.connect().await.unwrap()
}

pub(crate) async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    query(sql).execute(connection).await.unwrap();
}
