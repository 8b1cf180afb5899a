-- One row a session, or a tombstone: then all that is of a record is NULL. Times are milliseconds since 1970, by the
-- application's clock. `expires_at` is what `gc` goes by: the earlier deadline of a record, the end of a grace. It changes
-- with every save; `sweep_slot` seldom does, and that is the one with an index.
--
-- Looked for first, because even what finds that there is nothing to do would lock a table that is in use.
DO $tables$
BEGIN
    IF to_regclass('{sessions}') IS NULL THEN
        CREATE TABLE {sessions} (
            session_key bytea PRIMARY KEY CHECK (octet_length(session_key) = 32),
            version bytea,
            commit_id bytea,
            handle bytea,
            owner bytea,
            created bigint,
            authenticated_at bigint,
            last_seen bigint,
            idle_for bigint,
            idle_deadline bigint,
            absolute_deadline bigint,
            expires_at bigint NOT NULL,
            successor bytea,
            header bytea,
            data bytea,
            sweep_slot bigint NOT NULL GENERATED ALWAYS AS (expires_at / {slot}) STORED
        ) WITH (fillfactor = 85);
        CREATE INDEX {owner_index} ON {sessions} (owner) WHERE owner IS NOT NULL;
        CREATE INDEX {sweep_index} ON {sessions} (sweep_slot);
    END IF;
    -- One row an owner: whoever binds or revokes sessions of that owner holds it. Who authenticated at `not_before` or
    -- earlier is kept out; after `until` the row means nothing any more.
    IF to_regclass('{owners}') IS NULL THEN
        CREATE TABLE {owners} (
            owner bytea PRIMARY KEY CHECK (octet_length(owner) = 32),
            not_before bigint NOT NULL,
            until bigint NOT NULL
        );
        CREATE INDEX {until_index} ON {owners} (until);
    END IF;
END
$tables$;
