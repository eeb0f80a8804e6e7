-- vecprov_recall and vecprov_index_bytes
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;

CREATE TABLE recall_items (id integer PRIMARY KEY, v vector(3), w vector(64)) WITH (autovacuum_enabled = off);
INSERT INTO recall_items SELECT i, ARRAY[i, (i * i) % 10, 0],
	ARRAY(SELECT get_byte(sha512(i::text::bytea), d) - 128 FROM generate_series(0, 63) d) FROM generate_series(1, 2000) i;
CREATE INDEX recall_v ON recall_items USING vecprov (v);
CREATE INDEX recall_w ON recall_items USING vecprov (w vector_cosine_ops);
CREATE INDEX recall_w_ip ON recall_items USING vecprov (w vector_ip_ops) WHERE id <= 1000;
CREATE INDEX recall_w_l1 ON recall_items USING vecprov (w vector_l1_ops);

-- Defaults, names, bounds
SELECT vecprov_recall('recall_v') = 1 AS v, vecprov_recall('recall_w') BETWEEN 0.9 AND 1 AS w,
	vecprov_recall('recall_w_ip') BETWEEN 0.9 AND 1 AS ip, vecprov_recall('recall_w_l1') BETWEEN 0.9 AND 1 AS l1;
SELECT vecprov_recall(index => 'recall_v', k => 1, samples => 1) = 1 AS one;
SELECT vecprov_recall('recall_v', 3000, 3) = 1 AS more_than_there_are, vecprov_recall('recall_v', 10, 10000) = 1 AS all;
SELECT vecprov_recall('recall_v', 10000, 1) = 1 AS most;
SELECT vecprov_recall('recall_w', 10, 50) = vecprov_recall('recall_w', 10, 50) AS repeatable;
SELECT vecprov_recall(NULL), vecprov_recall('recall_v', NULL), vecprov_recall('recall_v', 10, NULL);
SELECT vecprov_recall('recall_v', 0);
SELECT vecprov_recall('recall_v', 10001);
SELECT vecprov_recall('recall_v', 10, 0);
SELECT vecprov_recall('recall_v', 10, 10001);
SELECT vecprov_recall('recall_v', -1, -1);

-- It obeys the settings: more effort, more recall.
SET vecprov.iterative_scan = off;
SET vecprov.ef_search = 5;
SELECT vecprov_recall('recall_w', 20, 50) < 0.3 AS little;
SET vecprov.ef_search = 2000;
SELECT vecprov_recall('recall_w', 20, 50) > 0.99 AS nearly_all;
RESET vecprov.ef_search;
RESET vecprov.iterative_scan;

-- It sees what its transaction sees.
BEGIN;
DELETE FROM recall_items WHERE id > 1000;
INSERT INTO recall_items SELECT i, ARRAY[i, (i * i) % 10, 0] FROM generate_series(5001, 5100) i;
SELECT vecprov_recall('recall_v') = 1 AS changed;
ROLLBACK;

-- Nothing to measure
CREATE TABLE recall_none (v vector(3));
CREATE INDEX recall_none_idx ON recall_none USING vecprov (v vector_cosine_ops);
SELECT vecprov_recall('recall_none_idx') IS NULL AS empty;
INSERT INTO recall_none VALUES (NULL), ('[0,0,0]');
SELECT vecprov_recall('recall_none_idx') IS NULL AS nothing_indexed;
INSERT INTO recall_none VALUES ('[1,2,3]');
SELECT vecprov_recall('recall_none_idx') AS one;

-- Not on other relations, nor without the right to read the table
SELECT vecprov_recall('recall_items');
SELECT vecprov_recall('recall_items_pkey');
SELECT vecprov_recall('pg_class');
SELECT vecprov_recall(0);
SELECT vecprov_index_bytes('recall_items');
SELECT vecprov_index_bytes('recall_items_pkey');
\set VERBOSITY sqlstate
SELECT vecprov_recall('recall_items_pkey');
SELECT vecprov_recall('recall_v', 0);
\set VERBOSITY terse
CREATE ROLE regress_vecprov_reader;
SET ROLE regress_vecprov_reader;
SELECT vecprov_recall('recall_v');
SELECT vecprov_index_bytes('recall_v');
RESET ROLE;
GRANT SELECT ON recall_items TO regress_vecprov_reader;
SET ROLE regress_vecprov_reader;
SELECT vecprov_recall('recall_v') = 1 AS v;
SELECT (vecprov_index_bytes('recall_v')).total > 0 AS total;
RESET ROLE;

-- Bytes: all of the file, and without the exact vectors
SELECT total = pg_relation_size('recall_v') AS total, search < total AS some_for_search FROM vecprov_index_bytes('recall_v');
SELECT total = pg_relation_size('recall_w') AS total, search < total AS some_for_search, search > 0 AS positive FROM vecprov_index_bytes('recall_w');
SELECT total = pg_relation_size('recall_none_idx') AS total, search <= total AS search FROM vecprov_index_bytes('recall_none_idx');
SELECT * FROM vecprov_index_bytes(NULL);
-- a search needs about a byte for two dimensions, and four for each of 32 links
CREATE TABLE recall_large (v vector(1024)) WITH (autovacuum_enabled = off);
INSERT INTO recall_large SELECT ARRAY(SELECT (i * d) % 101 FROM generate_series(1, 1024) d) FROM generate_series(1, 500) i;
CREATE INDEX recall_large_idx ON recall_large USING vecprov (v);
SELECT search < 500 * 4 * 1024 / 4 AS quarter, total < 500 * 4 * 1024 * 1.5 AS all FROM vecprov_index_bytes('recall_large_idx');

DROP TABLE recall_items, recall_none, recall_large;
DROP ROLE regress_vecprov_reader;
