-- Several shards: built, inserted into, searched, vacuumed; the same rows as with one.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;
SET vecprov.max_scan_tuples = 1000000;

-- 40 clusters; each hundredth vector is equal to one before it
CREATE FUNCTION pg_temp.shard_vec(i integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT (hashint4extended(n % 40, d) & 1023) + (hashint4extended(n, d) & 511)
		FROM generate_series(1, 32) d)::real[]::vector
	FROM (SELECT CASE WHEN i % 100 = 0 THEN i - 50 ELSE i END AS n) x
$$;
CREATE TABLE shard_items (id integer, v vector(32)) WITH (autovacuum_enabled = off);
INSERT INTO shard_items SELECT i, pg_temp.shard_vec(i) FROM generate_series(1, 4000) i;
CREATE TABLE shard_one (LIKE shard_items) WITH (autovacuum_enabled = off);
INSERT INTO shard_one SELECT * FROM shard_items;
CREATE INDEX shard_one_idx ON shard_one USING vecprov (v) WITH (tier = r10);
CREATE INDEX shard_idx ON shard_items USING vecprov (v) WITH (tier = r10, shards = 5);

CREATE VIEW shard_state AS
	-- whether its pages are in memory yet is not the subject
	SELECT i.shards, i.current_shards, replace(i.state, 'Loading', 'Ready') AS state, i.records, i.index_size,
		(SELECT array_agg(s.records ORDER BY s.shard) FROM vecprov.shards s WHERE s.index = i.index) AS by_shard,
		(SELECT sum(s.bytes) = i.index_size AND sum(s.capacity) = i.capacity FROM vecprov.shards s WHERE s.index = i.index) AS sums
	FROM vecprov.indexes i WHERE i.index::text = 'shard_idx';
SELECT * FROM shard_state;
SELECT * FROM vecprov_check('shard_idx', true);

-- A scan to the end returns each row once, in order. At the same effort it finds no less than one shard.
CREATE FUNCTION pg_temp.look(OUT rows bigint, OUT complete boolean, OUT sorted boolean, OUT own boolean, OUT recall boolean)
LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL vecprov.iterative_scan = relaxed_order;
	SELECT count(*), count(*) = count(DISTINCT id) AND count(*) = (SELECT count(*) FROM shard_items) INTO rows, complete
	FROM (SELECT id FROM shard_items ORDER BY v <-> pg_temp.shard_vec(77) LIMIT 100000) r;
	SET LOCAL vecprov.iterative_scan = strict_order;
	SELECT bool_and(distance >= before) INTO sorted
	FROM (SELECT distance, lag(distance, 1, '-infinity') OVER () AS before FROM
		(SELECT v <-> pg_temp.shard_vec(77) AS distance FROM shard_items ORDER BY v <-> pg_temp.shard_vec(77) LIMIT 500) r) s;
	SELECT count(*) FILTER (WHERE n.distance > 0) <= 1 INTO own FROM (SELECT * FROM shard_items WHERE id % 5 = 0) a,
		LATERAL (SELECT b.v <-> a.v AS distance FROM shard_items b ORDER BY b.v <-> a.v LIMIT 1) n;
	SET LOCAL vecprov.ef_search = 12;
	recall := vecprov_recall('shard_idx', 10, 300) >= vecprov_recall('shard_one_idx', 10, 300) - 0.01;
END
$$;
SELECT * FROM pg_temp.look();

-- New rows go to the emptiest shard, also when rows are not of one size.
INSERT INTO shard_items SELECT i, pg_temp.shard_vec(i) FROM generate_series(4001, 4503) i;
SELECT * FROM shard_state;
SELECT * FROM vecprov_check('shard_idx', true);
ALTER TABLE shard_items ADD COLUMN note text;
INSERT INTO shard_items SELECT i, pg_temp.shard_vec(i), repeat('x', i % 7 * 100) FROM generate_series(4504, 4900) i;
SELECT max(bytes) - min(bytes) <= 800 AS even FROM vecprov.shards WHERE index = 'shard_idx'::regclass;
SELECT * FROM pg_temp.look();

-- One shard loses all its rows, the others some; the next rows fill it again.
DELETE FROM shard_items WHERE id <= 4000 AND (id % 5 = 3 OR id % 7 = 0);
:vacuum shard_items;
SELECT * FROM vecprov_check('shard_idx', true);
SELECT * FROM pg_temp.look();
CREATE TEMP TABLE before AS SELECT * FROM vecprov.shards WHERE index = 'shard_idx'::regclass;
INSERT INTO shard_items SELECT i, pg_temp.shard_vec(i) FROM generate_series(5001, 5400) i;
SELECT * FROM vecprov_check('shard_idx', true);
SELECT * FROM pg_temp.look();
SELECT s.shard, s.records - b.records AS more FROM vecprov.shards s JOIN before b USING (index, shard)
WHERE s.records <> b.records;

-- All rows, and then a few: more shards than rows.
DELETE FROM shard_items;
:vacuum shard_items;
SELECT * FROM vecprov_check('shard_idx', true);
SELECT * FROM shard_state;
INSERT INTO shard_items SELECT i, pg_temp.shard_vec(i) FROM generate_series(1, 3) i;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM shard_items ORDER BY v <-> pg_temp.shard_vec(2) LIMIT 10) r;
SELECT * FROM shard_state;

-- Built on an empty table, on few rows, as many as there can be
TRUNCATE shard_items;
SELECT * FROM shard_state;
INSERT INTO shard_items SELECT i, pg_temp.shard_vec(i) FROM generate_series(1, 300) i;
SELECT * FROM vecprov_check('shard_idx', true);
SELECT * FROM shard_state;
DROP INDEX shard_idx;
CREATE INDEX shard_idx ON shard_items USING vecprov (v) WITH (tier = r10, shards = 100);
SELECT * FROM shard_state;
SELECT * FROM vecprov_check('shard_idx', true);
SELECT rows, complete, sorted, own FROM pg_temp.look();
DELETE FROM shard_items WHERE id % 2 = 0;
:vacuum shard_items;
INSERT INTO shard_items SELECT i, pg_temp.shard_vec(i) FROM generate_series(1001, 1100) i;
SELECT * FROM vecprov_check('shard_idx', true);
SELECT rows, complete, sorted, own FROM pg_temp.look();

-- A change of the number, or REINDEX, whichever comes first
CREATE VIEW shard_number AS SELECT shards, current_shards, replace(state, 'Loading', 'Ready') AS state FROM vecprov.indexes WHERE index::text = 'shard_idx';
BEGIN;
SELECT vecprov_set_shards('shard_idx', 3);
SELECT * FROM shard_number;
REINDEX INDEX shard_idx;
SELECT * FROM shard_number;
COMMIT;
SELECT * FROM shard_number;
SELECT * FROM vecprov_check('shard_idx', true);
DROP VIEW shard_state, shard_number;
DROP TABLE shard_items, shard_one;
