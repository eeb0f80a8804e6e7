-- Builds that outgrow maintenance_work_mem say so, and the index is as complete as any.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
SET jit = off;

-- Vectors of integers between -128 and 127, different for each i, in 30 clusters.
CREATE FUNCTION pg_temp.vec(i integer, dims integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT (get_byte(c, d) + get_byte(h, d)) / 2 - 128 FROM generate_series(0, dims - 1) d)::vector
	FROM (SELECT sha512((i || ':0')::bytea) || sha512((i || ':1')::bytea) AS h,
		sha512((i % 30 || ':0')::bytea) || sha512((i % 30 || ':1')::bytea) AS c OFFSET 0) s
$$;
CREATE TABLE memory_items (id integer, v16 vector(16), v100 vector(100), e vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO memory_items SELECT i, pg_temp.vec(i, 16), pg_temp.vec(i, 100), ARRAY[i % 10, 0, 1] FROM generate_series(1, 6000) i;

-- How many of the vectors fit depends on the machine: only that it is told is asked for here, and
-- that it is told once an index.
\set VERBOSITY sqlstate
SET maintenance_work_mem = '1MB';
CREATE INDEX memory_l2 ON memory_items USING vecprov (v16 vector_l2_ops);
CREATE INDEX memory_cosine ON memory_items USING vecprov (v100 vector_cosine_ops);
CREATE INDEX memory_equal ON memory_items USING vecprov (e vector_l2_ops);
\set VERBOSITY terse
-- enough for all
SET maintenance_work_mem = '32MB';
CREATE INDEX memory_l1 ON memory_items USING vecprov (v16 vector_l1_ops);

SELECT indexrelid::regclass, c.* FROM pg_index, vecprov_check(indexrelid, true) c WHERE indrelid = 'memory_items'::regclass;
SELECT relname, reltuples FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid WHERE indrelid = 'memory_items'::regclass ORDER BY 1;
SELECT vecprov_recall('memory_l2', 10, 100) >= 0.95 AS l2, vecprov_recall('memory_cosine', 10, 100) >= 0.95 AS cosine,
	vecprov_recall('memory_equal', 10, 100) >= 0.95 AS equal, vecprov_recall('memory_l1', 10, 100) >= 0.95 AS l1;

-- All rows come back.
SET enable_seqscan = off;
SET vecprov.iterative_scan = relaxed_order;
SELECT count(DISTINCT id) FROM (SELECT id FROM memory_items ORDER BY v16 <-> pg_temp.vec(1, 16) LIMIT 10000) r;
SELECT count(DISTINCT id) FROM (SELECT id FROM memory_items ORDER BY v100 <=> pg_temp.vec(1, 100) LIMIT 10000) r;
SELECT count(DISTINCT id) FROM (SELECT id FROM memory_items ORDER BY e <-> '[1,2,3]' LIMIT 10000) r;

-- Parallel or not: the same
SET max_parallel_maintenance_workers = 0;
SET maintenance_work_mem = '1MB';
\set VERBOSITY sqlstate
REINDEX INDEX memory_l2;
\set VERBOSITY terse
SELECT * FROM vecprov_check('memory_l2', true);
SELECT vecprov_recall('memory_l2', 10, 100) >= 0.95 AS l2;
DROP TABLE memory_items;

-- In memory or in a file: the same graph, to the byte, if one thread links it.
CREATE UNLOGGED TABLE memory_items (id integer, v vector(16)) WITH (autovacuum_enabled = off);
INSERT INTO memory_items SELECT i, pg_temp.vec(i % 5000, 16) FROM generate_series(1, 6000) i;
\set VERBOSITY sqlstate
CREATE INDEX memory_file ON memory_items USING vecprov (v);
\set VERBOSITY terse
SET maintenance_work_mem = '32MB';
CREATE INDEX memory_memory ON memory_items USING vecprov (v);
CHECKPOINT;
SELECT pg_read_binary_file(pg_relation_filepath('memory_file')) =
	pg_read_binary_file(pg_relation_filepath('memory_memory')) AS same;
SELECT count(*) FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql_tmp' || pg_backend_pid() || '.%';

-- The file is within temp_file_limit, or there is no index.
SET maintenance_work_mem = '1MB';
-- its words depend on the server's version
\set VERBOSITY sqlstate
SET temp_file_limit = '1MB';
SET client_min_messages = warning;
CREATE INDEX memory_limit ON memory_items USING vecprov (v);
\set VERBOSITY terse
RESET client_min_messages;
RESET temp_file_limit;
SELECT count(*) FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql_tmp' || pg_backend_pid() || '.%';
\set VERBOSITY sqlstate
CREATE INDEX memory_limit ON memory_items USING vecprov (v);
\set VERBOSITY terse
SELECT * FROM vecprov_check('memory_limit', true);
DROP TABLE memory_items;

-- A vector as large as they get: a few fill the memory.
CREATE TABLE memory_items (id integer, v vector(16000)) WITH (autovacuum_enabled = off);
INSERT INTO memory_items SELECT i, ARRAY(SELECT (i * d) % 101 FROM generate_series(1, 16000) d)::integer[] FROM generate_series(1, 100) i;
\set VERBOSITY sqlstate
CREATE INDEX memory_l2 ON memory_items USING vecprov (v);
\set VERBOSITY terse
SELECT * FROM vecprov_check('memory_l2', true);
SELECT count(DISTINCT id) FROM (SELECT id FROM memory_items ORDER BY v <-> (SELECT v FROM memory_items WHERE id = 50) LIMIT 200) r;
DROP TABLE memory_items;
