-- Operator classes over the types of a pgvector that is installed beside vecprov.
--
-- Each of our classes has a twin of its name over pgvector's type, with pgvector's operator. The twin
-- lies in the type's schema, where whoever uses the type finds it. It belongs to no extension, so that
-- it is dumped and restored, and it is in our class's family, so that nothing is left when either
-- extension goes. Where both share the type (bit) the family has two operators, strategies 1 and 2,
-- and each index serves both.
--
-- No function body says which schema it is in: that may be renamed.

CREATE FUNCTION vecprov_same_layout(a regtype, b regtype, value text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'vecprov_same_layout' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION vecprov_same_layout(regtype, regtype, text) IS
	'do two types store this value in the same bytes?';

CREATE FUNCTION vecprov_adopt(type regtype) RETURNS SETOF text LANGUAGE plpgsql VOLATILE STRICT
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	vector oid;
	vecprov oid;
	schema name;
	own regtype;
	same_layout boolean;
	class record;
BEGIN
	SELECT oid INTO vecprov FROM pg_extension WHERE extname = 'vecprov';
	SELECT e.oid, n.nspname INTO vector, schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
	WHERE e.extname = 'vector';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'extension "vector" is not installed' USING ERRCODE = 'undefined_object';
	END IF;
	-- ours of its name; bit is core's
	SELECT CASE WHEN t.oid = 'bit'::regtype THEN t.oid ELSE o.oid END INTO own
	FROM pg_type t LEFT JOIN pg_type o ON o.typname = t.typname
		AND t.typname IN ('vector', 'halfvec', 'sparsevec')
		AND (SELECT refobjid FROM pg_depend WHERE classid = 'pg_type'::regclass AND objid = t.oid AND deptype = 'e') = vector
		AND (SELECT refobjid FROM pg_depend WHERE classid = 'pg_type'::regclass AND objid = o.oid AND deptype = 'e') = vecprov
	WHERE t.oid = type ORDER BY o.oid LIMIT 1;
	IF own IS NULL THEN
		RAISE EXCEPTION 'type % cannot be adopted', type USING
			ERRCODE = 'wrong_object_type',
			HINT = 'vector, halfvec and sparsevec of the extension "vector" can be, and bit beside it.';
	END IF;
	EXECUTE format('SELECT %s.vecprov_same_layout($1, $2, $3)',
			(SELECT extnamespace::regnamespace FROM pg_extension WHERE oid = vecprov))
		INTO same_layout USING type, own, CASE
			WHEN type = 'bit'::regtype THEN '101'
			WHEN type::text ~ 'sparsevec$' THEN '{1:1,3:-2}/5'
			ELSE '[1,-2,0.5]' END;
	IF NOT same_layout THEN
		RAISE EXCEPTION 'type % is not stored as vecprov''s', type USING
			ERRCODE = 'feature_not_supported';
	END IF;

	FOR class IN
		SELECT c.opcname AS name, c.opcdefault AND type <> own AS is_default,
			format('%I.%I', n.nspname, f.opfname) AS family,
			format('OPERATOR %s %s FOR ORDER BY pg_catalog.float_ops',
				CASE WHEN type = own THEN 2 ELSE 1 END, o.oid::regoperator) AS operator,
			(SELECT string_agg(format(', FUNCTION %s %s', p.amprocnum, p.amproc::regprocedure), '')
				FROM pg_amproc p
				WHERE p.amprocfamily = f.oid AND p.amproclefttype = own AND type <> own) AS functions
		FROM pg_am m JOIN pg_opclass c ON c.opcmethod = m.oid
			JOIN pg_opfamily f ON f.oid = c.opcfamily
			JOIN pg_namespace n ON n.oid = f.opfnamespace
			JOIN pg_amop s ON s.amopfamily = f.oid AND s.amoplefttype = own AND s.amopstrategy = 1
			JOIN pg_operator so ON so.oid = s.amopopr
			JOIN pg_operator o ON o.oprname = so.oprname AND o.oprleft = type AND o.oprright = type
		WHERE m.amname = 'vecprov' AND c.opcintype = own
			AND (SELECT refobjid FROM pg_depend WHERE classid = 'pg_opclass'::regclass AND objid = c.oid AND deptype = 'e') = vecprov
			AND (SELECT refobjid FROM pg_depend WHERE classid = 'pg_operator'::regclass AND objid = o.oid AND deptype = 'e') = vector
			AND NOT EXISTS (SELECT FROM pg_amop a WHERE a.amopfamily = f.oid AND a.amopopr = o.oid)
		ORDER BY 1
	LOOP
		EXECUTE format('CREATE OPERATOR CLASS %I.%I %s FOR TYPE %s USING vecprov FAMILY %s AS %s %s',
			schema, class.name, CASE WHEN class.is_default THEN 'DEFAULT' END, type,
			class.family, class.operator, class.functions);
		RETURN NEXT format('%I.%I', schema, class.name);
	END LOOP;
END;
$$;
COMMENT ON FUNCTION vecprov_adopt(regtype) IS
	'makes the operator classes over a type of pgvector that are not there yet, and returns their names';

CREATE FUNCTION vecprov_unadopt(type regtype) RETURNS SETOF text LANGUAGE plpgsql VOLATILE STRICT
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	vecprov oid := (SELECT oid FROM pg_extension WHERE extname = 'vecprov');
	class text;
BEGIN
	FOR class IN
		SELECT format('%I.%I', n.nspname, c.opcname)
		FROM pg_am m JOIN pg_opclass c ON c.opcmethod = m.oid
			JOIN pg_namespace n ON n.oid = c.opcnamespace
		WHERE m.amname = 'vecprov' AND c.opcintype = type
			AND (SELECT refobjid FROM pg_depend WHERE classid = 'pg_opfamily'::regclass AND objid = c.opcfamily AND deptype = 'e') = vecprov
			AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_opclass'::regclass AND objid = c.oid AND deptype = 'e')
		ORDER BY 1
	LOOP
		EXECUTE format('DROP OPERATOR CLASS %s USING vecprov', class);
		RETURN NEXT class;
	END LOOP;
END;
$$;
COMMENT ON FUNCTION vecprov_unadopt(regtype) IS
	'drops the operator classes that vecprov_adopt made over a type, and returns their names';
