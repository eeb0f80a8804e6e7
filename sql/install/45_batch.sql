-- Many searches at once.

CREATE FUNCTION vecprov_search(index regclass, queries vector[], k integer,
	OUT query integer, OUT rank integer, OUT ctid tid, OUT distance double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'vecprov_search' LANGUAGE C STRICT VOLATILE
	ROWS 10000;
COMMENT ON FUNCTION vecprov_search(regclass, vector[], integer) IS
	'the k nearest rows to each of many vectors, by all replicas of an index at once';
