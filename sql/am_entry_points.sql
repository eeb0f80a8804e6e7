-- Where searches begin is kept by a process, and may be out of date in any way: a session that stays finds
-- every row, whatever becomes of the index.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
SET jit = off;
SET enable_seqscan = off;
SET vecprov.ef_search = 100;

-- One of 40 clusters far from one another, elsewhere for each place.
CREATE FUNCTION pg_temp.vec(i integer, place integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT (hashint4extended(i % 40 + 1000 * place, d) & 1023) + (hashint4extended(i, d) & 63) / 1024.0 FROM generate_series(1, 32) d)::vector
$$;
CREATE TABLE entrance_items (id integer, v vector(32)) WITH (autovacuum_enabled = off);

-- How many rows of a table do not find themselves.
CREATE FUNCTION pg_temp.lost(items regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM (SELECT * FROM %1$s WHERE id %% 7 = 0) a,
		LATERAL (SELECT b.v <-> a.v AS distance FROM %1$s b ORDER BY b.v <-> a.v LIMIT 1) n WHERE distance <> 0', items) INTO n;
	RETURN n;
END
$$;

-- An index that grows from nothing, and is asked all the time
CREATE INDEX entrance_idx ON entrance_items USING vecprov (v);
DO $$
BEGIN
	FOR i IN 0 .. 39 LOOP
		INSERT INTO entrance_items SELECT j, pg_temp.vec(j, 1) FROM generate_series(100 * i + 1, 100 * i + 100) j;
		IF pg_temp.lost('entrance_items') > 0 THEN
			RAISE NOTICE 'after %: % lost', 100 * i + 100, pg_temp.lost('entrance_items');
		END IF;
	END LOOP;
END
$$;
-- What is kept: more than this session would have otherwise
SELECT sum(used_bytes) > 20000 OR current_setting('vecprov.server_internals') = 'off' AS kept FROM pg_backend_memory_contexts WHERE name = 'vecprov entrances';
-- Other vectors at the nodes of the old ones, somewhere else
DELETE FROM entrance_items;
:vacuum entrance_items;
SELECT pg_temp.lost('entrance_items');
INSERT INTO entrance_items SELECT i, pg_temp.vec(i, 2) FROM generate_series(1, 4000) i;
SELECT pg_temp.lost('entrance_items');
-- Most of them gone
DELETE FROM entrance_items WHERE id > 500;
:vacuum entrance_items;
SELECT pg_temp.lost('entrance_items');
SELECT count(*) FROM vecprov_check('entrance_idx', true);
-- In another file, with lists of other lengths
INSERT INTO entrance_items SELECT i, pg_temp.vec(i, 3) FROM generate_series(501, 4000) i;
ALTER INDEX entrance_idx SET (m = 24);
-- by one thread: in one of 40 builds by two, a small cluster is not found from elsewhere
SET max_parallel_maintenance_workers = 0;
REINDEX INDEX entrance_idx;
RESET max_parallel_maintenance_workers;
SELECT pg_temp.lost('entrance_items');
-- With key columns: pages of posting lists stand where a chunk of nodes would, and are not nodes that are missing
CREATE TABLE entrance_keys (id integer, tenant integer, v vector(32)) WITH (autovacuum_enabled = off);
CREATE INDEX entrance_keys_idx ON entrance_keys USING vecprov (v, tenant) WITH (m = 8);
INSERT INTO entrance_keys SELECT i, i % 7, pg_temp.vec(i, 1) FROM generate_series(1, 4000) i;
SELECT pg_temp.lost('entrance_keys');
-- Another index in the same file: a table that is emptied by the transaction that made it
BEGIN;
CREATE TABLE entrance_same (id integer, v vector(32)) WITH (autovacuum_enabled = off);
CREATE INDEX entrance_same_idx ON entrance_same USING vecprov (v);
SELECT pg_relation_filenode('entrance_same_idx') AS file \gset
INSERT INTO entrance_same SELECT i, pg_temp.vec(i, 1) FROM generate_series(1, 2000) i;
SELECT pg_temp.lost('entrance_same');
TRUNCATE entrance_same;
ALTER INDEX entrance_same_idx SET (m = 8);
INSERT INTO entrance_same SELECT i, pg_temp.vec(i, 2) FROM generate_series(1, 1000) i;
SELECT pg_relation_filenode('entrance_same_idx') = :file AS same_file;
SELECT pg_temp.lost('entrance_same');
TRUNCATE entrance_same;
INSERT INTO entrance_same SELECT i, pg_temp.vec(i, 3) FROM generate_series(1, 2000) i;
SELECT pg_temp.lost('entrance_same');
COMMIT;

-- Pages of this session's own
CREATE TEMP TABLE entrance_temp AS SELECT i AS id, pg_temp.vec(i, 1)::vector(32) AS v FROM generate_series(1, 2000) i;
CREATE INDEX ON entrance_temp USING vecprov (v);
SELECT pg_temp.lost('entrance_temp');

-- Several in one query
CREATE TABLE entrance_many (id integer, place integer, v vector(32)) PARTITION BY LIST (place);
SELECT format('CREATE TABLE entrance_many_%1$s PARTITION OF entrance_many FOR VALUES IN (%1$s)', i) FROM generate_series(1, 20) i \gexec
INSERT INTO entrance_many SELECT i, p, pg_temp.vec(i, p) FROM generate_series(1, 200) i, generate_series(1, 20) p;
CREATE INDEX ON entrance_many USING vecprov (v);
SELECT pg_temp.lost('entrance_many');
DROP TABLE entrance_items, entrance_keys, entrance_same, entrance_many;
