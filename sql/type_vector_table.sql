-- Vectors in tables: storage, constraints, btree indexes, sorting, joins.
\getenv abs_srcdir PG_ABS_SRCDIR
\set value :abs_srcdir '/sql/include/value.sql'
\i :value

-- The type
SELECT typlen, typbyval, typalign, typstorage, typcategory, typmodout FROM pg_type WHERE oid = 'vector'::regtype;
SELECT pg_column_size('[1,2,3]'::vector), pg_column_size(array_fill(1, ARRAY[16000])::vector);

-- Columns of given dimensions
CREATE TEMP TABLE items (id integer PRIMARY KEY, v vector(3));
SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'v';
INSERT INTO items VALUES (1, '[0,0,0]'), (2, '[1,2,3]'), (3, '[1,1,1]'), (4, NULL), (5, '[-1,5,5]'), (6, ARRAY[1,2,2.5]);
\set VERBOSITY sqlstate
INSERT INTO items VALUES (7, '[1,2]');
INSERT INTO items VALUES (7, '[1,2]'::vector);
INSERT INTO items VALUES (7, ARRAY[1,2,3,4]);
UPDATE items SET v = v || '[1]' WHERE id = 1;
ALTER TABLE items ALTER v TYPE vector(4);
\set VERBOSITY default
ALTER TABLE items ALTER v TYPE vector;
INSERT INTO items VALUES (7, '[1,2]'), (8, '[1,2,3,0]');
SELECT * FROM items ORDER BY v, id;
SELECT * FROM items ORDER BY v DESC NULLS LAST, id;
SELECT id, v <-> '[1,1,1]' FROM items WHERE vector_dims(v) = 3 ORDER BY v <-> '[1,1,1]', id LIMIT 3;

-- btree
CREATE INDEX items_v_idx ON items (v);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE v = '[1,2,3]';
SELECT id FROM items WHERE v = '[1,2,3]';
SELECT id FROM items WHERE v < '[1,2,3]' ORDER BY v;
SELECT id FROM items WHERE v <= '[1,2,3]' ORDER BY v;
SELECT id FROM items WHERE v >= '[1,2,3]' ORDER BY v;
SELECT id FROM items WHERE v > '[1,2,3]' ORDER BY v;
SELECT id FROM items WHERE v IS NULL;
SELECT id FROM items ORDER BY v DESC;
RESET enable_sort;
RESET enable_bitmapscan;
RESET enable_seqscan;
CREATE UNIQUE INDEX ON items (v);
\set VERBOSITY sqlstate
INSERT INTO items VALUES (9, '[1,2,3]');
\set VERBOSITY default
SELECT count(*), count(DISTINCT v), min(id) FROM items;
SELECT a.id, b.id FROM items a JOIN items b USING (v) ORDER BY 1;
SELECT amopstrategy, amopopr::regoperator FROM pg_amop o JOIN pg_opfamily f ON f.oid = amopfamily
WHERE opfname = 'vector_ops' AND amopmethod = (SELECT oid FROM pg_am WHERE amname = 'btree') AND amoplefttype = 'vector'::regtype ORDER BY 1;
SELECT amvalidate(c.oid) FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod WHERE opcname = 'vector_ops' AND amname = 'btree' AND opcdefault;
DROP TABLE items;

-- Long vectors stand outside the row, uncompressed
CREATE TEMP TABLE long_items (id integer, v vector);
INSERT INTO long_items SELECT i, array_fill(i % 100, ARRAY[2000 + i % 3]) FROM generate_series(1, 300) i;
SELECT count(*) FROM long_items WHERE pg_column_size(v) <> 8 + 4 * vector_dims(v) - 4 AND pg_column_size(v) <> 8 + 4 * vector_dims(v);
SELECT pg_relation_size(reltoastrelid) > 300 * 8000 FROM pg_class WHERE oid = 'long_items'::regclass;
SELECT id FROM long_items ORDER BY v <-> array_fill(50, ARRAY[2000])::vector, id LIMIT 1;
SELECT id FROM long_items WHERE vector_dims(v) = 2000 ORDER BY v <-> array_fill(50, ARRAY[2000])::vector, id LIMIT 1;
SELECT array_agg(id) FROM (SELECT id FROM long_items ORDER BY v, id LIMIT 6) t;
DROP TABLE long_items;

-- COPY in text form
CREATE TEMP TABLE copied (v vector(2));
COPY copied FROM stdin;
[1,2]
\N
[ 3.5 , -4 ]
\.
\set VERBOSITY sqlstate
COPY copied FROM stdin;
[1,2,3]
\.
COPY copied FROM stdin;
[1,x]
\.
\set VERBOSITY default
COPY (SELECT v FROM copied ORDER BY v) TO stdout;
COPY (SELECT v FROM copied ORDER BY v) TO stdout (FORMAT csv);
DROP TABLE copied;
