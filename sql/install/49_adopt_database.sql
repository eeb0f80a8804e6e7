-- Each index of a pgvector that is installed beside vecprov, and the statements that put one of vecprov
-- in its place, compare the two, and go back.

CREATE FUNCTION vecprov_compare(index regclass, other regclass, k integer DEFAULT 10, samples integer DEFAULT 100,
	OUT recall double precision, OUT other_recall double precision)
	AS 'MODULE_PATHNAME', 'vecprov_compare' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_compare(regclass, regclass, integer, integer) IS
	'recall of an index, and of another extension''s on the same column, for the same queries under the settings of now';

-- The name of an index that is made in place of another: of the same stem.  Names end at 63 bytes, wherever
-- that is in a character.
CREATE FUNCTION vecprov_replacement_name(index oid) RETURNS text LANGUAGE sql STABLE STRICT
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT name FROM (
			SELECT stem || '_vecprov' || coalesce(nullif(n, 1)::text, '') AS name, n, c.relnamespace
			FROM pg_class c,
				LATERAL (SELECT left(c.relname::text, l) AS stem FROM generate_series(1, 63) l
					WHERE octet_length(left(c.relname::text, l)) <= 52 ORDER BY l DESC LIMIT 1) s,
				generate_series(1, 999) n
			WHERE c.oid = $1
		) x
		-- one that a build left behind is made again
		WHERE NOT EXISTS (SELECT FROM pg_class t LEFT JOIN pg_index i ON i.indexrelid = t.oid AND NOT i.indisvalid
			WHERE t.relnamespace = x.relnamespace AND t.relname = x.name
				AND i.indrelid IS DISTINCT FROM (SELECT o.indrelid FROM pg_index o WHERE o.indexrelid = $1))
		ORDER BY n LIMIT 1;
	END;
COMMENT ON FUNCTION vecprov_replacement_name(oid) IS
	'a name for the index that vecprov_adopt_database puts in the place of this one';

-- What follows the name in CREATE INDEX.
CREATE FUNCTION vecprov_replacement_definition(index oid) RETURNS text LANGUAGE sql STABLE STRICT
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT regexp_replace(regexp_replace(left(d.rest, length(d.rest) - length(d.predicate)),
				' USING (hnsw|ivfflat) \(', ' USING vecprov ('),
				' WITH \(lists=[^)]*\)$', '') ||
			coalesce(' TABLESPACE ' || quote_ident(s.spcname), '') || d.predicate
		FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace,
			LATERAL (SELECT substr(pg_get_indexdef(c.oid), length(format('CREATE INDEX %I ', c.relname)) + 1) AS rest,
				coalesce(' WHERE ' || pg_get_expr(i.indpred, i.indrelid), '') AS predicate) d
		WHERE c.oid = $1;
	END;
COMMENT ON FUNCTION vecprov_replacement_definition(oid) IS
	'the definition of the index that vecprov_adopt_database puts in the place of this one';

-- What an index replaces is in its comment, so that it can be made again when it is gone.  It is
-- not to be dropped before there is another in its place.
CREATE FUNCTION vecprov_adopt_database(OUT "table" regclass, OUT index text, OUT step text, OUT statement text)
	RETURNS SETOF record LANGUAGE sql VOLATILE
	SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH extension AS (
		SELECT extnamespace::regnamespace::text AS schema FROM pg_extension WHERE extname = 'vecprov'
	), ours AS MATERIALIZED (
		SELECT c.oid, c.relname, c.relkind, c.relispartition, i.indrelid, i.indisvalid, substr(d.description, 14) AS definition
		FROM pg_class c JOIN pg_am a ON a.oid = c.relam JOIN pg_index i ON i.indexrelid = c.oid
			JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
		WHERE a.amname = 'vecprov' AND (i.indisvalid OR c.relkind = 'I') AND starts_with(d.description, 'in place of: ')
			-- whoever owns an index writes its comment, and it is going to be executed: one statement, on the index's table
			AND substr(d.description, 14) ~ '^CREATE INDEX [^;]* USING (hnsw|ivfflat) \([^;]*$'
			AND (strpos(d.description, format(' ON %s USING ', i.indrelid::regclass)) > 0 OR
				strpos(d.description, format(' ON ONLY %s USING ', i.indrelid::regclass)) > 0)
	), theirs AS MATERIALIZED (
		SELECT c.oid, c.relname, c.relkind, c.relispartition, i.indrelid, pg_get_indexdef(c.oid) AS definition,
			CASE WHEN c.relkind = 'i' THEN 'CONCURRENTLY ' ELSE '' END AS concurrently,
			p.inhparent AS parent, coalesce(pg_partition_root(c.oid), c.oid) AS root,
			(SELECT count(*) FROM pg_partition_ancestors(c.oid)) AS depth, i.indclass[0] AS class,
			n.nspname, o.oid AS made, o.indisvalid, coalesce(o.relname, vecprov_replacement_name(c.oid)) AS new_name
		FROM pg_class c JOIN pg_am a ON a.oid = c.relam JOIN pg_index i ON i.indexrelid = c.oid
			JOIN pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN pg_inherits p ON p.inhrelid = c.oid
			LEFT JOIN ours o ON o.indrelid = i.indrelid AND o.definition = pg_get_indexdef(c.oid)
		WHERE a.amname IN ('hnsw', 'ivfflat') AND (i.indisvalid OR c.relkind = 'I') AND c.relpersistence <> 't'
	), named AS (
		SELECT t.*, format('%I.%I', t.nspname, t.new_name) AS new FROM theirs t
	), line AS (
		SELECT 1 AS place, NULL::oid AS relid, '' AS root, 0 AS depth, o.opcintype::regtype::text AS name, 'adopt' AS step, 0 AS number,
			format('SELECT %s.vecprov_adopt(%L)', e.schema, o.opcintype::regtype) AS statement
		FROM (SELECT DISTINCT c.opcintype FROM theirs t JOIN pg_opclass c ON c.oid = t.class
			WHERE NOT EXISTS (SELECT FROM pg_opclass v JOIN pg_am m ON m.oid = v.opcmethod
				WHERE m.amname = 'vecprov' AND v.opcname = c.opcname AND v.opcnamespace = c.opcnamespace
					AND v.opcintype = c.opcintype)) o, extension e
		UNION ALL
		SELECT 2, t.indrelid, t.root::regclass::text, -t.depth, t.relname, s.step, s.number, s.statement
		FROM named t, extension e, LATERAL (VALUES
			('create', 1, CASE WHEN t.made IS NULL AND to_regclass(t.new) IS NOT NULL THEN
				format('DROP INDEX %s%s', t.concurrently, t.new) END),
			('create', 2, CASE WHEN t.made IS NULL THEN
				format('CREATE INDEX %s%I %s', t.concurrently, t.new_name, vecprov_replacement_definition(t.oid)) END),
			('create', 3, CASE WHEN t.made IS NULL THEN
				format('COMMENT ON INDEX %s IS %L', t.new, 'in place of: ' || t.definition) END),
			('compare', 5, CASE WHEN t.relkind = 'i' THEN
				format('SELECT * FROM %s.vecprov_compare(%L, %L)', e.schema, t.new, t.oid::regclass) END),
			('drop', 6, CASE WHEN NOT t.relispartition AND t.indisvalid THEN
				format('DROP INDEX %s%s', t.concurrently, t.oid::regclass) END),
			('back', 7, CASE WHEN NOT t.relispartition THEN
				format('DROP INDEX %sIF EXISTS %s', t.concurrently, t.new) END)) s (step, number, statement)
		UNION ALL
		SELECT 2, w.indrelid, w.root::regclass::text, -w.depth, w.relname, 'create', 4,
			format('ALTER INDEX %s ATTACH PARTITION %s', w.new, t.new)
		FROM named t JOIN named w ON w.oid = t.parent
		WHERE NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = t.made)
		UNION ALL
		SELECT 3, o.indrelid, '', 0, o.relname, 'back', s.number, s.statement
		FROM ours o, LATERAL (VALUES
			(1, CASE WHEN o.relkind = 'i' THEN regexp_replace(o.definition, '^CREATE INDEX ', 'CREATE INDEX CONCURRENTLY ')
				ELSE regexp_replace(o.definition, ' ON ONLY ', ' ON ') END),
			(2, format('DROP INDEX %s%s', CASE WHEN o.relkind = 'i' THEN 'CONCURRENTLY ' END, o.oid::regclass))) s (number, statement)
		WHERE NOT o.relispartition AND NOT EXISTS (SELECT FROM theirs t WHERE t.made = o.oid)
	)
	SELECT l.relid::regclass, l.name, l.step, l.statement FROM line l WHERE l.statement IS NOT NULL
	ORDER BY l.place, l.root, l.depth, l.relid::regclass::text, l.name, l.number, l.statement;
END;
COMMENT ON FUNCTION vecprov_adopt_database() IS
	'for each index of pgvector: the statements that put one of vecprov in its place (adopt, create), compare the two (compare), drop pgvector''s (drop), and go back (back)';
