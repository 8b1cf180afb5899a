//! What is looked at and made before the first verb.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row as _, SqlitePool};
use tokio::time::Instant;

use super::builder::SqliteSetupError;
use super::statements::{SCHEMA, Statements, migration};
use super::trouble::{is_busy, is_missing};
use crate::sql::TableName;

const AGAIN: Duration = Duration::from_millis(10);

/// Turns the write-ahead log on, which the file then keeps. The engine does not wait for others when it does that.
pub(super) async fn write_ahead(
    pool: &SqlitePool,
    within: Duration,
) -> Result<(), SqliteSetupError> {
    let end = Instant::now() + within;
    loop {
        let mode = match text(pool, "PRAGMA journal_mode").await {
            Ok(mode) if mode != "wal" => text(pool, "PRAGMA journal_mode = WAL").await,
            mode => mode,
        };
        match mode {
            Err(error) if is_busy(&error) && Instant::now() < end => {}
            mode => {
                warn_of_journal(&mode?);
                return Ok(());
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Tells of what makes a pool a bad one for sessions.
pub(super) async fn inspect(pool: &SqlitePool) -> Result<(), SqliteSetupError> {
    let files = sqlx::query("PRAGMA database_list").fetch_all(pool).await?;
    for file in &files {
        let name: String = file.try_get("name")?;
        let path: Option<String> = file.try_get("file")?;
        if name == "main" && path.is_none_or(|path| path.is_empty()) {
            return Err(SqliteSetupError::InMemory);
        }
    }
    warn_of_journal(&text(pool, "PRAGMA journal_mode").await?);
    let synchronous = sqlx::query("PRAGMA synchronous").fetch_one(pool).await?;
    if synchronous.try_get::<i64, _>(0)? == 0 {
        tracing::warn!(
            target: "session",
            "the pool's connections never wait for the disk, so a power failure may damage the database; set \
             `synchronous` to FULL or NORMAL"
        );
    }
    Ok(())
}

fn warn_of_journal(mode: &str) {
    if mode != "wal" {
        tracing::warn!(
            target: "session",
            mode,
            "the database has no write-ahead log, so readers and writers wait for each other; set `journal_mode` to \
             WAL, and put it on a file system that can map files into memory"
        );
    }
}

async fn text(pool: &SqlitePool, pragma: &'static str) -> Result<String, sqlx::Error> {
    sqlx::query(pragma).fetch_one(pool).await?.try_get(0)
}

/// Whether the tables are there.
pub(super) async fn is_ready(
    pool: &SqlitePool,
    table: &TableName,
) -> Result<bool, SqliteSetupError> {
    let version = sqlx::query(Statements::new(table).schema);
    match version.fetch_all(pool).await {
        Ok(rows) => {
            let version = rows
                .first()
                .map(|row| row.try_get::<i64, _>(0))
                .transpose()?;
            match version {
                Some(version) if version > SCHEMA => Err(SqliteSetupError::Newer),
                version => Ok(version.is_some()),
            }
        }
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Makes the tables that are not there. Several processes may do so at once.
pub(super) async fn migrate(pool: &SqlitePool, table: &TableName) -> Result<(), SqliteSetupError> {
    let mut connection = pool.acquire().await?;
    let mut script = String::from("BEGIN IMMEDIATE; ");
    for statement in migration(table) {
        script.push_str(&statement);
        script.push_str("; ");
    }
    script.push_str("COMMIT");
    let made = sqlx::raw_sql(AssertSqlSafe(script))
        .execute(&mut *connection)
        .await;
    if made.is_err() {
        // Whatever was begun goes with the connection.
        connection.close_on_drop();
    }
    made?;
    drop(connection);
    is_ready(pool, table).await.map(drop)
}
