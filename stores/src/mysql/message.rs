//! What goes out in one round trip, and what comes back.

use std::future::poll_fn;
use std::sync::Arc;

use session::{StoreError, StoreErrorKind};
use sqlx::mysql::{MySqlArguments, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Either, Executor, Row};
use tokio::time::{Instant, timeout_at};

use super::trouble::store_error;

/// What goes out in one round trip.
pub(super) enum Call<'a> {
    /// A prepared statement that gives rows, of which the first column tells whether the server takes no writes. Such
    /// a server is not believed: it may not know yet who has signed out.
    Rows(&'a Arc<str>, MySqlArguments),
    /// A prepared statement that changes rows.
    Change(&'a Arc<str>, MySqlArguments),
    /// Statements as text, of which one gives rows.
    Text(&'a str),
    /// Statements as text that are one transaction.
    Transaction(&'a str),
    /// The same, with one among them that gives rows.
    Shown(&'a str),
    /// Statements as text: one that gives rows as [`Rows`](Self::Rows) does, and then one that changes rows. What was
    /// read is an answer even where nothing could be changed in time.
    RowsThenChange(&'a str),
}

/// What came back.
pub(super) enum Answer {
    Rows(Vec<MySqlRow>),
    /// Rows, and how many were found to be changed after they were read.
    RowsThenFound(Vec<MySqlRow>, Result<u64, StoreError>),
    /// How many rows were found to be changed.
    Found(u64),
    /// Nothing was done: another row stands under this key.
    Duplicate,
}

impl Answer {
    pub(super) fn rows(self) -> Vec<MySqlRow> {
        match self {
            Self::Rows(rows) | Self::RowsThenFound(rows, _) => rows,
            Self::Found(_) | Self::Duplicate => Vec::new(),
        }
    }

    pub(super) fn found(&self) -> u64 {
        match self {
            Self::Found(found) => *found,
            Self::Rows(_) | Self::RowsThenFound(..) | Self::Duplicate => 0,
        }
    }
}

impl Call<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            // What is bound is not told; whoever binds a record asks `fits` itself.
            Self::Rows(text, _) | Self::Change(text, _) => text.len(),
            Self::Text(text)
            | Self::Transaction(text)
            | Self::Shown(text)
            | Self::RowsThenChange(text) => text.len(),
        }
    }

    /// `until` is when whoever makes the call gives it up.
    pub(super) async fn send(
        &self,
        connection: &mut MySqlConnection,
        until: Instant,
    ) -> Result<Answer, sqlx::Error> {
        let safe = |text: &Arc<str>| AssertSqlSafe(Arc::clone(text));
        match self {
            Self::Rows(text, arguments) => {
                let query = sqlx::query_with(safe(text), arguments.clone());
                connection.fetch_all(query).await.map(Answer::Rows)
            }
            Self::Change(text, arguments) => {
                let query = sqlx::query_with(safe(text), arguments.clone());
                let done = connection.execute(query).await?;
                Ok(Answer::Found(done.rows_affected()))
            }
            Self::Text(text) | Self::Shown(text) => {
                let query = sqlx::raw_sql(AssertSqlSafe(*text));
                connection.fetch_all(query).await.map(Answer::Rows)
            }
            Self::RowsThenChange(text) => rows_then_change(connection, text, until).await,
            Self::Transaction(text) => {
                let query = sqlx::raw_sql(AssertSqlSafe(*text));
                let done = connection.execute(query).await?;
                Ok(Answer::Found(done.rows_affected()))
            }
        }
    }
}

async fn rows_then_change(
    connection: &mut MySqlConnection,
    text: &str,
    until: Instant,
) -> Result<Answer, sqlx::Error> {
    let mut answers = connection.fetch_many(sqlx::raw_sql(AssertSqlSafe(text)));
    let (mut rows, mut found) = (Vec::new(), 0);
    loop {
        let next = poll_fn(|context| answers.as_mut().poll_next(context));
        // Whoever makes the call has the same deadline, and asks here first.
        let next = if rows.is_empty() {
            Ok(next.await)
        } else {
            timeout_at(until, next).await
        };
        let Ok(next) = next else {
            let late = StoreError::from_kind(StoreErrorKind::Timeout);
            return Ok(Answer::RowsThenFound(rows, Err(late)));
        };
        match next {
            Some(Ok(Either::Left(done))) => found = done.rows_affected(),
            Some(Ok(Either::Right(row))) => rows.push(row),
            None => return Ok(Answer::RowsThenFound(rows, Ok(found))),
            Some(Err(error)) if rows.is_empty() => return Err(error),
            Some(Err(error)) => return Ok(Answer::RowsThenFound(rows, Err(store_error(&error)))),
        }
    }
}

/// Whether these come from a server that takes no writes.
pub(super) fn takes_no_writes(rows: &[MySqlRow]) -> Result<bool, sqlx::Error> {
    let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    Ok(first.try_get::<i64, _>(0)? != 0)
}
