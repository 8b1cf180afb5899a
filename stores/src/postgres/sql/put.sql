-- `create`, and with an old key `rotate`. A function, because each of its statements sees what was committed before it
-- began: one statement would count an owner's sessions as they stood before it had waited for the owner's row.
CREATE OR REPLACE FUNCTION {put}(
    p_now bigint, p_grace_end bigint, p_old bytea, p_expected bytea, p_successor bytea, p_max bigint, p_evict boolean,
    p_session_key bytea, p_version bytea, p_commit_id bytea, p_handle bytea, p_owner bytea, p_created bigint,
    p_authenticated_at bigint, p_last_seen bigint, p_idle_for bigint, p_idle_deadline bigint,
    p_absolute_deadline bigint, p_expires_at bigint, p_header bytea, p_data bytea,
    OUT status text, OUT stored bytea
) LANGUAGE plpgsql AS $put$
DECLARE
    former bytea;
    revoked bigint := -1;
    found_there record;
    excess bigint := 0;
BEGIN
    -- Owners before sessions, and two owners by their keys: all who lock several rows go in this order, so that none
    -- waits for another in a circle.
    IF p_owner IS NOT NULL THEN
        SELECT s.owner INTO former FROM {sessions} s WHERE s.session_key = p_old;
        IF former < p_owner THEN
            PERFORM 1 FROM {owners} o WHERE o.owner = former FOR UPDATE;
        END IF;
        INSERT INTO {owners} AS o (owner, not_before, until) VALUES (p_owner, -1, p_absolute_deadline)
        ON CONFLICT (owner) DO UPDATE SET until = GREATEST(o.until, EXCLUDED.until)
        RETURNING o.not_before INTO revoked;
        IF former > p_owner THEN
            PERFORM 1 FROM {owners} o WHERE o.owner = former FOR UPDATE;
        END IF;
    END IF;

    IF p_old IS NOT NULL THEN
        SELECT s.version, s.successor INTO found_there FROM {sessions} s
        WHERE s.session_key = p_old AND {ends} > p_now FOR UPDATE;
        IF found_there.version IS NULL THEN
            IF found_there.successor = p_successor THEN
                SELECT s.version INTO stored FROM {sessions} s
                WHERE s.session_key = p_session_key AND s.commit_id = p_commit_id AND {ends} > p_now;
            END IF;
            status := CASE WHEN stored IS NULL THEN 'gone' ELSE 'stored' END;
            RETURN;
        ELSIF found_there.version <> p_expected THEN
            status := 'conflict';
            RETURN;
        END IF;
    END IF;

    LOOP
        SELECT s.version, s.commit_id INTO found_there FROM {sessions} s
        WHERE s.session_key = p_session_key AND {ends} > p_now FOR UPDATE;
        IF FOUND THEN
            stored := found_there.version;
            status := CASE
                WHEN stored IS NULL OR p_old IS NOT NULL THEN 'gone'
                WHEN found_there.commit_id = p_commit_id THEN 'stored'
                ELSE 'exists' END;
            RETURN;
        END IF;
        IF p_owner IS NOT NULL AND p_authenticated_at <= revoked THEN
            status := 'revoked';
            RETURN;
        END IF;
        IF p_owner IS NOT NULL AND p_max IS NOT NULL THEN
            SELECT count(*) + 1 - p_max INTO excess FROM {sessions} s
            WHERE s.owner = p_owner AND {ends} > p_now AND s.session_key IS DISTINCT FROM p_old;
            IF excess > 0 AND NOT p_evict THEN
                status := 'refused';
                RETURN;
            END IF;
        END IF;
        INSERT INTO {sessions} AS s (
            session_key, version, commit_id, handle, owner, created, authenticated_at, last_seen, idle_for,
            idle_deadline, absolute_deadline, expires_at, header, data
        ) VALUES (
            p_session_key, p_version, p_commit_id, p_handle, p_owner, p_created, p_authenticated_at, p_last_seen,
            p_idle_for, p_idle_deadline, p_absolute_deadline, p_expires_at, p_header, p_data
        ) ON CONFLICT (session_key) DO UPDATE SET
            version = EXCLUDED.version, commit_id = EXCLUDED.commit_id, handle = EXCLUDED.handle,
            owner = EXCLUDED.owner, created = EXCLUDED.created, authenticated_at = EXCLUDED.authenticated_at,
            last_seen = EXCLUDED.last_seen, idle_for = EXCLUDED.idle_for, idle_deadline = EXCLUDED.idle_deadline,
            absolute_deadline = EXCLUDED.absolute_deadline, expires_at = EXCLUDED.expires_at, successor = NULL,
            header = EXCLUDED.header, data = EXCLUDED.data
        WHERE {ends} <= p_now;
        -- Somebody else may have put something there since it was looked for.
        EXIT WHEN FOUND;
    END LOOP;

    IF excess > 0 THEN
        UPDATE {sessions} SET {cleared}, successor = NULL, expires_at = p_grace_end
        WHERE owner = p_owner AND session_key IN (
            SELECT s.session_key FROM {sessions} s
            WHERE s.owner = p_owner AND {ends} > p_now
                AND s.session_key <> p_session_key AND s.session_key IS DISTINCT FROM p_old
            ORDER BY s.created, s.session_key LIMIT excess
        );
    END IF;
    IF p_old IS NOT NULL THEN
        UPDATE {sessions} SET {cleared}, successor = p_successor, expires_at = p_grace_end WHERE session_key = p_old;
    END IF;
    status := 'stored';
    stored := p_version;
END
$put$;
