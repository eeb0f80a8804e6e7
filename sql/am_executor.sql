-- The index under all sorts of plans: rescans, cursors, prepared statements, joins, functions.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;
SET enable_material = off;
SET enable_memoize = off;

-- A zigzag, on which the neighbours of a point are those before and after it
CREATE TABLE executor_items (id integer PRIMARY KEY, v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO executor_items SELECT i, ARRAY[i, (i * i) % 10, 0] FROM generate_series(1, 2000) i;
CREATE INDEX executor_v ON executor_items USING vecprov (v);
ANALYZE executor_items;
CREATE TABLE executor_queries (id integer PRIMARY KEY, v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO executor_queries SELECT i, ARRAY[100 * i + 0.1, (i * i * 100) % 10, 0] FROM generate_series(1, 12) i;
INSERT INTO executor_queries VALUES (13, NULL);
ANALYZE executor_queries;

-- Rescans: each row of the outer side is a search of its own, to different depths.
EXPLAIN (COSTS OFF) SELECT q.id, n.id FROM executor_queries q, LATERAL
	(SELECT id FROM executor_items i ORDER BY i.v <-> q.v LIMIT 2) n;
SELECT q.id, array_agg(n.id ORDER BY n.id) FROM executor_queries q, LATERAL
	(SELECT id FROM executor_items i ORDER BY i.v <-> q.v LIMIT 1 + q.id % 3) n WHERE q.v IS NOT NULL GROUP BY q.id ORDER BY q.id;
SELECT q.id, n.count FROM executor_queries q LEFT JOIN LATERAL
	(SELECT count(*) FROM (SELECT id FROM executor_items i ORDER BY i.v <-> q.v LIMIT q.id * 20) r) n ON true ORDER BY q.id;
SELECT q.id, (SELECT id FROM executor_items i ORDER BY i.v <-> q.v LIMIT 1) FROM executor_queries q WHERE v IS NOT NULL ORDER BY q.id;
-- many rescans
SELECT count(*), count(*) FILTER (WHERE a = b) AS itself FROM (SELECT a.id AS a, n.id AS b FROM executor_items a, LATERAL
	(SELECT id FROM executor_items i ORDER BY i.v <-> a.v LIMIT 1) n) r;
-- the same search within the search
SELECT id, (SELECT array_agg(id) FROM (SELECT j.id FROM executor_items j ORDER BY j.v <-> i.v LIMIT 3 OFFSET 1) r) IS NOT NULL AS near
FROM executor_items i ORDER BY v <-> '[1000.1,0,0]' LIMIT 3;
-- recursion: from neighbour to neighbour
WITH RECURSIVE walk AS (
	SELECT 1 AS step, id, v FROM executor_items WHERE id = 500
	UNION ALL
	SELECT step + 1, n.id, n.v FROM walk w, LATERAL
		(SELECT id, v FROM executor_items i WHERE i.id > w.id ORDER BY i.v <-> w.v LIMIT 1) n WHERE step < 5
) SELECT step, id > 500 OR step = 1 AS onward FROM walk;

-- The distance read, not read, read twice; rows that tie with the last one
SELECT id, v FROM executor_items ORDER BY v <-> '[100,0,0]' LIMIT 1;
SELECT v <-> '[100,0,0]' AS distance, id, v <-> '[100,0,0]' AS again FROM executor_items ORDER BY v <-> '[100,0,0]' LIMIT 1;
SELECT (v <-> '[100,0,0]') + 1 AS more FROM executor_items ORDER BY v <-> '[100,0,0]' LIMIT 1;
SELECT i.* FROM executor_items i ORDER BY v <-> '[100,0,0]' LIMIT 1;
SELECT id FROM (SELECT id FROM executor_items ORDER BY v <-> '[100.5,0.5,0]' FETCH FIRST 1 ROW WITH TIES) r ORDER BY id;
CREATE TEMP TABLE executor_copy AS SELECT id FROM executor_items ORDER BY v <-> '[100,0,0]' LIMIT 1;
INSERT INTO executor_copy SELECT id + 1 FROM executor_items ORDER BY v <-> '[100,0,0]' LIMIT 1;
SELECT * FROM executor_copy;

-- Prepared, with generic and with custom plans
PREPARE nearest(vector, integer) AS SELECT id FROM executor_items ORDER BY v <-> $1 LIMIT $2;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE nearest('[1000,0,0]', 3);
EXECUTE nearest('[1000.1,0,0]', 2);
EXECUTE nearest('[70.1,0,0]', 1);
EXECUTE nearest('[1000,0,0]', 0);
SELECT count(*) FROM executor_items;
EXECUTE nearest(NULL, 0);
EXECUTE nearest('[1,2]', 1);
EXECUTE nearest('[70.1,0,0]', 1);
SET plan_cache_mode = force_custom_plan;
EXECUTE nearest('[70.1,0,0]', 1);
RESET plan_cache_mode;
-- across DDL
REINDEX INDEX executor_v;
EXECUTE nearest('[70.1,0,0]', 1);
DROP INDEX executor_v;
EXECUTE nearest('[70.1,0,0]', 1);
CREATE INDEX executor_v ON executor_items USING vecprov (v) WITH (m = 10);
EXECUTE nearest('[70.1,0,0]', 1);
DEALLOCATE nearest;

-- Cursors: in steps, two at a time, to and fro where that was asked for, held
BEGIN;
DECLARE one CURSOR FOR SELECT id FROM executor_items ORDER BY v <-> '[10.1,0,0]';
DECLARE two CURSOR FOR SELECT id FROM executor_items ORDER BY v <-> '[1990.1,0,0]';
FETCH 2 FROM one;
FETCH 1 FROM two;
FETCH 2 FROM two;
MOVE 40 IN one;
MOVE FORWARD 1000 IN two;
-- others search in between
SELECT id FROM executor_items ORDER BY v <-> '[500.1,0,0]' LIMIT 1;
MOVE 100 IN one;
CLOSE two;
MOVE 100 IN one;
FETCH 1 FROM one;
FETCH BACKWARD 1 FROM one;
ROLLBACK;
BEGIN;
DECLARE scrolled SCROLL CURSOR FOR SELECT id FROM executor_items ORDER BY v <-> '[10.1,0,0]' LIMIT 50;
FETCH 3 FROM scrolled;
FETCH BACKWARD 2 FROM scrolled;
FETCH LAST FROM scrolled;
FETCH FIRST FROM scrolled;
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM executor_items ORDER BY v <-> '[10.1,0,0]' LIMIT 50;
FETCH 1 FROM held;
COMMIT;
DELETE FROM executor_items WHERE id BETWEEN 1 AND 30;
VACUUM executor_items;
FETCH 1 FROM held;
MOVE ALL IN held;
CLOSE held;
-- a cursor does not see what comes after it
BEGIN;
DECLARE before CURSOR FOR SELECT id FROM executor_items ORDER BY v <-> '[10.1,0,0]';
INSERT INTO executor_items VALUES (10, '[10,0,0]');
FETCH 1 FROM before;
SELECT id FROM executor_items ORDER BY v <-> '[10.1,0,0]' LIMIT 1;
ROLLBACK;
-- rows of the cursor are changed
BEGIN;
DECLARE changed CURSOR FOR SELECT id FROM executor_items ORDER BY v <-> '[1000.1,0,0]' FOR UPDATE;
FETCH 1 FROM changed;
UPDATE executor_items SET v = '[5000,0,0]' WHERE CURRENT OF changed;
FETCH 1 FROM changed;
DELETE FROM executor_items WHERE CURRENT OF changed;
SELECT id FROM executor_items ORDER BY v <-> '[5000,0,0]' LIMIT 1;
ROLLBACK;

-- In PL/pgSQL, with errors caught half way
CREATE FUNCTION pg_temp.walk(INOUT n integer) LANGUAGE plpgsql AS $$
DECLARE
	r record;
	seen integer := 0;
BEGIN
	FOR r IN SELECT id FROM executor_items ORDER BY v <-> '[1000,0,0]' LOOP
		seen := seen + 1;
		IF seen = n THEN
			RAISE division_by_zero;
		END IF;
	END LOOP;
EXCEPTION WHEN division_by_zero THEN
	n := -seen;
END
$$;
SELECT pg_temp.walk(i) FROM unnest(ARRAY[1, 40, 41, 500]) i;

-- Rows are locked, changed and deleted through it.
BEGIN;
SELECT id FROM executor_items ORDER BY v <-> '[1000.1,0,0]' LIMIT 2 FOR UPDATE SKIP LOCKED;
WITH gone AS (DELETE FROM executor_items WHERE id IN
	(SELECT id FROM executor_items ORDER BY v <-> '[1000.1,0,0]' LIMIT 2) RETURNING id) SELECT count(*) FROM gone;
SELECT count(*) FROM (SELECT id FROM executor_items ORDER BY v <-> '[1000.1,0,0]' LIMIT 5) r WHERE id = 1000;
ROLLBACK;

-- Savepoints: what was rolled back is not found.
BEGIN;
SAVEPOINT s;
INSERT INTO executor_items VALUES (5001, '[5001,0,0]');
SELECT id FROM executor_items ORDER BY v <-> '[5001,0,0]' LIMIT 1;
ROLLBACK TO s;
SELECT id FROM executor_items ORDER BY v <-> '[5001,0,0]' LIMIT 1;
INSERT INTO executor_items VALUES (5002, '[5001,0,0]');
COMMIT;
SELECT id FROM executor_items ORDER BY v <-> '[5001,0,0]' LIMIT 1;

-- Row security is kept to.
CREATE ROLE regress_vecprov_reader;
GRANT SELECT ON executor_items TO regress_vecprov_reader;
ALTER TABLE executor_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON executor_items USING (id % 2 = 0);
SET ROLE regress_vecprov_reader;
SELECT count(*), bool_and(id % 2 = 0) FROM (SELECT id FROM executor_items ORDER BY v <-> '[1001,1,0]' LIMIT 100) r;
RESET ROLE;

-- Unions and joins
SELECT count(*), count(DISTINCT id) FROM (
	(SELECT id FROM executor_items ORDER BY v <-> '[1000,0,0]' LIMIT 50)
	UNION ALL
	(SELECT id FROM executor_items ORDER BY v <-> '[1200,0,0]' LIMIT 50)) r;
SELECT i.id, q.id FROM (SELECT id FROM executor_items ORDER BY v <-> '[300,0,0]' LIMIT 3) i JOIN executor_queries q ON q.id * 100 = i.id;
SELECT * FROM vecprov_check('executor_v', true);

DROP TABLE executor_items, executor_queries;
DROP ROLE regress_vecprov_reader;
