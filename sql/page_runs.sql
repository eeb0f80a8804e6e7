-- Posting runs of key columns, as vecprov_debug_postings compares them with the nodes. Stored keys of signed
-- types begin at the sign bit, flipped.
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
CREATE FUNCTION postings(index regclass, col int, spans bigint[], OUT bound bigint, OUT given bigint,
		OUT matching bigint, OUT missing bigint)
	AS 'vecprov', 'vecprov_debug_postings' LANGUAGE C STRICT;
CREATE FUNCTION runs_vector(i int) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY[sin(i), cos(i * 2.0), sin(i * 3.0)]::vector
$$;

-- What is given is no more than was said, and more than matches by the ends of the spans: two blocks of 16.
CREATE FUNCTION runs_outcome(index regclass, col int, spans bigint[], OUT matching bigint, OUT missing bigint, OUT close bool)
LANGUAGE sql AS $$
	SELECT p.matching, p.missing, given <= bound AND given - p.matching <= 3 * 32 * cardinality(spans) / 2 FROM postings(index, col, spans) p
$$;

CREATE TABLE runs_items (id int, few smallint, flag bool, wide bigint, v vector(3)) WITH (autovacuum_enabled = off);

-- Nothing yet.
CREATE INDEX runs_index ON runs_items USING vecprov (v, id, few, flag, wide);
SELECT * FROM runs_outcome('runs_index', 0, '{0, -1}');
SELECT * FROM vecprov_check('runs_index', true);

-- Rows without a vector are in no list.
INSERT INTO runs_items VALUES (1, 1, true, 1, NULL);
SELECT * FROM runs_outcome('runs_index', 0, '{0, -1}');
SELECT * FROM vecprov_check('runs_index', true);

-- Recent rows, then some runs of them.
INSERT INTO runs_items SELECT i, i % 3, CASE WHEN i % 4 > 0 THEN i % 2 = 0 END, CASE WHEN i % 10 > 0 THEN i * 1000000000::bigint END, runs_vector(i)
FROM generate_series(1, 300) i;
SELECT * FROM runs_outcome('runs_index', 0, '{2147483648, 2147483748}');
INSERT INTO runs_items SELECT i, i % 3, CASE WHEN i % 4 > 0 THEN i % 2 = 0 END, CASE WHEN i % 10 > 0 THEN i * 1000000000::bigint END, runs_vector(i)
FROM generate_series(301, 6000) i;
SELECT * FROM runs_outcome('runs_index', 0, '{2147483649, 2147483748}');
SELECT * FROM runs_outcome('runs_index', 1, '{32769, 32769}');
SELECT * FROM runs_outcome('runs_index', 2, '{0, 0, 1, 1}');
SELECT * FROM runs_outcome('runs_index', 3, '{-9223372036854775808, -9223371936854775808}');
-- NULL is all ones.
SELECT * FROM runs_outcome('runs_index', 3, '{-1, -1}');
-- Many spans, as of IN: each id but a few is given once.
SELECT o.* FROM (SELECT array_agg(2147483648 + i * 11 + j * 2 ORDER BY i, j) AS spans FROM generate_series(1, 500) i, generate_series(0, 1) j) s,
	runs_outcome('runs_index', 0, spans) o;
SELECT * FROM vecprov_check('runs_index', true);
-- Beyond the width, and nothing at all.
SELECT * FROM runs_outcome('runs_index', 1, '{32770, 4294967297}');
SELECT * FROM runs_outcome('runs_index', 1, '{}');

-- VACUUM makes runs without dead rows.
DELETE FROM runs_items WHERE id % 3 > 0;
:vacuum runs_items;
SELECT matching, missing, bound < 2500 FROM postings('runs_index', 0, '{0, -1}');
SELECT * FROM vecprov_check('runs_index', true);

-- A build makes one run of each column: sorted in memory, and in files.
REINDEX INDEX runs_index;
SELECT matching, missing, bound - matching FROM postings('runs_index', 3, '{0, -1}');
INSERT INTO runs_items SELECT i, i % 3, false, i * 1000000000::bigint, runs_vector(i % 50) FROM generate_series(1, 70000) i;
DROP INDEX runs_index;
SET maintenance_work_mem = '1MB';
SET client_min_messages = warning;
CREATE INDEX runs_index ON runs_items USING vecprov (v, id, wide) WITH (m = 2, ef_construction = 4);
RESET client_min_messages;
RESET maintenance_work_mem;
SELECT * FROM runs_outcome('runs_index', 0, '{2147483649, 2147483748}');
SELECT matching, missing, bound - matching FROM postings('runs_index', 1, '{0, -1}');
SELECT * FROM vecprov_check('runs_index', true);

-- Without WAL, and in local buffers.
CREATE UNLOGGED TABLE runs_unlogged AS SELECT id, runs_vector(id) AS v FROM generate_series(1, 100) id;
ALTER TABLE runs_unlogged ALTER v TYPE vector(3);
CREATE INDEX runs_unlogged_index ON runs_unlogged USING vecprov (v, id);
CREATE TEMPORARY TABLE runs_temporary (id int, v vector(3));
CREATE INDEX runs_temporary_index ON runs_temporary USING vecprov (v, id);
INSERT INTO runs_unlogged SELECT i, runs_vector(i) FROM generate_series(101, 5000) i;
INSERT INTO runs_temporary SELECT * FROM runs_unlogged;
DELETE FROM runs_unlogged WHERE id % 5 > 0;
DELETE FROM runs_temporary WHERE id % 5 > 0;
:vacuum runs_unlogged, runs_temporary;
SELECT * FROM vecprov_check('runs_unlogged_index', true);
SELECT * FROM vecprov_check('runs_temporary_index', true);
SELECT matching, missing FROM postings('runs_temporary_index', 0, '{0, -1}');

DROP TABLE runs_items, runs_unlogged, runs_temporary;
DROP FUNCTION runs_outcome, postings, runs_vector;
