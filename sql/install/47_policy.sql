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
