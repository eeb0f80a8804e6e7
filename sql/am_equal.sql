-- Wholly equal vectors, by the ten thousand: built, inserted, deleted, vacuumed, found.
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

CREATE TABLE equal_items (id integer, v vector(64)) WITH (autovacuum_enabled = off);
-- 12,000 of one vector, 500 of another, 100 that are different
CREATE VIEW equal_source AS SELECT i AS id,
	ARRAY(SELECT CASE WHEN i <= 12000 THEN 1 WHEN i <= 12500 THEN d % 5 ELSE (i * d) % 103 END FROM generate_series(1, 64) d)::integer[]::vector AS v
	FROM generate_series(1, 12600) i;
INSERT INTO equal_items SELECT * FROM equal_source;
CREATE INDEX equal_idx ON equal_items USING vecprov (v);
SELECT * FROM vecprov_check('equal_idx', true);

-- All come (asked for in relaxed_order, which leaves none out), none twice, and in order (which
-- strict_order keeps).
CREATE FUNCTION pg_temp.look(OUT rows bigint, OUT complete boolean, OUT sorted boolean, OUT first bigint)
LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL vecprov.iterative_scan = relaxed_order;
	SELECT count(DISTINCT id), count(*) = count(DISTINCT id) AND count(*) = (SELECT count(*) FROM equal_items) INTO rows, complete
	FROM (SELECT id FROM equal_items ORDER BY v <-> array_fill(1, ARRAY[64])::vector LIMIT 20000) r;
	SET LOCAL vecprov.iterative_scan = strict_order;
	SELECT bool_and(distance >= before), count(*) FILTER (WHERE distance = 0) INTO sorted, first
	FROM (SELECT distance, lag(distance, 1, '-infinity') OVER () AS before FROM
		(SELECT v <-> array_fill(1, ARRAY[64])::vector AS distance FROM equal_items
		ORDER BY v <-> array_fill(1, ARRAY[64])::vector LIMIT 20000) r) s;
END
$$;
SELECT * FROM pg_temp.look();
-- Equal vectors are one candidate, whatever their number.
SET vecprov.iterative_scan = off;
SELECT count(*) FILTER (WHERE distance = 0) AS equal, count(*) FILTER (WHERE distance > 0) < 600 AS others
FROM (SELECT v <-> array_fill(1, ARRAY[64])::vector AS distance FROM equal_items
	ORDER BY v <-> array_fill(1, ARRAY[64])::vector LIMIT 20000) r;
RESET vecprov.iterative_scan;
SELECT id > 12500 AS other, count(*) FROM (SELECT id FROM equal_items
	ORDER BY v <-> (SELECT v FROM equal_items WHERE id = 12555) LIMIT 1) r GROUP BY 1;
SELECT vecprov_recall('equal_idx', 10, 20) >= 0.99 AS recall;

-- The first of the chain, its end, some in between, all of them
DELETE FROM equal_items WHERE id <= 100 OR id BETWEEN 11900 AND 12000 OR id % 3 = 0;
SELECT complete, sorted FROM pg_temp.look();
:vacuum equal_items;
SELECT * FROM vecprov_check('equal_idx', true);
SELECT complete, sorted FROM pg_temp.look();
DELETE FROM equal_items WHERE id < 12000;
:vacuum equal_items;
SELECT * FROM vecprov_check('equal_idx', true);
SELECT complete, sorted FROM pg_temp.look();

-- The place that they had is used again.
SELECT pg_relation_size('equal_idx') AS size \gset
:vacuum equal_items;
INSERT INTO equal_items SELECT id, v FROM equal_source WHERE id < 8000;
SELECT pg_relation_size('equal_idx') = :size AS same_size;
SELECT * FROM vecprov_check('equal_idx', true);
SELECT complete, sorted FROM pg_temp.look();

-- Updates of other columns add versions of the same vector.
UPDATE equal_items SET id = -id;
SELECT complete, sorted FROM pg_temp.look();
:vacuum equal_items;
SELECT * FROM vecprov_check('equal_idx', true);
SELECT complete, sorted FROM pg_temp.look();

-- Only equal ones, inserted into an empty index, until nothing is left
TRUNCATE equal_items;
INSERT INTO equal_items SELECT i, array_fill(1, ARRAY[64])::vector FROM generate_series(1, 10000) i;
SELECT * FROM vecprov_check('equal_idx', true);
SELECT * FROM pg_temp.look();
DELETE FROM equal_items WHERE id % 2 = 0;
:vacuum equal_items;
SELECT * FROM vecprov_check('equal_idx', true);
SELECT * FROM pg_temp.look();
DELETE FROM equal_items;
:vacuum equal_items;
SELECT * FROM vecprov_check('equal_idx', true);
SELECT * FROM pg_temp.look();
INSERT INTO equal_items SELECT i, array_fill(1, ARRAY[64])::vector FROM generate_series(1, 100) i;
SELECT * FROM vecprov_check('equal_idx', true);
SELECT * FROM pg_temp.look();

-- For cosine vectors of one direction are at one place, but not equal; +0 and -0 are equal.
TRUNCATE equal_items;
DROP INDEX equal_idx;
INSERT INTO equal_items SELECT i, array_fill(i, ARRAY[64])::vector FROM generate_series(1, 2000) i;
CREATE INDEX equal_idx ON equal_items USING vecprov (v vector_cosine_ops);
INSERT INTO equal_items SELECT i, array_fill(i, ARRAY[64])::vector FROM generate_series(2001, 2500) i;
SELECT * FROM vecprov_check('equal_idx', true);
SET vecprov.iterative_scan = relaxed_order;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM equal_items ORDER BY v <=> array_fill(1, ARRAY[64])::vector LIMIT 20000) r;
RESET vecprov.iterative_scan;
TRUNCATE equal_items;
DROP INDEX equal_idx;
INSERT INTO equal_items SELECT i, (CASE WHEN i % 2 = 0 THEN '[0' ELSE '[-0' END || repeat(',1', 63) || ']')::vector FROM generate_series(1, 1000) i;
CREATE INDEX equal_idx ON equal_items USING vecprov (v);
SELECT * FROM vecprov_check('equal_idx', true);
SELECT * FROM pg_temp.look();

DROP VIEW equal_source;
DROP TABLE equal_items;
