-- Vectors at the ends of what a real can be: tiny, huge, overflowing, and zero.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;

-- Rows whose vectors are a number times a direction; for each operator class all rows must come, in
-- the order of the operator (ties, among infinities and zeroes, in any), and the index be sound. But
-- where some distances overflow they say nothing, and nodes may be out of reach.
CREATE TABLE value_items (id integer, kind text, v vector(4), w vector(64)) WITH (autovacuum_enabled = off);
INSERT INTO value_items SELECT i, kind, ARRAY(SELECT scale * ((i * d) % 7 - 3)::float8 FROM generate_series(1, 4) d),
	ARRAY(SELECT scale * ((i * d) % 13 - 6)::float8 FROM generate_series(1, 64) d)
FROM unnest(ARRAY['denormal', 'tiny', 'small', 'one', 'large', 'huge', 'zero'],
		ARRAY[1e-44, 1e-38, 1e-20, 1, 1e15, 5e37, 0]) k (kind, scale),
	generate_series(1, 40) i;
SELECT kind, min(v <-> '[0,0,0,0]') = 'infinity' AS v_overflows, max(w <-> array_fill(0, ARRAY[64])::vector) = 'infinity' AS w_overflows
FROM value_items GROUP BY 1 ORDER BY kind COLLATE "C";

CREATE FUNCTION pg_temp.look(col text, opclass text, op text, kind text, built boolean,
	OUT wanted bigint, OUT complete boolean, OUT once boolean, OUT sorted boolean, OUT sound boolean) LANGUAGE plpgsql AS $$
BEGIN
	DROP TABLE IF EXISTS value_some;
	CREATE TEMP TABLE value_some (LIKE value_items);
	IF NOT built THEN
		EXECUTE format('CREATE INDEX value_idx ON value_some USING vecprov (%s %s)', col, opclass);
	END IF;
	INSERT INTO value_some SELECT * FROM value_items i WHERE look.kind IN (i.kind, 'all') OR look.kind = 'finite' AND i.kind <> 'huge';
	IF built THEN
		EXECUTE format('CREATE INDEX value_idx ON value_some USING vecprov (%s %s)', col, opclass);
	END IF;
	SELECT count(*) FROM value_some INTO wanted;
	SET LOCAL vecprov.iterative_scan = relaxed_order;
	EXECUTE format('SELECT bool_and(n = %4$s), bool_and(n = d) FROM (SELECT %1$I AS q FROM value_items WHERE id = 3) q,
		LATERAL (SELECT count(*) AS n, count(DISTINCT (id, kind)) AS d FROM
			(SELECT id, kind FROM value_some ORDER BY %1$I %2$s q LIMIT 1000) r) s', col, op, kind, wanted) INTO complete, once;
	SET LOCAL vecprov.iterative_scan = strict_order;
	EXECUTE format('SELECT bool_and(NOT distance < before) FROM (SELECT %1$I AS q FROM value_items WHERE id = 3) q,
		LATERAL (SELECT distance, lag(distance, 1, ''-infinity'') OVER () AS before FROM
			(SELECT %1$I %2$s q AS distance FROM value_some ORDER BY %1$I %2$s q LIMIT 20) r) s', col, op) INTO sorted;
	SELECT count(*) = 0 INTO sound FROM vecprov_check('value_idx', true)
	WHERE kind <> 'all' OR rule <> 'nodes reachable';
END
$$;
SET client_min_messages = warning;
-- No row: all is as it should be.
SELECT col, opclass, kind, built, l.*
FROM unnest(ARRAY['v', 'w']) col,
	unnest(ARRAY['vector_l2_ops', 'vector_ip_ops', 'vector_cosine_ops', 'vector_l1_ops'], ARRAY['<->', '<#>', '<=>', '<+>']) o (opclass, op),
	unnest(ARRAY['denormal', 'tiny', 'small', 'one', 'large', 'huge', 'zero', 'finite', 'all']) kind,
	unnest(ARRAY[true, false]) built,
	pg_temp.look(col, opclass, op, kind, built) l
WHERE l IS DISTINCT FROM (l.wanted, true, true, true, true) AND l.wanted > 0
ORDER BY 1, 2, 3, 4;
RESET client_min_messages;

-- The answer is right where distances can be told apart.
CREATE INDEX value_idx ON value_items USING vecprov (v);
SELECT v <-> '[0,0,0,0]' AS distance FROM value_items ORDER BY v <-> '[0,0,0,0]' LIMIT 1;
SELECT count(*), min(kind) FROM (SELECT kind FROM value_items ORDER BY v <-> (SELECT v FROM value_items WHERE kind = 'large' AND id = 1) LIMIT 1) r;

-- The largest numbers there are
TRUNCATE value_items;
INSERT INTO value_items SELECT i, 'max', array_fill(CASE WHEN i % 2 = 0 THEN 3.4028234e38 ELSE -3.4028234e38 END, ARRAY[4]),
	array_fill(CASE WHEN i % 2 = 0 THEN 3.4028234e38 ELSE -3.4028234e38 END, ARRAY[64]) FROM generate_series(1, 50) i;
INSERT INTO value_items SELECT i, 'max', ARRAY[3.4028234e38, -3.4028234e38, i, 0] FROM generate_series(51, 60) i;
CREATE INDEX value_w_ip ON value_items USING vecprov (w vector_ip_ops);
CREATE INDEX value_w_l1 ON value_items USING vecprov (w vector_l1_ops);
CREATE INDEX value_w_cosine ON value_items USING vecprov (w vector_cosine_ops);
INSERT INTO value_items SELECT id + 100, kind, v, w FROM value_items;
SET vecprov.iterative_scan = relaxed_order;
SELECT count(DISTINCT id) FROM (SELECT id FROM value_items ORDER BY v <-> '[1,1,1,1]' LIMIT 1000) r;
SELECT count(DISTINCT id) FROM (SELECT id FROM value_items ORDER BY w <#> array_fill(1, ARRAY[64])::vector LIMIT 1000) r;
SELECT count(DISTINCT id) FROM (SELECT id FROM value_items ORDER BY w <=> array_fill(1, ARRAY[64])::vector LIMIT 1000) r;
SELECT count(DISTINCT id) FROM (SELECT id FROM value_items ORDER BY w <+> array_fill(1, ARRAY[64])::vector LIMIT 1000) r;
DELETE FROM value_items WHERE id % 3 = 0;
VACUUM value_items;
SELECT i, c.* FROM unnest(ARRAY['value_idx', 'value_w_ip', 'value_w_l1', 'value_w_cosine']) i, vecprov_check(i::regclass, true) c
WHERE rule <> 'nodes reachable';
-- queries as large, among ordinary vectors
TRUNCATE value_items;
INSERT INTO value_items SELECT i, 'one', ARRAY[i, 1, i % 10, 2], ARRAY(SELECT (i * d) % 13 FROM generate_series(1, 64) d) FROM generate_series(1, 100) i;
SELECT count(DISTINCT id) FROM (SELECT id FROM value_items ORDER BY v <-> '[3e38,3e38,3e38,3e38]' LIMIT 1000) r;
SELECT count(DISTINCT id) FROM (SELECT id FROM value_items ORDER BY w <#> array_fill(3e38, ARRAY[64])::vector LIMIT 1000) r;
SELECT count(DISTINCT id) FROM (SELECT id FROM value_items ORDER BY w <=> array_fill(1e-45, ARRAY[64])::vector LIMIT 1000) r;
SELECT count(DISTINCT id) FROM (SELECT id FROM value_items ORDER BY w <+> array_fill(-3e38, ARRAY[64])::vector LIMIT 1000) r;

DROP TABLE value_items;
