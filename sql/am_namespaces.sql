-- Namespaces: the first key column is one; what each of them holds.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
SET timezone = 'UTC';
SET lc_monetary = 'C';
SET jit = off;
SET enable_seqscan = off;
SET enable_sort = off;

-- The option needs a key column, and holds from the build on.
CREATE TABLE spaces (id integer PRIMARY KEY, tenant integer, v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO spaces SELECT i, i % 5, ARRAY[i % 7, i % 11, i % 13]::vector FROM generate_series(1, 1000) i;
INSERT INTO spaces VALUES (2001, NULL, '[1,2,3]'), (2002, NULL, '[1,2,4]'), (2003, 9, NULL);
SELECT pg_temp.try('CREATE INDEX ON spaces USING vecprov (v) WITH (namespaces = on)');
SELECT pg_temp.try('CREATE INDEX ON spaces USING vecprov (v, tenant) WITH (namespaces = many)');
CREATE INDEX spaces_idx ON spaces USING vecprov (v, tenant) WITH (namespaces = on);
CREATE FUNCTION pg_temp.spaces(index regclass) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', coalesce(namespace, '(null)'), records, bytes), ', ' ORDER BY namespace COLLATE "C") ||
		CASE WHEN sum(bytes) = vecprov_index_size(index) THEN '' ELSE ' of ' || vecprov_index_size(index) END
	FROM vecprov_namespaces(index)
$$;
SELECT pg_temp.spaces('spaces_idx');
CREATE INDEX spaces_plain_idx ON spaces USING vecprov (v, tenant);
SELECT pg_temp.try('SELECT * FROM vecprov_namespaces(''spaces_plain_idx'')');
ALTER INDEX spaces_plain_idx SET (namespaces = on);
SELECT pg_temp.try('SELECT * FROM vecprov_namespaces(''spaces_plain_idx'')');
REINDEX INDEX spaces_plain_idx;
SELECT pg_temp.spaces('spaces_plain_idx') = pg_temp.spaces('spaces_idx');
ALTER INDEX spaces_plain_idx RESET (namespaces);
SELECT pg_temp.spaces('spaces_plain_idx') = pg_temp.spaces('spaces_idx');
SELECT count(*) FROM vecprov_check('spaces_plain_idx', true);
REINDEX INDEX spaces_plain_idx;
SELECT pg_temp.try('SELECT * FROM vecprov_namespaces(''spaces_plain_idx'')');
DROP INDEX spaces_plain_idx;
CREATE INDEX spaces_plain_idx ON spaces USING vecprov (v);
ALTER INDEX spaces_plain_idx SET (namespaces = on);
SELECT pg_temp.try('SELECT * FROM vecprov_namespaces(''spaces_plain_idx'')');
SELECT pg_temp.try('REINDEX INDEX spaces_plain_idx');
ALTER INDEX spaces_plain_idx RESET (namespaces);
REINDEX INDEX spaces_plain_idx;
DROP INDEX spaces_plain_idx;
SELECT pg_temp.try('SELECT * FROM vecprov_namespaces(''spaces_pkey'')');
SELECT count(*) FROM vecprov_namespaces(NULL);
SELECT pg_temp.try('SELECT * FROM vecprov_namespaces(4294967295)');

-- It grows, shrinks, and gives what it leaves to others.
INSERT INTO spaces SELECT i, 7, ARRAY[i % 7, i % 11, i % 13]::vector FROM generate_series(3001, 3300) i;
SELECT pg_temp.spaces('spaces_idx');
DELETE FROM spaces WHERE tenant IN (0, 1);
SELECT pg_temp.spaces('spaces_idx');
:vacuum spaces;
SELECT pg_temp.spaces('spaces_idx');
SELECT pg_relation_size('spaces_idx') AS size \gset
INSERT INTO spaces SELECT i, 8, ARRAY[i % 7, i % 11, i % 13 + 0.5]::vector FROM generate_series(4001, 4300) i;
SELECT pg_temp.spaces('spaces_idx'), pg_relation_size('spaces_idx') = :size AS same_size;
SELECT * FROM vecprov_check('spaces_idx', true);

-- A row moves to another namespace: its vector stays where it is in the graph.
CREATE FUNCTION pg_temp.found(tenant_id integer) RETURNS bigint LANGUAGE sql AS
	'SELECT count(*) FROM (SELECT FROM spaces WHERE tenant = tenant_id ORDER BY v <-> ''[1,2,3]'' LIMIT 10000) r';
SELECT pg_temp.found(7), pg_temp.found(8);
UPDATE spaces SET tenant = 8 WHERE tenant = 7 AND id % 3 = 0;
SELECT pg_temp.found(7), pg_temp.found(8);
SELECT * FROM vecprov_check('spaces_idx', true);
:vacuum spaces;
SELECT pg_temp.spaces('spaces_idx'), pg_temp.found(7), pg_temp.found(8);
UPDATE spaces SET tenant = NULL WHERE tenant = 8 AND id % 2 = 0;
:vacuum spaces;
SELECT pg_temp.spaces('spaces_idx'), pg_temp.found(8);
SELECT * FROM vecprov_check('spaces_idx', true);
-- one vector in many namespaces
CREATE TABLE spaces_equal (id integer PRIMARY KEY, tenant integer, v vector(3)) WITH (autovacuum_enabled = off);
CREATE INDEX spaces_equal_idx ON spaces_equal USING vecprov (v, tenant) WITH (namespaces = on);
INSERT INTO spaces_equal SELECT i, i % 4, '[1,2,3]' FROM generate_series(1, 100) i;
UPDATE spaces_equal SET tenant = tenant + 1 WHERE id % 8 = 1;
SELECT tenant, (SELECT array_agg(id ORDER BY id) = (SELECT array_agg(id ORDER BY id) FROM spaces_equal e WHERE e.tenant + 0 = t.tenant)
	FROM (SELECT id FROM spaces_equal e WHERE e.tenant = t.tenant ORDER BY v <-> '[3,2,1]' LIMIT 1000) r) AS right
FROM generate_series(0, 3) t (tenant);
SELECT * FROM vecprov_check('spaces_equal_idx', true);
:vacuum spaces_equal;
SELECT pg_temp.spaces('spaces_equal_idx');
SELECT * FROM vecprov_check('spaces_equal_idx', true);

-- Values of each type, those too that are stored alike; each namespace is one by the type's =.
CREATE TYPE spaces_mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN spaces_code AS varchar(20) CHECK (VALUE <> '');
CREATE TABLE spaces_types (no serial, type text, vals text[]);
INSERT INTO spaces_types (type, vals) VALUES
	('boolean', '{f,t}'),
	('smallint', '{-32768,-1,0,7,32766,32767}'),
	('integer', '{-2147483648,-1,0,7,2147483646,2147483647}'),
	('bigint', '{-9223372036854775808,-1,0,7,9223372036854775806,9223372036854775807}'),
	('oid', '{0,7,4294967294,4294967295}'),
	('real', '{-Infinity,-1.5,-0,0,1e-45,0.1,Infinity,NaN}'),
	('double precision', '{-Infinity,-1.5,-0,0,5e-324,0.1,Infinity,NaN}'),
	('numeric', '{-Infinity,-1,0,1.00,1,1.0000000000000000000001,1.0000000000000000000002,1e400,NaN}'),
	('money', '{-92233720368547758.08,0,92233720368547758.06,92233720368547758.07}'),
	('date', '{-infinity,4713-01-01 BC,2000-01-01,5874897-12-31,infinity}'),
	('time', '{00:00,12:00,24:00}'),
	('timestamp', '{-infinity,2000-01-01,294276-12-31 23:59:59,infinity}'),
	('timestamptz', '{-infinity,2000-01-01 00:00+00,294276-12-31 23:59:59+00,infinity}'),
	('interval', '{0,30 days,1 month,178000000 years,177999999 years}'),
	('spaces_mood', '{sad,ok,happy}'),
	('uuid', '{00000000-0000-0000-0000-000000000000,00000000-0000-0000-0000-000000000001,ffffffff-ffff-ffff-ffff-ffffffffffff}'),
	('inet', '{10.0.0.1,10.0.0.1/16,10.0.0.2/8,10.0.0.3/8,::1,::2,fe80::/10}'),
	('cidr', '{10.0.0.0/8,::1/128,::2/128}'),
	('bytea', '{"",\\x00,\\x01020304050607,\\x0102030405060708,\\x010203040506070800}'),
	('text', '{"",a,"a ",abcdefg,abcdefgh,abcdefghi,"Größe der Äpfel"}'),
	('varchar', '{"",a,abcdefghi}'),
	('spaces_code', '{a,abcdefghi}'),
	('char(12)', '{"",a,abcdefg,abcdefghi}');
CREATE TABLE spaces_results (no integer, listed text);
-- How many namespaces are others when they are named, one by one and all together
CREATE FUNCTION pg_temp.named(index regclass) RETURNS bigint LANGUAGE sql AS $$
	SELECT (SELECT count(*) FROM vecprov_namespaces(index) n LEFT JOIN LATERAL vecprov_namespaces(index, ARRAY[n.namespace]) o ON true
			WHERE (o.records, o.bytes) IS DISTINCT FROM (n.records, n.bytes)) +
		(SELECT count(*) FROM vecprov_namespaces(index) n FULL JOIN
			vecprov_namespaces(index, (SELECT array_agg(namespace) || array_agg(namespace) FROM vecprov_namespaces(index))) o
			ON coalesce(n.namespace, '(null)') = coalesce(o.namespace, '(null)')
			WHERE (o.records, o.bytes) IS DISTINCT FROM (n.records, n.bytes) AND n.namespace NOT IN ('0', '-0', '1', '1.00'))
$$;
DO $$
DECLARE
	t record;
	n bigint;
BEGIN
	FOR t IN SELECT * FROM spaces_types ORDER BY no LOOP
		EXECUTE format('CREATE TABLE spaces_items (k %s, v vector(3))', t.type);
		EXECUTE format('INSERT INTO spaces_items SELECT k::%s, ARRAY[i, 0, 0]::vector FROM unnest(%L::text[] || NULL::text) k, generate_series(1, 8) i',
			t.type, t.vals);
		CREATE INDEX spaces_items_idx ON spaces_items USING vecprov (v, k) WITH (namespaces = on);
		EXECUTE format('INSERT INTO spaces_items SELECT k::%s, ARRAY[i, 1, 0]::vector FROM unnest(%L::text[] || NULL::text) k, generate_series(1, 3) i',
			t.type, t.vals);
		INSERT INTO spaces_results SELECT t.no, string_agg(namespace || ':' || records, '  ' ORDER BY namespace COLLATE "C") FROM vecprov_namespaces('spaces_items_idx');
		SELECT count(*) INTO n FROM
			(SELECT namespace, records FROM vecprov_namespaces('spaces_items_idx')) listed FULL JOIN
			(SELECT max(k::text) AS namespace, count(*) AS records FROM spaces_items GROUP BY k) grouped
			ON coalesce(listed.namespace, '(null)') = coalesce(grouped.namespace, '(null)') AND listed.records = grouped.records
			WHERE listed.records IS NULL OR grouped.records IS NULL;
		IF n > 0 THEN
			UPDATE spaces_results SET listed = n || ' differ: ' || listed WHERE no = t.no;
		END IF;
		IF (SELECT sum(bytes) FROM vecprov_namespaces('spaces_items_idx')) <> vecprov_index_size('spaces_items_idx') THEN
			UPDATE spaces_results SET listed = 'another size: ' || listed WHERE no = t.no;
		END IF;
		IF pg_temp.named('spaces_items_idx') > 0 THEN
			UPDATE spaces_results SET listed = 'others are named: ' || listed WHERE no = t.no;
		END IF;
		DROP TABLE spaces_items;
	END LOOP;
END
$$;
SELECT type || ': ' || listed FROM spaces_types JOIN spaces_results USING (no) ORDER BY no;

-- Expressions; values that are stored outside of their row; many namespaces
CREATE TABLE spaces_docs (id integer, meta jsonb, name text, v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO spaces_docs SELECT i, jsonb_build_object('lang', (ARRAY['de', 'en'])[1 + i % 2]), repeat(md5((i % 3)::text), 300), ARRAY[i, 0, 0]::vector
FROM generate_series(1, 60) i;
INSERT INTO spaces_docs VALUES (61, NULL, NULL, '[1,2,3]');
CREATE INDEX spaces_lang_idx ON spaces_docs USING vecprov (v, (meta->>'lang')) WITH (namespaces = on);
CREATE INDEX spaces_name_idx ON spaces_docs USING vecprov (v, name) WITH (namespaces = on);
SELECT namespace, records FROM vecprov_namespaces('spaces_lang_idx') ORDER BY 1;
SELECT * FROM vecprov_namespaces('spaces_lang_idx', ARRAY['en', 'fr', 'en']);
SELECT namespace, records FROM vecprov_namespaces('spaces_lang_idx', ARRAY[NULL, 'de']) ORDER BY 1;
SELECT count(*) FROM vecprov_namespaces('spaces_lang_idx', '{}');
SELECT pg_temp.try('SELECT * FROM vecprov_namespaces(''spaces_idx'', ARRAY[''7'', ''many''])');
SELECT left(namespace, 8), length(namespace), records FROM vecprov_namespaces('spaces_name_idx') ORDER BY 1;
-- rows that are gone count until VACUUM, with a namespace that others still have
DELETE FROM spaces_docs WHERE id > 30;
SELECT left(namespace, 8), records FROM vecprov_namespaces('spaces_name_idx') ORDER BY 1;
SELECT pg_temp.named('spaces_lang_idx'), pg_temp.named('spaces_name_idx');
DELETE FROM spaces_docs WHERE id % 3 = 0;
SELECT count(*) FROM vecprov_namespaces('spaces_name_idx');
:vacuum spaces_docs;
SELECT left(namespace, 8), records FROM vecprov_namespaces('spaces_name_idx') ORDER BY 1;
-- keys that were changed: old and new entries
UPDATE spaces_docs SET name = repeat(md5((id % 2)::text), 300), meta = jsonb_set(meta, '{lang}', '"fr"') WHERE id < 20;
SELECT pg_temp.named('spaces_lang_idx'), pg_temp.named('spaces_name_idx');
:vacuum spaces_docs;
SELECT pg_temp.named('spaces_lang_idx'), pg_temp.named('spaces_name_idx');
TRUNCATE spaces_docs;
SELECT count(*) FROM vecprov_namespaces('spaces_lang_idx');
INSERT INTO spaces_docs SELECT i, NULL, 'namespace ' || i, ARRAY[i % 3, 0, 0]::vector FROM generate_series(1, 3000) i;
SELECT count(*), min(records), max(records), sum(bytes) = vecprov_index_size('spaces_name_idx') AS same_size FROM vecprov_namespaces('spaces_name_idx');

-- A partitioned table has one of each partition.
CREATE TABLE spaces_parts (tenant integer, v vector(3)) PARTITION BY HASH (tenant);
CREATE TABLE spaces_part0 PARTITION OF spaces_parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE spaces_part1 PARTITION OF spaces_parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX spaces_parts_idx ON spaces_parts USING vecprov (v, tenant) WITH (namespaces = on);
INSERT INTO spaces_parts SELECT i % 10, ARRAY[i, 0, 0]::vector FROM generate_series(1, 100) i;
SELECT count(*), min(records), max(records) FROM vecprov_namespaces('spaces_parts_idx');
SELECT count(*), min(n.records), max(n.records) FROM pg_inherits, vecprov_namespaces(inhrelid) n WHERE inhparent = 'spaces_parts_idx'::regclass;

-- Who may list them
CREATE ROLE regress_spaces;
CREATE TABLE spaces_secret (id integer, tenant integer, a text, b text, v vector(3));
CREATE INDEX spaces_secret_idx ON spaces_secret USING vecprov (v, tenant) WITH (namespaces = on);
CREATE INDEX spaces_secret_two_idx ON spaces_secret USING vecprov (v, (a || b)) WITH (namespaces = on) WHERE id > 0;
INSERT INTO spaces_secret SELECT i, i % 3, 'a', i % 2, ARRAY[i, 0, 0]::vector FROM generate_series(1, 30) i;
\set list 'SELECT pg_temp.try(''SELECT * FROM vecprov_namespaces(''''spaces_secret_idx'''')''), pg_temp.try(''SELECT * FROM vecprov_namespaces(''''spaces_secret_two_idx'''')'');'
SET ROLE regress_spaces;
:list
RESET ROLE;
GRANT SELECT (id, a, v) ON spaces_secret TO regress_spaces;
SET ROLE regress_spaces;
:list
RESET ROLE;
GRANT SELECT (tenant, b) ON spaces_secret TO regress_spaces;
REVOKE SELECT (v) ON spaces_secret FROM regress_spaces;
SET ROLE regress_spaces;
:list
SELECT * FROM vecprov_namespaces('spaces_secret_two_idx') ORDER BY 2, 1;
RESET ROLE;
-- not who watches figures
REVOKE SELECT (tenant) ON spaces_secret FROM regress_spaces;
GRANT pg_monitor TO regress_spaces;
SET ROLE regress_spaces;
:list
RESET ROLE;
REVOKE pg_monitor FROM regress_spaces;
-- row security: not who sees some rows; who bypasses it does
GRANT SELECT ON spaces_secret TO regress_spaces;
ALTER TABLE spaces_secret ENABLE ROW LEVEL SECURITY;
SET ROLE regress_spaces;
:list
SET row_security = off;
:list
RESET row_security;
RESET ROLE;
:list
CREATE POLICY spaces_all ON spaces_secret USING (true);
SET ROLE regress_spaces;
:list
RESET ROLE;
ALTER ROLE regress_spaces BYPASSRLS;
SET ROLE regress_spaces;
:list
RESET ROLE;
ALTER ROLE regress_spaces NOBYPASSRLS;
ALTER TABLE spaces_secret OWNER TO regress_spaces;
SET ROLE regress_spaces;
:list
ALTER TABLE spaces_secret FORCE ROW LEVEL SECURITY;
:list
RESET ROLE;

DROP TABLE spaces, spaces_equal, spaces_types, spaces_results, spaces_docs, spaces_parts, spaces_secret;
DROP TYPE spaces_mood;
DROP DOMAIN spaces_code;
DROP ROLE regress_spaces;
