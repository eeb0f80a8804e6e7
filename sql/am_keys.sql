-- Key columns: for each type and operator the rows that an index scan returns are those of a sequential scan.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET timezone = 'Europe/Paris';
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
	tested boolean = false;
BEGIN
	PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true);
	EXECUTE format('SELECT array_agg(id ORDER BY id) FROM keys_items WHERE %s', condition) INTO wanted;
	PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'on', true);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || nearest LOOP
		tested := tested OR line ~ 'Index Cond' AND line !~ 'Filter';
	END LOOP;
	IF NOT tested THEN
		difference := 'not tested by the index';
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
FROM keys_types, unnest('{%1$s IS NULL,%1$s IS NOT NULL,%1$s IS NULL AND %1$s IS NOT NULL,%1$s = (SELECT NULL::%2$s),
	%1$s = ANY (ARRAY[NULL]::%2$s[]),%1$s = ANY (''{}''::%2$s[]),%1$s = ANY ((SELECT NULL::%2$s[])::%2$s[])}'::text[]) condition;
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
INSERT INTO keys_conditions VALUES
	('boolean', 'k_bool'), ('boolean', 'NOT k_bool'), ('boolean', 'k_bool IS TRUE'),
	('like', 'k_c LIKE ''abc%'''), ('like', 'k_c LIKE ''a%'''),
	('vector', 'v IS NULL'), ('vector', 'v IS NOT NULL'), ('vector', 'v IS NULL AND k_int4 = 7'), ('vector', 'v IS NOT NULL AND k_int4 = 7');

-- No difference, nowhere
SELECT kind, count(*), count(difference) AS different FROM keys_conditions, pg_temp.differs(condition) GROUP BY 1 ORDER BY 1;
SELECT condition, difference FROM keys_conditions, pg_temp.differs(condition) WHERE difference IS NOT NULL;
