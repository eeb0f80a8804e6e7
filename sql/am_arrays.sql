-- Key columns of arrays: for each type of elements and operator the rows that an index scan returns are those
-- of a sequential scan.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET timezone = 'Europe/Paris';
SET lc_monetary = 'C';
SET vecprov.iterative_scan = relaxed_order;
SET vecprov.max_scan_tuples = 100000;

CREATE TYPE arrays_mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN arrays_size AS integer CHECK (VALUE > 0);
CREATE DOMAIN arrays_list AS integer[];

-- Elements of each type: neighbours, ends, what is stored alike
CREATE TABLE arrays_types (no serial, col text, type text, vals text[]);
INSERT INTO arrays_types (col, type, vals) VALUES
	('a_bool', 'boolean[]', '{f,t}'),
	('a_int2', 'smallint[]', '{-32768,-1,0,1,7,32766,32767}'),
	('a_int4', 'integer[]', '{-2147483648,-1,0,1,7,8,2147483646,2147483647}'),
	('a_int8', 'bigint[]', '{-9223372036854775808,-1,0,1,7,9223372036854775806,9223372036854775807}'),
	('a_oid', 'oid[]', '{0,1,4294967294,4294967295}'),
	('a_float4', 'real[]', '{-Infinity,-1.5,-0,0,0.1,Infinity,NaN}'),
	('a_float8', 'double precision[]', '{-Infinity,-1.5,-0,0,0.1,Infinity,NaN}'),
	('a_numeric', 'numeric[]', '{-1,0,1,1.0,1.0000000000000000000001,1e400,NaN}'),
	('a_money', 'money[]', '{-0.01,0,0.01}'),
	('a_date', 'date[]', '{-infinity,1999-12-31,2000-01-01,infinity}'),
	('a_time', 'time[]', '{00:00,12:00,24:00}'),
	('a_timestamp', 'timestamp[]', '{-infinity,1999-12-31 23:59:59.999999,2000-01-01,infinity}'),
	('a_timestamptz', 'timestamptz[]', '{-infinity,2024-10-27 02:30+01,2024-10-27 02:30+02,infinity}'),
	('a_interval', 'interval[]', '{0,1 month,30 days,720 hours,178000000 years}'),
	('a_mood', 'arrays_mood[]', '{sad,ok,happy}'),
	('a_uuid', 'uuid[]', '{00000000-0000-0000-0000-000000000000,00000000-0000-0000-0000-000000000001,ffffffff-ffff-ffff-ffff-ffffffffffff}'),
	('a_inet', 'inet[]', '{10.0.0.0/8,10.0.0.5/8,10.1.2.3,::1,2001:db8::1,2001:db8::2}'),
	('a_bytea', 'bytea[]', '{"","\\\\x00","\\\\x6162636465666768","\\\\x6162636465666769"}'),
	('a_text', 'text[]', '{"",a,"a ",ab,Ab,abcdefg,abcdefgh,abcdefgi,"a long text, that is not stored whole","a long text, that is not stored as it is",äöü}'),
	('a_c', 'text[] COLLATE "C"', '{"",a,"a ",ab,Ab,abcdefgh}'),
	('a_varchar', 'varchar(20)[]', '{"",a,"a ",abcdefg,abcdefgh}'),
	('a_bpchar', 'char(10)[]', '{"",a,ab,abcdefg,abcdefgh,abcdefghi}'),
	('a_size', 'arrays_size[]', '{1,2,2147483647}'),
	('a_list', 'arrays_list', '{-1,0,1,7,8}');

-- A table of all these columns: NULL, empty arrays, one, two and more elements, NULL among them, one twice, in
-- two dimensions; equal vectors, and rows without one; built, inserted and updated
CREATE FUNCTION arrays_elements(vals text[], i integer) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE abs(hashint4extended(i, 1)) % 9
		WHEN 0 THEN NULL
		WHEN 1 THEN '{}'
		WHEN 2 THEN ARRAY[e[1], NULL]
		WHEN 3 THEN ARRAY[NULL::text]
		WHEN 4 THEN ARRAY[e[1], e[1]]
		WHEN 5 THEN ARRAY[e[1:2], e[3:4]]
		ELSE e[1:1 + abs(hashint4extended(i, 0)) % 5] END
	FROM (SELECT array_agg(vals[abs(hashint4extended(i, s)) % array_length(vals, 1) + 1] ORDER BY s) AS e
		FROM generate_series(2, 6) s) r
$$;
SELECT format('CREATE TABLE arrays_items (id integer, %s, v vector(3)) WITH (autovacuum_enabled = off)',
	string_agg(col || ' ' || type, ', ' ORDER BY no)) FROM arrays_types \gexec
SELECT format('CREATE FUNCTION arrays_row(i integer) RETURNS arrays_items LANGUAGE sql AS $f$
	SELECT i, %s, CASE WHEN i %% 29 > 0 THEN ARRAY[i %% 5, i %% 7, 1]::vector END $f$',
	string_agg(format('arrays_elements(%L, i + %s)::%s', vals, 10000 * no, regexp_replace(type, ' COLLATE.*', '')), ', ' ORDER BY no))
FROM arrays_types \gexec
INSERT INTO arrays_items SELECT r.* FROM generate_series(1, 150) i, arrays_row(i) r;
SELECT format('CREATE INDEX arrays_idx ON arrays_items USING vecprov (v, %s)', string_agg(col, ', ' ORDER BY no)) FROM arrays_types \gexec
INSERT INTO arrays_items SELECT r.* FROM generate_series(151, 300) i, arrays_row(i) r;
SELECT format('UPDATE arrays_items i SET (%1$s) = (SELECT %1$s FROM arrays_row(i.id + 1000)) WHERE id %% 10 = 0', string_agg(col, ', ' ORDER BY no)) FROM arrays_types \gexec
DELETE FROM arrays_items WHERE id % 10 = 1;
VACUUM ANALYZE arrays_items;
SELECT count(*) FROM vecprov_check('arrays_idx', true);

-- How the rows that an index scan returns differ from those of a sequential scan
CREATE FUNCTION pg_temp.differs(condition text, OUT difference text) LANGUAGE plpgsql AS $$
DECLARE
	nearest text = format('SELECT id FROM arrays_items WHERE %s ORDER BY v <-> ''[1,2,3]'' LIMIT 10000', condition);
	wanted integer[];
	found integer[];
	line text;
	plan text = '';
BEGIN
	PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true);
	EXECUTE format('SELECT array_agg(id ORDER BY id) FROM arrays_items WHERE %s', condition) INTO wanted;
	PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'on', true);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || nearest LOOP
		plan := plan || line;
	END LOOP;
	IF plan !~ 'Index Cond' OR plan ~ 'Filter' THEN
		difference := plan;
	END IF;
	EXECUTE format('SELECT array_agg(id ORDER BY id) FROM (%s) r', nearest) INTO found;
	IF found IS DISTINCT FROM wanted THEN
		difference := format('found %s, not %s', found, wanted);
	END IF;
	-- the rows of a bitmap, without order
	PERFORM set_config('enable_bitmapscan', 'on', true), set_config('enable_indexscan', 'off', true);
	EXECUTE format('SELECT array_agg(id ORDER BY id) FROM arrays_items WHERE %s', condition) INTO found;
	IF found IS DISTINCT FROM wanted THEN
		difference := format('a bitmap found %s, not %s', found, wanted);
	END IF;
END
$$;

-- Arrays on the other side: elements alone, with others, with NULL, all there are, none
CREATE TABLE arrays_others AS
SELECT no, col, regexp_replace(type, '(\(\d+\))?(\[\])?( COLLATE.*)?$', CASE type WHEN 'arrays_list' THEN '' ELSE '[]' END) AS type, other FROM arrays_types,
	LATERAL (SELECT ARRAY[vals[i]] FROM generate_subscripts(vals, 1) i
		UNION ALL SELECT ARRAY[vals[i], vals[i + 1]] FROM generate_series(1, array_length(vals, 1) - 1) i
		UNION ALL SELECT ARRAY[vals[1], vals[1], NULL] UNION ALL SELECT ARRAY[NULL::text] UNION ALL SELECT '{}' UNION ALL SELECT vals
		UNION ALL SELECT arrays_elements(vals, i) FROM generate_series(1, 12) i) o (other)
WHERE other IS NOT NULL;
CREATE TABLE arrays_conditions (kind text, condition text);
INSERT INTO arrays_conditions
SELECT 'operator', format('%s %s %L::%s', col, op, other, type) FROM arrays_others, unnest('{&&,@>,<@,=}'::text[]) op;
INSERT INTO arrays_conditions
SELECT 'commuted', format('%L::%s %s %s', other, type, op, col) FROM arrays_others, unnest('{&&,@>,<@}'::text[]) op WHERE no % 5 = 0;
INSERT INTO arrays_conditions
SELECT 'element', format('%L = ANY (%s)', val, col) FROM arrays_types, unnest(vals) val;
INSERT INTO arrays_conditions
SELECT DISTINCT 'null', format(condition, col, type) FROM arrays_others, unnest(ARRAY['%1$s IS NULL', '%1$s IS NOT NULL', '%1$s IS NULL AND %1$s IS NOT NULL', '%1$s @> ''{}''',
	'%1$s && (SELECT NULL::%2$s)', '%1$s @> (SELECT NULL::%2$s)', '%1$s <@ (SELECT NULL::%2$s)', '(SELECT (NULL::%2$s)[1]) = ANY (%1$s)']) condition;
INSERT INTO arrays_conditions
SELECT 'two conditions', format('%s %s %L::%s AND %s %s %L::%s', a.col, op, a.other, a.type, b.col, second, b.other, b.type)
FROM (SELECT *, row_number() OVER (ORDER BY no, other) AS i FROM arrays_others) a
	JOIN (SELECT *, row_number() OVER (ORDER BY other, no) AS i FROM arrays_others) b USING (i), unnest('{&&,@>,<@}'::text[]) op, unnest('{&&,@>}'::text[]) second;
INSERT INTO arrays_conditions
SELECT 'one column', format('%1$s && %2$L AND NOT %1$s IS NULL AND %1$s @> %3$L AND %1$s <@ %4$L', col, vals[1:2], vals[i:i], vals) FROM arrays_types, generate_series(1, 3) i;

-- No difference, nowhere
CREATE TABLE arrays_results AS SELECT kind, condition, pg_temp.differs(condition) AS difference FROM arrays_conditions;
SELECT kind, count(*), count(difference) AS different FROM arrays_results GROUP BY 1 ORDER BY kind COLLATE "C";
SELECT condition, difference FROM arrays_results WHERE difference IS NOT NULL;

-- Rows of many elements, and conditions with many
UPDATE arrays_items SET a_int4 = ARRAY(SELECT generate_series(id, id + 5000)), a_text = ARRAY(SELECT 'x' || i FROM generate_series(id, id + 35) i) WHERE id % 50 = 2;
SELECT condition, pg_temp.differs(condition) AS difference FROM unnest(ARRAY['a_int4 @> ''{100}''', 'a_int4 @> ''{100,200,300,400,500,600,700,800,900,1000}''', 'a_int4 && ''{3000,-1}''',
	'a_int4 <@ ''{3000,-1}''', '7 = ANY (a_int4)', 'a_text @> ''{x100}''', 'a_text && ''{x100,a}''', 'a_int4 IS NULL', 'a_int4 @> ''{}''']) condition;
SELECT condition, pg_temp.differs(condition) AS difference FROM (SELECT format('a_int4 %s %L::integer[]', op, ARRAY(SELECT generate_series(1, n))) AS condition
	FROM unnest('{&&,@>,<@,=}'::text[]) op, unnest('{5,40,70,10000}'::integer[]) n) c WHERE pg_temp.differs(condition) IS NOT NULL;
VACUUM arrays_items;
SELECT count(*) FROM vecprov_check('arrays_idx', true);

-- Parameters, in plans that do not know them; no array, one that is not there
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_sort = off;
SET enable_bitmapscan = off;
PREPARE arrays_by_tags(text[], text) AS SELECT count(*) FROM (SELECT id FROM arrays_items WHERE a_text && $1 AND $2 = ANY (a_varchar) ORDER BY v <-> '[1,2,3]' LIMIT 1000) r;
EXPLAIN (COSTS OFF) EXECUTE arrays_by_tags('{a,ab}', 'a');
EXECUTE arrays_by_tags('{a,ab,NULL,abcdefgh}', 'a');
SELECT count(*) FROM arrays_items WHERE a_text || '{}' && '{a,ab,abcdefgh}' AND 'a' = ANY (a_varchar || '{}');
EXECUTE arrays_by_tags('{}', 'a');
EXECUTE arrays_by_tags(NULL, 'a');
EXECUTE arrays_by_tags('{a,ab}', NULL);
RESET plan_cache_mode;
-- rows of another table; what the column's type is not
SELECT t.col, count(r.id), count(r.id) = (SELECT count(*) FROM arrays_items WHERE a_text || '{}' @> t.vals[2:3]) AS complete
FROM arrays_types t LEFT JOIN LATERAL (SELECT id FROM arrays_items i WHERE a_text @> t.vals[2:3] ORDER BY v <-> '[1,2,3]' LIMIT 1000) r ON true
WHERE t.col IN ('a_text', 'a_bool', 'a_bpchar') GROUP BY t.no, t.col, t.vals ORDER BY t.no;
SELECT t.col, count(r.id), count(r.id) = (SELECT count(*) FROM arrays_items WHERE t.vals[2] = ANY (a_text || '{}')) AS complete
FROM arrays_types t LEFT JOIN LATERAL (SELECT id FROM arrays_items i WHERE t.vals[2] = ANY (a_text) ORDER BY v <-> '[1,2,3]' LIMIT 1000) r ON true
WHERE t.col IN ('a_text', 'a_bool', 'a_bpchar') GROUP BY t.no, t.col, t.vals ORDER BY t.no;
EXPLAIN (COSTS OFF) SELECT id FROM arrays_items WHERE 7::bigint = ANY (a_int4) AND 7 <> ANY (a_int4) AND 7 = ALL (a_int4) AND 7 = ANY (a_list) ORDER BY v <-> '[1,2,3]' LIMIT 10;

-- Equal vectors, whose rows have arrays of their own; a key that changes; rows that go
CREATE TABLE arrays_equal (id integer PRIMARY KEY, tags integer[], v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO arrays_equal SELECT i, ARRAY[i % 4, i % 3 + 10], '[1,2,3]' FROM generate_series(1, 40) i;
CREATE INDEX arrays_equal_idx ON arrays_equal USING vecprov (v, tags);
INSERT INTO arrays_equal SELECT i, ARRAY[i % 4, i % 3 + 10], '[1,2,3]' FROM generate_series(41, 80) i;
CREATE FUNCTION pg_temp.tags() RETURNS TABLE (tag integer, ids text) LANGUAGE sql AS $$
	SELECT t, string_agg(id::text, ' ' ORDER BY id) FROM generate_series(0, 12) t, LATERAL
		(SELECT id FROM arrays_equal e WHERE t = ANY (e.tags) ORDER BY v <-> '[1,2,3]' LIMIT 1000) r GROUP BY 1 ORDER BY 1
$$;
SELECT * FROM pg_temp.tags();
UPDATE arrays_equal SET tags = tags || 4 WHERE id <= 12;
DELETE FROM arrays_equal WHERE id > 20 AND id % 8 < 6;
SELECT * FROM pg_temp.tags();
VACUUM arrays_equal;
SELECT * FROM pg_temp.tags();
SELECT count(*) FROM vecprov_check('arrays_equal_idx', true);
INSERT INTO arrays_equal SELECT i, ARRAY[i % 4, NULL], '[1,2,3]' FROM generate_series(101, 110) i;
SELECT * FROM pg_temp.tags();
-- rows without a vector, whose keys are looked up in the table
INSERT INTO arrays_equal VALUES (201, '{1}', NULL), (202, '{2}', NULL), (203, NULL, NULL);
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM arrays_equal WHERE tags @> '{1}' AND id > 100 ORDER BY v <-> '[1,2,3]' LIMIT 100) r;

-- Many rows: a cursor that is read to its end, LIMITs, recall; lists of elements that hardly any row and that
-- most rows have, and of rows that came to other nodes
CREATE TABLE arrays_many (id integer, tags integer[], v vector(8)) WITH (autovacuum_enabled = off);
INSERT INTO arrays_many SELECT i, ARRAY[i % 2, 10 + i % 20, 100 + i % 700, 1000 + i], ARRAY(SELECT get_byte(h, d) FROM generate_series(0, 7) d)
	FROM (SELECT i, decode(md5((i / 2)::text), 'hex') AS h FROM generate_series(1, 4000) i OFFSET 0) s;
CREATE INDEX arrays_many_idx ON arrays_many USING vecprov (v, tags) WITH (m = 8, ef_construction = 32);
INSERT INTO arrays_many SELECT i, ARRAY[i % 2, 10 + i % 20, 100 + i % 700, 1000 + i], ARRAY(SELECT get_byte(h, d) FROM generate_series(0, 7) d)
	FROM (SELECT i, decode(md5((i / 2)::text), 'hex') AS h FROM generate_series(4001, 6000) i OFFSET 0) s;
DELETE FROM arrays_many WHERE id % 8 = 2;
VACUUM ANALYZE arrays_many;
CREATE FUNCTION pg_temp.many(condition text, wanted integer, OUT got integer, OUT complete boolean, OUT recall boolean) LANGUAGE plpgsql AS $$
DECLARE
	rows refcursor;
	nearest text = format('SELECT id, v <-> ''[90,90,90,90,90,90,90,90]'' AS d FROM arrays_many WHERE %s ORDER BY d', condition);
	row record;
	ids integer[];
	farthest float8;
	near integer = 0;
BEGIN
	PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true), set_config('enable_sort', 'on', true);
	EXECUTE format('SELECT array_agg(id), max(d) FROM (%s LIMIT %s) r', nearest, wanted) INTO ids, farthest;
	PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'on', true), set_config('enable_sort', 'off', true);
	got := 0;
	OPEN rows FOR EXECUTE nearest;
	LOOP
		FETCH rows INTO row;
		EXIT WHEN NOT FOUND OR got = wanted;
		got := got + 1;
		near := near + (row.d <= farthest)::integer;
	END LOOP;
	CLOSE rows;
	complete := got = coalesce(cardinality(ids), 0);
	recall := near >= 0.9 * coalesce(cardinality(ids), 0);
END
$$;
SELECT condition, wanted, m.* FROM unnest(ARRAY['tags @> ''{1}''', 'tags @> ''{0,12}''', 'tags && ''{12,13}''', '12 = ANY (tags)', '107 = ANY (tags)', 'tags @> ''{107,1007}''', '1007 = ANY (tags)',
	'1004 = ANY (tags)', '1002 = ANY (tags)', 'tags && ''{107,108,109}''', 'tags <@ ''{0,1,10,100,1000,2400}''', 'tags = ''{1,15,105,1005}''', '7 = ANY (tags)']) condition,
	unnest('{10,10000}'::integer[]) wanted, pg_temp.many(condition, wanted) m;
SELECT filter, vecprov_recall('arrays_many_idx', 10, 20, filter) > 0.9 AS recall FROM unnest(ARRAY['tags @> ''{1}''', '12 = ANY (tags)', 'tags && ''{107,108}''']) filter;
SELECT count(*) FROM vecprov_check('arrays_many_idx', true);

-- Expressions, beside a key that is none; OR, of bitmaps of the same index
RESET enable_bitmapscan;
CREATE INDEX arrays_expression_idx ON arrays_items USING vecprov (v, id, string_to_array(a_text[1], 'b'));
EXPLAIN (COSTS OFF) SELECT id FROM arrays_items WHERE string_to_array(a_text[1], 'b') && '{a}' AND id < 100 ORDER BY v <-> '[1,2,3]' LIMIT 1000;
SELECT count(*) FROM (SELECT id FROM arrays_items WHERE string_to_array(a_text[1], 'b') && '{a}' AND id < 100 ORDER BY v <-> '[1,2,3]' LIMIT 1000) r;
SELECT count(*) FROM arrays_items WHERE string_to_array(a_text[1], 'b') || '{}' && '{a}' AND id < 100;
SELECT count(*) FROM (SELECT id FROM arrays_items WHERE a_int4 @> '{7}' OR a_text && '{a}' ORDER BY v <-> '[1,2,3]' LIMIT 1000) r;
SELECT count(*) FROM arrays_items WHERE a_int4 || '{}' @> '{7}' OR a_text || '{}' && '{a}';

-- What cannot be a key
CREATE INDEX ON arrays_items USING vecprov (v, (ARRAY[CASE WHEN id > 0 THEN '{}'::json END]));
-- From 17 on CREATE INDEX names types as if search_path were pg_catalog; before, as search_path has it.
SET search_path = pg_catalog;
CREATE INDEX ON public.arrays_items USING vecprov (v, (ARRAY[v]));
CREATE INDEX ON public.arrays_items USING vecprov (v, (ARRAY[a_list]));
RESET search_path;
CREATE INDEX ON arrays_items USING vecprov (a_int4, v);
CREATE INDEX ON arrays_items USING vecprov (v, a_int4, id) WITH (namespaces = on);
CREATE INDEX ON arrays_items USING vecprov (v, id array_ops);

DROP FUNCTION arrays_row, arrays_elements;
DROP TABLE arrays_types, arrays_items, arrays_others, arrays_conditions, arrays_results, arrays_equal, arrays_many;
DROP TYPE arrays_mood;
DROP DOMAIN arrays_size, arrays_list;
