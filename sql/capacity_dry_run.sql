-- A change can be tried: everything is asked that would be asked, and nothing is done or written down.
\pset null -
CREATE TABLE dry_items (v vector(2));
INSERT INTO dry_items SELECT ARRAY[i, 1] FROM generate_series(1, 100) i;
CREATE INDEX dry_idx ON dry_items USING vecprov (v);
INSERT INTO vecprov.tiers VALUES ('dry_small', 600, false, 1);
SELECT vecprov_provision('dry_idx', 'r10', 2, 2, dry_run => true);
SELECT vecprov_provision('dry_idx', 'dry_small', 1, dry_run => true);
SELECT vecprov_provision('dry_idx', 'none', dry_run => true);
SELECT vecprov_provision('dry_idx', dry_run => true);
SELECT mode, tier FROM vecprov.indexes WHERE index = 'dry_idx'::regclass;
SELECT vecprov_provision('dry_idx', 'r10', dry_run => false);
-- too soon, for the trial as well
SELECT vecprov_set_replicas('dry_idx', 2);
\set VERBOSITY terse
DO $$
BEGIN
	PERFORM vecprov_provision('dry_idx', replicas => 3, dry_run => true);
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RAISE NOTICE 'too soon';
END $$;
\set VERBOSITY default
SET vecprov.scale_change_interval = 0;
SELECT vecprov_provision('dry_idx', replicas => 3, dry_run => NULL);
SELECT vecprov_provision('dry_idx', replicas => 3, dry_run => true);
RESET vecprov.scale_change_interval;
SELECT tier, shards, replicas FROM vecprov.indexes WHERE index = 'dry_idx'::regclass;
SELECT action, new_tier, new_shards, new_replicas FROM vecprov.changes WHERE index ~ 'dry_idx' ORDER BY at;
-- rights and quotas
CREATE ROLE dry_owner;
SET ROLE dry_owner;
SELECT vecprov_provision('dry_idx', replicas => 3, dry_run => true);
RESET ROLE;
ALTER TABLE dry_items OWNER TO dry_owner;
GRANT SET ON PARAMETER vecprov.provision TO dry_owner;
INSERT INTO vecprov.quotas VALUES ('dry_owner', NULL, 2);
SET vecprov.scale_change_interval = 0;
SET ROLE dry_owner;
SELECT vecprov_provision('dry_idx', replicas => 3, dry_run => true);
SELECT vecprov_set_replicas('dry_idx', 1);
RESET ROLE;
SELECT action, count(*) FROM vecprov.changes WHERE index ~ 'dry_idx' GROUP BY 1 ORDER BY 1;
DROP TABLE dry_items;
DELETE FROM vecprov.quotas;
DELETE FROM vecprov.tiers WHERE NOT shipped;
REVOKE SET ON PARAMETER vecprov.provision FROM dry_owner;
DROP ROLE dry_owner;
DELETE FROM vecprov.changes WHERE index ~ 'dry_idx';
