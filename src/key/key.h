/*-------------------------------------------------------------------------
 *
 * key.h
 *	  Stored keys: the values of an index's key columns, as unsigned numbers.
 *
 * A key column is any column behind the first.  Its values are stored in 1, 2,
 * 4 or 8 bytes each, so that equal values are stored as equal numbers, and
 * where the form is ordered, smaller values as numbers that are not larger.
 * Several values may be stored as one number.  NULL is stored as all ones, and
 * nothing else is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_KEY_H
#define VP_KEY_H

/*
 * The support function of a key column's operator class: it says which form its
 * keys have.
 */
#define VP_KEY_PROC		2

/*
 * Strategies of its operators: B-tree's five, and <>; those of arrays are
 * others.
 */
#define VP_KEY_NOT_EQUAL	6
#define VP_KEY_STRATEGIES	6

/* What it returns.  The metapage has these numbers: they stay as they are. */
typedef enum VpKeyForm
{
	VP_KEY_BOOL = 1,
	VP_KEY_INT2,
	VP_KEY_INT4,
	VP_KEY_INT8,
	VP_KEY_OID,
	VP_KEY_FLOAT4,
	VP_KEY_FLOAT8,
	VP_KEY_MONEY,
	VP_KEY_DATE,
	VP_KEY_TIME,
	VP_KEY_TIMESTAMP,
	VP_KEY_TIMESTAMPTZ,
	VP_KEY_INTERVAL,
	VP_KEY_NUMERIC,
	VP_KEY_ENUM,				/* by OID, which has no order */
	VP_KEY_UUID,
	VP_KEY_INET,
	VP_KEY_BYTEA,
	VP_KEY_TEXT,
	VP_KEY_BPCHAR,
	VP_KEY_ARRAY,				/* of elements of another form: see array.h */
	VP_NKEYFORMS
} VpKeyForm;

/* The bytes of a key of this form. */
extern int	vp_key_width(VpKeyForm form);

/* All ones: NULL. */
static inline uint64
vp_key_ones(int width)
{
	return ~UINT64CONST(0) >> (64 - 8 * width);
}

/*
 * The stored key of a value of any form but VP_KEY_ARRAY.  Sets *exact if no
 * other value is stored so: no other than those that the type's operators call
 * equal.  May allocate in the current memory context, and frees that.
 */
extern uint64 vp_key_of(VpKeyForm form, Datum value, bool *exact);

/*
 * The value, or NULL, that alone is stored as a key; palloc'd if it is passed
 * by reference.  False if several are, or if the key does not tell what it was.
 */
extern bool vp_key_value(VpKeyForm form, uint64 key, Datum *value, bool *isnull);

/*
 * Text and bytea: the first bytes of a value as the highest bytes of its key,
 * in which keys are ordered by bytes.
 */
#define VP_KEY_PREFIX_BYTES	4

#endif							/* VP_KEY_H */
