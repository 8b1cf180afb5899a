//! The background `gc` of a layer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::events;
use crate::shared::Shared;

/// How much one call of `gc` may sweep.
const BUDGET: usize = 1_000;

const IDLE: u8 = 0;
const STARTED: u8 = 1;

/// Starts with the first load or commit, because a layer may be built outside a runtime; ends with the last clone
/// of the layer, or when it is stopped.
#[derive(Default)]
pub(crate) struct Sweeper {
    state: AtomicU8,
    stop: Arc<Notify>,
}

impl Sweeper {
    pub(crate) fn ensure(&self, shared: &Arc<Shared>) {
        if self.state.load(Ordering::Relaxed) != IDLE {
            return;
        }
        let Some(interval) = shared.config.gc_interval else {
            return;
        };
        if self.state.swap(STARTED, Ordering::Relaxed) != IDLE {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let shared = Arc::downgrade(shared);
        let stop = Arc::clone(&self.stop);
        runtime.spawn(async move {
            loop {
                let pause = jittered(interval);
                if tokio::time::timeout(pause, stop.notified()).await.is_ok() {
                    return;
                }
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                sweep(&shared).await;
            }
        });
    }

    pub(crate) fn stop(&self) {
        self.state.store(STARTED, Ordering::Relaxed);
        // Kept for the task if it is not waiting at this moment.
        self.stop.notify_one();
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

/// A span between half the interval and one and a half: nodes that share a store drift apart.
fn jittered(interval: Duration) -> Duration {
    interval.mul_f64(0.5 + f64::from(rand::random::<u16>()) / 65_536.0)
}

/// Sweeps until nothing dead is left. An error ends this round, not the sweeper.
async fn sweep(shared: &Shared) {
    loop {
        let op = shared.op(shared.now());
        match shared.store.gc(&op, BUDGET).answer().await {
            Ok(swept) if swept.more => tokio::task::yield_now().await,
            Ok(_) => return,
            Err(error) => return events::store_failed("gc", &error),
        }
    }
}
