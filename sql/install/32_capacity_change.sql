-- Provisioned capacity: changes, and the ledger of them.

CREATE TABLE vecprov.changes (
	at timestamptz NOT NULL,
	index text NOT NULL,
	action text NOT NULL CHECK (action IN ('create', 'change', 'drop', 'refusal', 'dry run', 'idle', 'wake')),
	old_tier text,
	old_shards integer,
	old_replicas integer,
	new_tier text,
	new_shards integer,
	new_replicas integer,
	role name NOT NULL,
	message text,
	index_oid oid NOT NULL,
	table_oid oid NOT NULL,
	xact xid8 NOT NULL,
	by_policy boolean NOT NULL DEFAULT false,
	partitioned boolean NOT NULL DEFAULT false,
	old_decided boolean NOT NULL DEFAULT false,
	new_decided boolean NOT NULL DEFAULT false
);
CREATE INDEX changes_table_oid_idx ON vecprov.changes (table_oid);
COMMENT ON INDEX vecprov.changes_table_oid_idx IS 'finds an index''s last change';
COMMENT ON TABLE vecprov.changes IS 'every change of an index''s capacity, and every one refused';
COMMENT ON COLUMN vecprov.changes.index IS 'its name, which follows when it is renamed';
COMMENT ON COLUMN vecprov.changes.old_tier IS 'null: on demand';
COMMENT ON COLUMN vecprov.changes.new_tier IS 'null: on demand';
COMMENT ON COLUMN vecprov.changes.action IS 'what was done, or refused; dry run: what a policy would have done; idle, wake: it began or ended to be idle';
COMMENT ON COLUMN vecprov.changes.message IS 'why it was refused, or why a policy made it';
COMMENT ON COLUMN vecprov.changes.by_policy IS 'made by the index''s policy, not by the role';
COMMENT ON COLUMN vecprov.changes.partitioned IS
	'the index is partitioned: each of its partitions that was changed has a row of its own';
COMMENT ON COLUMN vecprov.changes.old_decided IS 'the old replicas were those of the partitioned index above';
COMMENT ON COLUMN vecprov.changes.new_decided IS 'the new replicas are those of the partitioned index above';
GRANT SELECT ON vecprov.changes TO PUBLIC;

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

CREATE FUNCTION vecprov_release(index regclass) RETURNS void
	AS 'MODULE_PATHNAME', 'vecprov_release' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_release(regclass) IS 'makes an index on demand';
