-- Provisioned capacity: what is known of an index.

CREATE FUNCTION vecprov_facts(index regclass, wait boolean,
	OUT mode text, OUT tier text, OUT shards integer, OUT replicas integer, OUT current_shards integer,
	OUT state text, OUT error text, OUT records bigint, OUT index_size bigint, OUT capacity bigint,
	OUT fullness double precision, OUT memory_fullness double precision,
	OUT storage_fullness double precision, OUT advice text)
	AS 'MODULE_PATHNAME', 'vecprov_facts' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_facts(regclass, boolean) IS
	'what vecprov.indexes shows of an index; null if it is locked exclusively and wait is false';

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
