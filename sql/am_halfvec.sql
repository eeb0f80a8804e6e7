-- Vectors of halves: every number of dimensions and every operator, as for vector.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;

-- 30 rows are there when the index is built, 30 are inserted, 10 of these are deleted. All must come
-- back (relaxed_order), in exact order (strict_order), each row as its own nearest neighbour (not for
-- inner products, nor where cosines are equal), and the index be sound. Integers, so that sums are exact.
CREATE FUNCTION pg_temp.examine(dims integer, m integer, opclass text, op text,
	OUT complete boolean, OUT sorted boolean, OUT itself boolean, OUT sound boolean)
LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE half_some (id integer, v halfvec);
	EXECUTE format('ALTER TABLE half_some ALTER v TYPE halfvec(%s)', dims);
	INSERT INTO half_some SELECT id, subvector(v, 1, dims) FROM half_data WHERE id <= 30;
	EXECUTE format('CREATE INDEX half_some_idx ON half_some USING vecprov (v %s) WITH (m = %s, ef_construction = %s)',
		opclass, m, greatest(64, 2 * m));
	INSERT INTO half_some SELECT id, subvector(v, 1, dims) FROM half_data WHERE id > 30;
	DELETE FROM half_some WHERE id > 50;

	SET LOCAL vecprov.iterative_scan = relaxed_order;
	EXECUTE format('SELECT bool_and(n = 50) FROM (SELECT v FROM half_some LIMIT 5) q, LATERAL
		(SELECT count(DISTINCT id) AS n FROM (SELECT id FROM half_some ORDER BY v %s q.v LIMIT 1000) r) s', op)
		INTO complete;
	SET LOCAL vecprov.iterative_scan = strict_order;
	EXECUTE format('SELECT bool_and(distance >= before) FROM (SELECT v FROM half_some LIMIT 5) q, LATERAL
		(SELECT distance, lag(distance, 1, ''-infinity'') OVER () AS before FROM
			(SELECT v %1$s q.v AS distance FROM half_some ORDER BY v %1$s q.v LIMIT 20) r) s', op)
		INTO sorted;
	EXECUTE format('SELECT bool_and(n.v = q.v) FROM half_some q, LATERAL
		(SELECT v FROM half_some ORDER BY v %s q.v LIMIT 1) n', op)
		INTO itself;
	IF opclass = 'halfvec_ip_ops' OR opclass = 'halfvec_cosine_ops' AND dims < 3 THEN
		itself := NULL;
	END IF;
	SELECT count(*) = 0 INTO sound FROM vecprov_check('half_some_idx', true);
	DROP TABLE half_some;
END
$$;
CREATE TEMP TABLE half_data AS SELECT i AS id,
	ARRAY(SELECT (i::bigint * 7919 + d * 104729 + i * d * 31 + i * i * 17 + d * d * 3) % 23 - 11
		FROM generate_series(1, 16000) d)::integer[]::halfvec AS v
	FROM generate_series(1, 60) i;
SELECT opclass, dims, m, e.*
FROM unnest(ARRAY['halfvec_l2_ops', 'halfvec_ip_ops', 'halfvec_cosine_ops', 'halfvec_l1_ops'],
		ARRAY['<->', '<#>', '<=>', '<+>']) o (opclass, op),
	unnest(ARRAY[1, 3, 63, 64, 101, 4077, 8001, 16000], ARRAY[16, 5, 16, 16, 100, 16, 16, 100]) s (dims, m),
	pg_temp.examine(dims, m, opclass, op) e
ORDER BY opclass COLLATE "C", dims, m;

-- Rows come and go; the mean of an index that begins empty is taken as it grows.
CREATE FUNCTION pg_temp.vec(i integer) RETURNS halfvec LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT get_byte(h, d % 64) / 64.0 + d % 5 FROM generate_series(0, 99) d)::real[]::halfvec
	FROM (SELECT sha512(i::text::bytea) AS h OFFSET 0) s
$$;
CREATE TABLE half_items (id integer, v halfvec(100)) WITH (autovacuum_enabled = off);
CREATE INDEX half_l2 ON half_items USING vecprov (v halfvec_l2_ops);
CREATE INDEX half_cosine ON half_items USING vecprov (v halfvec_cosine_ops);
CREATE INDEX half_l1 ON half_items USING vecprov (v halfvec_l1_ops);
INSERT INTO half_items SELECT i, pg_temp.vec(i) FROM generate_series(1, 2000) i;
-- equal ones, none, and one without a direction
INSERT INTO half_items SELECT i, pg_temp.vec(7) FROM generate_series(2001, 2200) i;
INSERT INTO half_items VALUES (0, NULL), (-1, array_fill(0, ARRAY[100])::halfvec);
CREATE INDEX half_ip ON half_items USING vecprov (v halfvec_ip_ops);
CREATE FUNCTION pg_temp.look(OUT index name, OUT recall boolean, OUT sound boolean) RETURNS SETOF record LANGUAGE sql AS $$
	SELECT relname, vecprov_recall(oid, 10, 100) >= 0.95, NOT EXISTS (SELECT FROM vecprov_check(oid, true))
	FROM pg_class WHERE relname ~ '^half_(l2|ip|cosine|l1)$' ORDER BY relname COLLATE "C"
$$;
SELECT * FROM pg_temp.look();
DELETE FROM half_items WHERE id % 3 = 0;
UPDATE half_items SET v = pg_temp.vec(-id) WHERE id % 10 = 1;
VACUUM half_items;
SELECT * FROM pg_temp.look();
REINDEX TABLE half_items;
SELECT * FROM pg_temp.look();
SELECT id FROM half_items ORDER BY v <-> pg_temp.vec(-11) LIMIT 1;
SET vecprov.iterative_scan = relaxed_order;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM half_items ORDER BY v <-> pg_temp.vec(7) LIMIT 10000) r;
SELECT count(*) FROM (SELECT id FROM half_items ORDER BY v <=> pg_temp.vec(7) LIMIT 10000) r;
SELECT count(*) FROM (SELECT id FROM half_items ORDER BY v <-> NULL LIMIT 10000) r;
RESET vecprov.iterative_scan;

-- The index of an expression, as pgvector's users have it: halves in the index, floats in the table
CREATE TABLE half_floats (id integer PRIMARY KEY, v vector(100));
INSERT INTO half_floats SELECT i, pg_temp.vec(i)::vector FROM generate_series(1, 1000) i;
CREATE INDEX half_floats_idx ON half_floats USING vecprov ((v::halfvec(100)) halfvec_l2_ops);
PREPARE nearest(halfvec) AS SELECT id FROM half_floats ORDER BY v::halfvec(100) <-> $1 LIMIT 3;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE nearest(NULL);
RESET plan_cache_mode;
SELECT id FROM half_floats ORDER BY v::halfvec(100) <-> (SELECT v FROM half_floats WHERE id = 5)::halfvec LIMIT 1;
SELECT vecprov_recall('half_floats_idx', 10, 50) >= 0.95 AS recall;
SELECT * FROM vecprov_check('half_floats_idx', true);
-- A half is two bytes in a record's size: 200 and the id's 4.
SELECT records, index_size FROM vecprov.indexes WHERE index = 'half_floats_idx'::regclass;

-- What does not fit is refused.
SELECT id FROM half_items ORDER BY v <-> '[1,2,3]'::halfvec LIMIT 1;
CREATE INDEX ON half_floats USING vecprov ((v::halfvec) halfvec_l2_ops);
CREATE INDEX ON half_floats USING vecprov ((v::halfvec(100)) vector_l2_ops);
CREATE INDEX ON half_floats USING vecprov (v halfvec_l2_ops);

SELECT amvalidate(c.oid), opcname, opcdefault FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
WHERE amname = 'vecprov' AND opcname LIKE 'halfvec%' ORDER BY opcname COLLATE "C";
DROP TABLE half_items, half_floats;
