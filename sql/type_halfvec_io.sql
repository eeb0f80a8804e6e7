-- Input and output of halfvec, in text and binary form, its type modifier, its casts.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

-- What is accepted
SELECT input || ' -> ' || pg_temp.try(quote_literal(input) || '::halfvec') FROM (VALUES
    ('[1,2,3]'),
    ('[1.,.5,+3.25]'),
    (' [ 1,  2 ,    3  ] '),
    ('[0,-0,0e9,-0.0]'),
    ('[1.23456]'),
    ('[0x10,0x1p-1]'),
    ('[65504,-65504,65519.99]'),
    ('[6.103515625e-05,5.9604645e-08,1e-8,-1e-50]')) t(input);

-- What is rejected
SELECT input || ' -> ' || pg_temp.try(quote_literal(input) || '::halfvec') FROM (VALUES
    (''),
    ('1,2,3'),
    ('{1,2,3}'),
    ('['),
    ('[]'),
    ('[1,]'),
    ('[1,2,3'),
    ('[1 2]'),
    ('[,1]'),
    ('[1}'),
    ('[1,2,3]9'),
    ('[hello,1]'),
    ('[NaN,1]'),
    ('[1,-Infinity]'),
    ('[65520]'),
    ('[1,-65520]'),
    ('[4e38,1]'),
    ('[65520,x]'),
    ('[x,65520]')) t(input);
SELECT 'x'::halfvec;

-- To the nearest half, ties to the even one
SELECT '[2049,2051,2049.0001,2050.9999,1.0004882812,1.00048828125,1.0004882813]'::halfvec;
SELECT '[2.98e-8,2.980232238769531e-08,2.9802323e-08,8.940697e-08]'::halfvec;
SELECT '[6.1005353e-05,6.1e-05]'::halfvec;

-- Every half that is a number, out and in again
CREATE TEMP TABLE halves AS
SELECT i, CASE WHEN i / 1024 % 32 = 0 THEN i % 1024 * 2::float8 ^ -24
    ELSE (1024 + i % 1024) * 2::float8 ^ (i / 1024 % 32 - 25) END * CASE WHEN i < 32768 THEN 1 ELSE -1 END AS value
FROM generate_series(0, 65535) i WHERE i / 1024 % 32 < 31;
SELECT count(*), count(DISTINCT value), min(value), max(value) FROM halves;
SELECT count(*) FROM halves, LATERAL (SELECT ARRAY[value]::halfvec AS h) t
WHERE h::real[] <> ARRAY[value::real] OR h::text::halfvec <> h
    OR halfvec_send(h) <> '\x00010000'::bytea || substr(int4send(i), 3) OR h::vector::halfvec <> h;

-- The most dimensions
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$vector_dims(array_fill(1.5, ARRAY[16000])::halfvec::text::halfvec)$e$),
    ($e$length(array_fill(-5.9604645e-08, ARRAY[16000])::halfvec::text)$e$),
    ($e$vector_dims(('[' || repeat('1,', 15999) || '1]')::halfvec)$e$),
    ($e$vector_dims(('[' || repeat('1,', 16000) || '1]')::halfvec)$e$),
    ($e$vector_dims(array_fill(0, ARRAY[16001])::halfvec)$e$)) t(e);

-- Type modifier
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$'[1,2,3]'::halfvec(3)$e$),
    ($e$'[1,2,3]'::halfvec(2)$e$),
    ($e$'[1,2,3]'::halfvec(3, 2)$e$),
    ($e$'[1,2,3]'::halfvec('a')$e$),
    ($e$'[1,2,3]'::halfvec(0)$e$),
    ($e$'[1,2,3]'::halfvec(16000)$e$),
    ($e$'[1,2,3]'::halfvec(16001)$e$),
    ($e$'[1,2,3]'::halfvec::halfvec(2)$e$),
    ($e$NULL::halfvec(2)$e$)) t(e);

-- Binary: int16 dimensions, int16 0, halves
SELECT halfvec_send('[1,-2.5,0,-0,5.9604645e-08,65504]');
SELECT pg_temp.receive(halfvec_send(v::halfvec), t) FROM (VALUES
    ('[1,-2.5,0,-0,5.9604645e-08,65504]', 'halfvec'), ('[1,2,3]', 'halfvec(3)'), ('[1,2]', 'halfvec(3)')) t(v, t);
SELECT field || ' -> ' || pg_temp.receive(decode(field, 'hex'), 'halfvec') FROM (VALUES
    ('00000000'), ('ffff0000'), ('3e810000'),
    ('000100013c00'), ('0001ffff3c00'),
    ('000100007c00'), ('00010000fc00'), ('000100007e00'), ('000100007c01'), ('000200003c007c00'),
    (''), ('00'), ('00010000'), ('000100003c'), ('000200003c00'), ('000100003c0000')) t(field);

-- Casts from arrays
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$ARRAY[1,2,3]::halfvec$e$),
    ($e$ARRAY[1.5,2,3]::real[]::halfvec$e$),
    ($e$ARRAY[1.5,2,3]::double precision[]::halfvec$e$),
    ($e$ARRAY[-1.25,1e-10]::numeric[]::halfvec$e$),
    ($e$'[5:7]={1,2,3}'::integer[]::halfvec$e$),
    ($e$ARRAY[1,2,3]::halfvec(2)$e$),
    ($e$'{}'::real[]::halfvec$e$),
    ($e$'{1,NULL}'::numeric[]::halfvec$e$),
    ($e$'{{1,2},{3,4}}'::real[]::halfvec$e$),
    ($e$'{NaN}'::real[]::halfvec$e$),
    ($e$'{1,-Infinity}'::float8[]::halfvec$e$),
    ($e$ARRAY[65519]::halfvec$e$),
    ($e$ARRAY[65520]::halfvec$e$),
    ($e$ARRAY[-1e5]::real[]::halfvec$e$),
    ($e$ARRAY[1e300]::float8[]::halfvec$e$),
    ($e$ARRAY['NaN','65520']::float8[]::halfvec$e$),
    ($e$ARRAY['1']::text[]::halfvec$e$)) t(e);

-- Casts among types
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$'[1,2.5,-3]'::halfvec::real[]$e$),
    ($e$'[0.1,-0]'::halfvec::vector$e$),
    ($e$'[0.1,-0,1e-9]'::vector::halfvec$e$),
    ($e$'[1,2]'::halfvec::vector(3)$e$),
    ($e$'[1,2]'::vector::halfvec(3)$e$),
    ($e$'[1,70000]'::vector::halfvec$e$),
    ($e$'[-65520]'::vector::halfvec$e$),
    ($e$NULL::vector::halfvec$e$),
    ($e$'[1,2]'::halfvec::integer[]$e$)) t(e);

-- Contexts: a vector becomes a halfvec anywhere, the rest where it is assigned
CREATE TEMP TABLE cast_target (h halfvec(3), v vector(3), r real[]);
INSERT INTO cast_target VALUES ('[1,2,3]'::vector, '[1,2,3]'::halfvec, '[4,5,6]'::halfvec);
INSERT INTO cast_target VALUES (ARRAY[1.5,2,3], NULL, NULL), ('{7,8,9}'::double precision[], NULL, NULL);
SELECT * FROM cast_target ORDER BY h;
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$'[1,2]'::halfvec <-> '[1,4]'::vector$e$),
    ($e$'[1,2]'::vector <-> '[1,4]'::halfvec$e$),
    ($e$l2_distance('[1,2]'::halfvec, '[1,4]')$e$),
    ($e$'[1,2]'::halfvec <-> ARRAY[1,2]$e$),
    ($e$vector_norm('[1,2]'::halfvec)$e$),
    ($e$l2_distance('[1]', '[2]')$e$)) t(e);
