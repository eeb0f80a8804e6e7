-- vecprov_search: what SELECT returns, for many queries at once
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
SET jit = off;
SET enable_seqscan = off;
SET client_min_messages = warning;
SET vecprov.tier_change_interval = 0;
SET vecprov.scale_change_interval = 0;

CREATE TABLE batch_items (id integer PRIMARY KEY, half text, v vector(16), w vector(16)) WITH (autovacuum_enabled = off);
INSERT INTO batch_items SELECT i, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END,
	ARRAY(SELECT get_byte(sha512(i::text::bytea), d) FROM generate_series(0, 15) d),
	ARRAY(SELECT get_byte(sha512(i::text::bytea), d + 16) - 128 FROM generate_series(0, 15) d) FROM generate_series(1, 2000) i;
CREATE TABLE batch_queries AS SELECT i AS id,
	ARRAY(SELECT get_byte(sha512((-i)::text::bytea), d) FROM generate_series(0, 15) d)::real[]::vector AS q FROM generate_series(1, 40) i;
CREATE INDEX batch_l2 ON batch_items USING vecprov (v);
CREATE INDEX batch_cosine ON batch_items USING vecprov (w vector_cosine_ops);
CREATE INDEX batch_ip ON batch_items USING vecprov (w vector_ip_ops);
CREATE INDEX batch_l1 ON batch_items USING vecprov (w vector_l1_ops);
CREATE INDEX batch_part ON batch_items USING vecprov (v) WHERE half = 'even' AND id > 100;
CREATE INDEX batch_expression ON batch_items USING vecprov (((v - w)::vector(16)));
CREATE INDEX batch_half ON batch_items USING vecprov ((v::halfvec(16)) halfvec_l2_ops);
CREATE INDEX batch_bit ON batch_items USING vecprov ((binary_quantize(w)::bit(16)) bit_hamming_ops);

-- Rows that one of the two has and the other has not, by the SELECT whose expression and condition are given
CREATE FUNCTION pg_temp.differences(index regclass, k integer, expression text, condition text DEFAULT 'true') RETURNS bigint
	LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format($f$
		WITH batch AS MATERIALIZED (
			SELECT query, ctid, distance FROM vecprov_search(%L, (SELECT array_agg(q ORDER BY id) FROM batch_queries), %s)
		), single AS MATERIALIZED (
			SELECT q.id::integer AS query, r.ctid, r.distance
			FROM batch_queries q CROSS JOIN LATERAL
				(SELECT ctid, %3$s q.q AS distance FROM batch_items WHERE %4$s ORDER BY %3$s q.q LIMIT %2$s) r
		)
		SELECT (SELECT count(*) FROM (TABLE batch EXCEPT TABLE single) a) + (SELECT count(*) FROM (TABLE single EXCEPT TABLE batch) b)
			+ abs((SELECT count(*) FROM single) - (SELECT count(*) FROM batch))$f$, index, k, expression, condition) INTO n;
	RETURN n;
END
$$;

-- On demand
SELECT pg_temp.differences('batch_l2', 10, 'v <->'), pg_temp.differences('batch_cosine', 10, 'w <=>'),
	pg_temp.differences('batch_ip', 10, 'w <#>'), pg_temp.differences('batch_l1', 3, 'w <+>');
SELECT pg_temp.differences('batch_part', 10, 'v <->', $$half = 'even' AND id > 100$$), pg_temp.differences('batch_expression', 10, '(v - w)::vector(16) <->');
-- vectors for another type
SELECT pg_temp.differences('batch_half', 10, 'v::halfvec(16) <->');
SELECT pg_temp.try($$SELECT vecprov_search('batch_bit', ARRAY(SELECT q FROM batch_queries), 10)$$);
-- values of the index's own type
CREATE INDEX batch_sparse ON batch_items USING vecprov ((w::sparsevec(16)) sparsevec_l2_ops);
CREATE FUNCTION pg_temp.values_differ(index regclass, type text, expression text, operator text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format($f$
		WITH asked AS MATERIALIZED (SELECT id::integer AS query, (%2$s)::%3$s AS q FROM batch_queries, LATERAL (SELECT q AS w) x),
		batch AS MATERIALIZED (
			SELECT query, rank, distance FROM vecprov_search_values(%1$L, (SELECT array_agg(q ORDER BY query) FROM asked), 5, ef_search => 2000)
		), single AS MATERIALIZED (
			SELECT a.query, r.rank::integer, r.distance FROM asked a CROSS JOIN LATERAL (SELECT (%2$s)::%3$s %4$s a.q AS distance,
				row_number() OVER (ORDER BY (%2$s)::%3$s %4$s a.q) AS rank FROM batch_items ORDER BY distance LIMIT 5) r
		)
		SELECT count(*) FROM batch FULL JOIN single USING (query, rank) WHERE abs(batch.distance - single.distance) < 1e-4 IS NOT TRUE$f$,
		index, expression, type, operator) INTO n;
	RETURN n;
END
$$;
SELECT pg_temp.values_differ('batch_sparse', 'sparsevec(16)', 'w', '<->') AS sparsevec,
	pg_temp.values_differ('batch_bit', 'bit(16)', 'binary_quantize(w)', '<~>') AS bit;
SELECT count(*), bool_and(a.distance = b.distance) AS same FROM
	vecprov_search('batch_half', (SELECT array_agg(q ORDER BY id) FROM batch_queries), 5) a JOIN
	vecprov_search_values('batch_half', (SELECT array_agg(q::halfvec(16) ORDER BY id) FROM batch_queries), 5) b USING (query, rank);
SELECT count(*) FROM vecprov_search_values('batch_sparse', ARRAY['{1:5}/16']::sparsevec[], 5, $$half = 'odd'$$);
SELECT pg_temp.try($$SELECT vecprov_search_values('batch_half', (SELECT array_agg(q) FROM batch_queries), 5)$$);
SELECT pg_temp.try($$SELECT vecprov_search_values('batch_bit', ARRAY[1, 2], 5)$$);
SELECT pg_temp.try($$SELECT vecprov_search_values('batch_bit', ARRAY[B'101'], 5)$$);
SELECT pg_temp.try($$SELECT vecprov_search_values('batch_sparse', ARRAY['{1:5}/17']::sparsevec[], 5)$$);
SELECT pg_temp.try($$SELECT vecprov_search_values('batch_sparse', ARRAY['{1:5}/16', NULL]::sparsevec[], 5)$$);
-- a parameter of no declared type still means vectors
PREPARE untyped AS SELECT count(*) FROM vecprov_search('batch_l2', $1, $2);
EXECUTE untyped ('{"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]"}', 3);
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'untyped';
DEALLOCATE untyped;

SELECT count(*), count(DISTINCT (query, rank)), min(query), max(query), min(rank), max(rank)
	FROM vecprov_search('batch_l2', (SELECT array_agg(q ORDER BY id) FROM batch_queries), 7);
-- in the order of the queries, of the ranks, and of the distances
SELECT count(*) FROM (SELECT query, rank, distance, lag((query, rank)) OVER () AS before, lag((query, distance)) OVER () AS nearer
	FROM vecprov_search('batch_l2', (SELECT array_agg(q ORDER BY id) FROM batch_queries), 7)) x
	WHERE before > (query, rank) OR nearer > (query, distance);
-- joined with the table
SELECT s.query, count(*), max(abs(s.distance - (t.v <-> q.q))) FROM vecprov_search('batch_l2', (SELECT array_agg(q ORDER BY id) FROM batch_queries WHERE id < 4), 5) s
	JOIN batch_items t ON t.ctid = s.ctid JOIN batch_queries q ON q.id = s.query GROUP BY 1 ORDER BY 1;

-- With replicas
SELECT vecprov_provision('batch_l2', 'r10', 1, 2);
SELECT vecprov_wait('batch_l2', '30 s');
SELECT pg_temp.differences('batch_l2', 1, 'v <->'), pg_temp.differences('batch_l2', 10, 'v <->'), pg_temp.differences('batch_l2', 200, 'v <->');
SET vecprov.ef_search = 400;
SELECT pg_temp.differences('batch_l2', 10, 'v <->');
RESET vecprov.ef_search;
SELECT pg_temp.differences('batch_l2', 3000, 'v <->') = 0 AS all_rows;

-- What this transaction sees: rows that others do not see, and not those that it has deleted
BEGIN;
DELETE FROM batch_items WHERE id % 3 = 0;
INSERT INTO batch_items SELECT 10000 + id, 'odd', q FROM batch_queries;
UPDATE batch_items SET half = 'changed' WHERE id % 5 = 0;
SELECT pg_temp.differences('batch_l2', 10, 'v <->');
SELECT count(*), max(distance) FROM vecprov_search('batch_l2', (SELECT array_agg(q ORDER BY id) FROM batch_queries), 1);
ROLLBACK;
SELECT pg_temp.differences('batch_l2', 10, 'v <->');
BEGIN;
DELETE FROM batch_items;
SELECT count(*) FROM vecprov_search('batch_l2', (SELECT array_agg(q ORDER BY id) FROM batch_queries), 10);
ROLLBACK;
-- an index that is not known to others yet
BEGIN;
REINDEX INDEX batch_l2;
SELECT pg_temp.differences('batch_l2', 10, 'v <->');
ROLLBACK;

-- Nothing to do, wrong arguments
SELECT count(*) FROM vecprov_search('batch_l2', '{}', 10);
SELECT count(*) FROM vecprov_search('batch_l2', NULL, 10);
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_l2', ARRAY(SELECT q FROM batch_queries) || NULL::vector, 10)$$);
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_l2', ARRAY(SELECT q FROM batch_queries) || '[1,2,3]'::vector, 10)$$);
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_l2', ARRAY(SELECT q FROM batch_queries), 0)$$);
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_l2', ARRAY(SELECT q FROM batch_queries), 10001)$$);
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_items_pkey', ARRAY(SELECT q FROM batch_queries), 10)$$);
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_items', ARRAY(SELECT q FROM batch_queries), 10)$$);
SELECT vecprov_set_replicas('batch_l2', 0);
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_l2', ARRAY(SELECT q FROM batch_queries), 10)$$);
SELECT vecprov_set_replicas('batch_l2', 2);
SELECT vecprov_wait('batch_l2', '30 s');

-- Rights: SELECT on the table, or on all columns that the index is made of
CREATE ROLE regress_vecprov_searcher;
GRANT SELECT ON batch_queries TO regress_vecprov_searcher;
SET ROLE regress_vecprov_searcher;
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_l2', ARRAY(SELECT q FROM batch_queries), 10)$$);
RESET ROLE;
GRANT SELECT (v) ON batch_items TO regress_vecprov_searcher;
SET ROLE regress_vecprov_searcher;
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_l2', ARRAY(SELECT q FROM batch_queries), 10)$$);
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_part', ARRAY(SELECT q FROM batch_queries), 10)$$);
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_expression', ARRAY(SELECT q FROM batch_queries), 10)$$);
RESET ROLE;
GRANT SELECT ON batch_items TO regress_vecprov_searcher;
SET ROLE regress_vecprov_searcher;
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_part', ARRAY(SELECT q FROM batch_queries), 10)$$);
RESET ROLE;

-- Row security
ALTER TABLE batch_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY batch_even ON batch_items TO regress_vecprov_searcher USING (half = 'even');
SELECT pg_temp.differences('batch_l2', 10, 'v <->');
SET ROLE regress_vecprov_searcher;
SET enable_seqscan = on;
SELECT pg_temp.differences('batch_l2', 10, 'v <->'), pg_temp.differences('batch_cosine', 10, 'w <=>'),
	pg_temp.differences('batch_part', 10, 'v <->', $$half = 'even' AND id > 100$$), pg_temp.differences('batch_expression', 10, '(v - w)::vector(16) <->');
SELECT bool_and(half = 'even'), count(*) FROM vecprov_search('batch_l2', ARRAY(SELECT q FROM batch_queries), 10) s
	JOIN batch_items t ON t.ctid = s.ctid;
SET row_security = off;
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_l2', ARRAY(SELECT q FROM batch_queries), 10)$$);
RESET row_security;
SET enable_seqscan = off;
RESET ROLE;
ALTER TABLE batch_items DISABLE ROW LEVEL SECURITY;

-- Few rows, rows without vector, cosine with zero, a temporary table
CREATE TEMP TABLE batch_few (v vector(2));
INSERT INTO batch_few VALUES ('[1,0]'), ('[0,1]'), (NULL);
CREATE INDEX batch_few_idx ON batch_few USING vecprov (v vector_cosine_ops);
SELECT * FROM vecprov_search('batch_few_idx', '{"[1,0]","[0,2]","[0,0]"}', 5);
CREATE TABLE batch_none (v vector(2));
CREATE INDEX batch_none_idx ON batch_none USING vecprov (v) WITH (tier = 'r10');
SELECT * FROM vecprov_search('batch_none_idx', '{"[1,0]","[0,2]"}', 5);
INSERT INTO batch_none VALUES ('[1,0]'), (NULL);
SELECT query, rank, distance FROM vecprov_search('batch_none_idx', '{"[1,0]","[0,2]"}', 5);

-- A concurrent build that failed has left an empty file, which is not damaged.
CREATE INDEX CONCURRENTLY batch_failed ON batch_items USING vecprov (v, (1 / (id - id)));
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_failed', ARRAY(SELECT q FROM batch_queries), 10)$$);
SELECT pg_temp.try($$SELECT * FROM vecprov_search('batch_failed', ARRAY(SELECT q FROM batch_queries), 10, 'id > 7')$$);
DROP INDEX batch_failed;

SELECT * FROM vecprov_check('batch_l2', true);
DROP TABLE batch_items, batch_queries, batch_none;
DROP ROLE regress_vecprov_searcher;
