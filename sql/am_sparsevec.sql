-- Sparse vectors: codes of the largest elements, exact distances from the rows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;

-- doc(i, words): a document of so many words, of ten that are frequent in its subject and others by
-- Zipf's law; each word's number and weight follow from i.
CREATE FUNCTION pg_temp.doc(i integer, words integer) RETURNS sparsevec LANGUAGE sql IMMUTABLE AS $$
	SELECT ('{' || string_agg(word || ':' || weight, ',') || '}/20000')::sparsevec
	FROM (SELECT word, (count(*) * ln(2.0 + word))::real AS weight
		FROM (SELECT 1 + CASE WHEN n % 2 = 0 THEN (i % 50) * 10 + (hashint4extended(i, n) & 1023) % 10
				ELSE floor(20000 ^ (((hashint4extended(i, n) >> 20) & 1048575) / 1048576.0))::integer - 1 END AS word
			FROM generate_series(1, words) n) w
		GROUP BY word) c
$$;
CREATE TABLE sparse_items (id integer, v sparsevec(20000)) WITH (autovacuum_enabled = off);
INSERT INTO sparse_items SELECT i, pg_temp.doc(i, 40 + i % 60) FROM generate_series(1, 600) i;
CREATE INDEX sparse_l2 ON sparse_items USING vecprov (v sparsevec_l2_ops);
CREATE INDEX sparse_ip ON sparse_items USING vecprov (v sparsevec_ip_ops);
CREATE INDEX sparse_cosine ON sparse_items USING vecprov (v sparsevec_cosine_ops);
CREATE INDEX sparse_l1 ON sparse_items USING vecprov (v sparsevec_l1_ops);
-- more elements than a code has slots, equal ones, none, one without elements, some that are not committed
INSERT INTO sparse_items SELECT i, pg_temp.doc(i, 40 + i % 60) FROM generate_series(1001, 1200) i;
INSERT INTO sparse_items SELECT i, pg_temp.doc(i, 400) FROM generate_series(1501, 1520) i;
INSERT INTO sparse_items SELECT i, pg_temp.doc(7, 47) FROM generate_series(1601, 1800) i;
INSERT INTO sparse_items VALUES (0, NULL), (-1, '{}/20000');
BEGIN;
INSERT INTO sparse_items SELECT i, pg_temp.doc(i - 2000, 50) FROM generate_series(2001, 2100) i;
ROLLBACK;

-- Are near ones found, all in exact order, each once, and is the index sound?
CREATE FUNCTION pg_temp.look(OUT opclass text, OUT recall boolean, OUT complete boolean, OUT sorted boolean, OUT sound boolean)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	op text;
BEGIN
	FOR opclass, op IN VALUES ('l2', '<->'), ('ip', '<#>'), ('cosine', '<=>'), ('l1', '<+>') LOOP
		SET LOCAL vecprov.ef_search = 200;
		recall := vecprov_recall(('sparse_' || opclass)::regclass, 10, 50) >= 0.95;
		SET LOCAL vecprov.iterative_scan = relaxed_order;
		EXECUTE format('SELECT count(*) = count(DISTINCT id) AND count(*) = (SELECT count(*) FROM sparse_items)
			FROM (SELECT id FROM sparse_items ORDER BY v %s pg_temp.doc(7, 47) LIMIT 5000) r', op) INTO complete;
		SET LOCAL vecprov.iterative_scan = strict_order;
		EXECUTE format('SELECT bool_and(distance >= before) FROM (SELECT distance, lag(distance, 1, ''-infinity'') OVER () AS before
			FROM (SELECT v %1$s pg_temp.doc(8, 48) AS distance FROM sparse_items ORDER BY v %1$s pg_temp.doc(8, 48) LIMIT 300) r) s', op)
			INTO sorted;
		SELECT count(*) = 0 INTO sound FROM vecprov_check(('sparse_' || opclass)::regclass, true);
		RETURN NEXT;
	END LOOP;
END
$$;
SET client_min_messages = warning;
SELECT * FROM pg_temp.look();
-- The equal ones are as near as one another, and nearer than all else.
SELECT count(*) FROM (SELECT v <-> pg_temp.doc(7, 47) AS distance FROM sparse_items ORDER BY 1 LIMIT 300) r WHERE distance = 0;

-- Rows go, the first of the equal ones too; others change, some on their page (HOT).
DELETE FROM sparse_items WHERE id % 3 = 0 OR id IN (7, 1601, 1602);
SELECT * FROM pg_temp.look();
UPDATE sparse_items SET v = pg_temp.doc(id + 5000, 50) WHERE id % 10 = 1;
UPDATE sparse_items SET id = id + 10000 WHERE id % 10 = 2;
VACUUM sparse_items;
SELECT * FROM pg_temp.look();
INSERT INTO sparse_items SELECT i, pg_temp.doc(i, 40 + i % 60) FROM generate_series(3001, 3200) i;
SELECT * FROM pg_temp.look();
REINDEX TABLE sparse_items;
SELECT * FROM pg_temp.look();
RESET client_min_messages;
SELECT count(*) FROM (SELECT id FROM sparse_items ORDER BY v <-> NULL LIMIT 10) r;
-- A cursor reads what it was opened on, while rows go and their places are used again.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM sparse_items ORDER BY v <=> pg_temp.doc(3008, 48) LIMIT 3;
FETCH 1 FROM c;
DELETE FROM sparse_items WHERE id BETWEEN 3001 AND 3100;
MOVE FORWARD ALL FROM c;
ROLLBACK;

-- Expressions, and part of a table
CREATE TABLE sparse_dense (id integer PRIMARY KEY, v vector(60));
INSERT INTO sparse_dense SELECT i, ARRAY(SELECT CASE WHEN (i * d) % 7 = 1 THEN (i * d) % 23 ELSE 0 END FROM generate_series(1, 60) d)::vector
FROM generate_series(1, 500) i;
CREATE INDEX sparse_dense_idx ON sparse_dense USING vecprov ((v::sparsevec(60)) sparsevec_ip_ops) WHERE id % 7 <> 0;
EXPLAIN (COSTS OFF) SELECT id FROM sparse_dense WHERE id % 7 <> 0 ORDER BY v::sparsevec(60) <#> '{1:1,2:2,9:3}/60' LIMIT 3;
SELECT vecprov_recall('sparse_dense_idx', 10, 50) >= 0.95 AS recall;
SELECT * FROM vecprov_check('sparse_dense_idx', true);

-- A record's size has 9 bytes for each element, beside the id's 4.
CREATE TABLE sparse_sized (id integer, v sparsevec(1000000000));
CREATE INDEX sparse_sized_idx ON sparse_sized USING vecprov (v sparsevec_l2_ops);
INSERT INTO sparse_sized VALUES (1, '{1:1,1000000000:2}/1000000000'), (2, '{}/1000000000');
SELECT records, index_size FROM vecprov.indexes WHERE index = 'sparse_sized_idx'::regclass;
SELECT id, v <-> '{1000000000:2}/1000000000' FROM sparse_sized ORDER BY 2 LIMIT 2;
-- 16,000 elements in a row that is stored outside
INSERT INTO sparse_sized SELECT 3, ('{' || string_agg(i * 7 || ':1', ',') || '}/1000000000')::sparsevec FROM generate_series(1, 16000) i;
SELECT id FROM sparse_sized ORDER BY v <-> (SELECT v FROM sparse_sized WHERE id = 3) LIMIT 1;
SELECT * FROM vecprov_check('sparse_sized_idx', true);

SELECT id FROM sparse_sized ORDER BY v <-> '{1:1}/3' LIMIT 1;
CREATE INDEX ON sparse_dense USING vecprov ((v::sparsevec) sparsevec_l2_ops);
SELECT amvalidate(c.oid), opcname, opcdefault FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
WHERE amname = 'vecprov' AND opcname LIKE 'sparsevec%' ORDER BY opcname COLLATE "C";
DROP TABLE sparse_items, sparse_dense, sparse_sized;
