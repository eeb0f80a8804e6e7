-- What of the server and the database is in the way, and what to type.
--
-- It has to answer where all else fails: the library is not loaded, or another version of it; an index is
-- damaged, or locked.  So each part runs in a block of its own, and an error becomes a row.

CREATE FUNCTION vecprov_library(OUT version text, OUT preloaded boolean, OUT huge_pages boolean)
	AS 'MODULE_PATHNAME', 'vecprov_library' LANGUAGE C STABLE;
COMMENT ON FUNCTION vecprov_library() IS
	'version of the library; has the server loaded it at its start; is shared memory made of huge pages?';

CREATE FUNCTION vecprov_index_layout(index oid, OUT format integer, OUT newest integer, OUT search bigint)
	AS 'MODULE_PATHNAME', 'vecprov_index_layout' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_index_layout(oid) IS
	'version of an index''s format, and the newest there is; bytes that searches need. Null if it cannot be looked at now';

CREATE FUNCTION vecprov_doctor_indexes(OUT item text, OUT state text, OUT advice text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vecprov');
	block_size constant bigint := current_setting('block_size');
	index record;
	layout record;
	fact record;
	part text;
	parts text[];
	searched bigint := 0;
	buffers bigint;
BEGIN
	SELECT setting::bigint * block_size INTO buffers FROM pg_settings WHERE name = 'shared_buffers';
	FOR index IN
		SELECT c.oid, c.oid::regclass AS name, i.indrelid::regclass AS "table", i.indisvalid,
			quote_literal(c.oid::regclass) AS literal, t.reltuples,
			NOT has_parameter_privilege(c.relowner, 'vecprov.provision', 'SET') AS no_right, c.relowner
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
			JOIN pg_class t ON t.oid = i.indrelid
		WHERE a.amname = 'vecprov' AND c.relkind = 'i' AND NOT pg_is_other_temp_schema(c.relnamespace)
		ORDER BY c.oid::regclass::text
	LOOP
		item := 'index ' || index.name;
		IF NOT index.indisvalid THEN
			state := CASE WHEN EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = index.oid)
				THEN 'is being built' ELSE 'not valid: a build of it, CONCURRENTLY, has failed or was cancelled' END;
			advice := CASE WHEN state LIKE 'not%' THEN format('REINDEX INDEX CONCURRENTLY %s;', index.name) END;
			RETURN NEXT;
		END IF;
		IF index.reltuples < 0 THEN
			state := format('table %s was never analyzed: the planner guesses', index."table");
			advice := format('ANALYZE %s;', index."table");
			RETURN NEXT;
		END IF;
		BEGIN
			EXECUTE format('SELECT * FROM %s.vecprov_index_layout($1)', schema) INTO layout USING index.oid;
			searched := searched + coalesce(layout.search, 0);
			IF layout.format < layout.newest THEN
				state := format('format %s, which an earlier version made: it works, and rebuilt it has what format %s brings',
					layout.format, layout.newest);
				advice := format('REINDEX INDEX CONCURRENTLY %s;', index.name);
				RETURN NEXT;
			END IF;
			EXECUTE format('SELECT f.mode, f.advice, coalesce(f.error, r.error) AS error, r.state, f.tier FROM %1$s.vecprov_facts($1, false) f, %1$s.vecprov_residency($1) r', schema)
				INTO fact USING index.oid;
			IF fact.error IS NOT NULL THEN
				state := fact.error;
				advice := CASE WHEN fact.advice ~ 'REINDEX it' THEN format('REINDEX INDEX %s;', index.name) END;
				RETURN NEXT;
			END IF;
			IF fact.mode = 'provisioned' AND index.no_right THEN
				state := format('provisioned, and role %s may not provision it: only reduce and release it', index.relowner::regrole::text);
				advice := format('GRANT SET ON PARAMETER vecprov.provision TO %s;', index.relowner::regrole);
				RETURN NEXT;
			END IF;
			FOREACH part IN ARRAY coalesce(string_to_array(fact.advice, '; '), '{}') LOOP
				state := part;
				advice := CASE
					WHEN part ~ '^set shards' THEN
						format('SELECT %s.vecprov_set_shards(%s, %s);', schema, index.literal, substring(part, '\d+'))
					WHEN part ~ '^set shared_buffers' THEN
						format('ALTER SYSTEM SET shared_buffers = ''%sMB'';  -- then restart the server', substring(part, '\d+'))
					WHEN part ~ '^suspended' THEN
						format('SELECT %s.vecprov_set_replicas(%s, 1);', schema, index.literal)
				END;
				CONTINUE WHEN part ~ '^REINDEX it|^set huge_pages';
				IF part ~ 'which is no key' THEN
					-- it waits where the table is locked, which it was not a moment ago
					parts := regexp_match(pg_get_indexdef(index.oid), ' USING vecprov \((.*?)\)( WITH \(.*| WHERE .*)?$');
					advice := format('CREATE INDEX CONCURRENTLY ON %s USING vecprov (%s, %s)%s;', index."table", parts[1],
						substring(part, '^rows are filtered by (.*), which is no key'), parts[2]);
				END IF;
				RETURN NEXT;
			END LOOP;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS state = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
			advice := nullif(advice, '');
			RETURN NEXT;
		END;
	END LOOP;

	item := 'memory';
	state := format('searches need %s MB of the indexes of this database, shared_buffers is %s MB',
		ceil(searched / 1e6), round(buffers / 1e6));
	advice := CASE WHEN searched > 0.7 * buffers THEN
		format('ALTER SYSTEM SET shared_buffers = ''%sMB'';  -- then restart the server', ceil(searched / 0.7 / 1048576)) END;
	RETURN NEXT;
END;
$$;
COMMENT ON FUNCTION vecprov_doctor_indexes() IS 'what vecprov_doctor tells of the indexes of this database';

CREATE FUNCTION vecprov_doctor_server(library_version text, huge_pages boolean,
	OUT item text, OUT state text, OUT advice text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	extension constant text := (SELECT extversion FROM pg_extension WHERE extname = 'vecprov');
	installed constant text := (SELECT default_version FROM pg_available_extensions WHERE name = 'vecprov');
	pages constant text := current_setting('shared_memory_size_in_huge_pages');
	setting record;
	other record;
BEGIN
	item := 'versions';
	state := format('library %s, extension in this database %s, installed %s', library_version, extension, installed);
	advice := CASE
		WHEN installed <> library_version THEN '-- restart the server, then: ALTER EXTENSION vecprov UPDATE;'
		WHEN extension <> library_version THEN 'ALTER EXTENSION vecprov UPDATE;' END;
	RETURN NEXT;

	item := 'huge pages';
	state := CASE WHEN huge_pages THEN 'shared memory is made of them'
		WHEN huge_pages IS NULL THEN 'not known on this operating system'
		ELSE format('huge_pages is %s, shared memory is not made of them', current_setting('huge_pages')) END;
	-- smaller ones find room in the processor's cache of addresses
	advice := CASE WHEN NOT huge_pages AND pages <> '-1' AND
			(SELECT s.setting::bigint * current_setting('block_size')::bigint >= 1e9 FROM pg_settings s WHERE s.name = 'shared_buffers') THEN
		format('sysctl -w vm.nr_hugepages=%s   # as root; then ALTER SYSTEM SET huge_pages = on, and restart the server', pages) END;
	RETURN NEXT;

	item := 'settings';
	FOR setting IN
		SELECT s.name, s.setting AS value FROM pg_settings s
		WHERE s.name = 'vecprov.server_internals' AND s.setting = 'off'
			OR s.name = 'vecprov.max_provisioned_indexes' AND s.setting = '0'
	LOOP
		state := format('%s is %s', setting.name, setting.value) || CASE setting.name
			WHEN 'vecprov.server_internals' THEN ': searches read pages as other indexes do, which is slower'
			ELSE ': no index is kept in memory' END;
		advice := format('ALTER SYSTEM SET %s = %s;  -- then restart the server', setting.name,
			CASE setting.name WHEN 'vecprov.server_internals' THEN 'on' ELSE '100' END);
		RETURN NEXT;
	END LOOP;
	-- who set pgvector's effort and not ours
	FOR setting IN
		SELECT format('%s%s', CASE WHEN s.setrole <> 0 THEN 'ROLE ' || s.setrole::regrole ELSE 'DATABASE ' || d.name END,
				CASE WHEN s.setrole <> 0 AND s.setdatabase <> 0 THEN ' IN DATABASE ' || d.name END) AS who,
			substring(c, '^hnsw\.ef_search=(\d+)$') AS value
		FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c
			LEFT JOIN (SELECT oid, quote_ident(datname) AS name FROM pg_database) d ON d.oid = s.setdatabase
		WHERE c ~ '^hnsw\.ef_search=\d+$' AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
			AND NOT EXISTS (SELECT FROM unnest(s.setconfig) o WHERE o ~ '^vecprov\.ef_search=')
		ORDER BY 1
	LOOP
		state := format('hnsw.ef_search is %s for %s, and means nothing to vecprov', setting.value, regexp_replace(regexp_replace(regexp_replace(setting.who, '^ROLE', 'role'), '^DATABASE', 'database'), ' IN DATABASE ', ' in database '));
		advice := format('ALTER %s SET vecprov.ef_search = %s;', setting.who, setting.value);
		RETURN NEXT;
	END LOOP;

	item := 'old transactions';
	FOR other IN
		SELECT pid, NULL::text AS gid, xact_start AS since FROM pg_stat_activity
		WHERE backend_type = 'client backend' AND xact_start < now() - interval '1 hour'
		UNION ALL
		SELECT NULL, p.gid, p.prepared FROM pg_prepared_xacts p WHERE p.prepared < now() - interval '1 hour'
		ORDER BY since
	LOOP
		state := format('%s has a transaction since %s: VACUUM cannot have places of deleted rows used again',
			coalesce('process ' || other.pid, 'prepared transaction ' || other.gid), date_trunc('second', other.since));
		advice := coalesce(format('SELECT pg_terminate_backend(%s);', other.pid), '');
		IF other.gid IS NOT NULL THEN
			advice := format('ROLLBACK PREPARED %L;', other.gid);
		END IF;
		RETURN NEXT;
	END LOOP;

	item := 'pgvector';
	SELECT count(*) AS n INTO other FROM pg_class c JOIN pg_am a ON a.oid = c.relam
	WHERE a.amname IN ('hnsw', 'ivfflat') AND c.relkind IN ('i', 'I') AND NOT c.relispartition;
	IF other.n > 0 THEN
		state := format('%s of its indexes in this database', other.n);
		advice := format('SELECT * FROM %s.vecprov_adopt_database();',
			(SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vecprov'));
		RETURN NEXT;
	END IF;
END;
$$;
COMMENT ON FUNCTION vecprov_doctor_server(text, boolean) IS 'what vecprov_doctor tells of server and settings';

CREATE FUNCTION vecprov_doctor_workers(OUT item text, OUT state text, OUT advice text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vecprov');
	worker record;
	wanted integer;
	-- other processes of vecprov and the server: as VP_OTHER_WORKERS
	others constant integer := 6;
BEGIN
	item := 'workers';
	EXECUTE format('SELECT count(*) AS wanted, count(pid) AS running, min(error) AS error FROM %s.vecprov_worker_states()', schema)
		INTO worker;
	wanted := worker.wanted;
	state := format('%s run of %s that the indexes of this database can use', worker.running, wanted) || coalesce(': ' || worker.error, '');
	advice := CASE WHEN worker.error IS NOT NULL THEN concat_ws(' ',
		CASE WHEN current_setting('vecprov.max_workers')::integer < wanted THEN
			format('ALTER SYSTEM SET vecprov.max_workers = %s;', wanted) END,
		CASE WHEN worker.error ~ '^max_worker_processes' OR current_setting('max_worker_processes')::integer < wanted + others THEN
			format('ALTER SYSTEM SET max_worker_processes = %s;  -- then restart the server',
				greatest(wanted + others, current_setting('max_worker_processes')::integer + 1))
			ELSE '-- then SELECT pg_reload_conf()' END) END;
	RETURN NEXT;
END;
$$;
COMMENT ON FUNCTION vecprov_doctor_workers() IS 'what vecprov_doctor tells of worker processes';

CREATE FUNCTION vecprov_doctor(OUT item text, OUT state text, OUT advice text)
	RETURNS SETOF record LANGUAGE plpgsql VOLATILE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vecprov');
	part text;
	library record;
BEGIN
	item := 'library';
	BEGIN
		EXECUTE format('SELECT * FROM %s.vecprov_library()', schema) INTO library;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS state = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
		advice := coalesce(nullif(advice, ''), '-- restart the server');
		RETURN NEXT;
		RETURN;
	END;
	state := CASE WHEN library.preloaded THEN 'loaded when the server started'
		ELSE 'not loaded when the server started: indexes cannot be used' END;
	IF NOT library.preloaded THEN
		-- only some roles see what is there already
		advice := coalesce((SELECT 'ALTER SYSTEM SET shared_preload_libraries = ' ||
				coalesce((SELECT string_agg(quote_literal(trim(e)), ', ') || ', ' FROM unnest(string_to_array(s.setting, ',')) e
					WHERE trim(e) NOT IN ('', 'vecprov')), '') || '''vecprov'';  -- then restart the server'
			FROM pg_settings s WHERE s.name = 'shared_preload_libraries'),
			'-- a superuser tells what to type');
	END IF;
	RETURN NEXT;
	RETURN QUERY EXECUTE format('SELECT * FROM %s.vecprov_doctor_server($1, $2)', schema)
		USING library.version, library.huge_pages;
	IF NOT library.preloaded THEN
		RETURN;
	END IF;
	FOREACH part IN ARRAY ARRAY['workers', 'indexes'] LOOP
		BEGIN
			RETURN QUERY EXECUTE format('SELECT * FROM %s.%I()', schema, 'vecprov_doctor_' || part);
		EXCEPTION WHEN OTHERS THEN
			item := part;
			GET STACKED DIAGNOSTICS state = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
			advice := nullif(advice, '');
			RETURN NEXT;
		END;
	END LOOP;
END;
$$;
COMMENT ON FUNCTION vecprov_doctor() IS
	'what of server, settings and indexes is in the way: a row for each thing that was looked at; advice: what to type, null where all is well';
