//! Who looks up what stands under a key, and with whom.
//!
//! A statement is handed to a thread of the driver and back, which costs several times what the engine takes to find a
//! row. So what is asked for while a statement is under way goes into the next one together.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use session::{StoreError, StoreKey, Timestamp};
use tokio::sync::oneshot::{self, Sender};

use super::engine::{Engine, Link, statement};
use super::queue::{broken, shared};
use super::row::Found;
use super::trouble::store_error;

/// So many keys at most one statement looks for.
pub(super) const MOST: usize = 16;

/// Where so many wait for each statement that is under way, the disk is slow or the callers many: there is another one
/// then, as long as there are connections.
const ENOUGH: usize = 8;

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

#[derive(Default)]
struct Waiting {
    under_way: usize,
    asked: VecDeque<Asked>,
}

impl Reads {
    /// With this many statements under way at most.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            waiting: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stands in line, and says whether that takes a statement more than are under way.
    fn ask(&self, asked: Asked) -> bool {
        let mut waiting = self.lock();
        let wanted = waiting.under_way * ENOUGH <= waiting.asked.len();
        waiting.asked.push_back(asked);
        let begins = wanted && waiting.under_way < self.most;
        waiting.under_way += usize::from(begins);
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
        let mut link = None;
        while let Some(asked) = self.engine.reads.next() {
            self.engine.answer(&mut link, asked).await;
        }
        self.is_done = true;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.is_done {
            let mut waiting = self.engine.reads.lock();
            waiting.under_way -= 1;
            let abandoned = std::mem::take(&mut waiting.asked);
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

    async fn answer(&self, link: &mut Option<Link>, asked: Vec<Asked>) {
        let held = match link.take() {
            Some(held) => Ok(held),
            None => self.link().await,
        };
        let mut held = match held {
            Ok(held) => held,
            Err(error) => {
                let error = Arc::new(error);
                for asked in asked {
                    let _ = asked.caller.send(Err(shared(&error)));
                }
                return;
            }
        };
        if asked.len() > 1
            && let Ok(found) = self.find_all(&mut held, &asked).await
        {
            for (asked, found) in asked.into_iter().zip(found) {
                // Who has gone does not want to know.
                let _ = asked.caller.send(found);
            }
            *link = Some(held);
            return;
        }
        // What cannot be read is in nobody else's way.
        let mut failed = false;
        for Asked { key, now, caller } in asked {
            if !caller.is_closed() {
                let found = self.find(&mut held, &key, now).await;
                failed |= found.is_err();
                let _ = caller.send(found);
            }
        }
        // One that fails may be broken: the pool has others.
        *link = (!failed).then_some(held);
    }

    async fn find_all(&self, link: &mut Link, asked: &[Asked]) -> Result<Vec<Answer>, StoreError> {
        let size = asked.len().next_power_of_two();
        let mut read = statement(self.statements.read(size));
        // Filled up with one of them: a key that is looked for twice is found once.
        let keys = asked.iter().map(|asked| asked.key.hash());
        let last = keys.clone().next_back();
        for key in keys.chain(last.into_iter().cycle()).take(size) {
            read = read.bind(key.to_vec());
        }
        let rows = link.rows(read).await?;
        let found = |asked: &Asked| Found::among(&rows, &asked.key, asked.now).map_err(store_error);
        Ok(asked.iter().map(found).collect())
    }
}
