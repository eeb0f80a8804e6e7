-- Filters of vecprov_recall, vecprov_tune, vecprov_plan and vecprov_search
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
SET jit = off;
SET client_min_messages = warning;

CREATE TYPE filter_mood AS ENUM ('sad', 'glad');
CREATE DOMAIN filter_small AS integer CHECK (value < 100);
CREATE TABLE filter_items (id integer PRIMARY KEY, tenant_id integer, price numeric, made timestamptz, note text, mood filter_mood,
	doc jsonb, small filter_small, v vector(16)) WITH (autovacuum_enabled = off);
INSERT INTO filter_items SELECT i, i % 20, i % 7, '2020-01-01'::timestamptz + i * interval '1 day', CASE WHEN i % 3 > 0 THEN 'n' || i % 3 END,
	CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'glad' END::filter_mood, jsonb_build_object('lang', 'l' || i % 40), i % 100,
	CASE WHEN i % 101 > 0 THEN ARRAY(SELECT get_byte(sha512(i::text::bytea), d) FROM generate_series(0, 15) d)::real[]::vector END
	FROM generate_series(1, 2000) i;
CREATE INDEX filter_plain ON filter_items USING vecprov (v);
CREATE INDEX filter_keys ON filter_items USING vecprov (v vector_cosine_ops, tenant_id, price);
CREATE INDEX filter_second ON filter_items USING vecprov (v, tenant_id);
CREATE INDEX filter_half ON filter_items USING vecprov ((v::halfvec(16)) halfvec_l2_ops) WHERE id > 500;
CREATE INDEX filter_doc ON filter_items USING gin (doc);
CREATE INDEX filter_tenant ON filter_items (tenant_id);
ANALYZE filter_items;
CREATE TABLE filter_queries AS SELECT i AS id,
	ARRAY(SELECT get_byte(sha512((-i)::text::bytea), d) FROM generate_series(0, 15) d)::real[]::vector AS q FROM generate_series(1, 10) i;

-- Rows that vecprov_search has and an exact SELECT has not, and the other way round; those of the SELECT
CREATE FUNCTION pg_temp.compare(index regclass, k integer, filter text, params text[] DEFAULT NULL, condition text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql SET enable_indexscan = off SET enable_bitmapscan = off AS $$
DECLARE
	answer text;
	operand text := CASE index::text WHEN 'filter_half' THEN 'v::halfvec(16) <->' WHEN 'filter_keys' THEN 'v <=>' ELSE 'v <->' END;
BEGIN
	EXECUTE format($f$
		WITH batch AS MATERIALIZED (
			SELECT s.query, t.id, s.distance FROM vecprov_search(%L, (SELECT array_agg(q ORDER BY id) FROM filter_queries), %s, $1, 1000, $2) s
				JOIN filter_items t ON t.ctid = s.ctid
		), single AS MATERIALIZED (
			SELECT q.id::integer AS query, r.id, r.distance
			FROM filter_queries q CROSS JOIN LATERAL
				(SELECT id, %3$s q.q AS distance FROM filter_items WHERE v IS NOT NULL AND (%4$s) ORDER BY %3$s q.q LIMIT %2$s) r
		)
		SELECT format('%%s differ of %%s',
			(SELECT count(*) FROM (TABLE batch EXCEPT TABLE single) a) + (SELECT count(*) FROM (TABLE single EXCEPT TABLE batch) b)
			+ abs((SELECT count(*) FROM single) - (SELECT count(*) FROM batch)), (SELECT count(*) FROM single))$f$,
		index, k, operand, coalesce(condition, filter)) INTO answer USING filter, params;
	RETURN answer;
END
$$;

-- Values: keys, other columns, what other indexes know, a partial index of an expression
SELECT i, f, pg_temp.compare(i::regclass, 10, f, condition => CASE i WHEN 'filter_half' THEN '(' || f || ') AND id > 500' END)
	FROM unnest('{filter_plain,filter_keys,filter_half}'::text[]) i,
	unnest(ARRAY['tenant_id = 7', 'tenant_id IN (3, 4) AND price < 2', 'note IS NULL', $$doc @> '{"lang": "l3"}'$$, 'id = 1234', 'true', 'NULL',
		'tenant_id = 7 OR id < 300', 'current_user = session_user AND tenant_id < 3', 'current_user <> session_user', 'filter_items.* IS NOT NULL']) f
	ORDER BY 1, 2;
-- of two that can do the same, the one that is named
SELECT i, vecprov_recall(i::regclass, 10, 20, f) > 0.9 AS recall FROM unnest('{filter_plain,filter_second}'::text[]) i, unnest('{tenant_id = 7,true,id < 300}'::text[]) f;
-- as many rows as there are
SELECT pg_temp.compare('filter_plain', 3000, 'tenant_id = 7'), pg_temp.compare('filter_keys', 3000, 'tenant_id = 7 AND price = 1');
SET vecprov.iterative_scan = off;
SET vecprov.max_scan_tuples = 1;
SELECT query, count(*) FROM vecprov_search('filter_plain', ARRAY(SELECT q FROM filter_queries WHERE id < 3), 50, 'tenant_id = 7', 1) GROUP BY 1 ORDER BY 1;
SELECT query, count(*) FROM vecprov_search('filter_keys', ARRAY(SELECT q FROM filter_queries WHERE id < 3), 200, 'note IS NULL', 1) GROUP BY 1 ORDER BY 1;
RESET vecprov.iterative_scan;
RESET vecprov.max_scan_tuples;
SHOW vecprov.ef_search;
-- what the transaction sees
BEGIN;
UPDATE filter_items SET note = 'changed' WHERE id % 5 = 0;
DELETE FROM filter_items WHERE id % 3 = 0;
SELECT pg_temp.compare('filter_plain', 10, $$note = 'changed'$$), pg_temp.compare('filter_keys', 10, $$note = 'changed'$$);
SELECT vecprov_recall('filter_plain', 10, 20, $$note = 'changed'$$) > 0.9 AS changed;
ROLLBACK;

-- Parameters: each is of the type that its place has
SELECT pg_temp.compare('filter_keys', 10, 'tenant_id = $1 AND price < $2', '{7,3.5}', 'tenant_id = 7 AND price < 3.5');
SELECT pg_temp.compare('filter_keys', 10, 'tenant_id = ANY ($1)', ARRAY['{3,4,NULL}'], 'tenant_id IN (3, 4)');
SELECT pg_temp.compare('filter_plain', 10, 'made >= $1 AND mood = $2 AND note = $3 AND small = $4', ARRAY['2021-01-01', 'glad', 'n1', '5'],
	$$made >= '2021-01-01' AND mood = 'glad' AND note = 'n1' AND small = 5$$);
SELECT pg_temp.compare('filter_plain', 10, 'note = $1', ARRAY[$$n1' OR true --$$], 'false');
SELECT pg_temp.compare('filter_plain', 10, 'tenant_id = $1', ARRAY[NULL], 'false');
SELECT pg_temp.try($$SELECT vecprov_recall('filter_plain', 10, 10, 'tenant_id = $1 OR $2 IS NULL', ARRAY['7', NULL])$$);
SELECT pg_temp.compare('filter_plain', 10, 'tenant_id = $1 OR $2::text IS NULL', ARRAY['7', NULL], 'true');
SELECT pg_temp.compare('filter_plain', 10, '$1', ARRAY['true'], 'true');
SELECT pg_temp.try($$SELECT vecprov_recall('filter_keys', 10, 10, 'tenant_id = $1')$$);
SELECT pg_temp.try($$SELECT vecprov_recall('filter_keys', 10, 10, 'tenant_id = $1', '{1,2}')$$);
SELECT pg_temp.try($$SELECT vecprov_recall('filter_keys', 10, 10, 'tenant_id = $2', '{1,2}')$$);
SELECT pg_temp.try($$SELECT vecprov_recall('filter_keys', 10, 10, 'tenant_id = 1', '{1}')$$);
SELECT pg_temp.try($$SELECT vecprov_recall('filter_keys', 10, 10, 'tenant_id = $1', '{x}')$$);
SELECT pg_temp.try($$SELECT vecprov_recall('filter_keys', 10, 10, 'small < $1::filter_small', '{100}')$$);
SELECT pg_temp.try($$SELECT vecprov_recall('filter_keys', 10, 10, 'note = $1 AND tenant_id = $1', '{1}')$$);

-- a condition on the distance to another vector
SELECT pg_temp.compare('filter_plain', 50, 'v <-> $1 < $2', ARRAY[v::text, '300'], format('v <-> %L < 300', v)) FROM filter_items WHERE id = 1;
SELECT pg_temp.compare('filter_keys', 50, 'v <=> $1 < $2', ARRAY[v::text, '0.1'], format('v <=> %L < 0.1', v)) FROM filter_items WHERE id = 1;
SELECT pg_temp.compare('filter_plain', 10, 'v IS NULL'), pg_temp.compare('filter_plain', 10, 'v IS NOT NULL');

-- Neighbours are those of the filter.
SELECT f, vecprov_recall('filter_plain', 10, 50, f) > 0.9 AS plain, vecprov_recall('filter_keys', 10, 50, f) > 0.9 AS keys, vecprov_recall('filter_half', 10, 50, f) > 0.9 AS half
	FROM unnest('{tenant_id = 7,note IS NULL,price < 3 AND tenant_id < 3,id = 1234,true,false,NULL}'::text[]) f;
SELECT vecprov_recall('filter_keys', 10, 50, NULL) = vecprov_recall('filter_keys', 10, 50) AS none, vecprov_recall('filter_keys', 10, 50, 'true') = vecprov_recall('filter_keys', 10, 50) AS all_rows;
SELECT vecprov_recall('filter_keys', filter => 'tenant_id = $1', params => '{7}') > 0.9 AS by_name;
SELECT vecprov_recall(NULL, filter => 'true'), vecprov_recall('filter_keys', NULL, filter => 'true'), vecprov_recall('filter_keys', samples => NULL, filter => 'true');
-- the settings hold: little effort that does not go on finds few
SET vecprov.iterative_scan = off;
SELECT vecprov_recall('filter_plain', 10, 50, 'id % 20 = 3') < 0.9 AS little;
RESET vecprov.iterative_scan;
SELECT (vecprov_tune('filter_plain', 0.95, 10, 50, 'note IS NULL')).recall >= 0.95 AS reached, (vecprov_tune('filter_keys', 0.9, filter => 'tenant_id = $1', params => '{7}')).recall >= 0.9 AS key;
SHOW vecprov.ef_search;
SELECT pg_temp.try($$SELECT vecprov_tune('filter_plain', 0.95, filter => 'false')$$);
SELECT vecprov_tune(NULL, 0.95, filter => 'true') IS NULL AS index, vecprov_tune('filter_plain', 0.95, NULL, filter => 'true') IS NULL AS k;
SELECT item, reason FROM vecprov_plan('filter_keys', 0.001, 0.9, 5, 'tenant_id = $1', '{7}') WHERE item = 'recall';
SELECT item, reason FROM vecprov_plan('filter_keys', 0.001, 0.9, 5) WHERE item = 'recall';
SELECT count(*) FROM vecprov_plan(NULL, 1, filter => 'true');
SELECT count(*) FROM vecprov_plan('filter_keys', NULL, filter => 'true');
SELECT count(*) FROM vecprov_search('filter_keys', NULL, 10, 'true') a, vecprov_search(NULL, '{}', 10, 'true') b;
SELECT pg_temp.try($$SELECT * FROM vecprov_search('filter_plain', ARRAY(SELECT q FROM filter_queries), 1, ef_search => 0)$$);

-- Other types and tables
CREATE DOMAIN filter_vector AS vector(4);
CREATE TABLE filter_types (id integer, d filter_vector, b bit(64), s sparsevec(40), l vector(4)) PARTITION BY LIST (id);
CREATE TABLE filter_odd PARTITION OF filter_types FOR VALUES IN (1, 3);
CREATE TABLE filter_other PARTITION OF filter_types DEFAULT;
INSERT INTO filter_types SELECT i % 5, ARRAY[i, i % 7, i % 11, 1]::real[]::vector, substr(sha256(i::text::bytea)::text, 2)::bit(64),
	format('{%s:1,%s:2}/40', i % 20 + 1, 21 + i % 19)::sparsevec, ARRAY[i, i % 5, 1, i % 3] FROM generate_series(1, 1000) i;
CREATE INDEX filter_d ON filter_odd USING vecprov ((d::vector(4)) vector_l2_ops);
CREATE INDEX filter_b ON filter_odd USING vecprov (b bit_hamming_ops);
CREATE INDEX filter_s ON filter_odd USING vecprov (s sparsevec_cosine_ops);
CREATE INDEX filter_l ON filter_odd USING vecprov (l vector_l1_ops, id);
CREATE TEMP TABLE filter_temporary AS SELECT id, l AS v FROM filter_types;
CREATE INDEX filter_t ON filter_temporary USING vecprov (v vector_ip_ops);
SELECT i, vecprov_recall(i::regclass, 10, 30, 'id = $1', '{3}') > 0.9 AS recall, vecprov_recall(i::regclass, 10, 30, 'id = $1', '{6}') IS NULL AS nothing
	FROM unnest('{filter_d,filter_b,filter_s,filter_l,filter_t}'::text[]) i;
DROP TABLE filter_types, filter_temporary;
DROP DOMAIN filter_vector;

-- One boolean expression, and nothing else
SELECT f, pg_temp.try(format('SELECT vecprov_recall(%L, 10, 10, %L)', 'filter_plain', f)) FROM unnest(ARRAY['', '*', 'true, true', 'true AS x', 'DISTINCT true',
	'true FROM filter_items', 'true WHERE true', 'true GROUP BY 1', 'true HAVING true', 'true ORDER BY 1', 'true LIMIT 1', 'true OFFSET 1', 'true FOR UPDATE',
	'true UNION SELECT true', 'true; SELECT true', 'true) OR (true', 'true) LIMIT 1 --', '(true', '/* true', $$note = 'x$$, 'SELECT true', 'DROP TABLE filter_items', ':x',
	'id IN (SELECT 1)', 'EXISTS (SELECT FROM filter_items)', '(SELECT true)', 'id = ANY (ARRAY(SELECT 1))', 'tenant_id = (SELECT max(id) FROM filter_items)',
	'count(*) > 1', 'max(id) > 1', 'row_number() OVER () > 1', 'generate_series(1, 2) > 1', 'unnest(ARRAY[true])', 'grouping(id) = 0', 'DEFAULT',
	'tenant_id', 'filter_items', 'filter_items.*', '(filter_items).*', 'nowhere = 1', 'other.id = 1', 'nothing(id)', 'tenant_id = ''x''', 'tenant_id / 0 = 1']) f;
-- a comment does not reach beyond
SELECT pg_temp.compare('filter_plain', 10, 'tenant_id = 7 -- )', condition => 'tenant_id = 7'), pg_temp.compare('filter_plain', 10, '/* ( */ tenant_id = 7', condition => 'tenant_id = 7');
-- where the error is: in the filter
SELECT vecprov_recall('filter_plain', 10, 10, 'tenant_id = 1 AND nowhere = 2');

-- The caller's rights: each column that the filter names
CREATE ROLE regress_vecprov_filter;
GRANT SELECT (v) ON filter_items TO regress_vecprov_filter;
GRANT SELECT (tenant_id) ON filter_items TO regress_vecprov_filter;
GRANT SELECT ON filter_queries TO regress_vecprov_filter;
CREATE FUNCTION filter_search(filter text, index text DEFAULT 'filter_plain') RETURNS text LANGUAGE sql AS
	$$SELECT pg_temp.try(format('SELECT * FROM vecprov_search(%L, ARRAY(SELECT q FROM filter_queries), 10, %L)', index, filter))$$;
SET ROLE regress_vecprov_filter;
SELECT f, filter_search(f) FROM unnest('{tenant_id = 1,true,price = 1,tenant_id = 1 AND price = 1,filter_items.* IS NOT NULL,ctid IS NOT NULL}'::text[]) f;
SELECT filter_search('tenant_id = 1', 'filter_keys'), filter_search('tenant_id = 1', 'filter_half');
SELECT pg_temp.try($$SELECT vecprov_recall('filter_plain', 10, 10, 'tenant_id = 1')$$);
RESET ROLE;
-- who may measure all indexes still needs the columns
GRANT pg_stat_scan_tables TO regress_vecprov_filter;
REVOKE SELECT (v) ON filter_items FROM regress_vecprov_filter;
SET ROLE regress_vecprov_filter;
SELECT vecprov_recall('filter_keys', 10, 10, 'tenant_id = 1') > 0.9 AS recall;
SELECT pg_temp.try($$SELECT vecprov_recall('filter_keys', 10, 10, 'price = 1')$$);
SELECT pg_temp.try($$SELECT vecprov_tune('filter_keys', 0.5, filter => 'price = 1')$$);
SELECT pg_temp.try($$SELECT * FROM vecprov_plan('filter_keys', 1, filter => 'price = 1')$$);
RESET ROLE;
REVOKE pg_stat_scan_tables FROM regress_vecprov_filter;
GRANT SELECT ON filter_items TO regress_vecprov_filter;
-- functions: the right to execute them; as whom they run, and with which search_path
CREATE SCHEMA filter_own;
GRANT USAGE ON SCHEMA filter_own TO regress_vecprov_filter;
CREATE FUNCTION filter_own.positive(integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
	IF current_user <> 'regress_vecprov_filter' OR current_setting('search_path') !~ 'filter_own' THEN
		RAISE EXCEPTION 'called as % with search_path %', current_user, current_setting('search_path');
	END IF;
	RETURN $1 > 0;
END $$;
CREATE FUNCTION filter_own.forbidden() RETURNS boolean LANGUAGE sql AS 'SELECT true';
REVOKE EXECUTE ON FUNCTION filter_own.forbidden() FROM PUBLIC;
SET ROLE regress_vecprov_filter;
SET search_path = filter_own, public;
SELECT filter_search('positive(tenant_id)'), vecprov_recall('filter_plain', 10, 10, 'positive(tenant_id)') > 0.9 AS recall;
SELECT filter_search('forbidden()'), pg_temp.try($$SELECT vecprov_recall('filter_plain', 10, 10, 'forbidden()')$$);
SET search_path = public;
SELECT filter_search('positive(tenant_id)');
RESET ROLE;
RESET search_path;

-- Row security: neither rows nor functions of the filter get what the caller does not see.
CREATE TABLE filter_met (id integer);
GRANT INSERT ON filter_met TO regress_vecprov_filter;
CREATE FUNCTION filter_own.note(integer) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS 'BEGIN INSERT INTO public.filter_met VALUES ($1); RETURN true; END';
ALTER TABLE filter_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY filter_even ON filter_items TO regress_vecprov_filter USING (id % 2 = 0);
SET ROLE regress_vecprov_filter;
SELECT i, pg_temp.compare(i::regclass, 10, 'price < 3'), pg_temp.compare(i::regclass, 10, 'tenant_id < 4 AND filter_own.note(id)') FROM unnest('{filter_plain,filter_keys}'::text[]) i;
SELECT vecprov_recall('filter_keys', 10, 20, 'filter_own.note(id)') > 0.9 AS recall, vecprov_recall('filter_plain', 10, 20, 'id % 2 = 1') IS NULL AS hidden;
RESET ROLE;
REVOKE SELECT ON filter_items FROM regress_vecprov_filter;
GRANT SELECT (v) ON filter_items TO regress_vecprov_filter;
SET ROLE regress_vecprov_filter;
SELECT filter_search(NULL), filter_search('true'), filter_search('tenant_id = 1');
RESET ROLE;
GRANT SELECT ON filter_items TO regress_vecprov_filter;
SET ROLE regress_vecprov_filter;
SET row_security = off;
SELECT filter_search('true'), pg_temp.try($$SELECT vecprov_recall('filter_plain', 10, 10, 'true')$$);
RESET row_security;
RESET ROLE;
SELECT count(*) > 0 AS met, count(*) FILTER (WHERE id % 2 = 1) AS hidden FROM filter_met;
ALTER TABLE filter_items DISABLE ROW LEVEL SECURITY;

-- The index's own expression and predicate: as the owner, whoever searches
CREATE FUNCTION filter_own.as_owner(vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
	IF current_user <> 'regress_vecprov_owner' THEN RAISE EXCEPTION 'evaluated as %', current_user; END IF;
	RETURN $1;
END $$;
CREATE FUNCTION filter_own.is_in(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
	IF current_user <> 'regress_vecprov_owner' THEN RAISE EXCEPTION 'evaluated as %', current_user; END IF;
	RETURN $1 > 0;
END $$;
CREATE ROLE regress_vecprov_owner;
GRANT USAGE ON SCHEMA filter_own TO regress_vecprov_owner;
CREATE TABLE filter_others AS SELECT id, tenant_id, v FROM filter_items WHERE id < 300;
ALTER TABLE filter_others OWNER TO regress_vecprov_owner;
CREATE INDEX filter_others_v ON filter_others USING vecprov ((filter_own.as_owner(v)::vector(16))) WHERE filter_own.is_in(id) AND filter_own.as_owner('[1]') IS NOT NULL;
CREATE INDEX filter_others_tenant ON filter_others (tenant_id);
GRANT SELECT ON filter_others TO regress_vecprov_filter;
SELECT count(*) FROM vecprov_search('filter_others_v', ARRAY(SELECT q FROM filter_queries), 3, 'tenant_id = 7');
SET ROLE regress_vecprov_filter;
SELECT count(*) FROM vecprov_search('filter_others_v', ARRAY(SELECT q FROM filter_queries), 3, 'id < 1000');
SELECT vecprov_recall('filter_others_v', 10, 20, 'tenant_id = 7') > 0.9 AS recall;
RESET ROLE;

-- An index that cannot be used yet
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'filter_plain'::regclass;
SELECT pg_temp.compare('filter_plain', 10, 'tenant_id = 7');
SELECT pg_temp.try($$SELECT vecprov_recall('filter_plain', 10, 10, 'tenant_id = 7')$$);
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'filter_plain'::regclass;

DROP TABLE filter_items, filter_queries, filter_met, filter_others;
DROP FUNCTION filter_search(text, text);
DROP SCHEMA filter_own CASCADE;
DROP TYPE filter_mood;
DROP DOMAIN filter_small;
DROP ROLE regress_vecprov_filter, regress_vecprov_owner;
