//! Who looks up what stands under a key, and with whom.
//!
//! A statement is handed to a thread of the driver and back, which costs several times what the engine takes to find a
//! row. So what is asked for while a statement is under way goes into the next one together.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use session::{StoreError, StoreKey, Timestamp};
use tokio::sync::oneshot::{self, Sender};

use super::engine::{Engine, statement};
use super::queue::broken;
use super::row::Found;
use super::trouble::store_error;

/// So many keys at most one statement looks for: a power of two.
pub(super) const MOST: usize = 16;

/// Where so many wait for each statement that is under way, or none has come back for so long, there is another one, as
/// long as there are connections.
const ENOUGH: usize = 8;
const SLOW: Duration = Duration::from_millis(5);

type Answer = Result<Found, StoreError>;

/// Who waits for a statement, and for what.
struct Asked {
    key: StoreKey,
    now: Timestamp,
    caller: Sender<Answer>,
}

/// Those who wait, and how many statements are under way.
pub(super) struct Reads {
    most: usize,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    under_way: usize,
    /// When the latest statement began.
    latest: Instant,
    asked: VecDeque<Asked>,
}

impl Reads {
    /// With this many statements under way at most.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            waiting: Mutex::new(Waiting {
                under_way: 0,
                latest: Instant::now(),
                asked: VecDeque::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stands in line, and says whether that takes a statement more than are under way.
    fn ask(&self, asked: Asked) -> bool {
        let mut waiting = self.lock();
        let wanted =
            waiting.under_way * ENOUGH <= waiting.asked.len() || waiting.latest.elapsed() > SLOW;
        waiting.asked.push_back(asked);
        let begins = wanted && waiting.under_way < self.most;
        if begins {
            waiting.under_way += 1;
            // Or after a pause each of the first ones would begin a statement of its own.
            waiting.latest = Instant::now();
        }
        begins
    }

    /// The next ones that still wait. If there are none, there is a statement less under way.
    fn next(&self) -> Option<Vec<Asked>> {
        let mut waiting = self.lock();
        waiting.asked.retain(|asked| !asked.caller.is_closed());
        if waiting.asked.is_empty() {
            waiting.under_way -= 1;
            return None;
        }
        waiting.latest = Instant::now();
        let most = waiting.asked.len().min(MOST);
        Some(waiting.asked.drain(..most).collect())
    }
}

/// A task that looks for those who wait: a caller may be dropped, or not be polled for a while, and would be in their way.
/// If it ends before its work does, nobody waits for it in vain.
struct Serving {
    engine: Arc<Engine>,
    is_done: bool,
}

impl Serving {
    async fn run(mut self) {
        while let Some(asked) = self.engine.reads.next() {
            self.engine.answer(asked).await;
        }
        self.is_done = true;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.is_done {
            let mut waiting = self.engine.reads.lock();
            waiting.under_way -= 1;
            let abandoned = match waiting.under_way {
                0 => std::mem::take(&mut waiting.asked),
                _ => VecDeque::new(),
            };
            drop(waiting);
            drop(abandoned);
        }
    }
}

impl Engine {
    /// What stands under a key, found by a statement of its own or together with others.
    pub(super) async fn look_up(self: &Arc<Self>, key: &StoreKey, now: Timestamp) -> Answer {
        let (caller, answer) = oneshot::channel();
        let key = *key;
        if self.reads.ask(Asked { key, now, caller }) {
            let serving = Serving {
                engine: Arc::clone(self),
                is_done: false,
            };
            tokio::spawn(serving.run());
        }
        answer.await.unwrap_or_else(|_| Err(broken()))
    }

    async fn answer(&self, asked: Vec<Asked>) {
        if asked.len() > 1
            && let Ok(found) = self.find_all(&asked).await
        {
            for (asked, found) in asked.into_iter().zip(found) {
                // Who has gone does not want to know.
                let _ = asked.caller.send(found);
            }
            return;
        }
        // What cannot be read, or was asked for over a broken connection, is in nobody else's way.
        for Asked { key, now, caller } in asked {
            if !caller.is_closed() {
                let _ = caller.send(self.find_alone(&key, now).await);
            }
        }
    }

    async fn find_alone(&self, key: &StoreKey, now: Timestamp) -> Answer {
        self.find(&mut self.link().await?, key, now).await
    }

    async fn find_all(&self, asked: &[Asked]) -> Result<Vec<Answer>, StoreError> {
        let size = asked.len().next_power_of_two();
        let mut read = statement(self.statements.read(size));
        // Filled up with one of them: a key that is looked for twice is found once.
        let keys = asked.iter().map(|asked| asked.key.hash());
        let last = keys.clone().next_back();
        for key in keys.chain(last.into_iter().cycle()).take(size) {
            read = read.bind(key.to_vec());
        }
        // From the pool each time: whoever writes waits there too, in the same line.
        let rows = self.link().await?.rows(read).await?;
        let found = |asked: &Asked| Found::among(&rows, &asked.key, asked.now).map_err(store_error);
        Ok(asked.iter().map(found).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        let key = session::SessionId::generate().unwrap().store_key();
        let (now, (caller, _)) = (Timestamp::default(), oneshot::channel());
        Asked { key, now, caller }
    }

    #[test]
    fn there_is_a_second_statement_where_many_wait_or_the_first_is_slow() {
        let many = Reads::new(2);
        let begins = (0..20).filter(|_| many.ask(asked()));
        assert_eq!(begins.count(), 2);
        let slow = Reads::new(2);
        std::thread::sleep(SLOW * 2);
        assert!(slow.ask(asked()));
        assert!(!slow.ask(asked()), "the pause was before the first");
        std::thread::sleep(SLOW * 2);
        assert!(slow.ask(asked()));
        std::thread::sleep(SLOW * 2);
        assert!(!slow.ask(asked()), "there is no connection for a third");
        // Nobody has waited for an answer.
        assert!(slow.next().is_none() && slow.next().is_none());
        assert!(slow.ask(asked()));
    }
}
