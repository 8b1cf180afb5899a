-- `destroy_all_of`. Holding the owner's row it sees every session that was bound before, and keeps out those that come
-- after. Says how many live ones there were.
CREATE OR REPLACE FUNCTION {revoke}(
    p_now bigint, p_grace_end bigint, p_until bigint, p_owner bytea, p_except bytea, p_version bytea
) RETURNS bigint LANGUAGE plpgsql AS $revoke$
DECLARE
    revoked bigint;
    ended bigint;
BEGIN
    INSERT INTO {owners} AS o (owner, not_before, until) VALUES (p_owner, p_now, p_until)
    ON CONFLICT (owner) DO UPDATE
    SET not_before = GREATEST(o.not_before, EXCLUDED.not_before), until = GREATEST(o.until, EXCLUDED.until)
    RETURNING o.not_before INTO revoked;

    -- A version of its own tells a save under way that the header has changed.
    UPDATE {sessions} s SET version = p_version, authenticated_at = LEAST(revoked, 9223372036854775806) + 1
    WHERE session_key = p_except AND owner = p_owner AND {ends} > p_now;
    IF NOT FOUND THEN
        p_except := NULL;
    END IF;

    -- What has expired dies too: it may live by the clock of a node that is behind.
    BEGIN
        WITH doomed AS (
            SELECT s.session_key, {ends} > p_now AS lives FROM {sessions} s
            WHERE s.owner = p_owner AND s.session_key IS DISTINCT FROM p_except
            ORDER BY s.session_key FOR UPDATE
        ), buried AS (
            UPDATE {sessions} s SET {cleared}, successor = NULL, expires_at = p_grace_end
            FROM doomed WHERE s.session_key = doomed.session_key
        )
        SELECT count(*) INTO ended FROM doomed WHERE lives;
    EXCEPTION WHEN disk_full THEN
        -- There is no room for tombstones: they end without.
        WITH gone AS (
            DELETE FROM {sessions} s WHERE s.owner = p_owner AND s.session_key IS DISTINCT FROM p_except
            RETURNING {ends} > p_now AS lives
        )
        SELECT count(*) INTO ended FROM gone WHERE lives;
    END;
    RETURN ended;
END
$revoke$;
