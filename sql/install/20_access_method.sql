-- The access method and its operator classes.

CREATE FUNCTION vecprov_handler(internal) RETURNS index_am_handler
	AS 'MODULE_PATHNAME', 'vecprov_handler' LANGUAGE C;
COMMENT ON FUNCTION vecprov_handler(internal) IS 'handler of the access method vecprov';

CREATE ACCESS METHOD vecprov TYPE INDEX HANDLER vecprov_handler;
COMMENT ON ACCESS METHOD vecprov IS 'HNSW graphs of vectors, for ORDER BY distance LIMIT k';

-- Support functions: which metric an operator class stands for.

CREATE FUNCTION vecprov_vector_l2_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_vector_l2_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_vector_l2_metric() IS 'metric of vector_l2_ops';

CREATE FUNCTION vecprov_vector_ip_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_vector_ip_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_vector_ip_metric() IS 'metric of vector_ip_ops';

CREATE FUNCTION vecprov_vector_cosine_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_vector_cosine_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_vector_cosine_metric() IS 'metric of vector_cosine_ops';

CREATE FUNCTION vecprov_vector_l1_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_vector_l1_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_vector_l1_metric() IS 'metric of vector_l1_ops';

CREATE OPERATOR CLASS vector_l2_ops
	DEFAULT FOR TYPE vector USING vecprov AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_vector_l2_metric();
COMMENT ON OPERATOR CLASS vector_l2_ops USING vecprov IS 'Euclidean distance';

CREATE OPERATOR CLASS vector_ip_ops
	FOR TYPE vector USING vecprov AS
	OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_vector_ip_metric();
COMMENT ON OPERATOR CLASS vector_ip_ops USING vecprov IS 'inner product, the largest first';

CREATE OPERATOR CLASS vector_cosine_ops
	FOR TYPE vector USING vecprov AS
	OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_vector_cosine_metric();
COMMENT ON OPERATOR CLASS vector_cosine_ops USING vecprov IS 'cosine distance';

CREATE OPERATOR CLASS vector_l1_ops
	FOR TYPE vector USING vecprov AS
	OPERATOR 1 <+> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_vector_l1_metric();
COMMENT ON OPERATOR CLASS vector_l1_ops USING vecprov IS 'taxicab distance';
