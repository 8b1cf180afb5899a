//! A record as columns, and back.
//!
//! The header stands in the row as the library encodes it, with the fields that statements compare or change beside
//! it. Where the two differ the columns are right: a touch and a revocation change only them.

use std::time::Duration;

use session::{
    Codec, DecodeError, Header, Lifetime, OwnerKey, Record, SessionHandle, SessionInfo, StoreError,
    StoreErrorKind, StoreKey, Timestamp, Version,
};

/// How much of a record goes into a row: SQLite takes 10^9 bytes in one, PostgreSQL and MySQL 2^30 in a message.
const LARGEST: usize = 999_000_000;

/// Milliseconds as a signed column holds them. What does not fit is later than any clock.
pub(crate) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

/// What [`millis`] gave. Nothing before 1970 was ever written.
pub(crate) fn timestamp(millis: i64) -> Timestamp {
    match millis {
        i64::MAX => Timestamp::MAX,
        _ => Timestamp::from_millis(u64::try_from(millis).unwrap_or(0)),
    }
}

/// Tag and hash, as a tombstone names its successor.
pub(crate) fn successor(key: &StoreKey) -> [u8; 34] {
    let mut bytes = [0; 34];
    bytes[..2].copy_from_slice(&key.tag());
    bytes[2..].copy_from_slice(key.hash());
    bytes
}

/// What [`successor`] gave.
pub(crate) fn store_key(successor: &[u8]) -> Option<StoreKey> {
    let (tag, hash) = successor.split_first_chunk::<2>()?;
    Some(StoreKey::from_parts(hash.try_into().ok()?, *tag))
}

/// What a statement binds for a record.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) version: [u8; 16],
    pub(crate) commit_id: [u8; 16],
    pub(crate) handle: [u8; 16],
    pub(crate) owner: Option<[u8; 32]>,
    pub(crate) created: i64,
    pub(crate) authenticated_at: i64,
    pub(crate) last_seen: i64,
    /// The idle lifetime: a renewal in the engine needs it.
    pub(crate) idle_for: i64,
    pub(crate) idle_deadline: i64,
    pub(crate) absolute_deadline: i64,
    pub(crate) header: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

impl Columns {
    /// # Errors
    ///
    /// As [`Codec::encode`], and `TooLarge`.
    pub(crate) fn of(codec: &Codec, key: &StoreKey, record: &Record) -> Result<Self, StoreError> {
        let header = &record.header;
        let (written, data) = (header.to_bytes(), codec.encode(key, header, &record.data)?);
        fits(written.len() + data.len())?;
        Ok(Self {
            version: header.version.to_bytes(),
            commit_id: header.commit_id.to_bytes(),
            handle: header.handle.to_bytes(),
            owner: header.owner.as_ref().map(|owner| *owner.key.as_bytes()),
            created: millis(header.created),
            authenticated_at: millis(header.authenticated_at),
            last_seen: millis(header.last_seen),
            idle_for: i64::try_from(header.lifetime.idle.as_millis()).unwrap_or(i64::MAX),
            idle_deadline: millis(header.idle_deadline),
            absolute_deadline: millis(header.absolute_deadline),
            header: written,
            data,
        })
    }

    /// When the record is dead unless it is renewed: the column that `gc` goes by.
    pub(crate) fn expires_at(&self) -> i64 {
        self.idle_deadline.min(self.absolute_deadline)
    }
}

fn fits(len: usize) -> Result<(), StoreError> {
    if len <= LARGEST {
        return Ok(());
    }
    let limit = "the record is larger than what engines take in a row";
    Err(StoreError::with_source(StoreErrorKind::TooLarge, limit))
}

/// What a statement reads of a record.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The row's own key: an answer to another question is known for one (T53).
    pub(crate) key: Vec<u8>,
    pub(crate) version: Vec<u8>,
    pub(crate) authenticated_at: i64,
    pub(crate) last_seen: i64,
    pub(crate) idle_deadline: i64,
    pub(crate) header: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

impl Stored {
    /// The header, with what the columns say of it.
    pub(crate) fn header(&self) -> Result<Header, DecodeError> {
        let mut header = Header::from_bytes(&self.header)?;
        let version = self.version.as_slice().try_into();
        header.version = version
            .map(Version::from_bytes)
            .map_err(|_| DecodeError::Damaged)?;
        header.authenticated_at = timestamp(self.authenticated_at);
        header.last_seen = timestamp(self.last_seen);
        header.idle_deadline = timestamp(self.idle_deadline);
        Ok(header)
    }

    /// The record, or `None` if the row is damaged.
    ///
    /// # Errors
    ///
    /// `NewerFormat` or `UnknownKey` if this node is not one that can read the row, `Unavailable` if it is not the row of
    /// `key`.
    pub(crate) fn record(
        self,
        codec: &Codec,
        key: &StoreKey,
    ) -> Result<Option<Record>, StoreError> {
        if self.key != key.hash() {
            return Err(another());
        }
        let header = self.header();
        let decoded = header.and_then(|mut header| {
            let data = codec.decode(key, &mut header, self.data.into())?;
            Ok(Record { header, data })
        });
        match decoded {
            Ok(record) => Ok(Some(record)),
            Err(error) => error.store_error().map_or(Ok(None), Err),
        }
    }
}

/// What a listing reads of a record.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) owner: Vec<u8>,
    pub(crate) handle: Vec<u8>,
    pub(crate) created: i64,
    pub(crate) last_seen: i64,
    pub(crate) header: Vec<u8>,
}

impl Listed {
    /// What a listing tells of it, or `None` if the row is damaged. Of a header in a newer format it tells all that has
    /// a column, so everything but the label.
    ///
    /// # Errors
    ///
    /// It is not the asked owner's, so the answer is one to another question (T53).
    pub(crate) fn info(self, asked: &OwnerKey) -> Result<Option<SessionInfo>, StoreError> {
        if self.owner != asked.as_bytes() {
            return Err(another());
        }
        let created = timestamp(self.created);
        let mut header = match Header::from_bytes(&self.header) {
            Ok(header) => header,
            Err(DecodeError::NewerFormat) => {
                Header::new(created, Lifetime::DEFAULT, Duration::ZERO)
            }
            Err(_) => return Ok(None),
        };
        let Ok(handle) = self.handle.try_into() else {
            return Ok(None);
        };
        header.handle = SessionHandle::from_bytes(handle);
        header.created = created;
        header.last_seen = timestamp(self.last_seen);
        Ok(Some(SessionInfo::of(&header)))
    }
}

/// The error where an answer is about another key or owner than the one that was asked for.
pub(crate) fn another() -> StoreError {
    StoreError::unavailable("the answer is about another session")
}

#[cfg(test)]
mod tests {
    use super::*;
    use session::Data;

    fn stored(key: &StoreKey, columns: Columns) -> Stored {
        Stored {
            key: key.hash().to_vec(),
            version: columns.version.to_vec(),
            authenticated_at: columns.authenticated_at,
            last_seen: columns.last_seen,
            idle_deadline: columns.idle_deadline,
            header: columns.header,
            data: columns.data,
        }
    }

    fn columns(key: &StoreKey) -> Columns {
        let now = Timestamp::from_millis(1_000);
        let header = Header::new(now, Lifetime::DEFAULT, Default::default());
        let mut data = Data::new();
        data.insert("theme", "dark".to_owned());
        Columns::of(&Codec::json(), key, &Record { header, data }).unwrap()
    }

    const KEY: StoreKey = StoreKey::from_parts([7; 32], [1, 2]);

    #[test]
    fn columns_are_right_where_they_differ_from_the_header() {
        let mut row = stored(&KEY, columns(&KEY));
        let version = Version::first();
        row.version = version.to_bytes().to_vec();
        (row.last_seen, row.idle_deadline, row.authenticated_at) = (5_000, 6_000, 4_000);
        let record = row.record(&Codec::json(), &KEY).unwrap().unwrap();
        assert_eq!(record.header.version, version);
        assert_eq!(record.header.last_seen, Timestamp::from_millis(5_000));
        assert_eq!(record.header.idle_deadline, Timestamp::from_millis(6_000));
        assert_eq!(
            record.header.authenticated_at,
            Timestamp::from_millis(4_000)
        );
        assert_eq!(record.data.get::<String>("theme").unwrap().unwrap(), "dark");
    }

    #[test]
    fn t53_the_row_of_another_key_is_refused() {
        let other = StoreKey::from_parts([8; 32], [1, 2]);
        let row = stored(&other, columns(&KEY));
        let error = row.record(&Codec::json(), &KEY).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }

    #[test]
    fn what_is_cut_is_damaged_and_what_is_newer_is_an_error() {
        let mut row = stored(&KEY, columns(&KEY));
        row.data.pop();
        assert!(row.record(&Codec::json(), &KEY).unwrap().is_none());
        let mut row = stored(&KEY, columns(&KEY));
        row.header[0] = 200;
        let error = row.record(&Codec::json(), &KEY).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::NewerFormat);
    }

    #[test]
    fn s21_what_is_newer_is_listed_by_its_columns() {
        let owner = OwnerKey::of("ann");
        let listed = |first_byte: Option<u8>, of: &OwnerKey| {
            let now = Timestamp::from_millis(1_000);
            let mut header = Header::new(now, Lifetime::DEFAULT, Default::default());
            header.label = Some("phone".into());
            let mut listed = Listed {
                owner: owner.as_bytes().to_vec(),
                handle: header.handle.to_bytes().to_vec(),
                created: 1_000,
                last_seen: 5_000,
                header: header.to_bytes(),
            };
            if let Some(byte) = first_byte {
                listed.header[0] = byte;
            }
            (header.handle, listed.info(of))
        };
        for (byte, label) in [(None, Some("phone")), (Some(200), None)] {
            let (handle, info) = listed(byte, &owner);
            let info = info.unwrap().unwrap();
            assert_eq!((info.handle, info.label.as_deref()), (handle, label));
            assert_eq!(info.created, Timestamp::from_millis(1_000));
            assert_eq!(info.last_seen, Timestamp::from_millis(5_000));
        }
        // Damaged.
        assert!(listed(Some(0), &owner).1.unwrap().is_none());
        let other = listed(None, &OwnerKey::of("bob")).1;
        assert_eq!(other.unwrap_err().kind(), StoreErrorKind::Unavailable);
    }

    #[test]
    fn t61_times_beyond_the_column_stay_later_than_any_clock() {
        for at in [0, 1, 253_402_300_799_999] {
            let at = Timestamp::from_millis(at);
            assert_eq!(timestamp(millis(at)), at);
        }
        assert_eq!(timestamp(millis(Timestamp::MAX)), Timestamp::MAX);
        assert_eq!(timestamp(-1), Timestamp::default());
    }

    #[test]
    fn t59_what_no_row_holds_is_told_before_it_is_sent() {
        assert!(fits(1 << 29).is_ok());
        let error = fits(1_000_000_000).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::TooLarge);
    }

    #[test]
    fn a_successor_is_found_by_its_bytes() {
        assert_eq!(store_key(&successor(&KEY)), Some(KEY));
        assert_eq!(store_key(&successor(&KEY)[1..]), None);
    }
}
