-- Limits of reads and writes a second.

CREATE TABLE vecprov.limits (
	schema name,
	index name,
	read_units double precision CHECK (read_units > 0 AND read_units <= 1e15),
	write_records double precision CHECK (write_records > 0 AND write_records <= 1e15),
	write_bytes double precision CHECK (write_bytes > 0 AND write_bytes <= 1e15),
	write_units double precision CHECK (write_units > 0 AND write_units <= 1e15),
	burst_seconds double precision NOT NULL DEFAULT 1 CHECK (burst_seconds > 0 AND burst_seconds <= 86400),
	metadata_bytes bigint CHECK (metadata_bytes >= 0),
	UNIQUE NULLS NOT DISTINCT (schema, index),
	CHECK ((schema IS NULL) = (index IS NULL) AND schema <> '' AND index <> '')
);
COMMENT ON TABLE vecprov.limits IS 'how much may be read and written a second; null: no limit';
COMMENT ON COLUMN vecprov.limits.schema IS
	'of the index, which the row follows when it is renamed or moved; null: the row is for all that have none of their own';
COMMENT ON COLUMN vecprov.limits.index IS 'its name';
COMMENT ON COLUMN vecprov.limits.read_units IS 'of searches on demand: a unit for each GB searched, at least 0.25';
COMMENT ON COLUMN vecprov.limits.write_records IS 'records written';
COMMENT ON COLUMN vecprov.limits.write_bytes IS 'their sizes';
COMMENT ON COLUMN vecprov.limits.write_units IS 'a unit for each KB of a statement, at least 5';
COMMENT ON COLUMN vecprov.limits.burst_seconds IS 'what comes in so many seconds can be used at once';
COMMENT ON COLUMN vecprov.limits.metadata_bytes IS 'of one record, its ID among them';

CREATE TRIGGER limits_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON vecprov.limits
	FOR EACH STATEMENT EXECUTE FUNCTION vecprov_table_changed();
COMMENT ON TRIGGER limits_changed ON vecprov.limits IS 'tells all sessions of the change';
ALTER TABLE vecprov.limits ENABLE ALWAYS TRIGGER limits_changed;

SELECT pg_catalog.pg_extension_config_dump('vecprov.limits', '');
GRANT SELECT ON vecprov.limits TO PUBLIC;
