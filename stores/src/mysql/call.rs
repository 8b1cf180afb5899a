//! One call to the engine, and what is done when it fails.

use std::time::Duration;

use session::{Codec, CommitId, Op, StoreError, StoreErrorKind};
use sqlx::Executor;
use sqlx::mysql::{MySqlPool, MySqlRow};
use tokio::time::{Instant, sleep, timeout_at};

use super::due::Due;
use super::link::{Lent, drop_idle, lend};
use super::message::{Answer, Call, takes_no_writes};
use super::schema::Schema;
use super::text::BEGIN;
use super::trouble::{Trouble, store_error, too_large};
use crate::sql::millis;

/// The longest pause before what the engine has undone is repeated, at first; each further one may be twice as long.
const PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

const READ_ONLY: &str = "the engine takes no writes, and so may be a replica that lags behind: its answers are not used";

/// What all calls share.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) pool: MySqlPool,
    pub(super) schema: Schema,
    pub(super) codec: Codec,
    pub(super) timeout: Duration,
    /// The engine takes no statement as long as this.
    pub(super) max_packet: usize,
    pub(super) due: Due,
}

/// Whether a call may be sent again when the connection broke under it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Done twice it is as done once.
    Harmless,
    /// The caller has to look first.
    Never,
}

/// What a transaction does once it has its locks and has seen what there is.
pub(super) enum Next<T> {
    /// Nothing: this is the answer.
    End(T),
    /// These statements, and then this is the answer.
    Write(String, T),
}

/// A verb under way: its calls share one deadline.
pub(super) struct Verb<'a> {
    pub(super) engine: &'a Engine,
    pub(super) op: &'a Op,
    until: Instant,
}

impl Engine {
    pub(super) fn verb<'a>(&'a self, op: &'a Op) -> Verb<'a> {
        self.verb_within(op, self.timeout)
    }

    pub(super) fn verb_within<'a>(&'a self, op: &'a Op, time: Duration) -> Verb<'a> {
        Verb {
            engine: self,
            op,
            until: Instant::now() + time,
        }
    }
}

impl Verb<'_> {
    pub(super) fn now(&self) -> i64 {
        millis(self.op.now)
    }

    /// Whether the engine takes a statement of this length. It would end the connection over one that is longer.
    pub(super) fn fits(&self, len: usize) -> Result<(), StoreError> {
        if len < self.engine.max_packet {
            Ok(())
        } else {
            Err(too_large())
        }
    }

    /// Makes a call, and repeats it where nothing was done or where doing it twice does no harm.
    pub(super) async fn call(&self, again: Again, call: Call<'_>) -> Result<Answer, StoreError> {
        self.fits(call.len())?;
        let mut tries = Tries::new(self, again);
        let attempts = async {
            loop {
                match self.once(&call).await {
                    Ok(answer) => return Ok(answer),
                    Err(failure) => tries.failed(failure).await?,
                }
            }
        };
        let answer = timeout_at(self.until, attempts).await;
        answer.unwrap_or_else(|_| Err(tries.timed_out()))
    }

    /// Takes locks and looks by the statements of `first`, decides, and writes: two round trips. All of it is repeated
    /// where the engine has undone it.
    pub(super) async fn transaction<T>(
        &self,
        again: Again,
        first: &str,
        mut decide: impl FnMut(Vec<MySqlRow>) -> Result<Next<T>, StoreError>,
    ) -> Result<T, StoreError> {
        let first = format!("{BEGIN}{first}");
        let mut tries = Tries::new(self, again);
        let attempts = async {
            loop {
                match self.transact(&first, &mut decide).await {
                    Ok(answer) => return answer,
                    Err(failure) => tries.failed(failure).await?,
                }
            }
        };
        let answer = timeout_at(self.until, attempts).await;
        answer.unwrap_or_else(|_| Err(tries.timed_out()))
    }

    async fn once(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let mut lent = lend(&self.engine.pool).await?;
        let error = match call.send(&mut lent, self.until).await {
            Ok(Answer::Rows(rows)) if matches!(call, Call::Rows(..)) && takes_no_writes(&rows)? => {
                return Err(Failure::ReadOnly);
            }
            Ok(Answer::RowsThenFound(rows, _)) if takes_no_writes(&rows)? => {
                return Err(Failure::ReadOnly);
            }
            // Its connection may not have been heard to the end.
            Ok(answer @ Answer::RowsThenFound(_, Err(_))) => return Ok(answer),
            Ok(answer) => {
                lent.give_back();
                return Ok(answer);
            }
            Err(error) => error,
        };
        match call {
            Call::Transaction(_) | Call::Shown(_) => roll_back(lent, &error).await,
            _ if is_in_order(&error) => lent.give_back(),
            _ => {}
        }
        match Trouble::of(&error) {
            Trouble::Duplicate => Ok(Answer::Duplicate),
            _ => Err(error.into()),
        }
    }

    async fn transact<T>(
        &self,
        first: &str,
        decide: &mut impl FnMut(Vec<MySqlRow>) -> Result<Next<T>, StoreError>,
    ) -> Result<Result<T, StoreError>, Failure> {
        let mut lent = lend(&self.engine.pool).await?;
        let rows = match Call::Text(first).send(&mut lent, self.until).await {
            Ok(answer) => answer.rows(),
            Err(error) => {
                roll_back(lent, &error).await;
                return Err(error.into());
            }
        };
        let answer = match decide(rows) {
            Ok(Next::Write(text, answer)) => {
                if let Err(error) = self.fits(text.len()) {
                    Err(error)
                } else if let Err(error) =
                    Call::Transaction(&text).send(&mut lent, self.until).await
                {
                    roll_back(lent, &error).await;
                    return Err(error.into());
                } else {
                    lent.give_back();
                    return Ok(Ok(answer));
                }
            }
            Ok(Next::End(answer)) => Ok(answer),
            Err(error) => Err(error),
        };
        roll_back_all(lent).await;
        Ok(answer)
    }
}

/// Why a call failed.
enum Failure {
    Driver(sqlx::Error),
    /// It was answered by a server that takes no writes.
    ReadOnly,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

/// Whether the connection can be used on after this error: the engine has told it as the answer to a statement.
fn is_in_order(error: &sqlx::Error) -> bool {
    let answered = matches!(error, sqlx::Error::Database(_));
    answered && !matches!(Trouble::of(error), Trouble::Broken | Trouble::ReadOnly)
}

async fn roll_back(lent: Lent, error: &sqlx::Error) {
    if is_in_order(error) {
        roll_back_all(lent).await;
    }
}

/// Ends a transaction without effect. Where that fails the connection is closed, which does the same.
async fn roll_back_all(mut lent: Lent) {
    let query = sqlx::raw_sql("ROLLBACK");
    if lent.execute(query).await.is_ok() {
        lent.give_back();
    }
}

/// The attempts of one call.
struct Tries<'a> {
    verb: &'a Verb<'a>,
    again: Again,
    pause: Duration,
    /// Why there was another attempt.
    last: Option<StoreError>,
}

impl<'a> Tries<'a> {
    fn new(verb: &'a Verb<'a>, again: Again) -> Self {
        Self {
            verb,
            again,
            pause: PAUSE,
            last: None,
        }
    }

    /// Returns when it is time for another attempt; the error if there is none to be made.
    async fn failed(&mut self, failure: Failure) -> Result<(), StoreError> {
        let (trouble, error) = match failure {
            Failure::Driver(error) => (Trouble::of(&error), store_error(&error)),
            Failure::ReadOnly => (Trouble::ReadOnly, StoreError::unavailable(READ_ONLY)),
        };
        match trouble {
            // Within a transaction a duplicate is a row that has come since it looked.
            Trouble::Undone | Trouble::Duplicate => {}
            Trouble::ReadOnly => drop_idle(&self.verb.engine.pool),
            Trouble::Broken => {
                drop_idle(&self.verb.engine.pool);
                if self.again == Again::Never {
                    return Err(error);
                }
                self.again = Again::Never;
            }
            Trouble::Full | Trouble::TooLarge | Trouble::NoTable | Trouble::Refused => {
                return Err(error);
            }
        }
        self.last = Some(error);
        sleep(self.pause.mul_f64(share())).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    /// The error where there was no answer in time. If the engine has said why, that tells more than a time-out would.
    fn timed_out(&mut self) -> StoreError {
        let last = self.last.take();
        last.unwrap_or_else(|| StoreError::from_kind(StoreErrorKind::Timeout))
    }
}

/// A random share of a pause, so that those who met do not meet again.
fn share() -> f64 {
    f64::from(CommitId::generate().to_bytes()[0]) / 255.0
}
