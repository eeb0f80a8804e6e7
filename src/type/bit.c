/*-------------------------------------------------------------------------
 *
 * bit.c
 *	  Distances between core's bit strings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include "utils/varbit.h"

#include "kernel/codec.h"

VP_FUNCTION(vecprov_hamming_distance);
VP_FUNCTION(vecprov_jaccard_distance);

static void
check_same_length(VarBit *a, VarBit *b)
{
	if (VARBITLEN(a) != VARBITLEN(b))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different bit lengths %u and %u", VARBITLEN(a), VARBITLEN(b))));
}

/*
 * The number of bits that differ.
 */
Datum
vecprov_hamming_distance(PG_FUNCTION_ARGS)
{
	VarBit	   *a = PG_GETARG_VARBIT_P(0);
	VarBit	   *b = PG_GETARG_VARBIT_P(1);

	check_same_length(a, b);
	PG_RETURN_FLOAT8(vp_bits_distance(VP_METRIC_HAMMING, VARBITS(a), VARBITS(b), VARBITBYTES(a)));
}

/*
 * 1 minus the share that the bits set in both have of those set in either; 1
 * where no bit is set in both.
 */
Datum
vecprov_jaccard_distance(PG_FUNCTION_ARGS)
{
	VarBit	   *a = PG_GETARG_VARBIT_P(0);
	VarBit	   *b = PG_GETARG_VARBIT_P(1);

	check_same_length(a, b);
	PG_RETURN_FLOAT8(vp_bits_distance(VP_METRIC_JACCARD, VARBITS(a), VARBITS(b), VARBITBYTES(a)));
}
