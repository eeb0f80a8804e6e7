-- vecprov_check proves each element of an array, not only its bit of the signature: of 9 and 16 that is the same.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;

CREATE TABLE elements_items (id integer, tags integer[], names text[], v vector(2)) WITH (autovacuum_enabled = off);
INSERT INTO elements_items VALUES (1, '{9}', '{a,b}', '[1,1]'), (2, '{9,5}', NULL, '[1,1]'), (3, '{}', '{NULL}', '[2,1]'),
	(4, '{9}', '{}', NULL), (5, ARRAY(SELECT * FROM generate_series(1, 100)), '{a}', '[3,1]');
CREATE INDEX elements_idx ON elements_items USING vecprov (v, tags, names);
-- on a recent page; the others are in runs
INSERT INTO elements_items SELECT id + 10, tags, names, v FROM elements_items;
SELECT * FROM vecprov_check('elements_idx', true);

-- Rows whose arrays change where the index does not hear of it
CREATE PROCEDURE pg_temp.hide(hidden boolean) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE pg_index SET indislive = NOT hidden WHERE indexrelid = 'elements_idx'::regclass;
	ALTER TABLE elements_items SET (fillfactor = 100);
END
$$;
CALL pg_temp.hide(true);
UPDATE elements_items SET tags = array_replace(tags, 9, 16) WHERE id IN (1, 12);
CALL pg_temp.hide(false);
SELECT item, rule, message FROM vecprov_check('elements_idx', true) ORDER BY item;
SELECT count(*) FROM vecprov_check('elements_idx');
SET enable_seqscan = off;
SELECT array_agg(id ORDER BY id) FROM elements_items WHERE tags && '{16}' AND id <> 5 AND id <> 15;
REINDEX INDEX elements_idx;
SELECT array_agg(id ORDER BY id) FROM elements_items WHERE tags && '{16}' AND id <> 5 AND id <> 15;
SELECT * FROM vecprov_check('elements_idx', true);
-- What VACUUM puts at another node is listed by bits: the first of equal vectors goes, another one takes over.
DELETE FROM elements_items WHERE id = 1;
VACUUM elements_items;
SELECT * FROM vecprov_check('elements_idx', true);
DROP TABLE elements_items;
