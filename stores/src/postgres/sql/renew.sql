-- What a read does whose renewal is due, if no other commit has come first, which has renewed the session itself. Says
-- when it was seen and ends now.
CREATE OR REPLACE FUNCTION {renew}(p_session_key bytea, p_version bytea, p_now bigint, p_deadline bigint)
RETURNS bigint[] LANGUAGE plpgsql AS $renew$
DECLARE
    renewed bigint[];
BEGIN
    UPDATE {sessions} s SET last_seen = GREATEST(last_seen, p_now),
        idle_deadline = GREATEST(idle_deadline, p_deadline),
        expires_at = LEAST(absolute_deadline, GREATEST(idle_deadline, p_deadline))
    WHERE session_key = p_session_key AND version = p_version AND {ends} > p_now
    RETURNING ARRAY[last_seen, idle_deadline] INTO renewed;
    RETURN renewed;
END
$renew$;
