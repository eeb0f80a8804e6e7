-- Searches with conditions on keys: the rows are those of a sequential scan, none is missing, and the
-- nearest are found as well as without conditions; whatever share matches and wherever the matches are.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
SET jit = off;
SET vecprov.max_scan_tuples = 10;
SET enable_sort = off;
SET enable_bitmapscan = off;

-- 40 clusters; each 20th vector is that of the row before, each 500th there is none
CREATE FUNCTION pg_temp.filter_vec(i integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT (hashint4extended(n % 40, d) & 1023) + (hashint4extended(n, d) & 511)
		FROM generate_series(1, 32) d)::real[]::vector
	FROM (SELECT CASE WHEN i % 20 = 0 THEN i - 1 ELSE i END AS n) x
	WHERE i % 500 <> 0
$$;
CREATE TABLE filter_items (id integer, cluster integer, chance integer, v vector(32)) WITH (autovacuum_enabled = off);
INSERT INTO filter_items
	SELECT i, i % 40, hashint4extended(i, 0) & 1023, pg_temp.filter_vec(i) FROM generate_series(1, 6000) i;
CREATE INDEX filter_idx ON filter_items USING vecprov (v, cluster, chance) WITH (m = 8, ef_construction = 64);

-- All rows that a condition leaves, and the share of the ten nearest that are found, by the index; both compared
-- with a sequential scan.
CREATE FUNCTION pg_temp.filtered(condition text, query integer, wanted integer) RETURNS TABLE (id integer, distance float8)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT id, v <-> $1 FROM filter_items WHERE %s ORDER BY v <-> $1 LIMIT %s',
		condition, wanted) USING pg_temp.filter_vec(query);
END
$$;
CREATE FUNCTION pg_temp.compare(condition text, OUT matches bigint, OUT complete boolean, OUT sorted boolean, OUT near boolean)
LANGUAGE plpgsql AS $$
DECLARE
	query integer;
	ids integer[];
	theirs integer[];
	last float8;
	hits bigint = 0;
	possible bigint = 0;
BEGIN
	complete := true;
	FOREACH query IN ARRAY ARRAY[1, 7, 77, 777, 5001, 6003] LOOP
		SET LOCAL enable_seqscan = on;
		SET LOCAL enable_indexscan = off;
		SELECT array_agg(f.id ORDER BY f.id) INTO ids FROM pg_temp.filtered(condition, query, 10000) f;
		SELECT max(f.distance) INTO last FROM pg_temp.filtered(condition, query, 10) f;
		SET LOCAL enable_seqscan = off;
		SET LOCAL enable_indexscan = on;
		SET LOCAL vecprov.iterative_scan = relaxed_order;
		SELECT array_agg(f.id ORDER BY f.id) INTO theirs FROM pg_temp.filtered(condition, query, 10000) f;
		SET LOCAL vecprov.iterative_scan = strict_order;
		complete := complete AND ids IS NOT DISTINCT FROM theirs;
		hits := hits + (SELECT count(*) FROM pg_temp.filtered(condition, query, 10) f WHERE f.distance <= last);
		possible := possible + (SELECT least(count(*), 10) FROM filter_items i WHERE i.id = ANY (ids) AND v IS NOT NULL);
		sorted := (sorted IS NOT FALSE) AND (SELECT coalesce(bool_and(s.distance >= s.before), true) FROM
			(SELECT f.distance, lag(f.distance, 1, '-infinity') OVER () AS before FROM pg_temp.filtered(condition, query, 15) f) s);
	END LOOP;
	matches := coalesce(cardinality(ids), 0);
	near := hits >= 0.9 * possible;
END
$$;
CREATE TABLE filter_conditions (no serial, condition text);
INSERT INTO filter_conditions (condition) VALUES ('chance >= 0'), ('chance < 512'), ('chance < 102'), ('chance < 10'),
	('chance = 5'), ('chance < 0'), ('chance IN (1, 3, 500, 900)'), ('cluster = 7'), ('cluster = 27'), ('cluster < 10'),
	('cluster <> 7'), ('cluster = 7 AND chance < 512'), ('cluster >= 20 AND chance BETWEEN 500 AND 600'),
	('cluster IN (1, 2, 3) AND chance IS NOT NULL'), ('chance IS NULL'), ('v IS NULL AND chance < 512'), ('v IS NOT NULL AND chance < 512');
CREATE TEMPORARY VIEW filter_table AS SELECT condition, c.* FROM filter_conditions, pg_temp.compare(condition) c ORDER BY no;
SELECT * FROM filter_table;

-- One round finds as many as it may return, if there are so many.
CREATE FUNCTION pg_temp.one_round(ef integer) RETURNS TABLE (condition text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL enable_seqscan = off;
	SET LOCAL vecprov.iterative_scan = off;
	PERFORM set_config('vecprov.ef_search', ef::text, true);
	RETURN QUERY SELECT c.condition, (SELECT count(*) FROM pg_temp.filtered(c.condition || ' AND v IS NOT NULL', 77, 1000))
		FROM filter_conditions c ORDER BY no LIMIT 9;
END
$$;
SELECT condition, s.rows AS ef_40, l.rows AS ef_100 FROM pg_temp.one_round(40) s JOIN pg_temp.one_round(100) l USING (condition) ORDER BY 2, 3, 1;

-- Inserted, updated and deleted ones; before and after VACUUM.
INSERT INTO filter_items
	SELECT i, i % 40, hashint4extended(i, 0) & 1023, pg_temp.filter_vec(i) FROM generate_series(6001, 7000) i;
UPDATE filter_items SET chance = NULL WHERE id % 11 = 0;
UPDATE filter_items SET chance = 5 WHERE id % 301 = 0;
DELETE FROM filter_items WHERE id % 3 = 0 OR cluster = 27;
SELECT condition, complete, sorted, near FROM filter_table WHERE (complete AND sorted AND near) IS NOT TRUE;
:vacuum filter_items;
SELECT condition, complete, sorted, near FROM filter_table WHERE (complete AND sorted AND near) IS NOT TRUE;
SELECT * FROM vecprov_check('filter_idx', true);

-- Several shards.
DROP INDEX filter_idx;
CREATE INDEX filter_idx ON filter_items USING vecprov (v, cluster, chance) WITH (m = 8, ef_construction = 64, tier = r10, shards = 4);
SELECT condition, complete, sorted, near FROM filter_table WHERE (complete AND sorted AND near) IS NOT TRUE;

-- A place in the table that gets another row is not found by the former row's key: rows of a chain that VACUUM
-- gives to its first node. With FREEZE, VACUUM waits for a page that another process has pinned.
CREATE TABLE filter_equal (id integer, chance integer, v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO filter_equal SELECT i, i, '[1,2,3]' FROM generate_series(1, 20) i;
INSERT INTO filter_equal SELECT i, i, ARRAY[i, 2, 3]::vector FROM generate_series(1001, 1500) i;
CREATE INDEX filter_equal_idx ON filter_equal USING vecprov (v, chance);
SELECT 'DELETE FROM filter_equal WHERE id IN (' || i || ', ' || j || ')', 'CALL pg_temp.wait_for_snapshots()', 'VACUUM (FREEZE) filter_equal'
	FROM (VALUES (1, 2), (20, 19), (3, 18), (4, 17), (5, 16), (6, 15), (7, 14), (8, 13)) r (i, j) \gexec
INSERT INTO filter_equal SELECT i, i FROM generate_series(101, 116) i;
SET enable_seqscan = off;
SELECT count(*) FROM filter_equal WHERE ctid < '(0,21)' AND id > 100;
SELECT array_agg(c) FROM generate_series(1, 20) c, LATERAL (SELECT 1 FROM filter_equal e WHERE e.chance = c ORDER BY v <-> '[1,2,3]' LIMIT 10) r;
SET client_min_messages = warning;
DROP TABLE filter_items, filter_equal, filter_conditions CASCADE;
