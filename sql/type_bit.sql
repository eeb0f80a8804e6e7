-- Distances between bit strings.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

SELECT e || ' -> ' || pg_temp.try(e) FROM (VALUES
    ($e$B'111' <~> B'111'$e$),
    ($e$B'111' <~> B'110'$e$),
    ($e$B'111' <~> B'000'$e$),
    ($e$hamming_distance('111', '100')$e$),
    ($e$hamming_distance('', '')$e$),
    ($e$B'1' <~> B'10'$e$),
    ($e$B'1' <~> NULL$e$),
    ($e$B'1111' <%> B'1111'$e$),
    ($e$B'1111' <%> B'1110'$e$),
    ($e$B'1111' <%> B'1100'$e$),
    ($e$B'1111' <%> B'0000'$e$),
    ($e$B'0000' <%> B'0000'$e$),
    ($e$jaccard_distance('1100', '1000')$e$),
    ($e$jaccard_distance('', '')$e$),
    ($e$B'1' <%> B'10'$e$),
    ($e$jaccard_distance('1', NULL)$e$)) t(e);

-- Every length up to 200, and long ones
SELECT count(*) FROM generate_series(1, 200) n,
    LATERAL (SELECT string_agg((i * i % 7 % 2)::text, '')::varbit AS a, string_agg((i % 3 % 2)::text, '')::varbit AS b,
        sum((i * i % 7 % 2 <> i % 3 % 2)::integer) AS differ, sum(i * i % 7 % 2 * (i % 3 % 2))::float8 AS common,
        sum(greatest(i * i % 7 % 2, i % 3 % 2)) AS either FROM generate_series(1, n) i) t
WHERE length(a) = n AND a <~> b = differ AND a <%> b = CASE common WHEN 0 THEN 1 ELSE 1 - common / either END;
SELECT repeat('10', 32000)::varbit::bit(64000) <~> repeat('1', 64000)::varbit::bit(64000),
    repeat('10', 32000)::varbit::bit(64000) <%> repeat('1', 64000)::varbit::bit(64000);

-- With binary_quantize
SELECT binary_quantize('[1,-1,0,2]'::vector)::bit(4) <~> binary_quantize('[1,1,0,-2]'::halfvec)::bit(4);
