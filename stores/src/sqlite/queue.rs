//! Who writes, and when.
//!
//! The engine has one writer at a time, and waits for the disk at the end of each transaction. So what writes stands in
//! a queue, and what has come together in it while the disk was waited for goes into one transaction. Nobody is answered
//! before it is committed.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use session::{StoreError, StoreErrorKind};
use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::time::timeout;

use super::engine::{Engine, Link, late};

/// So many verbs at most go in one transaction, which nobody can interrupt.
const MOST: usize = 64;

/// A verb that writes.
pub(super) trait Write: Send + Sync + 'static {
    type Outcome: Send + 'static;

    /// What it does to the room on the disk.
    const ROOM: Room;

    /// It is given this part of the response time-out.
    const PATIENCE: u32 = 1;

    /// Whether it is several statements, which hold together.
    fn is_several(&self) -> bool {
        false
    }

    /// Whether it was refused after it had written something, which then has to go.
    fn is_undone(_: &Self::Outcome) -> bool {
        false
    }

    /// Does it. What failed, or stood in a transaction with what failed, is rolled back and done again.
    fn run(
        &self,
        engine: &Engine,
        link: &mut Link,
    ) -> impl Future<Output = Result<Self::Outcome, StoreError>> + Send;
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It may need more than it frees.
    Takes,
    /// It ends sessions: on a full disk the reserve is there for it.
    Frees,
    /// It is not worth the reserve.
    Neither,
}

/// A verb in the queue, and whom to answer.
struct Job<W: Write> {
    write: W,
    outcome: Option<W::Outcome>,
    caller: Sender<Result<W::Outcome, StoreError>>,
}

type Step<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

trait Queued: Send {
    fn is_awaited(&self) -> bool;
    fn room(&self) -> Room;
    fn is_several(&self) -> bool;
    fn is_undone(&self) -> bool;
    fn run<'a>(&'a mut self, engine: &'a Engine, link: &'a mut Link) -> Step<'a>;
    fn answer(self: Box<Self>, done: Result<(), StoreError>);
}

impl<W: Write> Queued for Job<W> {
    fn is_awaited(&self) -> bool {
        !self.caller.is_closed()
    }

    fn room(&self) -> Room {
        W::ROOM
    }

    fn is_several(&self) -> bool {
        self.write.is_several()
    }

    fn is_undone(&self) -> bool {
        self.outcome.as_ref().is_some_and(W::is_undone)
    }

    fn run<'a>(&'a mut self, engine: &'a Engine, link: &'a mut Link) -> Step<'a> {
        Box::pin(async move {
            self.outcome = Some(self.write.run(engine, link).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, done: Result<(), StoreError>) {
        let Self {
            outcome, caller, ..
        } = *self;
        // Who has gone does not want to know.
        let _ = caller.send(done.and_then(|()| outcome.ok_or_else(broken)));
    }
}

/// The verbs that wait for their turn.
#[derive(Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Box<dyn Queued>>,
    /// Whether there is a task that does them.
    is_served: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next ones that somebody waits for. If there are none, the queue is served no longer.
    fn next(&self) -> Option<Vec<Box<dyn Queued>>> {
        let mut waiting = self.lock();
        waiting.jobs.retain(|job| job.is_awaited());
        if waiting.jobs.is_empty() {
            waiting.is_served = false;
            return None;
        }
        let most = waiting.jobs.len().min(MOST);
        Some(waiting.jobs.drain(..most).collect())
    }
}

/// The task that serves a queue. If it ends before its work does, nobody waits for it in vain.
struct Serving {
    engine: Arc<Engine>,
    is_done: bool,
}

impl Serving {
    async fn run(mut self) {
        while let Some(jobs) = self.engine.queue.next() {
            self.engine.serve(jobs).await;
        }
        self.is_done = true;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.is_done {
            let mut waiting = self.engine.queue.lock();
            waiting.is_served = false;
            let abandoned = std::mem::take(&mut waiting.jobs);
            drop(waiting);
            drop(abandoned);
        }
    }
}

/// A task panicked, or the runtime is going down. What was said at that may quote values.
pub(super) fn broken() -> StoreError {
    StoreError::unavailable("the task of the verb was broken off")
}

/// Several verbs failed with one transaction.
fn shared(error: &Arc<StoreError>) -> StoreError {
    StoreError::with_source(error.kind(), Arc::clone(error))
}

/// How several verbs in one transaction came out.
enum Together {
    Committed,
    /// Nothing was done, or nothing is left of it: each is to be done alone.
    RolledBack,
    /// There was no transaction, or nobody knows what came of it.
    Failed(StoreError),
}

impl Engine {
    /// Does what writes, when its turn has come.
    ///
    /// Once begun it runs to its end, whoever is still interested: a connection that is left in the middle of a
    /// statement stays busy for as long as the engine waits for a lock, and the next writer would take another one, and
    /// the next again, until none is left to read with.
    pub(super) async fn write<W: Write>(
        self: &Arc<Self>,
        write: W,
    ) -> Result<W::Outcome, StoreError> {
        match timeout(self.response_timeout / W::PATIENCE, self.enqueue(write)).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(broken())),
            Err(_) => Err(late()),
        }
    }

    fn enqueue<W: Write>(self: &Arc<Self>, write: W) -> Receiver<Result<W::Outcome, StoreError>> {
        let (caller, answer) = oneshot::channel();
        let job = Job {
            write,
            outcome: None,
            caller,
        };
        let mut waiting = self.queue.lock();
        waiting.jobs.push_back(Box::new(job));
        if !std::mem::replace(&mut waiting.is_served, true) {
            drop(waiting);
            let serving = Serving {
                engine: Arc::clone(self),
                is_done: false,
            };
            tokio::spawn(serving.run());
        }
        answer
    }

    async fn serve(&self, mut jobs: Vec<Box<dyn Queued>>) {
        let outcome = match jobs.len() {
            0 | 1 => Together::RolledBack,
            _ => self.together(&mut jobs).await,
        };
        match outcome {
            Together::Committed => jobs.into_iter().for_each(|job| job.answer(Ok(()))),
            Together::Failed(error) => {
                let error = Arc::new(error);
                jobs.into_iter()
                    .for_each(|job| job.answer(Err(shared(&error))));
            }
            Together::RolledBack => {
                for mut job in jobs {
                    if job.is_awaited() {
                        let outcome = self.alone(job.as_mut()).await;
                        job.answer(outcome);
                    }
                }
            }
        }
    }

    async fn together(&self, jobs: &mut [Box<dyn Queued>]) -> Together {
        if jobs.iter().any(|job| job.room() == Room::Takes) && !self.has_room().await {
            return Together::RolledBack;
        }
        let mut transaction = match self.transaction().await {
            Ok(transaction) => transaction,
            Err(error) => return Together::Failed(error),
        };
        for job in jobs {
            let done = job.run(self, &mut transaction.link).await;
            if done.is_err() || job.is_undone() {
                // What the engine has rolled back by itself it does not roll back again: the connection is closed then.
                let _ = transaction.rollback().await;
                return Together::RolledBack;
            }
        }
        match transaction.commit().await {
            Ok(()) => Together::Committed,
            // The engine has rolled back, and some may find room for themselves.
            Err(error) if error.kind() == StoreErrorKind::Full => Together::RolledBack,
            Err(error) => Together::Failed(error),
        }
    }

    async fn alone(&self, job: &mut dyn Queued) -> Result<(), StoreError> {
        // Whoever was alone before may have needed the reserve.
        if job.room() == Room::Takes && !self.has_room().await {
            return Err(StoreError::from_kind(StoreErrorKind::Full));
        }
        match self.once(job).await {
            Err(error) if error.kind() == StoreErrorKind::Full && job.room() == Room::Frees => {
                self.make_room().await?;
                self.once(job).await
            }
            outcome => outcome,
        }
    }

    async fn once(&self, job: &mut dyn Queued) -> Result<(), StoreError> {
        if !job.is_several() {
            return job.run(self, &mut self.link().await?).await;
        }
        let mut transaction = self.transaction().await?;
        job.run(self, &mut transaction.link).await?;
        if job.is_undone() {
            transaction.rollback().await
        } else {
            transaction.commit().await
        }
    }
}
