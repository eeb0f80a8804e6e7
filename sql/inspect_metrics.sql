-- What monitoring reads: counters, and what is known of each index.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on
SET enable_seqscan = off;

CREATE SCHEMA metrics;
CREATE TABLE metrics.items (id bigint PRIMARY KEY, v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO metrics.items SELECT i, ARRAY[i % 7, i % 11, i % 13]::vector FROM generate_series(1, 200) i;
CREATE INDEX metrics_idx ON metrics.items USING vecprov (v);
CREATE VIEW metrics.counted AS
	SELECT name, labels - '{database,schema,table,index}'::text[] AS labels, value FROM vecprov.metrics
	WHERE labels @> '{"schema": "metrics", "table": "items", "index": "metrics_idx"}' AND labels->>'database' = current_database();

-- Counted: searches, each rescan, those that an error ended, inserts of what is indexed
SELECT count(*) FROM (SELECT id FROM metrics.items ORDER BY v <-> '[1,2,3]' LIMIT 3) s;
SELECT count((SELECT o.id FROM metrics.items o ORDER BY o.v <-> i.v LIMIT 1)) FROM metrics.items i WHERE i.id <= 10;
EXPLAIN (COSTS OFF) SELECT id FROM metrics.items ORDER BY v <-> '[1,2,3]' LIMIT 3;
\set VERBOSITY terse
SELECT 1 / (id - 9) FROM metrics.items ORDER BY v <-> '[2,9,9]' LIMIT 200;
SELECT id FROM metrics.items ORDER BY v <-> '[1,2]' LIMIT 3;
\set VERBOSITY default
INSERT INTO metrics.items SELECT 200 + i, CASE WHEN i > 1 THEN ARRAY[i, 1, 1]::vector END FROM generate_series(1, 5) i;
VACUUM metrics.items;
SELECT pg_stat_force_next_flush();
SELECT * FROM metrics.counted WHERE name NOT LIKE '%seconds%' ORDER BY name, labels;
SELECT count(*), max(value) FROM metrics.counted WHERE name = 'vecprov_search_seconds_bucket' HAVING max(value) =
	(SELECT value FROM metrics.counted WHERE name = 'vecprov_search_seconds_count');
SELECT bool_and(value > 0 AND value < 60) FROM metrics.counted WHERE name IN ('vecprov_search_seconds_sum', 'vecprov_insert_seconds_total');
SELECT bool_and(value >= before) FROM (SELECT value, lag(value) OVER (ORDER BY (labels->>'le')::double precision) AS before
	FROM metrics.counted WHERE name = 'vecprov_search_seconds_bucket') x;

-- Provisioned; then in error
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('metrics', 40800, false, 1);
ALTER INDEX metrics.metrics_idx SET (tier = metrics, replicas = 0);
SELECT vecprov_wait('metrics.metrics_idx', '60 s');
SELECT id FROM metrics.items ORDER BY v <-> '[1,2,3]' LIMIT 3;
SELECT name, labels, CASE WHEN labels @> '{"of": "memory"}' THEN (value > 0 AND value < 0.1)::integer ELSE value END FROM metrics.counted
	WHERE value > 0 AND name ~ 'bytes|ratio|shards|replicas|state|info|refused' ORDER BY 1, 2;
BEGIN;
ALTER TABLE vecprov.tiers DISABLE TRIGGER tiers_in_use;
DELETE FROM vecprov.tiers WHERE name = 'metrics';
SELECT labels, value FROM metrics.counted WHERE name = 'vecprov_state' ORDER BY 1;
ROLLBACK;

-- Limits in force: the row of the index, or of all
INSERT INTO vecprov.limits (read_units, write_units) VALUES (1e9, 1e9);
SELECT labels, value FROM metrics.counted WHERE name = 'vecprov_limit_per_second';
INSERT INTO vecprov.limits (schema, index, write_records, write_bytes) VALUES ('metrics', 'metrics_idx', 1e10, 1e11);
SELECT labels, value FROM metrics.counted WHERE name = 'vecprov_limit_per_second';
DELETE FROM vecprov.limits;

-- The text format: each line is one of these, a family's lines are together, odd names are escaped.
ALTER INDEX metrics.metrics_idx RENAME TO "metrics ""idx"" \
2";
CREATE TEMP TABLE lines AS SELECT n, line, coalesce(substring(line FROM '^# ([A-Z]+)'), 'sample') AS kind,
	substring(line FROM '^(?:# [A-Z]+ )?([a-z_]+?)(?:(?:_bucket|_sum|_count)?[{]| |$)') AS family
	FROM regexp_split_to_table(vecprov_metrics_text(), E'\n') WITH ORDINALITY t (line, n);
SELECT line FROM lines WHERE NOT line ~ '^$|^# HELP vecprov_[a-z_]+ [A-Z].*[.]$|^# TYPE vecprov_[a-z_]+ (gauge|counter|histogram)$' AND
	NOT line ~ '^vecprov_[a-z_]+([{]([a-z]+="([^"\\]|\\["\\n])*",?)*[}])? ([0-9.e+-]+|[+]Inf|NaN)$';
SELECT line FROM lines WHERE line ~ '2.*vecprov_records' OR line ~ 'vecprov_records.*schema="metrics"';
SELECT line FROM lines WHERE line ~ '^vecprov_search.*le=.*schema="metrics"' ORDER BY n OFFSET 12;
-- every metric has its help and type first, and nothing else between its lines
SELECT count(DISTINCT family) > 15, count(*) FILTER (WHERE kind = 'HELP') = count(DISTINCT family), count(*) FILTER (WHERE kind = 'TYPE') = count(DISTINCT family)
	FROM lines WHERE line <> '';
SELECT family FROM (SELECT family, n, min(n) OVER (PARTITION BY family) AS first, max(n) OVER (PARTITION BY family) AS last,
	count(*) OVER (PARTITION BY family) AS lines, kind FROM lines WHERE line <> '') x
	WHERE last - first + 1 <> lines OR (n = first AND kind <> 'HELP') OR (n = first + 1 AND kind <> 'TYPE');
-- none is forgotten
SELECT DISTINCT name FROM vecprov.metrics WHERE name NOT IN (SELECT substring(line FROM '^[a-z_]+') FROM lines WHERE kind = 'sample' AND line <> '');

-- Everybody may look; an index that is gone is not shown.
CREATE ROLE regress_metrics;
SET ROLE regress_metrics;
SELECT count(*) > 10, vecprov_metrics_text() LIKE '%vecprov_records{%' FROM vecprov.metrics;
RESET ROLE;
DROP ROLE regress_metrics;
DROP VIEW metrics.counted;
DROP TABLE metrics.items;
SELECT count(*) FROM vecprov.metrics WHERE labels->>'schema' = 'metrics';
DROP SCHEMA metrics;
DELETE FROM vecprov.tiers WHERE name = 'metrics';
