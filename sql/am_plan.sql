-- What the planner chooses: the index where it wins, something else where it loses.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
SET jit = off;

CREATE TABLE plan_items (id integer PRIMARY KEY, category integer, rare boolean, even boolean, v vector(16))
	WITH (autovacuum_enabled = off);
INSERT INTO plan_items SELECT i, i % 100, i % 10000 = 0, i % 2 = 0,
	ARRAY(SELECT get_byte(h, d) - 128 FROM generate_series(0, 15) d)
	FROM (SELECT i, decode(md5(i::text), 'hex') AS h FROM generate_series(1, 20000) i OFFSET 0) s;
CREATE INDEX plan_v ON plan_items USING vecprov (v vector_l2_ops);
VACUUM ANALYZE plan_items;
CREATE TABLE plan_tiny (id integer PRIMARY KEY, v vector(16)) WITH (autovacuum_enabled = off);
INSERT INTO plan_tiny SELECT id, v FROM plan_items WHERE id <= 20;
CREATE INDEX plan_tiny_v ON plan_tiny USING vecprov (v vector_l2_ops);
VACUUM ANALYZE plan_tiny;
CREATE TABLE plan_none (id integer PRIMARY KEY, v vector(16)) WITH (autovacuum_enabled = off);
CREATE INDEX plan_none_v ON plan_none USING vecprov (v vector_l2_ops);
VACUUM ANALYZE plan_none;

-- Chosen: a few nearest rows, with a constant or a parameter, filtered or not
EXPLAIN (COSTS OFF) SELECT id FROM plan_items ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id, v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' FROM plan_items ORDER BY 2 LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM plan_items ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 100;
EXPLAIN (COSTS OFF) SELECT id FROM plan_items WHERE even ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM plan_items WHERE v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' < 200
	ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM plan_items ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' OFFSET 10 FETCH FIRST 10 ROWS ONLY;
EXPLAIN (COSTS OFF) SELECT t.id, n.id FROM plan_tiny t, LATERAL
	(SELECT id FROM plan_items i ORDER BY i.v <-> t.v LIMIT 10) n;
PREPARE nearest(vector) AS SELECT id FROM plan_items ORDER BY v <-> $1 LIMIT 10;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE nearest('[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]');
PREPARE nearest_some(vector, bigint) AS SELECT id FROM plan_items ORDER BY v <-> $1 LIMIT $2;
EXPLAIN (COSTS OFF) EXECUTE nearest_some('[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]', 10);
RESET plan_cache_mode;

-- The sort key is not computed where nobody reads it, unless vecprov.server_internals is off.
SET enable_seqscan = off;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM plan_tiny ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' FETCH FIRST 1 ROW WITH TIES;
EXPLAIN (VERBOSE, COSTS OFF) SELECT v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' AS distance FROM plan_tiny ORDER BY distance LIMIT 1;
-- nor in a query that is part of another one; of this part there are two plans, one of which goes
SELECT count(*) FROM plan_tiny t WHERE id < 3 OR EXISTS (SELECT FROM plan_items i WHERE i.id = t.id);
CREATE FUNCTION plan_keys_computed(query text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found int = 0;
	scans int = 0;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
		found := found + (line ~ 'Output:.*<->')::int;
		scans := scans + (line ~ 'Index Scan using plan_tiny_v ')::int;
	END LOOP;
	ASSERT scans > 0, 'no index scan: ' || query;
	RETURN found;
END $$;
SELECT (plan_keys_computed(replace(query, 'NEAREST', 'SELECT id FROM plan_tiny ORDER BY v <-> ''[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]'' LIMIT 1')) > 0)
	= (read OR current_setting('vecprov.server_internals') = 'off') AS right, query
FROM (VALUES
	(false, 'NEAREST'),
	(false, 'SELECT (NEAREST), ARRAY(NEAREST)'),
	(false, 'SELECT id FROM plan_items WHERE id IN (NEAREST) OR id = 5'),
	(false, 'WITH n AS MATERIALIZED (NEAREST) SELECT id FROM n JOIN plan_items USING (id)'),
	(false, 'SELECT sum(id) FROM ((NEAREST) UNION ALL (NEAREST)) n'),
	(false, 'INSERT INTO plan_tiny (id) NEAREST'),
	(false, 'SELECT t.id, n.id FROM plan_items t, LATERAL (SELECT id FROM plan_tiny ORDER BY plan_tiny.v <-> t.v LIMIT 2) n'),
	-- here somebody does
	(true, 'SELECT id FROM plan_items, (SELECT min(d) AS d FROM (SELECT v <-> ''[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]'' AS d FROM plan_tiny ORDER BY d LIMIT 3) n) n WHERE d < 1')) q (read, query);
SELECT t.id, array_agg(n.id ORDER BY n.d) = array_agg(n.id ORDER BY n.place) AS in_order
FROM (SELECT * FROM plan_tiny ORDER BY id LIMIT 3) t, LATERAL (SELECT id, i.v <-> t.v AS d, row_number() OVER () AS place FROM (SELECT id, i.v FROM plan_tiny i ORDER BY i.v <-> t.v LIMIT 5) i) n
GROUP BY t.id ORDER BY t.id;
RESET enable_seqscan;

-- Not chosen: all rows are wanted
EXPLAIN (COSTS OFF) SELECT id FROM plan_items ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]';
EXPLAIN (COSTS OFF) SELECT id FROM plan_items ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 15000;

-- Not chosen: a filter that leaves few rows, with an index of its own and without
EXPLAIN (COSTS OFF) SELECT id FROM plan_items WHERE id = 7 ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM plan_items WHERE id < 50 ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM plan_items WHERE rare ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 10;

-- Not chosen: small tables, empty ones
EXPLAIN (COSTS OFF) SELECT id FROM plan_tiny ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM plan_tiny ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 1;
EXPLAIN (COSTS OFF) SELECT id FROM plan_none ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 10;

-- EXPLAIN ANALYZE counts a scan's searches (since 18): one for each time that it begins, in however many rounds it goes on
CREATE FUNCTION pg_temp.searches(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
	RETURN jsonb_path_query_array(plan, 'strict $.**."Index Searches"');
END
$$;
SET enable_seqscan = off;
SELECT CASE WHEN current_setting('server_version_num')::integer < 180000 THEN 'as wanted'
	WHEN pg_temp.searches(query) = wanted THEN 'as wanted' ELSE pg_temp.searches(query) END AS counted
FROM (VALUES
	('SELECT id FROM plan_items ORDER BY v <-> array_fill(1, ARRAY[16])::vector LIMIT 10', '[1]'),
	('SELECT id FROM plan_items WHERE rare ORDER BY v <-> array_fill(1, ARRAY[16])::vector LIMIT 1', '[1]'),
	('SELECT id FROM plan_items ORDER BY v <-> array_fill(1, ARRAY[16])::vector LIMIT 0', '[0]'),
	('SELECT n.id FROM generate_series(1, 3) i, LATERAL
		(SELECT id FROM plan_items ORDER BY v <-> array_fill(i, ARRAY[16])::vector LIMIT 10) n', '[3]')) s (query, wanted);
RESET enable_seqscan;

-- Never chosen: another operator, another direction, no order at all, conditions
SET enable_seqscan = off;
DROP INDEX plan_v;
CREATE INDEX plan_v ON plan_tiny USING vecprov (v vector_ip_ops);
EXPLAIN (COSTS OFF) SELECT id FROM plan_tiny ORDER BY v <#> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM plan_tiny ORDER BY v <=> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM plan_tiny ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]' DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM plan_tiny ORDER BY (v <-> '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]') + 1 LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM plan_tiny ORDER BY v LIMIT 10;
EXPLAIN (COSTS OFF) SELECT v FROM plan_tiny LIMIT 10;
EXPLAIN (COSTS OFF) SELECT v FROM plan_tiny WHERE v = '[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]';
EXPLAIN (COSTS OFF) SELECT v FROM plan_tiny WHERE v IS NULL;
RESET enable_seqscan;

DROP TABLE plan_items, plan_tiny, plan_none;
