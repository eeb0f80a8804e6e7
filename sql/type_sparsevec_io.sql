-- Input and output of sparsevec, in text and binary form, its type modifier, its casts.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

-- What is accepted
SELECT input || ' -> ' || pg_temp.try(quote_literal(input) || '::sparsevec') FROM (VALUES
    ('{1:1.5,3:3.5}/5'),
    (' { 1 : 1.5 ,  3  :  3.5  } / 5 '),
    ('{3:1,1:2,2:3}/3'),
    ('{}/5'),
    ('{ }/5'),
    ('{1:0,2:1,3:-0}/3'),
    ('{0:0,9:0}/3'),
    ('{+1:+1}/+3'),
    ('{1:1e-45,2:3.4028235e38}/2'),
    ('{1000000000:1}/1000000000')) t(input);

-- What is rejected
SELECT input || ' -> ' || pg_temp.try(quote_literal(input) || '::sparsevec') FROM (VALUES
    (''),
    ('1:1'),
    ('[1,2]'),
    ('{'),
    ('{1'),
    ('{1:'),
    ('{1:1'),
    ('{1:1,'),
    ('{1:1,}/2'),
    ('{,1:1}/2'),
    ('{1:1}'),
    ('{1:1}/'),
    ('{1:1}5'),
    ('{1:1}/5x'),
    ('{1:1}/5 6'),
    ('{1 1}/5'),
    ('{x:1}/5'),
    ('{1:x}/5'),
    ('{1:1]/5'),
    ('{1:1:1}/5'),
    ('{1.5:1}/5'),
    ('{1:NaN}/5'),
    ('{1:-Infinity}/5'),
    ('{1:4e38}/5'),
    ('{1:1e-46}/5'),
    ('{0:1}/5'),
    ('{-1:1}/5'),
    ('{6:1}/5'),
    ('{99999999999999999999:1}/5'),
    ('{-99999999999999999999:1}/5'),
    ('{1:1,1:2}/5'),
    ('{2:1,1:1,2:2}/5'),
    ('{}/0'),
    ('{}/-1'),
    ('{}/1000000001'),
    ('{}/99999999999999999999')) t(input);
\set VERBOSITY terse
SELECT 'x'::sparsevec;
\set VERBOSITY default
SELECT '{1:1}'::sparsevec;
SELECT '{1:1}/2 x'::sparsevec;

-- The most elements
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$length(('{' || (SELECT string_agg(i || ':1', ',') FROM generate_series(1, 16000) i) || '}/16000')::sparsevec::text)$e$),
    ($e$length(('{' || (SELECT string_agg(i || ':1', ',') FROM generate_series(16000, 1, -1) i) || '}/999999999')::sparsevec::text)$e$),
    ($e$('{' || (SELECT string_agg(i || ':1', ',') FROM generate_series(1, 16001) i) || '}/16001')::sparsevec$e$),
    ($e$array_fill(1, ARRAY[16001])::sparsevec$e$),
    ($e$array_fill(0, ARRAY[100000])::sparsevec$e$)) t(e);

-- Type modifier
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$'{1:1}/3'::sparsevec(3)$e$),
    ($e$'{1:1}/3'::sparsevec(2)$e$),
    ($e$'{1:1}/3'::sparsevec(3, 2)$e$),
    ($e$'{1:1}/3'::sparsevec('a')$e$),
    ($e$'{1:1}/3'::sparsevec(0)$e$),
    ($e$'{1:1}/1000000000'::sparsevec(1000000000)$e$),
    ($e$'{1:1}/3'::sparsevec(1000000001)$e$),
    ($e$'{1:1}/3'::sparsevec::sparsevec(2)$e$),
    ($e$NULL::sparsevec(2)$e$)) t(e);

-- Binary: int32 dimensions, int32 elements, int32 0, indices from 0, values
SELECT sparsevec_send('{1:1.5,3:-3.5}/5');
SELECT pg_temp.receive(sparsevec_send(v::sparsevec), t) FROM (VALUES
    ('{1:1.5,3:-3.5}/5', 'sparsevec'), ('{}/1000000000', 'sparsevec'), ('{3:1}/3', 'sparsevec(3)'), ('{3:1}/4', 'sparsevec(3)')) t(v, t);
SELECT field || ' -> ' || pg_temp.receive(decode(replace(field, ' ', ''), 'hex'), 'sparsevec') FROM (VALUES
    ('00000000 00000000 00000000'),
    ('ffffffff 00000000 00000000'),
    ('3b9aca01 00000000 00000000'),
    ('00000003 ffffffff 00000000'),
    ('00000003 00000004 00000000'),
    ('00004000 00003e81 00000000'),
    ('00000003 00000000 00000001'),
    ('00000003 00000001 00000000 ffffffff 3f800000'),
    ('00000003 00000001 00000000 00000003 3f800000'),
    ('00000003 00000002 00000000 00000001 00000000 3f800000 3f800000'),
    ('00000003 00000002 00000000 00000001 00000001 3f800000 3f800000'),
    ('00000003 00000001 00000000 00000001 00000000'),
    ('00000003 00000001 00000000 00000001 80000000'),
    ('00000003 00000001 00000000 00000001 7fc00000'),
    ('00000003 00000001 00000000 00000001 ff800000'),
    ('00000003 00000001 00000000 00000001'),
    ('00000003 00000001 00000000 00000001 3f800000 00')) t(field);

-- Casts
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$ARRAY[1,0,3]::sparsevec$e$),
    ($e$ARRAY[1.5,0,-0.0]::real[]::sparsevec$e$),
    ($e$ARRAY[0,1e-50,-3]::double precision[]::sparsevec$e$),
    ($e$ARRAY[0,1.25]::numeric[]::sparsevec$e$),
    ($e$'[5:7]={1,0,3}'::integer[]::sparsevec$e$),
    ($e$ARRAY[1,0,3]::sparsevec(2)$e$),
    ($e$'{}'::real[]::sparsevec$e$),
    ($e$'{1,NULL}'::numeric[]::sparsevec$e$),
    ($e$'{{1,2},{3,4}}'::real[]::sparsevec$e$),
    ($e$'{NaN}'::real[]::sparsevec$e$),
    ($e$'{1,Infinity}'::float8[]::sparsevec$e$),
    ($e$'{1e39}'::float8[]::sparsevec$e$),
    ($e$ARRAY['1']::text[]::sparsevec$e$),
    ($e$'[1,0,-0,4]'::vector::sparsevec$e$),
    ($e$'[1,0,-0,4]'::halfvec::sparsevec$e$),
    ($e$'{2:0.1}/3'::sparsevec::vector$e$),
    ($e$'{2:0.1}/3'::sparsevec::halfvec$e$),
    ($e$'{2:1e-9}/3'::sparsevec::halfvec$e$),
    ($e$'{2:65520}/3'::sparsevec::halfvec$e$),
    ($e$'{2:1}/3'::sparsevec::vector(4)$e$),
    ($e$'{2:1}/3'::sparsevec::halfvec(4)$e$),
    ($e$'[1,2]'::vector::sparsevec(3)$e$),
    ($e$'[1,2]'::halfvec::sparsevec(3)$e$),
    ($e$vector_dims('{2:1}/16000'::sparsevec::vector)$e$),
    ($e$'{2:1}/16001'::sparsevec::vector$e$),
    ($e$'{2:1}/16001'::sparsevec::halfvec$e$),
    ($e$'{2:1}/3'::sparsevec::real[]$e$)) t(e);
CREATE TEMP TABLE cast_target (s sparsevec(3), v vector(3), h halfvec(3));
INSERT INTO cast_target VALUES ('[1,0,3]'::vector, '{2:1}/3'::sparsevec, '{2:1}/3'::sparsevec);
INSERT INTO cast_target VALUES ('[1,0,3]'::halfvec, NULL, NULL), (ARRAY[0,1.5,0], NULL, NULL);
SELECT * FROM cast_target ORDER BY s, v;
SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$'{2:1}/2'::sparsevec <-> '[1,4]'::vector$e$),
    ($e$'[1,4]'::halfvec <-> '{2:1}/2'::sparsevec$e$),
    ($e$'{2:1}/2'::sparsevec <-> ARRAY[1,4]$e$)) t(e);
