-- Limits of reads and writes a second. Rates here are so low that a bucket does not fill again while the test runs.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
SET enable_seqscan = off;
-- How many of so many tries are let through
CREATE FUNCTION pg_temp.passed(n integer, statement text) RETURNS bigint LANGUAGE sql AS
	'SELECT count(*) FILTER (WHERE pg_temp.try(statement) = ''OK'') FROM generate_series(1, n)';
CREATE FUNCTION pg_temp.refused(index_name text) RETURNS TABLE (operation text, reason text, value double precision) LANGUAGE sql AS
	'SELECT labels->>''operation'', labels->>''reason'', value FROM vecprov.metrics
	WHERE name = ''vecprov_refused_total'' AND labels->>''index'' = index_name AND value > 0 ORDER BY 1, 2';

CREATE TABLE limit_items (id bigint PRIMARY KEY, v vector(3), body text) WITH (autovacuum_enabled = off, fillfactor = 50);
INSERT INTO limit_items SELECT i, ARRAY[i % 7, i % 11, i % 13]::vector, '' FROM generate_series(1, 200) i;
CREATE INDEX limit_idx ON limit_items USING vecprov (v);
\set search 'SELECT id FROM limit_items ORDER BY v <-> ''[1,2,3]'' LIMIT 1'

-- No limits by default
TABLE vecprov.limits;
SELECT pg_temp.passed(100, :'search');

-- What a row may hold; whose the rows are
SELECT pg_temp.try(format('INSERT INTO vecprov.limits (%s) VALUES (%s)', k, v)) FROM (VALUES
	('read_units', '0'), ('read_units', '''NaN'''), ('write_bytes', '-1'), ('write_units', '''infinity'''), ('burst_seconds', '0'),
	('burst_seconds', 'NULL'), ('metadata_bytes', '-1'), ('schema', '''public'''), ('index', '''limit_idx'''), ('schema, index', ''''', ''''')) x (k, v);
BEGIN;
INSERT INTO vecprov.limits (read_units) VALUES (1);
SELECT pg_temp.try('INSERT INTO vecprov.limits (read_units) VALUES (2)');
INSERT INTO vecprov.limits (schema, index) VALUES ('public', 'x');
SELECT pg_temp.try('INSERT INTO vecprov.limits (schema, index) VALUES (''public'', ''x'')');
CREATE ROLE regress_limit;
GRANT CREATE ON SCHEMA public TO regress_limit;
SET LOCAL ROLE regress_limit;
SELECT count(*) FROM vecprov.limits;
SELECT pg_temp.try('DELETE FROM vecprov.limits');
SELECT pg_temp.try('UPDATE vecprov.limits SET read_units = NULL');
ROLLBACK;

-- Reads: 0.25 units a search, one unit at once. A search is each scan, and each rescan.
INSERT INTO vecprov.limits (read_units, burst_seconds) VALUES (0.0001, 10000);
SELECT pg_temp.try('EXPLAIN ' || :'search');
SELECT pg_temp.passed(3, :'search');
SELECT pg_temp.try(:'search'), pg_temp.try(:'search');
SELECT * FROM pg_temp.refused('limit_idx');
-- what does not search is not refused
SELECT pg_temp.try('SELECT id FROM limit_items WHERE id = 1'), pg_temp.try('INSERT INTO limit_items VALUES (1000, ''[1,2,3]'', NULL)');
-- each index has a bucket of its own; and its own row, if there is one
CREATE INDEX limit_other_idx ON limit_items USING vecprov ((v::vector(3)));
\set other_search 'SELECT id FROM limit_items ORDER BY v::vector(3) <-> ''[1,2,3]'' LIMIT 1'
INSERT INTO vecprov.limits (schema, index, read_units, burst_seconds) SELECT 'public', 'limit_other_idx', 0.0001, 7500;
SELECT pg_temp.passed(10, :'other_search'), pg_temp.passed(10, :'search');
UPDATE vecprov.limits SET read_units = NULL WHERE index = 'limit_other_idx';
SELECT pg_temp.passed(10, :'other_search'), pg_temp.passed(10, :'search');
ALTER INDEX limit_other_idx RENAME TO limit_renamed_idx;
SELECT pg_temp.passed(10, :'other_search');
ALTER INDEX limit_renamed_idx RENAME TO limit_other_idx;
SELECT pg_temp.passed(10, :'other_search');
DROP INDEX limit_other_idx;
-- another rate holds at once, with a full bucket
UPDATE vecprov.limits SET read_units = 1000, burst_seconds = 1 WHERE schema IS NULL;
SELECT pg_temp.passed(10, :'search');
BEGIN;
UPDATE vecprov.limits SET read_units = 0.0001 WHERE schema IS NULL;
SELECT pg_temp.passed(10, :'search');
ROLLBACK;
UPDATE vecprov.limits SET read_units = NULL WHERE schema IS NULL;
SELECT pg_temp.passed(10, :'search');
-- a search that needs more than the bucket holds passes when that is full
CREATE INDEX limit_other_idx ON limit_items USING vecprov ((v::vector(3)));
UPDATE vecprov.limits SET read_units = 0.0001, burst_seconds = 1;
SELECT pg_temp.try(:'other_search'), pg_temp.try(:'other_search');
-- a nested loop
UPDATE vecprov.limits SET read_units = 0.0002, burst_seconds = 10000 WHERE index = 'limit_other_idx';
SELECT pg_temp.try('SELECT (SELECT o.id FROM limit_items o ORDER BY o.v::vector(3) <-> i.v LIMIT 1) FROM limit_items i');
-- provisioned: never
ALTER INDEX limit_other_idx SET (tier = r10);
SELECT pg_temp.passed(10, :'other_search');
SELECT value FROM vecprov.metrics WHERE name = 'vecprov_limit_per_second' AND labels->>'index' = 'limit_other_idx';
DROP INDEX limit_other_idx;
DELETE FROM vecprov.limits;
SELECT pg_temp.passed(10, :'search');

-- Writes: records. A refused one changes nothing; what is no record is not limited.
CREATE TABLE limit_writes (id bigint, v vector(3), body text) WITH (autovacuum_enabled = off, fillfactor = 50);
CREATE INDEX limit_writes_idx ON limit_writes USING vecprov (v);
CREATE FUNCTION pg_temp.written() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', 'rows', count(*), 'records', (SELECT records FROM vecprov_facts('limit_writes_idx', true)),
		'broken', (SELECT count(*) FROM vecprov_check('limit_writes_idx', true))) FROM limit_writes
$$;
INSERT INTO vecprov.limits (schema, index, write_records, burst_seconds) VALUES ('public', 'limit_writes_idx', 0.001, 10000);
SELECT pg_temp.try('INSERT INTO limit_writes SELECT i, ARRAY[i, 0, 0]::vector FROM generate_series(1, 8) i');
SELECT pg_temp.try('INSERT INTO limit_writes VALUES (9, ''[9,0,0]'')');
SELECT pg_temp.written();
SELECT pg_temp.try('INSERT INTO limit_writes SELECT i, ARRAY[i, 0, 0]::vector FROM generate_series(10, 12) i');
SELECT pg_temp.try('UPDATE limit_writes SET v = ''[1,1,1]'' WHERE id = 1');
SELECT pg_temp.written();
\set VERBOSITY terse
COPY limit_writes (id, v) FROM stdin;
20	[20,0,0]
21	[21,0,0]
\.
\set VERBOSITY default
SELECT pg_temp.passed(5, 'INSERT INTO limit_writes VALUES (30, NULL)'),
	pg_temp.try('UPDATE limit_writes SET body = ''hot'' WHERE id = 2'), pg_temp.try('DELETE FROM limit_writes WHERE id <= 3');
SELECT pg_temp.written();
:vacuum limit_writes;
SELECT pg_temp.written();
SELECT * FROM pg_temp.refused('limit_writes_idx');
-- what is built is not limited
REINDEX INDEX limit_writes_idx;
REINDEX INDEX CONCURRENTLY limit_writes_idx;
SELECT pg_temp.written();
-- provisioned indexes are limited too
ALTER INDEX limit_writes_idx SET (tier = r10);
SELECT pg_temp.passed(20, 'INSERT INTO limit_writes VALUES (40, ''[1,2,3]'')');

-- Bytes: 8 + 12 + 80 a record. What a refused record had taken elsewhere is put back.
CREATE TABLE limit_bytes (id bigint, v vector(3), body text) WITH (autovacuum_enabled = off);
CREATE INDEX limit_bytes_idx ON limit_bytes USING vecprov (v);
INSERT INTO vecprov.limits (schema, index, write_records, write_bytes, burst_seconds) VALUES ('public', 'limit_bytes_idx', 0.001, 0.03, 10000);
SELECT pg_temp.passed(10, $$INSERT INTO limit_bytes VALUES (1, '[1,2,3]', repeat('b', 80))$$);
SELECT pg_temp.try($$INSERT INTO limit_bytes VALUES (1, '[1,2,3]', repeat('b', 80))$$);
UPDATE vecprov.limits SET write_bytes = NULL WHERE index = 'limit_bytes_idx';
SELECT pg_temp.passed(10, $$INSERT INTO limit_bytes VALUES (1, '[1,2,3]', repeat('b', 80))$$);

-- Write units: those of a statement's records together, at least 5; 191 + 5 here
CREATE TABLE limit_units (id bigint, v vector(3), body text) WITH (autovacuum_enabled = off);
CREATE INDEX limit_units_idx ON limit_units USING vecprov (v);
INSERT INTO vecprov.limits (schema, index, write_units, burst_seconds) VALUES ('public', 'limit_units_idx', 0.01, 20000);
SELECT vecprov_write_units(array_fill(19100::bigint, ARRAY[10]));
SELECT pg_temp.try($$INSERT INTO limit_units SELECT i, '[1,2,3]', repeat('u', 19080) FROM generate_series(1, 10) i$$);
SELECT pg_temp.passed(2, $$INSERT INTO limit_units VALUES (11, '[1,2,3]', 'small')$$);
SELECT pg_temp.try($$INSERT INTO limit_units VALUES (12, '[1,2,3]', 'small')$$);

-- more than the bucket holds: passes when that is full, with all of its records
UPDATE vecprov.limits SET write_units = 0.0001, burst_seconds = 1 WHERE index = 'limit_units_idx';
SELECT pg_temp.try($$INSERT INTO limit_units SELECT i, '[1,2,3]', 'small' FROM generate_series(13, 15) i$$);
SELECT pg_temp.passed(3, $$INSERT INTO limit_units VALUES (16, '[1,2,3]', 'small')$$);

-- The bytes of one record besides its vector: to wait does not help
INSERT INTO vecprov.limits (metadata_bytes) VALUES (20);
CREATE TABLE limit_metadata (id bigint, v vector(3), body text);
CREATE INDEX limit_metadata_idx ON limit_metadata USING vecprov (v);
SELECT pg_temp.try($$INSERT INTO limit_metadata VALUES (1, '[1,2,3]', repeat('m', 12))$$), pg_temp.try($$INSERT INTO limit_metadata VALUES (1, '[1,2,3]', repeat('m', 13))$$);
SELECT * FROM pg_temp.refused('limit_metadata_idx');

-- Temporary indexes are their session's own.
UPDATE vecprov.limits SET read_units = 1e-9, write_records = 1e-9, metadata_bytes = 1 WHERE schema IS NULL;
CREATE TEMP TABLE limit_temp (id bigint, v vector(3));
CREATE INDEX ON limit_temp USING vecprov (v);
SELECT pg_temp.passed(5, $$INSERT INTO limit_temp VALUES (1, '[1,2,3]')$$), pg_temp.passed(5, $$SELECT id FROM limit_temp ORDER BY v <-> '[1,2,3]' LIMIT 1$$);

DELETE FROM vecprov.limits;

-- A row follows its index, whoever renames or moves it; a row that waits for an index of the new name gives way.
CREATE FUNCTION pg_temp.limits() RETURNS text LANGUAGE sql AS
	'SELECT string_agg(concat_ws('' '', schema, index, write_records), '', '' ORDER BY write_records) FROM vecprov.limits';
CREATE FUNCTION pg_temp.names() RETURNS text LANGUAGE sql AS
	'SELECT string_agg(DISTINCT index, '' '') FROM vecprov.changes WHERE index_oid IN (SELECT indexrelid FROM pg_index WHERE indrelid::regclass::text ~ ''limit_follow'')';
CREATE ROLE regress_limit;
CREATE SCHEMA "limit.a" AUTHORIZATION regress_limit;
CREATE SCHEMA "limit_b" AUTHORIZATION regress_limit;
CREATE TABLE "limit.a".limit_follow (id bigint, v vector(3));
CREATE INDEX follow_idx ON "limit.a".limit_follow USING vecprov (v) WITH (tier = r10);
ALTER TABLE "limit.a".limit_follow OWNER TO regress_limit;
INSERT INTO vecprov.limits (schema, index, write_records, burst_seconds) VALUES ('limit.a', 'follow_idx', 0.001, 2000), ('limit.a', 'waits', 1, 1), ('limit_b', 'other', 2, 1);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT 1;
SET SESSION AUTHORIZATION regress_limit;
SELECT pg_temp.limits();
ALTER INDEX "limit.a".follow_idx RENAME TO waits;
SELECT pg_temp.limits();
ALTER INDEX "limit.a".waits RENAME TO "odd""\name";
SAVEPOINT one;
ALTER INDEX "limit.a"."odd""\name" RENAME TO undone;
ROLLBACK TO one;
SELECT pg_temp.limits();
ALTER TABLE "limit.a"."odd""\name" RENAME TO by_table;
ALTER TABLE "limit.a".limit_follow RENAME TO limit_followed;
ALTER TABLE "limit.a".limit_followed SET SCHEMA limit_b;
SELECT pg_temp.limits();
COMMIT;
RESET SESSION AUTHORIZATION;
SELECT pg_temp.names();
ALTER SCHEMA limit_b RENAME TO "limit c";
SELECT pg_temp.limits(), pg_temp.names();
SELECT pg_temp.try('ALTER SCHEMA "limit.a" RENAME TO "limit c"');
SET SESSION AUTHORIZATION regress_limit;
SELECT pg_temp.passed(3, 'INSERT INTO "limit c".limit_followed VALUES (1, ''[1,2,3]'')');
-- what holds still holds: no right to write the limits, nor a way around by the search path
SELECT pg_temp.try('UPDATE vecprov.limits SET write_records = NULL');
CREATE TABLE pg_temp.limits (schema name, index name);
SET search_path = pg_temp, "limit c", public;
ALTER INDEX by_table RENAME TO renamed;
RESET search_path;
DROP TABLE pg_temp.limits;
-- REINDEX keeps the name, and the row; DROP leaves it for the next index of that name
REINDEX INDEX CONCURRENTLY "limit c".renamed;
SELECT pg_temp.limits();
RESET SESSION AUTHORIZATION;
DROP INDEX "limit c".renamed;
CREATE INDEX another ON "limit c".limit_followed USING vecprov (v);
SELECT pg_temp.passed(3, 'INSERT INTO "limit c".limit_followed VALUES (1, ''[1,2,3]'')');
DROP INDEX "limit c".another;
CREATE INDEX renamed ON "limit c".limit_followed USING vecprov (v);
SELECT pg_temp.passed(3, 'INSERT INTO "limit c".limit_followed VALUES (1, ''[1,2,3]'')');
-- what is no index of ours is not followed
CREATE INDEX "plain" ON "limit c".limit_followed (id);
INSERT INTO vecprov.limits (schema, index, write_records) VALUES ('limit c', 'plain', 3);
ALTER INDEX "limit c".plain RENAME TO plainer;
SELECT pg_temp.limits();
DROP TABLE "limit c".limit_followed;
DROP SCHEMA "limit.a", "limit c";
DROP ROLE regress_limit;
DELETE FROM vecprov.limits;
DELETE FROM vecprov.changes;
DROP TABLE limit_items, limit_writes, limit_bytes, limit_units, limit_metadata;
