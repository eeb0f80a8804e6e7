-- Many searches at once.

CREATE FUNCTION vecprov_search(index regclass, queries vector[], k integer,
	filter text DEFAULT NULL, ef_search integer DEFAULT NULL, params text[] DEFAULT NULL,
	OUT query integer, OUT rank integer, OUT ctid tid, OUT distance double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_search' LANGUAGE C VOLATILE
	ROWS 10000;
COMMENT ON FUNCTION vecprov_search(regclass, vector[], integer, text, integer, text[]) IS
	'the k nearest rows to each of many vectors: by all replicas of an index at once, or with a filter by the session';

CREATE FUNCTION vecprov_search_values(index regclass, queries anyarray, k integer,
	filter text DEFAULT NULL, ef_search integer DEFAULT NULL, params text[] DEFAULT NULL,
	OUT query integer, OUT rank integer, OUT ctid tid, OUT distance double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_search_values' LANGUAGE C VOLATILE
	ROWS 10000;
COMMENT ON FUNCTION vecprov_search_values(regclass, anyarray, integer, text, integer, text[]) IS
	'vecprov_search for values of the index''s own type: vector, halfvec, sparsevec or bit';

CREATE FUNCTION vecprov_search_partitions(index regclass, queries vector[], k integer,
	filter text DEFAULT NULL, ef_search integer DEFAULT NULL, params text[] DEFAULT NULL)
	RETURNS TABLE (query integer, rank integer, "table" regclass, ctid tid, distance double precision)
	LANGUAGE sql VOLATILE ROWS 10000
BEGIN ATOMIC
	SELECT r.query, r.rank::integer, r."table", r.ctid, r.distance
	FROM (
		SELECT s.query, pg_catalog.row_number() OVER (PARTITION BY s.query ORDER BY s.distance) AS rank,
			l."table", s.ctid, s.distance
		FROM vecprov_leaves($1) l CROSS JOIN LATERAL vecprov_search(l.leaf, $2, $3, $4, $5, $6) s
	) r WHERE r.rank <= $3 ORDER BY r.query, r.rank;
END;
COMMENT ON FUNCTION vecprov_search_partitions(regclass, vector[], integer, text, integer, text[]) IS
	'the k nearest rows of all partitions to each of many vectors: vecprov_search of each, merged';
