//! Saves that come together go together.
//!
//! A save costs the engine a statement, a transaction and a wait for the disk: far more than the row. So only so many
//! are under way at once, and what has come meanwhile goes in one statement. That one waits for nobody's row: what
//! somebody has locked is left out, and saved by a statement of its own.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use session::{Op, StoreError, StoreErrorKind, StoreKey, Version};
use sqlx::{Row, query};
use tokio::runtime::Handle;
use tokio::sync::oneshot::{self, Sender};
use tokio::time::{timeout, timeout_at};

use super::call::{Again, Engine, Failure, Verb};
use super::trouble::Trouble;
use super::verbs::bind;
use crate::sql::{Columns, millis};

/// So many statements that save are under way before the next save waits for one of them.
const AT_ONCE: usize = 2;

/// Until then a statement keeps others waiting. One that takes longer waits for something itself, for a row that somebody
/// has locked perhaps, and that is nothing to the others.
const LONGEST: Duration = Duration::from_millis(20);

/// So many saves go in one statement at most.
const MOST: usize = 64;

/// A larger record has a statement of its own: nobody else waits for it.
const LARGEST: usize = 16 * 1024;

/// What a save wants stored.
pub(super) struct Save {
    pub(super) op: Op,
    pub(super) key: StoreKey,
    pub(super) expected: Version,
    pub(super) columns: Columns,
}

/// How a save came out.
pub(super) enum Saved {
    Stored,
    /// Another state stands there, or nothing that lives, or somebody has it locked.
    Not,
    /// The engine refused it or another one: it is to be tried alone.
    Unclear,
}

struct Job {
    save: Save,
    caller: Sender<Result<Saved, StoreError>>,
}

#[derive(Default)]
pub(super) struct Saves(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    under_way: usize,
}

impl Saves {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Saves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Saves")
    }
}

impl Waiting {
    /// The next ones that somebody waits for. Of several of one session the engine stores one.
    fn next(&mut self) -> Vec<Job> {
        self.jobs.retain(|job| !job.caller.is_closed());
        let most = self.jobs.len().min(MOST);
        self.jobs.drain(..most).collect()
    }
}

/// A statement that saves is under way. When it ends, those that wait come next.
struct UnderWay(Arc<Engine>);

impl UnderWay {
    async fn during<F: Future>(self, statement: F) -> F::Output {
        let mut statement = pin!(statement);
        match timeout(LONGEST, statement.as_mut()).await {
            Ok(output) => output,
            Err(_) => {
                drop(self);
                statement.await
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut waiting = self.0.saves.lock();
        let jobs = waiting.next();
        if jobs.is_empty() {
            waiting.under_way -= 1;
            return;
        }
        drop(waiting);
        let (under_way, engine) = (Self(Arc::clone(&self.0)), Arc::clone(&self.0));
        // Where the runtime goes down nobody waits any more.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { under_way.during(engine.save_all(jobs)).await });
        }
    }
}

impl Engine {
    /// Saves when its turn has come.
    pub(super) async fn save(
        self: &Arc<Self>,
        verb: &Verb<'_>,
        save: Save,
    ) -> Result<Saved, StoreError> {
        if save.columns.data.len() > LARGEST {
            return verb.save(&save).await;
        }
        let (caller, answer) = oneshot::channel();
        match self.turn(Job { save, caller }) {
            Some((under_way, job)) => under_way.during(verb.save(&job.save)).await,
            None => match timeout_at(verb.until, answer).await {
                Ok(answer) => answer.unwrap_or_else(|_| Err(broken_off())),
                Err(_) => Err(StoreError::from_kind(StoreErrorKind::Timeout)),
            },
        }
    }

    /// Hands the job back if it need not wait.
    fn turn(self: &Arc<Self>, job: Job) -> Option<(UnderWay, Job)> {
        let mut waiting = self.saves.lock();
        if waiting.under_way == AT_ONCE {
            waiting.jobs.push(job);
            return None;
        }
        waiting.under_way += 1;
        Some((UnderWay(Arc::clone(self)), job))
    }

    async fn save_all(&self, jobs: Vec<Job>) {
        let op = jobs[0].save.op;
        match self.verb(&op).save_together(&jobs).await {
            Ok(stored) => {
                for Job { save, caller } in jobs {
                    let commit = &save.columns.commit_id[..];
                    let is_stored = stored
                        .iter()
                        .any(|(key, id)| key == save.key.hash() && id == commit);
                    // Who has gone does not want to know.
                    let _ = caller.send(Ok(if is_stored { Saved::Stored } else { Saved::Not }));
                }
            }
            Err(failure) => {
                let is_unknown = matches!(
                    failure.trouble(),
                    None | Some(Trouble::Broken | Trouble::Timeout)
                );
                let error = Arc::new(StoreError::from(failure));
                for job in jobs {
                    let _ = job.caller.send(if is_unknown {
                        Err(StoreError::with_source(error.kind(), Arc::clone(&error)))
                    } else {
                        Ok(Saved::Unclear)
                    });
                }
            }
        }
    }
}

fn broken_off() -> StoreError {
    StoreError::unavailable("the task of the save was broken off")
}

impl Verb<'_> {
    pub(super) async fn save(&self, save: &Save) -> Result<Saved, StoreError> {
        let statement = || {
            let statement = query(self.engine.statements.save.clone());
            let statement = statement.bind(self.now()).bind(save.expected.to_bytes());
            bind(statement, &save.key, &save.columns)
        };
        let rows = self.rows(Again::Never, statement).await?;
        Ok(if rows.is_empty() {
            Saved::Not
        } else {
            Saved::Stored
        })
    }

    /// Key and commit of those that were stored.
    async fn save_together(&self, jobs: &[Job]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Failure> {
        fn all<'a, T>(jobs: &'a [Job], column: impl Fn(&'a Save) -> T) -> Vec<T> {
            jobs.iter().map(|job| column(&job.save)).collect()
        }
        let statement = || {
            query(self.engine.statements.save_all.clone())
                .bind(all(jobs, |save| millis(save.op.now)))
                .bind(all(jobs, |save| save.expected.to_bytes().to_vec()))
                .bind(all(jobs, |save| &save.key.hash()[..]))
                .bind(all(jobs, |save| &save.columns.version[..]))
                .bind(all(jobs, |save| &save.columns.commit_id[..]))
                .bind(all(jobs, |save| &save.columns.handle[..]))
                .bind(all(jobs, |save| {
                    save.columns.owner.as_ref().map(|owner| &owner[..])
                }))
                .bind(all(jobs, |save| save.columns.created))
                .bind(all(jobs, |save| save.columns.authenticated_at))
                .bind(all(jobs, |save| save.columns.last_seen))
                .bind(all(jobs, |save| save.columns.idle_for))
                .bind(all(jobs, |save| save.columns.idle_deadline))
                .bind(all(jobs, |save| save.columns.absolute_deadline))
                .bind(all(jobs, |save| save.columns.expires_at()))
                .bind(all(jobs, |save| &save.columns.header[..]))
                .bind(all(jobs, |save| &save.columns.data[..]))
        };
        let rows = self.rows(Again::Never, statement).await?;
        let pairs = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        pairs
            .collect::<Result<_, sqlx::Error>>()
            .map_err(Failure::from)
    }
}
