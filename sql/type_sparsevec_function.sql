-- Operators and functions of sparsevec.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$'{}/2'::sparsevec <-> '{1:3,2:4}/2'$e$),
    ($e$'{1:1,2:2}/2'::sparsevec <#> '{1:3,2:4}/2'$e$),
    ($e$'{1:1}/2'::sparsevec <=> '{2:2}/2'$e$),
    ($e$'{}/2'::sparsevec <+> '{1:3,2:-4}/2'$e$),
    ($e$l2_distance('{1:3e38}/1'::sparsevec, '{1:-3e38}/1'::sparsevec)$e$),
    ($e$inner_product('{1:1,3:3}/9'::sparsevec, '{2:2,3:2}/9'::sparsevec)$e$),
    ($e$inner_product('{1:3e38}/1'::sparsevec, '{1:3e38}/1'::sparsevec)$e$),
    ($e$inner_product('{}/1'::sparsevec, '{1:3e38}/1'::sparsevec)$e$),
    ($e$cosine_distance('{1:1,3:1}/9'::sparsevec, '{1:-1,3:-1}/9'::sparsevec)$e$),
    ($e$cosine_distance('{1:1}/9'::sparsevec, '{}/9'::sparsevec)$e$),
    ($e$l1_distance('{1:1,3:3}/9'::sparsevec, '{2:2,3:2}/9'::sparsevec)$e$),
    ($e$sparsevec_l2_squared_distance('{1:1,3:3}/9', '{2:2,3:2}/9')$e$),
    ($e$sparsevec_negative_inner_product('{1:1,3:3}/9', '{2:2,3:2}/9')$e$),
    ($e$'{1:1}/2'::sparsevec <-> '{1:1}/3'$e$),
    ($e$'{1:1}/2'::sparsevec <#> '{1:1}/3'$e$),
    ($e$'{1:1}/2'::sparsevec <=> '{1:1}/3'$e$),
    ($e$'{1:1}/2'::sparsevec <+> '{1:1}/3'$e$),
    ($e$'{1:1}/2'::sparsevec <-> NULL$e$),
    ($e$'{1:1}/2'::sparsevec + '{1:1}/2'$e$),
    ($e$l2_norm('{1:3,9:4}/1000000000'::sparsevec)$e$),
    ($e$l2_norm('{}/2'::sparsevec)$e$),
    ($e$l2_norm('{1:3e37,2:4e37}/2'::sparsevec)::real$e$),
    ($e$l2_normalize('{1:3,9:4}/1000000000'::sparsevec)$e$),
    ($e$l2_normalize('{}/2'::sparsevec)$e$),
    ($e$l2_normalize('{1:3e38}/2'::sparsevec)$e$),
    ($e$l2_normalize('{1:3e38,2:1e-45,3:-3e38}/3'::sparsevec)$e$),
    ($e$l2_normalize(NULL::sparsevec)$e$)) t(e);

-- The distances are those of the vectors written out, whatever the overlap
CREATE TEMP TABLE pairs AS
SELECT (SELECT array_agg(CASE WHEN (i * 7919 + n * 31) % 100 < n % 100 THEN i % 9 + 1 ELSE 0 END) FROM generate_series(1, dims) i)::vector AS a,
    (SELECT array_agg(CASE WHEN (i * 104729 + n * 17) % 100 < n * 7 % 100 THEN i % 5 - 7 ELSE 0 END) FROM generate_series(1, dims) i)::vector AS b
FROM generate_series(1, 400) n, LATERAL (SELECT 1 + n % 37 * 11 AS dims) d;
SELECT count(*), sum((sparsevec_cmp(a, b) <> vector_cmp(a, b))::integer),
    sum(((a::sparsevec <-> b::sparsevec) <> (a <-> b))::integer),
    sum(((a::sparsevec <#> b::sparsevec) <> (a <#> b))::integer),
    sum(((a::sparsevec <+> b::sparsevec) <> (a <+> b))::integer),
    sum(((a::sparsevec <=> b::sparsevec) <> (a <=> b) AND NOT abs((a::sparsevec <=> b::sparsevec) - (a <=> b)) < 1e-6)::integer),
    sum((a::sparsevec::vector <> a)::integer)
FROM pairs;

-- Comparison: all operators and the order on pairs
SELECT a, b, a < b, a <= b, a = b, a <> b, a >= b, a > b, sparsevec_cmp(a, b)
FROM (VALUES
    (0, '{1:1,2:2}/3'::sparsevec, '{1:1,2:2}/3'::sparsevec),
    (1, '{1:1}/3'::sparsevec, '{2:1}/3'::sparsevec),
    (2, '{1:-1}/3'::sparsevec, '{2:1}/3'::sparsevec),
    (3, '{1:1}/3'::sparsevec, '{2:-1}/3'::sparsevec),
    (4, '{1:1}/3'::sparsevec, '{1:1,2:2}/3'::sparsevec),
    (5, '{1:1}/3'::sparsevec, '{1:1,2:-2}/3'::sparsevec),
    (6, '{1:1}/2'::sparsevec, '{1:1,3:-2}/3'::sparsevec),
    (7, '{1:1}/2'::sparsevec, '{1:1}/3'::sparsevec),
    (8, '{1:2}/2'::sparsevec, '{1:1,3:1}/3'::sparsevec),
    (9, '{}/2'::sparsevec, '{}/1000000000'::sparsevec)) t(n, a, b)
ORDER BY n;

-- In tables: storage, TOAST, btree
SELECT typlen, typbyval, typalign, typstorage FROM pg_type WHERE oid = 'sparsevec'::regtype;
SELECT pg_column_size('{1:1,3:3}/1000000'::sparsevec), pg_column_size('{}/3'::sparsevec);
CREATE TABLE type_sparsevec (id integer PRIMARY KEY, s sparsevec(100000));
INSERT INTO type_sparsevec SELECT i, ('{' || string_agg(j * 20 - i % 7 || ':' || i, ',') || '}/100000')::sparsevec
FROM generate_series(1, 300) i, LATERAL (SELECT j FROM generate_series(1, 1 + i % 4 * 700) j) t GROUP BY i;
SELECT count(*), count(DISTINCT s), pg_relation_size(reltoastrelid) > 300000 FROM type_sparsevec, pg_class
WHERE pg_class.oid = 'type_sparsevec'::regclass GROUP BY reltoastrelid;
SELECT id FROM type_sparsevec ORDER BY s <-> (SELECT s FROM type_sparsevec WHERE id = 11), id LIMIT 3;
CREATE INDEX ON type_sparsevec (s) WHERE id % 4 = 0;
SET enable_seqscan = off;
SET enable_sort = off;
SELECT id FROM type_sparsevec WHERE id % 4 = 0 AND s < '{19:8}/100000' ORDER BY s LIMIT 3;
SELECT id FROM type_sparsevec WHERE id % 4 = 0 AND s = '{19:8}/100000';
SELECT id, s FROM type_sparsevec WHERE id % 4 = 0 ORDER BY s DESC LIMIT 3;
DROP TABLE type_sparsevec;
