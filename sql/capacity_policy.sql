-- Policies: who may set one, and what it may say. What they do: test/t/041_policy.pl.
\pset null -
\set VERBOSITY terse
CREATE ROLE policy_owner;
CREATE ROLE policy_other;
GRANT SET ON PARAMETER vecprov.provision TO policy_owner, policy_other;
CREATE SCHEMA policy_schema;
GRANT ALL ON SCHEMA policy_schema TO policy_owner, policy_other;
SET ROLE policy_owner;
CREATE TABLE policy_schema.items (v vector(2));
CREATE INDEX items_idx ON policy_schema.items USING vecprov (v);
SELECT vecprov_policy('policy_schema.items_idx', 1, 4);
SELECT * FROM vecprov.policies;
-- set again, it is replaced
SELECT vecprov_policy('policy_schema.items_idx', min_shards => 1, max_shards => 3, fullness => 0.7, up_after => '20 s',
	down_after => '1 day', change_interval => '1 min', dry_run => true);
SELECT * FROM vecprov.policies;
SELECT vecprov_policy('policy_schema.items_idx', idle_after => '30 min');
SELECT min_replicas, max_replicas, min_shards, max_shards, dry_run, idle_after FROM vecprov.policies;
-- it is the index's, by whatever name
ALTER INDEX policy_schema.items_idx RENAME TO items_new_idx;
SELECT schema, index FROM vecprov.policies;

-- What it may not say
SELECT vecprov_policy('policy_schema.items_new_idx', 0, 4);
SELECT vecprov_policy('policy_schema.items_new_idx', 5, 4);
SELECT vecprov_policy('policy_schema.items_new_idx', 1);
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 1000);
SELECT vecprov_policy('policy_schema.items_new_idx', min_shards => 2);
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 4, busy => 0);
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 4, busy => 1.5);
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 4, busy => 'NaN');
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 4, busy => NULL);
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 4, fullness => 2);
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 4, up_after => '-1 s');
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 4, change_interval => NULL);
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 4, dry_run => NULL);
SELECT vecprov_policy('policy_schema.items_new_idx', idle_after => '59 s');
SELECT vecprov_policy('policy_schema.items', 1, 4);
SELECT vecprov_policy(NULL, 1, 4);

-- Who may not set it, or change the table
SET ROLE policy_other;
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 4);
SELECT vecprov_policy('policy_schema.items_new_idx');
UPDATE vecprov.policies SET max_replicas = 100;
RESET ROLE;
REVOKE SET ON PARAMETER vecprov.provision FROM policy_owner;
SET ROLE policy_owner;
SELECT vecprov_policy('policy_schema.items_new_idx', 1, 4);
-- to end it needs no right to provision
SELECT vecprov_policy('policy_schema.items_new_idx');
SELECT count(*) FROM vecprov.policies;
RESET ROLE;

-- The policies of a schema follow it; a superuser's hand acts for the owner
SELECT vecprov_policy('policy_schema.items_new_idx', 2, 3);
ALTER SCHEMA policy_schema RENAME TO policy_renamed;
SELECT schema, index, role FROM vecprov.policies;
CREATE TABLE policy_parts (k int, v vector(2)) PARTITION BY LIST (k);
CREATE INDEX policy_parts_idx ON policy_parts USING vecprov (v);
SELECT vecprov_policy('policy_parts_idx', idle_after => '1 hour');
DROP TABLE policy_parts;
DROP SCHEMA policy_renamed CASCADE;
DELETE FROM vecprov.policies;
REVOKE SET ON PARAMETER vecprov.provision FROM policy_owner, policy_other;
DROP ROLE policy_owner, policy_other;
