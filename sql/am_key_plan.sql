-- Plans with conditions on key columns: which index is taken, and what it tests.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
SET jit = off;
-- (those with bitmaps: am_bitmap)
SET enable_bitmapscan = off;

CREATE TABLE key_plan_items (id integer PRIMARY KEY, tenant integer, part integer, even boolean, name text, price numeric, tags integer[], v vector(16))
	WITH (autovacuum_enabled = off);
INSERT INTO key_plan_items SELECT i, i, i % 10, i % 2 = 0, 'name ' || i % 100, i % 8, ARRAY[i % 10, 100 + i % 5000],
	ARRAY(SELECT get_byte(h, d) - 128 FROM generate_series(0, 15) d)
	FROM (SELECT i, decode(md5(i::text), 'hex') AS h FROM generate_series(1, 20000) i OFFSET 0) s;
CREATE INDEX key_plan_v ON key_plan_items USING vecprov (v, tenant, part, even, name, price, tags);
CREATE INDEX key_plan_tenant ON key_plan_items (tenant);
CREATE INDEX key_plan_part ON key_plan_items (part);
VACUUM ANALYZE key_plan_items;
\set query '''[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]'''

-- One row: that of the B-tree. Many: the nearest of them, by the index that knows their order.
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE tenant = 7 ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE part = 7 ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE tenant < 500 ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE even ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE NOT even AND part IN (1, 3) ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE name = 'name 7' AND part <> 3 ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE part BETWEEN 3 AND 5 AND id > 100 ORDER BY v <-> :query LIMIT 10;
-- arrays: elements that many rows have and that few have
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE tags && '{3,4}' ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE 107 = ANY (tags) AND part <> 3 ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE tenant = 7 AND tags @> '{7}' ORDER BY v <-> :query LIMIT 10;
-- no condition; all rows
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE part = 7 ORDER BY v <-> :query;

-- Beside an index without keys: a condition on a key is tested by the index that has it, however many rows it
-- leaves, in a narrow table too, whose rows cost little.
CREATE INDEX key_plan_plain ON key_plan_items USING vecprov (v);
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE even ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE part < 8 ORDER BY v <-> :query LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE tags @> '{3}' ORDER BY v <-> :query LIMIT 10;
CREATE TABLE key_plan_narrow (part smallint, v vector(4));
INSERT INTO key_plan_narrow SELECT part, subvector(v, 1, 4) FROM key_plan_items;
CREATE INDEX key_plan_narrow_plain ON key_plan_narrow USING vecprov (v);
CREATE INDEX key_plan_narrow_part ON key_plan_narrow USING vecprov (v, part);
VACUUM ANALYZE key_plan_narrow;
EXPLAIN (COSTS OFF) SELECT FROM key_plan_narrow WHERE part < 2 ORDER BY v <-> '[1,2,3,4]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT FROM key_plan_narrow WHERE part IN (1, 2, 3) ORDER BY v <-> '[1,2,3,4]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT FROM key_plan_narrow WHERE part < 5 ORDER BY v <-> '[1,2,3,4]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT FROM key_plan_narrow WHERE part < 8 ORDER BY v <-> '[1,2,3,4]' LIMIT 10;
DROP TABLE key_plan_narrow;
DROP INDEX key_plan_plain;

-- Fewer rows than LIMIT wants: they are measured where their codes are, and not sorted from a bitmap.
SET enable_bitmapscan = on;
DROP INDEX key_plan_tenant, key_plan_part;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE tenant BETWEEN 7 AND 14 ORDER BY v <-> :query LIMIT 10;
SET enable_bitmapscan = off;

-- Row security: conditions that might tell of hidden rows are tested behind it.
CREATE ROLE key_plan_reader;
CREATE POLICY key_plan_even ON key_plan_items USING (even);
ALTER TABLE key_plan_items ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON key_plan_items TO key_plan_reader;
SET ROLE key_plan_reader;
EXPLAIN (COSTS OFF) SELECT id FROM key_plan_items WHERE part IN (7, 8) AND name < 'o' AND price < 5 AND price > ANY ('{1,2}') AND 7 = ANY (tags) AND tags && '{7}' ORDER BY v <-> :query LIMIT 10;
RESET ROLE;
DROP TABLE key_plan_items;
DROP ROLE key_plan_reader;
