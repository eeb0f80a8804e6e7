-- Options of an index, what can be indexed, and what is said of what cannot.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
\set VERBOSITY terse

CREATE TABLE option_items (id integer PRIMARY KEY, v vector(3), w vector, a real[]);
INSERT INTO option_items SELECT i, ARRAY[i % 7, i % 11, i % 13], ARRAY[i % 7, i % 11, i % 13] FROM generate_series(1, 500) i;

-- Options at their bounds
SELECT options, pg_temp.try(format('CREATE INDEX ON option_items USING vecprov (v) WITH (%s)', options))
FROM unnest(ARRAY['m = 2', 'm = 2, ef_construction = 4', 'm = 100, ef_construction = 200', 'm = 100, ef_construction = 1000',
	'ef_construction = 1000', 'm = 32', 'ef_construction = 32', 'fillfactor = 100']) options;

-- and beyond
SELECT options, pg_temp.try(format('CREATE INDEX ON option_items USING vecprov (v) WITH (%s)', options))
FROM unnest(ARRAY['m = 1', 'm = 0', 'm = -1', 'm = 101, ef_construction = 1000', 'm = many',
	'm = 2, ef_construction = 3', 'ef_construction = 1001', 'm = 2147483648', 'lists = 100',
	'm = 33', 'm = 100', 'ef_construction = 31', 'm = 8, ef_construction = 15']) options;

-- All that were made are sound and answer.
SELECT count(*) FROM pg_index WHERE indrelid = 'option_items'::regclass AND NOT indisprimary;
SELECT indexrelid::regclass, rule, message FROM pg_index, vecprov_check(indexrelid, true)
WHERE indrelid = 'option_items'::regclass AND NOT indisprimary;

-- Changed options hold from the next REINDEX on.
CREATE TABLE option_changed (v vector(3));
INSERT INTO option_changed SELECT v FROM option_items;
CREATE INDEX option_changed_idx ON option_changed USING vecprov (v) WITH (m = 4);
SELECT pg_temp.try('ALTER INDEX option_changed_idx SET (m = 50, ef_construction = 100)');
SELECT count(*) FROM vecprov_check('option_changed_idx', true);
INSERT INTO option_changed SELECT v FROM option_items;
SELECT count(*) FROM vecprov_check('option_changed_idx', true);
REINDEX INDEX option_changed_idx;
SELECT count(*) FROM vecprov_check('option_changed_idx', true);
SELECT reloptions FROM pg_class WHERE oid = 'option_changed_idx'::regclass;
SELECT pg_temp.try('ALTER INDEX option_changed_idx SET (m = 51)');
SELECT pg_temp.try('ALTER INDEX option_changed_idx SET (ef_construction = 2000)');
SELECT pg_temp.try('ALTER INDEX option_changed_idx RESET (ef_construction)');
SELECT pg_temp.try('ALTER INDEX option_changed_idx RESET (m, ef_construction)');
SELECT reloptions FROM pg_class WHERE oid = 'option_changed_idx'::regclass;

-- The number of dimensions must be known, and is kept to.
SELECT pg_temp.try('CREATE INDEX ON option_items USING vecprov (w)');
SELECT pg_temp.try('CREATE INDEX ON option_items USING vecprov ((a::vector))');
SELECT pg_temp.try('CREATE INDEX ON option_items USING vecprov ((w::vector(4)))');
SELECT pg_temp.try('CREATE INDEX option_cast_idx ON option_items USING vecprov ((w::vector(3)))');
SELECT pg_temp.try($$INSERT INTO option_items VALUES (1001, '[1,2]')$$);
SELECT pg_temp.try($$INSERT INTO option_items VALUES (1001, '[1,2,3,4]')$$);
SELECT pg_temp.try($$INSERT INTO option_items (id, w) VALUES (1001, '[1,2]')$$);
SELECT pg_temp.try($$UPDATE option_items SET w = '[1,2]' WHERE id = 1$$);
SELECT count(*), max(id) FROM option_items;

-- So is the query's, in the index as without it.
SET enable_seqscan = off;
SELECT pg_temp.try($$SELECT id FROM option_items ORDER BY v <-> '[1,2]' LIMIT 1$$);
SELECT pg_temp.try($$SELECT id FROM option_items ORDER BY v <-> '[1,2,3,4]' LIMIT 1$$);
SELECT pg_temp.try($$SELECT id FROM option_items ORDER BY w::vector(3) <-> '[1,2,3,4]' LIMIT 1$$);
SELECT pg_temp.try($$SELECT id FROM option_items ORDER BY v <-> '[1,2,3]' LIMIT 1$$);
RESET enable_seqscan;
SELECT pg_temp.try($$SELECT id FROM option_items ORDER BY v <-> '[1,2]' LIMIT 1$$);

-- Settings
SELECT pg_temp.try(format('SET vecprov.%s', setting)), setting
FROM unnest(ARRAY['ef_search = 0', 'ef_search = 1', 'ef_search = 100000', 'ef_search = 100001', 'ef_search = many',
	'iterative_scan = strict_order', 'iterative_scan = relaxed_order', 'iterative_scan = off', 'iterative_scan = on',
	'max_scan_tuples = 0', 'max_scan_tuples = 1', 'max_scan_tuples = 2147483647', 'nothing = 1']) setting;
RESET ALL;
SELECT name, CASE WHEN name <> 'vecprov.server_internals' THEN setting END AS setting, unit, context, vartype, min_val, max_val, enumvals
FROM pg_settings WHERE name LIKE 'vecprov.%' ORDER BY name;

-- Phases of a build, as pg_stat_progress_create_index shows them
SELECT pg_indexam_progress_phasename(oid, n) FROM pg_am, generate_series(1, 7) n WHERE amname = 'vecprov';

DROP TABLE option_items, option_changed;
