//! Statements that go out as text, several in one round trip. All that stands in them is numbers and hexadecimal
//! digits, so there is nothing to escape.

use std::fmt::Write;
use std::time::Duration;

use session::{Op, StoreKey, Timestamp};

use super::schema::{COLUMNS, Schema};
use crate::sql::{Columns, millis, successor};

/// Begins a transaction without gap locks, which would stop neighbours that have nothing to do with it.
pub(super) const BEGIN: &str =
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION; ";

/// Bytes as a literal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2 + 3);
    text.push_str("x'");
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text.push('\'');
    text
}

/// Several keys, as `IN` wants them.
pub(super) fn keys<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> String {
    let literals: Vec<_> = keys.into_iter().map(hex).collect();
    literals.join(", ")
}

/// What is true of a live record, and only of one.
pub(super) fn live(now: i64) -> String {
    format!("data IS NOT NULL AND idle_deadline > {now} AND absolute_deadline > {now}")
}

/// Reads a record and then renews it, if that is due. Which one that is stands in a variable, since an update that names
/// the key itself would wait for whoever has the row locked, though it is to change nothing. (So would `SET` with a
/// subquery; and without `MAX` the variable would keep what an earlier call has put there.)
pub(super) fn find_and_renew(
    schema: &Schema,
    key: &StoreKey,
    now: Timestamp,
    interval: Duration,
) -> String {
    let (records, key) = (&schema.records, hex(key.hash()));
    let after = millis(now + interval);
    let now = millis(now);
    let before = now.saturating_sub(i64::try_from(interval.as_millis()).unwrap_or(i64::MAX));
    let deadline = format!(
        "IF(idle_for < absolute_deadline - {after}, {after} + idle_for, absolute_deadline)"
    );
    let (live, due) = (live(now), format!("last_seen <= {before}"));
    let read = schema.read.replace('?', &key);
    format!(
        "SELECT MAX(session_key) INTO @session_due FROM {records} WHERE session_key = {key} AND {due}; {read}; \
         UPDATE {records} SET expires_at = {deadline}, last_seen = {now}, idle_deadline = {deadline} \
         WHERE session_key = @session_due AND {due} AND {live} AND idle_deadline < {deadline}"
    )
}

/// Makes a tombstone of a record.
pub(super) fn bury(op: &Op, to: Option<&StoreKey>) -> String {
    let to = to.map_or_else(|| "NULL".to_owned(), |key| hex(&successor(key)));
    let until = millis(op.now + op.grace);
    format!("expires_at = {until}, successor = {to}, owner = NULL, header = NULL, data = NULL")
}

/// The end of all records under these keys.
pub(super) fn bury_all<'a>(
    records: &str,
    op: &Op,
    buried: impl IntoIterator<Item = &'a [u8]>,
) -> String {
    let (bury, buried) = (bury(op, None), keys(buried));
    format!(
        "UPDATE {records} FORCE INDEX (PRIMARY) SET {bury} WHERE session_key IN ({buried}) AND data IS NOT NULL; "
    )
}

/// A record as it is inserted: the columns and the values, to be followed by nothing or by where to insert it from.
pub(super) fn insert(records: &str, key: &StoreKey, row: &Columns) -> String {
    let owner = row.owner.map_or_else(|| "NULL".to_owned(), |key| hex(&key));
    let mut text = String::with_capacity(2 * (row.header.len() + row.data.len()) + 700);
    let _ = write!(
        text,
        "INSERT INTO {records} ({COLUMNS}) SELECT {}, {}, {}, {}, {owner}, {}, {}, {}, {}, {}, {}, {}, ",
        hex(key.hash()),
        hex(&row.version),
        hex(&row.commit_id),
        hex(&row.handle),
        row.created,
        row.authenticated_at,
        row.last_seen,
        row.idle_for,
        row.idle_deadline,
        row.absolute_deadline,
        row.expires_at(),
    );
    text.push_str(&hex(&row.header));
    text.push_str(", ");
    text.push_str(&hex(&row.data));
    text
}
