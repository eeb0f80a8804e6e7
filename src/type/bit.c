/*-------------------------------------------------------------------------
 *
 * bit.c
 *	  Distances between core's bit strings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "base/compat.h"

#include "port/pg_bitutils.h"
#include "utils/varbit.h"

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

/* Up to eight bytes of a bit string, from byte i on; the bits behind its end are zero. */
static uint64
word_at(VarBit *bits, int i)
{
	uint64		word = 0;

	memcpy(&word, VARBITS(bits) + i, Min(VARBITBYTES(bits) - i, sizeof(word)));
	return word;
}

/*
 * The number of bits that differ.
 */
Datum
vecprov_hamming_distance(PG_FUNCTION_ARGS)
{
	VarBit	   *a = PG_GETARG_VARBIT_P(0);
	VarBit	   *b = PG_GETARG_VARBIT_P(1);
	uint64		differ = 0;

	check_same_length(a, b);
	for (int i = 0; i < VARBITBYTES(a); i += sizeof(uint64))
		differ += pg_popcount64(word_at(a, i) ^ word_at(b, i));
	PG_RETURN_FLOAT8(differ);
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
	uint64		both = 0;
	uint64		either = 0;

	check_same_length(a, b);
	for (int i = 0; i < VARBITBYTES(a); i += sizeof(uint64))
	{
		both += pg_popcount64(word_at(a, i) & word_at(b, i));
		either += pg_popcount64(word_at(a, i) | word_at(b, i));
	}
	PG_RETURN_FLOAT8(both == 0 ? 1 : 1 - both / (double) either);
}
