-- How much provisioned capacity a role may have.

CREATE TABLE vecprov_quota (
	role regrole,
	memory_bytes bigint CHECK (memory_bytes >= 0),
	units bigint CHECK (units >= 0),
	UNIQUE NULLS NOT DISTINCT (role)
);
COMMENT ON TABLE vecprov_quota IS
	'what the provisioned indexes of a role may use together, in all databases; null: no quota';
COMMENT ON COLUMN vecprov_quota.role IS
	'the owner of the indexes; null: the row is for each role that has none of its own';
COMMENT ON COLUMN vecprov_quota.memory_bytes IS 'what their tiers keep in memory';
COMMENT ON COLUMN vecprov_quota.units IS
	'units of compute of all replicas; an index without replicas counts as one unit';

CREATE TRIGGER vecprov_quota_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON vecprov_quota
	FOR EACH STATEMENT EXECUTE FUNCTION vecprov_table_changed();
COMMENT ON TRIGGER vecprov_quota_changed ON vecprov_quota IS 'tells all sessions of the change';
ALTER TABLE vecprov_quota ENABLE ALWAYS TRIGGER vecprov_quota_changed;

SELECT pg_catalog.pg_extension_config_dump('vecprov_quota', '');
GRANT SELECT ON vecprov_quota TO PUBLIC;
