/*-------------------------------------------------------------------------
 *
 * form.c
 *	  The types that can be indexed; see form.h.
 *
 * vector, halfvec: the code is made of floats; the exact vector stands beside,
 * in the type's own elements.
 * bit: the code is the string itself, as long as a node's record fits on a page
 * with it.  A longer one is sampled, and stands beside whole.
 * sparsevec: the code is the largest elements (kernel/sparse.h) and a hash of all;
 * the exact vector is read from its row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/genam.h"
#include "common/hashfn.h"
#include "utils/rel.h"
#include "utils/varbit.h"

#include "page/geometry.h"
#include "search/form.h"
#include "type/halfvec.h"
#include "type/sparsevec.h"
#include "type/vector.h"

/*
 * Bits a dimension of the codes on the pages.  L1 needs more, since no rotation
 * spreads what a vector holds evenly over its dimensions.
 */
#define CODE_BITS		4
#define L1_CODE_BITS	8

/* A vector that is shorter gains nothing from being coded. */
#define MIN_CODED_DIMS	64

#define MAX_BITS		64000

/*
 * Elements of a sparse vector in its code, a multiple of 8: more make it slower and
 * larger, fewer less exact.
 */
#define SPARSE_SLOTS	64

/* Bytes of an element of a sparse vector, as a record's size counts it. */
#define SPARSE_ELEMENT	9

/*----------
 * vector and halfvec
 *----------
 */

/* The code has as many bits as are wanted, or as few as fit. */
static void
dense_lay_out(VpMeta *meta, Size element)
{
	VpMetric	metric = meta->metric;
	uint32		room = vp_geometry_code_room(meta);
	int			bits = metric == VP_METRIC_L1 ? L1_CODE_BITS : CODE_BITS;

	if (meta->dims < MIN_CODED_DIMS)
		bits = 32;
	else
		while (bits > 2 && vp_codec_code_bytes(metric, meta->dims, bits) > (int) room)
			bits /= 2;
	meta->bits = bits;
	meta->code_bytes = vp_codec_code_bytes(metric, meta->dims, bits);
	meta->vector_bytes = meta->dims * element;
	if (vp_codec_sign_words(metric, meta->dims, bits) > 0)
		meta->mean_floats = vp_codec_padded(metric, meta->dims, bits);
}

static void
dense_init_codec(VpCodec *codec, const VpMeta *meta, const uint32 *signs, const float *mean)
{
	vp_codec_init(codec, meta->metric, meta->dims, meta->bits, signs, mean);
}

static inline void
dense_rotate(const VpCodec *codec, const float *x, float *rotated, bool raw)
{
	if (raw)
		vp_codec_rotate_raw(codec, x, rotated);
	else
		vp_codec_rotate(codec, x, rotated);
}

static int
vector_dims(const VpValue *value)
{
	return ((const VpVector *) value)->dim;
}

static const void *
vector_elements(const VpValue *value)
{
	return ((const VpVector *) value)->x;
}

static uint32
vector_record_bytes(const VpValue *value)
{
	return vector_dims(value) * sizeof(float);
}

static bool
vector_is_zero(const VpValue *value)
{
	const VpVector *vector = (const VpVector *) value;

	for (int i = 0; i < vector->dim; i++)
		if (vector->x[i] != 0.0f)
			return false;
	return true;
}

static void
vector_lay_out(VpMeta *meta)
{
	dense_lay_out(meta, sizeof(float));
}

static void
vector_rotate(const VpCodec *codec, const VpMeta *meta, const void *elements, void *rotated,
			  bool raw)
{
	dense_rotate(codec, elements, rotated, raw);
}

static double
vector_distance(const VpMeta *meta, const void *a, const void *b)
{
	return vp_exact_distance(meta->metric, a, b, meta->dims);
}

static int
halfvec_dims(const VpValue *value)
{
	return ((const VpHalfvec *) value)->dim;
}

static const void *
halfvec_elements(const VpValue *value)
{
	return ((const VpHalfvec *) value)->x;
}

static uint32
halfvec_record_bytes(const VpValue *value)
{
	return halfvec_dims(value) * sizeof(VpHalf);
}

static bool
halfvec_is_zero(const VpValue *value)
{
	const VpHalfvec *vector = (const VpHalfvec *) value;

	for (int i = 0; i < vector->dim; i++)
		if (vp_half_to_float(vector->x[i]) != 0.0f)
			return false;
	return true;
}

static void
halfvec_lay_out(VpMeta *meta)
{
	dense_lay_out(meta, sizeof(VpHalf));
}

static void
halfvec_rotate(const VpCodec *codec, const VpMeta *meta, const void *elements, void *rotated,
			   bool raw)
{
	vp_kernel.half_to_float(elements, rotated, meta->dims);
	dense_rotate(codec, rotated, rotated, raw);
}

static double
halfvec_distance(const VpMeta *meta, const void *a, const void *b)
{
	return vp_exact_distance_hh(meta->metric, a, b, meta->dims);
}

/*----------
 * bit
 *----------
 */

static inline int
string_bytes(int dims)
{
	return (dims + BITS_PER_BYTE - 1) / BITS_PER_BYTE;
}

static int
bit_dims(const VpValue *value)
{
	return VARBITLEN(value);
}

static const void *
bit_elements(const VpValue *value)
{
	return VARBITS(value);
}

static uint32
bit_record_bytes(const VpValue *value)
{
	return string_bytes(bit_dims(value));
}

/* Jaccard of empty strings is a distance. */
static bool
bit_is_zero(const VpValue *value)
{
	return false;
}

static void
bit_lay_out(VpMeta *meta)
{
	uint32		room = vp_geometry_code_room(meta);

	meta->bits = 1;
	meta->code_bytes = vp_codec_code_bytes(meta->metric, meta->dims, 1);
	if (meta->code_bytes > room)
	{
		meta->code_bytes = room;
		meta->vector_bytes = string_bytes(meta->dims);
	}
}

static void
bit_init_codec(VpCodec *codec, const VpMeta *meta, const uint32 *signs, const float *mean)
{
	vp_codec_init(codec, meta->metric, Min(meta->dims, meta->code_bytes * BITS_PER_BYTE), 1,
				  NULL, NULL);
}

static void
bit_rotate(const VpCodec *codec, const VpMeta *meta, const void *elements, void *rotated, bool raw)
{
	vp_codec_sample(codec, elements, string_bytes(meta->dims), rotated);
}

static double
bit_distance(const VpMeta *meta, const void *a, const void *b)
{
	return vp_bits_distance(meta->metric, a, b, string_bytes(meta->dims));
}

/*----------
 * sparsevec
 *----------
 */

static int
sparsevec_dims(const VpValue *value)
{
	return ((const VpSparsevec *) value)->dim;
}

/* The value itself. */
static const void *
sparsevec_elements(const VpValue *value)
{
	return value;
}

static uint32
sparsevec_record_bytes(const VpValue *value)
{
	return ((const VpSparsevec *) value)->nnz * SPARSE_ELEMENT;
}

static bool
sparsevec_is_zero(const VpValue *value)
{
	return ((const VpSparsevec *) value)->nnz == 0;
}

static void
sparsevec_lay_out(VpMeta *meta)
{
	meta->code_bytes = vp_sparse_code_bytes(SPARSE_SLOTS) + sizeof(uint64);
	meta->landmark_pages = VP_LANDMARK_PAGES;
}

static void
sparsevec_init_codec(VpCodec *codec, const VpMeta *meta, const uint32 *signs, const float *mean)
{
	/*
	 * as many slots as the index was made with: SPARSE_SLOTS of that time, a
	 * multiple of 8
	 */
	vp_sparse_codec_init(codec, meta->metric,
						 (meta->code_bytes - sizeof(uint64)) / vp_sparse_code_bytes(8) * 8,
						 mean, meta->mean_floats / 2);
}

static void
sparsevec_rotate(const VpCodec *codec, const VpMeta *meta, const void *elements, void *rotated,
				 bool raw)
{
	*(VpSparse *) rotated = vp_sparsevec_elements(elements);
}

static double
sparsevec_distance(const VpMeta *meta, const void *a, const void *b)
{
	VpSparse	x = vp_sparsevec_elements(a);
	VpSparse	y = vp_sparsevec_elements(b);

	return vp_sparse_distance(meta->metric, &x, &y);
}

/*----------
 * All
 *----------
 */

static const VpForm forms[VP_NFORMS] = {
	[VP_FORM_VECTOR] = {
		.lengths = "vector dimensions",
		.max_dims = VP_VECTOR_MAX_DIM,
		.dims = vector_dims,
		.elements = vector_elements,
		.record_bytes = vector_record_bytes,
		.is_zero = vector_is_zero,
		.lay_out = vector_lay_out,
		.init_codec = dense_init_codec,
		.rotate = vector_rotate,
		.distance = vector_distance,
	},
	[VP_FORM_HALFVEC] = {
		.lengths = "halfvec dimensions",
		.max_dims = VP_HALFVEC_MAX_DIM,
		.dims = halfvec_dims,
		.elements = halfvec_elements,
		.record_bytes = halfvec_record_bytes,
		.is_zero = halfvec_is_zero,
		.lay_out = halfvec_lay_out,
		.init_codec = dense_init_codec,
		.rotate = halfvec_rotate,
		.distance = halfvec_distance,
	},
	[VP_FORM_BIT] = {
		.lengths = "bit lengths",
		.max_dims = MAX_BITS,
		.dims = bit_dims,
		.elements = bit_elements,
		.record_bytes = bit_record_bytes,
		.is_zero = bit_is_zero,
		.lay_out = bit_lay_out,
		.init_codec = bit_init_codec,
		.rotate = bit_rotate,
		.distance = bit_distance,
	},
	[VP_FORM_SPARSEVEC] = {
		.lengths = "sparsevec dimensions",
		.max_dims = VP_SPARSEVEC_MAX_DIM,
		.in_table = true,
		.dims = sparsevec_dims,
		.elements = sparsevec_elements,
		.record_bytes = sparsevec_record_bytes,
		.is_zero = sparsevec_is_zero,
		.lay_out = sparsevec_lay_out,
		.init_codec = sparsevec_init_codec,
		.rotate = sparsevec_rotate,
		.distance = sparsevec_distance,
	},
};

const VpForm *
vp_form(VpFormKind kind)
{
	return &forms[kind];
}

/* Which metrics a form has. */
static bool
has_metric(VpFormKind form, VpMetric metric)
{
	if (form == VP_FORM_BIT)
		return metric == VP_METRIC_HAMMING || metric == VP_METRIC_JACCARD;
	return metric >= VP_METRIC_L2 && metric <= VP_METRIC_L1;
}

void
vp_form_find(Relation rel, VpFormKind *form, VpMetric *metric)
{
	int32		said = DatumGetInt32(FunctionCall0Coll(index_getprocinfo(rel, 1, VP_METRIC_PROC),
													   InvalidOid));

	*form = said >> 8;
	*metric = said & 0xFF;
	if (said < 0 || *form >= VP_NFORMS || !has_metric(*form, *metric))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("support function %d of the operator class of index \"%s\" returned %d",
						VP_METRIC_PROC, RelationGetRelationName(rel), said),
				 errdetail("There is no such metric.")));
}

uint64
vp_value_hash(const VpValue *value)
{
	return hash_bytes_extended((const unsigned char *) VARDATA(value),
							   VARSIZE(value) - VARHDRSZ, 0);
}

const VpValue *
vp_value_get(Datum datum)
{
	return PG_DETOAST_DATUM(datum);
}

void
vp_value_free(const VpValue *value, Datum datum)
{
	if ((const void *) value != DatumGetPointer(datum))
		pfree(unconstify(VpValue *, value));
}

bool
vp_value_accepted(const VpMeta *meta, const VpValue *value)
{
	const VpForm *form = vp_form(meta->form);
	int			dims = form->dims(value);

	if (dims != (int) meta->dims)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u dimensions, not %d", meta->dims, dims)));
	/* a vector without a direction has no cosine */
	return meta->metric != VP_METRIC_COSINE || !form->is_zero(value);
}
