//! The connection to a node: one, shared by all requests, and made anew when it has gone bad.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::sentinel::SentinelClient;
use ::redis::{AsyncConnectionConfig, Cmd, RedisError, RedisResult, Value};
use tokio::time::{Instant, timeout};

/// So many calls without an answer, within so long, and the connection is given up: a machine that has vanished from
/// the network does not say so.
const STRIKES: u32 = 3;
const STRIKES_WITHIN: Duration = Duration::from_secs(10);
/// After a failure nobody connects for so long: calls that come in the meantime share it.
const RESPITE: Duration = Duration::from_millis(50);

/// Gives a future of a fresh connection.
pub(super) type Connector = Box<
    dyn Fn() -> Pin<Box<dyn Future<Output = RedisResult<MultiplexedConnection>> + Send>>
        + Send
        + Sync,
>;

/// Where connections come from.
pub(super) enum Source {
    Client(::redis::Client),
    /// Asked anew for the primary before each connection.
    Sentinel(Box<tokio::sync::Mutex<SentinelClient>>),
    Connector(Connector),
}

/// Sends a command, with leave of the node if its slot is on the way to it.
pub(super) async fn send(
    connection: &mut MultiplexedConnection,
    command: &Cmd,
    asking: bool,
) -> RedisResult<Value> {
    if !asking {
        return command.query_async(connection).await;
    }
    // In one go: the leave is for whatever command comes next on the connection, and others share it.
    let mut both = ::redis::pipe();
    both.cmd("ASKING").add_command(command.clone());
    let answers = connection.req_packed_commands(&both, 0, 2).await?;
    answers
        .into_iter()
        .last()
        .unwrap_or(Value::Nil)
        .extract_error()
}

/// The connection as it stands, and the way to the next one.
pub(super) struct Link {
    source: Source,
    connect_timeout: Duration,
    state: Mutex<State>,
    /// Held while one call connects for all.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Counts connections, so that a late complaint about a former one does not end the present one.
    generation: u64,
    connection: Option<MultiplexedConnection>,
    strikes: u32,
    first_strike: Option<Instant>,
    failure: Option<(Instant, RedisError)>,
}

impl Link {
    pub(super) fn new(source: Source, connect_timeout: Duration) -> Self {
        Self {
            source,
            connect_timeout,
            state: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    /// The connection, and which it is.
    pub(super) async fn connection(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        if let Some(present) = self.present() {
            return Ok(present);
        }
        let asked = Instant::now();
        let _one_for_all = self.connecting.lock().await;
        if let Some(present) = self.present() {
            return Ok(present);
        }
        if let Some((at, error)) = &self.lock().failure
            && asked < *at + RESPITE
        {
            return Err(error.clone());
        }
        let connected = match timeout(self.connect_timeout, self.connect()).await {
            Ok(connected) => connected,
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        };
        let mut state = self.lock();
        let connection = match connected {
            Ok(connection) => connection,
            Err(error) => {
                state.failure = Some((Instant::now(), error.clone()));
                return Err(error);
            }
        };
        *state = State {
            generation: state.generation + 1,
            connection: Some(connection.clone()),
            ..State::default()
        };
        Ok((state.generation, connection))
    }

    fn present(&self) -> Option<(u64, MultiplexedConnection)> {
        let state = self.lock();
        Some((state.generation, state.connection.clone()?))
    }

    /// Gives this connection up. Calls that are under way on it end as they will.
    pub(super) fn retire(&self, generation: u64) {
        let mut state = self.lock();
        if state.generation == generation {
            state.connection = None;
        }
    }

    /// A call on this connection had no answer.
    pub(super) fn strike(&self, generation: u64) {
        let mut state = self.lock();
        if state.generation != generation {
            return;
        }
        let now = Instant::now();
        let recent = |first: Instant| now.duration_since(first) < STRIKES_WITHIN;
        if !state.first_strike.is_some_and(recent) {
            (state.first_strike, state.strikes) = (Some(now), 0);
        }
        state.strikes += 1;
        if state.strikes >= STRIKES {
            state.connection = None;
        }
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        // The verbs keep time themselves, reconnecting and repeating included.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(None);
        match &self.source {
            Source::Client(client) => {
                client
                    .get_multiplexed_async_connection_with_config(&config)
                    .await
            }
            Source::Sentinel(sentinel) => {
                let mut sentinel = sentinel.lock().await;
                sentinel.get_async_connection_with_config(&config).await
            }
            Source::Connector(connector) => connector().await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers that do not belong to their calls: nothing that comes over this connection can be believed.
pub(super) fn confused() -> RedisError {
    std::io::Error::new(std::io::ErrorKind::InvalidData, "an answer to another call").into()
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses may carry a password.
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_share_a_failure_to_connect() {
        let tried = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&tried);
        let connector: Connector = Box::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Box::pin(async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into())
            })
        });
        let link = Arc::new(Link::new(
            Source::Connector(connector),
            Duration::from_secs(1),
        ));
        for round in 1..=3 {
            let mut calls = tokio::task::JoinSet::new();
            for _ in 0..100 {
                let link = Arc::clone(&link);
                calls.spawn(async move { link.connection().await.is_err() });
            }
            assert!(calls.join_all().await.into_iter().all(|failed| failed));
            assert_eq!(tried.load(Ordering::Relaxed), round);
            assert!(link.connection().await.is_err());
            assert_eq!(tried.load(Ordering::Relaxed), round, "too soon");
            tokio::time::sleep(RESPITE).await;
        }
    }
}
