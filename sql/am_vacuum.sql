-- Updates, deletes, VACUUM: what is gone is not found, its space is used again, and answers stay as
-- good as they were.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;

CREATE FUNCTION pg_temp.vec(i integer, dims integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT get_byte(h, d) - 128 FROM generate_series(0, dims - 1) d)::vector
	FROM (SELECT sha512((i || ':0')::bytea) || sha512((i || ':1')::bytea) AS h OFFSET 0) s
$$;
CREATE TABLE vacuum_items (id integer PRIMARY KEY, note text, v vector(64)) WITH (autovacuum_enabled = off, fillfactor = 50);
INSERT INTO vacuum_items SELECT i, 'first', pg_temp.vec(i, 64) FROM generate_series(1, 2000) i;
CREATE INDEX vacuum_idx ON vacuum_items USING vecprov (v);

-- Are all rows of the table found, once each, and nothing else?  Is the index sound?
CREATE FUNCTION pg_temp.look(OUT complete boolean, OUT sound boolean, OUT recall boolean) LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL vecprov.iterative_scan = relaxed_order;
	SELECT count(*) = count(DISTINCT id) AND count(*) = (SELECT count(*) FROM vacuum_items WHERE v IS NOT NULL) INTO complete
	FROM (SELECT id FROM vacuum_items ORDER BY v <-> pg_temp.vec(1, 64) LIMIT 10000) r;
	SELECT count(*) = 0 INTO sound FROM vecprov_check('vacuum_idx', true);
	SET LOCAL vecprov.ef_search = 100;
	recall := vecprov_recall('vacuum_idx', 10, 100) >= 0.95;
END
$$;
SELECT * FROM pg_temp.look();

-- Updates of other columns that fit on their page leave the index alone (HOT).
SELECT pg_relation_size('vacuum_idx') AS size \gset
UPDATE vacuum_items SET note = 'second' WHERE id <= 100;
SELECT pg_stat_force_next_flush();
SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'vacuum_items';
SELECT pg_relation_size('vacuum_idx') = :size AS same_size;
SELECT note, count(*) FROM (SELECT note FROM vacuum_items ORDER BY v <-> pg_temp.vec(50, 64) LIMIT 1) r GROUP BY 1;
SELECT * FROM pg_temp.look();
-- Others move the row.
UPDATE vacuum_items SET v = pg_temp.vec(id + 10000, 64) WHERE id <= 100;
SELECT id FROM vacuum_items ORDER BY v <-> pg_temp.vec(10050, 64) LIMIT 1;
SELECT count(*) FROM (SELECT v FROM vacuum_items ORDER BY v <-> pg_temp.vec(50, 64) LIMIT 1) r WHERE v = pg_temp.vec(50, 64);
SELECT * FROM pg_temp.look();
:vacuum vacuum_items;
SELECT * FROM pg_temp.look();

-- Deleted rows are not found, before VACUUM and after; nor is an aborted one.
DELETE FROM vacuum_items WHERE id % 4 = 0;
SELECT * FROM pg_temp.look();
:vacuum vacuum_items;
SELECT * FROM pg_temp.look();
BEGIN;
DELETE FROM vacuum_items;
INSERT INTO vacuum_items SELECT i, 'aborted', pg_temp.vec(i, 64) FROM generate_series(5001, 5100) i;
SELECT id FROM vacuum_items ORDER BY v <-> pg_temp.vec(5050, 64) LIMIT 1;
ROLLBACK;
SELECT * FROM pg_temp.look();
:vacuum vacuum_items;
SELECT * FROM pg_temp.look();
SELECT reltuples FROM pg_class WHERE oid = 'vacuum_idx'::regclass;

-- Half of the table is deleted and inserted anew, again and again: the index grows no more, and
-- recall does not decay. The second VACUUM finds that no search can be on the dead any more.
TRUNCATE vacuum_items;
INSERT INTO vacuum_items SELECT i, 'round', pg_temp.vec(i, 64) FROM generate_series(1, 2000) i;
SELECT pg_relation_size('vacuum_idx') AS size \gset
CREATE PROCEDURE pg_temp.half(round integer) LANGUAGE sql AS $$
	DELETE FROM vacuum_items WHERE id % 2 = round % 2;
$$;
CREATE PROCEDURE pg_temp.other_half(round integer) LANGUAGE sql AS $$
	INSERT INTO vacuum_items SELECT i, 'round', pg_temp.vec(i + round * 10000, 64) FROM generate_series(1, 2000) i
	WHERE i % 2 = round % 2;
$$;
CALL pg_temp.half(1);
:vacuum vacuum_items;
:vacuum vacuum_items;
CALL pg_temp.other_half(1);
SELECT pg_relation_size('vacuum_idx') = :size AS same_size, * FROM pg_temp.look();
CALL pg_temp.half(2);
:vacuum vacuum_items;
:vacuum vacuum_items;
CALL pg_temp.other_half(2);
SELECT pg_relation_size('vacuum_idx') = :size AS same_size, * FROM pg_temp.look();
CALL pg_temp.half(3);
:vacuum vacuum_items;
:vacuum vacuum_items;
CALL pg_temp.other_half(3);
SELECT pg_relation_size('vacuum_idx') = :size AS same_size, * FROM pg_temp.look();
CALL pg_temp.half(4);
:vacuum vacuum_items;
:vacuum vacuum_items;
CALL pg_temp.other_half(4);
SELECT pg_relation_size('vacuum_idx') = :size AS same_size, * FROM pg_temp.look();

-- One VACUUM and no second: the space comes free by itself.
CALL pg_temp.half(5);
:vacuum vacuum_items;
CALL pg_temp.wait_for_snapshots();
CALL pg_temp.other_half(5);
SELECT pg_relation_size('vacuum_idx') = :size AS same_size, * FROM pg_temp.look();

-- All that searches begin at is deleted: everything but one row, then that one.
DELETE FROM vacuum_items WHERE id <> 777;
:vacuum vacuum_items;
SELECT * FROM pg_temp.look();
SELECT id FROM vacuum_items ORDER BY v <-> pg_temp.vec(1, 64) LIMIT 10;
DELETE FROM vacuum_items;
:vacuum vacuum_items;
SELECT id FROM vacuum_items ORDER BY v <-> pg_temp.vec(1, 64) LIMIT 10;
SELECT * FROM vecprov_check('vacuum_idx', true);
:vacuum vacuum_items;
INSERT INTO vacuum_items SELECT i, 'again', pg_temp.vec(i, 64) FROM generate_series(1, 2000) i;
SELECT pg_relation_size('vacuum_idx') = :size AS same_size, * FROM pg_temp.look();

-- VACUUM without its index pass leaves the index alone; the next one does the work.
DELETE FROM vacuum_items WHERE id % 3 = 0;
:vacuum (INDEX_CLEANUP off) vacuum_items;
SELECT * FROM pg_temp.look();
:vacuum (INDEX_CLEANUP on, PARALLEL 2) vacuum_items;
SELECT * FROM pg_temp.look();
:vacuum (FREEZE, ANALYZE) vacuum_items;
SELECT * FROM pg_temp.look();

-- Little memory for dead rows: several passes over the index
INSERT INTO vacuum_items SELECT i, 'more', NULL FROM generate_series(10001, 200000) i;
SET maintenance_work_mem = '1MB';
DELETE FROM vacuum_items WHERE id > 10000 OR id % 3 = 1;
:vacuum vacuum_items;
SELECT * FROM pg_temp.look();
RESET maintenance_work_mem;

DROP TABLE vacuum_items;

-- Clusters apart from one another, few links: when most nodes have left, searches still come to all clusters.
CREATE FUNCTION pg_temp.near(i int, dims int) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT array_agg(((hashint4extended(i % 40, d) & 1023) + (hashint4extended(i, d) & 255)) / 1024.0 ORDER BY d)::real[]::vector
	FROM generate_series(1, dims) d
$$;
CREATE TABLE vacuum_items (id bigserial, v vector(32)) WITH (autovacuum_enabled = off);
INSERT INTO vacuum_items (v) SELECT pg_temp.near(CASE WHEN i % 10 = 0 THEN i / 100 ELSE i END, 32) FROM generate_series(1, 3000) i;
CREATE INDEX vacuum_idx ON vacuum_items USING vecprov (v) WITH (m = 8, ef_construction = 32);
SELECT setseed(0.1);
INSERT INTO vacuum_items (v) SELECT pg_temp.near((random() * 100000)::int, 32) FROM generate_series(1, 10000);
DELETE FROM vacuum_items WHERE id > 2000 OR random() < 0.6;
:vacuum vacuum_items;
SET vecprov.ef_search = 100;
SELECT count(*) <= 5 AS found FROM vacuum_items a, LATERAL
	(SELECT b.v <-> a.v AS d FROM vacuum_items b ORDER BY b.v <-> a.v LIMIT 1) n WHERE d <> 0;
SELECT * FROM vecprov_check('vacuum_idx', true);
DROP TABLE vacuum_items;

-- By inner product all are nearest to the longest vectors, whose lists are full: whoever gets a link from there, as
-- nobody else leads to it any more, does not take that of another.
CREATE FUNCTION pg_temp.long(i int, dims int) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT array_agg((hashint4extended(i, d) & 255) * (1 + i % 97) ORDER BY d)::real[]::vector FROM generate_series(1, dims) d
$$;
CREATE TABLE vacuum_items (id bigserial, v vector(32), s sparsevec(32) GENERATED ALWAYS AS (v::sparsevec(32)) STORED) WITH (autovacuum_enabled = off);
INSERT INTO vacuum_items (v) SELECT pg_temp.long(i, 32) FROM generate_series(1, 1000) i;
CREATE INDEX vacuum_idx ON vacuum_items USING vecprov (v vector_ip_ops) WITH (m = 8, ef_construction = 32);
CREATE INDEX vacuum_sparse_idx ON vacuum_items USING vecprov (s sparsevec_ip_ops) WITH (m = 8, ef_construction = 32);
DELETE FROM vacuum_items WHERE id % 3 = 0;
:vacuum vacuum_items;
SELECT * FROM vecprov_check('vacuum_idx', true);
SELECT * FROM vecprov_check('vacuum_sparse_idx', true);
INSERT INTO vacuum_items (v) SELECT pg_temp.long(i, 32) FROM generate_series(1001, 2000) i;
DELETE FROM vacuum_items WHERE id % 3 = 1;
:vacuum vacuum_items;
SELECT * FROM vecprov_check('vacuum_idx', true);
SELECT * FROM vecprov_check('vacuum_sparse_idx', true);
DROP TABLE vacuum_items;
