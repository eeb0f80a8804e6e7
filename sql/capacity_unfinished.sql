-- What an index holds is what its rows are, whatever becomes of those who write: rollback, savepoints, updates, changes of the
-- limit beside a statement. What two sessions see of each other is in test/t/040_sizes.pl.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
SET client_min_messages = warning;
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('unf_tiny', 100000, false, 1);
SET vecprov.tier_change_interval = 0;
SET vecprov.scale_change_interval = 0;

-- 8 + 12 + 80 bytes: a record of 100
CREATE TABLE unf (id bigint, v vector(3), body text) WITH (autovacuum_enabled = off);
CREATE FUNCTION unf_rows(low int, n int, size int DEFAULT 80) RETURNS SETOF unf LANGUAGE sql AS
	$$ SELECT i, ARRAY[1 + i % 97, i % 89, i % 83]::vector(3), repeat('x', size) FROM generate_series(low, low + n - 1) i $$;
INSERT INTO unf SELECT * FROM unf_rows(1, 900);
CREATE INDEX unf_idx ON unf USING vecprov (v) WITH (tier = unf_tiny);
-- records and bytes by a sequential scan; what the index says; what is wrong with it
CREATE VIEW unf_sizes AS
	SELECT count(*) AS records, sum(8 + 12 + octet_length(body)) AS bytes, f.records - count(*) AS more,
		f.index_size - sum(8 + 12 + octet_length(body)) AS more_bytes,
		(SELECT count(*) FROM vecprov_check('unf_idx', true)) AS broken
	FROM unf, vecprov_facts('unf_idx', true) f WHERE v IS NOT NULL GROUP BY f.records, f.index_size;
SELECT * FROM unf_sizes;

-- A statement that is refused has no effect on the next one.
SELECT pg_temp.try('INSERT INTO unf SELECT * FROM unf_rows(1001, 1100)');
SELECT * FROM unf_sizes;
INSERT INTO unf SELECT * FROM unf_rows(901, 50);
SELECT * FROM unf_sizes;
-- ROLLBACK
BEGIN;
INSERT INTO unf SELECT * FROM unf_rows(951, 50);
SELECT * FROM unf_sizes;
ROLLBACK;
SELECT * FROM unf_sizes;
-- to a savepoint
BEGIN;
INSERT INTO unf SELECT * FROM unf_rows(951, 10);
SAVEPOINT a;
INSERT INTO unf SELECT * FROM unf_rows(961, 10);
SAVEPOINT b;
INSERT INTO unf SELECT * FROM unf_rows(971, 30);
SELECT pg_temp.try('INSERT INTO unf SELECT * FROM unf_rows(1001, 1)');
ROLLBACK TO a;
SELECT * FROM unf_sizes;
INSERT INTO unf SELECT * FROM unf_rows(961, 20);
RELEASE a;
COMMIT;
SELECT * FROM unf_sizes;
-- many subtransactions, more than the list has places: some abort, some are over, some are within others
DO $$
BEGIN
	FOR i IN 1 .. 250 LOOP
		BEGIN
			INSERT INTO unf SELECT * FROM unf_rows(1000 + i, 1);
			BEGIN
				INSERT INTO unf SELECT * FROM unf_rows(2000 + i, 1);
				IF i % 3 > 0 THEN RAISE 'no'; END IF;
			EXCEPTION WHEN raise_exception THEN NULL;
			END;
			IF i % 50 > 0 THEN RAISE 'no'; END IF;
		EXCEPTION WHEN raise_exception THEN NULL;
		END;
	END LOOP;
END $$;
SELECT * FROM unf_sizes;
-- many transactions that abort
DO $$
BEGIN
	FOR i IN 1 .. 250 LOOP
		INSERT INTO unf SELECT * FROM unf_rows(3000 + i, 1);
		ROLLBACK;
	END LOOP;
END $$;
SELECT * FROM unf_sizes;
-- one place is taken when it is filled
INSERT INTO unf SELECT * FROM unf_rows(4001, 14);
SELECT * FROM unf_sizes;
SELECT pg_temp.try('INSERT INTO unf SELECT * FROM unf_rows(5001, 2)');
INSERT INTO unf SELECT * FROM unf_rows(5001, 1);
SELECT * FROM unf_sizes;
:vacuum unf;
SELECT * FROM unf_sizes;

-- A version that is not larger than the one it replaces always has room, in whatever way it comes. The index is full.
UPDATE unf SET v = v + '[1,1,1]';
SELECT * FROM unf_sizes;
UPDATE unf SET v = v - '[1,1,1]', body = left(body, 70) WHERE id <= 10;
SELECT * FROM unf_sizes;
-- There is room for 100 bytes.
SELECT pg_temp.try($$UPDATE unf SET v = v + '[1,1,1]', body = body || repeat('x', 11) WHERE id <= 10$$);
SELECT pg_temp.try($$UPDATE unf SET v = v + '[1,1,1]', body = body || repeat('x', 10) WHERE id <= 10$$);
SELECT * FROM unf_sizes;
BEGIN;
UPDATE unf SET v = v + '[1,1,1]';
UPDATE unf SET v = v + '[1,1,1]';
SELECT * FROM unf_sizes;
ROLLBACK;
SELECT * FROM unf_sizes;
CREATE UNIQUE INDEX unf_key ON unf (id);
INSERT INTO unf SELECT * FROM unf_rows(1, 100) ON CONFLICT (id) DO UPDATE SET v = excluded.v, body = excluded.body;
SELECT * FROM unf_sizes;
SELECT pg_temp.try($$INSERT INTO unf SELECT * FROM unf_rows(100, 1, 81) ON CONFLICT (id) DO UPDATE SET v = '[5,5,5]', body = excluded.body$$);
MERGE INTO unf USING unf_rows(1, 100) n ON n.id = unf.id WHEN MATCHED THEN UPDATE SET v = n.v - '[1,1,1]';
SELECT * FROM unf_sizes;
WITH w AS (UPDATE unf SET v = v + '[1,1,1]' WHERE id <= 100 RETURNING id) SELECT 1;
CREATE FUNCTION unf_before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.body := repeat('y', 80); RETURN new; END $$;
CREATE TRIGGER unf_before BEFORE UPDATE ON unf FOR EACH ROW EXECUTE FUNCTION unf_before();
UPDATE unf SET v = v - '[1,1,1]' WHERE id <= 100;
DROP TRIGGER unf_before ON unf;
SELECT * FROM unf_sizes;
:vacuum unf;
SELECT * FROM unf_sizes;
-- the vector comes and goes, which is an insert and a deletion
UPDATE unf SET v = NULL WHERE id <= 10;
UPDATE unf SET v = v + '[1,1,1]' WHERE id BETWEEN 11 AND 20;
:vacuum unf;
SELECT * FROM unf_sizes;
UPDATE unf SET v = '[1,2,3]' WHERE id <= 10;
SELECT * FROM unf_sizes;
DROP INDEX unf_key;

-- An index on an expression, for some rows only: 10 rows come, and 10 that have gone count until VACUUM
CREATE INDEX unf_part_idx ON unf USING vecprov ((subvector(v, 1, 2)::vector(2))) WHERE id > 900;
SELECT records, index_size FROM vecprov_facts('unf_part_idx', true);
UPDATE unf SET v = v + '[1,1,1]', id = CASE WHEN id BETWEEN 891 AND 900 THEN id + 10000 WHEN id BETWEEN 901 AND 910 THEN id - 900 ELSE id END WHERE id > 880;
SELECT f.records - count(*), f.index_size - sum(16 + octet_length(body)) FROM unf, vecprov_facts('unf_part_idx', true) f WHERE id > 900
	GROUP BY f.records, f.index_size;
DROP INDEX unf_part_idx;
-- partitions, to which rows are routed, and between which they move
CREATE TABLE unf_parted (id bigint, v vector(3), body text) PARTITION BY RANGE (id);
CREATE TABLE unf_one PARTITION OF unf_parted FOR VALUES FROM (0) TO (100);
CREATE TABLE unf_two PARTITION OF unf_parted FOR VALUES FROM (100) TO (200);
CREATE INDEX ON unf_parted USING vecprov (v);
CREATE UNIQUE INDEX ON unf_parted (id);
INSERT INTO unf_parted SELECT * FROM unf_rows(1, 150);
INSERT INTO unf_parted SELECT * FROM unf_rows(51, 100) ON CONFLICT (id) DO UPDATE SET v = '[9,9,9]', body = 'short';
UPDATE unf_parted SET v = '[8,8,8]' WHERE id % 10 = 0;
SELECT sum(f.index_size) - (SELECT sum(20 + octet_length(body)) FROM unf_parted) FROM pg_index i, vecprov_facts(i.indexrelid, true) f
	WHERE indrelid IN ('unf_one'::regclass, 'unf_two'::regclass) AND NOT indisunique;
DROP TABLE unf_parted;


-- Updates of columns that no index has (HOT): VACUUM measures the rows of pages that were changed.
DROP TABLE unf CASCADE;
CREATE TABLE unf_hot (id bigint, v vector(3), body text, u uuid) WITH (autovacuum_enabled = off, fillfactor = 50);
INSERT INTO unf_hot SELECT i, ARRAY[1 + i % 97, i % 89, i % 83], repeat('x', 20) FROM generate_series(1, 500) i;
CREATE INDEX unf_idx ON unf_hot USING vecprov (v) WITH (tier = unf_tiny);
CREATE VIEW unf_hot_sizes AS
	SELECT f.index_size - sum(8 + 12 + octet_length(body) + CASE WHEN u IS NULL THEN 0 ELSE 16 END) AS behind,
		(SELECT count(*) FROM vecprov_check('unf_idx', true)) AS broken
	FROM unf_hot, vecprov_facts('unf_idx', true) f GROUP BY f.index_size;
UPDATE unf_hot SET body = repeat('y', 5000), u = gen_random_uuid() WHERE id % 10 = 0;
SELECT * FROM unf_hot_sizes;
:vacuum unf_hot;
SELECT * FROM unf_hot_sizes;
SELECT fullness > 2 FROM vecprov_facts('unf_idx', true);
-- shorter again, together with dead rows, and without
UPDATE unf_hot SET body = 'z' WHERE id % 20 = 0;
DELETE FROM unf_hot WHERE id % 10 = 1;
:vacuum unf_hot;
SELECT * FROM unf_hot_sizes;
UPDATE unf_hot SET body = 'zz' WHERE id = 500;
BEGIN;
UPDATE unf_hot SET body = 'zzz' WHERE id = 20;
ROLLBACK;
:vacuum unf_hot;
SELECT * FROM unf_hot_sizes;
:vacuum unf_hot;
SELECT * FROM unf_hot_sizes;
-- an update that the index is told of, of a row that has grown before
UPDATE unf_hot SET body = repeat('z', 3000) WHERE id = 500;
UPDATE unf_hot SET v = '[1,2,3]' WHERE id = 500;
:vacuum unf_hot;
SELECT * FROM unf_hot_sizes;
DROP TABLE unf_hot CASCADE;
-- unlogged, where pages have no WAL positions; sparse vectors
CREATE UNLOGGED TABLE unf_hot (id bigint, s sparsevec(1000), body text) WITH (autovacuum_enabled = off, fillfactor = 50);
INSERT INTO unf_hot SELECT i, format('{1:1,%s:1}/1000', 2 + i)::sparsevec, 'x' FROM generate_series(1, 100) i;
CREATE INDEX unf_idx ON unf_hot USING vecprov (s sparsevec_l2_ops);
UPDATE unf_hot SET body = repeat('y', 100) WHERE id % 2 = 0;
:vacuum unf_hot;
SELECT f.index_size - sum(8 + 18 + octet_length(body)) FROM unf_hot, vecprov_facts('unf_idx', true) f GROUP BY f.index_size;
DROP TABLE unf_hot;
-- VACUUM does not fetch vectors from the toast table: their lengths tell
CREATE TABLE unf_hot (s sparsevec(1000), body text) WITH (autovacuum_enabled = off, fillfactor = 50);
ALTER TABLE unf_hot ALTER s SET STORAGE EXTERNAL;
INSERT INTO unf_hot SELECT format('{%s}/1000', string_agg(j || ':' || 1 + (i + j) % 7, ','))::sparsevec, 'x'
	FROM generate_series(1, 10) i, generate_series(1, 500) j GROUP BY i;
CREATE INDEX unf_idx ON unf_hot USING vecprov (s sparsevec_l2_ops);
CREATE VIEW unf_toast_scans AS SELECT s.idx_scan FROM pg_class c JOIN pg_stat_all_indexes s ON s.relid = c.reltoastrelid
	WHERE c.oid = 'unf_hot'::regclass;
UPDATE unf_hot SET body = repeat('y', 100);
CALL pg_temp.wait_for_snapshots();
SELECT pg_stat_force_next_flush();
SELECT idx_scan AS scans FROM unf_toast_scans \gset
:vacuum unf_hot;
SELECT pg_stat_force_next_flush();
SELECT idx_scan - :scans AS fetched FROM unf_toast_scans;
SELECT f.index_size - sum(500 * 9 + octet_length(body)) FROM unf_hot, vecprov_facts('unf_idx', true) f GROUP BY f.index_size;
DROP TABLE unf_hot CASCADE;

-- Each column of a vector type counts by its type: 8 + 40 + 27; 8 + 40 + 20 + 12 + 2.
CREATE TABLE unf_hybrid (id bigint, v vector(10), s sparsevec(100), h halfvec(10), w vector(3), b bit(12));
INSERT INTO unf_hybrid (id, v, s) VALUES (1, '[1,2,3,4,5,6,7,8,9,10]', '{1:1,2:1,9:1}/100');
CREATE INDEX unf_idx ON unf_hybrid USING vecprov (v);
SELECT index_size FROM vecprov_facts('unf_idx', true);
INSERT INTO unf_hybrid (id, v, h, w, b) VALUES (2, '[1,2,3,4,5,6,7,8,9,10]', '[1,2,3,4,5,6,7,8,9,10]', '[1,2,3]', '101010101010');
SELECT index_size FROM vecprov_facts('unf_idx', true);
CREATE INDEX unf_s_idx ON unf_hybrid USING vecprov (s sparsevec_l2_ops);
SELECT index_size FROM vecprov_facts('unf_s_idx', true);
DROP TABLE unf_hybrid;

-- A suspended index gets back what it had at any time; that is no change, and other changes are.
RESET vecprov.scale_change_interval;
CREATE TABLE unf_items (v vector(3));
CREATE INDEX unf_idx ON unf_items USING vecprov (v) WITH (tier = r10, replicas = 2);
SELECT pg_temp.try($$SELECT vecprov_set_replicas('unf_idx', 0)$$);
SELECT pg_temp.try($$SELECT vecprov_set_replicas('unf_idx', 3)$$) LIKE '55000%', pg_temp.try($$SELECT vecprov_provision('unf_idx', shards => 2, replicas => 2)$$) LIKE '55000%';
SELECT pg_temp.try($$SELECT vecprov_set_replicas('unf_idx', 2)$$);
SELECT pg_temp.try($$SELECT vecprov_set_replicas('unf_idx', 0)$$) LIKE '55000%';
UPDATE vecprov.changes SET at = at - interval '2 hours' WHERE index LIKE '%unf_idx' AND new_replicas = 0;
SELECT pg_temp.try($$SELECT vecprov_set_replicas('unf_idx', 3)$$);

-- What a change would do, without making it
SET client_min_messages = notice;
\set VERBOSITY default
SELECT count(*) AS changes FROM vecprov.changes \gset
SELECT pg_temp.try($$SELECT vecprov_provision('unf_idx', replicas => 2, dry_run => true)$$);
SET vecprov.scale_change_interval = 0;
SELECT vecprov_provision('unf_idx', replicas => 2, shards => 3, dry_run => true);
SELECT vecprov_provision('unf_idx', tier => 'none', dry_run => true);
SELECT replicas, shards FROM vecprov_facts('unf_idx', true);
SELECT count(*) - :changes FROM vecprov.changes;
SELECT vecprov_provision('unf_idx', replicas => 2, dry_run => false);
SELECT replicas, shards FROM vecprov_facts('unf_idx', true);
SELECT count(*) - :changes FROM vecprov.changes;
DROP TABLE unf_items;

DELETE FROM vecprov.tiers WHERE NOT shipped;
