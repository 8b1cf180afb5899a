//! What all requests of one layer share.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

use crate::config::{Config, Hooks};
use crate::error::Error;
use crate::id::StoreKey;
use crate::layer::Sweeper;
use crate::schema::Registry;
use crate::store::{ErasedStore, Op, StoreError, StoreErrorKind, StoreFuture};
use crate::time::{Clock, Timestamp};
use crate::transport::IdTransport;

pub(crate) struct Shared {
    pub(crate) store: Box<dyn ErasedStore>,
    pub(crate) transport: Box<dyn IdTransport>,
    /// What the transport reads, as a value of `Vary`.
    pub(crate) vary: HeaderValue,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) config: Config,
    pub(crate) hooks: Hooks,
    pub(crate) registry: Registry,
    pub(crate) queues: Queues,
    pub(crate) handed_off: HandedOff,
    pub(crate) sweeper: Sweeper,
}

impl Shared {
    pub(crate) fn op(&self, now: Timestamp) -> Op {
        Op {
            now,
            grace: self.config.grace,
            max_skew: self.config.max_skew,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn report(&self, error: &Error) {
        crate::events::error(error);
        if let Some(hook) = &self.hooks.error {
            hook(error);
        }
    }
}

/// The one deadline of everything that a load or a commit waits for.
///
/// The clock is asked, and a timer made, only once something was not ready at its first poll.
pub(crate) struct Deadline {
    total: Duration,
    at: Option<Instant>,
}

impl Deadline {
    pub(crate) fn new(total: Duration) -> Self {
        Self { total, at: None }
    }

    fn instant(&mut self) -> Instant {
        let total = self.total;
        *self.at.get_or_insert_with(|| Instant::now() + total)
    }

    /// The answer of a store, or a time-out.
    pub(crate) async fn store<T>(&mut self, call: StoreFuture<'_, T>) -> Result<T, StoreError> {
        let late = || Err(StoreError::from_kind(StoreErrorKind::Timeout));
        match call {
            StoreFuture::Ready(answer) => answer,
            StoreFuture::Boxed(call) => self.run(call).await.unwrap_or_else(late),
        }
    }

    /// The output, or `None` once the deadline has passed.
    pub(crate) async fn run<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let first = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
        match first.await {
            Poll::Ready(output) => Some(output),
            // In a box: what is ready at once, which is what a memory store's caller pays for, has no use for a timer.
            Poll::Pending => Box::pin(timeout_at(self.instant(), future)).await.ok(),
        }
    }

    /// Waits a random part of a span that doubles with each attempt ("full jitter": AWS Architecture Blog,
    /// "Exponential Backoff And Jitter"). `false` once the deadline has passed.
    pub(crate) async fn back_off(&mut self, attempt: u32) -> bool {
        let deadline = self.instant();
        if attempt > 0 {
            let span = Duration::from_millis(1 << attempt.min(6));
            let wait = span.mul_f64(f64::from(rand::random::<u16>()) / 65_536.0);
            tokio::time::sleep_until((Instant::now() + wait).min(deadline)).await;
        }
        Instant::now() < deadline
    }
}

/// One fair queue for each key that commits are in conflict about.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<StoreKey, Arc<tokio::sync::Mutex<()>>>>);

impl Queues {
    /// Waits for a turn. Turns come in the order of the calls.
    pub(crate) async fn turn(&self, key: StoreKey) -> Turn<'_> {
        let queue = Arc::clone(self.lock().entry(key).or_default());
        // Made before the wait, so that a wait that is given up cleans up too.
        let mut turn = Turn {
            queues: self,
            key,
            queue,
            guard: None,
        };
        turn.guard = Some(Arc::clone(&turn.queue).lock_owned().await);
        turn
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StoreKey, Arc<tokio::sync::Mutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn in the queue of a key; the next one's begins when it is dropped.
pub(crate) struct Turn<'a> {
    queues: &'a Queues,
    key: StoreKey,
    queue: Arc<tokio::sync::Mutex<()>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut queues = self.queues.lock();
        // The map's reference and this one: nobody else waits.
        if Arc::strong_count(&self.queue) == 2 {
            queues.remove(&self.key);
        }
    }
}

/// Commits whose client went away and that the runtime carries to their end.
#[derive(Default)]
pub(crate) struct HandedOff {
    running: AtomicUsize,
    ended: Notify,
}

impl HandedOff {
    pub(crate) fn begin(&self) {
        self.running.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn end(&self) {
        self.running.fetch_sub(1, Ordering::SeqCst);
        self.ended.notify_waiters();
    }

    pub(crate) async fn drain(&self) {
        loop {
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.running.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;

    #[tokio::test]
    async fn turns_come_in_order_and_an_empty_queue_goes() {
        let queues = Arc::new(Queues::default());
        let key = SessionId::generate().unwrap().store_key();
        let other = SessionId::generate().unwrap().store_key();
        let first = queues.turn(key).await;
        // Another key has a queue of its own.
        drop(queues.turn(other).await);
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        let mut waiting = Vec::new();
        for n in 0..5 {
            let (queues, told) = (Arc::clone(&queues), told.clone());
            waiting.push(tokio::spawn(async move {
                let _turn = queues.turn(key).await;
                told.send(n).unwrap();
                tokio::task::yield_now().await;
            }));
            tokio::task::yield_now().await;
        }
        // One that is given up is left out.
        waiting.remove(2).abort();
        let given_up = tokio::time::timeout(Duration::from_millis(5), queues.turn(key)).await;
        assert!(given_up.is_err());
        assert_eq!(queues.lock().len(), 1);
        drop(first);
        for waits in waiting {
            waits.await.unwrap();
        }
        drop(told);
        let mut came = Vec::new();
        while let Some(n) = order.recv().await {
            came.push(n);
        }
        assert_eq!(came, [0, 1, 3, 4]);
        assert_eq!(queues.lock().len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_covers_all_waits_together() {
        let mut deadline = Deadline::new(Duration::from_secs(2));
        assert_eq!(deadline.run(std::future::ready(1)).await, Some(1));
        assert!(
            deadline.at.is_none(),
            "no clock is asked for what is ready at once"
        );
        let second = || tokio::time::sleep(Duration::from_millis(1_500));
        assert!(deadline.run(second()).await.is_some());
        assert!(deadline.run(second()).await.is_none());
        assert!(!deadline.back_off(3).await);
    }
}
