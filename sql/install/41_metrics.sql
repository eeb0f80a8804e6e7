-- What monitoring reads.

CREATE FUNCTION vecprov_counters(OUT index oid, OUT name text, OUT labels jsonb,
	OUT value double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_counters' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_counters() IS
	'what was counted since the server started, of the indexes of this database';

CREATE VIEW vecprov.metrics AS
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
COMMENT ON VIEW vecprov.metrics IS 'what there is to watch, for monitoring systems';
GRANT SELECT ON vecprov.metrics TO PUBLIC;

CREATE FUNCTION vecprov_metrics_text() RETURNS text LANGUAGE sql VOLATILE
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
COMMENT ON FUNCTION vecprov_metrics_text() IS 'vecprov.metrics in the text format of Prometheus';
