/*-------------------------------------------------------------------------
 *
 * form.h
 *	  The types that can be indexed: what a build, an insert, a scan and a
 *	  check need to know of each, as one table of functions.
 *
 * An operator class says by its support function which form its type has, and
 * which metric its operator is; the metapage remembers both.  No function of
 * the type itself is called, so the same classes serve a type of another
 * extension that has the same layout.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_FORM_H
#define VP_FORM_H

#include "utils/relcache.h"

#include "kernel/codec.h"
#include "page/format.h"

/*
 * The support function of an operator class: it says which form and metric the
 * class has.
 */
#define VP_METRIC_PROC	1
#define VP_NPROCS		2		/* the other one is of keys: key/key.h */

/* What it returns. */
#define VP_OPCLASS(form, metric)	((form) << 8 | (metric))

/* A value of the indexed column, detoasted. */
typedef struct varlena VpValue;

typedef struct VpForm
{
	const char *lengths;		/* what two values can differ in, for messages */
	uint32		max_dims;

	/*
	 * Values have no common size: exact ones stand in the table alone, and
	 * what `rotate` makes points into the elements.
	 */
	bool		in_table;

	int			(*dims) (const VpValue *value);

	/*
	 * Where the elements begin: vector_bytes of them, where the metapage says
	 * so.
	 */
	const void *(*elements) (const VpValue *value);

	/* What a value counts in the size of a record. */
	uint32		(*record_bytes) (const VpValue *value);

	/* Is it zero everywhere?  Such a one has no direction. */
	bool		(*is_zero) (const VpValue *value);

	/*
	 * Sets bits, code_bytes, vector_bytes and mean_floats of a metapage that
	 * has dims, metric and m.
	 */
	void		(*lay_out) (VpMeta *meta);

	/* Makes the codec of such an index; signs and mean may be NULL. */
	void		(*init_codec) (VpCodec *codec, const VpMeta *meta,
							   const uint32 *signs, const float *mean);

	/*
	 * Makes of elements what the codec encodes, codec->rotated_bytes large;
	 * raw: the mean left in.  Pure C: threads of a build call it.
	 */
	void		(*rotate) (const VpCodec *codec, const VpMeta *meta, const void *elements,
						   void *rotated, bool raw);

	/*
	 * The exact distance of two values' elements, ordered as the operator
	 * orders.
	 */
	double		(*distance) (const VpMeta *meta, const void *a, const void *b);
} VpForm;

extern const VpForm *vp_form(VpFormKind kind);

/* What the operator class says of an index that is being made. */
extern void vp_form_find(Relation rel, VpFormKind *form, VpMetric *metric);

/*
 * Where the exact vector stands in the table alone, the code ends with a hash
 * of it, by which equal ones are told.  Writes that behind what the codec has
 * written.
 */
extern uint64 vp_value_hash(const VpValue *value);

static inline void
vp_code_seal(const VpCodec *codec, const VpMeta *meta, uint8 *code, uint64 hash)
{
	if (codec->code_bytes < meta->code_bytes)
		memcpy(code + codec->code_bytes, &hash, sizeof(hash));
}

/*
 * A column's value, detoasted: to be freed by vp_value_free when it was copied
 * for that.
 */
extern const VpValue *vp_value_get(Datum datum);
extern void vp_value_free(const VpValue *value, Datum datum);

/* Is this value to be indexed?  ereports when it has the wrong dimensions. */
extern bool vp_value_accepted(const VpMeta *meta, const VpValue *value);

#endif							/* VP_FORM_H */
