-- Recall of filtered searches of real words is not lower than without a filter, at any LIMIT and effort.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
-- one thread: the same graph each time
SET max_parallel_maintenance_workers = 0;

-- Each hundredth word is a query. Of the others a half, a tenth, a fifth at random, the short ones, two conditions.
CREATE TABLE recall_words (id serial, word text, v vector(100)) WITH (autovacuum_enabled = off);
\copy recall_words (word, v) FROM PROGRAM 'gzip -dc "$PG_ABS_SRCDIR/test/data/words.tsv.gz"'
CREATE TABLE recall_items WITH (autovacuum_enabled = off) AS
	SELECT id, hashint4extended(id, 1) & 1 AS half, (hashint4extended(id, 2) & 1023) % 10 AS tenth,
		CASE WHEN hashint4extended(id, 3) & 1023 < 215 THEN 1 ELSE 2 + (hashint4extended(id, 4) & 63) END AS tenant,
		length(word) AS letters, v
	FROM recall_words WHERE id % 100 > 0;
CREATE INDEX recall_idx ON recall_items USING vecprov (v vector_cosine_ops, half, tenth, tenant, letters);
ANALYZE recall_items;
CREATE TABLE recall_filters (filter text);
INSERT INTO recall_filters VALUES ('true'), ('half = 0'), ('tenth = 3'), ('tenant = 1'), ('letters <= 5'), ('half = 1 AND tenant = 1');
SELECT count(*) AS items, avg((half = 0)::int)::numeric(3, 2) AS half, avg((tenth = 3)::int)::numeric(3, 2) AS tenth,
	avg((tenant = 1)::int)::numeric(3, 2) AS tenant, avg((letters <= 5)::int)::numeric(3, 2) AS short FROM recall_items;

-- The distances of the nearest rows, and how many of these a search finds
CREATE FUNCTION pg_temp.nearest(filter text, query vector, n integer) RETURNS SETOF double precision LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT v <=> %1$L AS d FROM recall_items WHERE %2$s ORDER BY v <=> %1$L LIMIT %3$s', query, filter, n);
END
$$;
SET enable_indexscan = off;
CREATE TABLE recall_exact AS
	SELECT filter, q.v AS query, ARRAY(SELECT * FROM pg_temp.nearest(filter, q.v, 50)) AS distances
	FROM recall_filters, recall_words q WHERE q.id % 100 = 0;
RESET enable_indexscan;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off;
PREPARE near(vector) AS SELECT id FROM recall_items WHERE half = 1 AND tenant = 1 ORDER BY v <=> $1 LIMIT 10;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE near(NULL);
RESET plan_cache_mode;
CREATE FUNCTION pg_temp.recall(filter text, n integer, ef integer) RETURNS double precision LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('vecprov.ef_search', ef::text, true);
	RETURN (SELECT avg((SELECT count(*) FROM pg_temp.nearest(e.filter, query, n) d WHERE d <= distances[n])::float8 / n)
		FROM recall_exact e WHERE e.filter = recall.filter);
END
$$;
CREATE TABLE recall_found AS
	SELECT filter, n, ef, pg_temp.recall(filter, n, ef) AS recall
	FROM recall_filters, unnest('{10, 30, 50}'::int[]) n, unnest('{10, 20, 40, 113}'::int[]) ef;
SELECT f.filter, n, ef, round(f.recall::numeric, 3) AS recall, round(plain.recall::numeric, 3) AS without
FROM recall_found f JOIN recall_found plain USING (n, ef)
WHERE plain.filter = 'true' AND f.recall < plain.recall - 0.02 ORDER BY 1, 2, 3;
-- and the effort counts for something
SELECT n, max(recall) FILTER (WHERE ef = 113) > 0.9 AS much, min(recall) FILTER (WHERE ef = 10) BETWEEN 0.3 AND 0.95 AS little
FROM recall_found WHERE filter = 'true' GROUP BY n ORDER BY n;

-- A radius with fifty rows inside finds as many as a LIMIT of fifty does at the same effort, with a filter and without.
CREATE FUNCTION pg_temp.inside(filter text, query vector, radius double precision) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM recall_items WHERE v <=> %L <= %L::float8 AND %s', query, radius, filter) INTO n;
	RETURN n;
END
$$;
CREATE FUNCTION pg_temp.radius_recall(filter text, ef integer) RETURNS double precision LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('vecprov.ef_search', ef::text, true);
	RETURN (SELECT avg(pg_temp.inside(e.filter, query, distances[50]) / 50.0) FROM recall_exact e
		WHERE e.filter = radius_recall.filter);
END
$$;
-- those that a later round finds are told of
SET client_min_messages = warning;
SELECT filter, ef, round(recall::numeric, 3) AS recall, round(within::numeric, 3) AS within
FROM (SELECT filter, ef, f.recall, pg_temp.radius_recall(filter, ef) AS within
	FROM recall_found f WHERE n = 50 AND ef IN (40, 113)) r
WHERE within < recall - 0.005 ORDER BY 1, 2;
SELECT filter FROM recall_filters WHERE pg_temp.radius_recall(filter, 1000) < 0.998;
RESET client_min_messages;

-- A LIMIT stops by distance where no condition drops rows, and finds more by that than a search of the same effort.
INSERT INTO recall_exact SELECT 'id > 0', query, distances FROM recall_exact WHERE filter = 'true';
SELECT avg(pg_temp.recall('true', 10, ef) - pg_temp.recall('id > 0', 10, ef)) > 0.001 AS more FROM unnest('{30, 36, 42, 50, 60, 72, 86}'::int[]) ef;
-- with few candidates it does as any
SELECT pg_temp.recall('true', 10, 20) = pg_temp.recall('id > 0', 10, 20) AS same;

DROP TABLE recall_words, recall_items, recall_filters, recall_exact, recall_found;
