//! Creating and rotating in one round trip: a transaction that goes out whole, and stores the record if nothing stands in
//! the way.

use session::{Over, OwnerRule, StoreError, StoreKey, Version};

use super::call::{Again, Verb};
use super::message::Call;
use super::text::{BEGIN, bury, hex, insert, keys, live};
use crate::sql::Columns;

/// How a record is bound to its owner, as text.
struct Binding {
    /// Locks the owner, and remembers whether the record may be bound.
    ask: String,
    /// What is true then.
    may: &'static str,
    /// Ends the one who has to go for the record, once that stands.
    evict: String,
}

impl Verb<'_> {
    /// Those under `instead_of` are not counted. At most one goes for the record: several do only where the limit has
    /// become smaller, and then somebody has to look who they are.
    fn binding(
        &self,
        row: &Columns,
        bind: Option<OwnerRule>,
        instead_of: &[&StoreKey],
        stands: &str,
    ) -> Binding {
        let Some(owner) = row.owner else {
            return Binding {
                ask: String::new(),
                may: "TRUE",
                evict: String::new(),
            };
        };
        let schema = &self.engine.schema;
        let (records, owners, live) = (&schema.records, &schema.owners, live(self.now()));
        let (owner, at) = (hex(&owner), row.authenticated_at);
        let (mut room, mut evict) = (String::new(), String::new());
        if let Some(OwnerRule { max, over }) = bind {
            let aside = keys(instead_of.iter().map(|key| &key.hash()[..]));
            let others = format!(
                "FROM {records} WHERE owner = {owner} AND {live} AND session_key NOT IN ({aside})"
            );
            let most = match over {
                Over::Refuse => max.get() - 1,
                Over::Evict => max.get(),
            };
            room = format!(" AND (SELECT COUNT(*) {others}) <= {most}");
            if over == Over::Evict {
                // Who stays is the newest, one fewer than the limit. The key stands in a variable: a subquery would lock
                // what it reads, and an update by owner would take its locks in another order than `destroy`.
                let (kept, bury) = (max.get() - 1, bury(self.op, None));
                evict = format!(
                    "; SELECT MAX(session_key) INTO @session_evict FROM (SELECT session_key {others} \
                     ORDER BY created DESC, session_key DESC LIMIT 1 OFFSET {kept}) AS oldest WHERE EXISTS ({stands}); \
                     UPDATE {records} SET {bury} WHERE session_key = @session_evict AND data IS NOT NULL"
                );
            }
        }
        let lock = self.enter(&owner, row.absolute_deadline);
        let ask = format!(
            "{lock}SELECT not_before < {at}{room} INTO @session_bind FROM {owners} WHERE owner = {owner}; "
        );
        Binding {
            ask,
            may: "@session_bind = 1",
            evict,
        }
    }

    /// A query that has a row where the record stands under the key.
    fn stands(&self, key: &StoreKey, row: &Columns) -> String {
        let records = &self.engine.schema.records;
        let (key, commit) = (hex(key.hash()), hex(&row.commit_id));
        format!(
            "SELECT 1 FROM {records} WHERE session_key = {key} AND commit_id = {commit} AND data IS NOT NULL"
        )
    }

    /// Sends a transaction, and says whether the record stands then.
    ///
    /// (`ROW_COUNT()` would not do: the engine goes on when its client has gone, and then gives -1.)
    async fn at_once(&self, text: &str, stands: &str) -> Result<bool, StoreError> {
        let text = format!("{BEGIN}{text}; {stands}; COMMIT");
        let shown = self.call(Again::Harmless, Call::Shown(&text)).await?;
        Ok(!shown.rows().is_empty())
    }

    /// Moves a record to another key, if nothing stands in the way; whether it did. The new row is inserted where the old
    /// one has become a tombstone with the new version, which no other commit has.
    pub(super) async fn rotate_at_once(
        &self,
        (old, new): (&StoreKey, &StoreKey),
        row: &Columns,
        expected: Version,
        bind: Option<OwnerRule>,
    ) -> Result<bool, StoreError> {
        let records = &self.engine.schema.records;
        let stands = self.stands(new, row);
        let Binding { ask, may, evict } = self.binding(row, bind, &[old, new], &stands);
        let (key, version) = (hex(old.hash()), hex(&row.version));
        let (bury, live, expected) = (
            bury(self.op, Some(new)),
            live(self.now()),
            hex(&expected.to_bytes()),
        );
        let text = format!(
            "{ask}UPDATE {records} SET version = {version}, {bury} \
             WHERE session_key = {key} AND version = {expected} AND {live} AND {may}; \
             {} FROM {records} AS o WHERE o.session_key = {key} AND o.version = {version} AND o.data IS NULL{evict}",
            insert(records, new, row),
        );
        self.at_once(&text, &stands).await
    }

    /// Makes a record with owner, if nothing stands in the way; whether it did.
    pub(super) async fn create_at_once(
        &self,
        key: &StoreKey,
        row: &Columns,
        bind: Option<OwnerRule>,
    ) -> Result<bool, StoreError> {
        let stands = self.stands(key, row);
        let Binding { ask, may, evict } = self.binding(row, bind, &[key], &stands);
        let insert = insert(&self.engine.schema.records, key, row);
        let text = format!("{ask}{insert} FROM DUAL WHERE {may}{evict}");
        self.at_once(&text, &stands).await
    }
}
