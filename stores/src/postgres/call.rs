//! One statement: a connection for it, the deadline, and what is repeated.

use std::time::Duration;

use session::{Codec, Op, StoreError, StoreErrorKind};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Connection, PgPool, Postgres};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::statements::Statements;
use super::together::Saves;
use super::trouble::{Trouble, store_error};

/// The first pause before a statement is repeated that was taken back; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// What all calls share.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) pool: PgPool,
    pub(super) statements: Statements,
    pub(super) codec: Codec,
    pub(super) saves: Saves,
    pub(super) timeout: Duration,
}

/// Whether a statement may be sent again when the connection broke under it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Done twice it is as done once.
    Harmless,
    /// The caller has to look first.
    Never,
}

/// A verb under way: its statements share one deadline.
pub(super) struct Verb<'a> {
    pub(super) engine: &'a Engine,
    pub(super) op: &'a Op,
    pub(super) until: Instant,
}

impl Engine {
    pub(super) fn verb<'a>(&'a self, op: &'a Op) -> Verb<'a> {
        Verb {
            engine: self,
            op,
            until: Instant::now() + self.timeout,
        }
    }
}

impl Verb<'_> {
    /// Sends a statement, and gives all rows of its answer: only then is what it did committed.
    pub(super) async fn rows<'q>(
        &self,
        again: Again,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, Failure> {
        timeout_at(self.until, self.attempts(again, query))
            .await
            .unwrap_or(Err(Failure::Timeout))
    }

    async fn attempts<'q>(
        &self,
        mut again: Again,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, Failure> {
        let mut connection = Lent::of(self.engine).await?;
        let mut pause = PAUSE;
        loop {
            let error = match query().fetch_all(connection.get()).await {
                Ok(rows) => {
                    connection.give_back();
                    return Ok(rows);
                }
                Err(error) => error,
            };
            match Trouble::of(&error) {
                Trouble::TakenBack => {
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Trouble::Broken => {
                    connection.close();
                    if again == Again::Never {
                        return Err(error.into());
                    }
                    again = Again::Never;
                    connection = self.alive().await?;
                }
                _ => {
                    connection.give_back();
                    return Err(error.into());
                }
            }
        }
    }

    /// A connection that answers. Where one has broken, those that lay idle beside it mostly have too.
    async fn alive(&self) -> Result<Lent, Failure> {
        loop {
            let mut connection = Lent::of(self.engine).await?;
            match connection.get().ping().await {
                Ok(()) => return Ok(connection),
                Err(_) => connection.close(),
            }
        }
    }
}

/// Why there are no rows.
pub(super) enum Failure {
    Timeout,
    Sql(sqlx::Error),
}

impl Failure {
    /// What the engine said.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Timeout => None,
            Self::Sql(error) => Some(Trouble::of(error)),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Timeout => Self::from_kind(StoreErrorKind::Timeout),
            Failure::Sql(error) => store_error(&error),
        }
    }
}

/// A connection of the pool. If it is dropped while an answer is due, the answer is awaited behind the caller's back;
/// where none comes, the connection goes, and its place is free.
struct Lent {
    connection: Option<PoolConnection<Postgres>>,
    timeout: Duration,
}

impl Lent {
    async fn of(engine: &Engine) -> Result<Self, sqlx::Error> {
        Ok(Self {
            connection: Some(engine.pool.acquire().await?),
            timeout: engine.timeout,
        })
    }

    fn get(&mut self) -> &mut sqlx::PgConnection {
        self.connection.as_mut().expect("it is given back but once")
    }

    fn give_back(mut self) {
        self.connection = None;
    }

    fn close(mut self) {
        drop(self.connection.take().map(PoolConnection::detach));
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let patience = self.timeout;
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if !matches!(timeout(patience, connection.ping()).await, Ok(Ok(()))) {
                        drop(connection.detach());
                    }
                });
            }
            Err(_) => drop(connection.detach()),
        }
    }
}
