-- Vectors whose components are all around the same large value: what they differ in is what counts.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;

-- Between 0 and 1, different for each i and d.
CREATE FUNCTION pg_temp.h(i integer, d integer) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT (hashint4extended(i, d) & 1048575) / 1048576.0
$$;
CREATE FUNCTION pg_temp.vec(i integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT 1e6 + 100 * pg_temp.h(i, d) FROM generate_series(1, 20) d)::vector
$$;
-- One in 50 has its components elsewhere.
CREATE FUNCTION pg_temp.sparse(i integer) RETURNS sparsevec LANGUAGE sql IMMUTABLE AS $$
	SELECT ('{' || string_agg(CASE WHEN i % 50 = 0 THEN 30 + d ELSE d END || ':' || 1e6 + 100 * pg_temp.h(i, d), ',') || '}/100')::sparsevec
	FROM generate_series(1, 20) d
$$;
CREATE TABLE offset_items (id integer, s sparsevec(100), v vector(20), h halfvec(4)) WITH (autovacuum_enabled = off);
INSERT INTO offset_items SELECT i, pg_temp.sparse(i), pg_temp.vec(i),
	ARRAY[60000 + 100 * pg_temp.h(i, 1), 60000 + 100 * pg_temp.h(i, 2), 60000, 60000]::real[]::halfvec FROM generate_series(1, 2000) i;
CREATE INDEX offset_l2 ON offset_items USING vecprov (s sparsevec_l2_ops);
CREATE INDEX offset_l1 ON offset_items USING vecprov (s sparsevec_l1_ops);
CREATE INDEX offset_dense ON offset_items USING vecprov (v vector_l2_ops);
CREATE INDEX offset_dense_l1 ON offset_items USING vecprov (v vector_l1_ops);
CREATE INDEX offset_half ON offset_items USING vecprov (h halfvec_l2_ops);

CREATE VIEW offset_recall AS SELECT indexrelid::regclass AS index, vecprov_recall(indexrelid, 10, 100) > 0.99 AS all_found
	FROM pg_index WHERE indrelid = 'offset_items'::regclass ORDER BY indexrelid;
SELECT * FROM offset_recall;

-- Rows that come later are coded by the same mean.
INSERT INTO offset_items SELECT i, pg_temp.sparse(i), pg_temp.vec(i),
	ARRAY[60000 + 100 * pg_temp.h(i, 1), 60000 + 100 * pg_temp.h(i, 2), 60000, 60000]::real[]::halfvec FROM generate_series(2001, 3000) i;
DELETE FROM offset_items WHERE id % 7 = 0;
VACUUM offset_items;
SELECT * FROM offset_recall;
SELECT indexrelid::regclass, c.* FROM pg_index, vecprov_check(indexrelid, true) c WHERE indrelid = 'offset_items'::regclass;
DROP VIEW offset_recall;
DROP TABLE offset_items;
