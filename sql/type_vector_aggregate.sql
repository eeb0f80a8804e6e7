-- Aggregates of vectors.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

-- avg and sum
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$(SELECT avg(v) FROM unnest(ARRAY['[1,2,3]'::vector, '[3,5,7]']) v)$e$),
    ($e$(SELECT avg(v) FROM unnest(ARRAY['[1,2,3]'::vector, NULL, '[3,5,7]', NULL]) v)$e$),
    ($e$(SELECT avg(v) FROM unnest(ARRAY['[1,2,3]'::vector]) v)$e$),
    ($e$(SELECT avg(v) FROM unnest(ARRAY[NULL, NULL]::vector[]) v)$e$),
    ($e$(SELECT avg(v) FROM unnest(ARRAY[]::vector[]) v)$e$),
    ($e$(SELECT avg(DISTINCT v) FROM unnest(ARRAY['[1,2]'::vector, '[1,2]', '[3,4]']) v)$e$),
    ($e$(SELECT avg(v) FROM unnest(ARRAY['[1,2]'::vector, '[3]']) v)$e$),
    ($e$(SELECT avg(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v)$e$),
    ($e$(SELECT sum(v) FROM unnest(ARRAY['[1,2,3]'::vector, '[3,5,7]']) v)$e$),
    ($e$(SELECT sum(v) FROM unnest(ARRAY['[1,2,3]'::vector, NULL, '[3,5,7]', NULL]) v)$e$),
    ($e$(SELECT sum(v) FROM unnest(ARRAY['[1,2,3]'::vector]) v)$e$),
    ($e$(SELECT sum(v) FROM unnest(ARRAY[NULL, NULL]::vector[]) v)$e$),
    ($e$(SELECT sum(v) FROM unnest(ARRAY[]::vector[]) v)$e$),
    ($e$(SELECT sum(DISTINCT v) FROM unnest(ARRAY['[1,2]'::vector, '[1,2]', '[3,4]']) v)$e$),
    ($e$(SELECT sum(v) FROM unnest(ARRAY['[1,2]'::vector, '[3]']) v)$e$),
    ($e$(SELECT sum(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v)$e$)) t(e);

-- Groups, frames, and many dimensions
CREATE TABLE type_agg (i integer, g integer, v vector);
INSERT INTO type_agg SELECT i, i % 3, CASE WHEN i % 10 = 0 THEN NULL ELSE ARRAY[i, -i, 2 * i] END FROM generate_series(1, 1000) i;
SELECT g, count(v), avg(v), sum(v) FROM type_agg GROUP BY g ORDER BY g;
SELECT i, avg(v) OVER w, sum(v) OVER w FROM type_agg WHERE i <= 8 WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY i;
SELECT i, avg(v) OVER (ORDER BY i) FROM type_agg WHERE i <= 5 ORDER BY i;
SELECT vector_dims(avg(v)), avg(v) = array_fill(2, ARRAY[16000])::vector, sum(v) = array_fill(6, ARRAY[16000])::vector
FROM (SELECT array_fill(i, ARRAY[16000])::vector AS v FROM generate_series(1, 3) i) t;

-- In parallel, with partial states from each worker
ALTER TABLE type_agg SET (parallel_workers = 2);
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT avg(v), sum(v) FROM type_agg;
SELECT avg(v), sum(v) FROM type_agg;
SELECT avg(v), sum(v) FROM type_agg WHERE i < 0;
SELECT pg_temp.try('(SELECT avg(v) FROM (SELECT CASE WHEN i = 7 THEN ''[1]''::vector ELSE v END AS v FROM type_agg) t)');
RESET min_parallel_table_scan_size;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
RESET max_parallel_workers_per_gather;
DROP TABLE type_agg;

-- The functions behind avg, called by hand
SELECT e || ' -> ' || coalesce(pg_temp.try(e), 'NULL') FROM (VALUES
    ($e$vector_accum('{0}', '[1,2]')$e$),
    ($e$vector_accum('{1,1,2}', '[3,4]')$e$),
    ($e$vector_accum('{1,1,2}', '[3]')$e$),
    ($e$vector_accum('{1,1.7e308}', '[3]')$e$),
    ($e$vector_accum('{1,Infinity}', '[3]')$e$),
    ($e$vector_accum('{}', '[1]')$e$),
    ($e$vector_accum('{{1,1}}', '[1]')$e$),
    ($e$vector_accum('{1,NULL}', '[1]')$e$),
    ($e$vector_accum(NULL, '[1]')$e$),
    ($e$vector_accum('{0}', NULL)$e$),
    ($e$vector_combine('{0}', '{0}')$e$),
    ($e$vector_combine('{0}', '{1,2,3}')$e$),
    ($e$vector_combine('{1,2,3}', '{0}')$e$),
    ($e$vector_combine('{1,2,3}', '{2,4,5}')$e$),
    ($e$vector_combine('{1,2,3}', '{2,4}')$e$),
    ($e$vector_combine('{1,1.7e308}', '{1,1.7e308}')$e$),
    ($e$vector_combine('{}', '{0}')$e$),
    ($e$vector_combine('{0}', '{1,NULL}')$e$),
    ($e$vector_avg('{0}')$e$),
    ($e$vector_avg('{2,4,6}')$e$),
    ($e$vector_avg('{2}')$e$),
    ($e$vector_avg('{1,NaN}')$e$),
    ($e$vector_avg('{1,4e38}')$e$),
    ($e$vector_avg('{}')$e$),
    ($e$vector_avg('{{1,1}}')$e$),
    ($e$(SELECT vector_avg(array_agg(n)) FROM generate_series(1, 16002) n)$e$)) t(e);

-- A state that is a table's own is not written to
CREATE TEMP TABLE state AS SELECT '{1,1,2}'::double precision[] AS s;
SELECT vector_accum(s, '[3,4]'), vector_combine(s, s), s FROM state;
