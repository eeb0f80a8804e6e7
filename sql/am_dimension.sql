-- Every number of dimensions can be indexed: floats in the node below 64, codes of 4 bits above,
-- of 2 bits where 4 leave no room for the links on a page; vectors of a part of a page and of many.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
SET jit = off;

-- 30 rows are there when the index is built, 30 are inserted, 10 of these are deleted. Asked for is
-- that all rows come back (relaxed_order), that their order is exact (strict_order), that each row
-- is its own nearest neighbour (not for inner products, nor where cosines are equal), and that no
-- rule is broken. A graph of fewer than 4 links a node may leave nodes out of reach. Small integers,
-- so that all sums are exact.
CREATE FUNCTION pg_temp.examine(dims integer, m integer, ef_construction integer, opclass text, op text,
	OUT complete boolean, OUT sorted boolean, OUT itself boolean, OUT sound boolean)
LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE dimension_items (id integer, v vector);
	EXECUTE format('ALTER TABLE dimension_items ALTER v TYPE vector(%s)', dims);
	INSERT INTO dimension_items SELECT id, subvector(v, 1, dims) FROM dimension_data WHERE id <= 30;
	EXECUTE format('CREATE INDEX dimension_idx ON dimension_items USING vecprov (v %s) WITH (m = %s, ef_construction = %s)',
		opclass, m, ef_construction);
	INSERT INTO dimension_items SELECT id, subvector(v, 1, dims) FROM dimension_data WHERE id > 30;
	DELETE FROM dimension_items WHERE id > 50;

	SET LOCAL vecprov.iterative_scan = relaxed_order;
	EXECUTE format('SELECT count(*) = 5 AND bool_and(n = 50) FROM (SELECT v FROM dimension_items LIMIT 5) q, LATERAL
		(SELECT count(DISTINCT id) AS n FROM (SELECT id FROM dimension_items ORDER BY v %s q.v LIMIT 1000) r) s', op)
		INTO complete;
	SET LOCAL vecprov.iterative_scan = strict_order;
	EXECUTE format('SELECT bool_and(distance >= before) FROM (SELECT v FROM dimension_items LIMIT 5) q, LATERAL
		(SELECT distance, lag(distance, 1, ''-infinity'') OVER () AS before FROM
			(SELECT v %1$s q.v AS distance FROM dimension_items ORDER BY v %1$s q.v LIMIT 20) r) s', op)
		INTO sorted;
	EXECUTE format('SELECT bool_and(n.v = q.v) FROM dimension_items q, LATERAL
		(SELECT v FROM dimension_items ORDER BY v %s q.v LIMIT 1) n', op)
		INTO itself;
	IF opclass = 'vector_ip_ops' OR opclass = 'vector_cosine_ops' AND dims < 3 OR m < 4 THEN
		itself := NULL;
	END IF;
	SELECT count(*) = 0 INTO sound FROM vecprov_check('dimension_idx', true)
	WHERE m >= 4 OR rule <> 'nodes reachable';
	DROP TABLE dimension_items;
END
$$;

CREATE TEMP TABLE dimension_data AS SELECT i AS id,
	ARRAY(SELECT (i::bigint * 7919 + d * 104729 + i * d * 31 + i * i * 17 + d * d * 3) % 23 - 11
		FROM generate_series(1, 16000) d)::integer[]::vector AS v
	FROM generate_series(1, 60) i;
SET enable_seqscan = off;

-- m = 16 and all operator classes
SELECT opclass, dims, e.* FROM unnest(ARRAY['vector_l2_ops', 'vector_ip_ops', 'vector_cosine_ops', 'vector_l1_ops'],
		ARRAY['<->', '<#>', '<=>', '<+>']) o (opclass, op),
	unnest(ARRAY[1, 2, 3, 15, 16, 17, 63, 64, 65, 100, 127, 512, 1000, 2000, 2039, 8001, 16000]) dims,
	pg_temp.examine(dims, 16, 64, opclass, op) e
ORDER BY opclass COLLATE "C", dims;

-- All sorts of m
SELECT dims, m, ef_construction, l2.*, l1.*
FROM unnest(ARRAY[1, 3, 64, 2000, 16000]) dims,
	unnest(ARRAY[2, 5, 16, 17, 100, 100], ARRAY[4, 20, 1000, 34, 200, 1000]) o (m, ef_construction),
	pg_temp.examine(dims, m, ef_construction, 'vector_l2_ops', '<->') l2,
	pg_temp.examine(dims, m, ef_construction, 'vector_l1_ops', '<+>') l1
ORDER BY dims, m, ef_construction;

-- One more dimension is too much for the type.
\set VERBOSITY terse
CREATE TABLE dimension_items (v vector(16001));
