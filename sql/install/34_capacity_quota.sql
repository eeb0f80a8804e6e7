-- How much provisioned capacity a role may have.

CREATE TABLE vecprov.quotas (
	role regrole,
	memory_bytes bigint CHECK (memory_bytes >= 0),
	units bigint CHECK (units >= 0),
	UNIQUE NULLS NOT DISTINCT (role)
);
COMMENT ON TABLE vecprov.quotas IS
	'what the provisioned indexes of a role may use together, in all databases; null: no quota';
COMMENT ON COLUMN vecprov.quotas.role IS
	'the owner of the indexes; null: the row is for each role that has none of its own';
COMMENT ON COLUMN vecprov.quotas.memory_bytes IS 'what their tiers keep in memory';
COMMENT ON COLUMN vecprov.quotas.units IS
	'units of compute of all replicas; an index without replicas counts as one unit';

CREATE TRIGGER quotas_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON vecprov.quotas
	FOR EACH STATEMENT EXECUTE FUNCTION vecprov_table_changed();
COMMENT ON TRIGGER quotas_changed ON vecprov.quotas IS 'tells all sessions of the change';
ALTER TABLE vecprov.quotas ENABLE ALWAYS TRIGGER quotas_changed;

SELECT pg_catalog.pg_extension_config_dump('vecprov.quotas', '');
GRANT SELECT ON vecprov.quotas TO PUBLIC;
