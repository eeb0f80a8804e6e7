-- Kinds of tables and indexes: expressions, partial, partitioned, unlogged, temporary, several
-- indexes of a table, inheritance.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;

CREATE FUNCTION pg_temp.vec(i integer, dims integer) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY(SELECT get_byte(h, d) - 128 FROM generate_series(0, dims - 1) d)::vector
	FROM (SELECT sha512((i || ':0')::bytea) || sha512((i || ':1')::bytea) AS h OFFSET 0) s
$$;

-- Expressions: a cast of a column without dimensions, for rows of one kind, and a part of a vector
CREATE TABLE table_mixed (id integer, model integer, v vector) WITH (autovacuum_enabled = off);
INSERT INTO table_mixed SELECT i, 3 + i % 2, subvector(pg_temp.vec(i, 4), 1, 3 + i % 2) FROM generate_series(1, 1000) i;
CREATE INDEX table_mixed_3 ON table_mixed USING vecprov ((v::vector(3))) WHERE model = 3;
CREATE INDEX table_mixed_4 ON table_mixed USING vecprov ((v::vector(4)) vector_cosine_ops) WHERE model = 4;
CREATE INDEX table_mixed_part ON table_mixed USING vecprov ((subvector(v, 1, 2)::vector(2)));
EXPLAIN (COSTS OFF) SELECT id FROM table_mixed WHERE model = 3 ORDER BY v::vector(3) <-> '[1,2,3]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM table_mixed WHERE model = 4 ORDER BY v::vector(4) <=> '[1,2,3,4]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM table_mixed ORDER BY subvector(v, 1, 2)::vector(2) <-> '[1,2]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM table_mixed WHERE model > 3 ORDER BY subvector(v, 1, 2)::vector(2) <-> '[1,2]' LIMIT 5;
INSERT INTO table_mixed VALUES (1001, 3, '[1,2,3]'), (1002, 4, '[1,2,3,4]');
SELECT id FROM table_mixed WHERE model = 3 ORDER BY v::vector(3) <-> '[1,2,3]' LIMIT 1;
SELECT id FROM table_mixed WHERE model = 4 ORDER BY v::vector(4) <=> '[2,4,6,8]' LIMIT 1;
SELECT id FROM (SELECT id FROM table_mixed ORDER BY subvector(v, 1, 2)::vector(2) <-> '[1,2]' LIMIT 2) r ORDER BY id;
-- a coarse search, its rows ordered by the whole vector
SELECT id FROM (SELECT id, v FROM table_mixed WHERE model = 4 ORDER BY subvector(v, 1, 2)::vector(2) <-> '[1,2]' LIMIT 40) r
ORDER BY v <-> '[1,2,3,4]' LIMIT 1;
SELECT count(DISTINCT id) FROM (SELECT id FROM table_mixed WHERE model = 3 ORDER BY v::vector(3) <-> '[1,2,3]' LIMIT 10) r;
SELECT i, c.* FROM unnest(ARRAY['table_mixed_3', 'table_mixed_4', 'table_mixed_part']) i, vecprov_check(i::regclass, true) c;
SELECT vecprov_recall('table_mixed_3') >= 0.95 AS m3, vecprov_recall('table_mixed_4') >= 0.95 AS m4, vecprov_recall('table_mixed_part') >= 0.95 AS part;
-- a row that does not fit the kind it says it is of
INSERT INTO table_mixed VALUES (1003, 3, '[1,2,3,4]');
-- rows move in and out of a partial index
UPDATE table_mixed SET model = 5 WHERE id = 1001;
UPDATE table_mixed SET model = 3, v = '[1,2,3]' WHERE id = 1002;
SELECT id FROM table_mixed WHERE model = 3 ORDER BY v::vector(3) <-> '[1,2,3]' LIMIT 1;
VACUUM table_mixed;
SELECT i, c.* FROM unnest(ARRAY['table_mixed_3', 'table_mixed_4', 'table_mixed_part']) i, vecprov_check(i::regclass, true) c;
DROP TABLE table_mixed;

-- Several indexes of a column, and of several columns: each answers its own operator.
CREATE TABLE table_several (id integer PRIMARY KEY, v vector(16), w vector(64)) WITH (autovacuum_enabled = off);
INSERT INTO table_several SELECT i, pg_temp.vec(i, 16), pg_temp.vec(i, 64) FROM generate_series(1, 1000) i;
CREATE INDEX table_v_l2 ON table_several USING vecprov (v vector_l2_ops);
CREATE INDEX table_v_cosine ON table_several USING vecprov (v vector_cosine_ops);
CREATE INDEX table_w_ip ON table_several USING vecprov (w vector_ip_ops);
CREATE INDEX table_w_l1 ON table_several USING vecprov (w vector_l1_ops);
EXPLAIN (COSTS OFF) SELECT id FROM table_several ORDER BY v <-> pg_temp.vec(7, 16) LIMIT 1;
EXPLAIN (COSTS OFF) SELECT id FROM table_several ORDER BY v <=> $$[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]$$ LIMIT 1;
SELECT a.id, b.id, c.id FROM (SELECT id FROM table_several ORDER BY v <-> pg_temp.vec(7, 16) LIMIT 1) a,
	(SELECT id FROM table_several ORDER BY v <=> pg_temp.vec(8, 16) LIMIT 1) b,
	(SELECT id FROM table_several ORDER BY w <+> pg_temp.vec(9, 64) LIMIT 1) c;
UPDATE table_several SET v = pg_temp.vec(id + 5000, 16) WHERE id % 2 = 0;
DELETE FROM table_several WHERE id % 5 = 0;
VACUUM table_several;
SELECT i, c.* FROM unnest(ARRAY['table_v_l2', 'table_v_cosine', 'table_w_ip', 'table_w_l1']) i, vecprov_check(i::regclass, true) c;
DROP TABLE table_several;

-- Partitioned: an index of each partition, their answers merged in order
CREATE TABLE table_partitioned (id integer, v vector(3)) PARTITION BY RANGE (id);
CREATE TABLE table_part_1 PARTITION OF table_partitioned FOR VALUES FROM (1) TO (501);
CREATE INDEX table_partitioned_idx ON table_partitioned USING vecprov (v vector_l2_ops) WITH (m = 8);
CREATE TABLE table_part_2 PARTITION OF table_partitioned FOR VALUES FROM (501) TO (1001);
INSERT INTO table_partitioned SELECT i, ARRAY[i, i % 7, 0] FROM generate_series(1, 1000) i;
CREATE TABLE table_part_3 (v vector(3), dropped integer, id integer);
ALTER TABLE table_part_3 DROP dropped;
INSERT INTO table_part_3 SELECT ARRAY[i, i % 7, 0], i FROM generate_series(1001, 1200) i;
ALTER TABLE table_partitioned ATTACH PARTITION table_part_3 FOR VALUES FROM (1001) TO (2001);
ANALYZE table_partitioned;
EXPLAIN (COSTS OFF) SELECT id FROM table_partitioned ORDER BY v <-> '[500.2,3,0]' LIMIT 5;
SELECT id FROM table_partitioned ORDER BY v <-> '[500.2,3,0]' LIMIT 5;
SELECT id FROM table_partitioned ORDER BY v <-> '[1000.1,6,0]' LIMIT 4;
EXPLAIN (COSTS OFF) SELECT id FROM table_partitioned WHERE id BETWEEN 600 AND 700 ORDER BY v <-> '[500.2,3,0]' LIMIT 5;
SELECT id FROM table_partitioned WHERE id BETWEEN 600 AND 700 ORDER BY v <-> '[500.2,3,0]' LIMIT 2;
UPDATE table_partitioned SET id = id + 1000 WHERE id = 503;
SELECT id FROM table_partitioned ORDER BY v <-> '[503,6,0]' LIMIT 1;
SELECT i::regclass, c.* FROM pg_partition_tree('table_partitioned_idx') t (i), vecprov_check(i, true) c WHERE isleaf;
SELECT count(*) FROM pg_partition_tree('table_partitioned_idx') WHERE isleaf;
SELECT * FROM vecprov_check('table_partitioned_idx');
DROP TABLE table_partitioned;

-- Inheritance
CREATE TABLE table_parent (id integer, v vector(2));
CREATE TABLE table_child () INHERITS (table_parent);
INSERT INTO table_parent SELECT i, ARRAY[i, 0] FROM generate_series(1, 100, 2) i;
INSERT INTO table_child SELECT i, ARRAY[i, 0] FROM generate_series(2, 100, 2) i;
CREATE INDEX table_parent_idx ON table_parent USING vecprov (v);
CREATE INDEX table_child_idx ON table_child USING vecprov (v);
SELECT id FROM table_parent ORDER BY v <-> '[50.2,0]' LIMIT 4;
DROP TABLE table_parent CASCADE;

-- Unlogged, and from one to the other
CREATE UNLOGGED TABLE table_unlogged (id integer, v vector(16)) WITH (autovacuum_enabled = off);
INSERT INTO table_unlogged SELECT i, pg_temp.vec(i, 16) FROM generate_series(1, 500) i;
CREATE INDEX table_unlogged_idx ON table_unlogged USING vecprov (v);
INSERT INTO table_unlogged SELECT i, pg_temp.vec(i, 16) FROM generate_series(501, 1000) i;
SELECT pg_relation_size('table_unlogged_idx', 'init') > 0 AS init;
SELECT id FROM table_unlogged ORDER BY v <-> pg_temp.vec(700, 16) LIMIT 1;
SELECT * FROM vecprov_check('table_unlogged_idx', true);
ALTER TABLE table_unlogged SET LOGGED;
SELECT pg_relation_size('table_unlogged_idx', 'init') AS init;
SELECT id FROM table_unlogged ORDER BY v <-> pg_temp.vec(700, 16) LIMIT 1;
INSERT INTO table_unlogged SELECT i, pg_temp.vec(i, 16) FROM generate_series(1001, 1100) i;
SELECT * FROM vecprov_check('table_unlogged_idx', true);
ALTER TABLE table_unlogged SET UNLOGGED;
TRUNCATE table_unlogged;
INSERT INTO table_unlogged SELECT i, pg_temp.vec(i, 16) FROM generate_series(1, 100) i;
SELECT id FROM table_unlogged ORDER BY v <-> pg_temp.vec(70, 16) LIMIT 1;
SELECT * FROM vecprov_check('table_unlogged_idx', true);
DROP TABLE table_unlogged;

-- Temporary: rows kept, rows that go with the transaction
CREATE TEMP TABLE table_temp (id integer, v vector(100)) WITH (autovacuum_enabled = off);
CREATE INDEX table_temp_idx ON table_temp USING vecprov (v vector_cosine_ops);
INSERT INTO table_temp SELECT i, pg_temp.vec(i, 100) FROM generate_series(1, 300) i;
DELETE FROM table_temp WHERE id % 2 = 0;
VACUUM table_temp;
INSERT INTO table_temp SELECT i, pg_temp.vec(i, 100) FROM generate_series(301, 400) i;
SELECT id FROM table_temp ORDER BY v <=> pg_temp.vec(301, 100) LIMIT 1;
SELECT * FROM vecprov_check('table_temp_idx', true);
SELECT vecprov_recall('table_temp_idx') >= 0.95 AS recall;
DROP TABLE table_temp;
CREATE TEMP TABLE table_temp (id integer, v vector(3)) ON COMMIT DELETE ROWS;
CREATE INDEX table_temp_idx ON table_temp USING vecprov (v);
BEGIN;
INSERT INTO table_temp VALUES (1, '[1,1,1]'), (2, '[2,2,2]');
SELECT id FROM table_temp ORDER BY v <-> '[2,2,3]' LIMIT 10;
COMMIT;
SELECT id FROM table_temp ORDER BY v <-> '[2,2,3]' LIMIT 10;
BEGIN;
INSERT INTO table_temp VALUES (3, '[3,3,3]'), (4, '[4,4,4]');
SELECT id FROM table_temp ORDER BY v <-> '[2,2,3]' LIMIT 10;
SELECT * FROM vecprov_check('table_temp_idx', true);
COMMIT;
BEGIN;
CREATE TEMP TABLE table_dropped ON COMMIT DROP AS SELECT i AS id, ARRAY[i, 1, 1]::vector(3) AS v FROM generate_series(1, 50) i;
CREATE INDEX ON table_dropped USING vecprov (v);
SELECT id FROM table_dropped ORDER BY v <-> '[20,1,1]' LIMIT 1;
COMMIT;
DROP TABLE table_temp;

-- A materialised view
CREATE MATERIALIZED VIEW table_view AS SELECT i AS id, ARRAY[i, 1, 1]::vector(3) AS v FROM generate_series(1, 50) i;
CREATE INDEX table_view_idx ON table_view USING vecprov (v);
SELECT id FROM table_view ORDER BY v <-> '[20,1,1]' LIMIT 1;
REFRESH MATERIALIZED VIEW table_view;
SELECT id FROM table_view ORDER BY v <-> '[30,1,1]' LIMIT 1;
SELECT * FROM vecprov_check('table_view_idx', true);
DROP MATERIALIZED VIEW table_view;

-- A copy of the table's definition has its index.
CREATE TABLE table_like (id integer, v vector(3));
CREATE INDEX table_like_idx ON table_like USING vecprov (v vector_ip_ops) WITH (m = 5);
CREATE TABLE table_liked (LIKE table_like INCLUDING ALL);
SELECT regexp_replace(pg_get_indexdef(indexrelid), '.* USING', 'USING') FROM pg_index WHERE indrelid = 'table_liked'::regclass;
DROP TABLE table_like, table_liked;

-- Moved and renamed
CREATE TABLE table_moved (id integer, v vector(3));
CREATE INDEX table_moved_idx ON table_moved USING vecprov (v);
INSERT INTO table_moved VALUES (1, '[1,2,3]');
ALTER INDEX table_moved_idx SET TABLESPACE pg_default;
ALTER INDEX table_moved_idx RENAME TO table_renamed_idx;
SELECT id FROM table_moved ORDER BY v <-> '[1,2,3]' LIMIT 1;
DROP TABLE table_moved;
