-- Arithmetic and comparison of vectors.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

-- Arithmetic
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$'[1,2,3]'::vector + '[4,5,6]'$e$),
    ($e$'[1,2,3]'::vector - '[4,5,6]'$e$),
    ($e$'[1,2,3]'::vector * '[4,5,6]'$e$),
    ($e$'[1,2,3]'::vector || '[4,5]'$e$),
    ($e$'[1,2]'::vector + NULL$e$),
    ($e$NULL - '[1,2]'::vector$e$),
    ($e$NULL::vector * '[1]'$e$),
    ($e$'[1]'::vector || NULL$e$),
    ($e$vector_add('[1]', '[2]')$e$),
    ($e$vector_sub('[1]', '[2]')$e$),
    ($e$vector_mul('[2]', '[3]')$e$),
    ($e$vector_concat('[1]', '[2]')$e$),
    ($e$'[1e-37]'::vector * '[1e-8]'$e$),
    ($e$'[0,-1]'::vector * '[1e-37,0]'$e$),
    ($e$vector_dims(array_fill(0, ARRAY[15999])::vector || '[1]')$e$)) t(e);

-- Rejected
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$'[1,2]'::vector + '[3]'$e$),
    ($e$'[1,2]'::vector - '[3]'$e$),
    ($e$'[1,2]'::vector * '[3]'$e$),
    ($e$'[1,3e38]'::vector + '[1,3e38]'$e$),
    ($e$'[-3e38]'::vector + '[-3e38]'$e$),
    ($e$'[-3e38]'::vector - '[3e38]'$e$),
    ($e$'[1e37]'::vector * '[1e37]'$e$),
    ($e$'[1e-37]'::vector * '[1e-37]'$e$),
    ($e$'[1,1e37]'::vector * '[1e-37,-1e37]'$e$),
    ($e$array_fill(0, ARRAY[16000])::vector || '[1]'$e$),
    ($e$array_fill(0, ARRAY[16000])::vector || array_fill(0, ARRAY[16000])::vector$e$)) t(e);

-- Comparison: all operators and the order on pairs
SELECT a, b, a < b, a <= b, a = b, a <> b, a != b, a >= b, a > b, vector_cmp(a, b)
FROM (VALUES
    (0, '[1,2,3]'::vector, '[1,2,3]'::vector),
    (1, '[1,2,3]'::vector, '[0,0,0]'::vector),
    (2, '[0,0,0]'::vector, '[1,2,3]'::vector),
    (3, '[1,2]'::vector, '[1,2,3]'::vector),
    (4, '[1,2,3]'::vector, '[1,2]'::vector),
    (5, '[1,2]'::vector, '[2,3,4]'::vector),
    (6, '[2,3]'::vector, '[1,2,3]'::vector),
    (7, '[0]'::vector, '[-0]'::vector),
    (8, '[1e-45]'::vector, '[0]'::vector),
    (9, '[-3]'::vector, '[-2]'::vector)) t(n, a, b)
ORDER BY n;
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$NULL::vector = '[1]'$e$),
    ($e$'[1]'::vector < NULL$e$),
    ($e$vector_cmp('[1]', NULL)$e$),
    ($e$vector_cmp(NULL, NULL)$e$)) t(e);

-- Distances
SELECT '[0,0]'::vector <-> '[3,4]', '[1,2]'::vector <#> '[3,4]', '[1,0]'::vector <=> '[0,2]', '[0,0]'::vector <+> '[3,-4]';
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$'[1,2]'::vector <-> '[3]'$e$),
    ($e$'[1,2]'::vector <#> '[3]'$e$),
    ($e$'[1,2]'::vector <=> '[3]'$e$),
    ($e$'[1,2]'::vector <+> '[3]'$e$),
    ($e$'[1,2]'::vector <-> NULL$e$),
    ($e$'[1,2]'::vector <#> NULL$e$),
    ($e$'[1,2]'::vector <=> NULL$e$),
    ($e$'[1,2]'::vector <+> NULL$e$)) t(e);

-- Planner's facts
SELECT oprname,
    (SELECT c.oprname FROM pg_operator c WHERE c.oid = o.oprcom) AS commutator,
    (SELECT n.oprname FROM pg_operator n WHERE n.oid = o.oprnegate) AS negator,
    oprrest, oprjoin FROM pg_operator o
WHERE oprleft = 'vector'::regtype AND oprright = 'vector'::regtype
ORDER BY oprname;
