\echo Use "ALTER EXTENSION vecprov UPDATE" to load this file. \quit

-- Tables and views move into a schema of their own.

DO $$
DECLARE
	schema pg_catalog.pg_namespace;
	content pg_catalog.text;
BEGIN
	SELECT * INTO schema FROM pg_catalog.pg_namespace WHERE nspname = 'vecprov';
	IF NOT FOUND THEN
		CREATE SCHEMA vecprov;
		RETURN;
	END IF;
	IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE oid = schema.nspowner) THEN
		RAISE EXCEPTION 'schema "vecprov" belongs to role "%"', pg_catalog.pg_get_userbyid(schema.nspowner) USING
			ERRCODE = 'insufficient_privilege',
			DETAIL = 'The tables of extension "vecprov" are in the schema of this name, which must be a superuser''s.',
			HINT = pg_catalog.format('Rename the schema, or if it is empty: ALTER SCHEMA vecprov OWNER TO %I.', current_user);
	END IF;
	-- the extension itself is in it
	IF schema.oid = (SELECT extnamespace FROM pg_catalog.pg_extension WHERE extname = 'vecprov') THEN
		RETURN;
	END IF;
	SELECT pg_catalog.pg_describe_object(classid, objid, objsubid) INTO content FROM pg_catalog.pg_depend
	WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid AND refobjid = schema.oid AND deptype = 'n'
	ORDER BY 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'schema "vecprov" is not empty' USING
			ERRCODE = 'duplicate_schema',
			DETAIL = pg_catalog.format('The tables of extension "vecprov" are in a schema of this name. It contains %s.', content),
			HINT = 'Rename the schema, or move what it contains to another one.';
	END IF;
	ALTER EXTENSION vecprov ADD SCHEMA vecprov;
END;
$$;
COMMENT ON SCHEMA vecprov IS 'tables and views of the extension vecprov';
GRANT USAGE ON SCHEMA vecprov TO PUBLIC;

ALTER TABLE @extschema@.vecprov_tier SET SCHEMA vecprov;
ALTER TABLE vecprov.vecprov_tier RENAME TO tiers;
ALTER TRIGGER vecprov_tier_changed ON vecprov.tiers RENAME TO tiers_changed;

ALTER TABLE @extschema@.vecprov_rate SET SCHEMA vecprov;
ALTER TABLE vecprov.vecprov_rate RENAME TO rates;

ALTER TABLE @extschema@.vecprov_changes SET SCHEMA vecprov;
ALTER TABLE vecprov.vecprov_changes RENAME TO changes;
ALTER INDEX vecprov.vecprov_changes_table_oid_idx RENAME TO changes_table_oid_idx;

ALTER TABLE @extschema@.vecprov_limit SET SCHEMA vecprov;
ALTER TABLE vecprov.vecprov_limit RENAME TO limits;
ALTER TRIGGER vecprov_limit_changed ON vecprov.limits RENAME TO limits_changed;

ALTER TABLE @extschema@.vecprov_quota SET SCHEMA vecprov;
ALTER TABLE vecprov.vecprov_quota RENAME TO quotas;
ALTER TRIGGER vecprov_quota_changed ON vecprov.quotas RENAME TO quotas_changed;

-- From version 18 on NOT NULL is a constraint with a name, too.
DO $$
DECLARE
	old record;
BEGIN
	FOR old IN
		SELECT t.relname, c.conname, pg_catalog.regexp_replace(c.conname, '^vecprov_[a-z]+', t.relname) AS new_name
		FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class t ON t.oid = c.conrelid
			JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
		WHERE n.nspname = 'vecprov' AND t.relname IN ('tiers', 'rates', 'changes', 'limits', 'quotas')
			AND pg_catalog.starts_with(c.conname, 'vecprov_')
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE vecprov.%I RENAME CONSTRAINT %I TO %I', old.relname, old.conname, old.new_name);
	END LOOP;
END;
$$;

ALTER VIEW @extschema@.vecprov_shards SET SCHEMA vecprov;
ALTER VIEW vecprov.vecprov_shards RENAME TO shards;
ALTER VIEW @extschema@.vecprov_indexes SET SCHEMA vecprov;
ALTER VIEW vecprov.vecprov_indexes RENAME TO indexes;
ALTER VIEW @extschema@.vecprov_replicas SET SCHEMA vecprov;
ALTER VIEW vecprov.vecprov_replicas RENAME TO replicas;
ALTER VIEW @extschema@.vecprov_workers SET SCHEMA vecprov;
ALTER VIEW vecprov.vecprov_workers RENAME TO workers;
ALTER VIEW @extschema@.vecprov_metrics SET SCHEMA vecprov;
ALTER VIEW vecprov.vecprov_metrics RENAME TO metrics;

COMMENT ON FUNCTION vecprov_monthly_rate(text, text, text) IS 'rate of an item, from vecprov.rates';
COMMENT ON FUNCTION vecprov_facts(regclass, boolean) IS
	'what vecprov.indexes shows of an index; null if it is locked exclusively and wait is false';
COMMENT ON FUNCTION vecprov_shard_facts(regclass, boolean) IS
	'what vecprov.shards shows of an index; nothing if it is locked exclusively and wait is false';
COMMENT ON FUNCTION vecprov_replica_counts() IS 'what vecprov.replicas shows';
COMMENT ON FUNCTION vecprov_worker_states() IS 'what vecprov.workers shows';
COMMENT ON FUNCTION vecprov_metrics_text() IS 'vecprov.metrics in the text format of Prometheus';

-- Tiers that indexes use stay.

CREATE FUNCTION vecprov_tier_in_use() RETURNS trigger
	AS 'MODULE_PATHNAME', 'vecprov_tier_in_use' LANGUAGE C;
COMMENT ON FUNCTION vecprov_tier_in_use() IS 'refuses to delete or rename a tier that an index uses';
REVOKE EXECUTE ON FUNCTION vecprov_tier_in_use() FROM PUBLIC;
CREATE TRIGGER tiers_in_use AFTER DELETE OR UPDATE OF name ON vecprov.tiers
	FOR EACH ROW EXECUTE FUNCTION vecprov_tier_in_use();
COMMENT ON TRIGGER tiers_in_use ON vecprov.tiers IS 'keeps tiers that indexes use';
CREATE TRIGGER tiers_in_use_truncate AFTER TRUNCATE ON vecprov.tiers
	FOR EACH STATEMENT EXECUTE FUNCTION vecprov_tier_in_use();
COMMENT ON TRIGGER tiers_in_use_truncate ON vecprov.tiers IS 'keeps tiers that indexes use';

-- No function says which schema something is in: that can be renamed.

CREATE OR REPLACE FUNCTION vecprov_adopt(type regtype) RETURNS SETOF text LANGUAGE plpgsql VOLATILE STRICT
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	vector oid;
	vecprov oid;
	schema name;
	own regtype;
	same_layout boolean;
	class record;
BEGIN
	SELECT oid INTO vecprov FROM pg_extension WHERE extname = 'vecprov';
	SELECT e.oid, n.nspname INTO vector, schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
	WHERE e.extname = 'vector';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'extension "vector" is not installed' USING ERRCODE = 'undefined_object';
	END IF;
	-- ours of its name; bit is core's
	SELECT CASE WHEN t.oid = 'bit'::regtype THEN t.oid ELSE o.oid END INTO own
	FROM pg_type t LEFT JOIN pg_type o ON o.typname = t.typname
		AND t.typname IN ('vector', 'halfvec', 'sparsevec')
		AND (SELECT refobjid FROM pg_depend WHERE classid = 'pg_type'::regclass AND objid = t.oid AND deptype = 'e') = vector
		AND (SELECT refobjid FROM pg_depend WHERE classid = 'pg_type'::regclass AND objid = o.oid AND deptype = 'e') = vecprov
	WHERE t.oid = type ORDER BY o.oid LIMIT 1;
	IF own IS NULL THEN
		RAISE EXCEPTION 'type % cannot be adopted', type USING
			ERRCODE = 'wrong_object_type',
			HINT = 'vector, halfvec and sparsevec of the extension "vector" can be, and bit beside it.';
	END IF;
	EXECUTE format('SELECT %s.vecprov_same_layout($1, $2, $3)',
			(SELECT extnamespace::regnamespace FROM pg_extension WHERE oid = vecprov))
		INTO same_layout USING type, own, CASE
			WHEN type = 'bit'::regtype THEN '101'
			WHEN type::text ~ 'sparsevec$' THEN '{1:1,3:-2}/5'
			ELSE '[1,-2,0.5]' END;
	IF NOT same_layout THEN
		RAISE EXCEPTION 'type % is not stored as vecprov''s', type USING
			ERRCODE = 'feature_not_supported';
	END IF;

	FOR class IN
		SELECT c.opcname AS name, c.opcdefault AND type <> own AS is_default,
			format('%I.%I', n.nspname, f.opfname) AS family,
			format('OPERATOR %s %s FOR ORDER BY pg_catalog.float_ops',
				CASE WHEN type = own THEN 2 ELSE 1 END, o.oid::regoperator) AS operator,
			(SELECT string_agg(format(', FUNCTION %s %s', p.amprocnum, p.amproc::regprocedure), '')
				FROM pg_amproc p
				WHERE p.amprocfamily = f.oid AND p.amproclefttype = own AND type <> own) AS functions
		FROM pg_am m JOIN pg_opclass c ON c.opcmethod = m.oid
			JOIN pg_opfamily f ON f.oid = c.opcfamily
			JOIN pg_namespace n ON n.oid = f.opfnamespace
			JOIN pg_amop s ON s.amopfamily = f.oid AND s.amoplefttype = own AND s.amopstrategy = 1
			JOIN pg_operator so ON so.oid = s.amopopr
			JOIN pg_operator o ON o.oprname = so.oprname AND o.oprleft = type AND o.oprright = type
		WHERE m.amname = 'vecprov' AND c.opcintype = own
			AND (SELECT refobjid FROM pg_depend WHERE classid = 'pg_opclass'::regclass AND objid = c.oid AND deptype = 'e') = vecprov
			AND (SELECT refobjid FROM pg_depend WHERE classid = 'pg_operator'::regclass AND objid = o.oid AND deptype = 'e') = vector
			AND NOT EXISTS (SELECT FROM pg_amop a WHERE a.amopfamily = f.oid AND a.amopopr = o.oid)
		ORDER BY 1
	LOOP
		EXECUTE format('CREATE OPERATOR CLASS %I.%I %s FOR TYPE %s USING vecprov FAMILY %s AS %s %s',
			schema, class.name, CASE WHEN class.is_default THEN 'DEFAULT' END, type,
			class.family, class.operator, class.functions);
		RETURN NEXT format('%I.%I', schema, class.name);
	END LOOP;
END;
$$;

CREATE OR REPLACE FUNCTION vecprov_unadopt(type regtype) RETURNS SETOF text LANGUAGE plpgsql VOLATILE STRICT
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	vecprov oid := (SELECT oid FROM pg_extension WHERE extname = 'vecprov');
	class text;
BEGIN
	FOR class IN
		SELECT format('%I.%I', n.nspname, c.opcname)
		FROM pg_am m JOIN pg_opclass c ON c.opcmethod = m.oid
			JOIN pg_namespace n ON n.oid = c.opcnamespace
		WHERE m.amname = 'vecprov' AND c.opcintype = type
			AND (SELECT refobjid FROM pg_depend WHERE classid = 'pg_opfamily'::regclass AND objid = c.opcfamily AND deptype = 'e') = vecprov
			AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_opclass'::regclass AND objid = c.oid AND deptype = 'e')
		ORDER BY 1
	LOOP
		EXECUTE format('DROP OPERATOR CLASS %s USING vecprov', class);
		RETURN NEXT class;
	END LOOP;
END;
$$;

DROP FUNCTION vecprov_is_member(regclass, oid, name);

-- Functions that take a filter
DROP FUNCTION vecprov_plan(regclass, double precision, double precision, integer);
DROP FUNCTION vecprov_tune(regclass, double precision, integer, integer);
DROP FUNCTION vecprov_recall(regclass, integer, integer);
DROP FUNCTION vecprov_search(regclass, vector[], integer);
DROP FUNCTION vecprov_cost(regclass, text, text, bigint, numeric);

CREATE FUNCTION vecprov_recall(index regclass, k integer DEFAULT 10, samples integer DEFAULT 100,
	filter text DEFAULT NULL, params text[] DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'vecprov_recall' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_recall(regclass, integer, integer, text, text[]) IS
	'how many of the k exact neighbours of sampled rows the index finds, 0 to 1';

CREATE FUNCTION vecprov_tune(index regclass, target_recall double precision DEFAULT NULL, k integer DEFAULT 10,
	samples integer DEFAULT 100, filter text DEFAULT NULL, params text[] DEFAULT NULL,
	OUT ef_search integer, OUT recall double precision, OUT ms double precision,
	OUT m integer, OUT ef_construction integer)
	AS 'MODULE_PATHNAME', 'vecprov_tune' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_tune(regclass, double precision, integer, integer, text, text[]) IS
	'the least vecprov.ef_search that reaches a recall, measured on sampled rows; without a recall, the index''s own, kept for its searches';

CREATE FUNCTION vecprov_plan(index regclass, target_qps double precision,
	target_recall double precision DEFAULT 0.95, k integer DEFAULT 10,
	filter text DEFAULT NULL, params text[] DEFAULT NULL)
	RETURNS TABLE (item text, value text, reason text)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH measured AS MATERIALIZED (
		SELECT t.ef_search, t.recall, t.ms, t.m, t.ef_construction, 1000 / t.ms AS qps
		FROM vecprov_tune($1, $3, $4, filter => $5, params => $6) t
		WHERE t.ef_search IS NOT NULL AND $2 IS NOT NULL
	), fact AS MATERIALIZED (
		SELECT f.index_size, f.records FROM vecprov_facts($1, true) f
	), choice AS (
		SELECT t.name, t.description, t.units, t.keeps_vectors, m.need, m.available,
			m.need <= m.available AS fits, n.shards, n.replicas,
			(SELECT pg_catalog.min(r.rate) * n.shards * n.replicas FROM vecprov.rates r WHERE r.item = t.name) AS cost
		FROM measured, fact, vecprov.tiers t,
			LATERAL vecprov_tier_memory($1, t.name) m,
			LATERAL (SELECT vecprov_shards_needed(fact.index_size, tier => t.name) AS shards,
				vecprov_replicas_needed($2, measured.qps * t.units) AS replicas) n
	), best AS MATERIALIZED (
		SELECT * FROM choice
		ORDER BY fits DESC, cost NULLS LAST, keeps_vectors, replicas, name LIMIT 1
	)
	SELECT part.item, part.value, part.reason FROM (
		SELECT 1 AS place, 'recall' AS item, pg_catalog.round(recall::numeric, 4)::text AS value,
			pg_catalog.format('of the %s nearest of 100 rows%s; %s is asked for', $4,
				CASE WHEN $5 IS NOT NULL THEN ' that satisfy the filter' END, $3) AS reason
		FROM measured
		UNION ALL
		SELECT 2, 'ef_search', ef_search::text,
			pg_catalog.format('the least that reaches it: SET vecprov.ef_search = %s', ef_search)
		FROM measured
		UNION ALL
		SELECT 2, parameter.name, parameter.value,
			'with which searches of this recall cost least; if the index has less: ALTER INDEX SET, then REINDEX'
		FROM measured, LATERAL (VALUES ('ef_construction', ef_construction::text), ('m', m::text)) parameter (name, value)
		UNION ALL
		SELECT 3, 'search', pg_catalog.round(ms::numeric, 3) || ' ms', 'the mean of such searches, one at a time'
		FROM measured
		UNION ALL
		SELECT 4, 'seat', pg_catalog.floor(qps) || ' queries a second',
			'what one unit of compute answers, if a processor is there for it'
		FROM measured
		UNION ALL
		SELECT 5, 'tier', name,
			CASE WHEN cost IS NULL THEN 'the smallest, since no rate tells which costs the least'
				ELSE 'costs the least' END ||
			pg_catalog.format('; keeps %s MB of the index in memory, %s MB can be had', pg_catalog.ceil(need / 1e6),
				pg_catalog.floor(available / 1e6)) ||
			CASE WHEN fits THEN '' ELSE ': too little, raise shared_buffers' END
		FROM best
		UNION ALL
		SELECT 6, 'shards', shards::text,
			pg_catalog.format('for %s MB in %s records, with 15 %% of room to grow',
				pg_catalog.ceil(index_size / 1e6), records)
		FROM best, fact
		UNION ALL
		SELECT 7, 'replicas', replicas::text,
			pg_catalog.format('for %s queries a second at %s a replica (units: %s), and one more for availability',
				$2, pg_catalog.floor(qps * units), units)
		FROM best, measured
		UNION ALL
		SELECT 8, 'cost', pg_catalog.trim_scale(vecprov_read_cost(name, shards, replicas, plan, region))::text,
			pg_catalog.format('a month, at the rates of plan %s, region %s', plan, region)
		FROM best, vecprov.rates r WHERE r.item = best.name
		UNION ALL
		SELECT 8, 'cost', 'unknown', pg_catalog.format('there is no rate for tier %s', name)
		FROM best WHERE cost IS NULL
		UNION ALL
		SELECT 9, 'statement',
			pg_catalog.format('SELECT vecprov_provision(%L, %L, %s, %s)', $1, name, shards, replicas),
			'gives the index this capacity'
		FROM best
	) part ORDER BY part.place, part.reason;
END;
COMMENT ON FUNCTION vecprov_plan(regclass, double precision, double precision, integer, text, text[]) IS
	'the effort and the capacity that an index needs for so many queries a second, measured on its rows';

CREATE FUNCTION vecprov_search(index regclass, queries vector[], k integer,
	filter text DEFAULT NULL, ef_search integer DEFAULT NULL, params text[] DEFAULT NULL,
	OUT query integer, OUT rank integer, OUT ctid tid, OUT distance double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_search' LANGUAGE C VOLATILE
	ROWS 10000;
COMMENT ON FUNCTION vecprov_search(regclass, vector[], integer, text, integer, text[]) IS
	'the k nearest rows to each of many vectors: by all replicas of an index at once, or with a filter by the session';

CREATE FUNCTION vecprov_search_values(index regclass, queries anyarray, k integer,
	filter text DEFAULT NULL, ef_search integer DEFAULT NULL, params text[] DEFAULT NULL,
	OUT query integer, OUT rank integer, OUT ctid tid, OUT distance double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_search_values' LANGUAGE C VOLATILE
	ROWS 10000;
COMMENT ON FUNCTION vecprov_search_values(regclass, anyarray, integer, text, integer, text[]) IS
	'vecprov_search for values of the index''s own type: vector, halfvec, sparsevec or bit';

-- Key columns.

CREATE OPERATOR FAMILY integer_ops USING vecprov;
COMMENT ON OPERATOR FAMILY integer_ops USING vecprov IS 'keys: integers of all sizes';

CREATE FUNCTION vecprov_int2_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_int2_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_int2_key() IS 'how int2_ops stores keys';

CREATE OPERATOR CLASS int2_ops
	DEFAULT FOR TYPE smallint USING vecprov FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_int2_key();
COMMENT ON OPERATOR CLASS int2_ops USING vecprov IS 'keys of type smallint';

CREATE FUNCTION vecprov_int4_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_int4_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_int4_key() IS 'how int4_ops stores keys';

CREATE OPERATOR CLASS int4_ops
	DEFAULT FOR TYPE integer USING vecprov FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_int4_key();
COMMENT ON OPERATOR CLASS int4_ops USING vecprov IS 'keys of type integer';

CREATE FUNCTION vecprov_int8_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_int8_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_int8_key() IS 'how int8_ops stores keys';

CREATE OPERATOR CLASS int8_ops
	DEFAULT FOR TYPE bigint USING vecprov FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_int8_key();
COMMENT ON OPERATOR CLASS int8_ops USING vecprov IS 'keys of type bigint';

ALTER OPERATOR FAMILY integer_ops USING vecprov ADD
	OPERATOR 1 < (smallint, integer),
	OPERATOR 2 <= (smallint, integer),
	OPERATOR 3 = (smallint, integer),
	OPERATOR 4 >= (smallint, integer),
	OPERATOR 5 > (smallint, integer),
	OPERATOR 6 <> (smallint, integer),
	OPERATOR 1 < (smallint, bigint),
	OPERATOR 2 <= (smallint, bigint),
	OPERATOR 3 = (smallint, bigint),
	OPERATOR 4 >= (smallint, bigint),
	OPERATOR 5 > (smallint, bigint),
	OPERATOR 6 <> (smallint, bigint),
	OPERATOR 1 < (integer, smallint),
	OPERATOR 2 <= (integer, smallint),
	OPERATOR 3 = (integer, smallint),
	OPERATOR 4 >= (integer, smallint),
	OPERATOR 5 > (integer, smallint),
	OPERATOR 6 <> (integer, smallint),
	OPERATOR 1 < (integer, bigint),
	OPERATOR 2 <= (integer, bigint),
	OPERATOR 3 = (integer, bigint),
	OPERATOR 4 >= (integer, bigint),
	OPERATOR 5 > (integer, bigint),
	OPERATOR 6 <> (integer, bigint),
	OPERATOR 1 < (bigint, smallint),
	OPERATOR 2 <= (bigint, smallint),
	OPERATOR 3 = (bigint, smallint),
	OPERATOR 4 >= (bigint, smallint),
	OPERATOR 5 > (bigint, smallint),
	OPERATOR 6 <> (bigint, smallint),
	OPERATOR 1 < (bigint, integer),
	OPERATOR 2 <= (bigint, integer),
	OPERATOR 3 = (bigint, integer),
	OPERATOR 4 >= (bigint, integer),
	OPERATOR 5 > (bigint, integer),
	OPERATOR 6 <> (bigint, integer);

CREATE OPERATOR FAMILY float_ops USING vecprov;
COMMENT ON OPERATOR FAMILY float_ops USING vecprov IS 'keys: reals of both sizes';

CREATE FUNCTION vecprov_float4_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_float4_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_float4_key() IS 'how float4_ops stores keys';

CREATE OPERATOR CLASS float4_ops
	DEFAULT FOR TYPE real USING vecprov FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_float4_key();
COMMENT ON OPERATOR CLASS float4_ops USING vecprov IS 'keys of type real';

CREATE FUNCTION vecprov_float8_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_float8_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_float8_key() IS 'how float8_ops stores keys';

CREATE OPERATOR CLASS float8_ops
	DEFAULT FOR TYPE double precision USING vecprov FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_float8_key();
COMMENT ON OPERATOR CLASS float8_ops USING vecprov IS 'keys of type double precision';

ALTER OPERATOR FAMILY float_ops USING vecprov ADD
	OPERATOR 1 < (real, double precision),
	OPERATOR 2 <= (real, double precision),
	OPERATOR 3 = (real, double precision),
	OPERATOR 4 >= (real, double precision),
	OPERATOR 5 > (real, double precision),
	OPERATOR 6 <> (real, double precision),
	OPERATOR 1 < (double precision, real),
	OPERATOR 2 <= (double precision, real),
	OPERATOR 3 = (double precision, real),
	OPERATOR 4 >= (double precision, real),
	OPERATOR 5 > (double precision, real),
	OPERATOR 6 <> (double precision, real);

CREATE OPERATOR FAMILY datetime_ops USING vecprov;
COMMENT ON OPERATOR FAMILY datetime_ops USING vecprov IS 'keys: dates and timestamps';

CREATE FUNCTION vecprov_date_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_date_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_date_key() IS 'how date_ops stores keys';

CREATE OPERATOR CLASS date_ops
	DEFAULT FOR TYPE date USING vecprov FAMILY datetime_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_date_key();
COMMENT ON OPERATOR CLASS date_ops USING vecprov IS 'keys of type date';

CREATE FUNCTION vecprov_timestamp_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_timestamp_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_timestamp_key() IS 'how timestamp_ops stores keys';

CREATE OPERATOR CLASS timestamp_ops
	DEFAULT FOR TYPE timestamp without time zone USING vecprov FAMILY datetime_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_timestamp_key();
COMMENT ON OPERATOR CLASS timestamp_ops USING vecprov IS 'keys of type timestamp without time zone';

CREATE FUNCTION vecprov_timestamptz_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_timestamptz_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_timestamptz_key() IS 'how timestamptz_ops stores keys';

CREATE OPERATOR CLASS timestamptz_ops
	DEFAULT FOR TYPE timestamp with time zone USING vecprov FAMILY datetime_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_timestamptz_key();
COMMENT ON OPERATOR CLASS timestamptz_ops USING vecprov IS 'keys of type timestamp with time zone';

ALTER OPERATOR FAMILY datetime_ops USING vecprov ADD
	OPERATOR 1 < (date, timestamp without time zone),
	OPERATOR 2 <= (date, timestamp without time zone),
	OPERATOR 3 = (date, timestamp without time zone),
	OPERATOR 4 >= (date, timestamp without time zone),
	OPERATOR 5 > (date, timestamp without time zone),
	OPERATOR 6 <> (date, timestamp without time zone),
	OPERATOR 1 < (date, timestamp with time zone),
	OPERATOR 2 <= (date, timestamp with time zone),
	OPERATOR 3 = (date, timestamp with time zone),
	OPERATOR 4 >= (date, timestamp with time zone),
	OPERATOR 5 > (date, timestamp with time zone),
	OPERATOR 6 <> (date, timestamp with time zone),
	OPERATOR 1 < (timestamp without time zone, date),
	OPERATOR 2 <= (timestamp without time zone, date),
	OPERATOR 3 = (timestamp without time zone, date),
	OPERATOR 4 >= (timestamp without time zone, date),
	OPERATOR 5 > (timestamp without time zone, date),
	OPERATOR 6 <> (timestamp without time zone, date),
	OPERATOR 1 < (timestamp without time zone, timestamp with time zone),
	OPERATOR 2 <= (timestamp without time zone, timestamp with time zone),
	OPERATOR 3 = (timestamp without time zone, timestamp with time zone),
	OPERATOR 4 >= (timestamp without time zone, timestamp with time zone),
	OPERATOR 5 > (timestamp without time zone, timestamp with time zone),
	OPERATOR 6 <> (timestamp without time zone, timestamp with time zone),
	OPERATOR 1 < (timestamp with time zone, date),
	OPERATOR 2 <= (timestamp with time zone, date),
	OPERATOR 3 = (timestamp with time zone, date),
	OPERATOR 4 >= (timestamp with time zone, date),
	OPERATOR 5 > (timestamp with time zone, date),
	OPERATOR 6 <> (timestamp with time zone, date),
	OPERATOR 1 < (timestamp with time zone, timestamp without time zone),
	OPERATOR 2 <= (timestamp with time zone, timestamp without time zone),
	OPERATOR 3 = (timestamp with time zone, timestamp without time zone),
	OPERATOR 4 >= (timestamp with time zone, timestamp without time zone),
	OPERATOR 5 > (timestamp with time zone, timestamp without time zone),
	OPERATOR 6 <> (timestamp with time zone, timestamp without time zone);

CREATE FUNCTION vecprov_bool_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_bool_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_bool_key() IS 'how bool_ops stores keys';

CREATE OPERATOR CLASS bool_ops
	DEFAULT FOR TYPE boolean USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_bool_key();
COMMENT ON OPERATOR CLASS bool_ops USING vecprov IS 'keys of type boolean';

CREATE FUNCTION vecprov_oid_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_oid_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_oid_key() IS 'how oid_ops stores keys';

CREATE OPERATOR CLASS oid_ops
	DEFAULT FOR TYPE oid USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_oid_key();
COMMENT ON OPERATOR CLASS oid_ops USING vecprov IS 'keys of type oid';

CREATE FUNCTION vecprov_money_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_money_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_money_key() IS 'how money_ops stores keys';

CREATE OPERATOR CLASS money_ops
	DEFAULT FOR TYPE money USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_money_key();
COMMENT ON OPERATOR CLASS money_ops USING vecprov IS 'keys of type money';

CREATE FUNCTION vecprov_time_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_time_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_time_key() IS 'how time_ops stores keys';

CREATE OPERATOR CLASS time_ops
	DEFAULT FOR TYPE time without time zone USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_time_key();
COMMENT ON OPERATOR CLASS time_ops USING vecprov IS 'keys of type time without time zone';

CREATE FUNCTION vecprov_interval_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_interval_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_interval_key() IS 'how interval_ops stores keys';

CREATE OPERATOR CLASS interval_ops
	DEFAULT FOR TYPE interval USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_interval_key();
COMMENT ON OPERATOR CLASS interval_ops USING vecprov IS 'keys of type interval';

CREATE FUNCTION vecprov_numeric_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_numeric_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_numeric_key() IS 'how numeric_ops stores keys';

CREATE OPERATOR CLASS numeric_ops
	DEFAULT FOR TYPE numeric USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_numeric_key();
COMMENT ON OPERATOR CLASS numeric_ops USING vecprov IS 'keys of type numeric';

CREATE FUNCTION vecprov_enum_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_enum_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_enum_key() IS 'how enum_ops stores keys';

CREATE OPERATOR CLASS enum_ops
	DEFAULT FOR TYPE anyenum USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_enum_key();
COMMENT ON OPERATOR CLASS enum_ops USING vecprov IS 'keys of enumerated types';

CREATE FUNCTION vecprov_uuid_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_uuid_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_uuid_key() IS 'how uuid_ops stores keys';

CREATE OPERATOR CLASS uuid_ops
	DEFAULT FOR TYPE uuid USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_uuid_key();
COMMENT ON OPERATOR CLASS uuid_ops USING vecprov IS 'keys of type uuid';

CREATE FUNCTION vecprov_inet_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_inet_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_inet_key() IS 'how inet_ops stores keys';

CREATE OPERATOR CLASS inet_ops
	DEFAULT FOR TYPE inet USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_inet_key();
COMMENT ON OPERATOR CLASS inet_ops USING vecprov IS 'keys of types inet and cidr';

CREATE FUNCTION vecprov_bytea_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_bytea_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_bytea_key() IS 'how bytea_ops stores keys';

CREATE OPERATOR CLASS bytea_ops
	DEFAULT FOR TYPE bytea USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_bytea_key();
COMMENT ON OPERATOR CLASS bytea_ops USING vecprov IS 'keys of type bytea';

CREATE FUNCTION vecprov_text_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_text_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_text_key() IS 'how text_ops stores keys';

CREATE OPERATOR CLASS text_ops
	DEFAULT FOR TYPE text USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_text_key();
COMMENT ON OPERATOR CLASS text_ops USING vecprov IS 'keys of types text and character varying';

CREATE FUNCTION vecprov_bpchar_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_bpchar_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_bpchar_key() IS 'how bpchar_ops stores keys';

CREATE OPERATOR CLASS bpchar_ops
	DEFAULT FOR TYPE character USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_bpchar_key();
COMMENT ON OPERATOR CLASS bpchar_ops USING vecprov IS 'keys of type character';

-- Elements are compared as the class of their type does.
CREATE FUNCTION vecprov_array_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_array_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_array_key() IS 'how array_ops stores keys';

CREATE OPERATOR CLASS array_ops
	DEFAULT FOR TYPE anyarray USING vecprov AS
	OPERATOR 1 &&,
	OPERATOR 2 @>,
	OPERATOR 3 <@,
	OPERATOR 4 =,
	FUNCTION 2 vecprov_array_key();
COMMENT ON OPERATOR CLASS array_ops USING vecprov IS 'keys of arrays of types that have keys';

-- A condition on the distance as one on the index: the planner puts it there, see src/am/radius.c.

CREATE FUNCTION vecprov.within(anynonarray, double precision) RETURNS boolean
	AS 'MODULE_PATHNAME', 'vecprov_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov.within(anynonarray, double precision) IS 'of the operators vecprov.<@ and vecprov.<@~';

CREATE OPERATOR vecprov.<@ (
	LEFTARG = anynonarray, RIGHTARG = double precision, FUNCTION = vecprov.within
);
COMMENT ON OPERATOR vecprov.<@ (anynonarray, double precision) IS 'in plans: no farther from what the scan is ordered by; else true';

CREATE OPERATOR vecprov.<@~ (
	LEFTARG = anynonarray, RIGHTARG = double precision, FUNCTION = vecprov.within
);
COMMENT ON OPERATOR vecprov.<@~ (anynonarray, double precision) IS 'in plans: no farther from what the scan is ordered by, or at no distance that is a number; else true';

ALTER OPERATOR FAMILY vector_l2_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY vector_ip_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY vector_cosine_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY vector_l1_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY halfvec_l2_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY halfvec_ip_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY halfvec_cosine_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY halfvec_l1_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY sparsevec_l2_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY sparsevec_ip_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY sparsevec_cosine_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY sparsevec_l1_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY bit_hamming_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY bit_jaccard_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);

CREATE FUNCTION vecprov_namespaces(index regclass, names text[] DEFAULT NULL,
	OUT namespace text, OUT records bigint, OUT bytes bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_namespaces' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_namespaces(regclass, text[]) IS
	'a row for each namespace of the index, or for each of those that are named: its records, and their bytes';

CREATE FUNCTION vecprov_given_usage(write_units bigint, read_units numeric, queries bigint) RETURNS numeric
	AS 'MODULE_PATHNAME', 'vecprov_given_usage' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_given_usage(bigint, numeric, bigint) IS
	'a part of vecprov_cost: its read_units; an error if what was used in a month is given twice, or negative';

CREATE FUNCTION vecprov_leaves(index regclass, OUT leaf regclass, OUT "table" regclass)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_leaves' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_leaves(regclass) IS
	'the indexes that hold the rows of an index, and their tables: of a partitioned one its partitions, else itself';

CREATE FUNCTION vecprov_decider(index regclass) RETURNS regclass
	AS 'MODULE_PATHNAME', 'vecprov_decider' LANGUAGE C STRICT STABLE;
COMMENT ON FUNCTION vecprov_decider(regclass) IS
	'where the capacity of an index is changed: the highest partitioned index above it that has a tier, or itself';

-- Whoever has an index locked: the catalogue says what it is to have.
CREATE FUNCTION vecprov_wishes(OUT index oid, OUT tier text, OUT shards integer, OUT replicas integer)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_wishes' LANGUAGE C STRICT VOLATILE ROWS 20;
COMMENT ON FUNCTION vecprov_wishes() IS
	'what the options of each index of this database ask for; nulls: on demand, or shards and replicas of the partitioned index above';

CREATE FUNCTION vecprov_partition_count(index oid) RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_partition_count' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_partition_count(oid) IS
	'how many indexes hold the rows of a partitioned index; null: it is not partitioned';

CREATE FUNCTION vecprov_search_partitions(index regclass, queries vector[], k integer,
	filter text DEFAULT NULL, ef_search integer DEFAULT NULL, params text[] DEFAULT NULL)
	RETURNS TABLE (query integer, rank integer, "table" regclass, ctid tid, distance double precision)
	LANGUAGE sql VOLATILE ROWS 10000
BEGIN ATOMIC
	SELECT r.query, r.rank::integer, r."table", r.ctid, r.distance
	FROM (
		SELECT s.query, pg_catalog.row_number() OVER (PARTITION BY s.query ORDER BY s.distance) AS rank,
			l."table", s.ctid, s.distance
		FROM vecprov_leaves($1) l CROSS JOIN LATERAL vecprov_search(l.leaf, $2, $3, $4, $5, $6) s
	) r WHERE r.rank <= $3 ORDER BY r.query, r.rank;
END;
COMMENT ON FUNCTION vecprov_search_partitions(regclass, vector[], integer, text, integer, text[]) IS
	'the k nearest rows of all partitions to each of many vectors: vecprov_search of each, merged';

CREATE FUNCTION vecprov_cost(index regclass, plan text, region text,
	write_units bigint DEFAULT NULL, read_units numeric DEFAULT NULL,
	queries bigint DEFAULT NULL, namespaces text[] DEFAULT NULL)
	RETURNS TABLE (item text, quantity numeric, unit text, rate numeric, amount numeric)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH fact AS MATERIALIZED (
		-- of a partitioned index, a row for each of its partitions
		SELECT f.*, pg_catalog.ceil(f.index_size / 1000.0 / nullif(f.records, 0)) *
				(pg_catalog.pg_stat_get_tuples_inserted(l."table") +
				pg_catalog.pg_stat_get_tuples_updated(l."table") -
				pg_catalog.pg_stat_get_tuples_hot_updated(l."table")) AS written,
			vecprov_read_units(f.index_size) AS units, pg_catalog.pg_stat_get_numscans(l.leaf) AS scans
		FROM vecprov_leaves($1) l CROSS JOIN LATERAL vecprov_facts(l.leaf, true) f
	), whole AS (
		SELECT coalesce(pg_catalog.sum(fact.index_size), 0)::bigint AS bytes FROM fact
	), searched AS (
		SELECT coalesce(pg_catalog.sum(n.bytes), 0)::bigint AS bytes
		FROM vecprov_namespaces($1, $7) n WHERE $7 IS NOT NULL
	), portion AS (
		SELECT CASE WHEN $7 IS NULL THEN whole.bytes ELSE searched.bytes END AS bytes,
			CASE WHEN $7 IS NULL THEN 1 ELSE coalesce(searched.bytes::numeric / nullif(whole.bytes, 0), 0) END AS share
		FROM whole, searched
	), usage AS (
		SELECT coalesce($4, CASE WHEN $7 IS NULL THEN (SELECT coalesce(pg_catalog.sum(written), 0) FROM fact) END)
				AS write_units,
			coalesce(vecprov_given_usage($4, $5, $6), CASE WHEN $7 IS NULL
				THEN (SELECT pg_catalog.sum(units * coalesce($6, scans)) FROM fact WHERE mode = 'on-demand')
				ELSE vecprov_read_units(bytes) * $6 END) AS read_units
		FROM portion
	), part AS (
		-- what decides for itself, of the index and of what is below it
		SELECT 1 AS place, w.tier AS item, pg_catalog.sum(w.shards * w.replicas) * share AS quantity,
			'shards x replicas, month' AS unit, vecprov_monthly_rate($2, $3, w.tier) AS rate
		FROM vecprov_wishes() w, portion
		WHERE w.replicas IS NOT NULL AND
			(w.index = $1 OR w.index IN (SELECT t.relid FROM pg_catalog.pg_partition_tree($1) t))
		GROUP BY w.tier, share
		UNION ALL
		SELECT 2, 'storage', bytes / 1000000000.0, 'GB, month',
			vecprov_monthly_rate($2, $3, 'storage') FROM portion
		UNION ALL
		SELECT 3, 'writes', usage.write_units / 1000000.0, 'million units',
			vecprov_monthly_rate($2, $3, 'writes') FROM usage WHERE usage.write_units IS NOT NULL
		UNION ALL
		SELECT 4, 'reads', usage.read_units / 1000000.0, 'million units',
			vecprov_monthly_rate($2, $3, 'reads') FROM usage
			WHERE EXISTS (SELECT FROM fact WHERE mode = 'on-demand') AND usage.read_units IS NOT NULL
		UNION ALL
		SELECT 5, 'total', NULL, NULL, NULL
	)
	SELECT part.item, pg_catalog.trim_scale(part.quantity), part.unit, part.rate,
		pg_catalog.trim_scale(coalesce(part.quantity * part.rate,
			pg_catalog.sum(part.quantity * part.rate) OVER ()))
	FROM part ORDER BY place, item;
END;
COMMENT ON FUNCTION vecprov_cost(regclass, text, text, bigint, numeric, bigint, text[]) IS
	'what an index, or some of its namespaces, cost a month, by parts; of the index, what was read and written, if not given, as the server counted';

-- What of the server and the database is in the way, and what to type.
--
-- It has to answer where all else fails: the library is not loaded, or another version of it; an index is
-- damaged, or locked.  So each part runs in a block of its own, and an error becomes a row.

CREATE FUNCTION vecprov_library(OUT version text, OUT preloaded boolean, OUT huge_pages boolean)
	AS 'MODULE_PATHNAME', 'vecprov_library' LANGUAGE C STABLE;
COMMENT ON FUNCTION vecprov_library() IS
	'version of the library; has the server loaded it at its start; is shared memory made of huge pages?';

CREATE FUNCTION vecprov_index_layout(index oid, OUT format integer, OUT newest integer, OUT search bigint)
	AS 'MODULE_PATHNAME', 'vecprov_index_layout' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_index_layout(oid) IS
	'version of an index''s format, and the newest there is; bytes that searches need. Null if it cannot be looked at now';

CREATE FUNCTION vecprov_doctor_indexes(OUT item text, OUT state text, OUT advice text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vecprov');
	block_size constant bigint := current_setting('block_size');
	index record;
	layout record;
	fact record;
	part text;
	parts text[];
	searched bigint := 0;
	buffers bigint;
BEGIN
	SELECT setting::bigint * block_size INTO buffers FROM pg_settings WHERE name = 'shared_buffers';
	FOR index IN
		SELECT c.oid, c.oid::regclass AS name, i.indrelid::regclass AS "table", i.indisvalid,
			quote_literal(c.oid::regclass) AS literal, t.reltuples,
			NOT has_parameter_privilege(c.relowner, 'vecprov.provision', 'SET') AS no_right, c.relowner
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
			JOIN pg_class t ON t.oid = i.indrelid
		WHERE a.amname = 'vecprov' AND c.relkind = 'i' AND NOT pg_is_other_temp_schema(c.relnamespace)
		ORDER BY c.oid::regclass::text
	LOOP
		item := 'index ' || index.name;
		IF NOT index.indisvalid THEN
			state := CASE WHEN EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = index.oid)
				THEN 'is being built' ELSE 'not valid: a build of it, CONCURRENTLY, has failed or was cancelled' END;
			advice := CASE WHEN state LIKE 'not%' THEN format('REINDEX INDEX CONCURRENTLY %s;', index.name) END;
			RETURN NEXT;
		END IF;
		IF index.reltuples < 0 THEN
			state := format('table %s was never analyzed: the planner guesses', index."table");
			advice := format('ANALYZE %s;', index."table");
			RETURN NEXT;
		END IF;
		BEGIN
			EXECUTE format('SELECT * FROM %s.vecprov_index_layout($1)', schema) INTO layout USING index.oid;
			searched := searched + coalesce(layout.search, 0);
			IF layout.format < layout.newest THEN
				state := format('format %s, which an earlier version made: it works, and rebuilt it has what format %s brings',
					layout.format, layout.newest);
				advice := format('REINDEX INDEX CONCURRENTLY %s;', index.name);
				RETURN NEXT;
			END IF;
			EXECUTE format('SELECT f.mode, f.advice, coalesce(f.error, r.error) AS error, r.state, f.tier FROM %1$s.vecprov_facts($1, false) f, %1$s.vecprov_residency($1) r', schema)
				INTO fact USING index.oid;
			IF fact.error IS NOT NULL THEN
				state := fact.error;
				advice := CASE WHEN fact.advice ~ 'REINDEX it' THEN format('REINDEX INDEX %s;', index.name) END;
				RETURN NEXT;
			END IF;
			IF fact.mode = 'provisioned' AND index.no_right THEN
				state := format('provisioned, and role %s may not provision it: only reduce and release it', index.relowner::regrole::text);
				advice := format('GRANT SET ON PARAMETER vecprov.provision TO %s;', index.relowner::regrole);
				RETURN NEXT;
			END IF;
			FOREACH part IN ARRAY coalesce(string_to_array(fact.advice, '; '), '{}') LOOP
				state := part;
				advice := CASE
					WHEN part ~ '^set shards' THEN
						format('SELECT %s.vecprov_set_shards(%s, %s);', schema, index.literal, substring(part, '\d+'))
					WHEN part ~ '^set shared_buffers' THEN
						format('ALTER SYSTEM SET shared_buffers = ''%sMB'';  -- then restart the server', substring(part, '\d+'))
					WHEN part ~ '^suspended' THEN
						format('SELECT %s.vecprov_set_replicas(%s, 1);', schema, index.literal)
				END;
				CONTINUE WHEN part ~ '^REINDEX it|^set huge_pages';
				IF part ~ 'which is no key' THEN
					-- it waits where the table is locked, which it was not a moment ago
					parts := regexp_match(pg_get_indexdef(index.oid), ' USING vecprov \((.*?)\)( WITH \(.*| WHERE .*)?$');
					advice := format('CREATE INDEX CONCURRENTLY ON %s USING vecprov (%s, %s)%s;', index."table", parts[1],
						substring(part, '^rows are filtered by (.*), which is no key'), parts[2]);
				END IF;
				RETURN NEXT;
			END LOOP;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS state = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
			advice := nullif(advice, '');
			RETURN NEXT;
		END;
	END LOOP;

	item := 'memory';
	state := format('searches need %s MB of the indexes of this database, shared_buffers is %s MB',
		ceil(searched / 1e6), round(buffers / 1e6));
	advice := CASE WHEN searched > 0.7 * buffers THEN
		format('ALTER SYSTEM SET shared_buffers = ''%sMB'';  -- then restart the server', ceil(searched / 0.7 / 1048576)) END;
	RETURN NEXT;
END;
$$;
COMMENT ON FUNCTION vecprov_doctor_indexes() IS 'what vecprov_doctor tells of the indexes of this database';

CREATE FUNCTION vecprov_doctor_server(library_version text, huge_pages boolean,
	OUT item text, OUT state text, OUT advice text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	extension constant text := (SELECT extversion FROM pg_extension WHERE extname = 'vecprov');
	installed constant text := (SELECT default_version FROM pg_available_extensions WHERE name = 'vecprov');
	pages constant text := current_setting('shared_memory_size_in_huge_pages');
	setting record;
	other record;
BEGIN
	item := 'versions';
	state := format('library %s, extension in this database %s, installed %s', library_version, extension, installed);
	advice := CASE
		WHEN installed <> library_version THEN '-- restart the server, then: ALTER EXTENSION vecprov UPDATE;'
		WHEN extension <> library_version THEN 'ALTER EXTENSION vecprov UPDATE;' END;
	RETURN NEXT;

	item := 'huge pages';
	state := CASE WHEN huge_pages THEN 'shared memory is made of them'
		WHEN huge_pages IS NULL THEN 'not known on this operating system'
		ELSE format('huge_pages is %s, shared memory is not made of them', current_setting('huge_pages')) END;
	-- smaller ones find room in the processor's cache of addresses
	advice := CASE WHEN NOT huge_pages AND pages <> '-1' AND
			(SELECT s.setting::bigint * current_setting('block_size')::bigint >= 1e9 FROM pg_settings s WHERE s.name = 'shared_buffers') THEN
		format('sysctl -w vm.nr_hugepages=%s   # as root; then ALTER SYSTEM SET huge_pages = on, and restart the server', pages) END;
	RETURN NEXT;

	item := 'settings';
	FOR setting IN
		SELECT s.name, s.setting AS value FROM pg_settings s
		WHERE s.name = 'vecprov.server_internals' AND s.setting = 'off'
			OR s.name = 'vecprov.max_provisioned_indexes' AND s.setting = '0'
	LOOP
		state := format('%s is %s', setting.name, setting.value) || CASE setting.name
			WHEN 'vecprov.server_internals' THEN ': searches read pages as other indexes do, which is slower'
			ELSE ': no index is kept in memory' END;
		advice := format('ALTER SYSTEM SET %s = %s;  -- then restart the server', setting.name,
			CASE setting.name WHEN 'vecprov.server_internals' THEN 'on' ELSE '100' END);
		RETURN NEXT;
	END LOOP;
	-- who set pgvector's effort and not ours
	FOR setting IN
		SELECT format('%s%s', CASE WHEN s.setrole <> 0 THEN 'ROLE ' || s.setrole::regrole ELSE 'DATABASE ' || d.name END,
				CASE WHEN s.setrole <> 0 AND s.setdatabase <> 0 THEN ' IN DATABASE ' || d.name END) AS who,
			substring(c, '^hnsw\.ef_search=(\d+)$') AS value
		FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c
			LEFT JOIN (SELECT oid, quote_ident(datname) AS name FROM pg_database) d ON d.oid = s.setdatabase
		WHERE c ~ '^hnsw\.ef_search=\d+$' AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
			AND NOT EXISTS (SELECT FROM unnest(s.setconfig) o WHERE o ~ '^vecprov\.ef_search=')
		ORDER BY 1
	LOOP
		state := format('hnsw.ef_search is %s for %s, and means nothing to vecprov', setting.value, regexp_replace(regexp_replace(regexp_replace(setting.who, '^ROLE', 'role'), '^DATABASE', 'database'), ' IN DATABASE ', ' in database '));
		advice := format('ALTER %s SET vecprov.ef_search = %s;', setting.who, setting.value);
		RETURN NEXT;
	END LOOP;

	item := 'old transactions';
	FOR other IN
		SELECT pid, NULL::text AS gid, xact_start AS since FROM pg_stat_activity
		WHERE backend_type = 'client backend' AND xact_start < now() - interval '1 hour'
		UNION ALL
		SELECT NULL, p.gid, p.prepared FROM pg_prepared_xacts p WHERE p.prepared < now() - interval '1 hour'
		ORDER BY since
	LOOP
		state := format('%s has a transaction since %s: VACUUM cannot have places of deleted rows used again',
			coalesce('process ' || other.pid, 'prepared transaction ' || other.gid), date_trunc('second', other.since));
		advice := coalesce(format('SELECT pg_terminate_backend(%s);', other.pid), '');
		IF other.gid IS NOT NULL THEN
			advice := format('ROLLBACK PREPARED %L;', other.gid);
		END IF;
		RETURN NEXT;
	END LOOP;

	item := 'pgvector';
	SELECT count(*) AS n INTO other FROM pg_class c JOIN pg_am a ON a.oid = c.relam
	WHERE a.amname IN ('hnsw', 'ivfflat') AND c.relkind IN ('i', 'I') AND NOT c.relispartition;
	IF other.n > 0 THEN
		state := format('%s of its indexes in this database', other.n);
		advice := format('SELECT * FROM %s.vecprov_adopt_database();',
			(SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vecprov'));
		RETURN NEXT;
	END IF;
END;
$$;
COMMENT ON FUNCTION vecprov_doctor_server(text, boolean) IS 'what vecprov_doctor tells of server and settings';

CREATE FUNCTION vecprov_doctor_workers(OUT item text, OUT state text, OUT advice text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vecprov');
	worker record;
	wanted integer;
	-- other processes of vecprov and the server: as VP_OTHER_WORKERS
	others constant integer := 6;
BEGIN
	item := 'workers';
	EXECUTE format('SELECT count(*) AS wanted, count(pid) AS running, min(error) AS error FROM %s.vecprov_worker_states()', schema)
		INTO worker;
	wanted := worker.wanted;
	state := format('%s run of %s that the indexes of this database can use', worker.running, wanted) || coalesce(': ' || worker.error, '');
	advice := CASE WHEN worker.error IS NOT NULL THEN concat_ws(' ',
		CASE WHEN current_setting('vecprov.max_workers')::integer < wanted THEN
			format('ALTER SYSTEM SET vecprov.max_workers = %s;', wanted) END,
		CASE WHEN worker.error ~ '^max_worker_processes' OR current_setting('max_worker_processes')::integer < wanted + others THEN
			format('ALTER SYSTEM SET max_worker_processes = %s;  -- then restart the server',
				greatest(wanted + others, current_setting('max_worker_processes')::integer + 1))
			ELSE '-- then SELECT pg_reload_conf()' END) END;
	RETURN NEXT;
END;
$$;
COMMENT ON FUNCTION vecprov_doctor_workers() IS 'what vecprov_doctor tells of worker processes';

CREATE FUNCTION vecprov_doctor(OUT item text, OUT state text, OUT advice text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vecprov');
	part text;
	library record;
BEGIN
	item := 'library';
	BEGIN
		EXECUTE format('SELECT * FROM %s.vecprov_library()', schema) INTO library;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS state = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
		advice := coalesce(nullif(advice, ''), '-- restart the server');
		RETURN NEXT;
		RETURN;
	END;
	state := CASE WHEN library.preloaded THEN 'loaded when the server started'
		ELSE 'not loaded when the server started: indexes cannot be used' END;
	IF NOT library.preloaded THEN
		-- only some roles see what is there already
		advice := coalesce((SELECT 'ALTER SYSTEM SET shared_preload_libraries = ' ||
				coalesce((SELECT string_agg(quote_literal(trim(e)), ', ') || ', ' FROM unnest(string_to_array(s.setting, ',')) e
					WHERE trim(e) NOT IN ('', 'vecprov')), '') || '''vecprov'';  -- then restart the server'
			FROM pg_settings s WHERE s.name = 'shared_preload_libraries'),
			'-- a superuser tells what to type');
	END IF;
	RETURN NEXT;
	RETURN QUERY EXECUTE format('SELECT * FROM %s.vecprov_doctor_server($1, $2)', schema)
		USING library.version, library.huge_pages;
	IF NOT library.preloaded THEN
		RETURN;
	END IF;
	FOREACH part IN ARRAY ARRAY['workers', 'indexes'] LOOP
		BEGIN
			RETURN QUERY EXECUTE format('SELECT * FROM %s.%I()', schema, 'vecprov_doctor_' || part);
		EXCEPTION WHEN OTHERS THEN
			item := part;
			GET STACKED DIAGNOSTICS state = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
			advice := nullif(advice, '');
			RETURN NEXT;
		END;
	END LOOP;
END;
$$;
COMMENT ON FUNCTION vecprov_doctor() IS
	'what of server, settings and indexes is in the way: a row for each thing that was looked at; advice: what to type, null where all is well';
-- Each index of a pgvector that is installed beside vecprov, and the statements that put one of vecprov
-- in its place, compare the two, and go back.

CREATE FUNCTION vecprov_compare(index regclass, other regclass, k integer DEFAULT 10, samples integer DEFAULT 100,
	OUT recall double precision, OUT other_recall double precision)
	AS 'MODULE_PATHNAME', 'vecprov_compare' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_compare(regclass, regclass, integer, integer) IS
	'recall of an index, and of another extension''s on the same column, for the same queries under the settings of now';

-- The name of an index that is made in place of another: of the same stem.  Names end at 63 bytes, wherever
-- that is in a character.
CREATE FUNCTION vecprov_replacement_name(index oid) RETURNS text LANGUAGE sql STABLE STRICT
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT name FROM (
			SELECT stem || '_vecprov' || coalesce(nullif(n, 1)::text, '') AS name, n, c.relnamespace
			FROM pg_class c,
				LATERAL (SELECT left(c.relname::text, l) AS stem FROM generate_series(1, 63) l
					WHERE octet_length(left(c.relname::text, l)) <= 52 ORDER BY l DESC LIMIT 1) s,
				generate_series(1, 999) n
			WHERE c.oid = $1
		) x
		-- one that a build left behind is made again
		WHERE NOT EXISTS (SELECT FROM pg_class t LEFT JOIN pg_index i ON i.indexrelid = t.oid AND NOT i.indisvalid
			WHERE t.relnamespace = x.relnamespace AND t.relname = x.name
				AND i.indrelid IS DISTINCT FROM (SELECT o.indrelid FROM pg_index o WHERE o.indexrelid = $1))
		ORDER BY n LIMIT 1;
	END;
COMMENT ON FUNCTION vecprov_replacement_name(oid) IS
	'a name for the index that vecprov_adopt_database puts in the place of this one';

-- What follows the name in CREATE INDEX.
CREATE FUNCTION vecprov_replacement_definition(index oid) RETURNS text LANGUAGE sql STABLE STRICT
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT regexp_replace(regexp_replace(left(d.rest, length(d.rest) - length(d.predicate)),
				' USING (hnsw|ivfflat) \(', ' USING vecprov ('),
				' WITH \(lists=[^)]*\)$', '') ||
			coalesce(' TABLESPACE ' || quote_ident(s.spcname), '') || d.predicate
		FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace,
			LATERAL (SELECT substr(pg_get_indexdef(c.oid), length(format('CREATE INDEX %I ', c.relname)) + 1) AS rest,
				coalesce(' WHERE ' || pg_get_expr(i.indpred, i.indrelid), '') AS predicate) d
		WHERE c.oid = $1;
	END;
COMMENT ON FUNCTION vecprov_replacement_definition(oid) IS
	'the definition of the index that vecprov_adopt_database puts in the place of this one';

-- What an index replaces is in its comment, so that it can be made again when it is gone.  It is
-- not to be dropped before there is another in its place.
CREATE FUNCTION vecprov_adopt_database(OUT "table" regclass, OUT index text, OUT step text, OUT statement text)
	RETURNS SETOF record LANGUAGE sql VOLATILE
	SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH extension AS (
		SELECT extnamespace::regnamespace::text AS schema FROM pg_extension WHERE extname = 'vecprov'
	), ours AS MATERIALIZED (
		SELECT c.oid, c.relname, c.relkind, c.relispartition, i.indrelid, i.indisvalid, substr(d.description, 14) AS definition
		FROM pg_class c JOIN pg_am a ON a.oid = c.relam JOIN pg_index i ON i.indexrelid = c.oid
			JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
		WHERE a.amname = 'vecprov' AND (i.indisvalid OR c.relkind = 'I') AND starts_with(d.description, 'in place of: ')
			-- whoever owns an index writes its comment, and it is going to be executed: one statement, on the index's table
			AND substr(d.description, 14) ~ '^CREATE INDEX [^;]* USING (hnsw|ivfflat) \([^;]*$'
			AND (strpos(d.description, format(' ON %s USING ', i.indrelid::regclass)) > 0 OR
				strpos(d.description, format(' ON ONLY %s USING ', i.indrelid::regclass)) > 0)
	), theirs AS MATERIALIZED (
		SELECT c.oid, c.relname, c.relkind, c.relispartition, i.indrelid, pg_get_indexdef(c.oid) AS definition,
			CASE WHEN c.relkind = 'i' THEN 'CONCURRENTLY ' ELSE '' END AS concurrently,
			p.inhparent AS parent, coalesce(pg_partition_root(c.oid), c.oid) AS root,
			(SELECT count(*) FROM pg_partition_ancestors(c.oid)) AS depth, i.indclass[0] AS class,
			n.nspname, o.oid AS made, o.indisvalid, coalesce(o.relname, vecprov_replacement_name(c.oid)) AS new_name
		FROM pg_class c JOIN pg_am a ON a.oid = c.relam JOIN pg_index i ON i.indexrelid = c.oid
			JOIN pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN pg_inherits p ON p.inhrelid = c.oid
			LEFT JOIN ours o ON o.indrelid = i.indrelid AND o.definition = pg_get_indexdef(c.oid)
		WHERE a.amname IN ('hnsw', 'ivfflat') AND (i.indisvalid OR c.relkind = 'I') AND c.relpersistence <> 't'
	), named AS (
		SELECT t.*, format('%I.%I', t.nspname, t.new_name) AS new FROM theirs t
	), line AS (
		SELECT 1 AS place, NULL::oid AS relid, '' AS root, 0 AS depth, o.opcintype::regtype::text AS name, 'adopt' AS step, 0 AS number,
			format('SELECT %s.vecprov_adopt(%L)', e.schema, o.opcintype::regtype) AS statement
		FROM (SELECT DISTINCT c.opcintype FROM theirs t JOIN pg_opclass c ON c.oid = t.class
			WHERE NOT EXISTS (SELECT FROM pg_opclass v JOIN pg_am m ON m.oid = v.opcmethod
				WHERE m.amname = 'vecprov' AND v.opcname = c.opcname AND v.opcnamespace = c.opcnamespace
					AND v.opcintype = c.opcintype)) o, extension e
		UNION ALL
		SELECT 2, t.indrelid, t.root::regclass::text, -t.depth, t.relname, s.step, s.number, s.statement
		FROM named t, extension e, LATERAL (VALUES
			('create', 1, CASE WHEN t.made IS NULL AND to_regclass(t.new) IS NOT NULL THEN
				format('DROP INDEX %s%s', t.concurrently, t.new) END),
			('create', 2, CASE WHEN t.made IS NULL THEN
				format('CREATE INDEX %s%I %s', t.concurrently, t.new_name, vecprov_replacement_definition(t.oid)) END),
			('create', 3, CASE WHEN t.made IS NULL THEN
				format('COMMENT ON INDEX %s IS %L', t.new, 'in place of: ' || t.definition) END),
			('compare', 5, CASE WHEN t.relkind = 'i' THEN
				format('SELECT * FROM %s.vecprov_compare(%L, %L)', e.schema, t.new, t.oid::regclass) END),
			('drop', 6, CASE WHEN NOT t.relispartition AND t.indisvalid THEN
				format('DROP INDEX %s%s', t.concurrently, t.oid::regclass) END),
			('back', 7, CASE WHEN NOT t.relispartition THEN
				format('DROP INDEX %sIF EXISTS %s', t.concurrently, t.new) END)) s (step, number, statement)
		UNION ALL
		SELECT 2, w.indrelid, w.root::regclass::text, -w.depth, w.relname, 'create', 4,
			format('ALTER INDEX %s ATTACH PARTITION %s', w.new, t.new)
		FROM named t JOIN named w ON w.oid = t.parent
		WHERE NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = t.made)
		UNION ALL
		SELECT 3, o.indrelid, '', 0, o.relname, 'back', s.number, s.statement
		FROM ours o, LATERAL (VALUES
			(1, CASE WHEN o.relkind = 'i' THEN regexp_replace(o.definition, '^CREATE INDEX ', 'CREATE INDEX CONCURRENTLY ')
				ELSE regexp_replace(o.definition, ' ON ONLY ', ' ON ') END),
			(2, format('DROP INDEX %s%s', CASE WHEN o.relkind = 'i' THEN 'CONCURRENTLY ' END, o.oid::regclass))) s (number, statement)
		WHERE NOT o.relispartition AND NOT EXISTS (SELECT FROM theirs t WHERE t.made = o.oid)
	)
	SELECT l.relid::regclass, l.name, l.step, l.statement FROM line l WHERE l.statement IS NOT NULL
	ORDER BY l.place, l.root, l.depth, l.relid::regclass::text, l.name, l.number, l.statement;
END;
COMMENT ON FUNCTION vecprov_adopt_database() IS
	'for each index of pgvector: the statements that put one of vecprov in its place (adopt, create), compare the two (compare), drop pgvector''s (drop), and go back (back)';

-- Only vector has a default operator class.  A dump that is made from here on names the classes of old
-- indexes.  Classes that vecprov_adopt made are copies of ours.
UPDATE pg_catalog.pg_opclass SET opcdefault = false
WHERE opcdefault AND opcmethod = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'vecprov')
	AND opcname IN ('halfvec_l2_ops', 'sparsevec_l2_ops', 'bit_hamming_ops');
COMMENT ON FUNCTION vecprov_residency(oid) IS
	'what a provisioned index has of pages and workers; null while nobody has seen to it';

-- The ledger also has drops, and what policies do.

ALTER TABLE vecprov.changes DROP CONSTRAINT changes_action_check;
ALTER TABLE vecprov.changes ADD CHECK (action IN ('create', 'change', 'drop', 'refusal', 'dry run', 'idle', 'wake'));
ALTER TABLE vecprov.changes ADD by_policy boolean NOT NULL DEFAULT false;
ALTER TABLE vecprov.changes ADD partitioned boolean NOT NULL DEFAULT false;
ALTER TABLE vecprov.changes ADD old_decided boolean NOT NULL DEFAULT false;
ALTER TABLE vecprov.changes ADD new_decided boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN vecprov.changes.action IS 'what was done, or refused; dry run: what a policy would have done; idle, wake: it began or ended to be idle';
COMMENT ON COLUMN vecprov.changes.message IS 'why it was refused, or why a policy made it';
COMMENT ON COLUMN vecprov.changes.by_policy IS 'made by the index''s policy, not by the role';
COMMENT ON COLUMN vecprov.changes.partitioned IS
	'the index is partitioned: each of its partitions that was changed has a row of its own';
COMMENT ON COLUMN vecprov.changes.old_decided IS 'the old replicas were those of the partitioned index above';
COMMENT ON COLUMN vecprov.changes.new_decided IS 'the new replicas are those of the partitioned index above';

-- What was provisioned, hour by hour.

CREATE TABLE vecprov.usage (
	began timestamptz NOT NULL,
	ended timestamptz NOT NULL CHECK (ended > began),
	index text NOT NULL,
	tier text,
	shards integer,
	replicas integer,
	bytes bigint NOT NULL CHECK (bytes >= 0),
	read_units numeric NOT NULL DEFAULT 0 CHECK (read_units >= 0),
	write_units numeric NOT NULL DEFAULT 0 CHECK (write_units >= 0),
	relid oid,
	searches bigint,
	inserts bigint
);
CREATE INDEX usage_ended_idx ON vecprov.usage (ended);
COMMENT ON INDEX vecprov.usage_ended_idx IS 'finds the last hours';
COMMENT ON TABLE vecprov.usage IS
	'what each index had, an hour a row, more where it changed within the hour; of 400 days';
COMMENT ON COLUMN vecprov.usage.index IS 'its name, which follows when it is renamed';
COMMENT ON COLUMN vecprov.usage.tier IS 'null: on demand';
COMMENT ON COLUMN vecprov.usage.replicas IS 'null: those of the partitioned index above, which has a row of its own';
COMMENT ON COLUMN vecprov.usage.bytes IS 'sizes of all records';
COMMENT ON COLUMN vecprov.usage.read_units IS 'of searches; on demand they are paid for';
COMMENT ON COLUMN vecprov.usage.write_units IS 'of records that were inserted';
COMMENT ON COLUMN vecprov.usage.relid IS 'the index whose counters these were';
COMMENT ON COLUMN vecprov.usage.searches IS 'what its counter said when the row was written: the next row begins there';
COMMENT ON COLUMN vecprov.usage.inserts IS 'likewise';
SELECT pg_catalog.pg_extension_config_dump('vecprov.usage', '');
GRANT SELECT ON vecprov.usage TO PUBLIC;

CREATE FUNCTION vecprov_clock() RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'vecprov_clock' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_clock() IS 'the time that intervals, policies and bills go by';

-- Bodies of functions would keep the administrator from altering the ledger's columns.
CREATE FUNCTION vecprov_capacity_events(since timestamptz)
	RETURNS TABLE (index text, at timestamptz, action text, old_tier text, old_shards integer, old_replicas integer,
		new_tier text, new_shards integer, new_replicas integer, place bigint)
	AS 'MODULE_PATHNAME', 'vecprov_capacity_events' LANGUAGE C STRICT VOLATILE ROWS 20;
COMMENT ON FUNCTION vecprov_capacity_events(timestamptz) IS
	'what vecprov.changes has of changes, creations and drops since a moment, numbered for each index';

-- What the ledger, the catalogue and the counters tell of a time that vecprov.usage does not have yet.
-- An index of which neither hours nor events are known (one that is on demand) counts from "unknown" on.
CREATE FUNCTION vecprov_usage_since(since timestamptz, until timestamptz, unknown timestamptz)
	RETURNS TABLE (began timestamptz, ended timestamptz, index text, tier text, shards integer,
		replicas integer, bytes bigint, read_units numeric, write_units numeric, relid oid, searches bigint, inserts bigint)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH present AS MATERIALIZED (
		-- of an index that somebody has locked the last columns are null
		SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS index, w.index AS relid, w.tier, w.shards,
			w.replicas, CASE c.relkind WHEN 'I' THEN 0 ELSE f.index_size END AS bytes, f.records
		FROM vecprov_wishes() w
			JOIN pg_catalog.pg_class c ON c.oid = w.index
			JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_catalog.pg_index i ON i.indexrelid = w.index
			LEFT JOIN LATERAL vecprov_facts(CASE c.relkind WHEN 'i' THEN w.index END, false) f ON true
		WHERE c.relpersistence <> 't' AND
			-- a copy that REINDEX CONCURRENTLY makes, or has left, is of use to nobody
			(c.relkind = 'I' OR i.indisvalid OR
			EXISTS (SELECT FROM vecprov.usage u WHERE u.ended = $1 AND u.relid = w.index))
	), counter AS MATERIALIZED (
		-- a standby has counters of its own
		SELECT c.index AS relid,
			pg_catalog.max(c.value) FILTER (WHERE c.name = 'search_seconds_count')::bigint AS searches,
			pg_catalog.max(c.value) FILTER (WHERE c.name = 'inserts_total')::bigint AS inserts
		FROM vecprov_counters() c WHERE NOT pg_catalog.pg_is_in_recovery() GROUP BY c.index
	), event AS MATERIALIZED (
		SELECT * FROM vecprov_capacity_events($1)
	), known AS (
		-- what the hours before ended with
		SELECT DISTINCT ON (u.index) u.index, u.tier, u.shards, u.replicas, u.bytes, u.relid, u.searches, u.inserts
		FROM vecprov.usage u WHERE u.ended = $1
		ORDER BY u.index, u.began DESC
	), counted AS MATERIALIZED (
		-- what was counted since; counters that say less have begun anew
		SELECT p.index, p.relid, c.searches, c.inserts,
			vecprov_read_units(p.bytes) * (c.searches - CASE WHEN e.goes_on THEN k.searches ELSE 0 END) AS read_units,
			pg_catalog.ceil(p.bytes / 1000.0 / nullif(p.records, 0)) *
				(c.inserts - CASE WHEN e.goes_on THEN k.inserts ELSE 0 END) AS write_units
		FROM present p
			JOIN counter c ON c.relid = p.relid
			LEFT JOIN known k ON k.index = p.index
			CROSS JOIN LATERAL (SELECT k.relid = p.relid AND k.searches <= c.searches AND k.inserts <= c.inserts) e (goes_on)
		WHERE p.bytes IS NOT NULL
	), start AS (
		-- of an index that was there before the first event, or has none
		SELECT e.index, e.old_tier AS tier, e.old_shards AS shards, e.old_replicas AS replicas,
			CASE WHEN EXISTS (SELECT FROM known k WHERE k.index = e.index) THEN $1
				ELSE greatest($1, least(pg_catalog.date_trunc('hour', e.at, 'UTC'), $3)) END AS at
		FROM event e WHERE e.place = 1 AND e.action <> 'create'
		UNION ALL
		SELECT p.index, p.tier, p.shards, p.replicas,
			CASE WHEN EXISTS (SELECT FROM known k WHERE k.index = p.index) THEN $1
				ELSE greatest($1, $3) END
		FROM present p WHERE NOT EXISTS (SELECT FROM event e WHERE e.index = p.index)
			AND ($3 IS NOT NULL OR EXISTS (SELECT FROM known k WHERE k.index = p.index))
	), moment AS (
		SELECT index, at, 0::bigint AS place, tier, shards, replicas, true AS exists FROM start
		UNION ALL
		SELECT index, at, place, new_tier, new_shards, new_replicas, action <> 'drop' FROM event
	), portion AS (
		SELECT m.*, least($2, vecprov_clock(), pg_catalog.lead(m.at) OVER (PARTITION BY m.index ORDER BY m.place)) AS till
		FROM moment m
	), hour AS (
		SELECT p.*, greatest(p.at, h) AS hour_began, least(p.till, h + '1 hour'::interval) AS hour_ended
		FROM portion p CROSS JOIN LATERAL pg_catalog.generate_series(
			pg_catalog.date_trunc('hour', p.at, 'UTC'), p.till, '1 hour'::interval) h
		WHERE p.exists AND p.till > p.at AND pg_catalog.isfinite(p.at)
	), share AS (
		-- what was counted is spread evenly over all of the time
		SELECT h.*, extract(epoch FROM h.hour_ended - h.hour_began) /
			pg_catalog.sum(extract(epoch FROM h.hour_ended - h.hour_began)) OVER (PARTITION BY h.index) AS part
		FROM hour h WHERE h.hour_ended > h.hour_began
	)
	SELECT s.hour_began, s.hour_ended, s.index, s.tier, s.shards, s.replicas, coalesce(p.bytes, k.bytes, 0),
		pg_catalog.trim_scale(coalesce(pg_catalog.round(c.read_units * s.part, 6), 0)),
		pg_catalog.trim_scale(coalesce(pg_catalog.round(c.write_units * s.part, 6), 0)),
		coalesce(c.relid, k.relid), coalesce(c.searches, k.searches), coalesce(c.inserts, k.inserts)
	FROM share s
		LEFT JOIN present p ON p.index = s.index
		LEFT JOIN known k ON k.index = s.index
		LEFT JOIN counted c ON c.index = s.index
	ORDER BY 1, 3;
END;
COMMENT ON FUNCTION vecprov_usage_since(timestamptz, timestamptz, timestamptz) IS
	'what indexes had between two moments, as rows of vecprov.usage, from the ledger, the catalogue and the counters';

CREATE FUNCTION vecprov_bill("from" timestamptz, "to" timestamptz, plan text, region text,
	by_index boolean DEFAULT true)
	RETURNS TABLE (index text, item text, quantity numeric, unit text, rate numeric, amount numeric)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH edge AS MATERIALIZED (
		SELECT least($2, vecprov_clock()) AS until,
			(SELECT pg_catalog.max(u.ended) FROM vecprov.usage u) AS written
	), used AS (
		SELECT u.began, u.ended, u.index, u.tier, u.shards, u.replicas, u.bytes, u.read_units, u.write_units
		FROM vecprov.usage u, edge
		WHERE u.ended > $1 AND u.began < edge.until
		UNION ALL
		SELECT s.began, s.ended, s.index, s.tier, s.shards, s.replicas, s.bytes, s.read_units, s.write_units
		FROM edge CROSS JOIN LATERAL
			vecprov_usage_since(coalesce(edge.written, '-infinity'), edge.until,
				pg_catalog.date_trunc('hour', edge.until, 'UTC')) s
		WHERE s.ended > $1 AND s.began < edge.until
	), month AS (
		-- a month has 730 hours
		SELECT u.*, c.seconds / (730 * 3600) AS part, c.seconds / extract(epoch FROM u.ended - u.began) AS share
		FROM used u, edge CROSS JOIN LATERAL
			(SELECT extract(epoch FROM least(u.ended, edge.until) - greatest(u.began, $1)) AS seconds) c
	), item AS (
		SELECT m.index, 1 AS place, m.tier AS item, pg_catalog.sum(m.part * m.shards * m.replicas) AS quantity,
			'shards x replicas, month' AS unit
		FROM month m WHERE m.replicas IS NOT NULL GROUP BY m.index, m.tier
		UNION ALL
		SELECT m.index, 2, 'storage', pg_catalog.sum(m.part * m.bytes) / 1000000000, 'GB, month'
		FROM month m GROUP BY m.index
		UNION ALL
		SELECT m.index, 3, 'writes', pg_catalog.sum(m.share * m.write_units) / 1000000, 'million units'
		FROM month m WHERE m.write_units > 0 GROUP BY m.index
		UNION ALL
		SELECT m.index, 4, 'reads', pg_catalog.sum(m.share * m.read_units) / 1000000, 'million units'
		FROM month m WHERE m.tier IS NULL AND m.read_units > 0 GROUP BY m.index
	), line AS (
		SELECT CASE WHEN $5 THEN i.index END AS index, i.place, i.item, i.unit, pg_catalog.sum(i.quantity) AS quantity,
			vecprov_monthly_rate($3, $4, i.item) AS rate
		FROM item i GROUP BY 1, 2, 3, 4
	), rounded AS (
		-- to the cent's hundredth, after all is added up
		SELECT l.index, l.place, l.item, pg_catalog.trim_scale(pg_catalog.round(l.quantity, 9)) AS quantity,
			l.unit, l.rate, l.quantity * l.rate AS amount
		FROM line l
		UNION ALL
		SELECT NULL, 5, 'total', NULL, NULL, NULL, coalesce(pg_catalog.sum(l.quantity * l.rate), 0) FROM line l
	)
	SELECT r.index, r.item, r.quantity, r.unit, r.rate, pg_catalog.trim_scale(pg_catalog.round(r.amount, 6))
	FROM rounded r ORDER BY r.place = 5, r.index, r.place, r.item;
END;
COMMENT ON FUNCTION vecprov_bill(timestamptz, timestamptz, text, text, boolean) IS
	'what was provisioned, stored, written and read on demand between two moments, and what that costs; a month is 730 hours';

-- Policies: the server scales an index by itself.

CREATE TABLE vecprov.policies (
	schema name NOT NULL,
	index name NOT NULL,
	role regrole NOT NULL,
	min_replicas integer CHECK (min_replicas >= 1),
	max_replicas integer CHECK (max_replicas >= min_replicas),
	busy double precision NOT NULL CHECK (busy > 0 AND busy <= 1),
	min_shards integer CHECK (min_shards >= 1),
	max_shards integer CHECK (max_shards >= min_shards),
	fullness double precision NOT NULL CHECK (fullness > 0 AND fullness <= 1),
	up_after interval NOT NULL CHECK (up_after >= '0'),
	down_after interval NOT NULL CHECK (down_after >= '0'),
	change_interval interval NOT NULL CHECK (change_interval >= '0'),
	dry_run boolean NOT NULL DEFAULT false,
	idle_after interval CHECK (idle_after >= '1 minute'),
	error text,
	UNIQUE (schema, index),
	CHECK ((min_replicas IS NULL) = (max_replicas IS NULL) AND (min_shards IS NULL) = (max_shards IS NULL))
);
COMMENT ON TABLE vecprov.policies IS 'how the server scales indexes by itself; written by vecprov_policy';
COMMENT ON COLUMN vecprov.policies.schema IS 'of the index, which the row follows when it is renamed or moved';
COMMENT ON COLUMN vecprov.policies.index IS 'its name';
COMMENT ON COLUMN vecprov.policies.role IS 'its owner, as whom the policy acts; no other owner''s';
COMMENT ON COLUMN vecprov.policies.min_replicas IS 'null: replicas are left alone';
COMMENT ON COLUMN vecprov.policies.busy IS 'share of its time that the busiest replica may be busy';
COMMENT ON COLUMN vecprov.policies.min_shards IS 'null: shards are left alone';
COMMENT ON COLUMN vecprov.policies.fullness IS 'of storage, from which on shards are added';
COMMENT ON COLUMN vecprov.policies.up_after IS 'for how long a replica must be too busy';
COMMENT ON COLUMN vecprov.policies.down_after IS 'for how long there must be too much';
COMMENT ON COLUMN vecprov.policies.change_interval IS 'from any change of the index to the policy''s next one';
COMMENT ON COLUMN vecprov.policies.dry_run IS 'only the ledger tells what would be done';
COMMENT ON COLUMN vecprov.policies.idle_after IS 'without a search for so long, the index is idle until the next one; null: never';
COMMENT ON COLUMN vecprov.policies.error IS 'why it does nothing';

CREATE TRIGGER policies_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON vecprov.policies
	FOR EACH STATEMENT EXECUTE FUNCTION vecprov_table_changed();
COMMENT ON TRIGGER policies_changed ON vecprov.policies IS 'tells all sessions of the change';
ALTER TABLE vecprov.policies ENABLE ALWAYS TRIGGER policies_changed;

SELECT pg_catalog.pg_extension_config_dump('vecprov.policies', '');
GRANT SELECT ON vecprov.policies TO PUBLIC;

CREATE FUNCTION vecprov_policy(index regclass, min_replicas integer DEFAULT NULL, max_replicas integer DEFAULT NULL,
	busy double precision DEFAULT 0.8, min_shards integer DEFAULT NULL, max_shards integer DEFAULT NULL,
	fullness double precision DEFAULT 0.8, up_after interval DEFAULT '5 minutes',
	down_after interval DEFAULT '1 hour', change_interval interval DEFAULT '10 minutes',
	dry_run boolean DEFAULT false, idle_after interval DEFAULT NULL)
	RETURNS void
	AS 'MODULE_PATHNAME', 'vecprov_policy' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_policy(regclass, integer, integer, double precision, integer, integer,
	double precision, interval, interval, interval, boolean, interval) IS
	'lets the server scale an index by itself within bounds, and be idle; without bounds and idle_after: not any more';

-- A change can be tried.

DROP FUNCTION vecprov_set_tier(regclass, text);
DROP FUNCTION vecprov_set_shards(regclass, integer);
DROP FUNCTION vecprov_set_replicas(regclass, integer);
DROP FUNCTION vecprov_provision(regclass, text, integer, integer);
CREATE FUNCTION vecprov_provision(index regclass, tier text DEFAULT NULL, shards integer DEFAULT NULL,
	replicas integer DEFAULT NULL, dry_run boolean DEFAULT false)
	RETURNS void
	AS 'MODULE_PATHNAME', 'vecprov_provision' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_provision(regclass, text, integer, integer, boolean) IS
	'changes an index''s capacity, as ALTER INDEX SET does; what is null stays as it is; dry_run: only tells';

CREATE FUNCTION vecprov_set_tier(index regclass, tier text) RETURNS void LANGUAGE sql VOLATILE
	BEGIN ATOMIC SELECT vecprov_provision($1, tier => $2); END;
COMMENT ON FUNCTION vecprov_set_tier(regclass, text) IS 'changes the tier, or provisions with it';

CREATE FUNCTION vecprov_set_shards(index regclass, shards integer) RETURNS void LANGUAGE sql VOLATILE
	BEGIN ATOMIC SELECT vecprov_provision($1, shards => $2); END;
COMMENT ON FUNCTION vecprov_set_shards(regclass, integer) IS 'changes the number of shards';

CREATE FUNCTION vecprov_set_replicas(index regclass, replicas integer) RETURNS void LANGUAGE sql VOLATILE
	BEGIN ATOMIC SELECT vecprov_provision($1, replicas => $2); END;
COMMENT ON FUNCTION vecprov_set_replicas(regclass, integer) IS
	'changes the number of replicas; 0 suspends the index';

-- Load is seen.

CREATE FUNCTION vecprov_server_units(OUT units bigint, OUT processors double precision)
	AS 'MODULE_PATHNAME', 'vecprov_server_units' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_server_units() IS
	'units of compute that are provisioned on the server, and processors that it may use';

CREATE FUNCTION vecprov_load_advice(index oid) RETURNS text
	AS 'MODULE_PATHNAME', 'vecprov_load_advice' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_load_advice(oid) IS
	'what to do about load and workers of a provisioned index; null: nothing';

CREATE FUNCTION vecprov_index_effort(index oid,
	OUT ef_search integer, OUT target_recall double precision, OUT tuned_at timestamptz)
	AS 'MODULE_PATHNAME', 'vecprov_index_effort' LANGUAGE C STRICT STABLE;
COMMENT ON FUNCTION vecprov_index_effort(oid) IS
	'the effort that an index carries for its searches, the recall that it is to reach, and when that was measured';

CREATE OR REPLACE VIEW vecprov.indexes AS
	-- first which indexes are ours: the functions do not take others
	WITH ours AS MATERIALIZED (
		SELECT i.indexrelid, i.indrelid
		FROM pg_catalog.pg_index i
			JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
			JOIN pg_catalog.pg_am a ON a.oid = c.relam
		WHERE a.amname = 'vecprov' AND c.relkind IN ('i', 'I') AND NOT pg_catalog.pg_is_other_temp_schema(c.relnamespace)
	)
	SELECT ours.indexrelid::regclass AS index, ours.indrelid::regclass AS "table",
		f.mode, f.tier, f.shards, f.replicas, f.current_shards, r.current_replicas,
		CASE WHEN f.error IS NOT NULL OR f.mode = 'on-demand' OR (f.state = 'Scaling' AND r.error IS NULL) THEN f.state
			ELSE coalesce(r.state, 'Loading') END AS state,
		coalesce(f.error, r.error) AS error,
		f.records, f.index_size, f.capacity, f.fullness, f.memory_fullness, f.storage_fullness,
		r.resident_size, r.resident_size / nullif(r.wanted_size, 0)::double precision AS resident,
		nullif(pg_catalog.concat_ws('; ', f.advice, vecprov_load_advice(ours.indexrelid),
			CASE WHEN f.mode = 'provisioned' AND
					pg_catalog.pg_stat_get_dead_tuples(ours.indrelid) >= greatest(1000, f.records / 10)
				THEN pg_catalog.format('%s dead rows take room: VACUUM %s',
					pg_catalog.pg_stat_get_dead_tuples(ours.indrelid), ours.indrelid::regclass) END), '') AS advice,
		h.inhparent::regclass AS parent, vecprov_partition_count(ours.indexrelid) AS partitions,
		e.ef_search, e.target_recall, e.tuned_at
	FROM ours
		LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = ours.indexrelid
		CROSS JOIN LATERAL vecprov_facts(ours.indexrelid, false) f
		CROSS JOIN LATERAL vecprov_residency(ours.indexrelid) r
		CROSS JOIN LATERAL vecprov_index_effort(ours.indexrelid) e;
CREATE OR REPLACE VIEW vecprov.metrics AS
	WITH found AS MATERIALIZED (
		SELECT f.*, i.indexrelid, i.indrelid, n.nspname, c.relname,
			pg_catalog.jsonb_build_object('database', pg_catalog.current_database(),
				'schema', n.nspname, 'index', c.relname, 'table', t.relname) AS labels
		FROM pg_catalog.pg_index i
			JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
			JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
			JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			JOIN vecprov.indexes f ON f.index = i.indexrelid
	), fact AS (
		-- of those that are partitioned their partitions are counted
		SELECT * FROM found WHERE partitions IS NULL
	), load AS (
		SELECT r.index, pg_catalog.max(r.busy) AS busy, pg_catalog.sum(r.seats) AS seats,
			pg_catalog.sum(r.in_use) AS in_use, pg_catalog.max(r.queue) AS queue
		FROM vecprov_replica_counts() r GROUP BY r.index
	), worker AS (
		SELECT w.index, pg_catalog.count(*) FILTER (WHERE w.state = 'Missing') AS missing
		FROM vecprov_worker_states() w GROUP BY w.index
	), limited AS (
		SELECT f.labels, f.mode, l.*
		FROM fact f CROSS JOIN LATERAL (
			SELECT * FROM vecprov.limits l
			WHERE l.schema IS NULL OR (l.schema = f.nspname AND l.index = f.relname)
			ORDER BY l.schema NULLS LAST LIMIT 1) l
	), metric AS (
		SELECT v.name, f.labels || v.labels AS labels, v.value
		FROM fact f CROSS JOIN LATERAL (VALUES
			('index_info', pg_catalog.jsonb_build_object('mode', f.mode, 'tier', coalesce(f.tier, '')),
				CASE WHEN f.mode IS NOT NULL THEN 1::double precision END),
			('records', '{}', f.records),
			('index_size_bytes', '{}', f.index_size),
			('capacity_bytes', '{}', f.capacity),
			('fullness_ratio', '{"of": "index"}', f.fullness),
			('fullness_ratio', '{"of": "storage"}', f.storage_fullness),
			('fullness_ratio', '{"of": "memory"}', f.memory_fullness),
			('shards', '{"are": "wished"}', f.shards),
			('shards', '{"are": "current"}', f.current_shards),
			('replicas', '{"are": "wished"}', f.replicas),
			('replicas', '{"are": "current"}', f.current_replicas),
			('state', '{"state": "Loading"}', (f.state = 'Loading')::integer),
			('state', '{"state": "Ready"}', (f.state = 'Ready')::integer),
			('state', '{"state": "Suspended"}', (f.state = 'Suspended')::integer),
			('state', '{"state": "Idle"}', (f.state = 'Idle')::integer),
			('state', '{"state": "Scaling"}', (f.state = 'Scaling')::integer),
			('state', '{"state": "Migrating"}', (f.state = 'Migrating')::integer),
			('state', '{"state": "Error"}', (f.state = 'Error')::integer),
			('resident_ratio', '{}', f.resident),
			('scaling_ratio', '{}', CASE WHEN f.state <> 'Scaling' THEN 1 ELSE
				(SELECT greatest(0, 1 - pg_catalog.sum(s.to_move)::double precision / nullif(f.records, 0))
				FROM vecprov_shard_facts(f.indexrelid, false) s) END),
			('dead_rows', '{}', pg_catalog.pg_stat_get_dead_tuples(f.indrelid)),
			('scans_total', '{}', pg_catalog.pg_stat_get_numscans(f.indexrelid)),
			('rows_returned_total', '{}', pg_catalog.pg_stat_get_tuples_returned(f.indexrelid)),
			('vacuums_total', '{}', pg_catalog.pg_stat_get_vacuum_count(f.indrelid) +
				pg_catalog.pg_stat_get_autovacuum_count(f.indrelid))
		) v (name, labels, value)
		UNION ALL
		-- partitions share those of their partitioned index
		SELECT v.name, f.labels, v.value
		FROM found f LEFT JOIN load l ON l.index = f.indexrelid LEFT JOIN worker w ON w.index = f.indexrelid
		CROSS JOIN LATERAL (VALUES
			('busy_ratio', l.busy),
			('seats', l.seats),
			('seats_in_use', l.in_use),
			('queue', l.queue),
			('workers_missing', w.missing)) v (name, value)
		UNION ALL
		SELECT 'limit_per_second', l.labels || pg_catalog.jsonb_build_object('of', v.kind), v.value
		FROM limited l CROSS JOIN LATERAL (VALUES
			('read units', CASE WHEN l.mode = 'on-demand' THEN l.read_units END),
			('write records', l.write_records),
			('write bytes', l.write_bytes),
			('write units', l.write_units)) v (kind, value)
		UNION ALL
		SELECT v.name, '{}', v.value
		FROM vecprov_server_units() u CROSS JOIN LATERAL (VALUES
			('units', u.units), ('processors', u.processors)) v (name, value)
		UNION ALL
		SELECT c.name, coalesce(f.labels, '{}') || c.labels, c.value
		FROM vecprov_counters() c LEFT JOIN fact f ON f.indexrelid = c.index
		WHERE f.indexrelid IS NOT NULL OR c.index IS NULL
	)
	SELECT 'vecprov_' || metric.name AS name, metric.labels, metric.value
	FROM metric WHERE metric.value IS NOT NULL;

CREATE OR REPLACE FUNCTION vecprov_metrics_text() RETURNS text LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH family (name, type, help) AS (VALUES
		('index_info', 'gauge', 'Mode and tier of an index; always 1.'),
		('records', 'gauge', 'Records of the index.'),
		('index_size_bytes', 'gauge', 'Sizes of all records.'),
		('capacity_bytes', 'gauge', 'What the shards hold.'),
		('fullness_ratio', 'gauge', 'Of storage, of memory, and the larger.'),
		('shards', 'gauge', 'Shards, wished for and current.'),
		('replicas', 'gauge', 'Replicas wished for.'),
		('state', 'gauge', 'State of the capacity: 1 for the one that it is in.'),
		('scans_total', 'counter', 'Searches, as PostgreSQL counts them.'),
		('rows_returned_total', 'counter', 'Rows that searches returned.'),
		('vacuums_total', 'counter', 'VACUUMs of the table.'),
		('search_seconds', 'histogram', 'Time that searches took inside the index.'),
		('wait_seconds', 'histogram', 'Time that searches waited for a seat, of those that did.'),
		('busy_ratio', 'gauge', 'Share of the last five minutes for which the busiest replica was busy.'),
		('seats', 'gauge', 'Searches that can run at a time.'),
		('seats_in_use', 'gauge', 'Searches that run.'),
		('queue', 'gauge', 'Searches that wait for a seat.'),
		('workers_missing', 'gauge', 'Units of compute without a worker, for want of one.'),
		('resident_ratio', 'gauge', 'Share of what the tier keeps in memory that is there.'),
		('scaling_ratio', 'gauge', 'How far records are where they are to be; 1: all of them.'),
		('dead_rows', 'gauge', 'Dead rows of the table, which take room until VACUUM.'),
		('refused_by_role_total', 'counter', 'Operations refused, by role, in all databases.'),
		('units', 'gauge', 'Units of compute that are provisioned on the server.'),
		('processors', 'gauge', 'Processors that the server may use.'),
		('inserts_total', 'counter', 'Records inserted.'),
		('insert_seconds_total', 'counter', 'Time that inserts took inside the index.'),
		('refused_total', 'counter', 'Operations refused.'),
		('limit_per_second', 'gauge', 'Limits in force.'),
		('metered_indexes', 'gauge', 'Indexes of the server that are counted.'),
		('metered_indexes_max', 'gauge', 'The setting vecprov.max_metered_indexes.'),
		('unmetered_total', 'counter', 'Operations on indexes that are not counted.'),
		('unwritten_refusals_total', 'counter', 'Refused changes that are not in the ledger.')
	), labelled AS (
		SELECT m.name, m.value, m.labels->>'le' AS bound, m.labels - 'le' AS labels,
			(SELECT pg_catalog.string_agg(pg_catalog.format('%s="%s"', l.key,
					pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(l.value,
						E'\\', E'\\\\'), '"', E'\\"'), E'\n', E'\\n')), ',' ORDER BY l.key)
				FROM pg_catalog.jsonb_each_text(m.labels) l) AS label_text
		FROM vecprov.metrics m
	), line AS (
		SELECT f.name AS family, 2 AS place, m.labels, m.bound::double precision AS bound, m.name AS metric,
			m.name || coalesce('{' || m.label_text || '} ', ' ') ||
				CASE m.value WHEN 'Infinity' THEN '+Inf' ELSE m.value::text END AS line
		FROM labelled m JOIN family f
			ON m.name = 'vecprov_' || f.name OR
				(f.type = 'histogram' AND pg_catalog.starts_with(m.name, 'vecprov_' || f.name || '_'))
		UNION ALL
		SELECT f.name, v.place, NULL, NULL, NULL, v.line
		FROM family f CROSS JOIN LATERAL (VALUES
			(0, pg_catalog.format('# HELP vecprov_%s %s', f.name, f.help)),
			(1, pg_catalog.format('# TYPE vecprov_%s %s', f.name, f.type))) v (place, line)
	)
	SELECT pg_catalog.string_agg(line, E'\n' ORDER BY family, place, labels, metric, bound) || E'\n'
	FROM line;
END;

CREATE OR REPLACE FUNCTION vecprov_plan(index regclass, target_qps double precision,
	target_recall double precision DEFAULT 0.95, k integer DEFAULT 10,
	filter text DEFAULT NULL, params text[] DEFAULT NULL)
	RETURNS TABLE (item text, value text, reason text)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH measured AS MATERIALIZED (
		SELECT t.ef_search, t.recall, t.ms, t.m, t.ef_construction, 1000 / t.ms AS qps
		FROM vecprov_tune($1, $3, $4, filter => $5, params => $6) t
		WHERE t.ef_search IS NOT NULL AND $2 IS NOT NULL
	), fact AS MATERIALIZED (
		SELECT pg_catalog.sum(f.index_size)::bigint AS index_size, pg_catalog.sum(f.records) AS records,
			pg_catalog.max(f.index_size) AS largest, pg_catalog.count(*) AS indexes
		FROM vecprov_leaves($1) l CROSS JOIN LATERAL vecprov_facts(l.leaf, true) f
	), choice AS (
		SELECT t.name, t.description, t.units, t.keeps_vectors, m.need, m.available,
			m.need <= m.available AS fits, n.shards, n.replicas,
			(SELECT pg_catalog.min(r.rate) * n.shards * n.replicas
				FROM vecprov.rates r WHERE r.item = t.name) AS cost
		FROM measured, fact, vecprov.tiers t,
			LATERAL vecprov_tier_memory($1, t.name) m,
			LATERAL (SELECT vecprov_shards_needed(fact.largest, tier => t.name) AS shards,
				vecprov_replicas_needed($2, measured.qps * t.units) AS replicas) n
	), best AS MATERIALIZED (
		SELECT * FROM choice
		ORDER BY fits DESC, cost NULLS LAST, keeps_vectors, replicas, name LIMIT 1
	)
	SELECT part.item, part.value, part.reason FROM (
		SELECT 1 AS place, 'recall' AS item, pg_catalog.round(recall::numeric, 4)::text AS value,
			pg_catalog.format('of the %s nearest of 100 rows%s; %s is asked for', $4,
				CASE WHEN $5 IS NOT NULL THEN ' that satisfy the filter' END, $3) AS reason
		FROM measured
		UNION ALL
		SELECT 2, 'ef_search', ef_search::text,
			pg_catalog.format('the least that reaches it: SET vecprov.ef_search = %s', ef_search)
		FROM measured
		UNION ALL
		SELECT 2, parameter.name, parameter.value,
			'with which searches of this recall cost least; if the index has less: ALTER INDEX SET, then REINDEX'
		FROM measured, LATERAL (VALUES ('ef_construction', ef_construction::text), ('m', m::text)) parameter (name, value)
		UNION ALL
		SELECT 3, 'search', pg_catalog.round(ms::numeric, 3) || ' ms', 'the mean of such searches, one at a time'
		FROM measured
		UNION ALL
		SELECT 4, 'seat', pg_catalog.floor(qps) || ' queries a second',
			'what one unit of compute answers, if a processor is there for it'
		FROM measured
		UNION ALL
		SELECT 5, 'tier', name,
			CASE WHEN cost IS NULL THEN 'the smallest, since no rate tells which costs the least'
				ELSE 'costs the least' END ||
			pg_catalog.format('; keeps %s MB of the index in memory, %s MB can be had', pg_catalog.ceil(need / 1e6),
				pg_catalog.floor(available / 1e6)) ||
			CASE WHEN fits THEN '' ELSE ': too little, raise shared_buffers' END
		FROM best
		UNION ALL
		SELECT 6, 'shards', shards::text,
			pg_catalog.format('for %s MB in %s records, with 15 %% of room to grow',
				pg_catalog.ceil(index_size / 1e6), records) ||
			CASE WHEN indexes > 1 THEN pg_catalog.format('; each of %s partitions, the largest of %s MB, has as many',
				indexes, pg_catalog.ceil(largest / 1e6)) ELSE '' END
		FROM best, fact
		UNION ALL
		SELECT 7, 'replicas', replicas::text,
			pg_catalog.format('for %s queries a second at %s a replica (units: %s), and one more for availability',
				$2, pg_catalog.floor(qps * units), units)
		FROM best, measured
		UNION ALL
		SELECT 8, 'units', (best.replicas * best.units)::text,
			CASE WHEN shared.units > shared.processors THEN
				pg_catalog.format('%s units share %s processors: they cannot all be as fast as one alone',
					shared.units, pg_catalog.round(shared.processors::numeric, 2)::double precision)
				ELSE pg_catalog.format('with those of all other indexes %s, on %s processors',
					shared.units, pg_catalog.round(shared.processors::numeric, 2)::double precision) END
		FROM best, LATERAL (SELECT u.processors, best.replicas * best.units + u.units -
				coalesce((SELECT pg_catalog.sum(r.seats) FROM vecprov_replica_counts() r
					WHERE r.index IN (SELECT l.leaf FROM vecprov_leaves($1) l UNION ALL SELECT vecprov_decider($1))), 0) AS units
			FROM vecprov_server_units() u) shared
		UNION ALL
		SELECT 9, 'cost', pg_catalog.trim_scale(vecprov_read_cost(name, shards, replicas, plan, region))::text,
			pg_catalog.format('a month, at the rates of plan %s, region %s', plan, region)
		FROM best, vecprov.rates r WHERE r.item = best.name
		UNION ALL
		SELECT 9, 'cost', 'unknown', pg_catalog.format('there is no rate for tier %s', name)
		FROM best WHERE cost IS NULL
		UNION ALL
		SELECT 10, 'statement',
			pg_catalog.format('SELECT vecprov_provision(%L, %L, %s, %s)', vecprov_decider($1), name, shards, replicas),
			CASE vecprov_decider($1) WHEN $1 THEN 'gives the index this capacity'
				ELSE 'gives this capacity to the partitioned index that decides for it' END
		FROM best
	) part ORDER BY part.place, part.reason;
END;

-- More data than one server has: partitions of a table on several servers, by postgres_fdw.
--
-- postgres_fdw connects, as the caller's user mapping, and cancels what is no longer wanted. A plain SELECT from
-- the partitioned table is planned as a Merge Append, which asks one server after another for its rows in order,
-- without a LIMIT. Here each partition is a SELECT with an ORDER BY and a LIMIT, which postgres_fdw sends along,
-- below an Append, which waits for all servers at the same time.
--
-- All that is executed is executed as the caller. The parts get each other's results from vecprov_search_cluster:
-- they run with a search_path in which they would not find each other.

CREATE FUNCTION vecprov_cluster_filter(index regclass, filter text, params text[]) RETURNS text
	AS 'MODULE_PATHNAME', 'vecprov_cluster_filter' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_cluster_filter(regclass, text, text[]) IS
	'a part of vecprov_search_cluster: the filter with the values of its parameters and all names qualified';

CREATE FUNCTION vecprov_cluster_partitions(index oid, filter text, columns text[],
	OUT "table" regclass, OUT server name, OUT search text, OUT content text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	form record;
	condition text;
	plan jsonb;
	wanted regclass[];
	unfit record;
	names text;
	distance text;
BEGIN
	IF index IS NULL THEN
		RETURN;
	END IF;
	SELECT i.indrelid::regclass AS parent, c.relname, c.relkind, o.opcintype::regtype AS type, p.typname, e.extname,
		pg_get_indexdef(index, 1, false) AS value, pg_get_expr(i.indpred, i.indrelid) AS predicate,
		format('OPERATOR(%I.%s)', n.nspname, r.oprname) AS operator
	INTO STRICT form
	FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_opclass o ON o.oid = i.indclass[0]
		JOIN pg_type p ON p.oid = o.opcintype
		JOIN pg_amop a ON a.amopfamily = o.opcfamily AND a.amoplefttype = o.opcintype AND a.amopstrategy = 1
		JOIN pg_operator r ON r.oid = a.amopopr JOIN pg_namespace n ON n.oid = r.oprnamespace
		LEFT JOIN pg_depend d ON d.classid = 'pg_operator'::regclass AND d.objid = r.oid AND d.deptype = 'e'
		LEFT JOIN pg_extension e ON e.oid = d.refobjid
	WHERE i.indexrelid = index;
	IF form.relkind <> 'I' THEN
		RAISE EXCEPTION 'index "%" is not that of a partitioned table', form.relname USING
			ERRCODE = 'wrong_object_type', HINT = 'Use vecprov_search.';
	ELSIF form.typname NOT IN ('vector', 'halfvec') THEN
		RAISE EXCEPTION 'index "%" is of type %, which a vector cannot be searched for in', form.relname, form.type USING
			ERRCODE = 'datatype_mismatch';
	ELSIF row_security_active(form.parent) THEN
		RAISE EXCEPTION 'row security of table "%" does not hold for its partitions', form.parent USING
			ERRCODE = 'insufficient_privilege',
			DETAIL = 'vecprov_search_cluster searches the partitions, where only policies of their own hold.',
			HINT = 'Give the policies to the partitions, or to their tables on the other servers; or use SELECT.';
	END IF;
	condition := nullif(concat_ws(' AND ', '(' || filter || ')', '(' || form.predicate || ')'), '');

	-- the plan tells which partitions can have such rows, and what other servers do not evaluate
	IF condition IS NULL THEN
		wanted := ARRAY(SELECT p.relid FROM pg_partition_tree(form.parent) p WHERE p.isleaf);
	ELSE
		EXECUTE format('EXPLAIN (FORMAT json, VERBOSE, COSTS off) SELECT FROM %s AS t WHERE %s', form.parent, condition)
			INTO plan;
		IF jsonb_path_exists(plan, 'strict $.** ? (@."Node Type" == "Foreign Scan" && exists (@."Filter"))') THEN
			RAISE EXCEPTION 'filter cannot be evaluated by other servers' USING
				ERRCODE = 'feature_not_supported',
				DETAIL = format('All rows would have to be sent here, for this: %s',
					jsonb_path_query_first(plan, 'strict $.** ? (@."Node Type" == "Foreign Scan")."Filter"') #>> '{}'),
				HINT = 'Use built-in immutable functions and operators, and those of extensions that OPTIONS (extensions …) of the servers name.';
		END IF;
		wanted := ARRAY(SELECT format('%I.%I', node ->> 'Schema', node ->> 'Relation Name')::regclass
			FROM jsonb_path_query(plan, 'strict $.** ? (exists (@."Relation Name"))') node);
	END IF;

	SELECT s.srvname, o.options INTO unfit
	FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
		JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
		JOIN pg_proc h ON h.oid = w.fdwhandler AND h.proname = 'postgres_fdw_handler'
		CROSS JOIN LATERAL (
			-- the table's come last, and hold
			SELECT coalesce(jsonb_object_agg(x.option_name, x.option_value), '{}') AS options
			FROM (SELECT * FROM pg_options_to_table(s.srvoptions) UNION ALL SELECT * FROM pg_options_to_table(f.ftoptions)) x
		) o
	WHERE f.ftrelid = ANY (wanted) AND NOT (coalesce((o.options ->> 'async_capable')::boolean, false) AND
		form.extname = ANY (string_to_array(translate(coalesce(o.options ->> 'extensions', ''), ' "', ''), ',')))
	ORDER BY s.srvname LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'server "%" lacks options that searches need', unfit.srvname USING
			ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = 'Without extensions it would send all its rows here; without async_capable others would wait for it.',
			HINT = format('ALTER SERVER %I OPTIONS (%s async_capable ''true'', %s extensions %L);', unfit.srvname,
				CASE WHEN unfit.options ? 'async_capable' THEN 'SET' ELSE 'ADD' END,
				CASE WHEN unfit.options ? 'extensions' THEN 'SET' ELSE 'ADD' END,
				concat_ws(', ', unfit.options ->> 'extensions', form.extname));
	END IF;

	SELECT string_agg(format('t.%I AS c%s, ', c.name, c.place), '' ORDER BY c.place),
		string_agg(format('f.c%s AS %I', c.place, c.name), ', ' ORDER BY c.place)
	INTO names, content
	FROM unnest(coalesce(columns, ARRAY(SELECT a.attname FROM pg_attribute a
		WHERE a.attrelid = form.parent AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)))
		WITH ORDINALITY c (name, place);
	distance := format('%s %s $1::%s', form.value, form.operator, form.type);
	FOR "table", server, search IN
		SELECT w.id, s.srvname, format('(SELECT %s AS place, %s%s AS distance FROM ONLY %s AS t%s ORDER BY %s LIMIT $2)',
			w.place, names, distance, w.id, ' WHERE ' || condition, distance)
		FROM unnest(wanted) WITH ORDINALITY w (id, place)
			LEFT JOIN pg_foreign_table f ON f.ftrelid = w.id LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
		ORDER BY w.place
	LOOP
		RETURN NEXT;
	END LOOP;
END;
$$;
COMMENT ON FUNCTION vecprov_cluster_partitions(oid, text, text[]) IS
	'a part of vecprov_search_cluster: the partitions that can have rows, their servers (null: this one), the SELECT that searches each, and the list of columns';

CREATE FUNCTION vecprov_cluster_rows(query text, k integer, tables regclass[], servers name[], searches text[], content text,
	partial boolean, OUT rank integer, OUT server name, OUT "table" regclass, OUT "row" jsonb, OUT distance double precision,
	OUT missing name[])
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE ROWS 10
	SET search_path = pg_catalog, pg_temp
	SET vecprov.foreign_limit = on
AS $$
DECLARE
	head constant text := E'WITH found AS MATERIALIZED (\n';
	separator constant text := E'\nUNION ALL ';
	tail constant text := E')\nSELECT array_agg(n.place) AS places, array_agg(n."row") AS contents, ' ||
		E'array_agg(n.distance) AS distances\n' ||
		'FROM (SELECT f.place, (SELECT to_jsonb(r) FROM (SELECT ' || coalesce(content, '') || E') r) AS "row", f.distance\n' ||
		'FROM found f WHERE f.distance IS NOT NULL ORDER BY f.distance LIMIT $2) n';
	places integer[];
	contents jsonb[];
	distances double precision[];
	found record;
	others name[];
	parts text[];
	statement text;
	answers integer := 0;
	message text;
	detail text;
	context text;
BEGIN
	missing := '{}';
	IF query IS NULL OR k IS NULL THEN
		RETURN;
	ELSIF k NOT BETWEEN 1 AND 10000 THEN
		RAISE EXCEPTION 'k must be between 1 and %, not %', 10000, k USING ERRCODE = 'invalid_parameter_value';
	ELSIF tables IS NULL THEN
		RETURN;
	ELSIF partial IS NOT TRUE THEN
		-- no block with EXCEPTION: its savepoint would be one more round trip to each server
		EXECUTE head || array_to_string(searches, separator) || tail INTO places, contents, distances USING query, k;
	ELSE
		-- Learns which servers are there: a transaction is begun on each, and nothing asked. A LIMIT of 0 that the other
		-- server knew of would be asked for; pg_backend_pid is not sent.
		FOR server, "table" IN SELECT DISTINCT ON (1) * FROM unnest(servers, tables) s (a, b) WHERE s.a IS NOT NULL LOOP
			BEGIN
				EXECUTE format('SELECT FROM ONLY %s LIMIT 0 * pg_backend_pid()', "table");
			EXCEPTION WHEN connection_exception OR operator_intervention OR insufficient_resources THEN
				GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
				IF SQLSTATE = '57014' THEN
					RAISE;
				END IF;
				message := concat_ws(': ', message, nullif(detail, ''));
				missing := missing || server;
				RAISE WARNING 'server "%" is left out of the answer', server USING DETAIL = message;
			END;
		END LOOP;
		others := ARRAY(SELECT DISTINCT s.name FROM unnest(servers) s (name) WHERE s.name IS NULL OR s.name <> ALL (missing));
		-- all at once; and if this fails, one after another, to learn who it was
		FOR step IN 0 .. cardinality(others) LOOP
			parts := ARRAY(SELECT s.search FROM unnest(servers, searches) WITH ORDINALITY s (name, search, place)
				WHERE CASE WHEN step = 0 THEN s.name IS NULL OR s.name = ANY (others)
					ELSE s.name IS NOT DISTINCT FROM others[step] END ORDER BY s.place);
			CONTINUE WHEN parts = '{}';
			statement := head || array_to_string(parts, separator) || tail;
			BEGIN
				EXECUTE statement INTO found USING query, k;
				places := places || found.places;
				contents := contents || found.contents;
				distances := distances || found.distances;
				answers := answers + 1;
				EXIT WHEN step = 0;
			EXCEPTION WHEN connection_exception OR operator_intervention OR insufficient_resources THEN
				GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, context = PG_EXCEPTION_CONTEXT;
				message := concat_ws(': ', message, nullif(detail, ''));
				-- another server's timeout comes with what it was asked, this one's with nothing but the statement
				IF SQLSTATE = '57014' AND replace(context, statement, '') !~ ' LIMIT \d+::bigint' THEN
					RAISE;
				END IF;
				IF step > 0 AND others[step] IS NULL THEN
					RAISE;
				ELSIF step > 0 THEN
					missing := missing || others[step];
					RAISE WARNING 'server "%" is left out of the answer', others[step] USING DETAIL = message;
				END IF;
			END;
		END LOOP;
		IF answers = 0 THEN
			RAISE EXCEPTION 'no server can be searched' USING ERRCODE = 'connection_exception', DETAIL = message;
		END IF;
	END IF;
	RETURN QUERY SELECT row_number() OVER (ORDER BY f.distance)::integer, servers[f.place], tables[f.place], f."row", f.distance,
			missing
		FROM unnest(places, contents, distances) f (place, "row", distance) ORDER BY f.distance LIMIT k;
END;
$$;
COMMENT ON FUNCTION vecprov_cluster_rows(text, integer, regclass[], name[], text[], text, boolean) IS
	'a part of vecprov_search_cluster: runs the searches of the partitions together, and merges what they find';

CREATE FUNCTION vecprov_search_cluster(index regclass, query vector, k integer, filter text DEFAULT NULL,
	params text[] DEFAULT NULL, columns text[] DEFAULT NULL, partial boolean DEFAULT false)
	RETURNS TABLE (rank integer, server name, "table" regclass, "row" jsonb, distance double precision, missing name[])
	LANGUAGE sql VOLATILE ROWS 10
BEGIN ATOMIC
	SELECT r.rank, r.server, r."table", r."row", r.distance, r.missing
	FROM (
		SELECT pg_catalog.array_agg(p."table") AS tables, pg_catalog.array_agg(p.server) AS servers,
			pg_catalog.array_agg(p.search) AS searches, pg_catalog.min(p.content) AS content
		FROM vecprov_cluster_filter($1, $4, $5) f (condition)
			CROSS JOIN LATERAL vecprov_cluster_partitions($1, f.condition, $6) p
	) p CROSS JOIN LATERAL vecprov_cluster_rows($2::text, $3, p.tables, p.servers, p.searches, p.content, $7) r
	ORDER BY r.rank;
END;
COMMENT ON FUNCTION vecprov_search_cluster(regclass, vector, integer, text, text[], text[], boolean) IS
	'the k nearest rows of all partitions of a table, which may be on other servers: all are asked at once';
