-- Conditions on the distance: the scan ends at the radius, and has all rows inside.

CREATE TABLE radius_rows (id integer, kind integer, e vector(6));
INSERT INTO radius_rows
SELECT i, i % 10, CASE WHEN i % 100 <> 0
	THEN ARRAY[sin(i), cos(i), sin(i * 3.0), cos(i * 5.0), sin(i * 7.0), i / 6000.0]::vector END
FROM generate_series(1, 6000) i;
INSERT INTO radius_rows VALUES (-1, 1, '[0,0,0,0,0,0]'), (-2, 2, '[0,0,0,0,0,0]');
CREATE INDEX radius_l2 ON radius_rows USING vecprov (e vector_l2_ops, kind);
CREATE INDEX radius_cosine ON radius_rows USING vecprov (e vector_cosine_ops);
CREATE INDEX radius_ip ON radius_rows USING vecprov (e vector_ip_ops);
VACUUM ANALYZE radius_rows;

-- Without LIMIT and without ORDER BY, too.
SET enable_seqscan = off;
EXPLAIN (COSTS OFF)
SELECT id FROM radius_rows WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' < 0.8 ORDER BY e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]';
EXPLAIN (COSTS OFF)
SELECT id FROM radius_rows WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' < 0.8;
EXPLAIN (COSTS OFF)
SELECT id FROM radius_rows WHERE 0.8 > '[0.1,0.2,0.3,0.4,0.5,0.6]' <-> e AND kind = 3;
EXPLAIN (COSTS OFF)
SELECT id FROM radius_rows WHERE 1 - (e <=> '[0.1,0.2,0.3,0.4,0.5,0.6]') > 0.8;
EXPLAIN (COSTS OFF)
SELECT id FROM radius_rows WHERE (e <#> '[0.1,0.2,0.3,0.4,0.5,0.6]') * -1 >= 1 LIMIT 5;
EXPLAIN (COSTS OFF)
SELECT id FROM radius_rows WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' BETWEEN 0.5 AND 0.8;

-- What else the planner puts over such a scan knows nothing of its order.
CREATE TABLE radius_parts (id integer, part integer, kind integer, e vector(6)) PARTITION BY LIST (part);
CREATE TABLE radius_part PARTITION OF radius_parts FOR VALUES IN (1);
CREATE INDEX ON radius_parts USING vecprov (e vector_l2_ops, kind);
INSERT INTO radius_parts SELECT id, 1, kind, e FROM radius_rows;
ANALYZE radius_parts;
EXPLAIN (COSTS OFF)
SELECT id + 1 FROM radius_parts WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' < 0.8 AND part = 1 AND kind < 5;
EXPLAIN (COSTS OFF)
SELECT x, nearby.n FROM generate_series(1, 2) x LEFT JOIN LATERAL (SELECT x + coalesce(id, 0) AS n
	FROM radius_rows WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' < 0.8) nearby ON true;
EXPLAIN (COSTS OFF)
SELECT unnest(ARRAY[id, -id]) + 1 FROM radius_parts WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' < 1.2;
SET vecprov.ef_search = 2000;
SELECT x, (SELECT count(*) FROM (SELECT unnest(ARRAY[id, x]) FROM radius_parts
	WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' < 1.2) r) FROM generate_series(1, 2) x
UNION ALL SELECT kind, count(*) FROM radius_parts WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' < 1.2 AND kind < 2 GROUP BY kind
ORDER BY 1, 2;
RESET vecprov.ef_search;
DROP TABLE radius_parts;

-- Not: a distance from something that a row says, one of another operator, one that is to be large.
EXPLAIN (COSTS OFF)
SELECT id FROM radius_rows WHERE e <-> e < 0.8;
EXPLAIN (COSTS OFF)
SELECT id FROM radius_rows WHERE e <+> '[0.1,0.2,0.3,0.4,0.5,0.6]' < 0.8;
EXPLAIN (COSTS OFF)
SELECT id FROM radius_rows WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' > 0.8;
EXPLAIN (COSTS OFF)
SELECT id FROM radius_rows WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' < id;

-- The rows are those of a sequential scan.
SET vecprov.ef_search = 2000;
CREATE FUNCTION inside(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	query text := 'SELECT count(*), sum(id) FROM radius_rows WHERE ' || condition;
	plan text := '';
	line text;
	n bigint;
	ids bigint;
	wanted bigint;
	wanted_ids bigint;
BEGIN
	PERFORM set_config('enable_seqscan', 'off', true);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line;
	END LOOP;
	EXECUTE query INTO n, ids;
	PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true),
		set_config('enable_bitmapscan', 'off', true);
	EXECUTE query INTO wanted, wanted_ids;
	PERFORM set_config('enable_indexscan', 'on', true), set_config('enable_bitmapscan', 'on', true);
	RETURN format('%s rows by %s: %s', n, substring(plan FROM 'vecprov.<@~?'),
		CASE WHEN (n, ids) IS NOT DISTINCT FROM (wanted, wanted_ids) THEN 'the same'
			ELSE format('not %s', wanted) END);
END;
$$;
SELECT inside(condition) FROM unnest(ARRAY[
	'e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' < 0.8',
	'e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' <= 1.2',
	'e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' < 1.2 AND kind = 3',
	'e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' < 0',
	'e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' < ''Infinity''',
	'e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' <= ''NaN''',
	'e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' < NULL',
	'e <-> NULL::vector < 1',
	'e <=> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' < 0.1',
	'1 - (e <=> ''[0.1,0.2,0.3,0.4,0.5,0.6]'') > 0.9',
	'e <=> ''[0,0,0,0,0,0]'' < 0.1',
	'1 - (e <=> ''[0,0,0,0,0,0]'') > 0.1',
	'-(e <#> ''[0.1,0.2,0.3,0.4,0.5,0.6]'') > 1.3',
	'-1 * (e <#> ''[0.1,0.2,0.3,0.4,0.5,0.6]'') > 1.3']) condition;

-- Two of them; a radius that a parameter says, and one that another table does.
SELECT inside('e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' < 1.2 AND e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' < 0.9');
SELECT inside('e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' < 1.2 AND e <-> ''[0.3,0.2,0.3,0.4,0.5,0.6]'' < 0.9');
RESET vecprov.ef_search;
SET enable_seqscan = off;
SET plan_cache_mode = force_generic_plan;
PREPARE near (vector, float8) AS SELECT count(*) FROM radius_rows WHERE e <-> $1 < $2;
EXPLAIN (COSTS OFF) EXECUTE near ('[0.1,0.2,0.3,0.4,0.5,0.6]', 0.8);
EXECUTE near ('[0.1,0.2,0.3,0.4,0.5,0.6]', 0.8);
EXECUTE near ('[0.1,0.2,0.3,0.4,0.5,0.6]', 0);
EXECUTE near ('[0.1,0.2,0.3,0.4,0.5,0.6]', NULL);
RESET plan_cache_mode;
SET enable_seqscan = off;
SELECT r.radius, n.count FROM (VALUES (0.5), (0.8), (0.9)) r (radius),
	LATERAL (SELECT count(*) FROM radius_rows WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' < r.radius::float8) n;

-- Whoever may not see rows is told of none: a condition of his own is not taken before row security.
CREATE ROLE radius_reader;
GRANT SELECT ON radius_rows TO radius_reader;
ALTER TABLE radius_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY radius_some ON radius_rows TO radius_reader USING (kind < 5);
SET ROLE radius_reader;
SELECT count(*), max(kind) FROM radius_rows WHERE e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' < 1.2;
RESET ROLE;

DROP TABLE radius_rows;

-- Codes keep no lengths below 1e-18 of sparse vectors, and none above 1e18; and by cosine a vector whose square
-- overflows is at distance 1 of all, wherever it points.  The rows are still those of a sequential scan.
CREATE FUNCTION pg_temp.vec(i integer, length float8) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY[sin(i) * length, cos(i) * length, sin(i * 3.0) * length, cos(i * 5.0) * length, sin(i * 7.0) * length,
		i / 6000.0 * length]::vector
$$;
CREATE TABLE radius_rows AS
SELECT i AS id, pg_temp.vec(i, 1e-19)::sparsevec(6) AS tiny, pg_temp.vec(i, 10.0 ^ (14 + i % 8))::vector(6) AS long,
	ARRAY(SELECT length * (1 + spread * sin(i * d * d)) FROM generate_series(1.0, 6) d)::vector(6) AS mixed
FROM generate_series(1, 6000) i, LATERAL (SELECT * FROM (VALUES (20, 1e29, 0.05), (30, 1, 0.4), (70, -1e29, 0.1), (6000, -1, 0.9))
	kinds (last, length, spread) WHERE i <= last ORDER BY last LIMIT 1) kind;
CREATE INDEX ON radius_rows USING vecprov (tiny sparsevec_l2_ops);
CREATE INDEX ON radius_rows USING vecprov (tiny sparsevec_l1_ops);
CREATE INDEX ON radius_rows USING vecprov (tiny sparsevec_ip_ops);
CREATE INDEX ON radius_rows USING vecprov (long vector_l2_ops);
CREATE INDEX ON radius_rows USING vecprov (long vector_l1_ops);
CREATE INDEX ON radius_rows USING vecprov (long vector_ip_ops);
CREATE INDEX ON radius_rows USING vecprov (mixed vector_cosine_ops);
CREATE INDEX ON radius_rows USING vecprov ((mixed::sparsevec(6)) sparsevec_cosine_ops);
VACUUM ANALYZE radius_rows;
SET enable_seqscan = on;
-- in which order they come does not matter
SET vecprov.iterative_scan = relaxed_order;
SELECT condition, inside(condition) FROM unnest(ARRAY[
	'tiny <-> ''{1:1e-20,2:2e-20,3:3e-20,4:4e-20,5:5e-20}/6'' < 1.2e-19',
	'tiny <+> ''{1:1e-20,2:2e-20,3:3e-20,4:4e-20,5:5e-20}/6'' < 2e-19',
	'tiny <#> ''{1:1e-20,2:2e-20,3:3e-20,4:4e-20,5:5e-20}/6'' < -6e-39',
	'tiny <#> ''{1:1,2:2,3:3,4:4,5:5}/6'' < -6e-19',
	'long <-> ''[1e18,2e18,3e18,4e18,5e18,6e18]'' < 8e18',
	'long <+> ''[1e20,2e20,3e20,4e20,5e20,6e20]'' < 2.2e21',
	'long <#> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' < -9e20',
	'mixed <=> ''[1,1,1,1,1,1]'' < 0.1',
	'mixed <=> ''[1,1,1,1,1,1]'' <= 1',
	'mixed <=> ''[1e29,1e29,1e29,1e29,1e29,1e29]'' <= 1',
	'mixed::sparsevec(6) <=> ''{1:1,2:1,3:1,4:1,5:1,6:1}/6'' < 0.1',
	'mixed::sparsevec(6) <=> ''{1:1,2:1,3:1,4:1,5:1,6:1}/6'' <= 1']) condition;
RESET vecprov.iterative_scan;

DROP TABLE radius_rows;
DROP FUNCTION inside;
DROP ROLE radius_reader;
