-- What an index costs.

CREATE FUNCTION vecprov_given_usage(write_units bigint, read_units numeric, queries bigint) RETURNS numeric
	AS 'MODULE_PATHNAME', 'vecprov_given_usage' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_given_usage(bigint, numeric, bigint) IS
	'a part of vecprov_cost: its read_units; an error if what was used in a month is given twice, or negative';

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
