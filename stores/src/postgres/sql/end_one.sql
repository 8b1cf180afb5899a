-- `destroy_of`. The owner's row keeps the session from moving to another key while it is looked for.
CREATE OR REPLACE FUNCTION {end_one}(p_now bigint, p_grace_end bigint, p_owner bytea, p_handle bytea)
RETURNS boolean LANGUAGE plpgsql AS $end_one$
BEGIN
    PERFORM 1 FROM {owners} WHERE owner = p_owner FOR UPDATE;
    BEGIN
        UPDATE {sessions} s SET {cleared}, successor = NULL, expires_at = p_grace_end
        WHERE owner = p_owner AND handle = p_handle AND {ends} > p_now;
    EXCEPTION WHEN disk_full THEN
        -- There is no room for a tombstone: it ends without.
        DELETE FROM {sessions} s WHERE owner = p_owner AND handle = p_handle AND {ends} > p_now;
    END;
    RETURN FOUND;
END
$end_one$;
