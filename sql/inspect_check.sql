-- vecprov_check: sound indexes give no row; who may call it, and on what.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse

CREATE TABLE check_items (id integer PRIMARY KEY, v vector(3), w vector(100)) WITH (autovacuum_enabled = off);
INSERT INTO check_items SELECT i, ARRAY[i % 10, i % 7, i % 3], ARRAY(SELECT (i * d) % 101 FROM generate_series(1, 100) d) FROM generate_series(1, 1000) i;
CREATE INDEX check_v ON check_items USING vecprov (v);
CREATE INDEX check_w ON check_items USING vecprov (w vector_cosine_ops);
CREATE INDEX check_part ON check_items USING vecprov (w vector_ip_ops) WHERE id % 2 = 0;
DELETE FROM check_items WHERE id % 7 = 0;
INSERT INTO check_items SELECT i, ARRAY[i % 10, i % 7, i % 3], ARRAY(SELECT (i * d) % 101 FROM generate_series(1, 100) d) FROM generate_series(1001, 1200) i;

-- As function calls: the second argument's default, names of the columns and arguments
SELECT * FROM vecprov_check('check_v');
SELECT * FROM vecprov_check('check_w', false);
SELECT * FROM vecprov_check('check_w', true);
SELECT * FROM vecprov_check(index => 'check_part', "full" => true);
SELECT block, item, rule, message FROM vecprov_check('check_v'::regclass, true) WHERE false;
SELECT count(*) FROM vecprov_check(NULL, true);
-- before VACUUM, in the middle of it and after it; in a transaction that has changed rows
VACUUM (INDEX_CLEANUP off) check_items;
SELECT i, c.* FROM unnest(ARRAY['check_v', 'check_w', 'check_part']) i, vecprov_check(i::regclass, true) c;
VACUUM (INDEX_CLEANUP on) check_items;
SELECT i, c.* FROM unnest(ARRAY['check_v', 'check_w', 'check_part']) i, vecprov_check(i::regclass, true) c;
BEGIN;
UPDATE check_items SET v = v + '[1,1,1]' WHERE id % 5 = 0;
INSERT INTO check_items VALUES (2001, '[1,2,3]');
SELECT i, c.* FROM unnest(ARRAY['check_v', 'check_w', 'check_part']) i, vecprov_check(i::regclass, true) c;
ROLLBACK;
SELECT i, c.* FROM unnest(ARRAY['check_v', 'check_w', 'check_part']) i, vecprov_check(i::regclass, true) c;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM vecprov_check('check_v', true);
COMMIT;

-- No lock is left behind.
BEGIN;
SELECT count(*) FROM vecprov_check('check_v', true);
SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN ('check_items'::regclass, 'check_v'::regclass);
COMMIT;

-- Not on other relations
CREATE VIEW check_view AS SELECT * FROM check_items;
CREATE SEQUENCE check_sequence;
CREATE TABLE check_partitioned (v vector(3)) PARTITION BY RANGE (v);
CREATE INDEX check_partitioned_idx ON check_partitioned USING vecprov (v);
SELECT * FROM vecprov_check('check_items_pkey');
SELECT * FROM vecprov_check('check_items', true);
SELECT * FROM vecprov_check('check_view');
SELECT * FROM vecprov_check('check_sequence');
SELECT * FROM vecprov_check('pg_class');
SELECT * FROM vecprov_check('pg_class_oid_index', true);
SELECT * FROM vecprov_check(0);
SELECT * FROM vecprov_check('nothing');
\set VERBOSITY default
SELECT * FROM vecprov_check('check_partitioned_idx');
\set VERBOSITY sqlstate
SELECT * FROM vecprov_check('check_items');
\set VERBOSITY terse

-- Only for whom it was granted to, and who may read the table
CREATE ROLE regress_vecprov_checker;
SET ROLE regress_vecprov_checker;
SELECT * FROM vecprov_check('check_v');
RESET ROLE;
GRANT EXECUTE ON FUNCTION vecprov_check(regclass, boolean) TO regress_vecprov_checker;
SET ROLE regress_vecprov_checker;
SELECT * FROM vecprov_check('check_v');
SELECT * FROM vecprov_check('check_v', true);
RESET ROLE;
GRANT SELECT ON check_items TO regress_vecprov_checker;
SET ROLE regress_vecprov_checker;
SELECT * FROM vecprov_check('check_v');
-- who keeps writers away must be one himself
SELECT * FROM vecprov_check('check_v', true);
RESET ROLE;
GRANT DELETE ON check_items TO regress_vecprov_checker;
SET ROLE regress_vecprov_checker;
SELECT * FROM vecprov_check('check_v', true);
RESET ROLE;
REVOKE EXECUTE ON FUNCTION vecprov_check(regclass, boolean) FROM regress_vecprov_checker;

-- Rows that the table has and the index has not are found: the index is made not to take part in
-- inserts for a while.
CREATE TABLE check_other (v vector(3)) WITH (autovacuum_enabled = off);
CREATE INDEX check_other_idx ON check_other USING vecprov (v);
INSERT INTO check_other VALUES ('[1,1,1]');
UPDATE pg_index SET indisready = false WHERE indexrelid = 'check_other_idx'::regclass;
INSERT INTO check_other VALUES ('[2,2,2]'), ('[3,3,3]');
UPDATE pg_index SET indisready = true WHERE indexrelid = 'check_other_idx'::regclass;
SELECT rule, message FROM vecprov_check('check_other_idx');
SELECT rule, message FROM vecprov_check('check_other_idx', true);
REINDEX INDEX check_other_idx;
SELECT rule, message FROM vecprov_check('check_other_idx', true);

-- So are keys that are not the row's: a function that is not as immutable as it says
CREATE FUNCTION check_key(vector) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 'the key'; END $$;
CREATE INDEX check_other_key ON check_other USING vecprov (v, check_key(v));
INSERT INTO check_other VALUES ('[2,2,2]'), ('[4,4,4]');
SELECT rule, message FROM vecprov_check('check_other_key', true);
CREATE OR REPLACE FUNCTION check_key(vector) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 'the key of ' || $1::text; END $$;
SELECT rule, count(*) FROM vecprov_check('check_other_key', true) GROUP BY 1;
INSERT INTO check_other VALUES ('[5,5,5]');
SELECT rule, count(*) FROM vecprov_check('check_other_key', true) GROUP BY 1;
REINDEX INDEX check_other_key;
SELECT rule, count(*) FROM vecprov_check('check_other_key', true) GROUP BY 1;
DROP INDEX check_other_key;
DROP FUNCTION check_key(vector);

DROP VIEW check_view;
DROP SEQUENCE check_sequence;
DROP TABLE check_items, check_partitioned, check_other;
DROP ROLE regress_vecprov_checker;

-- index expressions run as the table's owner, whoever looks at the index
CREATE ROLE regress_vecprov_owner;
CREATE FUNCTION check_who(vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS
	$$ BEGIN RAISE NOTICE 'called as %', current_user; RETURN $1; END $$;
CREATE TABLE check_owned (v vector(3)) WITH (autovacuum_enabled = off);
ALTER TABLE check_owned OWNER TO regress_vecprov_owner;
SET client_min_messages = warning;
INSERT INTO check_owned VALUES ('[1,2,3]');
CREATE INDEX check_owned_idx ON check_owned USING vecprov ((check_who(v)::vector(3)));
RESET client_min_messages;
SELECT count(*) FROM vecprov_check('check_owned_idx', true);
SELECT current_user = session_user AS caller_again;
DROP TABLE check_owned;
DROP FUNCTION check_who(vector);
DROP ROLE regress_vecprov_owner;
