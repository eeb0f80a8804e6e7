-- Text input and output of vector, and its type modifier.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

-- What is accepted
SELECT input || ' -> ' || pg_temp.try(quote_literal(input) || '::vector') FROM (VALUES
    ('[1,2,3]'),
    ('[-1,-2,-3]'),
    ('[1.,.5,+3.25]'),
    (' [ 1,  2 ,    3  ] '),
    ('[0,-0,0e9,-0.0]'),
    ('[1.23456]'),
    ('[123456789,0.000012345]'),
    ('[1e3,1E+3,1e-3,1e003]'),
    ('[1.5e38,-1.5e+38,1.5e-38]'),
    ('[0x10,0x1p-1]'),
    ('[3.4028235e38,-3.4028235e38]'),
    ('[1.17549435e-38,1e-45]'),
    ('[1e-46,-1e-46,1e-999]')) t(input);

SELECT E'\t[\n1\r,\x0b2\f]\t'::vector;

-- What is rejected
SELECT input || ' -> ' || pg_temp.try(quote_literal(input) || '::vector') FROM (VALUES
    (''),
    (' '),
    ('1,2,3'),
    ('{1,2,3}'),
    ('['),
    ('[ '),
    ('[,'),
    ('[]'),
    ('[ ]'),
    ('[,]'),
    ('[1,]'),
    ('[1,2,3'),
    ('[1,2,3 '),
    ('[1 2]'),
    ('[1,,3]'),
    ('[1, ,3]'),
    ('[,1]'),
    ('[1,2,3]9'),
    ('[1,2,3]]'),
    ('[[1]]'),
    ('[hello,1]'),
    ('[1a]'),
    ('[1e]'),
    ('[1e+]'),
    ('[.]'),
    ('[-]'),
    ('[--1]'),
    ('[1_0]'),
    ('[1;2]'),
    ('[true]'),
    ('[NaN,1]'),
    ('[1,nan]'),
    ('[Infinity,1]'),
    ('[1,-Infinity]'),
    ('[inf]'),
    ('[4e38,1]'),
    ('[-4e38,1]'),
    ('[3.4028236e38]'),
    ('[1e999]')) t(input);

-- The detail of a message
SELECT 'x'::vector;
SELECT '[1] x'::vector;

-- Every text becomes the nearest float: ties go to the even one, and the
-- smallest excess over a tie counts.
SELECT input || ' -> ' || pg_temp.try(quote_literal(input) || '::vector') FROM (VALUES
    ('[16777217,16777217.0,1.6777217e7]'),
    ('[16777217.0000001,16777216.9999999]'),
    ('[16777219,-16777219]'),
    ('[16777217.000000000000000000000000001]'),
    ('[1.00000005960464477539062,1.000000059604644775390625,1.00000005960464477539063]'),
    ('[0.1,0.10000000149011612,0.100000000000000000000000000000000000001]')) t(input);
SELECT count(*) AS differs FROM generate_series(1, 20000) i,
    LATERAL (SELECT (mod(i::numeric * 7919 * 104729, 1000003) - 500000)::float8 / 500000 *
        10::float8 ^ (i % 70 - 35) AS x) s,
    LATERAL (VALUES (x::text), ((x::numeric / 7)::text)) t(input)
WHERE ('[' || input || ']')::vector <> ARRAY[input::real]::vector;

-- Output reads back as the same vector
SELECT '[0.1,1e20,1e-20,16777216,3.4028235e38,1e-45,-0,100000,1000000]'::vector;
SELECT count(*) AS differs FROM generate_series(1, 20000) i,
    LATERAL (SELECT (mod(i::numeric * 7919 * 104729, 1000003) - 500000)::float8 / 500000 *
        10::float8 ^ (i % 70 - 35) AS x) s
WHERE ARRAY[x, i]::vector::text::vector <> ARRAY[x, i]::vector;

-- The most dimensions
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$vector_dims(array_fill(1.5, ARRAY[16000])::vector::text::vector)$e$),
    ($e$length(array_fill(-1.17549435e-38::real, ARRAY[16000])::vector::text)$e$),
    ($e$vector_dims(('[' || repeat('1,', 15999) || '1]')::vector)$e$),
    ($e$vector_dims(('[' || repeat('1,', 16000) || '1]')::vector)$e$)) t(e);

-- Type modifier
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$'[1,2,3]'::vector(3)$e$),
    ($e$'[1,2,3]'::vector(2)$e$),
    ($e$'[1,2,3]'::vector(4)$e$),
    ($e$'[1,2,3]'::vector(3, 2)$e$),
    ($e$'[1,2,3]'::vector('a')$e$),
    ($e$'[1,2,3]'::vector(0)$e$),
    ($e$'[1,2,3]'::vector(-1)$e$),
    ($e$'[1,2,3]'::vector(16001)$e$),
    ($e$'[1,2,3]'::vector(16000)$e$),
    ($e$format_type('vector'::regtype, 3)$e$),
    ($e$'{"[1,2,3]","[4,5,6]"}'::vector[]$e$),
    ($e$'{"[1,2,3]"}'::vector(2)[]$e$),
    ($e$NULL::vector(3)$e$)) t(e);
