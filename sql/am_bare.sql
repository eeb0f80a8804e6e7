-- Rows without a vector (NULL, or zero under cosine) are in the index: they come after all others.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
\set VERBOSITY terse
SET enable_seqscan = off;
SET enable_sort = off;
CREATE FUNCTION pg_temp.pages(index regclass) RETURNS bytea AS 'vecprov', 'vecprov_debug_pages' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.put_pages(index regclass, pages bytea) RETURNS void AS 'vecprov', 'vecprov_debug_put_pages' LANGUAGE C STRICT;

-- What a scan of a table to its end returns, in runs of one kind; and whether each row comes once.
CREATE FUNCTION pg_temp.runs(tab text, key text, OUT runs text, OUT each_once boolean) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($q$
		WITH s AS (SELECT row_number() OVER () AS n, id, kind FROM (SELECT id, kind FROM %s ORDER BY %s OFFSET 0) o),
			c AS (SELECT *, n - row_number() OVER (PARTITION BY kind ORDER BY n) AS run FROM s),
			r AS (SELECT kind || ' ' || count(*) AS run, min(n) AS n FROM c GROUP BY kind, c.run)
		SELECT (SELECT string_agg(run, ', ' ORDER BY n) FROM r),
			(SELECT count(*) = count(DISTINCT id) FROM s) AND (SELECT count(*) FROM s) = (SELECT count(*) FROM %1$s)$q$, tab, key)
	INTO runs, each_once;
END
$$;

-- Built, then inserted; vectors first, zero ones, which cosine has no distance for, then NULL.
CREATE TABLE bare (id serial PRIMARY KEY, v vector(3), kind text GENERATED ALWAYS AS (CASE WHEN v IS NULL THEN 'null' WHEN v::text = '[0,0,0]' THEN 'zero' ELSE 'vector' END) STORED)
	WITH (autovacuum_enabled = off);
CREATE FUNCTION pg_temp.value(i integer) RETURNS vector LANGUAGE sql AS
$$SELECT CASE i % 10 WHEN 3 THEN NULL WHEN 6 THEN ARRAY[0, 0, 0] ELSE ARRAY[i % 37, i % 101, i % 7 + 1] END::vector$$;
INSERT INTO bare (v) SELECT pg_temp.value(i) FROM generate_series(1, 2000) i;
CREATE INDEX bare_l2 ON bare USING vecprov (v vector_l2_ops);
CREATE INDEX bare_cos ON bare USING vecprov (v vector_cosine_ops);
SELECT * FROM pg_temp.runs('bare', $$v <=> '[1,2,3]'$$);
INSERT INTO bare (v) SELECT pg_temp.value(i) FROM generate_series(2001, 3000) i;
SELECT * FROM pg_temp.runs('bare', $$v <=> '[1,2,3]'$$);
SELECT count(*), count(*) FILTER (WHERE v IS NULL AND n <= 2700) AS too_soon
FROM (SELECT v, row_number() OVER () AS n FROM (SELECT v FROM bare ORDER BY v <-> '[1,2,3]' OFFSET 0) o) x;
SELECT * FROM vecprov_check('bare_l2', true);
SELECT * FROM vecprov_check('bare_cos', true);

-- A query that has no direction, or is none, is as far from all.
SELECT runs LIKE '%null 300', each_once FROM pg_temp.runs('bare', $$v <=> '[0,0,0]'$$);
SELECT each_once FROM pg_temp.runs('bare', $$v <=> NULL::vector$$);
SELECT each_once FROM pg_temp.runs('bare', $$v <-> NULL::vector$$);

-- They are found by a filter, and beyond what LIMIT used to reach; cursors come to the end.
SELECT count(*), bool_and(v IS NULL) FROM (SELECT v FROM bare WHERE v IS NULL ORDER BY v <-> '[1,1,1]' LIMIT 20) l;
SELECT count(*), count(*) FILTER (WHERE v IS NULL) FROM (SELECT v FROM bare ORDER BY v <=> '[1,1,1]' LIMIT 2900) l;
SELECT kind, count(*) FROM (SELECT kind FROM bare ORDER BY v <=> '[1,1,1]' OFFSET 2500 LIMIT 250) l GROUP BY kind ORDER BY kind;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM bare ORDER BY v <=> '[2,4,8]';
MOVE FORWARD 2990 IN c;
FETCH 20 FROM c \g (format=unaligned tuples_only=on) |wc -l
COMMIT;

-- Who wants few rows gets few.
SET vecprov.iterative_scan = off;
SELECT count(*) BETWEEN 40 AND 1000 AS few, count(*) = count(v) AS with_vectors FROM (SELECT v FROM bare ORDER BY v <-> '[1,1,1]' LIMIT 3000) l;
RESET vecprov.iterative_scan;
SET client_min_messages = notice;
SET vecprov.max_scan_tuples = 2800;
SELECT count(*), count(v) FROM (SELECT v FROM bare ORDER BY v <-> '[1,1,1]' OFFSET 0) l;
SET vecprov.max_scan_tuples = 2700;
SELECT count(*), count(v) FROM (SELECT v FROM bare ORDER BY v <-> '[1,1,1]' OFFSET 0) l;
SET vecprov.max_scan_tuples = 3000;
SELECT count(*), count(v) FROM (SELECT v FROM bare ORDER BY v <-> '[1,1,1]' OFFSET 0) l;
RESET vecprov.max_scan_tuples;
SET client_min_messages = warning;

-- They are no records.
SELECT vecprov_index_size('bare_cos') AS size \gset
BEGIN;
INSERT INTO bare (v) SELECT CASE WHEN i % 2 = 0 THEN '[0,0,0]' END::vector FROM generate_series(1, 100) i;
SELECT vecprov_index_size('bare_cos') = :size AS as_before;
ROLLBACK;
SELECT reltuples FROM pg_class WHERE oid = 'bare_cos'::regclass;
:vacuum bare;
SELECT reltuples FROM pg_class WHERE oid = 'bare_cos'::regclass;

-- From NULL to a vector and back; HOT; a transaction that is rolled back
UPDATE bare SET v = '[5,5,5]' WHERE v IS NULL AND id % 20 = 3;
UPDATE bare SET v = NULL WHERE kind = 'zero' AND id % 20 = 6;
BEGIN;
INSERT INTO bare (v) SELECT NULL FROM generate_series(1, 300);
SELECT runs LIKE '%, null 600' FROM pg_temp.runs('bare', $$v <=> '[1,2,3]'$$);
ROLLBACK;
SELECT * FROM pg_temp.runs('bare', $$v <=> '[1,2,3]'$$);
SELECT * FROM vecprov_check('bare_cos', true);

-- VACUUM empties entries; nodes become fewer, and are used again: the index does not grow.
:vacuum bare;
SELECT pg_relation_size('bare_cos') AS size \gset
DELETE FROM bare WHERE kind <> 'vector' AND id % 4 <> 0;
:vacuum bare;
SELECT * FROM pg_temp.runs('bare', $$v <=> '[1,2,3]'$$);
SELECT * FROM vecprov_check('bare_l2', true);
SELECT * FROM vecprov_check('bare_cos', true);
CALL pg_temp.wait_for_snapshots();
INSERT INTO bare (v) SELECT NULL FROM generate_series(1, 200);
DELETE FROM bare WHERE kind <> 'vector' AND id % 4 = 0;
:vacuum bare;
CALL pg_temp.wait_for_snapshots();
INSERT INTO bare (v) SELECT CASE WHEN i % 2 = 0 THEN '[0,0,0]' END::vector FROM generate_series(1, 400) i;
SELECT pg_relation_size('bare_cos') = :size AS as_before;
SELECT * FROM pg_temp.runs('bare', $$v <=> '[1,2,3]'$$);
SELECT * FROM vecprov_check('bare_cos', true);
DELETE FROM bare;
:vacuum bare;
SELECT * FROM pg_temp.runs('bare', $$v <=> '[1,2,3]'$$);
INSERT INTO bare (v) VALUES (NULL), ('[0,0,0]'), ('[1,1,1]');
SELECT * FROM pg_temp.runs('bare', $$v <=> '[1,2,3]'$$);
SELECT * FROM vecprov_check('bare_l2', true);
SELECT * FROM vecprov_check('bare_cos', true);
REINDEX INDEX CONCURRENTLY bare_cos;
SELECT * FROM pg_temp.runs('bare', $$v <=> '[1,2,3]'$$);
DROP TABLE bare;

-- The other types, more shards than one, unlogged and temporary tables, an expression, a part of the rows
CREATE TABLE bare_h (id serial, v halfvec(4), kind text GENERATED ALWAYS AS (CASE WHEN v IS NULL THEN 'null' WHEN v::text = '[0,0,0,0]' THEN 'zero' ELSE 'vector' END) STORED);
INSERT INTO bare_h (v) SELECT CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN ARRAY[0, 0, 0, 0] ELSE ARRAY[i, 1, 2, 3] END::halfvec(4) FROM generate_series(1, 200) i;
CREATE INDEX ON bare_h USING vecprov (v halfvec_cosine_ops) WITH (tier = 'r10', shards = 3);
INSERT INTO bare_h (v) SELECT v FROM bare_h;
SELECT * FROM pg_temp.runs('bare_h', $$v <=> '[1,2,3,4]'$$);
SELECT * FROM vecprov_check('bare_h_v_idx', true);
CREATE UNLOGGED TABLE bare_s (id serial, v sparsevec(5), kind text GENERATED ALWAYS AS (CASE WHEN v IS NULL THEN 'null' WHEN v::text = '{}/5' THEN 'zero' ELSE 'vector' END) STORED);
INSERT INTO bare_s (v) SELECT CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '{}/5' ELSE format('{%s:%s}/5', i % 4 + 1, i) END::sparsevec(5) FROM generate_series(1, 200) i;
CREATE INDEX ON bare_s USING vecprov (v sparsevec_cosine_ops);
INSERT INTO bare_s (v) SELECT v FROM bare_s;
SELECT * FROM pg_temp.runs('bare_s', $$v <=> '{1:1}/5'$$);
SELECT * FROM vecprov_check('bare_s_v_idx', true);
CREATE TEMP TABLE bare_b (id serial, v bit(8), kind text GENERATED ALWAYS AS (CASE WHEN v IS NULL THEN 'null' ELSE 'bits' END) STORED);
INSERT INTO bare_b (v) SELECT CASE WHEN i % 5 > 0 THEN i::bit(8) END FROM generate_series(1, 200) i;
CREATE INDEX ON bare_b USING vecprov (v bit_jaccard_ops);
INSERT INTO bare_b (v) SELECT v FROM bare_b;
SELECT * FROM pg_temp.runs('bare_b', $$v <%> B'00000000'$$);
SELECT * FROM vecprov_check('bare_b_v_idx', true);
CREATE TABLE bare_e (id serial, a real[], part integer, kind text GENERATED ALWAYS AS (CASE WHEN a IS NULL THEN 'null' ELSE 'vector' END) STORED);
INSERT INTO bare_e (a, part) SELECT CASE WHEN i % 5 > 0 THEN ARRAY[i, 1] END, i % 2 FROM generate_series(1, 100) i;
CREATE INDEX bare_e_v_idx ON bare_e USING vecprov ((a::vector(2)));
SELECT * FROM pg_temp.runs('bare_e', $$a::vector(2) <-> '[1,2]'$$);
DROP INDEX bare_e_v_idx;
CREATE INDEX bare_e_v_idx ON bare_e USING vecprov ((a::vector(2))) WHERE part = 1;
SELECT count(*), count(a) FROM (SELECT a FROM bare_e WHERE part = 1 ORDER BY a::vector(2) <-> '[1,2]' OFFSET 0) x;
SELECT * FROM vecprov_check('bare_e_v_idx', true);
DROP TABLE bare_h, bare_s, bare_b, bare_e;
DELETE FROM vecprov.changes WHERE index LIKE '%bare_h%';

-- An index that began with rows without a vector takes its mean when vectors have come, as an empty one does.
CREATE TABLE bare_mean (id serial, v vector(64));
CREATE TABLE bare_none (LIKE bare_mean);
INSERT INTO bare_mean (v) SELECT NULL FROM generate_series(1, 50000);
CREATE INDEX bare_mean_idx ON bare_mean USING vecprov (v);
CREATE INDEX bare_none_idx ON bare_none USING vecprov (v);
INSERT INTO bare_mean (v) SELECT array_agg(100 + (hashint4extended(i, d) & 255) / 256.0 ORDER BY d)::real[]::vector
FROM generate_series(1, 3000) i, generate_series(1, 64) d GROUP BY i ORDER BY i;
INSERT INTO bare_none SELECT * FROM bare_mean WHERE v IS NOT NULL ORDER BY id;
SELECT abs(vecprov_recall('bare_mean_idx', 50, 50) - vecprov_recall('bare_none_idx', 50, 50)) < 0.1 AS as_good;
SELECT * FROM vecprov_check('bare_mean_idx', true);
DROP TABLE bare_mean, bare_none;

-- An index of an older version has no such rows. It is not used where all rows are wanted, unless there can be none.
CREATE TABLE bare_old (id serial, v vector(2), w vector(2) NOT NULL);
INSERT INTO bare_old (v, w) SELECT ARRAY[i, 1], ARRAY[i, 1] FROM generate_series(1, 100) i;
CREATE INDEX bare_old_v ON bare_old USING vecprov (v);
CREATE INDEX bare_old_w ON bare_old USING vecprov (w);
CREATE INDEX bare_old_c ON bare_old USING vecprov (w vector_cosine_ops);
-- the word `complete` of the metapage
SELECT pg_temp.put_pages(i, overlay(pages PLACING '\x00000000' FROM 24 + 1704 + 1))
FROM unnest('{bare_old_v,bare_old_w,bare_old_c}'::regclass[]) i, pg_temp.pages(i) pages;
INSERT INTO bare_old (v, w) VALUES (NULL, '[0,0]');
SELECT vecprov_check(i, true) FROM unnest('{bare_old_v,bare_old_w,bare_old_c}'::regclass[]) i;
RESET enable_seqscan;
RESET enable_sort;
SET enable_seqscan = off;
CREATE FUNCTION pg_temp.uses_index(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line LIKE '%Index Scan using bare_old%' THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END
$$;
SELECT pg_temp.uses_index($$SELECT id FROM bare_old ORDER BY v <-> '[1,1]'$$) AS all_rows,
	pg_temp.uses_index($$DECLARE c CURSOR FOR SELECT id FROM bare_old ORDER BY v <-> '[1,1]'$$) AS cursor,
	pg_temp.uses_index($$SELECT id FROM bare_old ORDER BY v <-> '[1,1]' LIMIT 5$$) AS limited,
	pg_temp.uses_index($$SELECT id FROM bare_old ORDER BY v <-> '[1,1]' LIMIT ALL$$) AS limit_all,
	pg_temp.uses_index($$SELECT * FROM (SELECT id FROM bare_old ORDER BY v <-> '[1,1]') x LIMIT 5$$) AS limited_outside,
	pg_temp.uses_index($$SELECT id FROM bare_old ORDER BY w <-> '[1,1]'$$) AS not_null,
	pg_temp.uses_index($$SELECT id FROM bare_old ORDER BY w <=> '[1,1]'$$) AS cosine;
SELECT count(*) FROM (SELECT id FROM bare_old ORDER BY v <-> '[1,1]' OFFSET 0) x;
REINDEX TABLE bare_old;
SELECT pg_temp.uses_index($$SELECT id FROM bare_old ORDER BY v <-> '[1,1]'$$) AS all_rows,
	pg_temp.uses_index($$SELECT id FROM bare_old ORDER BY w <=> '[1,1]'$$) AS cosine;
SELECT count(*) FROM (SELECT id FROM bare_old ORDER BY v <-> '[1,1]' OFFSET 0) x;
SELECT vecprov_check(i, true) FROM unnest('{bare_old_v,bare_old_w,bare_old_c}'::regclass[]) i;
DROP TABLE bare_old;
