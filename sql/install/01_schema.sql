-- The schema of the extension's tables and views, wherever its functions and types are: tools that
-- manage an application's schema must not take them for the application's.
--
-- A schema of this name that is there already is taken if it is empty and belongs to a superuser:
-- its owner can drop and replace what is in it. It becomes a member of the extension, unless it is
-- the schema that the extension itself is in.

DO $$
DECLARE
	schema pg_catalog.pg_namespace;
	content pg_catalog.text;
BEGIN
	SELECT * INTO schema FROM pg_catalog.pg_namespace WHERE nspname = 'vecprov';
	IF NOT FOUND THEN
		CREATE SCHEMA vecprov;
		RETURN;
	END IF;
	IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE oid = schema.nspowner) THEN
		RAISE EXCEPTION 'schema "vecprov" belongs to role "%"', pg_catalog.pg_get_userbyid(schema.nspowner) USING
			ERRCODE = 'insufficient_privilege',
			DETAIL = 'The tables of extension "vecprov" are in the schema of this name, which must be a superuser''s.',
			HINT = pg_catalog.format('Rename the schema, or if it is empty: ALTER SCHEMA vecprov OWNER TO %I.', current_user);
	END IF;
	SELECT pg_catalog.pg_describe_object(classid, objid, objsubid) INTO content FROM pg_catalog.pg_depend
	WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid AND refobjid = schema.oid AND deptype = 'n'
		AND NOT (classid = 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
			AND objid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'vecprov'))
	ORDER BY 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'schema "vecprov" is not empty' USING
			ERRCODE = 'duplicate_schema',
			DETAIL = pg_catalog.format('The tables of extension "vecprov" are in a schema of this name. It contains %s.', content),
			HINT = 'Rename the schema, or move what it contains to another one.';
	END IF;
	IF schema.oid <> (SELECT extnamespace FROM pg_catalog.pg_extension WHERE extname = 'vecprov') THEN
		ALTER EXTENSION vecprov ADD SCHEMA vecprov;
	END IF;
END;
$$;
COMMENT ON SCHEMA vecprov IS 'tables and views of the extension vecprov';
GRANT USAGE ON SCHEMA vecprov TO PUBLIC;

