//! What a script answered, recognised by the number that was sent with the call.

use std::borrow::Cow;

use ::redis::{RedisError, Value};
use bytes::Bytes;
use session::{StoreError, StoreErrorKind};

use super::link::confused;

/// What a script answered.
#[derive(Debug)]
pub(super) struct Reply {
    status: Cow<'static, [u8]>,
    /// What followed in one piece with the status.
    whole: Option<Bytes>,
    rest: std::vec::IntoIter<Value>,
}

impl Reply {
    pub(super) fn new(value: Value, nonce: u64) -> Result<Self, RedisError> {
        let nonce = nonce.to_le_bytes();
        match value {
            Value::Array(items) => {
                let mut items = items.into_iter();
                if let (Some(Value::BulkString(first)), Some(Value::BulkString(status))) =
                    (items.next(), items.next())
                    && first == nonce
                {
                    return Ok(Self {
                        status: status.into(),
                        whole: None,
                        rest: items,
                    });
                }
            }
            // The usual answers, in one piece.
            Value::BulkString(bytes) => {
                let status: &[u8] = match bytes.strip_prefix(&nonce) {
                    Some([b'L', ..]) => b"live",
                    Some([b'S']) => b"saved",
                    _ => return Err(confused()),
                };
                return Ok(Self {
                    status: status.into(),
                    whole: Some(Bytes::from(bytes).split_off(nonce.len() + 1)),
                    rest: Vec::new().into_iter(),
                });
            }
            _ => {}
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
    pub(super) fn bytes(&mut self) -> Bytes {
        match self.whole.take() {
            Some(bytes) => bytes,
            None => match self.rest.next() {
                Some(Value::BulkString(bytes)) => bytes.into(),
                _ => Bytes::new(),
            },
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
