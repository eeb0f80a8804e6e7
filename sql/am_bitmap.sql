-- Conditions that other indexes of the table answer: the search goes among the rows of a bitmap.
-- one thread: the same graph each time
SET max_parallel_maintenance_workers = 0;

CREATE TABLE bitmap_rows (id integer, price integer, lang text, doc jsonb, tags integer[], e vector(6));
INSERT INTO bitmap_rows
SELECT i, i * 7919 % 1000, (ARRAY['de', 'en', 'fr', 'nl'])[1 + i % 4], jsonb_build_object('lang', 'l' || i % 50),
	ARRAY[i % 10, i % 77],
	CASE WHEN i % 200 <> 0 THEN ARRAY[sin(i), cos(i), sin(i * 3.0), cos(i * 5.0), sin(i * 7.0), i / 6000.0]::vector END
FROM generate_series(1, 6000) i;
CREATE INDEX bitmap_e ON bitmap_rows USING vecprov (e vector_l2_ops);
CREATE INDEX bitmap_price ON bitmap_rows (price);
CREATE INDEX bitmap_lang ON bitmap_rows (lang);
CREATE INDEX bitmap_doc ON bitmap_rows USING gin (doc);
CREATE INDEX bitmap_tags ON bitmap_rows USING gin (tags);
CREATE INDEX bitmap_id ON bitmap_rows USING brin (id);
VACUUM ANALYZE bitmap_rows;

-- The rows of a condition, nearest first, with and without vecprov; prints the plan's nodes, and what differs.
CREATE FUNCTION compare(condition text, n integer) RETURNS TABLE (line text) LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT array_agg(id) FROM (SELECT id FROM bitmap_rows WHERE %s
		ORDER BY e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'', id LIMIT %s) r', condition, n);
	ordered text := format('SELECT array_agg(id) FROM (SELECT id FROM bitmap_rows WHERE %s
		ORDER BY e <-> ''[0.1,0.2,0.3,0.4,0.5,0.6]'' LIMIT %s) r', condition, n);
	ours integer[];
	theirs integer[];
BEGIN
	PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || ordered LOOP
		IF line ~ 'Scan|Bitmap(And|Or)' THEN
			RETURN NEXT;
		END IF;
	END LOOP;
	EXECUTE ordered INTO ours;
	PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'on', true),
		set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true);
	EXECUTE query INTO theirs;
	PERFORM set_config('enable_indexscan', 'on', true), set_config('enable_bitmapscan', 'on', true);
	line := format('%s rows, %s as by a sequential scan', coalesce(cardinality(ours), 0),
		(SELECT count(*) FROM unnest(ours) o WHERE o = ANY (theirs)));
	RETURN NEXT;
END;
$$;

SELECT * FROM compare('price < 20', 10);
SELECT * FROM compare('price < 20', 1000);
SELECT * FROM compare('price = 7', 10);
SELECT * FROM compare('price < 40 AND tags @> ''{3}''', 10);
SELECT * FROM compare('price = 7 OR doc @> ''{"lang": "l7"}''', 1000);
SELECT * FROM compare('tags @> ''{3, 43}''', 10);
SELECT * FROM compare('id BETWEEN 700 AND 800', 200);
SELECT * FROM compare('price < -1', 10);
-- a condition that holds for all rows, or for none, is tested before
SELECT * FROM compare('price = 7 AND current_user = session_user', 10);
SELECT * FROM compare('price = 7 AND current_user <> session_user', 10);

-- Many rows: a bitmap that knows pages only.
SET work_mem = '64kB';
SELECT * FROM compare('price < 600', 10);
RESET work_mem;

-- A partial index: of the rows of a bitmap, those that it has, whether they are few or many.  The plan relies on it.
DROP INDEX bitmap_e;
CREATE FUNCTION parse_price(integer) RETURNS real[] IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	RETURN array_fill(1 / greatest(500 - $1, 0), ARRAY[6]);
END;
$$;
CREATE INDEX bitmap_cheap ON bitmap_rows USING vecprov (e vector_l2_ops) WHERE price < 500;
CREATE INDEX bitmap_parsed ON bitmap_rows USING vecprov ((parse_price(price)::vector(6)) vector_l2_ops) WHERE price < 500;
SELECT * FROM compare('price < 500 AND tags @> ''{3, 43}''', 1000);
SELECT * FROM compare('price < 500 AND tags @> ''{3}''', 1000);
SET enable_seqscan = off;
SET enable_sort = off;
SELECT count(*), max(price) FROM (SELECT price FROM bitmap_rows WHERE price < 500 AND tags @> '{3, 43}'
	ORDER BY parse_price(price)::vector(6) <-> '[1,1,1,1,1,1]' LIMIT 1000) r;
DROP INDEX bitmap_cheap, bitmap_parsed;
DROP FUNCTION parse_price;
CREATE INDEX bitmap_e ON bitmap_rows USING vecprov (e vector_l2_ops);
RESET enable_seqscan;
RESET enable_sort;

-- The scan begins again with other values; conditions that depend on another table.
SET enable_seqscan = off;
SET enable_sort = off;
EXPLAIN (COSTS OFF)
SELECT l.lang, r.id FROM (VALUES ('l1'), ('l2'), ('l3')) l (lang),
	LATERAL (SELECT id FROM bitmap_rows WHERE doc @> jsonb_build_object('lang', l.lang)
		ORDER BY e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' LIMIT 2) r;
SELECT l.lang, count(*), count(*) FILTER (WHERE b.doc ->> 'lang' = l.lang) AS right
FROM (VALUES ('l1'), ('l2'), ('l3')) l (lang),
	LATERAL (SELECT doc FROM bitmap_rows WHERE doc @> jsonb_build_object('lang', l.lang)
		ORDER BY e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' LIMIT 2) b
GROUP BY 1 ORDER BY 1;

-- A generic plan; a row that is locked, and moved.
SET plan_cache_mode = force_generic_plan;
PREPARE cheap (integer, vector) AS
	SELECT id, price FROM bitmap_rows WHERE price < $1 ORDER BY e <-> $2 LIMIT 2;
EXPLAIN (COSTS OFF) EXECUTE cheap (20, '[0,0,0,0,0,0]');
SELECT count(*) FROM bitmap_rows WHERE price < 20;
EXECUTE cheap (20, '[0,0,0,0,0,0]');
EXECUTE cheap (3, '[1,1,0,0,0,0]');
RESET plan_cache_mode;
BEGIN;
EXPLAIN (COSTS OFF)
SELECT id FROM bitmap_rows WHERE price < 20 ORDER BY e <-> '[0,0,0,0,0,0]' LIMIT 2 FOR UPDATE;
SELECT count(*) FROM
	(SELECT id FROM bitmap_rows WHERE price < 20 ORDER BY e <-> '[0,0,0,0,0,0]' LIMIT 2 FOR UPDATE) l;
ROLLBACK;

-- What EXPLAIN ANALYZE says of few rows: measured in the table, no node of the graph.
CREATE FUNCTION said(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ '^ *(Search|Nodes|Rows Measured)' THEN
			RETURN NEXT ltrim(line);
		END IF;
	END LOOP;
END;
$$;
SELECT count(*) FROM (SELECT id FROM bitmap_rows ORDER BY e <-> '[0,0,0,0,0,0]' LIMIT 2) r;
SELECT * FROM said('SELECT id FROM bitmap_rows WHERE price = 7 ORDER BY e <-> ''[0,0,0,0,0,0]'' LIMIT 2');

-- The row that a cursor is at.
BEGIN;
DECLARE at CURSOR FOR SELECT price FROM bitmap_rows WHERE price < 20 ORDER BY e <-> '[0,0,0,0,0,0]';
FETCH at;
DELETE FROM bitmap_rows WHERE CURRENT OF at RETURNING price;
ROLLBACK;

-- A search tests conditions on key columns itself, so no other index is asked for these.
DROP INDEX bitmap_e;
CREATE INDEX bitmap_keys ON bitmap_rows USING vecprov (e vector_l2_ops, price, lang);
SELECT * FROM compare('price < 20', 1000);
SELECT * FROM compare('price < 100 AND lang = ''en'' AND doc @> ''{"lang": "l7"}''', 10);
SELECT * FROM compare('lang = ''en'' AND (price = 7 OR doc @> ''{"lang": "l7"}'')', 1000);

-- Rows of a partition.
CREATE TABLE bitmap_parts (id integer, price integer, e vector(6)) PARTITION BY RANGE (id);
CREATE TABLE bitmap_part1 PARTITION OF bitmap_parts FOR VALUES FROM (0) TO (3000);
CREATE TABLE bitmap_part2 PARTITION OF bitmap_parts FOR VALUES FROM (3000) TO (7000);
INSERT INTO bitmap_parts SELECT id, price, e FROM bitmap_rows;
CREATE INDEX ON bitmap_parts USING vecprov (e vector_l2_ops);
CREATE INDEX ON bitmap_parts (price);
VACUUM ANALYZE bitmap_parts;
EXPLAIN (COSTS OFF)
SELECT id FROM bitmap_parts WHERE price < 20 ORDER BY e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' LIMIT 5;
SELECT array_agg(id ORDER BY id) FROM
	(SELECT id FROM bitmap_parts WHERE price < 20 ORDER BY e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' LIMIT 5) p;
SET enable_indexscan = off;
SELECT array_agg(id ORDER BY id) FROM
	(SELECT id FROM bitmap_parts WHERE price < 20 ORDER BY e <-> '[0.1,0.2,0.3,0.4,0.5,0.6]' LIMIT 5) p;

DROP TABLE bitmap_rows, bitmap_parts;
DROP FUNCTION compare, said;
