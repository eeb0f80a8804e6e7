-- Provisioned capacity: what is known of an index.

CREATE FUNCTION vecprov_facts(index regclass, wait boolean,
	OUT mode text, OUT tier text, OUT shards integer, OUT replicas integer, OUT current_shards integer,
	OUT state text, OUT error text, OUT records bigint, OUT index_size bigint, OUT capacity bigint,
	OUT fullness double precision, OUT memory_fullness double precision,
	OUT storage_fullness double precision, OUT advice text)
	AS 'MODULE_PATHNAME', 'vecprov_facts' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_facts(regclass, boolean) IS
	'what vecprov.indexes shows of an index; null if it is locked exclusively and wait is false';

CREATE FUNCTION vecprov_index_size(index regclass) RETURNS bigint LANGUAGE sql STRICT VOLATILE
	BEGIN ATOMIC SELECT f.index_size FROM vecprov_facts($1, true) f; END;
COMMENT ON FUNCTION vecprov_index_size(regclass) IS 'bytes of all records: IDs, vectors, metadata';

CREATE FUNCTION vecprov_capacity(index regclass) RETURNS bigint LANGUAGE sql STRICT VOLATILE
	BEGIN ATOMIC SELECT f.capacity FROM vecprov_facts($1, true) f; END;
COMMENT ON FUNCTION vecprov_capacity(regclass) IS 'bytes that the shards hold; null: on demand';

CREATE FUNCTION vecprov_fullness(index regclass) RETURNS double precision LANGUAGE sql STRICT VOLATILE
	BEGIN ATOMIC SELECT f.fullness FROM vecprov_facts($1, true) f; END;
COMMENT ON FUNCTION vecprov_fullness(regclass) IS
	'of storage or memory, the larger, 0 to 1; null: on demand';

CREATE FUNCTION vecprov_cost(index regclass, plan text, region text,
	write_units bigint DEFAULT NULL, read_units numeric DEFAULT NULL)
	RETURNS TABLE (item text, quantity numeric, unit text, rate numeric, amount numeric)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH fact AS (
		SELECT f.*, i.indrelid, pg_catalog.ceil(f.index_size / 1000.0 / nullif(f.records, 0)) AS kilobytes
		FROM vecprov_facts($1, true) f, pg_catalog.pg_index i WHERE i.indexrelid = $1
	), usage AS (
		SELECT coalesce($4, kilobytes * (pg_catalog.pg_stat_get_tuples_inserted(indrelid) +
				pg_catalog.pg_stat_get_tuples_updated(indrelid) -
				pg_catalog.pg_stat_get_tuples_hot_updated(indrelid)), 0) AS write_units,
			coalesce($5, pg_catalog.pg_stat_get_numscans($1) * vecprov_read_units(index_size), 0) AS read_units
		FROM fact
	), part AS (
		SELECT 1 AS place, tier AS item, (shards * replicas)::numeric AS quantity,
			'shards x replicas, month' AS unit, vecprov_monthly_rate($2, $3, tier) AS rate
		FROM fact WHERE mode = 'provisioned'
		UNION ALL
		SELECT 2, 'storage', index_size / 1000000000.0, 'GB, month',
			vecprov_monthly_rate($2, $3, 'storage') FROM fact
		UNION ALL
		SELECT 3, 'writes', usage.write_units / 1000000.0, 'million units',
			vecprov_monthly_rate($2, $3, 'writes') FROM usage
		UNION ALL
		SELECT 4, 'reads', usage.read_units / 1000000.0, 'million units',
			vecprov_monthly_rate($2, $3, 'reads') FROM usage, fact WHERE mode = 'on-demand'
		UNION ALL
		SELECT 5, 'total', NULL, NULL, NULL
	)
	SELECT part.item, pg_catalog.trim_scale(part.quantity), part.unit, part.rate,
		pg_catalog.trim_scale(coalesce(part.quantity * part.rate,
			pg_catalog.sum(part.quantity * part.rate) OVER ()))
	FROM part ORDER BY place;
END;
COMMENT ON FUNCTION vecprov_cost(regclass, text, text, bigint, numeric) IS
	'what an index costs a month, by its parts; units written and read, if not given, as the server counted';

CREATE FUNCTION vecprov_shard_facts(index regclass, wait boolean,
	OUT shard integer, OUT records bigint, OUT bytes bigint, OUT capacity bigint, OUT fullness double precision,
	OUT to_move bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_shard_facts' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_shard_facts(regclass, boolean) IS
	'what vecprov.shards shows of an index; nothing if it is locked exclusively and wait is false';

CREATE VIEW vecprov.shards AS
	SELECT i.indexrelid::regclass AS index, f.*
	FROM pg_catalog.pg_index i
		JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
		JOIN pg_catalog.pg_am a ON a.oid = c.relam
		CROSS JOIN LATERAL vecprov_shard_facts(i.indexrelid, false) f
	WHERE a.amname = 'vecprov' AND c.relkind = 'i' AND NOT pg_catalog.pg_is_other_temp_schema(c.relnamespace);
COMMENT ON VIEW vecprov.shards IS 'the shards of the indexes of this database';
GRANT SELECT ON vecprov.shards TO PUBLIC;
