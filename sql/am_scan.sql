-- Scans that go on beyond ef_search: for large LIMITs, and for filters that leave too few rows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;

CREATE FUNCTION pg_temp.vec(i integer, dims integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT get_byte(h, d) - 128 FROM generate_series(0, dims - 1) d)::vector
	FROM (SELECT sha512((i || ':0')::bytea) || sha512((i || ':1')::bytea) AS h OFFSET 0) s
$$;
CREATE TABLE scan_items (id integer, category integer, v8 vector(8), v64 vector(64)) WITH (autovacuum_enabled = off);
INSERT INTO scan_items SELECT i, i % 50, pg_temp.vec(i, 8), pg_temp.vec(i, 64) FROM generate_series(1, 3000) i;
CREATE INDEX scan_v8 ON scan_items USING vecprov (v8 vector_l2_ops);
CREATE INDEX scan_v64 ON scan_items USING vecprov (v64 vector_cosine_ops);
ANALYZE scan_items;

-- How many rows a search returns, whether none twice, and whether in order; if not, how many times a row is nearer than the one before.
CREATE FUNCTION pg_temp.look(mode text, ef integer, distance text, filter text, "limit" integer,
	OUT rows bigint, OUT once boolean, OUT sorted boolean, OUT breaks bigint) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('vecprov.iterative_scan', mode, true), set_config('vecprov.ef_search', ef::text, true);
	EXECUTE format('SELECT count(*), count(*) = count(DISTINCT id), bool_and(distance >= before),
		count(*) FILTER (WHERE distance < before) FROM
		(SELECT id, distance, lag(distance, 1, ''-infinity'') OVER () AS before FROM
		(SELECT id, %1$s AS distance FROM scan_items WHERE %2$s ORDER BY %1$s LIMIT %3$s) r) s',
		distance, filter, "limit") INTO rows, once, sorted, breaks;
END
$$;
CREATE TEMP TABLE distances AS SELECT * FROM unnest(ARRAY[8, 64],
	ARRAY['v8 <-> pg_temp.vec(10001, 8)', 'v64 <=> pg_temp.vec(10001, 64)']) d (dims, distance);
EXPLAIN (COSTS OFF) SELECT id FROM scan_items WHERE category = 7 ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' LIMIT 5;

-- strict_order, the default: in order, and behind all others those that were found late, in order (and it is told);
-- relaxed_order: every row; off: what the first search found.
SHOW vecprov.iterative_scan;
SET client_min_messages = warning;
SELECT dims, "limit", rows, once, sorted OR "limit" > 500 AS sorted, breaks <= 1 AS late_last
FROM distances, unnest(ARRAY[1, 10, 40, 41, 100, 500, 2999, 3000, 5000]) "limit",
	pg_temp.look('strict_order', 40, distance, 'true', "limit")
ORDER BY dims, "limit";
RESET client_min_messages;
SELECT count(*) FROM (SELECT id FROM scan_items ORDER BY v64 <=> pg_temp.vec(10001, 64) OFFSET 0) r;
SELECT dims, "limit", rows, once
FROM distances, unnest(ARRAY[1, 10, 40, 41, 100, 500, 2999, 3000, 5000]) "limit",
	pg_temp.look('relaxed_order', 40, distance, 'true', "limit")
ORDER BY dims, "limit";
SELECT dims, ef, "limit", rows <= ef AS few, rows >= least("limit", ef) AS enough, once, sorted
FROM distances, unnest(ARRAY[1, 40, 200]) ef, unnest(ARRAY[1, 10, 100, 5000]) "limit",
	pg_temp.look('off', ef, distance, 'true', "limit")
ORDER BY dims, ef, "limit";

-- The effort can be anything.
SELECT dims, ef, rows = 10 AS complete, once, sorted
FROM distances, unnest(ARRAY[1, 2, 3, 7, 1000, 3000, 100000]) ef, pg_temp.look('strict_order', ef, distance, 'true', 10)
ORDER BY dims, ef;

-- Filters: 300 rows of 3,000 qualify, 60, 6, one, or none.
SET client_min_messages = warning;
SELECT dims, filter, rows, once, sorted
FROM distances, unnest(ARRAY['category % 10 = 7', 'category = 7', 'category = 51']) filter,
	pg_temp.look('strict_order', 40, distance, filter, 10)
ORDER BY dims, filter COLLATE "C";
RESET client_min_messages;
SELECT dims, filter, rows, once
FROM distances, unnest(ARRAY['category % 10 = 7', 'category = 7', 'category = 7 AND id % 500 = 7', 'category = 51', 'id = 2999']) filter,
	pg_temp.look('relaxed_order', 40, distance, filter, 1000)
ORDER BY dims, filter COLLATE "C";
SELECT dims, rows FROM distances, pg_temp.look('off', 40, distance, 'category = 51', 1000) ORDER BY dims;
-- a filter on the distance
SELECT count(*) = (SELECT count(*) FROM scan_items WHERE (v8 <-> '[1,2,3,4,5,6,7,8]') + 0 < 150) AS complete FROM
	(SELECT id FROM scan_items WHERE v8 <-> '[1,2,3,4,5,6,7,8]' < 150 ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' LIMIT 10000) r;

-- The scan's bound: it stops there, and says so, once.
SET vecprov.max_scan_tuples = 100;
SELECT count(*) BETWEEN 100 AND 1000 AS stopped FROM (SELECT id FROM scan_items ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' LIMIT 2000) r;
SET vecprov.iterative_scan = relaxed_order;
\set VERBOSITY default
SELECT count(*) FROM (SELECT id FROM scan_items WHERE category = 51 ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' LIMIT 10) r;
\set VERBOSITY terse
SET vecprov.max_scan_tuples = 1;
SELECT count(*) FROM (SELECT id FROM scan_items WHERE category = 51 ORDER BY v64 <=> pg_temp.vec(10001, 64) LIMIT 10) r;
-- not said where nothing was cut off, or when the executor wanted no more
SET vecprov.max_scan_tuples = 100;
SELECT count(*) FROM (SELECT id FROM scan_items ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' LIMIT 10) r;
SET vecprov.max_scan_tuples = 3001;
SELECT count(*) FROM (SELECT id FROM scan_items ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' LIMIT 10000) r;
-- the last round measures all nodes, and is not finished
SET vecprov.max_scan_tuples = 2000;
SELECT count(*) BETWEEN 2000 AND 2100 AS stopped FROM (SELECT id FROM scan_items ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' LIMIT 10000) r;
SET vecprov.iterative_scan = off;
SET vecprov.max_scan_tuples = 1;
SELECT count(*) FROM (SELECT id FROM scan_items WHERE category = 51 ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' LIMIT 10) r;
RESET vecprov.max_scan_tuples;
RESET vecprov.iterative_scan;

-- A LIMIT of 0, an OFFSET
SELECT count(*) FROM (SELECT id FROM scan_items ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' LIMIT 0) r;
SELECT array_agg(id) = (SELECT array_agg(id) FROM (SELECT id FROM scan_items ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' OFFSET 20 LIMIT 10) r) AS same
FROM (SELECT id, row_number() OVER () AS n FROM (SELECT id FROM scan_items ORDER BY v8 <-> '[1,2,3,4,5,6,7,8]' LIMIT 30) r) s WHERE n > 20;

-- Statistics count each search.
SELECT pg_stat_force_next_flush();
SELECT idx_scan > 20 AS scans, idx_tup_read >= idx_tup_fetch AS reads FROM pg_stat_user_indexes WHERE indexrelname = 'scan_v8';

DROP TABLE scan_items;
