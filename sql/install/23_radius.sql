-- A condition on the distance as one on the index: the planner puts it there, see src/am/radius.c.

CREATE FUNCTION vecprov.within(anynonarray, double precision) RETURNS boolean
	AS 'MODULE_PATHNAME', 'vecprov_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov.within(anynonarray, double precision) IS 'of the operators vecprov.<@ and vecprov.<@~';

CREATE OPERATOR vecprov.<@ (
	LEFTARG = anynonarray, RIGHTARG = double precision, FUNCTION = vecprov.within
);
COMMENT ON OPERATOR vecprov.<@ (anynonarray, double precision) IS 'in plans: no farther from what the scan is ordered by; else true';

CREATE OPERATOR vecprov.<@~ (
	LEFTARG = anynonarray, RIGHTARG = double precision, FUNCTION = vecprov.within
);
COMMENT ON OPERATOR vecprov.<@~ (anynonarray, double precision) IS 'in plans: no farther from what the scan is ordered by, or at no distance that is a number; else true';

ALTER OPERATOR FAMILY vector_l2_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY vector_ip_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY vector_cosine_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY vector_l1_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY halfvec_l2_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY halfvec_ip_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY halfvec_cosine_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY halfvec_l1_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY sparsevec_l2_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY sparsevec_ip_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY sparsevec_cosine_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY sparsevec_l1_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY bit_hamming_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
ALTER OPERATOR FAMILY bit_jaccard_ops USING vecprov ADD
	OPERATOR 3 vecprov.<@ (anynonarray, double precision),
	OPERATOR 4 vecprov.<@~ (anynonarray, double precision);
