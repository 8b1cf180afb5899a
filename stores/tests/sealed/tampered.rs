//! Somebody who writes to the database, and has no key.

use session::{Data, Header, ReadOutcome, Record, SessionStore, StoreKey, Timestamp};
use session_stores::sqlite::SqliteStore;
use session_stores::sqlite::driver::{SqliteConnection, query, query_scalar};

use crate::sessions::*;
use crate::{sealed, sqlite_file};

const FAR: i64 = i64::MAX;

async fn column<T>(db: &mut SqliteConnection, sql: &'static str, key: &StoreKey) -> T
where
    T: Send
        + Unpin
        + for<'r> session_stores::sqlite::driver::Decode<'r, session_stores::sqlite::driver::Sqlite>
        + session_stores::sqlite::driver::Type<session_stores::sqlite::driver::Sqlite>,
{
    let scalar = query_scalar(sql).bind(key.hash().to_vec());
    scalar.fetch_one(db).await.unwrap()
}

async fn change(db: &mut SqliteConnection, sql: &'static str, value: Vec<u8>, key: &StoreKey) {
    let done = query(sql).bind(value).bind(key.hash().to_vec());
    assert_eq!(done.execute(db).await.unwrap().rows_affected(), 1);
}

async fn read(store: &SqliteStore, key: &StoreKey) -> ReadOutcome {
    store.read(&op(now()), key, None).await.unwrap()
}

const DATA: &str = "SELECT data FROM sessions WHERE session_key = ?";
const SET_DATA: &str = "UPDATE sessions SET data = ? WHERE session_key = ?";
const HEADER: &str = "SELECT header FROM sessions WHERE session_key = ?";
const SET_HEADER: &str = "UPDATE sessions SET header = ? WHERE session_key = ?";

/// T38: another session's data, or another owner's header, make no session; nor does a value ever stand there in the clear.
#[tokio::test(flavor = "multi_thread")]
async fn t38_nothing_sealed_can_be_moved() {
    let (_dir, path) = sqlite_file::new_file();
    let builder = SqliteStore::builder().codec(sealed());
    let store = builder.open(&path).await.unwrap();
    let t = now();
    let with = |owner: &str| {
        let mut data = Data::new();
        data.insert("iban", "DE02120300000000202051".to_owned());
        let header = owned(t, owner).header;
        Record { header, data }
    };
    let (anns, bobs) = (with("ann"), with("bob"));
    let (ann, bob) = (put(&store, t, &anns).await, put(&store, t, &bobs).await);
    let mut db = sqlite_file::other(&path).await;
    let (own, others) = (
        column::<Vec<u8>>(&mut db, DATA, &ann).await,
        column::<Vec<u8>>(&mut db, DATA, &bob).await,
    );
    assert!(
        !own.windows(4)
            .any(|bytes| bytes == b"DE02" || bytes == b"iban")
    );

    change(&mut db, SET_DATA, others, &ann).await;
    assert!(matches!(read(&store, &ann).await, ReadOutcome::Damaged));
    change(&mut db, SET_DATA, own, &ann).await;
    assert!(matches!(read(&store, &ann).await, ReadOutcome::Live(_)));

    let header = column::<Vec<u8>>(&mut db, HEADER, &ann).await;
    let mut given = Header::from_bytes(&header).unwrap();
    given.owner = bobs.header.owner.clone();
    // Whoever signs in carries the lifetime over: it is sealed, too.
    let mut lasting = Header::from_bytes(&header).unwrap();
    lasting.lifetime.absolute = std::time::Duration::from_secs(u32::MAX.into());
    for forged in [given, lasting] {
        change(&mut db, SET_HEADER, forged.to_bytes(), &ann).await;
        assert!(matches!(read(&store, &ann).await, ReadOutcome::Damaged));
    }
}

/// The absolute deadline that was sealed holds, whatever header and columns say.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_cannot_be_prolonged() {
    let (_dir, path) = sqlite_file::new_file();
    let builder = SqliteStore::builder().codec(sealed());
    let store = builder.open(&path).await.unwrap();
    let first = record(now());
    let key = put(&store, now(), &first).await;
    let mut db = sqlite_file::other(&path).await;
    let header = column::<Vec<u8>>(&mut db, HEADER, &key).await;
    let mut prolonged = Header::from_bytes(&header).unwrap();
    prolonged.absolute_deadline = Timestamp::from_millis(FAR as u64);
    change(&mut db, SET_HEADER, prolonged.to_bytes(), &key).await;
    let columns = "UPDATE sessions SET idle_deadline = ?, expires_at = ? WHERE session_key = ?";
    let pushed = query(columns).bind(FAR).bind(FAR).bind(key.hash().to_vec());
    assert_eq!(pushed.execute(&mut db).await.unwrap().rows_affected(), 1);

    let ReadOutcome::Live(read) = read(&store, &key).await else {
        panic!("the engine finds it live");
    };
    let until = first.header.absolute_deadline;
    assert_eq!(read.header.absolute_deadline, until);
    assert_eq!(read.header.idle_deadline, until);
    assert!(!read.header.is_live(until));
}
