-- Casts between vector and arrays.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

-- From arrays
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$ARRAY[1,2,3]::vector$e$),
    ($e$ARRAY[1.5,2,3]::vector$e$),
    ($e$ARRAY[1,2,3]::real[]::vector$e$),
    ($e$ARRAY[1,2,3]::double precision[]::vector$e$),
    ($e$ARRAY[-1.25,1e-10]::numeric[]::vector$e$),
    ($e$ARRAY[16777217,-2147483648]::vector$e$),
    ($e$'[5:7]={1,2,3}'::integer[]::vector$e$),
    ($e$ARRAY[1,2,3]::vector(3)$e$),
    ($e$ARRAY[1,2,3]::vector(2)$e$),
    ($e$'{1,2,3}'::real[]::vector(4)$e$),
    ($e$'{1,2,3}'::float8[]::vector(2)$e$),
    ($e$'{1,2,3}'::numeric[]::vector(2)$e$),
    ($e$'{1e-46,-1e-46}'::float8[]::vector$e$),
    ($e$'{0.1,3.4028235e38}'::float8[]::vector$e$),
    ($e$NULL::integer[]::vector$e$),
    ($e$vector_dims(array_fill(0, ARRAY[16000])::vector)$e$)) t(e);

-- Rejected
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$'{}'::integer[]::vector$e$),
    ($e$'{}'::real[]::vector$e$),
    ($e$'{}'::double precision[]::vector$e$),
    ($e$'{}'::numeric[]::vector$e$),
    ($e$'{1,NULL}'::integer[]::vector$e$),
    ($e$'{1,NULL}'::real[]::vector$e$),
    ($e$'{1,NULL}'::double precision[]::vector$e$),
    ($e$'{1,NULL}'::numeric[]::vector$e$),
    ($e$'{{1,2},{3,4}}'::integer[]::vector$e$),
    ($e$'{{1,2},{3,4}}'::real[]::vector$e$),
    ($e$'{{1,2},{3,4}}'::double precision[]::vector$e$),
    ($e$'{{1,2},{3,4}}'::numeric[]::vector$e$),
    ($e$'{{1}}'::real[]::vector$e$),
    ($e$'{{NULL}}'::real[]::vector$e$),
    ($e$'{NaN}'::real[]::vector$e$),
    ($e$'{1,Infinity}'::real[]::vector$e$),
    ($e$'{-Infinity}'::real[]::vector$e$),
    ($e$'{NaN}'::float8[]::vector$e$),
    ($e$'{Infinity}'::float8[]::vector$e$),
    ($e$'{4e38,1}'::float8[]::vector$e$),
    ($e$'{1,-4e38}'::float8[]::vector$e$),
    ($e$'{NaN}'::numeric[]::vector$e$),
    ($e$'{Infinity}'::numeric[]::vector$e$),
    ($e$'{4e38}'::numeric[]::vector$e$),
    ($e$array_fill(0, ARRAY[16001])::vector$e$),
    ($e$array_fill(0::numeric, ARRAY[16001])::vector$e$),
    ($e$ARRAY['1']::text[]::vector$e$),
    ($e$ARRAY[true]::vector$e$)) t(e);

-- An array with a bitmap of nulls, but no null
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$(array_append(ARRAY[NULL]::integer[], 2))[2:2]::vector$e$),
    ($e$(array_append(ARRAY[NULL]::real[], 2))[2:2]::vector$e$),
    ($e$(array_append(ARRAY[NULL]::double precision[], 2))[2:2]::vector$e$),
    ($e$(array_append(ARRAY[NULL]::numeric[], 2))[2:2]::vector$e$)) t(e);

-- To arrays
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$'[1,2.5,-3]'::vector::real[]$e$),
    ($e$array_length('[1,2,3]'::vector::real[], 1)$e$),
    ($e$'[0.1,1e-45]'::vector::real[]::vector$e$),
    ($e$NULL::vector::real[]$e$),
    ($e$vector_to_float4('[1,2]', -1, false)$e$),
    ($e$pg_typeof('[1,2]'::vector::real[])$e$)) t(e);

-- Contexts: arrays become vectors where they are assigned, vectors arrays anywhere
CREATE TEMP TABLE cast_target (v vector(3), r real[]);
INSERT INTO cast_target VALUES (ARRAY[1,2,3], '[4,5,6]'::vector);
INSERT INTO cast_target VALUES (ARRAY[1.5,2,3], NULL);
INSERT INTO cast_target VALUES ('{7,8,9}'::double precision[], NULL), ('{7,8,9}'::real[], NULL);
SELECT * FROM cast_target ORDER BY v;
CREATE FUNCTION pg_temp.takes_array(real[]) RETURNS integer LANGUAGE sql AS 'SELECT cardinality($1)';
CREATE FUNCTION pg_temp.takes_vector(vector) RETURNS integer LANGUAGE sql AS 'SELECT vector_dims($1)';
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$pg_temp.takes_array('[1,2]'::vector)$e$),
    ($e$pg_temp.takes_vector(ARRAY[1,2]::real[])$e$),
    ($e$pg_temp.takes_vector(ARRAY[1,2])$e$),
    ($e$'[1,2]'::vector::integer[]$e$)) t(e);
SELECT castsource::regtype, casttarget::regtype, castcontext, castmethod FROM pg_cast
WHERE 'vector'::regtype IN (castsource, casttarget)
    AND castsource::regtype::text IN ('vector', 'integer[]', 'real[]', 'double precision[]', 'numeric[]')
    AND casttarget::regtype::text IN ('vector', 'real[]')
ORDER BY casttarget::regtype::text COLLATE "C", castsource::regtype::text COLLATE "C";
