-- Answers of the four operator classes against a sequential scan: the order is exact, and nearly
-- all of the true neighbours are found; of built indexes and of inserted ones, with codes (64 and
-- 100 dimensions) and without (16).
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
SET jit = off;

-- Vectors of integers between -128 and 127, different for each i.
CREATE FUNCTION pg_temp.vec(i integer, dims integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT get_byte(h, d) - 128 FROM generate_series(0, dims - 1) d)::vector
	FROM (SELECT sha512((i || ':0')::bytea) || sha512((i || ':1')::bytea) AS h OFFSET 0) s
$$;

-- Distances of the k nearest rows to each of the queries, by the index or by a sequential scan;
-- the index is asked for no more than it is to give, and must be used.
CREATE FUNCTION pg_temp.nearest(dims integer, op text, k integer, by_index boolean)
RETURNS TABLE (query integer, n bigint, distance double precision) LANGUAGE plpgsql AS $$
DECLARE
	line text;
	used boolean := false;
	command text := format('SELECT q.id, s.n, s.distance FROM order_queries q, LATERAL
		(SELECT row_number() OVER () AS n, r.distance FROM
			(SELECT v%1$s %2$s q.v%1$s AS distance FROM order_items
			ORDER BY v%1$s %2$s q.v%1$s LIMIT %3$s) r) s', dims, op, k);
BEGIN
	PERFORM set_config('enable_seqscan', (NOT by_index)::text, true);
	PERFORM set_config('enable_indexscan', by_index::text, true);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || command LOOP
		used := used OR line LIKE '%Index Scan using order_idx%';
	END LOOP;
	IF used <> by_index THEN
		RAISE 'index used: %', used;
	END IF;
	RETURN QUERY EXECUTE command;
END
$$;

-- One row for each operator class and number of dimensions.
CREATE FUNCTION pg_temp.compare(OUT dims integer, OUT opclass text, OUT inserted boolean,
	OUT complete boolean, OUT sorted boolean, OUT recall boolean, OUT sound boolean)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	op text;
BEGIN
	FOR dims, opclass, op, inserted IN
		SELECT * FROM unnest(ARRAY[16, 64, 100]) d,
			unnest(ARRAY['vector_l2_ops', 'vector_ip_ops', 'vector_cosine_ops', 'vector_l1_ops'],
				ARRAY['<->', '<#>', '<=>', '<+>']) o (name, operator),
			unnest(ARRAY[false, true]) i
		ORDER BY 1, name COLLATE "C", 4
	LOOP
		DROP TABLE IF EXISTS order_items, exact, found;
		CREATE TEMP TABLE order_items (id integer, v16 vector(16), v64 vector(64), v100 vector(100));
		IF inserted THEN
			EXECUTE format('CREATE INDEX order_idx ON order_items USING vecprov (v%s %s)', dims, opclass);
		END IF;
		INSERT INTO order_items SELECT * FROM order_data WHERE id <= CASE WHEN inserted THEN 500 ELSE 1500 END;
		IF NOT inserted THEN
			EXECUTE format('CREATE INDEX order_idx ON order_items USING vecprov (v%s %s)', dims, opclass);
		END IF;
		ANALYZE order_items;
		CREATE TEMP TABLE exact AS SELECT * FROM pg_temp.nearest(dims, op, 10, false);
		CREATE TEMP TABLE found AS SELECT * FROM pg_temp.nearest(dims, op, 10, true);
		SELECT count(*) = 300 INTO complete FROM found;
		SELECT bool_and(distance >= before) IS TRUE INTO sorted FROM
			(SELECT f.distance, lag(f.distance, 1, '-infinity') OVER (PARTITION BY query ORDER BY n) AS before
			FROM found f) s;
		SELECT count(*) >= 0.95 * 300 INTO recall FROM found f
		WHERE f.distance <= (SELECT max(e.distance) FROM exact e WHERE e.query = f.query);
		SELECT count(*) = 0 INTO sound FROM vecprov_check('order_idx', true);
		RETURN NEXT;
	END LOOP;
END
$$;

CREATE TEMP TABLE order_data AS
	SELECT i AS id, pg_temp.vec(i, 16) AS v16, pg_temp.vec(i, 64) AS v64, pg_temp.vec(i, 100) AS v100
	FROM generate_series(1, 1500) i;
CREATE TEMP TABLE order_queries AS
	SELECT i AS id, pg_temp.vec(i, 16) AS v16, pg_temp.vec(i, 64) AS v64, pg_temp.vec(i, 100) AS v100
	FROM generate_series(10001, 10030) i;
ANALYZE order_data, order_queries;
SET client_min_messages = warning;
SET vecprov.ef_search = 200;
SELECT * FROM pg_temp.compare();

-- The distance that the index orders by is the operator's, negative ones and zero included.
RESET vecprov.ef_search;
SET enable_seqscan = off;
CREATE TEMP TABLE few (id integer, v vector(3));
INSERT INTO few VALUES (1, '[1,2,3]'), (2, '[-4,5,0]'), (3, '[0,0,0]'), (4, '[3,1,2]'), (5, '[-1,-2,-3]'), (6, NULL), (7, '[10,-3,7]');
CREATE INDEX few_l2 ON few USING vecprov (v vector_l2_ops);
CREATE INDEX few_ip ON few USING vecprov (v vector_ip_ops);
CREATE INDEX few_cosine ON few USING vecprov (v vector_cosine_ops);
CREATE INDEX few_l1 ON few USING vecprov (v vector_l1_ops);
EXPLAIN (COSTS OFF) SELECT id FROM few ORDER BY v <-> '[3,1,2]' LIMIT 10;
SELECT id, round((v <-> '[3,1,2]')::numeric, 4) AS distance FROM few ORDER BY v <-> '[3,1,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM few ORDER BY v <#> '[3,1,2]' LIMIT 10;
SELECT id, round((v <#> '[3,1,2]')::numeric, 4) AS distance FROM few ORDER BY v <#> '[3,1,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM few ORDER BY v <=> '[3,1,2]' LIMIT 10;
SELECT id, round((v <=> '[3,1,2]')::numeric, 4) AS distance FROM few ORDER BY v <=> '[3,1,2]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM few ORDER BY v <+> '[3,1,2]' LIMIT 10;
SELECT id, round((v <+> '[3,1,2]')::numeric, 4) AS distance FROM few ORDER BY v <+> '[3,1,2]' LIMIT 10;

-- The operands the other way round are the same distance.
EXPLAIN (COSTS OFF) SELECT id FROM few ORDER BY '[3,1,2]' <-> v LIMIT 10;

-- All of a small table comes, in one round, whatever the codes' errors.
CREATE TEMP TABLE small AS SELECT i AS id, pg_temp.vec(i, 64) AS v FROM generate_series(1, 40) i;
ALTER TABLE small ALTER v TYPE vector(64);
CREATE INDEX small_l2 ON small USING vecprov (v vector_l2_ops);
CREATE INDEX small_ip ON small USING vecprov (v vector_ip_ops);
CREATE INDEX small_cosine ON small USING vecprov (v vector_cosine_ops);
CREATE INDEX small_l1 ON small USING vecprov (v vector_l1_ops);
SELECT sum(l2.n) AS l2, sum(ip.n) AS ip, sum(cosine.n) AS cosine, sum(l1.n) AS l1
FROM order_queries q,
	LATERAL (SELECT count(*) AS n FROM (SELECT id FROM small ORDER BY v <-> q.v64 LIMIT 40) r) l2,
	LATERAL (SELECT count(*) AS n FROM (SELECT id FROM small ORDER BY v <#> q.v64 LIMIT 40) r) ip,
	LATERAL (SELECT count(*) AS n FROM (SELECT id FROM small ORDER BY v <=> q.v64 LIMIT 40) r) cosine,
	LATERAL (SELECT count(*) AS n FROM (SELECT id FROM small ORDER BY v <+> q.v64 LIMIT 40) r) l1;
