-- Functions of vectors.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

-- Distances
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$l2_distance('[0,0]'::vector, '[3,4]'::vector)$e$),
    ($e$l2_distance('[0,0]'::vector, '[0,1]'::vector)$e$),
    ($e$l2_distance('[1,1,1,1,1,1,1,1,1]'::vector, '[1,1,1,1,1,1,1,4,5]'::vector)$e$),
    ($e$l2_distance('[3e38]'::vector, '[-3e38]'::vector)$e$),
    ($e$l2_distance('[1,2]'::vector, '[3]'::vector)$e$),
    ($e$l2_distance(NULL, '[3]'::vector)$e$),
    ($e$l2_distance('[3]'::vector, NULL)$e$),
    ($e$vector_l2_squared_distance('[0,0]'::vector, '[3,4]'::vector)$e$),
    ($e$vector_l2_squared_distance('[1e20]'::vector, '[-1e20]'::vector)$e$),
    ($e$vector_l2_squared_distance('[1,2]'::vector, '[3]'::vector)$e$),
    ($e$vector_l2_squared_distance(NULL, '[3]'::vector)$e$),
    ($e$vector_l2_squared_distance('[3]'::vector, NULL)$e$),
    ($e$inner_product('[1,2]'::vector, '[3,4]'::vector)$e$),
    ($e$inner_product('[1,1,1,1,1,1,1,1,1]'::vector, '[1,2,3,4,5,6,7,8,9]'::vector)$e$),
    ($e$inner_product('[3e38]'::vector, '[3e38]'::vector)$e$),
    ($e$inner_product('[3e38]'::vector, '[-3e38]'::vector)$e$),
    ($e$inner_product('[1,2]'::vector, '[3]'::vector)$e$),
    ($e$inner_product(NULL, '[3]'::vector)$e$),
    ($e$inner_product('[3]'::vector, NULL)$e$),
    ($e$vector_negative_inner_product('[1,2]'::vector, '[3,4]'::vector)$e$),
    ($e$vector_negative_inner_product('[3e38]'::vector, '[3e38]'::vector)$e$),
    ($e$vector_negative_inner_product('[1,2]'::vector, '[3]'::vector)$e$),
    ($e$vector_negative_inner_product(NULL, '[3]'::vector)$e$),
    ($e$vector_negative_inner_product('[3]'::vector, NULL)$e$),
    ($e$cosine_distance('[1,2]'::vector, '[2,4]'::vector)$e$),
    ($e$cosine_distance('[1,0]'::vector, '[0,2]'::vector)$e$),
    ($e$cosine_distance('[1,1]'::vector, '[1,1]'::vector)$e$),
    ($e$cosine_distance('[1,1]'::vector, '[-1,-1]'::vector)$e$),
    ($e$round(cosine_distance('[1,1]'::vector, '[-1.1,-1.1]'::vector)::numeric, 6)$e$),
    ($e$cosine_distance('[1,2,3,4,5,6,7,8,9]'::vector, '[-1,-2,-3,-4,-5,-6,-7,-8,-9]'::vector)$e$),
    ($e$cosine_distance('[1,2]'::vector, '[0,0]'::vector)$e$),
    ($e$cosine_distance('[0]'::vector, '[0]'::vector)$e$),
    ($e$cosine_distance('[3e38]'::vector, '[3e38]'::vector)$e$),
    ($e$cosine_distance('[1,2]'::vector, '[3]'::vector)$e$),
    ($e$cosine_distance(NULL, '[3]'::vector)$e$),
    ($e$cosine_distance('[3]'::vector, NULL)$e$),
    ($e$l1_distance('[0,0]'::vector, '[3,4]'::vector)$e$),
    ($e$l1_distance('[1,2,3,4,5,6,7,8,9]'::vector, '[0,3,2,5,4,7,6,9,8]'::vector)$e$),
    ($e$l1_distance('[3e38]'::vector, '[-3e38]'::vector)$e$),
    ($e$l1_distance('[1,2]'::vector, '[3]'::vector)$e$),
    ($e$l1_distance(NULL, '[3]'::vector)$e$),
    ($e$l1_distance('[3]'::vector, NULL)$e$),
    ($e$vector_spherical_distance('[1,0]'::vector, '[0,1]'::vector)$e$),
    ($e$vector_spherical_distance('[1,0]'::vector, '[1,0]'::vector)$e$),
    ($e$vector_spherical_distance('[1,0]'::vector, '[-1,0]'::vector)$e$),
    ($e$vector_spherical_distance('[2,0]'::vector, '[2,0]'::vector)$e$),
    ($e$vector_spherical_distance('[1,2]'::vector, '[3]'::vector)$e$),
    ($e$vector_spherical_distance(NULL, '[3]'::vector)$e$),
    ($e$vector_spherical_distance('[3]'::vector, NULL)$e$)) t(e);

-- Every number of dimensions up to 100 is summed completely
SELECT count(*) FROM generate_series(1, 100) dims,
    LATERAL (SELECT array_agg(i)::vector AS a, array_agg(2 * i + 1)::vector AS b FROM generate_series(1, dims) i) v,
    LATERAL (SELECT sum((i + 1) ^ 2) AS l2, sum(i * (2 * i + 1)) AS ip, sum(i + 1) AS l1 FROM generate_series(1, dims) i) s
WHERE a <-> b <> sqrt(l2::float8) OR vector_l2_squared_distance(a, b) <> l2 OR a <#> b <> -ip OR a <+> b <> l1
    OR abs((a <=> b) - (1 - ip / sqrt((a <#> a) * (b <#> b)))) > 1e-6;
SELECT array_fill(1, ARRAY[16000])::vector <-> array_fill(3, ARRAY[16000])::vector = sqrt(64000::float8),
    array_fill(1, ARRAY[16000])::vector <#> array_fill(3, ARRAY[16000])::vector,
    array_fill(1, ARRAY[16000])::vector <+> array_fill(3, ARRAY[16000])::vector,
    round((array_fill(1, ARRAY[16000])::vector <=> array_fill(-3, ARRAY[16000])::vector)::numeric, 6);

-- Norms
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$vector_norm('[3,4]')$e$),
    ($e$vector_norm('[0,1]')$e$),
    ($e$vector_norm('[0,0]')$e$),
    ($e$vector_norm('[2]')$e$),
    ($e$vector_norm('[3e37,4e37]')::real$e$),
    ($e$vector_norm('[3e-43,4e-43]') > 0$e$),
    ($e$vector_norm(NULL)$e$),
    ($e$l2_normalize('[3,4]'::vector)$e$),
    ($e$l2_normalize('[3,0]'::vector)$e$),
    ($e$l2_normalize('[0,0.1]'::vector)$e$),
    ($e$l2_normalize('[0,0]'::vector)$e$),
    ($e$l2_normalize('[3e38]'::vector)$e$),
    ($e$l2_normalize('[-1e-45]'::vector)$e$),
    ($e$l2_normalize(NULL::vector)$e$)) t(e);

-- Parts
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$vector_dims('[1,2,3]'::vector)$e$),
    ($e$vector_dims(NULL::vector)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 1, 3)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 3, 2)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 5, 1)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 1, 5)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, -1, 3)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 0, 2)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 3, 9)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 3, 2147483647)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, -2147483644, 2147483647)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 1, 0)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 3, -1)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, -1, 2)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 6, 1)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 2147483647, 10)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 2147483647, 2147483647)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, -2147483648, -2147483648)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, -2147483648, 2147483647)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, NULL, 1)$e$),
    ($e$subvector('[1,2,3,4,5]'::vector, 1, NULL)$e$),
    ($e$binary_quantize('[1,0,-1]'::vector)$e$),
    ($e$binary_quantize('[-0,1e-45,-1e-45]'::vector)$e$),
    ($e$binary_quantize('[0,0.1,-0.2,-0.3,0.4,0.5,0.6,-0.7]'::vector)$e$),
    ($e$binary_quantize('[0,0.1,-0.2,-0.3,0.4,0.5,0.6,-0.7,0.8,-0.9,1]'::vector)$e$),
    ($e$binary_quantize('[1,2,3,-4,5,6,-7,8,1,-2,-3,4,5,-6,7,8,-1,2,3]'::vector)$e$),
    ($e$length(binary_quantize(array_fill(1, ARRAY[16000])::vector))$e$),
    ($e$bit_count(binary_quantize(array_fill(1, ARRAY[16000])::vector))$e$),
    ($e$binary_quantize(NULL::vector)$e$)) t(e);

-- No function may lack what lets the planner move it
SELECT p.oid::regprocedure FROM pg_proc p
WHERE prosrc ~ '^vecprov_(vector|array_to_vector)' AND (provolatile <> 'i' OR NOT proisstrict OR proparallel <> 's')
ORDER BY 1;
