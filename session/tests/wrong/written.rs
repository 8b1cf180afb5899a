//! What a [`WrongStore`] makes of a record before it is stored.

use std::sync::Arc;
use std::time::Duration;

use session::{Data, Op, Record, SessionStore, StoreError, StoreErrorKind, StoreKey, Timestamp};

use super::{Mistake, WrongStore};

/// A record without its large values, of which it says whether there are any.
fn lightened(record: &Record) -> (Arc<Record>, bool) {
    let is_large = |key: &&str| {
        let text = record.data.get::<String>(key);
        text.is_ok_and(|text| text.is_some_and(|text| text.len() > 1 << 20))
    };
    let large: Vec<_> = record.data.keys().filter(is_large).collect();
    let mut light = record.clone();
    for key in &large {
        light.data.remove(key);
    }
    (Arc::new(light), !large.is_empty())
}

impl WrongStore {
    /// The record as a careless store would write it down.
    pub(super) fn written(&self, op: &Op, record: Arc<Record>) -> Arc<Record> {
        let mut record = Arc::unwrap_or_clone(record);
        let header = &mut record.header;
        match self.mistake {
            Mistake::WholeSeconds => {
                let second =
                    |time: Timestamp| Timestamp::from_millis(time.as_millis() / 1000 * 1000);
                header.created = second(header.created);
                header.last_seen = second(header.last_seen);
            }
            Mistake::Drifts if header.version.to_bytes()[8] == 64 => {
                header.absolute_deadline = header.absolute_deadline + Duration::from_millis(1);
            }
            Mistake::PastIsForever if !header.is_live(op.now) => {
                header.idle_deadline = Timestamp::MAX;
                header.absolute_deadline = Timestamp::MAX;
            }
            Mistake::ShortDurations => {
                let short = |duration: Duration| {
                    let secs = u32::try_from(duration.as_secs()).ok();
                    secs.map_or(Duration::from_secs(u32::MAX.into()), |_| duration)
                };
                header.lifetime.idle = short(header.lifetime.idle);
                header.lifetime.absolute = short(header.lifetime.absolute);
            }
            Mistake::ValuesRewritten => {
                let mut data = Data::new();
                for key in record.data.keys() {
                    if let Ok(Some(value)) = record.data.get::<serde_json::Value>(key) {
                        data.insert(key, value);
                    }
                }
                record.data = data;
            }
            Mistake::CutsLongValues => {
                let data = record.data.clone();
                for key in data.keys() {
                    if let Ok(Some(mut text)) = data.get::<String>(key)
                        && text.len() > 65_535
                    {
                        text.truncate(65_535);
                        record.data.insert(key, text);
                    }
                }
            }
            _ => {}
        }
        Arc::new(record)
    }

    /// A renewal by the absolute deadline that the session was created with, where that is the later one.
    pub(super) async fn stretch(
        &self,
        op: &Op,
        key: &StoreKey,
        idle_deadline: Timestamp,
    ) -> Result<(), StoreError> {
        if self.is(Mistake::AbsoluteOfCreation)
            && let (Some(first), Some(current)) = (self.seen(key), self.current(op, key).await)
            && first.header.absolute_deadline > current.header.absolute_deadline
        {
            let mut stretched = Record::clone(&current);
            stretched.header.absolute_deadline = first.header.absolute_deadline;
            stretched.header.renew(op.now, idle_deadline);
            let version = stretched.header.version;
            self.right
                .save(op, key, Arc::new(stretched), version)
                .await?;
        }
        Ok(())
    }

    /// The operation, with the grace that a tombstone is given.
    pub(super) fn with_grace(&self, op: &Op) -> Op {
        let mut op = *op;
        if self.is(Mistake::NoGraceIsEndless) && op.grace.is_zero() {
            op.grace = Duration::MAX;
        }
        op
    }

    /// Why a record is refused, and as what a store that finds that late has begun to store it.
    pub(super) fn refused(&self, record: &Record) -> Option<(StoreError, Option<Arc<Record>>)> {
        let (kind, begun) = match self.mistake {
            Mistake::RefusesHalfway => (StoreErrorKind::TooLarge, true),
            Mistake::RefusesAsFull => (StoreErrorKind::Full, false),
            _ => return None,
        };
        let (light, is_large) = lightened(record);
        is_large.then(|| (StoreError::from_kind(kind), begun.then_some(light)))
    }
}
