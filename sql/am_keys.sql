-- Key columns: for each type and operator the rows that an index scan returns are those of a sequential scan.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET timezone = 'Europe/Paris';
SET lc_monetary = 'C';
SET vecprov.iterative_scan = relaxed_order;
SET vecprov.max_scan_tuples = 100000;

CREATE TYPE keys_mood AS ENUM ('sad', 'ok', 'happy');
ALTER TYPE keys_mood ADD VALUE 'bored' BEFORE 'ok';
CREATE DOMAIN keys_size AS integer CHECK (VALUE > 0);

-- Values of each type: neighbours, ends, what is stored alike
CREATE TABLE keys_types (no serial, col text, type text, vals text[]);
INSERT INTO keys_types (col, type, vals) VALUES
	('k_bool', 'boolean', '{f,t}'),
	('k_int2', 'smallint', '{-32768,-32767,-1,0,1,7,32766,32767}'),
	('k_int4', 'integer', '{-2147483648,-2147483647,-1,0,1,7,8,2147483646,2147483647}'),
	('k_int8', 'bigint', '{-9223372036854775808,-2147483649,-1,0,1,7,2147483648,9223372036854775806,9223372036854775807}'),
	('k_oid', 'oid', '{0,1,2147483648,4294967294,4294967295}'),
	('k_float4', 'real', '{-Infinity,-1.5,-0,0,1e-45,0.1,1.5,16777216,Infinity,NaN}'),
	('k_float8', 'double precision', '{-Infinity,-1.5,-0,0,5e-324,0.1,1.5,16777217,Infinity,NaN}'),
	('k_numeric', 'numeric', '{-Infinity,-1e400,-1,0,1,1.0000000000000000000001,0.1,1e-400,12345678901234567890,1e308,1e400,Infinity,NaN}'),
	('k_money', 'money', '{-92233720368547758.08,-0.01,0,0.01,92233720368547758.07}'),
	('k_date', 'date', '{-infinity,4713-01-01 BC,1999-12-31,2000-01-01,2024-10-27,294276-12-31,5874897-12-31,infinity}'),
	('k_time', 'time', '{00:00,00:00:00.000001,12:00,24:00}'),
	('k_timestamp', 'timestamp', '{-infinity,4713-01-01 BC,1999-12-31 23:59:59.999999,2000-01-01,2024-10-27 02:30,2024-10-27 12:00,294276-12-31 23:59:59,infinity}'),
	('k_timestamptz', 'timestamptz', '{-infinity,4713-01-01 BC,1999-12-31 23:59:59.999999,2000-01-01,2024-10-27 02:30+01,2024-10-27 02:30+02,294276-12-31 23:59:59+00,infinity}'),
	('k_interval', 'interval', '{0,-1 us,1 month,30 days,1 month 1 us,720 hours,178000000 years,-178000000 years,178000000 years 1 us}'),
	('k_mood', 'keys_mood', '{sad,bored,ok,happy}'),
	('k_uuid', 'uuid', '{00000000-0000-0000-0000-000000000000,00000000-0000-0000-0000-000000000001,00000001-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}'),
	('k_inet', 'inet', '{0.0.0.0/0,10.0.0.0/8,10.0.0.5/8,10.0.0.0/16,10.1.2.3,10.1.2.4,10.1.2.3/24,255.255.255.255,::/0,::1,2001:db8::1,2001:db8::1/64,2001:db8::2,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff}'),
	('k_cidr', 'cidr', '{0.0.0.0/0,10.0.0.0/8,10.0.0.0/16,10.1.2.3,2001:db8::/32}'),
	('k_bytea', 'bytea', '{"","\\\\x00","\\\\x0000","\\\\x61","\\\\x616263646566","\\\\x61626364656667","\\\\x6162636465666768","\\\\x6162636465666769","\\\\xffffffffffffff","\\\\xffffffffffffffff"}'),
	('k_text', 'text', '{"",a,"a ",ab,Ab,abcd,abcde,abcdefg,abcdefgh,abcdefgi,"a long text, that is not stored whole","a long text, that is not stored as it is",zz,äöü}'),
	('k_c', 'text COLLATE "C"', '{"",a,"a ",ab,Ab,abcd,abcde,abcdefg,abcdefgh,abcdefgi,"a long text, that is not stored whole","a long text, that is not stored as it is",zz,äöü}'),
	('k_varchar', 'varchar(20)', '{"",a,"a ",abcdefg,abcdefgh}'),
	('k_bpchar', 'char(10) COLLATE "C"', '{"",a,ab,abcdefg,abcdefgh,abcdefghi}'),
	('k_size', 'keys_size', '{1,2,2147483647}');

-- A table of all these columns, which has each value and NULL, beside one another in different ways; equal
-- vectors, and rows without one; built, inserted and updated
SELECT format('CREATE TABLE keys_items (id integer, %s, v vector(3)) WITH (autovacuum_enabled = off)',
	string_agg(col || ' ' || type, ', ' ORDER BY no)) FROM keys_types \gexec
SELECT format('CREATE FUNCTION keys_row(i integer) RETURNS keys_items LANGUAGE sql AS $f$
	SELECT i, %s, CASE WHEN i %% 29 > 0 THEN ARRAY[i %% 5, i %% 7, 1]::vector END $f$',
	string_agg(format('(%L::text[])[abs(hashint4extended(i, %s) %% %s) + 1]::%s', vals, no, array_length(vals, 1) + 1, type), ', ' ORDER BY no))
FROM keys_types \gexec
INSERT INTO keys_items SELECT r.* FROM generate_series(1, 150) i, keys_row(i) r;
SELECT format('CREATE INDEX keys_idx ON keys_items USING vecprov (v, %s)', string_agg(col, ', ' ORDER BY no)) FROM keys_types \gexec
INSERT INTO keys_items SELECT r.* FROM generate_series(151, 300) i, keys_row(i) r;
SELECT format('UPDATE keys_items i SET (%1$s) = (SELECT %1$s FROM keys_row(i.id + 1000)) WHERE id %% 10 = 0', string_agg(col, ', ' ORDER BY no)) FROM keys_types \gexec
DELETE FROM keys_items WHERE id % 10 = 1;
VACUUM ANALYZE keys_items;
SELECT count(*) FROM vecprov_check('keys_idx', true);

-- How the rows that an index scan returns differ from those of a sequential scan
CREATE FUNCTION pg_temp.differs(condition text, OUT difference text) LANGUAGE plpgsql AS $$
DECLARE
	nearest text = format('SELECT id FROM keys_items WHERE %s ORDER BY v <-> ''[1,2,3]'' LIMIT 10000', condition);
	wanted integer[];
	found integer[];
	line text;
	plan text = '';
BEGIN
	PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true);
	EXECUTE format('SELECT array_agg(id ORDER BY id) FROM keys_items WHERE %s', condition) INTO wanted;
	PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'on', true);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || nearest LOOP
		plan := plan || line;
	END LOOP;
	IF plan !~ 'Index Cond' OR plan ~ 'Filter' AND condition !~ 'LIKE' THEN
		difference := plan;
	END IF;
	EXECUTE format('SELECT array_agg(id ORDER BY id) FROM (%s) r', nearest) INTO found;
	IF found IS DISTINCT FROM wanted THEN
		difference := format('found %s, not %s', found, wanted);
	END IF;
END
$$;

CREATE TABLE keys_conditions (kind text, condition text);
INSERT INTO keys_conditions
SELECT 'operator', format('%s %s %L::%s', col, op, val, type)
FROM keys_types, unnest(vals) val, unnest('{<,<=,=,>=,>,<>}'::text[]) op;
INSERT INTO keys_conditions
SELECT 'any', format('%s %s ANY (ARRAY[%L, NULL, %L, %L]::%s[])', col, op, vals[i], vals[i + 2], vals[1], regexp_replace(type, '(\(\d+\))? COLLATE.*', ''))
FROM keys_types, generate_series(1, array_length(vals, 1)) i, unnest('{<,=,>=,<>}'::text[]) op;
INSERT INTO keys_conditions
SELECT 'between', format('%s BETWEEN %L AND %L', col, vals[i], vals[i + 3])
FROM keys_types, generate_series(1, array_length(vals, 1) - 3) i;
INSERT INTO keys_conditions
SELECT 'null', format(condition, col, regexp_replace(type, '(\(\d+\))? COLLATE.*', ''))
FROM keys_types, unnest(ARRAY['%1$s IS NULL', '%1$s IS NOT NULL', '%1$s IS NULL AND %1$s IS NOT NULL', '%1$s = (SELECT NULL::%2$s)',
	'%1$s = ANY (ARRAY[NULL]::%2$s[])', '%1$s = ANY (''{}''::%2$s[])', '%1$s = ANY ((SELECT NULL::%2$s[])::%2$s[])']) condition;
-- Other types than the column's
CREATE TABLE keys_pairs AS
SELECT a.col, b.vals, b.type FROM unnest('{"k_int2 k_int4 k_int8","k_float4 k_float8","k_date k_timestamp k_timestamptz","k_text k_varchar","k_inet k_cidr"}'::text[]) cols
JOIN keys_types a ON a.col = ANY (string_to_array(cols, ' ')) JOIN keys_types b ON b.col = ANY (string_to_array(cols, ' ')) AND a.no <> b.no;
INSERT INTO keys_conditions
SELECT 'cross-type', format('%s %s %L::%s', col, op, val, type)
FROM keys_pairs, unnest(vals) val, unnest('{<,<=,=,>=,>,<>}'::text[]) op;
INSERT INTO keys_conditions
SELECT 'cross-type any', format('%s %s ANY (%L::%s[])', col, op, vals[2:5], type)
FROM keys_pairs, unnest('{<,=,>}'::text[]) op;
INSERT INTO keys_conditions
SELECT 'two columns', format('%s %s %L AND %s %s %L', a.col, op, a.vals[i], b.col, other, b.vals[i])
FROM keys_types a JOIN keys_types b ON b.no = a.no % 23 + 1, unnest('{<=,>,<>}'::text[]) op, unnest('{=,>=}'::text[]) other, generate_series(1, 2) i;
INSERT INTO keys_conditions
SELECT 'many', format(condition, col, vals || more, regexp_replace(type, '(\(\d+\))? COLLATE.*', ''))
FROM keys_types, (SELECT array_agg((i * 3)::text) AS more FROM generate_series(4, 40) i) m, unnest(ARRAY['%1$s = ANY (%2$L::%3$s[])',
	'%1$s <> ANY (%2$L::%3$s[])', '%1$s <= ANY (%2$L::%3$s[])', '%1$s = ANY (%2$L::%3$s[]) AND %1$s <> ''12'' AND %1$s >= ''1''']) condition
WHERE col IN ('k_int2', 'k_int4', 'k_int8', 'k_oid', 'k_float4', 'k_float8', 'k_numeric', 'k_money', 'k_interval', 'k_text', 'k_c', 'k_varchar', 'k_bpchar', 'k_size');
INSERT INTO keys_conditions VALUES
	('boolean', 'k_bool'), ('boolean', 'NOT k_bool'), ('boolean', 'k_bool IS TRUE'),
	('like', 'k_c LIKE ''abc%'''), ('like', 'k_c LIKE ''a%'''),
	('vector', 'v IS NULL'), ('vector', 'v IS NOT NULL'), ('vector', 'v IS NULL AND k_int4 = 7'), ('vector', 'v IS NOT NULL AND k_int4 = 7');

-- No difference, nowhere
CREATE TABLE keys_results AS SELECT kind, condition, pg_temp.differs(condition) AS difference FROM keys_conditions;
SELECT kind, count(*), count(difference) AS different FROM keys_results GROUP BY 1 ORDER BY kind COLLATE "C";
SELECT condition, difference FROM keys_results WHERE difference IS NOT NULL;

-- What the index does not know for sure is evaluated again. That removes rows only where values are stored alike.
CREATE FUNCTION pg_temp.rechecked(condition text, OUT removed integer) LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	SET LOCAL enable_seqscan = off;
	EXECUTE format('EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) SELECT id FROM keys_items WHERE %s ORDER BY v <-> ''[1,2,3]'' LIMIT 10000', condition || ' AND v IS NOT NULL') INTO plan;
	removed := coalesce(jsonb_path_query_first(plan, 'strict $.**."Rows Removed by Index Recheck"')::integer, 0);
END
$$;
SELECT condition, pg_temp.rechecked(condition) > 0 AS some_removed FROM unnest(ARRAY['k_int4 = 7', 'k_int4 < 7', 'k_int4 > 2147483640', 'k_int4 = 2147483647', 'k_int4 = 7::bigint', 'k_int4 <> ANY (''{1,2}'')',
	'k_int4 IS NULL', 'k_float8 > 0', 'k_numeric = 1', 'k_text = ''ab''', 'k_text = ''abcdefgh''', 'k_c < ''abcdefg''', 'k_text < ''ab''', 'k_mood < ''ok''', 'k_bool']) condition;

-- Parameters, in plans that do not know them; other types, as drivers bind them; no array, one that is not there
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_sort = off;
PREPARE keys_by_size(bigint, text) AS SELECT id FROM keys_items WHERE k_int4 = $1 AND k_varchar <> $2 ORDER BY v <-> '[1,2,3]' LIMIT 1000;
EXPLAIN (COSTS OFF) EXECUTE keys_by_size(7, 'a');
CREATE TABLE keys_found AS EXECUTE keys_by_size(7, 'a');
SELECT count(*), count(*) = (SELECT count(*) FROM keys_items WHERE k_int4 + 0 = 7 AND k_varchar || '' <> 'a') AS complete FROM keys_found;
EXECUTE keys_by_size(7000000000, 'a');
EXECUTE keys_by_size(NULL, 'a');
PREPARE keys_by_list(integer[], timestamptz) AS SELECT count(*) FROM (SELECT id FROM keys_items WHERE k_int4 = ANY ($1) AND k_timestamptz >= $2 ORDER BY v <-> '[1,2,3]' LIMIT 1000) r;
EXPLAIN (COSTS OFF) EXECUTE keys_by_list('{7,8}', '2000-01-01');
EXECUTE keys_by_list('{7,8,NULL,7}', '2000-01-01');
SELECT count(*) FROM keys_items WHERE k_int4 + 0 IN (7, 8) AND k_timestamptz + '0' >= '2000-01-01';
EXECUTE keys_by_list('{}', '2000-01-01');
EXECUTE keys_by_list(NULL, '2000-01-01');
EXECUTE keys_by_list('{7,8}', NULL);
RESET plan_cache_mode;
-- rows of another table
SELECT t.vals[1:2], count(r.id), count(r.id) = (SELECT count(*) FROM keys_items WHERE k_text || '' = ANY (t.vals[1:2])) AS complete
FROM keys_types t LEFT JOIN LATERAL (SELECT id FROM keys_items i WHERE k_text = ANY (t.vals[1:2]) ORDER BY v <-> '[1,2,3]' LIMIT 1000) r ON true
WHERE t.col IN ('k_text', 'k_varchar', 'k_bool') GROUP BY t.no, t.vals ORDER BY t.no;

-- A label that comes later, between others
ALTER TYPE keys_mood ADD VALUE 'calm' BEFORE 'happy';
UPDATE keys_items SET k_mood = 'calm' WHERE id IN (2, 102, 202);
SELECT count(*) AS calm, count(*) FILTER (WHERE k_mood = 'calm') FROM (SELECT * FROM keys_items WHERE k_mood = 'calm' ORDER BY v <-> '[1,2,3]' LIMIT 1000) r;
SELECT condition, pg_temp.differs(condition) AS difference FROM unnest(ARRAY['k_mood < ''happy''', 'k_mood >= ''calm''', 'k_mood <> ''calm''', 'k_mood > ANY (''{ok,calm}'')']) condition;

-- Equal vectors, whose rows have keys of their own; a key that changes; rows that go
CREATE TABLE keys_equal (id integer PRIMARY KEY, tenant integer, v vector(3)) WITH (autovacuum_enabled = off);
INSERT INTO keys_equal SELECT i, i % 4, '[1,2,3]' FROM generate_series(1, 40) i;
CREATE INDEX keys_equal_idx ON keys_equal USING vecprov (v, tenant);
INSERT INTO keys_equal SELECT i, i % 4, '[1,2,3]' FROM generate_series(41, 80) i;
CREATE FUNCTION pg_temp.tenants() RETURNS TABLE (tenant integer, ids text) LANGUAGE sql AS $$
	SELECT t, string_agg(id::text, ' ' ORDER BY id) FROM generate_series(0, 4) t, LATERAL
		(SELECT id FROM keys_equal e WHERE e.tenant = t ORDER BY v <-> '[1,2,3]' LIMIT 1000) r GROUP BY 1 ORDER BY 1
$$;
SELECT * FROM pg_temp.tenants();
UPDATE keys_equal SET tenant = 4 WHERE id <= 12;
DELETE FROM keys_equal WHERE id > 20 AND id % 8 < 6;
SELECT * FROM pg_temp.tenants();
VACUUM keys_equal;
SELECT * FROM pg_temp.tenants();
SELECT count(*) FROM vecprov_check('keys_equal_idx', true);
INSERT INTO keys_equal SELECT i, i % 4, '[1,2,3]' FROM generate_series(101, 110) i;
SELECT * FROM pg_temp.tenants();
-- a transaction that sees its own, and one that does not see it
BEGIN;
UPDATE keys_equal SET tenant = 0 WHERE tenant = 4;
SELECT * FROM pg_temp.tenants();
ROLLBACK;
SELECT * FROM pg_temp.tenants() WHERE tenant IN (0, 4);

-- Rows without a vector: by the vector, and as those whose keys are looked up in the table
CREATE INDEX keys_cosine_idx ON keys_equal USING vecprov (v vector_cosine_ops, tenant);
INSERT INTO keys_equal VALUES (201, 1, '[0,0,0]'), (202, 2, '[0,0,0]'), (203, 1, NULL), (204, NULL, NULL);
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM keys_equal WHERE tenant = 1 AND id > 100 ORDER BY v <=> '[1,2,3]' LIMIT 100) r;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM keys_equal WHERE v IS NULL ORDER BY v <=> '[1,2,3]' LIMIT 100) r;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM keys_equal WHERE v IS NULL AND tenant IS NULL ORDER BY v <=> '[1,2,3]' LIMIT 100) r;
SELECT count(*) FROM (SELECT id FROM keys_equal WHERE v IS NOT NULL ORDER BY v <=> '[1,2,3]' LIMIT 100) r;
SELECT count(v) FROM keys_equal;

-- Expressions; without conditions; all columns that there can be
CREATE INDEX keys_expression_idx ON keys_items USING vecprov ((k_int2::text || 'x'), v);
CREATE INDEX keys_expression_idx ON keys_items USING vecprov (v, lower(k_text), (k_int4 % 10));
EXPLAIN (COSTS OFF) SELECT id FROM keys_items WHERE lower(k_text) IN ('ab', 'a') AND k_int4 % 10 = 7 ORDER BY v <-> '[1,2,3]' LIMIT 1000;
SELECT count(*) FROM (SELECT id FROM keys_items WHERE lower(k_text) IN ('ab', 'a') AND k_int4 % 10 = 7 ORDER BY v <-> '[1,2,3]' LIMIT 1000) r;
SELECT count(*) FROM keys_items WHERE lower(k_text) || '' IN ('ab', 'a') AND k_int4 % 10 = 7;
DROP INDEX keys_idx;
EXPLAIN (COSTS OFF) SELECT id FROM keys_items ORDER BY v <-> '[1,2,3]' LIMIT 10;
SELECT format('CREATE INDEX keys_wide_idx ON keys_items USING vecprov (v, %s)', string_agg('k_int8', ', ')) FROM generate_series(1, 31) \gexec
SELECT count(*) FROM (SELECT id FROM keys_items WHERE k_int8 = 7 ORDER BY v <-> '[1,2,3]' LIMIT 1000) r;
SELECT count(*) FROM keys_items WHERE k_int8 + 0 = 7;
SELECT format('CREATE INDEX ON keys_items USING vecprov (v, %s)', string_agg('k_int8', ', ')) FROM generate_series(1, 32) \gexec

-- A column that becomes another one
ALTER TABLE keys_items ALTER k_int8 TYPE integer USING (k_int8 % 1000)::integer;
SELECT count(*) FROM (SELECT id FROM keys_items WHERE k_int8 = 7 ORDER BY v <-> '[1,2,3]' LIMIT 1000) r;
SELECT count(*) FROM keys_items WHERE k_int8 + 0 = 7;
SELECT count(*) FROM vecprov_check('keys_wide_idx', true);

-- What cannot be a key, or a vector
-- (as a notice: there may be no such collations)
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') THEN
		CREATE COLLATION keys_no_case (provider = icu, locale = 'und', deterministic = false);
		CREATE INDEX ON keys_items USING vecprov (v, (k_text COLLATE keys_no_case));
	ELSE
		RAISE 'nondeterministic collations are not supported for keys of a vecprov index' USING ERRCODE = 'feature_not_supported';
	END IF;
EXCEPTION WHEN feature_not_supported THEN
	RAISE NOTICE '%', SQLERRM;
END
$$;
CREATE INDEX ON keys_items USING vecprov (k_int4, v);
CREATE INDEX ON keys_items USING vecprov (v, (v * v));
CREATE INDEX ON keys_items USING vecprov (v, (CASE WHEN k_bool THEN '{}'::jsonb END));
CREATE INDEX ON keys_items USING vecprov (v, k_int4 int8_ops);
CREATE INDEX ON keys_items USING vecprov (v) INCLUDE (k_int4);

DROP FUNCTION keys_row;
DROP TABLE keys_types, keys_items;
DROP TABLE keys_conditions, keys_results, keys_pairs, keys_found, keys_equal;
DROP TYPE keys_mood;
DROP DOMAIN keys_size;
