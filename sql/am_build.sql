-- Builds: what is indexed and what not, empty tables, building again and concurrently, builds that
-- fail.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;

-- Vectors of integers between -128 and 127, different for each i.
CREATE FUNCTION pg_temp.vec(i integer, dims integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT get_byte(h, d) - 128 FROM generate_series(0, dims - 1) d)::vector
	FROM (SELECT sha512((i || ':0')::bytea) || sha512((i || ':1')::bytea) AS h OFFSET 0) s
$$;

-- How many different rows an index returns when all are asked for, and whether it is sound.
CREATE FUNCTION pg_temp.rows_of(index regclass, command text, OUT rows bigint, OUT sound boolean)
LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL vecprov.iterative_scan = relaxed_order;
	SET LOCAL vecprov.max_scan_tuples = 2147483647;
	EXECUTE format('SELECT count(DISTINCT r.*) FROM (%s) r', command) INTO rows;
	SELECT count(*) = 0 INTO sound FROM vecprov_check(index, true);
END
$$;

-- All rows are in the index; NULLs have no vector, and zero vectors have none for cosine.
CREATE TABLE build_items (id integer PRIMARY KEY, v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO build_items SELECT i, CASE i % 10 WHEN 1 THEN NULL WHEN 2 THEN '[0,0,0]'::vector ELSE pg_temp.vec(i, 3) END
FROM generate_series(1, 1000) i;
CREATE INDEX build_l2 ON build_items USING vecprov (v vector_l2_ops);
CREATE INDEX build_ip ON build_items USING vecprov (v vector_ip_ops);
CREATE INDEX build_cosine ON build_items USING vecprov (v vector_cosine_ops);
CREATE INDEX build_l1 ON build_items USING vecprov (v vector_l1_ops);
SELECT relname, reltuples FROM pg_class WHERE relname LIKE 'build\_%' AND relam = (SELECT oid FROM pg_am WHERE amname = 'vecprov')
ORDER BY 1;
SELECT * FROM pg_temp.rows_of('build_l2', $$SELECT id FROM build_items ORDER BY v <-> '[1,2,3]' LIMIT 2000$$);
SELECT * FROM pg_temp.rows_of('build_ip', $$SELECT id FROM build_items ORDER BY v <#> '[1,2,3]' LIMIT 2000$$);
SELECT * FROM pg_temp.rows_of('build_cosine', $$SELECT id FROM build_items ORDER BY v <=> '[1,2,3]' LIMIT 2000$$);
SELECT * FROM pg_temp.rows_of('build_l1', $$SELECT id FROM build_items ORDER BY v <+> '[1,2,3]' LIMIT 2000$$);
INSERT INTO build_items VALUES (1001, NULL), (1002, '[0,0,0]'), (1003, '[7,7,7]');
UPDATE build_items SET v = NULL WHERE id = 3;
UPDATE build_items SET v = '[0,0,0]' WHERE id = 4;
UPDATE build_items SET v = '[4,4,4]' WHERE id IN (1, 2);
SELECT * FROM pg_temp.rows_of('build_l2', $$SELECT id FROM build_items ORDER BY v <-> '[1,2,3]' LIMIT 2000$$);
SELECT * FROM pg_temp.rows_of('build_cosine', $$SELECT id FROM build_items ORDER BY v <=> '[1,2,3]' LIMIT 2000$$);

-- A query that is NULL or, for cosine, zero is no error: all rows are as far from it.
SELECT count(*) FROM (SELECT id FROM build_items ORDER BY v <-> NULL LIMIT 10) r;
SELECT count(*) FROM (SELECT id FROM build_items ORDER BY v <=> NULL LIMIT 10) r;
SELECT count(*) FROM (SELECT id FROM build_items ORDER BY v <-> (SELECT v FROM build_items WHERE id = 11) LIMIT 10) r;
SELECT count(*) FROM (SELECT id FROM build_items ORDER BY v <=> '[0,0,0]' LIMIT 10) r;
SELECT count(*) FROM (SELECT id FROM build_items ORDER BY v <-> '[0,0,0]' LIMIT 10) r;

-- Again, in all ways
REINDEX INDEX build_l2;
REINDEX TABLE build_items;
REINDEX INDEX CONCURRENTLY build_cosine;
SELECT * FROM pg_temp.rows_of('build_l2', $$SELECT id FROM build_items ORDER BY v <-> '[1,2,3]' LIMIT 2000$$);
SELECT * FROM pg_temp.rows_of('build_cosine', $$SELECT id FROM build_items ORDER BY v <=> '[1,2,3]' LIMIT 2000$$);
VACUUM FULL build_items;
SELECT * FROM pg_temp.rows_of('build_l2', $$SELECT id FROM build_items ORDER BY v <-> '[1,2,3]' LIMIT 2000$$);
CLUSTER build_items USING build_items_pkey;
SELECT * FROM pg_temp.rows_of('build_l1', $$SELECT id FROM build_items ORDER BY v <+> '[1,2,3]' LIMIT 2000$$);
TRUNCATE build_items;
SELECT * FROM pg_temp.rows_of('build_l2', $$SELECT id FROM build_items ORDER BY v <-> '[1,2,3]' LIMIT 2000$$);
INSERT INTO build_items VALUES (1, '[1,1,1]'), (2, '[2,2,2]');
SELECT id FROM build_items ORDER BY v <-> '[2,2,3]' LIMIT 10;
BEGIN;
TRUNCATE build_items;
INSERT INTO build_items VALUES (3, '[1,1,1]');
SELECT id FROM build_items ORDER BY v <-> '[2,2,3]' LIMIT 10;
ROLLBACK;
SELECT id FROM build_items ORDER BY v <-> '[2,2,3]' LIMIT 10;
ALTER TABLE build_items ALTER v TYPE vector(4) USING (v || '[0]'::vector);
SELECT id FROM build_items ORDER BY v <-> '[2,2,3,4]' LIMIT 10;
SELECT * FROM pg_temp.rows_of('build_l2', $$SELECT id FROM build_items ORDER BY v <-> '[1,2,3,4]' LIMIT 2000$$);
DROP TABLE build_items;

-- An empty table, and what comes into it later
CREATE TABLE build_empty (id integer, v vector(70)) WITH (autovacuum_enabled = off);
CREATE INDEX build_empty_idx ON build_empty USING vecprov (v);
SELECT * FROM pg_temp.rows_of('build_empty_idx', 'SELECT id FROM build_empty ORDER BY v <-> pg_temp.vec(1, 70) LIMIT 2000');
INSERT INTO build_empty SELECT i, pg_temp.vec(i, 70) FROM generate_series(1, 1) i;
SELECT * FROM pg_temp.rows_of('build_empty_idx', 'SELECT id FROM build_empty ORDER BY v <-> pg_temp.vec(1, 70) LIMIT 2000');
INSERT INTO build_empty SELECT i, pg_temp.vec(i, 70) FROM generate_series(2, 600) i;
SELECT * FROM pg_temp.rows_of('build_empty_idx', 'SELECT id FROM build_empty ORDER BY v <-> pg_temp.vec(1, 70) LIMIT 2000');
SELECT vecprov_recall('build_empty_idx', 10, 100) >= 0.95 AS recall;
DELETE FROM build_empty;
:vacuum build_empty;
SELECT * FROM pg_temp.rows_of('build_empty_idx', 'SELECT id FROM build_empty ORDER BY v <-> pg_temp.vec(1, 70) LIMIT 2000');
INSERT INTO build_empty SELECT i, pg_temp.vec(i, 70) FROM generate_series(1, 600) i;
SELECT * FROM pg_temp.rows_of('build_empty_idx', 'SELECT id FROM build_empty ORDER BY v <-> pg_temp.vec(1, 70) LIMIT 2000');
SELECT vecprov_recall('build_empty_idx', 10, 100) >= 0.95 AS recall;
DROP TABLE build_empty;

-- A table of NULLs only, and one of zero vectors
CREATE TABLE build_null (id integer, v vector(70)) WITH (autovacuum_enabled = off);
INSERT INTO build_null SELECT i, CASE WHEN i % 2 = 0 THEN array_fill(0, ARRAY[70])::vector END FROM generate_series(1, 100) i;
CREATE INDEX build_null_cosine ON build_null USING vecprov (v vector_cosine_ops);
CREATE INDEX build_null_l2 ON build_null USING vecprov (v);
SELECT * FROM pg_temp.rows_of('build_null_cosine', 'SELECT id FROM build_null ORDER BY v <=> pg_temp.vec(1, 70) LIMIT 2000');
SELECT * FROM pg_temp.rows_of('build_null_l2', 'SELECT id FROM build_null ORDER BY v <-> pg_temp.vec(1, 70) LIMIT 2000');
INSERT INTO build_null SELECT i, pg_temp.vec(i, 70) FROM generate_series(101, 200) i;
SELECT * FROM pg_temp.rows_of('build_null_cosine', 'SELECT id FROM build_null ORDER BY v <=> pg_temp.vec(1, 70) LIMIT 2000');
SELECT * FROM pg_temp.rows_of('build_null_l2', 'SELECT id FROM build_null ORDER BY v <-> pg_temp.vec(1, 70) LIMIT 2000');
DROP TABLE build_null;

-- Concurrently: the index is valid, and complete.
CREATE TABLE build_concurrently (id integer, v vector(16)) WITH (autovacuum_enabled = off);
INSERT INTO build_concurrently SELECT i, pg_temp.vec(i, 16) FROM generate_series(1, 1000) i;
DELETE FROM build_concurrently WHERE id % 3 = 0;
CREATE INDEX CONCURRENTLY build_concurrently_idx ON build_concurrently USING vecprov (v vector_ip_ops);
SELECT indisvalid FROM pg_index WHERE indexrelid = 'build_concurrently_idx'::regclass;
SELECT * FROM pg_temp.rows_of('build_concurrently_idx', 'SELECT id FROM build_concurrently ORDER BY v <#> pg_temp.vec(1, 16) LIMIT 2000');
-- one that fails leaves an invalid index, as always
CREATE TABLE build_no_dimensions (v vector);
CREATE INDEX CONCURRENTLY build_invalid_idx ON build_no_dimensions USING vecprov (v);
SELECT indisvalid FROM pg_index WHERE indexrelid = 'build_invalid_idx'::regclass;
SELECT * FROM vecprov_check('build_invalid_idx');
ALTER TABLE build_no_dimensions ALTER v TYPE vector(2);
REINDEX INDEX build_invalid_idx;
SELECT indisvalid FROM pg_index WHERE indexrelid = 'build_invalid_idx'::regclass;
SELECT * FROM vecprov_check('build_invalid_idx', true);
DROP TABLE build_concurrently, build_no_dimensions;

-- Rows deleted or updated by a transaction that is still running, in that transaction
BEGIN;
CREATE TABLE build_running (id integer, v vector(2));
INSERT INTO build_running SELECT i, ARRAY[i, 0] FROM generate_series(1, 100) i;
DELETE FROM build_running WHERE id > 50;
UPDATE build_running SET v = ARRAY[id, 1] WHERE id <= 10;
CREATE INDEX build_running_idx ON build_running USING vecprov (v);
SELECT * FROM pg_temp.rows_of('build_running_idx', $$SELECT id FROM build_running ORDER BY v <-> '[0,0]' LIMIT 2000$$);
SELECT id, v FROM build_running ORDER BY v <-> '[0,1]' LIMIT 3;
COMMIT;
SELECT * FROM pg_temp.rows_of('build_running_idx', $$SELECT id FROM build_running ORDER BY v <-> '[0,0]' LIMIT 2000$$);
DROP TABLE build_running;

-- A build that fails half way leaves nothing behind.
CREATE TABLE build_fails (id integer, w vector);
INSERT INTO build_fails SELECT i, pg_temp.vec(i, CASE WHEN i = 900 THEN 15 ELSE 16 END) FROM generate_series(1, 1000) i;
CREATE INDEX build_fails_idx ON build_fails USING vecprov ((w::vector(16)));
SELECT count(*) FROM pg_class WHERE relname = 'build_fails_idx';
DELETE FROM build_fails WHERE id = 900;
CALL pg_temp.wait_for_snapshots();
CREATE INDEX build_fails_idx ON build_fails USING vecprov ((w::vector(16)));
SELECT * FROM pg_temp.rows_of('build_fails_idx', 'SELECT id FROM build_fails ORDER BY w::vector(16) <-> pg_temp.vec(1, 16) LIMIT 2000');
DROP TABLE build_fails;
