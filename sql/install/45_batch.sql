-- Many searches at once.

CREATE FUNCTION vecprov_search(index regclass, queries vector[], k integer,
	filter text DEFAULT NULL, ef_search integer DEFAULT NULL, params text[] DEFAULT NULL,
	OUT query integer, OUT rank integer, OUT ctid tid, OUT distance double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_search' LANGUAGE C VOLATILE
	ROWS 10000;
COMMENT ON FUNCTION vecprov_search(regclass, vector[], integer, text, integer, text[]) IS
	'the k nearest rows to each of many vectors: by all replicas of an index at once, or with a filter by the session';
