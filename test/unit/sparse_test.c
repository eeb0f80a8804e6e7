/*-------------------------------------------------------------------------
 *
 * sparse_test.c
 *	  Sparse vectors: exact distances against those of the vectors written out,
 *	  codes against exact distances.
 *
 *-------------------------------------------------------------------------
 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/codec.h"
#include "kernel/sparse.h"
#include "unit.h"

#define MAX_DIMS 3000

static uint64_t seed = 1;

static const VpMetric metrics[] = {
	VP_METRIC_L2, VP_METRIC_IP, VP_METRIC_COSINE, VP_METRIC_L1
};

/* A vector with the given share of elements, also written out. */
typedef struct Both
{
	VpSparse	sparse;
	int32_t		indices[MAX_DIMS];
	float		values[MAX_DIMS];
	float		dense[MAX_DIMS];
} Both;

static void
fill(Both *v, int dims, double share)
{
	memset(v->dense, 0, sizeof(v->dense));
	v->sparse.nnz = 0;
	for (int i = 0; i < dims; i++)
		if (vp_unit_uniform(&seed) < share)
		{
			v->dense[i] = (float) vp_unit_gauss(&seed) + 2;
			v->indices[v->sparse.nnz] = i;
			v->values[v->sparse.nnz++] = v->dense[i];
		}
	v->sparse.indices = v->indices;
	v->sparse.values = v->values;
}

static void
test_exact(void)
{
	static const double shares[] = {0, 0.001, 0.01, 0.1, 0.5, 1};
	static Both a;
	static Both b;

	for (int dims = 1; dims <= MAX_DIMS; dims = dims < 20 ? dims + 1 : dims * 5)
		for (int i = 0; i < 36 * 10; i++)
		{
			fill(&a, dims, shares[i % 6]);
			fill(&b, dims, shares[i / 6 % 6]);
			for (int m = 0; m < 4; m++)
			{
				double		got = vp_sparse_distance(metrics[m], &a.sparse, &b.sparse);
				double		want = vp_exact_distance(metrics[m], a.dense, b.dense, dims);

				VP_CHECK(isnan(want) ? isnan(got) : fabs(got - want) <= 1e-5 * (fabs(want) + 1),
						 "metric %d of %d and %d of %d: %g, not %g", metrics[m], a.sparse.nnz,
						 b.sparse.nnz, dims, got, want);
			}
		}
}

/*----------
 * Codes
 *----------
 */

/* Elements in the order of their indices; room for any vector here. */
typedef struct Vector
{
	VpSparse	sparse;
	int32_t		indices[VP_SPARSE_MAX_NNZ];
	float		values[VP_SPARSE_MAX_NNZ];
} Vector;

static Vector *
new_vector(void)
{
	Vector	   *v = malloc(sizeof(Vector));

	v->sparse.nnz = 0;
	v->sparse.indices = v->indices;
	v->sparse.values = v->values;
	return v;
}

/* nnz elements, each next index up to `gap` further. */
static void
fill_vector(Vector *v, int nnz, int gap)
{
	int32_t		index = -1;

	v->sparse.nnz = nnz;
	for (int i = 0; i < nnz; i++)
	{
		index += 1 + (int32_t) (vp_unit_random(&seed) % (uint64_t) gap);
		v->indices[i] = index;
		v->values[i] = (float) vp_unit_gauss(&seed);
	}
}

typedef struct Coded
{
	uint64_t	code[100];
	VpFactors	factors;
} Coded;

static void
encode(const VpCodec *codec, const VpSparse *v, Coded *coded)
{
	memset(coded->code, 0xFF, sizeof(coded->code));
	vp_codec_encode(codec, v, (uint8_t *) coded->code, &coded->factors);
}

static double
estimate(const VpQuery *query, const Coded *coded)
{
	return vp_query_distance(query, (const uint8_t *) coded->code, &coded->factors);
}

/* What an error of an estimate is measured by. */
static double
size_of(VpMetric metric, const VpSparse *v)
{
	double		sum = 0;

	for (int i = 0; i < v->nnz; i++)
		sum += metric == VP_METRIC_L1 ? fabs(v->values[i]) : (double) v->values[i] * v->values[i];
	return metric == VP_METRIC_COSINE ? 1 : metric == VP_METRIC_L1 ? sum : sqrt(sum);
}

static VpQuery
new_query(const VpCodec *codec)
{
	VpQuery		query = {.codec = codec,.planes = calloc(1, vp_query_bytes(codec))};

	return query;
}

/*
 * All elements have slots: what is lost is the rounding, 1/254 of the largest
 * element on either side.
 */
static void
test_whole_codes(VpMetric metric)
{
	Vector	   *q = new_vector();
	Vector	   *v = new_vector();
	VpCodec		codec;
	VpQuery		query;
	Coded		coded;
	Coded		again;

	vp_sparse_codec_init(&codec, metric, 200, NULL, 0);
	VP_CHECK(codec.code_bytes == 600, "200 slots are %d bytes", codec.code_bytes);
	query = new_query(&codec);
	for (int i = 0; i < 2000; i++)
	{
		double		bound;
		double		exact;

		fill_vector(q, 1 + i % 200, i % 7 ? 3 : 300);
		fill_vector(v, 1 + i * 31 % 200, i % 7 ? 3 : 300);
		encode(&codec, &v->sparse, &coded);
		vp_query_prepare(&codec, &q->sparse, &query);
		exact = vp_sparse_distance(metric, &q->sparse, &v->sparse);
		if (metric == VP_METRIC_L1)
			bound = 0.05 * (size_of(metric, &q->sparse) + size_of(metric, &v->sparse));
		else
			bound = 0.05 * size_of(metric, &q->sparse) * size_of(metric, &v->sparse);
		VP_CHECK(fabs(estimate(&query, &coded) - exact) <= bound,
				 "metric %d, %d and %d elements: %g, not %g", metric, q->sparse.nnz, v->sparse.nnz,
				 estimate(&query, &coded), exact);

		/* The same from the query's code, and of the same vector. */
		encode(&codec, &q->sparse, &again);
		vp_query_from_code(&codec, (const uint8_t *) again.code, &again.factors, &query);
		VP_CHECK(fabs(estimate(&query, &coded) - exact) <= bound,
				 "metric %d, %d and %d elements, codes: %g, not %g", metric, q->sparse.nnz,
				 v->sparse.nnz, estimate(&query, &coded), exact);
		encode(&codec, &q->sparse, &coded);
		VP_CHECK(memcmp(&coded, &again, (size_t) codec.code_bytes) == 0, "codes of one vector");
		exact = vp_sparse_distance(metric, &q->sparse, &q->sparse);
		VP_CHECK(fabs(estimate(&query, &coded) - exact) <=
				 1e-5 * size_of(metric, &q->sparse) * size_of(metric, &q->sparse) + 1e-5,
				 "metric %d, a node and itself: %g, not %g", metric, estimate(&query, &coded),
				 exact);
	}
	free(query.planes);
	free(q);
	free(v);
}

/* The largest elements are kept, and of equal ones the first. */
static void
test_pruning(void)
{
	Vector	   *v = new_vector();
	VpCodec		codec;
	Coded		coded;

	for (int slots = 1; slots <= 200; slots = slots * 2 + 1)
		for (int nnz = 1; nnz <= 1000; nnz = nnz * 3 + slots)
		{
			const uint16_t *hashes = (const uint16_t *) coded.code;
			const int8_t *levels = (const int8_t *) (hashes + slots);
			int			n = 0;

			vp_sparse_codec_init(&codec, VP_METRIC_IP, slots, NULL, 0);
			fill_vector(v, nnz, 60);
			if (nnz % 2)
				for (int i = 0; i < nnz; i++)
					v->values[i] = (float) (i % 3 + 5);
			encode(&codec, &v->sparse, &coded);
			for (int i = 0; i < nnz; i++)
			{
				int			before = 0; /* elements that come first */

				for (int j = 0; j < nnz; j++)
					before += fabsf(v->values[j]) > fabsf(v->values[i]) ||
						(fabsf(v->values[j]) == fabsf(v->values[i]) && j < i);
				if (before >= slots)
					continue;
				VP_CHECK(hashes[n] == v->indices[i], "%d slots, %d elements: %d at %d, not %d",
						 slots, nnz, hashes[n], n, v->indices[i]);
				n++;
			}
			for (; n < slots; n++)
				VP_CHECK(hashes[n] == 0 && levels[n] == 0, "unused slot %d of %d", n, slots);
		}
	free(v);
}

/* One query after another in the same planes: nothing of the former is left. */
static void
test_reuse(VpMetric metric)
{
	Vector	   *v = new_vector();
	VpCodec		codec;
	VpQuery		used;
	Coded		coded;

	vp_sparse_codec_init(&codec, metric, 64, NULL, 0);
	used = new_query(&codec);
	for (int i = 0; i < 50; i++)
	{
		VpQuery		fresh = new_query(&codec);

		fill_vector(v, i % 5 ? 100 : VP_SPARSE_MAX_NNZ, i % 3 ? 10 : 60000);
		encode(&codec, &v->sparse, &coded);
		fill_vector(v, i % 4 ? 100 : VP_SPARSE_MAX_NNZ, i % 3 ? 10 : 60000);
		vp_query_prepare(&codec, &v->sparse, &used);
		vp_query_prepare(&codec, &v->sparse, &fresh);
		VP_CHECK(memcmp(used.planes, fresh.planes, 65536) == 0, "metric %d, query %d", metric, i);
		VP_CHECK(estimate(&used, &coded) == estimate(&fresh, &coded), "metric %d, query %d", metric,
				 i);
		vp_query_from_code(&codec, (const uint8_t *) coded.code, &coded.factors, &used);
		free(fresh.planes);
	}
	free(used.planes);
	free(v);
}

/* Nothing that is stored makes a distance that is no number, but the mark of no vector does. */
static void
test_extremes(VpMetric metric)
{
	static const float values[] = {3.4e38f, -3.4e38f, 1e-45f, 1e-30f, 1, 1e19f};
	Vector	   *v = new_vector();
	VpCodec		codec;
	VpQuery		query;
	Coded		coded[7];

	vp_sparse_codec_init(&codec, metric, 16, NULL, 0);
	query = new_query(&codec);
	for (int i = 0; i < 7; i++)
	{
		fill_vector(v, i == 6 ? 0 : 1000, 1000000);
		for (int j = 0; j < v->sparse.nnz; j++)
			v->values[j] = values[i];
		encode(&codec, &v->sparse, &coded[i]);
		for (int j = 0; j <= i; j++)
		{
			vp_query_prepare(&codec, &v->sparse, &query);
			VP_CHECK(isfinite(estimate(&query, &coded[j])), "metric %d, values %d and %d: %g",
					 metric, i, j, estimate(&query, &coded[j]));
			vp_query_from_code(&codec, (const uint8_t *) coded[i].code, &coded[i].factors, &query);
			VP_CHECK(isfinite(estimate(&query, &coded[j])), "metric %d, codes %d and %d: %g",
					 metric, i, j, estimate(&query, &coded[j]));
		}
	}
	coded[0].factors.scale = NAN;
	VP_CHECK(isnan(estimate(&query, &coded[0])), "distance to no vector");
	vp_query_from_code(&codec, (const uint8_t *) coded[0].code, &coded[0].factors, &query);
	VP_CHECK(isnan(estimate(&query, &coded[4])), "distance from no vector");
	free(query.planes);
	free(v);
}

/*----------
 * Search
 *----------
 */

#define TERMS 30000
#define DOCUMENTS 2000
#define QUERIES 25
#define K 10

/*
 * A text's terms: ranks after Zipf's law, half of them of its topic, weighed by their
 * rarity and the logarithm of their number.
 */
static void
fill_text(Vector *v, int words)
{
	static uint16_t counts[TERMS];
	uint64_t	topic = vp_unit_random(&seed) % 40;

	memset(counts, 0, sizeof(counts));
	for (int i = 0; i < words; i++)
	{
		uint64_t	rank = (uint64_t) exp(vp_unit_uniform(&seed) * log(TERMS));

		counts[i % 2 ? rank % TERMS : (rank * 7919 + topic * 1000) % TERMS]++;
	}
	v->sparse.nnz = 0;
	for (int i = 0; i < TERMS; i++)
		if (counts[i] > 0)
		{
			v->indices[v->sparse.nnz] = i;
			v->values[v->sparse.nnz++] = (float) ((1 + log(counts[i])) * (1 + log(i + 1)));
		}
}

/* The places of the n nearest of `distances`. */
static void
nearest(const double *distances, int n, int *places)
{
	static bool taken[DOCUMENTS];

	memset(taken, 0, sizeof(taken));
	for (int i = 0; i < n; i++)
	{
		int			best = -1;

		for (int j = 0; j < DOCUMENTS; j++)
			if (!taken[j] && (best < 0 || distances[j] < distances[best]))
				best = j;
		taken[best] = true;
		places[i] = best;
	}
}

/*
 * Of the k nearest, how many are among the 4k nearest by the codes: re-ranked by
 * exact distances, these come first.
 */
static double
recall_of(VpMetric metric, int slots, Vector **documents, Vector **queries, bool from_code)
{
	static double exact[DOCUMENTS];
	static double estimated[DOCUMENTS];
	Coded	   *codes = malloc(DOCUMENTS * sizeof(Coded));
	VpCodec		codec;
	VpQuery		query;
	int			found = 0;

	vp_sparse_codec_init(&codec, metric, slots, NULL, 0);
	query = new_query(&codec);
	for (int i = 0; i < DOCUMENTS; i++)
		encode(&codec, &documents[i]->sparse, &codes[i]);
	for (int i = 0; i < QUERIES; i++)
	{
		int			want[K];
		int			got[4 * K];
		Coded		coded;

		vp_query_prepare(&codec, &queries[i]->sparse, &query);
		if (from_code)
		{
			encode(&codec, &queries[i]->sparse, &coded);
			vp_query_from_code(&codec, (const uint8_t *) coded.code, &coded.factors, &query);
		}
		for (int j = 0; j < DOCUMENTS; j++)
		{
			exact[j] = vp_sparse_distance(metric, &queries[i]->sparse, &documents[j]->sparse);
			estimated[j] = estimate(&query, &codes[j]);
		}
		nearest(exact, K, want);
		nearest(estimated, 4 * K, got);
		for (int j = 0; j < 4 * K; j++)
			for (int k = 0; k < K; k++)
				found += got[j] == want[k];
	}
	free(query.planes);
	free(codes);
	return found / (double) (QUERIES * K);
}

static void
test_search(void)
{
	Vector	   *documents[DOCUMENTS];
	Vector	   *queries[QUERIES];

	for (int i = 0; i < DOCUMENTS; i++)
		fill_text(documents[i] = new_vector(), 60 + i % 100);
	for (int i = 0; i < QUERIES; i++)
		fill_text(queries[i] = new_vector(), 60 + i % 100);
	for (int m = 0; m < 4; m++)
		for (int slots = 16; slots <= 64; slots *= 2)
		{
			double		recall = recall_of(metrics[m], slots, documents, queries, false);
			double		of_codes = recall_of(metrics[m], slots, documents, queries, true);

			printf("metric %d, %d slots: recall %.3f, from codes %.3f\n", metrics[m], slots, recall,
				   of_codes);
			VP_CHECK(recall >= (slots == 64 ? 0.99 : slots == 32 ? 0.95 : 0.85),
					 "metric %d, %d slots: recall %g", metrics[m], slots, recall);
			VP_CHECK(of_codes >= (slots == 64 ? 0.98 : slots == 32 ? 0.95 : 0.85),
					 "metric %d, %d slots: recall %g from codes", metrics[m], slots, of_codes);
		}
	for (int i = 0; i < DOCUMENTS; i++)
		free(documents[i]);
	for (int i = 0; i < QUERIES; i++)
		free(queries[i]);
}

#define OFFSETS 200
#define OFFSET_DIMS 40

/*
 * All around the same large value in the same dimensions, and a few elsewhere: the mean is
 * that of the many, and estimates are good to the rounding of what is beyond it.
 */
static void
test_offset(VpMetric metric)
{
	static VpSparseSum room[3 * VP_SPARSE_MAX_NNZ];
	static float mean[2 * VP_SPARSE_MAX_MEAN];
	static int32_t indices[OFFSETS][OFFSET_DIMS];
	static float values[OFFSETS][OFFSET_DIMS];
	VpSparse	vectors[OFFSETS];
	VpCodec		codec;
	VpQuery		query;
	int			n;

	for (int i = 0; i < OFFSETS; i++)
	{
		for (int d = 0; d < OFFSET_DIMS; d++)
		{
			indices[i][d] = 3 * d + (i % 20 == 0);
			values[i][d] = 1e6f + 100 * (float) vp_unit_gauss(&seed);
		}
		vectors[i].nnz = OFFSET_DIMS;
		vectors[i].indices = indices[i];
		vectors[i].values = values[i];
	}
	n = vp_sparse_mean(vectors, OFFSETS, room, mean);
	VP_CHECK(n == OFFSET_DIMS, "the mean has %d dimensions", n);
	for (int d = 0; d < n; d++)
	{
		int32_t		index;

		memcpy(&index, &mean[n + d], sizeof(index));
		VP_CHECK(index == 3 * d && fabsf(mean[d] - 1e6f) < 50, "%d: %g", index, mean[d]);
	}
	vp_sparse_codec_init(&codec, metric, 64, mean, n);
	query = new_query(&codec);
	for (int i = 0; i < OFFSETS; i++)
		for (int j = 0; j < OFFSETS; j++)
		{
			double		exact = vp_sparse_distance(metric, &vectors[i], &vectors[j]);
			Coded		coded[2];

			if (i % 20 == 0 || j % 20 == 0)
				continue;
			encode(&codec, &vectors[i], &coded[0]);
			encode(&codec, &vectors[j], &coded[1]);
			vp_query_prepare(&codec, &vectors[i], &query);
			VP_CHECK(fabs(estimate(&query, &coded[1]) - exact) <= 0.02 * exact + 3000,
					 "metric %d: %g for %g", metric, estimate(&query, &coded[1]), exact);
			vp_query_from_code(&codec, (const uint8_t *) coded[0].code, &coded[0].factors, &query);
			VP_CHECK(fabs(estimate(&query, &coded[1]) - exact) <= 0.05 * exact + 6000,
					 "metric %d, from its code: %g for %g", metric, estimate(&query, &coded[1]), exact);
		}
	free(query.planes);

	/* nothing to be gained where vectors have few dimensions in common */
	for (int i = 0; i < OFFSETS; i++)
		for (int d = 0; d < OFFSET_DIMS; d++)
			indices[i][d] = 3 * d + i % 2;
	VP_CHECK(vp_sparse_mean(vectors, OFFSETS, room, mean) == 0, "no mean");
	VP_CHECK(vp_sparse_mean(vectors, 0, room, mean) == 0, "no mean of nothing");
}

int
main(void)
{
	vp_kernel_choose(NULL);
	test_exact();
	for (int m = 0; m < 4; m++)
	{
		test_whole_codes(metrics[m]);
		test_reuse(metrics[m]);
		test_extremes(metrics[m]);
	}
	test_pruning();
	test_search();
	test_offset(VP_METRIC_L2);
	test_offset(VP_METRIC_L1);
	return vp_unit_report();
}
