-- What capacity an index is given: options, functions, rules, the ledger, suspended indexes.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
\pset null -
CREATE FUNCTION options(index regclass) RETURNS text LANGUAGE sql AS
	'SELECT concat_ws('' '', mode, tier, shards, replicas, state) FROM vecprov_facts($1, true)';

CREATE TABLE change_items (id integer, v vector(8), t text);
INSERT INTO change_items SELECT i, ARRAY[i, i % 2, i % 3, i % 5, i % 7, i % 11, i % 13, i % 17], '1234' FROM generate_series(1, 200) i;
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('change_tiny', 7000, false, 1), ('change_small', 9000, false, 1),
	('change"\odd''s', 100000, false, 1);

-- Options at creation
SELECT options, pg_temp.try(format('CREATE INDEX change_%s_idx ON change_items USING vecprov (v) WITH (%s)', n, options))
FROM unnest(ARRAY['tier = r10', 'tier = ''r40'', shards = 1, replicas = 3', 'tier = r10, replicas = 0', 'tier = r11', 'tier = ''''', 'tier',
	'shards = 1', 'replicas = 1', 'tier = r10, shards = 0', 'tier = r10, shards = 101', 'tier = r10, replicas = -1', 'tier = r10, replicas = 101',
	'tier = r10, shards = 2', 'tier = change_tiny', 'tier = R10', 'm = 8']) WITH ORDINALITY o (options, n);
SELECT i.indexrelid::regclass, c.reloptions, options(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = 'change_items'::regclass ORDER BY 1;
SELECT pg_temp.try('CREATE TEMP TABLE change_temp (v vector(2))');
SELECT pg_temp.try('CREATE INDEX ON change_temp USING vecprov (v) WITH (tier = r10)');
SELECT pg_temp.try('CREATE UNLOGGED TABLE change_unlogged (v vector(2))');
SELECT pg_temp.try('CREATE INDEX ON change_unlogged USING vecprov (v) WITH (tier = r10)');
DROP TABLE change_unlogged;

-- The ledger of that: indexes that were made, and refusals, though these were rolled back
SELECT regexp_replace(index, 'pg_temp_\d+', 'pg_temp'), action, old_tier, old_shards, old_replicas, new_tier, new_shards, new_replicas, role = current_user AS me, message FROM vecprov.changes ORDER BY at;
DROP TABLE change_items;
DELETE FROM vecprov.changes;

-- Functions and ALTER INDEX: the same rules.
CREATE TABLE change_items (id integer, v vector(8), t text) WITH (autovacuum_enabled = off);
INSERT INTO change_items SELECT i, ARRAY[i, i % 2, i % 3, i % 5, i % 7, i % 11, i % 13, i % 17], '1234' FROM generate_series(1, 200) i;
CREATE INDEX change_idx ON change_items USING vecprov (v);
SELECT statement, pg_temp.try(statement), options('change_idx') FROM unnest(ARRAY[
	'SELECT vecprov_set_replicas(''change_idx'', 2)',
	'SELECT vecprov_set_shards(''change_idx'', 2)',
	'ALTER INDEX change_idx SET (replicas = 2)',
	'SELECT vecprov_provision(''change_idx'')',
	'SELECT vecprov_set_tier(''change_idx'', NULL)',
	'SELECT vecprov_set_tier(''change_idx'', ''r11'')',
	'SELECT vecprov_provision(''change_idx'', ''r10'', 101, 2)',
	'SELECT vecprov_provision(''change_idx'', ''r10'', 1, 101)',
	'SELECT vecprov_set_tier(''change_idx'', ''change_tiny'')',
	'SELECT vecprov_provision(''change_idx'', ''r10'', replicas => 2)']) statement;
-- what came with the mode is no change of its own; then there is one an hour, one a day
SELECT statement, pg_temp.try(statement), options('change_idx') FROM unnest(ARRAY[
	'SELECT vecprov_set_replicas(''change_idx'', 3)',
	'SELECT vecprov_set_replicas(''change_idx'', 3)',
	'SELECT vecprov_set_replicas(''change_idx'', 2)',
	'ALTER INDEX change_idx SET (replicas = 1)',
	'ALTER INDEX change_idx RESET (replicas)',
	'SELECT vecprov_set_tier(''change_idx'', ''r40'')',
	'SELECT vecprov_release(''change_idx'')',
	'ALTER INDEX change_idx SET (tier = ''r40'', replicas = 4)',
	'ALTER INDEX change_idx SET (ef_construction = 80)',
	'ALTER INDEX change_idx RESET (tier)']) statement;
-- the functions above ran in one transaction, in which all changes are one: now it is over
SELECT statement, pg_temp.try(statement), options('change_idx') FROM unnest(ARRAY[
	'SELECT vecprov_set_replicas(''change_idx'', 2)',
	'SELECT vecprov_set_tier(''change_idx'', ''r10'')',
	'SELECT vecprov_release(''change_idx'')',
	'SELECT vecprov_set_tier(''change_idx'', ''r40'')']) statement;
SELECT action, old_tier, old_shards, old_replicas, new_tier, new_shards, new_replicas, regexp_replace(message, ' before .*', ' before TIME') FROM vecprov.changes ORDER BY at;

-- A limit follows its index through REINDEX and RENAME, is the administrator's to set, and ends.
REINDEX INDEX change_idx;
REINDEX INDEX CONCURRENTLY change_idx;
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_idx'', 2)') LIKE '55000%', pg_temp.try('SELECT vecprov_release(''change_idx'')') LIKE '55000%';
SELECT vecprov_set_tier('change_idx', 'r10');
ALTER INDEX change_idx RENAME TO change_named_idx;
REINDEX INDEX CONCURRENTLY change_named_idx;
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_named_idx'', 2)') LIKE '55000%', pg_temp.try('SELECT vecprov_release(''change_named_idx'')') LIKE '55000%';
ALTER INDEX change_named_idx RENAME TO change_idx;
UPDATE vecprov.changes SET at = at - interval '61 minutes';
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_idx'', 2)'), pg_temp.try('SELECT vecprov_release(''change_idx'')') LIKE '55000%';
UPDATE vecprov.changes SET at = at - interval '23 hours';
SELECT pg_temp.try('SELECT vecprov_set_tier(''change_idx'', ''r40'')');
SET vecprov.tier_change_interval = 0;
SELECT pg_temp.try('SELECT vecprov_release(''change_idx'')'), options('change_idx');
SELECT pg_temp.try('ALTER INDEX change_idx SET (tier = r40, replicas = 2)'), options('change_idx');
RESET vecprov.tier_change_interval;
SET vecprov.scale_change_interval = '1s';
SELECT pg_sleep(1.1);
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_idx'', 1)'), options('change_idx');
RESET vecprov.scale_change_interval;

-- What is rolled back was no change.
DELETE FROM vecprov.changes;
BEGIN;
SELECT vecprov_set_replicas('change_idx', 3);
ROLLBACK;
BEGIN;
SAVEPOINT one;
SELECT vecprov_set_tier('change_idx', 'r10');
ROLLBACK TO one;
SELECT vecprov_set_replicas('change_idx', 4);
COMMIT;
SELECT vecprov_set_tier('change_idx', 'r10');
SELECT action, old_tier, old_replicas, new_tier, new_replicas, message FROM vecprov.changes ORDER BY at;

-- Only the owner, but whoever that is; others read of it.
CREATE ROLE change_owner;
CREATE ROLE change_stranger;
ALTER TABLE change_items OWNER TO change_owner;
SET ROLE change_stranger;
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_idx'', 1)'), pg_temp.try('SELECT vecprov_release(''change_idx'')'), pg_temp.try('ALTER INDEX change_idx SET (replicas = 1)');
SELECT count(*) > 0 FROM vecprov.changes;
SELECT pg_temp.try('SET vecprov.tier_change_interval = 0'), pg_temp.try('INSERT INTO vecprov.changes SELECT * FROM vecprov.changes');
SELECT index, "table", replicas, index_size FROM vecprov.indexes WHERE "table" = 'change_items'::regclass;
SET ROLE change_owner;
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_idx'', 1)') LIKE '55000%';
RESET ROLE;
SET vecprov.scale_change_interval = 0;
SET ROLE change_owner;
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_idx'', 0)'), options('change_idx');
SELECT action, role, regexp_replace(message, ' before .*', ' before TIME') FROM vecprov.changes WHERE role <> session_user ORDER BY at;

-- Suspended: no reads, no writes of what the index holds. Maintenance goes on.
SET enable_seqscan = off;
SELECT pg_temp.try('SELECT id FROM change_items ORDER BY v <-> ''[1,1,1,1,1,1,1,1]'' LIMIT 1');
SELECT pg_temp.try('INSERT INTO change_items VALUES (0, ''[1,1,1,1,1,1,1,1]'')');
SELECT pg_temp.try('UPDATE change_items SET v = ''[1,1,1,1,1,1,1,1]'' WHERE id = 1');
SELECT pg_temp.try('INSERT INTO change_items VALUES (0, NULL)');
DELETE FROM change_items WHERE id > 190;
RESET ROLE;
:vacuum change_items;
SELECT options('change_idx'), advice FROM vecprov_facts('change_idx', true);
SELECT * FROM vecprov_check('change_idx', true);
REINDEX INDEX change_idx;
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_idx'', 1)'), options('change_idx');
SELECT id FROM change_items ORDER BY v <-> '[1,1,1,1,1,1,1,1]' LIMIT 1;
RESET enable_seqscan;
SELECT pg_temp.try('INSERT INTO change_items VALUES (0, ''[1,1,1,1,1,1,1,1]'')');

-- Nearly full: a notice with each change, also of a tier with an odd name
SET vecprov.tier_change_interval = 0;
\set VERBOSITY default
ALTER INDEX change_idx SET (tier = change_small);
SELECT vecprov_set_replicas('change_idx', 2);
\set VERBOSITY terse
SELECT vecprov_set_tier('change_idx', 'change"\odd''s');
SELECT tier, capacity, round(fullness::numeric, 2) AS fullness, advice FROM vecprov_facts('change_idx', true);
-- More than its shard holds: whatever does not take room away is allowed.
UPDATE vecprov.tiers SET shard_bytes = 7500 WHERE name LIKE '%odd%';
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_idx'', 3)');
SELECT pg_temp.try('SELECT vecprov_set_tier(''change_idx'', ''change_tiny'')');
SELECT pg_temp.try('SELECT vecprov_set_tier(''change_idx'', ''r10'')');

-- The options go where the index goes: LIKE, partitions, a table that is rewritten.
CREATE TABLE change_like (LIKE change_items INCLUDING INDEXES);
SELECT index, tier, shards, replicas FROM vecprov.indexes WHERE "table" = 'change_like'::regclass;
ALTER TABLE change_items ALTER v TYPE vector(4) USING subvector(v, 1, 4);
SELECT index, tier, shards, replicas FROM vecprov.indexes WHERE "table" = 'change_items'::regclass;
DELETE FROM vecprov.changes;
CREATE TABLE change_parted (id integer, v vector(8)) PARTITION BY RANGE (id);
CREATE TABLE change_part1 PARTITION OF change_parted FOR VALUES FROM (1) TO (10);
CREATE TABLE change_part2 (id integer, v vector(8));
SELECT pg_temp.try('CREATE INDEX change_parted_idx ON change_parted USING vecprov (v) WITH (tier = r11)');
CREATE INDEX change_parted_idx ON change_parted USING vecprov (v) WITH (tier = r10, replicas = 2);
ALTER TABLE change_parted ATTACH PARTITION change_part2 FOR VALUES FROM (10) TO (20);
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_parted_idx'', 1)');
SELECT pg_temp.try('SELECT vecprov_set_replicas(''change_part1_v_idx'', 1)');
SELECT index, tier, shards, replicas FROM vecprov.indexes WHERE "table"::text LIKE 'change_part%' ORDER BY index::text COLLATE "C";
SELECT index, action, new_tier, new_replicas, message FROM vecprov.changes ORDER BY at;

-- Not ours, not there
SELECT pg_temp.try('SELECT vecprov_set_tier(''change_items'', ''r10'')');
SELECT pg_temp.try('SELECT vecprov_release(1)');
SELECT vecprov_provision(NULL, 'r10') IS NULL, vecprov_release(NULL) IS NULL;

DROP TABLE change_items, change_like, change_parted;
DROP FUNCTION options;
DROP ROLE change_owner, change_stranger;
DELETE FROM vecprov.tiers WHERE NOT shipped;
DELETE FROM vecprov.changes;
