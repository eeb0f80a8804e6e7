-- Sizes of records are counted at build, insert and vacuum; capacity; what is refused; cost.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include

-- An ID of 8 bytes, a vector of 12, a number of 4, a text: uncompressed, wherever it is stored
CREATE TABLE size_items (id bigint PRIMARY KEY, v vector(3), n integer, body text) WITH (autovacuum_enabled = off);
CREATE VIEW size_expected AS
	SELECT count(*) AS records, sum(8 + 12 + CASE WHEN n IS NULL THEN 0 ELSE 4 END + coalesce(octet_length(body), 0)) AS bytes
	FROM size_items WHERE v IS NOT NULL;
CREATE VIEW size_counted AS
	SELECT i.indexrelid::regclass AS index, records, index_size, (SELECT count(*) FROM vecprov_check(i.indexrelid, true)) AS broken
	FROM pg_index i, vecprov_facts(i.indexrelid, true) WHERE i.indrelid = 'size_items'::regclass AND NOT i.indisprimary ORDER BY 1;
INSERT INTO size_items SELECT i, ARRAY[i % 7, i % 11, i % 13], CASE WHEN i % 3 > 0 THEN i END,
	CASE WHEN i % 5 > 0 THEN repeat('a', i * 7 % 300) END FROM generate_series(1, 1000) i;
INSERT INTO size_items VALUES (2001, '[1,2,3]', 1, repeat('compressed', 100000)),
	(2002, NULL, 1, repeat('not a record', 100)), (2003, '[0,0,0]', NULL, NULL);

-- Built, built when memory is too small, inserted into: the same
CREATE INDEX size_built_idx ON size_items USING vecprov (v);
SELECT * FROM size_expected;
SELECT * FROM size_counted;
DROP INDEX size_built_idx;
CREATE TABLE size_copy AS SELECT * FROM size_items;
TRUNCATE size_items;
CREATE INDEX size_inserted_idx ON size_items USING vecprov (v);
INSERT INTO size_items SELECT * FROM size_copy;
SELECT * FROM size_expected;
SELECT * FROM size_counted;

-- Not a record: zero under cosine. Of an expression's columns only the vector counts.
CREATE INDEX size_cosine_idx ON size_items USING vecprov (v vector_cosine_ops);
CREATE INDEX size_part_idx ON size_items USING vecprov ((subvector(v, 1, 2)::vector(2))) WHERE id <= 100;
SELECT * FROM size_counted;
SELECT count(*), sum(8 + 8 + CASE WHEN n IS NULL THEN 0 ELSE 4 END + coalesce(octet_length(body), 0)) FROM size_items WHERE id <= 100;
DROP INDEX size_cosine_idx, size_part_idx;

-- Rows that were deleted count until VACUUM takes them out; places are used again.
UPDATE size_items SET v = '[1,1,1]', body = body || 'b' WHERE id % 2 = 0;
DELETE FROM size_items WHERE id % 7 = 0;
SELECT records >= (SELECT records FROM size_expected) AS more, broken FROM size_counted;
:vacuum size_items;
SELECT records = (SELECT records FROM size_expected), index_size = (SELECT bytes FROM size_expected), broken FROM size_counted;
INSERT INTO size_items SELECT 3000 + i, ARRAY[i % 5, i % 3, 1], i, 'new' FROM generate_series(1, 500) i;
SELECT records = (SELECT records FROM size_expected), index_size = (SELECT bytes FROM size_expected), broken FROM size_counted;
-- aborted inserts do not count
BEGIN;
INSERT INTO size_items SELECT 5000 + i, ARRAY[1, 2, i], i, 'aborted' FROM generate_series(1, 100) i;
ROLLBACK;
SELECT records = (SELECT records FROM size_expected), index_size = (SELECT bytes FROM size_expected), broken FROM size_counted;
:vacuum size_items;
SELECT records = (SELECT records FROM size_expected), index_size = (SELECT bytes FROM size_expected), broken FROM size_counted;

-- Equal vectors in a chain: the head goes, another one takes over
TRUNCATE size_items;
INSERT INTO size_items SELECT i, '[1,2,3]', NULL, repeat('c', i) FROM generate_series(1, 50) i;
DELETE FROM size_items WHERE id <= 10 OR id = 30;
:vacuum size_items;
SELECT records = (SELECT records FROM size_expected), index_size = (SELECT bytes FROM size_expected), broken FROM size_counted;
DELETE FROM size_items WHERE id <= 40;
:vacuum size_items;
SELECT records = (SELECT records FROM size_expected), index_size = (SELECT bytes FROM size_expected), broken FROM size_counted;

-- An update that the index does not hear of is counted by the next REINDEX, from the row as it is now.
ALTER TABLE size_items SET (fillfactor = 50);
CALL pg_temp.wait_for_snapshots();
VACUUM FULL size_items;
UPDATE size_items SET body = 'short' WHERE id = 50;
SELECT index_size - (SELECT bytes FROM size_expected) AS behind, broken FROM size_counted;
CALL pg_temp.wait_for_snapshots();
REINDEX INDEX size_inserted_idx;
SELECT index_size - (SELECT bytes FROM size_expected) AS behind, broken FROM size_counted;
REINDEX INDEX CONCURRENTLY size_inserted_idx;
SELECT index_size - (SELECT bytes FROM size_expected) AS behind, broken FROM size_counted;
-- A column that is dropped does not count in rows that come later.
DROP VIEW size_expected CASCADE;
ALTER TABLE size_items DROP COLUMN n;
INSERT INTO size_items VALUES (6000, '[4,5,6]', 'four');
SELECT vecprov_index_size('size_inserted_idx') - sum(8 + 12 + octet_length(body)) FROM size_items;
DROP TABLE size_items, size_copy CASCADE;

-- Memory too small for the graph: the rest is inserted.
CREATE TABLE size_big AS SELECT i AS id, ARRAY[i % 101, i % 103, i % 107, i % 109]::vector(4) AS v FROM generate_series(1, 12000) i;
ALTER TABLE size_big ALTER v TYPE vector(4);
SET maintenance_work_mem = '1MB';
SET client_min_messages = error;
CREATE INDEX size_big_idx ON size_big USING vecprov (v) WITH (m = 4, ef_construction = 8);
RESET client_min_messages;
RESET maintenance_work_mem;
SELECT records, index_size, 12000 * (4 + 16) FROM vecprov_facts('size_big_idx', true);
SELECT * FROM vecprov_check('size_big_idx', true);
DROP TABLE size_big;

-- A shard of 10,000 bytes: 250 records of 40 fit exactly.
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('size_tiny', 10000, false, 1), ('size_full', 100000, true, 1);
CREATE TABLE size_small (id integer, v vector(8), t text) WITH (autovacuum_enabled = off);
INSERT INTO size_small SELECT i, ARRAY[i, i % 2, i % 3, i % 5, i % 7, i % 11, i % 13, i % 17], '1234' FROM generate_series(1, 200) i;
CREATE INDEX size_small_idx ON size_small USING vecprov (v) WITH (tier = 'size_tiny');
SELECT vecprov_index_size('size_small_idx'), vecprov_capacity('size_small_idx'), vecprov_fullness('size_small_idx');
SELECT vecprov_wait('size_small_idx', '1 min');
SELECT mode, tier, shards, replicas, current_shards, state, error, records, index_size, capacity, fullness, storage_fullness,
	memory_fullness > 0 AND memory_fullness < 0.1 AS memory, advice FROM vecprov.indexes WHERE "table" = 'size_small'::regclass;
SELECT pg_temp.try($$INSERT INTO size_small SELECT 200 + i, ARRAY[i, i % 2, i % 3, i % 5, i % 7, i % 11, i % 13, i % 17], '1234' FROM generate_series(1, 50) i$$);
SELECT index_size, fullness FROM vecprov_facts('size_small_idx', true);
-- One more is too many, in whatever way it comes, and changes nothing.
SELECT pg_temp.try($$INSERT INTO size_small VALUES (251, '[1,2,3,4,5,6,7,8]', '1234')$$);
SELECT pg_temp.try($$UPDATE size_small SET v = '[1,2,3,4,5,6,7,8]', t = '12345' WHERE id = 1$$);
SELECT pg_temp.try($$INSERT INTO size_small SELECT 251, '[1,2,3,4,5,6,7,8]', repeat('1', 100000)$$);
\set VERBOSITY terse
COPY size_small FROM stdin;
251	[1,2,3,4,5,6,7,8]	1234
\.
SELECT count(*) FROM size_small;
SELECT records, index_size FROM vecprov_facts('size_small_idx', true);
SELECT * FROM vecprov_check('size_small_idx', true);
-- Rows that are not records, and reads, go on.
SELECT pg_temp.try($$INSERT INTO size_small VALUES (300, NULL, '1234')$$);
SET enable_seqscan = off;
SELECT id FROM size_small ORDER BY v <-> '[1,1,1,1,1,1,1,1]' LIMIT 1;
RESET enable_seqscan;
-- Room comes from VACUUM, or from a larger shard.
DELETE FROM size_small WHERE id <= 10;
-- the process that was sent to look at the new tier and index may have an older snapshot, for a moment
DO $$
BEGIN
	PERFORM pg_current_xact_id();
	WHILE EXISTS (SELECT FROM pg_stat_activity WHERE age(backend_xmin) > 0 AND pid <> pg_backend_pid()) LOOP
		PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
	END LOOP;
END $$;
:vacuum size_small;
SELECT pg_temp.try($$INSERT INTO size_small SELECT i, ARRAY[i, 2, 3, 4, 5, 6, 7, 8], '1234' FROM generate_series(1, 10) i$$);
SELECT pg_temp.try($$INSERT INTO size_small VALUES (251, '[1,2,3,4,5,6,7,8]', '1234')$$);
UPDATE vecprov.tiers SET shard_bytes = 12500 WHERE name = 'size_tiny';
SELECT pg_temp.try($$INSERT INTO size_small VALUES (251, '[1,2,3,4,5,6,7,8]', '1234')$$);
SELECT index_size, capacity, fullness, advice FROM vecprov_facts('size_small_idx', true);

-- A new index that is too large is refused; one that was there is built again, with a warning.
UPDATE vecprov.tiers SET shard_bytes = 9999 WHERE name = 'size_tiny';
SELECT pg_temp.try($$CREATE INDEX size_other_idx ON size_small USING vecprov (v) WITH (tier = 'size_tiny')$$);
REINDEX INDEX size_small_idx;
REINDEX INDEX CONCURRENTLY size_small_idx;
SELECT index_size, capacity, fullness, advice FROM vecprov_facts('size_small_idx', true);
SELECT pg_temp.try($$INSERT INTO size_small VALUES (252, '[1,2,3,4,5,6,7,8]', '1234')$$);
-- A tier that is gone
BEGIN;
ALTER TABLE vecprov.tiers DISABLE TRIGGER tiers_in_use;
DELETE FROM vecprov.tiers WHERE name = 'size_tiny';
SELECT pg_temp.try($$INSERT INTO size_small VALUES (252, '[1,2,3,4,5,6,7,8]', '1234')$$);
SELECT mode, tier, shards, replicas, state, error, records, index_size, capacity, fullness FROM vecprov_facts('size_small_idx', true);
ROLLBACK;

-- What memory must hold: graph and codes, or everything
CREATE INDEX size_full_idx ON size_small USING vecprov (v) WITH (tier = 'size_full');
SELECT round(f.memory_fullness * (0.7 * pg_size_bytes(current_setting('shared_buffers')) - (SELECT total FROM vecprov_index_bytes('size_full_idx'))))
	- (SELECT search FROM vecprov_index_bytes('size_small_idx')) AS search,
	round(g.memory_fullness * (0.7 * pg_size_bytes(current_setting('shared_buffers')) - (SELECT search FROM vecprov_index_bytes('size_small_idx'))))
	- (SELECT total FROM vecprov_index_bytes('size_full_idx')) AS total
FROM vecprov_facts('size_small_idx', true) f, vecprov_facts('size_full_idx', true) g;

-- On demand: no capacity
ALTER INDEX size_small_idx RESET (tier);
SELECT vecprov_index_size('size_small_idx'), vecprov_capacity('size_small_idx') IS NULL, vecprov_fullness('size_small_idx') IS NULL;
DROP INDEX size_full_idx;

-- Cost, by its parts
\pset tuples_only off
INSERT INTO vecprov.rates VALUES ('Standard', 'any', 'size_tiny', 548.96), ('Standard', 'any', 'storage', 0.33),
	('Standard', 'any', 'writes', 4.00), ('Standard', 'any', 'reads', 16.00);
SELECT * FROM vecprov_cost('size_small_idx', 'Standard', 'any', 2500000, 1000000);
UPDATE vecprov.tiers SET shard_bytes = 100000 WHERE name = 'size_tiny';
SET vecprov.tier_change_interval = 0;
ALTER INDEX size_small_idx SET (tier = 'size_tiny', replicas = 2);
SELECT * FROM vecprov_cost('size_small_idx', 'Standard', 'any', 2500000);
SELECT pg_temp.try('SELECT * FROM vecprov_cost(''size_small_idx'', ''Standard'', ''any'', read_units => 1, queries => 1)');
-- from what the server counted
SELECT item, amount = quantity * rate AS right FROM vecprov_cost('size_small_idx', 'Standard', 'any');
SELECT item FROM vecprov_cost('size_small_idx', 'Standard', 'none', 1, 1);
DELETE FROM vecprov.rates WHERE NOT shipped;

-- Not an index of ours, none, not a whole one
SELECT vecprov_index_size('size_small');
CREATE TABLE size_parted (v vector(2)) PARTITION BY RANGE (v);
CREATE INDEX size_parted_idx ON size_parted USING vecprov (v);
\set VERBOSITY default
SELECT vecprov_capacity('size_parted_idx');
SELECT vecprov_index_size('size_small_idx'::regclass::oid::int + 1000000) IS NULL;
DROP TABLE size_small, size_parted;
DELETE FROM vecprov.tiers WHERE NOT shipped;
