-- vecprov_tune and vecprov_plan. No times: they are what they are.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;

CREATE TABLE tune_items (id integer, v vector(64)) WITH (autovacuum_enabled = off);
INSERT INTO tune_items SELECT i,
	ARRAY(SELECT get_byte(sha512(i::text::bytea), d) - 128 FROM generate_series(0, 63) d) FROM generate_series(1, 3000) i;
CREATE INDEX tune_idx ON tune_items USING vecprov (v);

-- What it says is so: this effort reaches the recall, one less does not; more recall takes more effort.
CREATE TEMP TABLE tuned AS SELECT r AS target, k, t.* FROM
	(VALUES (0.5, 10), (0.9, 10), (0.99, 10), (1, 10), (0.9, 1), (0.9, 100)) x (r, k), LATERAL vecprov_tune('tune_idx', r, k) t;
SELECT target, k, recall >= target AS reached, ms > 0 AND ms < 10000 AS timed FROM tuned ORDER BY target, k;
SELECT bool_and(ef_search >= before) AS more FROM
	(SELECT ef_search, lag(ef_search, 1, 0) OVER (ORDER BY target) AS before FROM tuned WHERE k = 10) x;
CREATE FUNCTION pg_temp.recall_at(ef integer, k integer) RETURNS double precision LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('vecprov.ef_search', ef::text, true);
	RETURN vecprov_recall('tune_idx', k, 100);
END
$$;
SELECT target, k, pg_temp.recall_at(ef_search, k) = recall AS same,
	ef_search = k OR pg_temp.recall_at(ef_search - 1, k) < target AS least FROM tuned ORDER BY target, k;
RESET vecprov.ef_search;
SELECT (vecprov_tune(index => 'tune_idx', target_recall => 0.9, samples => 1)).recall >= 0.9 AS by_name;

-- A graph with more links is advised where the effort is great, and never one with less.
CREATE INDEX tune_small_idx ON tune_items USING vecprov (v) WITH (m = 4, ef_construction = 8);
SELECT bool_and(ef_search > 150 AND m = 32 AND ef_construction = 128) AS more FROM vecprov_tune('tune_small_idx', 1) t;
SELECT bool_and(ef_search < 150 AND m = 4 AND ef_construction = 8) AS same FROM vecprov_tune('tune_small_idx', 0.3) t;
DROP INDEX tune_small_idx;

-- It leaves the setting as it was, also when it fails.
SET vecprov.ef_search = 77;
SELECT (vecprov_tune('tune_idx', 0.9)).recall >= 0.9 AS reached;
SHOW vecprov.ef_search;
SELECT vecprov_tune('tune_idx', 0.9, 10, 0);
SHOW vecprov.ef_search;
RESET vecprov.ef_search;

-- Arguments
SELECT vecprov_tune('tune_idx', 0);
SELECT vecprov_tune('tune_idx', 1.01);
SELECT vecprov_tune('tune_idx', 'NaN');
SELECT vecprov_tune('tune_idx', 0.9, 0);
SELECT vecprov_tune('tune_idx', 0.9, 10, 10001);
SELECT vecprov_tune('tune_items', 0.9);
SELECT vecprov_tune(NULL, 0.9), vecprov_tune('tune_idx', 0.9, NULL);
SELECT vecprov_tune('tune_idx', NULL);
CREATE ROLE regress_vecprov_tuner;
SET ROLE regress_vecprov_tuner;
SELECT vecprov_tune('tune_idx', 0.9);
RESET ROLE;

-- Nothing to measure; and what no effort finds, since the indexed function is another one by now
CREATE TABLE tune_none (v vector(3)) WITH (autovacuum_enabled = off);
CREATE INDEX tune_none_idx ON tune_none USING vecprov (v);
SELECT vecprov_tune('tune_none_idx', 0.9);
SELECT * FROM vecprov_plan('tune_none_idx', 10);
CREATE FUNCTION tune_turn(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN v; END';
INSERT INTO tune_none SELECT ARRAY[i, 0, 0] FROM generate_series(1, 300) i;
CREATE INDEX tune_turn_idx ON tune_none USING vecprov ((tune_turn(v)::vector(3)));
SELECT (vecprov_tune('tune_turn_idx', 1)).recall;
CREATE OR REPLACE FUNCTION tune_turn(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN ''[0,0,0]'' OPERATOR(public.-) v; END';
\set VERBOSITY default
SELECT vecprov_tune('tune_turn_idx', 0.9, 10, 1);
\set VERBOSITY terse

-- The plan: its rows, and that they follow from each other
CREATE TEMP TABLE plan AS SELECT * FROM vecprov_plan('tune_idx', 0.001);
SELECT item, CASE WHEN item IN ('recall', 'ef_search', 'm', 'ef_construction', 'search', 'seat') THEN '' ELSE value END AS value, reason <> '' AS reason FROM plan;
SELECT (SELECT value::float8 FROM plan WHERE item = 'recall') >= 0.95 AS recall,
	(SELECT value::integer FROM plan WHERE item = 'ef_search') = (vecprov_tune('tune_idx', 0.95)).ef_search AS ef_search;
-- a tier that costs less, of which more shards are needed; and no rates at all
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('tune_small', 500000, false, 1);
INSERT INTO vecprov.rates (plan, region, item, rate) VALUES ('tune', 'here', 'tune_small', 1.50), ('tune', 'there', 'tune_small', 2);
SELECT item, value FROM vecprov_plan('tune_idx', 0.001, 0.9) WHERE item IN ('tier', 'shards', 'replicas', 'cost', 'statement');
SELECT value::integer > 2 AS more FROM vecprov_plan('tune_idx', 1e6, 0.9) WHERE item = 'replicas';
BEGIN;
DELETE FROM vecprov.rates;
SELECT item, value, CASE WHEN item <> 'shards' THEN regexp_replace(reason, '\d+ MB can', 'N MB can') END AS reason
	FROM vecprov_plan('tune_idx', 0.001, 0.9) WHERE item IN ('tier', 'shards', 'cost');
ROLLBACK;
SELECT need > 0 AND need < (vecprov_index_bytes('tune_idx')).total AS r10, available > 0 AS available FROM vecprov_tier_memory('tune_idx', 'r10');
SELECT need = (vecprov_index_bytes('tune_idx')).total AS r40 FROM vecprov_tier_memory('tune_idx', 'r40');
SELECT * FROM vecprov_tier_memory('tune_idx', 'r11');
SELECT * FROM vecprov_plan('tune_idx', -1);

DELETE FROM vecprov.tiers WHERE name = 'tune_small';
DELETE FROM vecprov.rates WHERE plan = 'tune';
DROP TABLE tune_items, tune_none;
DROP FUNCTION tune_turn;
DROP ROLE regress_vecprov_tuner;
