-- Every plan returns every row: statements that want all rows, or many, or those that a filter leaves
-- far away, have as many as without the index.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
\set VERBOSITY terse
SET jit = off;
SET max_parallel_workers_per_gather = 0;

-- points of a plane, 30,000 places; others on nearly one ray; the far ones are marked
CREATE TABLE complete_plane (id integer PRIMARY KEY, far boolean, wide text, e vector(2)) WITH (autovacuum_enabled = off);
ALTER TABLE complete_plane ALTER wide SET STORAGE PLAIN;
INSERT INTO complete_plane SELECT i, i % 200 + i / 200 > 320, repeat('x', 200), ARRAY[i % 200, i / 200]::vector
FROM generate_series(0, 29999) i;
CREATE INDEX complete_plane_e ON complete_plane USING vecprov (e vector_l2_ops);
CREATE TABLE complete_ray (id integer PRIMARY KEY, e vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO complete_ray SELECT i, ARRAY[1000 + i % 97, 1000 + i % 89, 1000 + (i * 7919) % 10007 / 100.0]::vector
FROM generate_series(1, 5000) i;
CREATE INDEX complete_ray_e ON complete_ray USING vecprov (e vector_cosine_ops);
ANALYZE complete_plane, complete_ray;

-- How many rows a query has, and a sum that tells which, by the index and without.
CREATE FUNCTION pg_temp.look(query text, OUT uses_index boolean, OUT rows bigint, OUT same boolean) LANGUAGE plpgsql AS $$
DECLARE
	plan text := '';
	line text;
	ids bigint;
	rows_without bigint;
	ids_without bigint;
BEGIN
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	SET LOCAL enable_incremental_sort = off;
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line;
	END LOOP;
	uses_index := plan ~ 'Index Scan using complete_(plane|ray)_e';
	EXECUTE 'SELECT count(*), sum(id) FROM (' || query || ') q' INTO rows, ids;
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL enable_indexscan = off;
	EXECUTE 'SELECT count(*), sum(id) FROM (' || query || ') q' INTO rows_without, ids_without;
	SET LOCAL enable_indexscan = on;
	same := rows = rows_without AND ids IS NOT DISTINCT FROM ids_without;
END
$$;
-- (in the second one a sort by two keys may be either way)
SELECT name, uses_index OR place = 2 AS uses_index, rows, same FROM (VALUES
	(1, 'all', $$SELECT id FROM complete_plane ORDER BY e <-> '[3,5]' OFFSET 0$$),
	(2, 'large offset', $$SELECT id FROM complete_plane ORDER BY e <-> '[0.1,0.2]', id OFFSET 21000 LIMIT 10$$),
	(3, 'far rows', $$SELECT id FROM complete_plane WHERE far ORDER BY e <-> '[0.1,0.2]' OFFSET 0$$),
	(4, 'few far rows', $$SELECT id FROM complete_plane WHERE far ORDER BY e <-> '[0.1,0.27]' LIMIT 5$$),
	(5, 'no rows', $$SELECT id FROM complete_plane WHERE id + 0 < 0 ORDER BY e <-> '[0,0]' LIMIT 5$$),
	(6, 'window', $$SELECT id FROM (SELECT id, row_number() OVER (ORDER BY e <-> '[7,7]') AS n FROM complete_plane) w WHERE n > 20000 AND n < 40000 AND id >= 0 OFFSET 0$$),
	(7, 'join', $$SELECT b.id FROM complete_ray a JOIN LATERAL (SELECT id FROM complete_plane ORDER BY e <-> subvector(a.e, 1, 2) OFFSET 0) b ON true WHERE a.id < 3$$),
	(8, 'nearly one ray', $$SELECT id FROM complete_ray ORDER BY e <=> '[1,1,1]' OFFSET 0$$),
	(9, 'half of a ray', $$SELECT id FROM complete_ray WHERE id % 2 = 0 ORDER BY e <=> '[1,2,3]' OFFSET 0$$)
	) v (place, name, query), LATERAL pg_temp.look(query) ORDER BY place;

-- LIMIT of more than half: as many rows, each once.
SET enable_seqscan = off;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM complete_plane ORDER BY e <-> '[1,1]' LIMIT 25000) l;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM complete_ray ORDER BY e <=> '[1,1,1]' LIMIT 4000) l;
-- With memory for a few hundred rows, all come nevertheless.
SET work_mem = '64kB';
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM complete_plane ORDER BY e <-> '[1,1]' LIMIT 25000) l;
RESET work_mem;

-- Groups want equal distances together to the end: they are sorted.
SELECT count(*) = (SELECT count(DISTINCT e <-> '[3,3]') FROM complete_plane) AS same
FROM (SELECT DISTINCT ON (e <-> '[3,3]') id FROM complete_plane ORDER BY e <-> '[3,3]') d;
SELECT count(*) = (SELECT count(DISTINCT e <-> '[3,3]') FROM complete_plane) AS same
FROM (SELECT 1 FROM complete_plane GROUP BY e <-> '[3,3]') g;
SELECT count(*) = (SELECT count(DISTINCT e <-> '[3,3]') FROM complete_plane) AS same
FROM (SELECT row_number() OVER (PARTITION BY e <-> '[3,3]') AS n FROM complete_plane) w WHERE n = 1;
-- So is what is joined by order.
SET enable_sort = off;
SET enable_hashjoin = off;
SET enable_nestloop = off;
CREATE TEMPORARY TABLE distances AS SELECT DISTINCT e <-> '[3,3]' AS d FROM complete_plane;
CREATE INDEX ON distances (d);
VACUUM ANALYZE distances;
SELECT count(*) = (SELECT count(*) FROM complete_plane WHERE e IS NOT NULL) AS same
FROM (SELECT id, d FROM complete_plane JOIN distances ON e <-> '[3,3]' = d ORDER BY d OFFSET 0) j;
SELECT count(*) FROM
	(SELECT id, d FROM complete_plane LEFT JOIN distances ON e <-> '[3,3]' = d ORDER BY e <-> '[3,3]' LIMIT 9) j;
DROP TABLE distances;
RESET enable_sort;
RESET enable_hashjoin;
RESET enable_nestloop;

-- Cursors, also after the transaction; loops of PL/pgSQL; tables made of a search; an UPDATE by rank
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM complete_plane ORDER BY e <-> '[2,4]';
MOVE FORWARD 15000 IN c;
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM complete_plane ORDER BY e <-> '[2,4]';
CREATE FUNCTION pg_temp.left_in(c refcursor) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	MOVE FORWARD ALL IN c;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$$;
SELECT pg_temp.left_in('c');
COMMIT;
SELECT pg_temp.left_in('held');
CLOSE held;
DO $$
DECLARE
	n integer := 0;
	item record;
BEGIN
	FOR item IN SELECT id FROM complete_plane ORDER BY e <-> '[2,4]' LOOP
		n := n + 1;
	END LOOP;
	RAISE WARNING '% rows', n;
END
$$;
CREATE TEMP TABLE copy AS SELECT id FROM complete_plane ORDER BY e <-> '[5,5]';
SELECT count(DISTINCT id) FROM copy;
UPDATE complete_ray r SET id = -r.id FROM (SELECT id, row_number() OVER (ORDER BY e <=> '[1,1,1]') AS n FROM complete_ray) x
WHERE x.id = r.id AND n > 100;
SELECT count(*) FROM complete_ray WHERE id < 0;

-- A suspended index beside one that is not: that one is taken. Alone it refuses.
CREATE INDEX complete_suspended ON complete_plane USING vecprov (e vector_l2_ops) WITH (tier = 'r10', shards = 1, replicas = 0);
EXPLAIN (COSTS OFF) SELECT id FROM complete_plane ORDER BY e <-> '[1,1]' LIMIT 3;
DROP INDEX complete_plane_e;
SELECT id FROM complete_plane ORDER BY e <-> '[1,1]' LIMIT 3;

DROP TABLE complete_plane, complete_ray;
DELETE FROM vecprov.changes WHERE index = 'public.complete_suspended';
