-- How much effort, and what capacity, an index needs.

CREATE FUNCTION vecprov_tune(index regclass, target_recall double precision DEFAULT NULL, k integer DEFAULT 10,
	samples integer DEFAULT 100, filter text DEFAULT NULL, params text[] DEFAULT NULL,
	OUT ef_search integer, OUT recall double precision, OUT ms double precision,
	OUT m integer, OUT ef_construction integer)
	AS 'MODULE_PATHNAME', 'vecprov_tune' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_tune(regclass, double precision, integer, integer, text, text[]) IS
	'the least vecprov.ef_search that reaches a recall, measured on sampled rows; without a recall, the index''s own, kept for its searches';

CREATE FUNCTION vecprov_tier_memory(index regclass, tier text, OUT need bigint, OUT available bigint)
	AS 'MODULE_PATHNAME', 'vecprov_tier_memory' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_tier_memory(regclass, text) IS
	'bytes of an index that a tier would keep in memory, and those that can be had for it';

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
COMMENT ON FUNCTION vecprov_plan(regclass, double precision, double precision, integer, text, text[]) IS
	'the effort and the capacity that an index needs for so many queries a second, measured on its rows';
