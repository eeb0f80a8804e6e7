-- For tests of what VACUUM leaves: VACUUM removes a row, and gives its space back, only when no snapshot is
-- older than that. Somebody else can have such a snapshot for a moment: the process that looks at tiers
-- and indexes, or autovacuum of another table. So :vacuum waits until they are gone. A process that is just
-- starting has a snapshot, too, before pg_stat_activity shows it: its transaction has a lock.

-- Two transactions: nobody's snapshot is older than the second, and VACUUM notes the first as the next one.
CREATE PROCEDURE pg_temp.wait_for_snapshots() LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_current_xact_id();
	COMMIT;
	PERFORM pg_current_xact_id();
	WHILE EXISTS (SELECT FROM pg_stat_activity
		WHERE greatest(age(backend_xmin), age(backend_xid)) > 0 AND pid <> pg_backend_pid()) OR
		EXISTS (SELECT FROM pg_locks WHERE locktype = 'virtualxid' AND pid NOT IN (SELECT pid FROM pg_stat_activity)) LOOP
		PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
	END LOOP;
END
$$;
\set vacuum 'CALL pg_temp.wait_for_snapshots(); VACUUM'
