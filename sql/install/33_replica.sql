-- Provisioned capacity: what there is of it.

CREATE FUNCTION vecprov_residency(index oid,
	OUT state text, OUT error text, OUT resident_size bigint, OUT wanted_size bigint,
	OUT current_replicas integer)
	AS 'MODULE_PATHNAME', 'vecprov_residency' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_residency(oid) IS
	'what a provisioned index has of pages and workers; null while nobody has seen to it';

CREATE FUNCTION vecprov_wait(index regclass, timeout interval DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'vecprov_wait' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_wait(regclass, interval) IS
	'returns when the capacity of an index is as wished for; raises what stands in the way';

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

CREATE VIEW vecprov.indexes AS
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
COMMENT ON VIEW vecprov.indexes IS 'the indexes of this database and their capacity';
GRANT SELECT ON vecprov.indexes TO PUBLIC;

CREATE FUNCTION vecprov_replica_counts(OUT index oid, OUT replica integer, OUT pid integer, OUT zone text,
	OUT state text, OUT seats integer, OUT in_use integer, OUT queue integer, OUT queries bigint,
	OUT busy double precision, OUT latency double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_replica_counts' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_replica_counts() IS 'what vecprov.replicas shows';

CREATE VIEW vecprov.replicas AS
	SELECT index::regclass AS index, replica, pid, zone, state, seats, in_use, queue, queries, busy, latency
	FROM vecprov_replica_counts();
COMMENT ON VIEW vecprov.replicas IS 'the replicas of the provisioned indexes of this database';
GRANT SELECT ON vecprov.replicas TO PUBLIC;

CREATE FUNCTION vecprov_worker_states(OUT index oid, OUT replica integer, OUT unit integer, OUT pid integer,
	OUT zone text, OUT state text, OUT error text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_worker_states' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_worker_states() IS 'what vecprov.workers shows';

CREATE VIEW vecprov.workers AS
	SELECT index::regclass AS index, replica, unit, pid, zone, state, error
	FROM vecprov_worker_states();
COMMENT ON VIEW vecprov.workers IS
	'the units of the replicas of this database, and the processes that run searches for others';
GRANT SELECT ON vecprov.workers TO PUBLIC;
