-- Strings of bits: Hamming and Jaccard distances, of every length.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;

-- hash(i, n), bits(i, n): strings number i of fixed sequences, of n bits, a multiple of 512; in the
-- second, one bit in four is set.
CREATE FUNCTION pg_temp.hash(i integer, n integer) RETURNS varbit LANGUAGE sql IMMUTABLE AS $$
	SELECT ('x' || string_agg(encode(sha512((i || ':' || part)::bytea), 'hex'), '' ORDER BY part))::varbit
	FROM generate_series(1, n / 512) part
$$;
CREATE FUNCTION pg_temp.bits(i integer, n integer) RETURNS varbit LANGUAGE sql IMMUTABLE AS $$
	SELECT pg_temp.hash(i, n) & pg_temp.hash(-i, n)
$$;

-- Built of 100 rows, 100 are inserted, a third is deleted, and VACUUM runs. Then all must come
-- (relaxed_order), in exact order (strict_order), near ones must be found, and the index be sound.
CREATE FUNCTION pg_temp.examine(n integer, m integer, op text, opclass text,
	OUT complete boolean, OUT sorted boolean, OUT near boolean, OUT sound boolean) LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE bit_some (id integer, v varbit);
	EXECUTE format('ALTER TABLE bit_some ALTER v TYPE bit(%s)', n);
	INSERT INTO bit_some SELECT i, substring(v FOR n) FROM bit_data WHERE i % 2 = 0;
	EXECUTE format('CREATE INDEX bit_some_idx ON bit_some USING vecprov (v %s) WITH (m = %s, ef_construction = %s)',
		opclass, m, 2 * m);
	INSERT INTO bit_some SELECT i, substring(v FOR n) FROM bit_data WHERE i % 2 = 1;
	DELETE FROM bit_some WHERE id % 3 = 0;
	SET LOCAL vecprov.iterative_scan = relaxed_order;
	EXECUTE format('SELECT bool_and(found = (SELECT count(*) FROM bit_some)) FROM (SELECT v FROM bit_some LIMIT 5) q, LATERAL
		(SELECT count(DISTINCT id) AS found FROM (SELECT id FROM bit_some ORDER BY v %s q.v LIMIT 1000) r) s', op)
		INTO complete;
	SET LOCAL vecprov.iterative_scan = strict_order;
	EXECUTE format('SELECT bool_and(distance >= before) FROM (SELECT v FROM bit_some LIMIT 5) q, LATERAL
		(SELECT distance, lag(distance, 1, ''-infinity'') OVER () AS before FROM
			(SELECT v %1$s q.v AS distance FROM bit_some ORDER BY v %1$s q.v LIMIT 20) r) s', op)
		INTO sorted;
	near := vecprov_recall('bit_some_idx', 5, 50) >= 0.95;
	SELECT count(*) = 0 INTO sound FROM vecprov_check('bit_some_idx', true);
	DROP TABLE bit_some;
END
$$;
CREATE TEMP TABLE bit_data AS SELECT i, pg_temp.bits(i, 64000) AS v
FROM generate_series(1, 200) i;

-- One bit is two strings; the longest do not fit into a node whole, still less beside 200 links.
SELECT n, m, op, e.*
FROM unnest(ARRAY[1, 2, 7, 64, 65, 768, 63936, 64000, 64000], ARRAY[16, 16, 4, 16, 100, 16, 16, 16, 100]) s (n, m),
	unnest(ARRAY['<~>', '<%>'], ARRAY['bit_hamming_ops', 'bit_jaccard_ops']) o (op, opclass),
	pg_temp.examine(n, m, op, opclass) e
ORDER BY n, m, op DESC;

-- Ten thousand rows of 16 different strings, built and inserted
CREATE TABLE bit_items (id integer, v bit(4)) WITH (autovacuum_enabled = off);
INSERT INTO bit_items SELECT i, (i % 16)::bit(4) FROM generate_series(1, 5000) i;
CREATE INDEX bit_hamming ON bit_items USING vecprov (v bit_hamming_ops);
CREATE INDEX bit_jaccard ON bit_items USING vecprov (v bit_jaccard_ops);
INSERT INTO bit_items SELECT i, (i % 16)::bit(4) FROM generate_series(5001, 10000) i;
INSERT INTO bit_items VALUES (0, NULL);
SELECT * FROM vecprov_check('bit_hamming', true);
SELECT * FROM vecprov_check('bit_jaccard', true);
SET vecprov.max_scan_tuples = 1000000;
SELECT distance, count(*) FROM (SELECT v <~> B'1010' AS distance FROM bit_items ORDER BY v <~> B'1010' LIMIT 20000) r GROUP BY 1 ORDER BY 1;
SELECT distance, count(*) FROM (SELECT v <%> B'1010' AS distance FROM bit_items ORDER BY v <%> B'1010' LIMIT 20000) r GROUP BY 1 ORDER BY 1;
-- Nothing is common with a string of zeroes, not even another one.
SELECT distance, count(*) FROM (SELECT v <%> B'0000' AS distance FROM bit_items ORDER BY v <%> B'0000' LIMIT 20000) r GROUP BY 1 ORDER BY 1;
DELETE FROM bit_items WHERE v IN (B'1010', B'0000') OR id % 2 = 0;
VACUUM bit_items;
SELECT * FROM vecprov_check('bit_hamming', true);
SELECT * FROM vecprov_check('bit_jaccard', true);
SELECT distance, count(*) FROM (SELECT v <~> B'1011' AS distance FROM bit_items ORDER BY v <~> B'1011' LIMIT 20000) r GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM (SELECT id FROM bit_items ORDER BY v <~> NULL LIMIT 20000) r;

-- Two strings must be of one length.
SELECT id FROM bit_items ORDER BY v <~> B'101' LIMIT 1;
INSERT INTO bit_items VALUES (0, B'101');
CREATE INDEX ON bit_items USING vecprov ((v::varbit) bit_hamming_ops);
CREATE TABLE bit_varying (v varbit(8));
INSERT INTO bit_varying VALUES (B'10101010');
CREATE INDEX ON bit_varying USING vecprov (v bit_hamming_ops);
INSERT INTO bit_varying VALUES (B'1010101');
CREATE TABLE bit_long (v bit(64001));
CREATE INDEX ON bit_long USING vecprov (v bit_hamming_ops);

-- As pgvector's users have it: signs of a vector in the index, the vector for the last word
CREATE TABLE bit_signs (id integer PRIMARY KEY, v vector(128));
INSERT INTO bit_signs SELECT i, ARRAY(SELECT get_byte(h, d % 64) - 128 + d FROM generate_series(0, 127) d)::vector
FROM (SELECT i, sha512(i::text::bytea) AS h FROM generate_series(1, 2000) i OFFSET 0) s;
CREATE INDEX bit_signs_idx ON bit_signs USING vecprov ((binary_quantize(v)::bit(128)) bit_hamming_ops);
PREPARE nearest(vector) AS SELECT id FROM
	(SELECT id, v FROM bit_signs ORDER BY binary_quantize(v)::bit(128) <~> binary_quantize($1) LIMIT 40) r
	ORDER BY v <-> $1 LIMIT 3;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE nearest(NULL);
RESET plan_cache_mode;
SELECT id FROM
	(SELECT id, v FROM bit_signs ORDER BY binary_quantize(v)::bit(128) <~> binary_quantize((SELECT v FROM bit_signs WHERE id = 77)) LIMIT 40) r
	ORDER BY v <-> (SELECT v FROM bit_signs WHERE id = 77) LIMIT 1;
SELECT vecprov_recall('bit_signs_idx', 10, 50) >= 0.95 AS recall;
SELECT * FROM vecprov_check('bit_signs_idx', true);

-- A bit is an eighth of a byte in a record's size: 16 and the id's 4.
SELECT records, index_size FROM vecprov.indexes WHERE index = 'bit_signs_idx'::regclass;

SELECT amvalidate(c.oid), opcname, opcdefault FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
WHERE amname = 'vecprov' AND opcname LIKE 'bit%' ORDER BY opcname COLLATE "C";
DROP TABLE bit_items, bit_varying, bit_long, bit_signs;
