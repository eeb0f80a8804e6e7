-- Provisioned capacity: tiers, rates, and arithmetic.

CREATE TABLE vecprov.tiers (
	name text PRIMARY KEY
		CHECK (octet_length(name) BETWEEN 1 AND 63 AND name NOT IN ('storage', 'writes', 'reads')),
	shard_bytes bigint NOT NULL CHECK (shard_bytes > 0),
	keeps_vectors boolean NOT NULL,
	units integer NOT NULL CHECK (units > 0),
	description text NOT NULL DEFAULT '',
	shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE vecprov.tiers IS 'tiers that an index can be provisioned with';
COMMENT ON COLUMN vecprov.tiers.name IS 'as in WITH (tier = ...)';
COMMENT ON COLUMN vecprov.tiers.shard_bytes IS 'bytes of records that one shard holds';
COMMENT ON COLUMN vecprov.tiers.keeps_vectors IS
	'are the exact vectors kept in memory for certain, besides graph and codes?';
COMMENT ON COLUMN vecprov.tiers.units IS 'units of compute of each replica';
COMMENT ON COLUMN vecprov.tiers.shipped IS 'comes with vecprov, and is not dumped';

INSERT INTO vecprov.tiers VALUES
	('r10', 200000000000, false, 1, 'storage-optimised: graph and codes in memory', true),
	('r40', 200000000000, true, 4, 'performance-optimised: the full vectors too', true);

CREATE FUNCTION vecprov_table_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'vecprov_table_changed' LANGUAGE C;
COMMENT ON FUNCTION vecprov_table_changed() IS 'tells all sessions that rows of the table were changed';
-- whoever made it a trigger of his own table could wake up all sessions of the server as often as he likes
REVOKE EXECUTE ON FUNCTION vecprov_table_changed() FROM PUBLIC;
CREATE TRIGGER tiers_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON vecprov.tiers
	FOR EACH STATEMENT EXECUTE FUNCTION vecprov_table_changed();
COMMENT ON TRIGGER tiers_changed ON vecprov.tiers IS 'tells all sessions of the change';
ALTER TABLE vecprov.tiers ENABLE ALWAYS TRIGGER tiers_changed;

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

CREATE TABLE vecprov.rates (
	plan text,
	region text,
	item text,
	rate numeric NOT NULL CHECK (rate >= 0),
	shipped boolean NOT NULL DEFAULT false,
	PRIMARY KEY (plan, region, item)
);
COMMENT ON TABLE vecprov.rates IS 'what capacity costs; the rows of plan "example" are examples';
COMMENT ON COLUMN vecprov.rates.item IS
	'a tier (rate a month for each shard and replica), storage (a GB and month), writes, reads (a million units)';
COMMENT ON COLUMN vecprov.rates.shipped IS 'comes with vecprov, and is not dumped';

INSERT INTO vecprov.rates VALUES
	('example', 'example', 'r10', 100.00, true),
	('example', 'example', 'r40', 300.00, true),
	('example', 'example', 'storage', 0.25, true),
	('example', 'example', 'writes', 5.00, true),
	('example', 'example', 'reads', 20.00, true);

SELECT pg_catalog.pg_extension_config_dump('vecprov.tiers', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('vecprov.rates', 'WHERE NOT shipped');
GRANT SELECT ON vecprov.tiers, vecprov.rates TO PUBLIC;

CREATE FUNCTION vecprov_record_size(id_bytes bigint, dims integer, nnz integer, metadata_bytes bigint)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'vecprov_record_size' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_record_size(bigint, integer, integer, bigint) IS
	'bytes of a record: ID, dense dimensions, sparse non-zeros, metadata';

CREATE FUNCTION vecprov_shards_needed(bytes bigint, headroom double precision DEFAULT 0.15,
	tier text DEFAULT 'r10')
	RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_shards_needed' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_shards_needed(bigint, double precision, text) IS
	'shards for an index of this size, with some room for growth';

CREATE FUNCTION vecprov_replicas_needed(qps double precision, qps_per_replica double precision,
	high_availability boolean DEFAULT true)
	RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_replicas_needed' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_replicas_needed(double precision, double precision, boolean) IS
	'replicas for so many queries a second, and one more for availability';

CREATE FUNCTION vecprov_write_units(request_bytes bigint[], replaced_bytes bigint DEFAULT 0)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'vecprov_write_units' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_write_units(bigint[], bigint) IS
	'write units of a request, from the sizes of its records and of those that it replaces';

CREATE FUNCTION vecprov_read_units(bytes bigint) RETURNS numeric
	AS 'MODULE_PATHNAME', 'vecprov_read_units' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_read_units(bigint) IS 'read units of a search in a namespace of this size';

CREATE FUNCTION vecprov_monthly_rate(plan text, region text, item text) RETURNS numeric
	AS 'MODULE_PATHNAME', 'vecprov_monthly_rate' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_monthly_rate(text, text, text) IS 'rate of an item, from vecprov.rates';

CREATE FUNCTION vecprov_read_cost(tier text, shards integer, replicas integer, plan text, region text)
	RETURNS numeric
	AS 'MODULE_PATHNAME', 'vecprov_read_cost' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_read_cost(text, integer, integer, text, text) IS
	'what provisioned reads cost a month';
