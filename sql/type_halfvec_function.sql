-- Operators, functions and aggregates of halfvec.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

-- Distances
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$'[0,0]'::halfvec <-> '[3,4]'$e$),
    ($e$'[1,2]'::halfvec <#> '[3,4]'$e$),
    ($e$'[1,0]'::halfvec <=> '[0,2]'$e$),
    ($e$'[0,0]'::halfvec <+> '[3,-4]'$e$),
    ($e$l2_distance('[1,1,1,1,1,1,1,1,1]'::halfvec, '[1,1,1,1,1,1,1,4,5]'::halfvec)$e$),
    ($e$l2_distance('[65504]'::halfvec, '[-65504]'::halfvec)$e$),
    ($e$inner_product('[1,1,1,1,1,1,1,1,1]'::halfvec, '[1,2,3,4,5,6,7,8,9]'::halfvec)$e$),
    ($e$inner_product('[65504]'::halfvec, '[65504]'::halfvec)$e$),
    ($e$cosine_distance('[1,1]'::halfvec, '[-1,-1]'::halfvec)$e$),
    ($e$cosine_distance('[1,2]'::halfvec, '[0,0]'::halfvec)$e$),
    ($e$l1_distance('[1,2,3,4,5,6,7,8,9]'::halfvec, '[0,3,2,5,4,7,6,9,8]'::halfvec)$e$),
    ($e$halfvec_l2_squared_distance('[0,0]', '[3,4]')$e$),
    ($e$halfvec_negative_inner_product('[1,2]', '[3,4]')$e$),
    ($e$halfvec_spherical_distance('[1,0]', '[0,1]')$e$),
    ($e$halfvec_spherical_distance('[2,0]', '[2,0]')$e$),
    ($e$'[1,2]'::halfvec <-> '[3]'$e$),
    ($e$'[1,2]'::halfvec <#> '[3]'$e$),
    ($e$'[1,2]'::halfvec <=> '[3]'$e$),
    ($e$'[1,2]'::halfvec <+> '[3]'$e$),
    ($e$'[1,2]'::halfvec <-> NULL$e$)) t(e);

-- Every number of dimensions up to 100 is summed completely
SELECT count(*) FROM generate_series(1, 100) dims,
    LATERAL (SELECT array_agg(i)::halfvec AS a, array_agg(2 * i + 1)::halfvec AS b FROM generate_series(1, dims) i) v,
    LATERAL (SELECT sum((i + 1) ^ 2) AS l2, sum(i * (2 * i + 1)) AS ip, sum(i + 1) AS l1 FROM generate_series(1, dims) i) s
WHERE a <-> b <> sqrt(l2::float8) OR halfvec_l2_squared_distance(a, b) <> l2 OR a <#> b <> -ip OR a <+> b <> l1
    OR abs((a <=> b) - (1 - ip / sqrt((a <#> a) * (b <#> b)))) > 1e-6;

-- The distances are those of the same vectors as floats
SELECT count(*) FROM generate_series(1, 300) n,
    LATERAL (SELECT array_agg(sin(n * i))::halfvec AS a, array_agg(cos(n * i))::halfvec AS b FROM generate_series(1, n) i) v,
    LATERAL (SELECT a::vector AS fa, b::vector AS fb) f
WHERE greatest(abs((a <-> b) - (fa <-> fb)), abs((a <#> b) - (fa <#> fb)), abs((a <=> b) - (fa <=> fb)),
    abs((a <+> b) - (fa <+> fb))) > 1e-4;

-- Arithmetic
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$'[1,2,3]'::halfvec + '[4,5,6]'$e$),
    ($e$'[1,2,3]'::halfvec - '[4,5,6]'$e$),
    ($e$'[1,2,3]'::halfvec * '[4,5,6]'$e$),
    ($e$'[1,2,3]'::halfvec || '[4,5]'$e$),
    ($e$'[2048]'::halfvec + '[1]'$e$),
    ($e$'[0,-1]'::halfvec * '[1e-5,0]'$e$),
    ($e$'[1,2]'::halfvec + NULL$e$),
    ($e$'[1,2]'::halfvec + '[3]'$e$),
    ($e$'[65504]'::halfvec + '[16]'$e$),
    ($e$'[65504]'::halfvec + '[15]'$e$),
    ($e$'[-65504]'::halfvec - '[65504]'$e$),
    ($e$'[1,300]'::halfvec * '[1,-300]'$e$),
    ($e$'[1e-5]'::halfvec * '[1e-5]'$e$),
    ($e$vector_dims(array_fill(0, ARRAY[15999])::halfvec || '[1]')$e$),
    ($e$array_fill(0, ARRAY[16000])::halfvec || '[1]'$e$)) t(e);

-- Comparison: all operators and the order on pairs
SELECT a, b, a < b, a <= b, a = b, a <> b, a >= b, a > b, halfvec_cmp(a, b)
FROM (VALUES
    (0, '[1,2,3]'::halfvec, '[1,2,3]'::halfvec),
    (1, '[1,2,3]'::halfvec, '[0,0,0]'::halfvec),
    (2, '[1,2]'::halfvec, '[1,2,3]'::halfvec),
    (3, '[2,3]'::halfvec, '[1,2,3]'::halfvec),
    (4, '[0]'::halfvec, '[-0]'::halfvec),
    (5, '[6e-8]'::halfvec, '[0]'::halfvec),
    (6, '[-3]'::halfvec, '[-2]'::halfvec)) t(n, a, b)
ORDER BY n;

-- Norms and parts
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$l2_norm('[3,4]'::halfvec)$e$),
    ($e$l2_norm('[0,0]'::halfvec)$e$),
    ($e$l2_norm('[65504,65504]'::halfvec)::real$e$),
    ($e$l2_normalize('[3,4]'::halfvec)$e$),
    ($e$l2_normalize('[0,0]'::halfvec)$e$),
    ($e$l2_normalize('[65504]'::halfvec)$e$),
    ($e$l2_normalize('[-6e-8]'::halfvec)$e$),
    ($e$vector_dims('[1,2,3]'::halfvec)$e$),
    ($e$subvector('[1,2,3,4,5]'::halfvec, 3, 2)$e$),
    ($e$subvector('[1,2,3,4,5]'::halfvec, -1, 3)$e$),
    ($e$subvector('[1,2,3,4,5]'::halfvec, 3, 2147483647)$e$),
    ($e$subvector('[1,2,3,4,5]'::halfvec, 6, 1)$e$),
    ($e$subvector('[1,2,3,4,5]'::halfvec, 1, 0)$e$),
    ($e$binary_quantize('[-0,6e-8,-6e-8,1,0,2,-3,4,5]'::halfvec)$e$),
    ($e$bit_count(binary_quantize(array_fill(1, ARRAY[16000])::halfvec))$e$)) t(e);

-- Aggregates
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$(SELECT avg(v) FROM unnest(ARRAY['[1,2,3]'::halfvec, NULL, '[3,5,7]']) v)$e$),
    ($e$(SELECT avg(v) FROM unnest(ARRAY[]::halfvec[]) v)$e$),
    ($e$(SELECT avg(v) FROM unnest(ARRAY['[65504]'::halfvec, '[65504]']) v)$e$),
    ($e$(SELECT avg(v) FROM unnest(ARRAY['[1,2]'::halfvec, '[3]']) v)$e$),
    ($e$(SELECT avg(DISTINCT v) FROM unnest(ARRAY['[1,2]'::halfvec, '[1,2]', '[3,4]']) v)$e$),
    ($e$(SELECT sum(v) FROM unnest(ARRAY['[1,2,3]'::halfvec, NULL, '[3,5,7]']) v)$e$),
    ($e$(SELECT sum(v) FROM unnest(ARRAY[]::halfvec[]) v)$e$),
    ($e$(SELECT sum(v) FROM unnest(ARRAY['[65504]'::halfvec, '[65504]']) v)$e$),
    ($e$halfvec_accum('{1,1,2}', '[3,4]')$e$),
    ($e$halfvec_accum('{1,1,2}', '[3]')$e$),
    ($e$halfvec_accum('{}', '[1]')$e$),
    ($e$halfvec_combine('{1,2,3}', '{2,4,5}')$e$),
    ($e$halfvec_avg('{2,4,6}')$e$),
    ($e$halfvec_avg('{0}')$e$),
    ($e$halfvec_avg('{2}')$e$),
    ($e$halfvec_avg('{1,1e6}')$e$),
    ($e$halfvec_avg('{1,NaN}')$e$)) t(e);

-- In tables: storage, TOAST, btree, aggregates in parallel
SELECT typlen, typbyval, typalign, typstorage FROM pg_type WHERE oid = 'halfvec'::regtype;
SELECT pg_column_size('[1,2,3]'::halfvec), pg_column_size(array_fill(1, ARRAY[16000])::halfvec);
CREATE TABLE type_halfvec (id integer PRIMARY KEY, h halfvec);
INSERT INTO type_halfvec SELECT i, array_fill(i % 50, ARRAY[1 + i % 5 * 1000])::halfvec FROM generate_series(1, 1000) i;
SELECT count(*), count(DISTINCT h), sum(vector_dims(h)) FROM type_halfvec;
CREATE INDEX ON type_halfvec (h) WHERE vector_dims(h) = 1;
SET enable_seqscan = off;
SELECT id FROM type_halfvec WHERE vector_dims(h) = 1 AND h < '[6]' ORDER BY h, id LIMIT 3;
RESET enable_seqscan;
SELECT id FROM type_halfvec WHERE vector_dims(h) = 4001 ORDER BY h <-> array_fill(4, ARRAY[4001])::halfvec, id LIMIT 3;
DELETE FROM type_halfvec WHERE vector_dims(h) <> 1;
ALTER TABLE type_halfvec SET (parallel_workers = 2);
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT avg(h), sum(h) FROM type_halfvec;
SELECT avg(h), sum(h - h + '[1]') FROM type_halfvec;
DROP TABLE type_halfvec;

-- No function may lack what lets the planner move it; every object has a comment
SELECT p.oid::regprocedure FROM pg_proc p
WHERE prosrc ~ '^vecprov_(array_to_)?(halfvec|sparsevec|hamming|jaccard)' AND (provolatile <> 'i' OR NOT proisstrict OR proparallel <> 's');
SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend d
WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'vecprov') AND deptype = 'e'
    AND classid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_cast'::regclass, 'pg_opclass'::regclass)
    AND pg_describe_object(classid, objid, objsubid) ~ 'halfvec|sparsevec|bit'
    AND pg_describe_object(classid, objid, objsubid) !~ '\[\]$'
    AND obj_description(objid, classid::regclass::text) IS NULL;
