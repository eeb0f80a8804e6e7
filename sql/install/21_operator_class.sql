-- Operator classes of the other types.  None is a default, as pgvector has none for them: where a tool lost
-- the class of an index, an error is better than another distance.  Their support functions say which type's layout is
-- expected, and which metric the operator is.

CREATE FUNCTION vecprov_halfvec_l2_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_halfvec_l2_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_halfvec_l2_metric() IS 'type and metric of halfvec_l2_ops';

CREATE OPERATOR CLASS halfvec_l2_ops
	FOR TYPE halfvec USING vecprov AS
	OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_halfvec_l2_metric();
COMMENT ON OPERATOR CLASS halfvec_l2_ops USING vecprov IS 'Euclidean distance';

CREATE FUNCTION vecprov_halfvec_ip_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_halfvec_ip_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_halfvec_ip_metric() IS 'type and metric of halfvec_ip_ops';

CREATE OPERATOR CLASS halfvec_ip_ops
	FOR TYPE halfvec USING vecprov AS
	OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_halfvec_ip_metric();
COMMENT ON OPERATOR CLASS halfvec_ip_ops USING vecprov IS 'inner product, the largest first';

CREATE FUNCTION vecprov_halfvec_cosine_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_halfvec_cosine_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_halfvec_cosine_metric() IS 'type and metric of halfvec_cosine_ops';

CREATE OPERATOR CLASS halfvec_cosine_ops
	FOR TYPE halfvec USING vecprov AS
	OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_halfvec_cosine_metric();
COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING vecprov IS 'cosine distance';

CREATE FUNCTION vecprov_halfvec_l1_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_halfvec_l1_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_halfvec_l1_metric() IS 'type and metric of halfvec_l1_ops';

CREATE OPERATOR CLASS halfvec_l1_ops
	FOR TYPE halfvec USING vecprov AS
	OPERATOR 1 <+> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_halfvec_l1_metric();
COMMENT ON OPERATOR CLASS halfvec_l1_ops USING vecprov IS 'taxicab distance';

CREATE FUNCTION vecprov_sparsevec_l2_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_sparsevec_l2_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_sparsevec_l2_metric() IS 'type and metric of sparsevec_l2_ops';

CREATE OPERATOR CLASS sparsevec_l2_ops
	FOR TYPE sparsevec USING vecprov AS
	OPERATOR 1 <-> (sparsevec, sparsevec) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_sparsevec_l2_metric();
COMMENT ON OPERATOR CLASS sparsevec_l2_ops USING vecprov IS 'Euclidean distance';

CREATE FUNCTION vecprov_sparsevec_ip_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_sparsevec_ip_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_sparsevec_ip_metric() IS 'type and metric of sparsevec_ip_ops';

CREATE OPERATOR CLASS sparsevec_ip_ops
	FOR TYPE sparsevec USING vecprov AS
	OPERATOR 1 <#> (sparsevec, sparsevec) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_sparsevec_ip_metric();
COMMENT ON OPERATOR CLASS sparsevec_ip_ops USING vecprov IS 'inner product, the largest first';

CREATE FUNCTION vecprov_sparsevec_cosine_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_sparsevec_cosine_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_sparsevec_cosine_metric() IS 'type and metric of sparsevec_cosine_ops';

CREATE OPERATOR CLASS sparsevec_cosine_ops
	FOR TYPE sparsevec USING vecprov AS
	OPERATOR 1 <=> (sparsevec, sparsevec) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_sparsevec_cosine_metric();
COMMENT ON OPERATOR CLASS sparsevec_cosine_ops USING vecprov IS 'cosine distance';

CREATE FUNCTION vecprov_sparsevec_l1_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_sparsevec_l1_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_sparsevec_l1_metric() IS 'type and metric of sparsevec_l1_ops';

CREATE OPERATOR CLASS sparsevec_l1_ops
	FOR TYPE sparsevec USING vecprov AS
	OPERATOR 1 <+> (sparsevec, sparsevec) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_sparsevec_l1_metric();
COMMENT ON OPERATOR CLASS sparsevec_l1_ops USING vecprov IS 'taxicab distance';

CREATE FUNCTION vecprov_bit_hamming_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_bit_hamming_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_bit_hamming_metric() IS 'type and metric of bit_hamming_ops';

CREATE OPERATOR CLASS bit_hamming_ops
	FOR TYPE bit USING vecprov AS
	OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_bit_hamming_metric();
COMMENT ON OPERATOR CLASS bit_hamming_ops USING vecprov IS 'Hamming distance';

CREATE FUNCTION vecprov_bit_jaccard_metric() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_bit_jaccard_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_bit_jaccard_metric() IS 'type and metric of bit_jaccard_ops';

CREATE OPERATOR CLASS bit_jaccard_ops
	FOR TYPE bit USING vecprov AS
	OPERATOR 1 <%> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_bit_jaccard_metric();
COMMENT ON OPERATOR CLASS bit_jaccard_ops USING vecprov IS 'Jaccard distance';
