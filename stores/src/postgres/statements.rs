//! The text of what is sent, built once for the store's table.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::sql::{Quote, TableName};

/// A tombstone holds nothing of the record.
const CLEARED: &str = "version = NULL, commit_id = NULL, handle = NULL, owner = NULL, created = NULL, \
    authenticated_at = NULL, last_seen = NULL, idle_for = NULL, idle_deadline = NULL, absolute_deadline = NULL, \
    header = NULL, data = NULL";

/// What is read of a row, in this order.
const FOUND: &str =
    "session_key, version, authenticated_at, last_seen, idle_deadline, header, data, successor";

/// Until when a row means something. Of a record only its own deadlines say so (T17): `gc` alone goes by `expires_at`.
const ENDS: &str = "COALESCE(LEAST(s.idle_deadline, s.absolute_deadline), s.expires_at)";

const READ: &str = "SELECT {found} FROM {sessions} s WHERE session_key = $1 AND {ends} > $2";

/// `$3` is `$2` less the touch interval, `$4` is `$2` and the interval, so that no sum passes the largest number. Only
/// where a renewal is due is the function called that writes it: what it may cost, a plain read does not pay.
const READ_AND_RENEW: &str = "\
SELECT {found}, CASE WHEN last_seen <= $3 AND {renewal} > idle_deadline THEN {renew}(session_key, version, $2, {renewal}) END
FROM {sessions} s WHERE session_key = $1 AND {ends} > $2";

const RENEWAL: &str =
    "CASE WHEN idle_for < absolute_deadline - $4 THEN $4 + idle_for ELSE absolute_deadline END";

const PUT: &str = "SELECT status, stored FROM {put}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
    $15, $16, $17, $18, $19, $20, $21)";

/// The owner is never changed: a record with another one than the stored one is not stored.
const SAVE: &str = "\
UPDATE {sessions} s SET version = $4, commit_id = $5, handle = $6, created = $8, authenticated_at = $9, last_seen = $10,
    idle_for = $11, idle_deadline = $12, absolute_deadline = $13, expires_at = $14, header = $15, data = $16
WHERE session_key = $3 AND version = $2 AND {ends} > $1 AND owner IS NOT DISTINCT FROM $7
RETURNING 1";

/// Many saves in one statement. Those whose row somebody has locked are left out, so that it waits for nobody.
const SAVE_ALL: &str = "\
WITH given AS (
    SELECT * FROM UNNEST($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
        $15::bytea[], $16::bytea[])
    AS given (now, expected, session_key, version, commit_id, handle, owner, created, authenticated_at, last_seen,
        idle_for, idle_deadline, absolute_deadline, expires_at, header, data)
), free AS (
    SELECT session_key FROM {sessions} WHERE session_key = ANY ($3) FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE {sessions} s SET version = g.version, commit_id = g.commit_id, handle = g.handle, created = g.created,
    authenticated_at = g.authenticated_at, last_seen = g.last_seen, idle_for = g.idle_for,
    idle_deadline = g.idle_deadline, absolute_deadline = g.absolute_deadline, expires_at = g.expires_at,
    header = g.header, data = g.data
FROM given g JOIN free USING (session_key)
WHERE s.session_key = g.session_key AND s.version = g.expected AND {ends} > g.now
    AND s.owner IS NOT DISTINCT FROM g.owner
RETURNING s.session_key, s.commit_id";

const TOUCH: &str = "\
UPDATE {sessions} s SET last_seen = GREATEST(last_seen, $1),
    idle_deadline = GREATEST(idle_deadline, LEAST($4, absolute_deadline)),
    expires_at = LEAST(absolute_deadline, GREATEST(idle_deadline, $4))
WHERE session_key = $3 AND version = $2 AND {ends} > $1
RETURNING 1";

const DESTROY: &str = "\
INSERT INTO {sessions} AS s (session_key, expires_at) VALUES ($3, $2)
ON CONFLICT (session_key) DO UPDATE SET {cleared},
    successor = CASE WHEN s.expires_at > $1 THEN s.successor END,
    expires_at = CASE WHEN s.data IS NULL AND s.expires_at > $1 THEN GREATEST(s.expires_at, $2) ELSE $2 END
RETURNING session_key, successor";

/// Takes no room.
const DELETE: &str = "DELETE FROM {sessions} WHERE session_key = $1 AND data IS NOT NULL";

const EXISTS: &str =
    "SELECT 1 FROM {sessions} s WHERE session_key = $2 AND {ends} > $1 AND data IS NOT NULL";

const SESSIONS_OF: &str = "\
SELECT owner, handle, created, last_seen, header FROM {sessions} s
WHERE owner = $2 AND {ends} > $1 ORDER BY created, session_key";

const END_ONE: &str = "SELECT {end_one}($1, $2, $3, $4)";

const REVOKE: &str = "SELECT {revoke}($1, $2, $3, $4, $5, $6)";

/// Past by the caller's clock (`$1` is its time less the skew) and by the engine's. Never waits: what is in use is
/// left for the next call.
const GC: &str = "\
WITH past AS (
    SELECT LEAST($1, (extract(epoch FROM statement_timestamp()) * 1000)::bigint - $2) AS at
), dead AS (
    SELECT session_key FROM {sessions}
    WHERE sweep_slot <= (SELECT at / {slot} FROM past) AND expires_at < (SELECT at FROM past)
    ORDER BY sweep_slot LIMIT $3 FOR UPDATE SKIP LOCKED
), swept AS (
    DELETE FROM {sessions} s USING dead WHERE s.session_key = dead.session_key RETURNING 1
), forgotten AS (
    SELECT owner FROM {owners} WHERE until < (SELECT at FROM past)
    ORDER BY until LIMIT $3 FOR UPDATE SKIP LOCKED
), forgot AS (
    DELETE FROM {owners} o USING forgotten WHERE o.owner = forgotten.owner RETURNING 1
)
SELECT (SELECT count(*) FROM swept), (SELECT count(*) FROM forgot)";

/// A session that is saved again within so many milliseconds leaves the index of what `gc` goes by as it is, and then the
/// engine touches no index at all: <https://www.postgresql.org/docs/current/storage-hot.html>. `gc` in return looks at
/// what expires in the slot that has begun.
const SLOT: &str = "524288";

/// Nodes that start at once wait for each other; a statement's time-out is not meant for this.
const ALONE: &str =
    "SET LOCAL statement_timeout = 0;\nSELECT pg_advisory_xact_lock(7310579632890913392);\n";

/// What a store sends.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) read: SqlStr,
    pub(super) read_and_renew: SqlStr,
    pub(super) put: SqlStr,
    pub(super) save: SqlStr,
    pub(super) save_all: SqlStr,
    pub(super) touch: SqlStr,
    pub(super) destroy: SqlStr,
    pub(super) delete: SqlStr,
    pub(super) exists: SqlStr,
    pub(super) sessions_of: SqlStr,
    pub(super) end_one: SqlStr,
    pub(super) revoke: SqlStr,
    pub(super) gc: SqlStr,
    pub(super) migrate: SqlStr,
}

impl Statements {
    pub(super) fn new(table: &TableName) -> Self {
        let safe = |text: &str| AssertSqlSafe(Arc::<str>::from(render(text, table))).into_sql_str();
        Self {
            read: safe(READ),
            read_and_renew: safe(READ_AND_RENEW),
            put: safe(PUT),
            save: safe(SAVE),
            save_all: safe(SAVE_ALL),
            touch: safe(TOUCH),
            destroy: safe(DESTROY),
            delete: safe(DELETE),
            exists: safe(EXISTS),
            sessions_of: safe(SESSIONS_OF),
            end_one: safe(END_ONE),
            revoke: safe(REVOKE),
            gc: safe(GC),
            migrate: AssertSqlSafe(format!("{ALONE}{}", migration(table))).into_sql_str(),
        }
    }
}

/// All that has to be there before a store can work. Functions carry a version in their names: a node of an older
/// release goes on with its own.
pub(super) fn migration(table: &TableName) -> String {
    let parts = [
        include_str!("sql/tables.sql"),
        include_str!("sql/renew.sql"),
        include_str!("sql/put.sql"),
        include_str!("sql/end_one.sql"),
        include_str!("sql/revoke.sql"),
    ];
    render(&parts.join("\n"), table)
}

fn render(text: &str, table: &TableName) -> String {
    let name = |suffix| table.quoted(Quote::Double, suffix);
    let index = |suffix| table.quoted_index(Quote::Double, suffix);
    text.replace("{found}", FOUND)
        .replace("{ends}", ENDS)
        .replace("{renewal}", RENEWAL)
        .replace("{slot}", SLOT)
        .replace("{cleared}", CLEARED)
        .replace("{sessions}", &name(""))
        .replace("{owners}", &name("_owners"))
        .replace("{renew}", &name("_renew_v1"))
        .replace("{put}", &name("_put_v1"))
        .replace("{end_one}", &name("_end_one_v1"))
        .replace("{revoke}", &name("_revoke_v1"))
        .replace("{owner_index}", &index("_owner"))
        .replace("{sweep_index}", &index("_sweep"))
        .replace("{until_index}", &index("_until"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_text_is_the_tables() {
        let table = TableName::parse("web.visits").unwrap();
        let statements = Statements::new(&table);
        let texts = format!("{statements:?}");
        assert!(
            !texts.contains('{') || !texts.contains("{sessions}"),
            "{texts}"
        );
        let migration = migration(&table);
        for name in [
            r#""web"."visits" ("#,
            r#""web"."visits_owners" ("#,
            r#""web"."visits_put_v1"("#,
            r#"INDEX "visits_owner" ON"#,
        ] {
            assert!(migration.contains(name), "{name} in {migration}");
        }
        assert!(!migration.contains('{'), "{migration}");
    }
}
