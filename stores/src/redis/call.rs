//! One call of a script: sent, repeated where that is safe, and its answer recognised.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, ErrorKind, RedisError};
use bytes::Bytes;
use session::{CommitId, Op, Record, StoreError, StoreErrorKind, StoreKey};
use tokio::time::{Instant, sleep, timeout_at};

use super::link::{Link, send};
use super::name::Names;
use super::reply::Reply;
use super::route::Route;
use super::script::Script;
use super::trouble::{Cause, Trouble, store_error};

/// The first pause before a call is repeated; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// What scripts take for a value: `TOO_LONG` of `head.lua`.
const LONGEST_VALUE: usize = 64 * 1024 * 1024;
/// So many redirections are followed without one.
const HOPS: u32 = 3;

/// What all calls share.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) route: Route,
    pub(super) names: Names,
    pub(super) codec: session::Codec,
    pub(super) timeout: Duration,
    nonce: AtomicU64,
}

/// Whether a call may be sent again when the connection broke under it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Done twice it is as done once.
    Harmless,
    /// The caller has to look first.
    Never,
}

/// A verb under way: its calls share one deadline.
pub(super) struct Verb<'a> {
    pub(super) engine: &'a Engine,
    pub(super) op: &'a Op,
    until: Instant,
}

impl Engine {
    pub(super) fn new(
        route: Route,
        names: Names,
        codec: session::Codec,
        timeout: Duration,
    ) -> Self {
        // Answers to other processes, over a proxy that mixes them up, are recognised too.
        let random = CommitId::generate().to_bytes();
        let nonce = random
            .iter()
            .fold(0u64, |n, byte| n.rotate_left(8) ^ u64::from(*byte));
        Self {
            route,
            names,
            codec,
            timeout,
            nonce: AtomicU64::new(nonce),
        }
    }

    pub(super) fn verb<'a>(&'a self, op: &'a Op) -> Verb<'a> {
        Verb {
            engine: self,
            op,
            until: Instant::now() + self.timeout,
        }
    }

    /// The record in these bytes. `None` if they are damaged.
    pub(super) fn record(
        &self,
        key: &StoreKey,
        mut bytes: Bytes,
    ) -> Result<Option<Record>, StoreError> {
        if bytes.is_empty() {
            return Ok(None);
        }
        match self.codec.decode_record(key, bytes.split_off(1)) {
            Ok(record) => Ok(Some(record)),
            Err(error) => error.store_error().map_or(Ok(None), Err),
        }
    }

    /// What stands at the engine for this record.
    pub(super) fn value(&self, key: &StoreKey, record: &Record) -> Result<Vec<u8>, StoreError> {
        let mut value = self.codec.encode_record(key, record)?;
        value.insert(0, b'R');
        if value.len() > LONGEST_VALUE {
            let limit = "the record is larger than 64 MiB";
            return Err(StoreError::with_source(StoreErrorKind::TooLarge, limit));
        }
        Ok(value)
    }

    fn command(
        &self,
        verb: &str,
        script: &str,
        op: &Op,
        nonce: u64,
        keys: &[&str],
        args: &[&[u8]],
    ) -> Cmd {
        let prefix = if self.route.alone() {
            &self.names.prefix
        } else {
            ""
        };
        let mut call = Vec::with_capacity(32 + prefix.len());
        let times = [op.now.as_millis(), millis(op.grace), millis(op.max_skew)];
        call.extend_from_slice(&nonce.to_le_bytes());
        call.extend(times.into_iter().flat_map(u64::to_le_bytes));
        call.extend_from_slice(prefix.as_bytes());
        let bytes = keys.iter().map(|key| key.len()).sum::<usize>()
            + args.iter().map(|arg| arg.len()).sum::<usize>()
            + script.len()
            + call.len()
            + 16;
        let mut command = Cmd::with_capacity(4 + keys.len() + args.len(), bytes);
        command.arg(verb).arg(script).arg(keys.len()).arg(keys);
        command.arg(call);
        for arg in args {
            command.arg(*arg);
        }
        command
    }
}

impl Verb<'_> {
    /// How long this verb has left.
    pub(super) fn rest(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Runs a script.
    pub(super) async fn run(
        &self,
        script: &Script,
        keys: &[&str],
        args: &[&[u8]],
        again: Again,
    ) -> Result<Reply, StoreError> {
        let mut used = None;
        let attempts = self.attempts(script, keys, args, again, &mut used);
        match timeout_at(self.until, attempts).await {
            Ok(reply) => reply,
            Err(_) => {
                if let Some((link, generation)) = used {
                    link.strike(generation);
                }
                self.engine.route.doubt();
                Err(StoreError::from_kind(StoreErrorKind::Timeout))
            }
        }
    }

    async fn attempts(
        &self,
        script: &Script,
        keys: &[&str],
        args: &[&[u8]],
        mut again: Again,
        used: &mut Option<(Arc<Link>, u64)>,
    ) -> Result<Reply, StoreError> {
        let route = &self.engine.route;
        let (mut pause, mut hops) = (PAUSE, 0);
        let mut asked = None;
        loop {
            let attempt = self.attempt(script, keys, args, asked.take(), used);
            let (trouble, error) = match attempt.await {
                Ok(reply) => return Ok(reply),
                Err(failed) => failed,
            };
            match trouble {
                Trouble::Elsewhere => {
                    asked = route.follow(&error);
                    if error.redirect_node().is_some() && hops < HOPS {
                        hops += 1;
                        continue;
                    }
                }
                Trouble::ReadOnly => route.doubt(),
                Trouble::Broken => {
                    route.doubt();
                    if again == Again::Never {
                        return Err(store_error(&error));
                    }
                    again = Again::Never;
                    continue;
                }
                _ => return Err(store_error(&error)),
            }
            if self.rest() < pause {
                // The engine said why: that tells more than a time-out would.
                return Err(StoreError::with_source(
                    StoreErrorKind::Unavailable,
                    Cause::of(&error),
                ));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Sends the call to whoever serves its keys, or to the node that was told to be asked.
    async fn attempt(
        &self,
        script: &Script,
        keys: &[&str],
        args: &[&[u8]],
        asked: Option<Arc<Link>>,
        used: &mut Option<(Arc<Link>, u64)>,
    ) -> Result<Reply, (Trouble, RedisError)> {
        let route = &self.engine.route;
        let asking = asked.is_some();
        let name = keys.first().copied().unwrap_or_default();
        let Some(link) = asked.or_else(|| route.to(name)) else {
            let unserved = (ErrorKind::ClusterConnectionNotFound, "no node has the slot");
            return Err((Trouble::Elsewhere, unserved.into()));
        };
        let (generation, mut connection) = link.connection().await.map_err(|error| {
            // Nothing was sent, and in a cluster another node may take the slot.
            let trouble = match route {
                Route::Alone(_) => Trouble::Refused,
                Route::Cluster(_) => Trouble::Elsewhere,
            };
            (trouble, error)
        })?;
        *used = Some((Arc::clone(&link), generation));
        let answer = self.once(&mut connection, asking, script, keys, args).await;
        answer.map_err(|error| {
            let trouble = Trouble::of(&error);
            if matches!(trouble, Trouble::Broken | Trouble::ReadOnly) {
                link.retire(generation);
            }
            (trouble, error)
        })
    }

    async fn once(
        &self,
        connection: &mut MultiplexedConnection,
        asking: bool,
        script: &Script,
        keys: &[&str],
        args: &[&[u8]],
    ) -> Result<Reply, RedisError> {
        let engine = self.engine;
        let nonce = engine.nonce.fetch_add(1, Ordering::Relaxed);
        let command = engine.command("EVALSHA", &script.hash, self.op, nonce, keys, args);
        let mut answer = send(connection, &command, asking).await;
        if matches!(&answer, Err(error) if Trouble::of(error) == Trouble::NoScript) {
            let command = engine.command("EVAL", &script.code, self.op, nonce, keys, args);
            answer = send(connection, &command, asking).await;
        }
        Reply::new(answer?, nonce)
    }
}

/// Whole milliseconds, at most about 31 years: more than any grace, and a time that engines can tell.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .min(1_000_000_000_000)
}
