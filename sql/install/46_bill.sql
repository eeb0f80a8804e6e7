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
