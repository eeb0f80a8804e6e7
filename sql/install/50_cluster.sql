-- More data than one server has: partitions of a table on several servers, by postgres_fdw.
--
-- postgres_fdw connects, as the caller's user mapping, and cancels what is no longer wanted. A plain SELECT from
-- the partitioned table is planned as a Merge Append, which asks one server after another for its rows in order,
-- without a LIMIT. Here each partition is a SELECT with an ORDER BY and a LIMIT, which postgres_fdw sends along,
-- below an Append, which waits for all servers at the same time.
--
-- All that is executed is executed as the caller. The parts get each other's results from vecprov_search_cluster:
-- they run with a search_path in which they would not find each other.

CREATE FUNCTION vecprov_cluster_filter(index regclass, filter text, params text[]) RETURNS text
	AS 'MODULE_PATHNAME', 'vecprov_cluster_filter' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_cluster_filter(regclass, text, text[]) IS
	'a part of vecprov_search_cluster: the filter with the values of its parameters and all names qualified';

CREATE FUNCTION vecprov_cluster_partitions(index oid, filter text, columns text[],
	OUT "table" regclass, OUT server name, OUT search text, OUT content text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	form record;
	condition text;
	plan jsonb;
	wanted regclass[];
	unfit record;
	names text;
	distance text;
BEGIN
	IF index IS NULL THEN
		RETURN;
	END IF;
	SELECT i.indrelid::regclass AS parent, c.relname, c.relkind, o.opcintype::regtype AS type, p.typname, e.extname,
		pg_get_indexdef(index, 1, false) AS value, pg_get_expr(i.indpred, i.indrelid) AS predicate,
		format('OPERATOR(%I.%s)', n.nspname, r.oprname) AS operator
	INTO STRICT form
	FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_opclass o ON o.oid = i.indclass[0]
		JOIN pg_type p ON p.oid = o.opcintype
		JOIN pg_amop a ON a.amopfamily = o.opcfamily AND a.amoplefttype = o.opcintype AND a.amopstrategy = 1
		JOIN pg_operator r ON r.oid = a.amopopr JOIN pg_namespace n ON n.oid = r.oprnamespace
		LEFT JOIN pg_depend d ON d.classid = 'pg_operator'::regclass AND d.objid = r.oid AND d.deptype = 'e'
		LEFT JOIN pg_extension e ON e.oid = d.refobjid
	WHERE i.indexrelid = index;
	IF form.relkind <> 'I' THEN
		RAISE EXCEPTION 'index "%" is not that of a partitioned table', form.relname USING
			ERRCODE = 'wrong_object_type', HINT = 'Use vecprov_search.';
	ELSIF form.typname NOT IN ('vector', 'halfvec') THEN
		RAISE EXCEPTION 'index "%" is of type %, which a vector cannot be searched for in', form.relname, form.type USING
			ERRCODE = 'datatype_mismatch';
	ELSIF row_security_active(form.parent) THEN
		RAISE EXCEPTION 'row security of table "%" does not hold for its partitions', form.parent USING
			ERRCODE = 'insufficient_privilege',
			DETAIL = 'vecprov_search_cluster searches the partitions, where only policies of their own hold.',
			HINT = 'Give the policies to the partitions, or to their tables on the other servers; or use SELECT.';
	END IF;
	condition := nullif(concat_ws(' AND ', '(' || filter || ')', '(' || form.predicate || ')'), '');

	-- the plan tells which partitions can have such rows, and what other servers do not evaluate
	IF condition IS NULL THEN
		wanted := ARRAY(SELECT p.relid FROM pg_partition_tree(form.parent) p WHERE p.isleaf);
	ELSE
		EXECUTE format('EXPLAIN (FORMAT json, VERBOSE, COSTS off) SELECT FROM %s AS t WHERE %s', form.parent, condition)
			INTO plan;
		IF jsonb_path_exists(plan, 'strict $.** ? (@."Node Type" == "Foreign Scan" && exists (@."Filter"))') THEN
			RAISE EXCEPTION 'filter cannot be evaluated by other servers' USING
				ERRCODE = 'feature_not_supported',
				DETAIL = format('All rows would have to be sent here, for this: %s',
					jsonb_path_query_first(plan, 'strict $.** ? (@."Node Type" == "Foreign Scan")."Filter"') #>> '{}'),
				HINT = 'Use built-in immutable functions and operators, and those of extensions that OPTIONS (extensions …) of the servers name.';
		END IF;
		wanted := ARRAY(SELECT format('%I.%I', node ->> 'Schema', node ->> 'Relation Name')::regclass
			FROM jsonb_path_query(plan, 'strict $.** ? (exists (@."Relation Name"))') node);
	END IF;

	SELECT s.srvname, o.options INTO unfit
	FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
		JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
		JOIN pg_proc h ON h.oid = w.fdwhandler AND h.proname = 'postgres_fdw_handler'
		CROSS JOIN LATERAL (
			-- the table's come last, and hold
			SELECT coalesce(jsonb_object_agg(x.option_name, x.option_value), '{}') AS options
			FROM (SELECT * FROM pg_options_to_table(s.srvoptions) UNION ALL SELECT * FROM pg_options_to_table(f.ftoptions)) x
		) o
	WHERE f.ftrelid = ANY (wanted) AND NOT (coalesce((o.options ->> 'async_capable')::boolean, false) AND
		form.extname = ANY (string_to_array(translate(coalesce(o.options ->> 'extensions', ''), ' "', ''), ',')))
	ORDER BY s.srvname LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'server "%" lacks options that searches need', unfit.srvname USING
			ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = 'Without extensions it would send all its rows here; without async_capable others would wait for it.',
			HINT = format('ALTER SERVER %I OPTIONS (%s async_capable ''true'', %s extensions %L);', unfit.srvname,
				CASE WHEN unfit.options ? 'async_capable' THEN 'SET' ELSE 'ADD' END,
				CASE WHEN unfit.options ? 'extensions' THEN 'SET' ELSE 'ADD' END,
				concat_ws(', ', unfit.options ->> 'extensions', form.extname));
	END IF;

	SELECT string_agg(format('t.%I AS c%s, ', c.name, c.place), '' ORDER BY c.place),
		string_agg(format('f.c%s AS %I', c.place, c.name), ', ' ORDER BY c.place)
	INTO names, content
	FROM unnest(coalesce(columns, ARRAY(SELECT a.attname FROM pg_attribute a
		WHERE a.attrelid = form.parent AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)))
		WITH ORDINALITY c (name, place);
	distance := format('%s %s $1::%s', form.value, form.operator, form.type);
	FOR "table", server, search IN
		SELECT w.id, s.srvname, format('(SELECT %s AS place, %s%s AS distance FROM ONLY %s AS t%s ORDER BY %s LIMIT $2)',
			w.place, names, distance, w.id, ' WHERE ' || condition, distance)
		FROM unnest(wanted) WITH ORDINALITY w (id, place)
			LEFT JOIN pg_foreign_table f ON f.ftrelid = w.id LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
		ORDER BY w.place
	LOOP
		RETURN NEXT;
	END LOOP;
END;
$$;
COMMENT ON FUNCTION vecprov_cluster_partitions(oid, text, text[]) IS
	'a part of vecprov_search_cluster: the partitions that can have rows, their servers (null: this one), the SELECT that searches each, and the list of columns';

CREATE FUNCTION vecprov_cluster_rows(query text, k integer, tables regclass[], servers name[], searches text[], content text,
	partial boolean, OUT rank integer, OUT server name, OUT "table" regclass, OUT "row" jsonb, OUT distance double precision,
	OUT missing name[])
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE ROWS 10
	SET search_path = pg_catalog, pg_temp
	SET vecprov.foreign_limit = on
AS $$
DECLARE
	head constant text := E'WITH found AS MATERIALIZED (\n';
	separator constant text := E'\nUNION ALL ';
	tail constant text := E')\nSELECT array_agg(n.place) AS places, array_agg(n."row") AS contents, ' ||
		E'array_agg(n.distance) AS distances\n' ||
		'FROM (SELECT f.place, (SELECT to_jsonb(r) FROM (SELECT ' || coalesce(content, '') || E') r) AS "row", f.distance\n' ||
		'FROM found f WHERE f.distance IS NOT NULL ORDER BY f.distance LIMIT $2) n';
	places integer[];
	contents jsonb[];
	distances double precision[];
	found record;
	others name[];
	parts text[];
	statement text;
	answers integer := 0;
	message text;
	detail text;
	context text;
BEGIN
	missing := '{}';
	IF query IS NULL OR k IS NULL THEN
		RETURN;
	ELSIF k NOT BETWEEN 1 AND 10000 THEN
		RAISE EXCEPTION 'k must be between 1 and %, not %', 10000, k USING ERRCODE = 'invalid_parameter_value';
	ELSIF tables IS NULL THEN
		RETURN;
	ELSIF partial IS NOT TRUE THEN
		-- no block with EXCEPTION: its savepoint would be one more round trip to each server
		EXECUTE head || array_to_string(searches, separator) || tail INTO places, contents, distances USING query, k;
	ELSE
		-- Learns which servers are there: a transaction is begun on each, and nothing asked. A LIMIT of 0 that the other
		-- server knew of would be asked for; pg_backend_pid is not sent.
		FOR server, "table" IN SELECT DISTINCT ON (1) * FROM unnest(servers, tables) s (a, b) WHERE s.a IS NOT NULL LOOP
			BEGIN
				EXECUTE format('SELECT FROM ONLY %s LIMIT 0 * pg_backend_pid()', "table");
			EXCEPTION WHEN connection_exception OR operator_intervention OR insufficient_resources THEN
				GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
				IF SQLSTATE = '57014' THEN
					RAISE;
				END IF;
				message := concat_ws(': ', message, nullif(detail, ''));
				missing := missing || server;
				RAISE WARNING 'server "%" is left out of the answer', server USING DETAIL = message;
			END;
		END LOOP;
		others := ARRAY(SELECT DISTINCT s.name FROM unnest(servers) s (name) WHERE s.name IS NULL OR s.name <> ALL (missing));
		-- all at once; and if this fails, one after another, to learn who it was
		FOR step IN 0 .. cardinality(others) LOOP
			parts := ARRAY(SELECT s.search FROM unnest(servers, searches) WITH ORDINALITY s (name, search, place)
				WHERE CASE WHEN step = 0 THEN s.name IS NULL OR s.name = ANY (others)
					ELSE s.name IS NOT DISTINCT FROM others[step] END ORDER BY s.place);
			CONTINUE WHEN parts = '{}';
			statement := head || array_to_string(parts, separator) || tail;
			BEGIN
				EXECUTE statement INTO found USING query, k;
				places := places || found.places;
				contents := contents || found.contents;
				distances := distances || found.distances;
				answers := answers + 1;
				EXIT WHEN step = 0;
			EXCEPTION WHEN connection_exception OR operator_intervention OR insufficient_resources THEN
				GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, context = PG_EXCEPTION_CONTEXT;
				message := concat_ws(': ', message, nullif(detail, ''));
				-- another server's timeout comes with what it was asked, this one's with nothing but the statement
				IF SQLSTATE = '57014' AND replace(context, statement, '') !~ ' LIMIT \d+::bigint' THEN
					RAISE;
				END IF;
				IF step > 0 AND others[step] IS NULL THEN
					RAISE;
				ELSIF step > 0 THEN
					missing := missing || others[step];
					RAISE WARNING 'server "%" is left out of the answer', others[step] USING DETAIL = message;
				END IF;
			END;
		END LOOP;
		IF answers = 0 THEN
			RAISE EXCEPTION 'no server can be searched' USING ERRCODE = 'connection_exception', DETAIL = message;
		END IF;
	END IF;
	RETURN QUERY SELECT row_number() OVER (ORDER BY f.distance)::integer, servers[f.place], tables[f.place], f."row", f.distance,
			missing
		FROM unnest(places, contents, distances) f (place, "row", distance) ORDER BY f.distance LIMIT k;
END;
$$;
COMMENT ON FUNCTION vecprov_cluster_rows(text, integer, regclass[], name[], text[], text, boolean) IS
	'a part of vecprov_search_cluster: runs the searches of the partitions together, and merges what they find';

CREATE FUNCTION vecprov_search_cluster(index regclass, query vector, k integer, filter text DEFAULT NULL,
	params text[] DEFAULT NULL, columns text[] DEFAULT NULL, partial boolean DEFAULT false)
	RETURNS TABLE (rank integer, server name, "table" regclass, "row" jsonb, distance double precision, missing name[])
	LANGUAGE sql VOLATILE ROWS 10
BEGIN ATOMIC
	SELECT r.rank, r.server, r."table", r."row", r.distance, r.missing
	FROM (
		SELECT pg_catalog.array_agg(p."table") AS tables, pg_catalog.array_agg(p.server) AS servers,
			pg_catalog.array_agg(p.search) AS searches, pg_catalog.min(p.content) AS content
		FROM vecprov_cluster_filter($1, $4, $5) f (condition)
			CROSS JOIN LATERAL vecprov_cluster_partitions($1, f.condition, $6) p
	) p CROSS JOIN LATERAL vecprov_cluster_rows($2::text, $3, p.tables, p.servers, p.searches, p.content, $7) r
	ORDER BY r.rank;
END;
COMMENT ON FUNCTION vecprov_search_cluster(regclass, vector, integer, text, text[], text[], boolean) IS
	'the k nearest rows of all partitions of a table, which may be on other servers: all are asked at once';
