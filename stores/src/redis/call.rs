//! One call of a script: sent, repeated where that is safe, and its answer recognised.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::redis::{Cmd, RedisError, Value};
use session::{CommitId, DecodeError, Op, Record, StoreError, StoreErrorKind, StoreKey};
use tokio::time::{Instant, sleep, timeout_at};

use super::link::{Connection, Link, confused};
use super::name::Names;
use super::script::Script;
use super::trouble::{Cause, Trouble, store_error};

/// The first pause before a call is repeated; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// What all calls share.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) link: Link,
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
    pub(super) fn new(link: Link, names: Names, codec: session::Codec, timeout: Duration) -> Self {
        // Answers to other processes, over a proxy that mixes them up, are recognised too.
        let random = CommitId::generate().to_bytes();
        let nonce = random
            .iter()
            .fold(0u64, |n, byte| n.rotate_left(8) ^ u64::from(*byte));
        Self {
            link,
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
        bytes: Vec<u8>,
    ) -> Result<Option<Record>, StoreError> {
        let mut bytes = bytes::Bytes::from(bytes);
        if bytes.is_empty() {
            return Ok(None);
        }
        match self.codec.decode_record(key, bytes.split_off(1)) {
            Ok(record) => Ok(Some(record)),
            Err(DecodeError::NewerFormat) => Err(newer()),
            Err(_) => Ok(None),
        }
    }

    /// What stands at the engine for this record.
    pub(super) fn value(&self, key: &StoreKey, record: &Record) -> Result<Vec<u8>, StoreError> {
        let mut value = self.codec.encode_record(key, record)?;
        value.insert(0, b'R');
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
        let prefix = if self.link.alone() {
            &self.names.prefix
        } else {
            ""
        };
        let bytes = keys.iter().map(|key| key.len()).sum::<usize>()
            + args.iter().map(|arg| arg.len()).sum::<usize>()
            + script.len()
            + 120;
        let mut command = Cmd::with_capacity(8 + keys.len() + args.len(), bytes);
        command.arg(verb).arg(script).arg(keys.len()).arg(keys);
        command
            .arg(&nonce.to_le_bytes()[..])
            .arg(op.now.as_millis())
            .arg(millis(op.grace))
            .arg(millis(op.max_skew))
            .arg(prefix);
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
        let mut generation = None;
        let attempts = self.attempts(script, keys, args, again, &mut generation);
        match timeout_at(self.until, attempts).await {
            Ok(reply) => reply,
            Err(_) => {
                if let Some(generation) = generation {
                    self.engine.link.strike(generation);
                }
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
        used: &mut Option<u64>,
    ) -> Result<Reply, StoreError> {
        let link = &self.engine.link;
        let mut pause = PAUSE;
        loop {
            let (generation, mut connection) = link
                .connection()
                .await
                .map_err(|error| store_error(&error))?;
            *used = Some(generation);
            let error = match self.once(&mut connection, script, keys, args).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            match Trouble::of(&error) {
                Trouble::Elsewhere => {}
                Trouble::ReadOnly => link.retire(generation),
                Trouble::Broken => {
                    link.retire(generation);
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

    async fn once(
        &self,
        connection: &mut Connection,
        script: &Script,
        keys: &[&str],
        args: &[&[u8]],
    ) -> Result<Reply, RedisError> {
        let engine = self.engine;
        let nonce = engine.nonce.fetch_add(1, Ordering::Relaxed);
        let command = engine.command("EVALSHA", &script.hash, self.op, nonce, keys, args);
        let mut answer = connection.send(&command).await;
        if matches!(&answer, Err(error) if Trouble::of(error) == Trouble::NoScript) {
            let command = engine.command("EVAL", &script.code, self.op, nonce, keys, args);
            answer = connection.send(&command).await;
        }
        Reply::new(answer?, nonce)
    }
}

/// What a script answered.
#[derive(Debug)]
pub(super) struct Reply {
    status: Vec<u8>,
    rest: std::vec::IntoIter<Value>,
}

impl Reply {
    fn new(value: Value, nonce: u64) -> Result<Self, RedisError> {
        if let Value::Array(items) = value {
            let mut items = items.into_iter();
            if let (Some(Value::BulkString(first)), Some(Value::BulkString(status))) =
                (items.next(), items.next())
                && first == nonce.to_le_bytes()
            {
                return Ok(Self {
                    status,
                    rest: items,
                });
            }
        }
        Err(confused())
    }

    /// The status, or the error that it is.
    pub(super) fn status(&self) -> Result<&str, StoreError> {
        match str::from_utf8(&self.status) {
            Ok("newer") => Err(newer()),
            Ok(status) => Ok(status),
            Err(_) => Err(self.unexpected()),
        }
    }

    /// The next part, if it is bytes.
    pub(super) fn bytes(&mut self) -> Vec<u8> {
        match self.rest.next() {
            Some(Value::BulkString(bytes)) => bytes,
            _ => Vec::new(),
        }
    }

    pub(super) fn number(&mut self) -> u64 {
        match self.rest.next() {
            Some(Value::Int(number)) => u64::try_from(number).unwrap_or_default(),
            _ => 0,
        }
    }

    pub(super) fn list(&mut self) -> impl Iterator<Item = Vec<u8>> {
        let items = match self.rest.next() {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        items.into_iter().filter_map(|item| match item {
            Value::BulkString(bytes) => Some(bytes),
            _ => None,
        })
    }

    pub(super) fn unexpected(&self) -> StoreError {
        StoreError::unavailable("an answer that no script gives")
    }
}

fn newer() -> StoreError {
    StoreError::from_kind(StoreErrorKind::NewerFormat)
}

/// Whole milliseconds, at most about 31 years: more than any grace, and a time that engines can tell.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .min(1_000_000_000_000)
}
