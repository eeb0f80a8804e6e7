-- An index that was made on an empty or a small table takes the mean of its vectors as it grows: data far
-- from the origin are found as well as by an index that was made afterwards.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
SET jit = off;

-- Vectors around (500, 500, ...), different for each i.
CREATE FUNCTION pg_temp.vec(i integer, dims integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT 500 + get_byte(h, d % 128) - 128 FROM generate_series(0, dims - 1) d)::vector
	FROM (SELECT sha512((i || ':0')::bytea) || sha512((i || ':1')::bytea) AS h OFFSET 0) s
$$;

CREATE TABLE mean_items (id integer, v vector(72)) WITH (autovacuum_enabled = off);
CREATE INDEX mean_l2 ON mean_items USING vecprov (v vector_l2_ops);
CREATE INDEX mean_ip ON mean_items USING vecprov (v vector_ip_ops);
CREATE INDEX mean_cosine ON mean_items USING vecprov (v vector_cosine_ops);
-- codes that know no mean
CREATE INDEX mean_l1 ON mean_items USING vecprov (v vector_l1_ops);
CREATE UNLOGGED TABLE mean_unlogged (id integer, v vector(72));
CREATE INDEX mean_unlogged_v ON mean_unlogged USING vecprov (v);
CREATE TEMPORARY TABLE mean_temporary (id integer, v vector(72));
CREATE INDEX mean_temporary_v ON mean_temporary USING vecprov (v);

-- A scan that begins again and again while another mean is taken
BEGIN;
INSERT INTO mean_items SELECT i, pg_temp.vec(i, 72) FROM generate_series(1, 31) i;
DECLARE before_it CURSOR FOR SELECT id FROM mean_items ORDER BY v <-> pg_temp.vec(7, 72) LIMIT 5;
FETCH 1 FROM before_it;
INSERT INTO mean_items SELECT i, pg_temp.vec(i, 72) FROM generate_series(32, 40) i;
FETCH ALL FROM before_it;
SELECT id FROM mean_items ORDER BY v <-> pg_temp.vec(39, 72) LIMIT 1;
COMMIT;

INSERT INTO mean_items SELECT i, pg_temp.vec(i, 72) FROM generate_series(41, 1000) i;
SELECT indexrelid::regclass, vecprov_recall(indexrelid, 10, 100) >= 0.95 AS found
	FROM pg_index WHERE indrelid = 'mean_items'::regclass ORDER BY 1::text;
INSERT INTO mean_items SELECT i, pg_temp.vec(i, 72) FROM generate_series(1001, 2200) i;
SELECT c.* FROM pg_index, vecprov_check(indexrelid, true) c WHERE indrelid = 'mean_items'::regclass;

-- As good as one that was made of all
CREATE TEMPORARY TABLE mean_recall AS
	SELECT indexrelid, vecprov_recall(indexrelid, 10, 200) AS grown FROM pg_index WHERE indrelid = 'mean_items'::regclass;
REINDEX TABLE mean_items;
SELECT indexrelid::regclass, grown > vecprov_recall(indexrelid, 10, 200) - 0.05 AS as_good FROM mean_recall ORDER BY 1::text;

-- Without WAL
INSERT INTO mean_unlogged SELECT i, pg_temp.vec(i, 72) FROM generate_series(1, 600) i;
INSERT INTO mean_temporary SELECT * FROM mean_unlogged;
SELECT vecprov_recall('mean_unlogged_v', 10, 100) >= 0.95 AS unlogged, vecprov_recall('mean_temporary_v', 10, 100) >= 0.95 AS temporary;
SELECT c.* FROM (VALUES ('mean_unlogged_v'::regclass), ('mean_temporary_v')) i (i), vecprov_check(i, true) c;

-- Made of a few, grown to many; nothing alive when the mean is due; all the same
TRUNCATE mean_items;
INSERT INTO mean_items SELECT i, pg_temp.vec(i, 72) FROM generate_series(1, 3) i;
REINDEX TABLE mean_items;
INSERT INTO mean_items SELECT i, pg_temp.vec(i, 72) FROM generate_series(4, 31) i;
DELETE FROM mean_items;
INSERT INTO mean_items SELECT i, pg_temp.vec(1, 72) FROM generate_series(101, 300) i;
INSERT INTO mean_items SELECT i, pg_temp.vec(i, 72) FROM generate_series(301, 800) i;
SELECT indexrelid::regclass, vecprov_recall(indexrelid, 10, 100) >= 0.95 AS found
	FROM pg_index WHERE indrelid = 'mean_items'::regclass ORDER BY 1::text;
SELECT c.* FROM pg_index, vecprov_check(indexrelid, true) c WHERE indrelid = 'mean_items'::regclass;

-- Huge values, of which there is no mean
CREATE TABLE mean_huge (id integer, v vector(72));
CREATE INDEX mean_huge_v ON mean_huge USING vecprov (v);
INSERT INTO mean_huge SELECT i, ARRAY(SELECT 3e38::float4 * (i % 2 * 2 - 1) FROM generate_series(1, 72))::vector FROM generate_series(1, 40) i;
SELECT count(*) FROM (SELECT id FROM mean_huge ORDER BY v <-> (SELECT v FROM mean_huge LIMIT 1)) h;
SELECT * FROM vecprov_check('mean_huge_v', true);

DROP TABLE mean_items, mean_unlogged, mean_temporary, mean_recall, mean_huge;
