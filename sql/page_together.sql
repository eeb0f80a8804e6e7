-- An index of format version 6, as it was built before codes had pages of their own, stays in use:
-- searches, inserts, equal vectors, VACUUM, ids that are used again, keys. REINDEX makes it a new one.
CREATE FUNCTION together_vector(i int) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY[sin(i), cos(i * 2.0), sin(i * 3.0), cos(i * 5.0)]::vector
$$;
CREATE FUNCTION pg_temp.pages(index regclass) RETURNS bytea AS 'vecprov', 'vecprov_debug_pages' LANGUAGE C STRICT;
CREATE FUNCTION together_version(index regclass) RETURNS int LANGUAGE sql AS $$
	-- behind the page header: magic, version
	SELECT get_byte(pages, 28) FROM (SELECT pg_temp.pages(index)) p(pages)
$$;

CREATE TABLE together (id int, k int, tags int[], v vector(4)) WITH (autovacuum_enabled = off);
-- each vector four times
INSERT INTO together SELECT i, i % 7, ARRAY[i % 3, i % 5], together_vector(i / 4) FROM generate_series(1, 3000) i;
SET vecprov.debug_point = 'build-together=error';
CREATE INDEX together_index ON together USING vecprov (v, k, tags);
RESET vecprov.debug_point;
CREATE INDEX together_l1 ON together USING vecprov (v vector_l1_ops);
SELECT together_version('together_index') AS old, together_version('together_l1') AS new;
SELECT * FROM vecprov_check('together_index', true);

-- the nearest of each vector are its rows, with and without conditions
CREATE VIEW together_lost AS
	SELECT count(*) FROM generate_series(0, 700, 7) i, LATERAL (
		SELECT count(*) FILTER (WHERE f.v = together_vector(i)) AS found
		FROM (SELECT v FROM together ORDER BY v <-> together_vector(i) LIMIT 4) f) a
	WHERE found < (SELECT least(count(*), 4) FROM together WHERE v = together_vector(i));
CREATE VIEW together_differences AS
	SELECT count(*) FROM generate_series(0, 6) i, LATERAL (
		SELECT array_agg(id ORDER BY id) AS found
		FROM (SELECT id FROM together WHERE k = i AND tags @> ARRAY[i % 3] ORDER BY v <-> together_vector(i) LIMIT 10000) f) a
	WHERE found IS DISTINCT FROM (SELECT array_agg(id ORDER BY id) FROM together WHERE k + 0 = i AND tags || '{}' @> ARRAY[i % 3]);
SET enable_seqscan = off;
SELECT * FROM together_lost;
SELECT * FROM together_differences;

-- rows go, also first ones of a vector whose others stay; ids are used again; keys change
DELETE FROM together WHERE id % 4 = 0 OR id % 24 < 4;
VACUUM together;
SELECT * FROM vecprov_check('together_index', true);
SELECT * FROM together_lost;
SELECT * FROM together_differences;
INSERT INTO together SELECT i, i % 7, ARRAY[i % 3, i % 5], together_vector(i / 4) FROM generate_series(3001, 5000) i;
INSERT INTO together SELECT i, i % 7, ARRAY[i % 3], NULL FROM generate_series(5001, 5100) i;
UPDATE together SET k = k + 1 WHERE id % 10 = 0;
VACUUM together;
SELECT * FROM vecprov_check('together_index', true);
SELECT * FROM together_lost;
SELECT * FROM together_differences;

REINDEX INDEX together_index;
SELECT together_version('together_index');
SELECT * FROM vecprov_check('together_index', true);
SELECT * FROM together_lost;
SELECT * FROM together_differences;
SET client_min_messages = warning;
DROP TABLE together CASCADE;
DROP FUNCTION together_vector, together_version;
