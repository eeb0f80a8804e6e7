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
	WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND refobjid = schema.oid AND deptype = 'n'
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
ALTER TABLE vecprov.tiers RENAME CONSTRAINT vecprov_tier_pkey TO tiers_pkey;
ALTER TABLE vecprov.tiers RENAME CONSTRAINT vecprov_tier_name_check TO tiers_name_check;
ALTER TABLE vecprov.tiers RENAME CONSTRAINT vecprov_tier_shard_bytes_check TO tiers_shard_bytes_check;
ALTER TABLE vecprov.tiers RENAME CONSTRAINT vecprov_tier_units_check TO tiers_units_check;
ALTER TRIGGER vecprov_tier_changed ON vecprov.tiers RENAME TO tiers_changed;

ALTER TABLE @extschema@.vecprov_rate SET SCHEMA vecprov;
ALTER TABLE vecprov.vecprov_rate RENAME TO rates;
ALTER TABLE vecprov.rates RENAME CONSTRAINT vecprov_rate_pkey TO rates_pkey;
ALTER TABLE vecprov.rates RENAME CONSTRAINT vecprov_rate_rate_check TO rates_rate_check;

ALTER TABLE @extschema@.vecprov_changes SET SCHEMA vecprov;
ALTER TABLE vecprov.vecprov_changes RENAME TO changes;
ALTER TABLE vecprov.changes RENAME CONSTRAINT vecprov_changes_action_check TO changes_action_check;
ALTER INDEX vecprov.vecprov_changes_table_oid_idx RENAME TO changes_table_oid_idx;

ALTER TABLE @extschema@.vecprov_limit SET SCHEMA vecprov;
ALTER TABLE vecprov.vecprov_limit RENAME TO limits;
ALTER TABLE vecprov.limits RENAME CONSTRAINT vecprov_limit_read_units_check TO limits_read_units_check;
ALTER TABLE vecprov.limits RENAME CONSTRAINT vecprov_limit_write_records_check TO limits_write_records_check;
ALTER TABLE vecprov.limits RENAME CONSTRAINT vecprov_limit_write_bytes_check TO limits_write_bytes_check;
ALTER TABLE vecprov.limits RENAME CONSTRAINT vecprov_limit_write_units_check TO limits_write_units_check;
ALTER TABLE vecprov.limits RENAME CONSTRAINT vecprov_limit_burst_seconds_check TO limits_burst_seconds_check;
ALTER TABLE vecprov.limits RENAME CONSTRAINT vecprov_limit_metadata_bytes_check TO limits_metadata_bytes_check;
ALTER TABLE vecprov.limits RENAME CONSTRAINT vecprov_limit_schema_index_key TO limits_schema_index_key;
ALTER TABLE vecprov.limits RENAME CONSTRAINT vecprov_limit_check TO limits_check;
ALTER TRIGGER vecprov_limit_changed ON vecprov.limits RENAME TO limits_changed;

ALTER TABLE @extschema@.vecprov_quota SET SCHEMA vecprov;
ALTER TABLE vecprov.vecprov_quota RENAME TO quotas;
ALTER TABLE vecprov.quotas RENAME CONSTRAINT vecprov_quota_memory_bytes_check TO quotas_memory_bytes_check;
ALTER TABLE vecprov.quotas RENAME CONSTRAINT vecprov_quota_units_check TO quotas_units_check;
ALTER TABLE vecprov.quotas RENAME CONSTRAINT vecprov_quota_role_key TO quotas_role_key;
ALTER TRIGGER vecprov_quota_changed ON vecprov.quotas RENAME TO quotas_changed;

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

-- A message names no table: its schema can be renamed.

CREATE OR REPLACE FUNCTION vecprov_plan(index regclass, target_qps double precision,
	target_recall double precision DEFAULT 0.95, k integer DEFAULT 10)
	RETURNS TABLE (item text, value text, reason text)
	LANGUAGE sql STRICT VOLATILE
BEGIN ATOMIC
	WITH measured AS MATERIALIZED (
		SELECT t.ef_search, t.recall, t.ms, 1000 / t.ms AS qps FROM vecprov_tune($1, $3, $4) t
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
			pg_catalog.format('of the %s nearest of 100 rows; %s is asked for', $4, $3) AS reason
		FROM measured
		UNION ALL
		SELECT 2, 'ef_search', ef_search::text,
			pg_catalog.format('the least that reaches it: SET vecprov.ef_search = %s', ef_search)
		FROM measured
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
