-- Looking at an index.

CREATE FUNCTION vecprov_check(index regclass, "full" boolean DEFAULT false,
	OUT block bigint, OUT item bigint, OUT rule text, OUT message text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_check' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_check(regclass, boolean) IS
	'a row for each rule that the index breaks; none when it is sound';
REVOKE EXECUTE ON FUNCTION vecprov_check(regclass, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vecprov_check(regclass, boolean) TO pg_stat_scan_tables;

CREATE FUNCTION vecprov_recall(index regclass, k integer DEFAULT 10, samples integer DEFAULT 100,
	filter text DEFAULT NULL, params text[] DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'vecprov_recall' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_recall(regclass, integer, integer, text, text[]) IS
	'how many of the k exact neighbours of sampled rows the index finds, 0 to 1';

CREATE FUNCTION vecprov_index_bytes(index regclass, OUT total bigint, OUT search bigint)
	AS 'MODULE_PATHNAME', 'vecprov_index_bytes' LANGUAGE C STRICT VOLATILE;
COMMENT ON FUNCTION vecprov_index_bytes(regclass) IS
	'bytes of the index, and of its pages that searches need: graph and codes';

CREATE FUNCTION vecprov_namespaces(index regclass, names text[] DEFAULT NULL,
	OUT namespace text, OUT records bigint, OUT bytes bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_namespaces' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION vecprov_namespaces(regclass, text[]) IS
	'a row for each namespace of the index, or for each of those that are named: its records, and their bytes';
