/*-------------------------------------------------------------------------
 *
 * sample.h
 *	  What the tests of graph/ share: clustered vectors, a graph of them, and
 *	  the answers that a graph should give.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SAMPLE_H
#define VP_SAMPLE_H

#include <stdlib.h>
#include <string.h>

#include "graph/memgraph.h"
#include "kernel/rotation.h"

#include "unit.h"

#define SAMPLE_K 10

typedef struct Sample
{
	int			n;
	int			dims;
	float	   *x;				/* n vectors, then nqueries of the same kind */
	int			nqueries;
	VpCodec		codec;
	VpLevels	levels;
	uint32_t   *signs;
} Sample;

static void *
sample_alloc(size_t size)
{
	void	   *p = malloc(size);

	if (p == NULL)
		abort();
	return p;
}

static const VpAlloc sample_memory = {sample_alloc, free};

/* Vectors around a few centres, in rows of one cluster after another. */
static inline void
sample_make(Sample *sample, int n, int dims, int clusters, VpMetric metric, int bits, int m)
{
	uint64_t	random = (uint64_t) n;
	size_t		nwords = vp_codec_sign_words(metric, dims, bits);
	float	   *centres = sample_alloc(sizeof(float) * (size_t) (clusters * dims));

	sample->n = n;
	sample->dims = dims;
	sample->nqueries = 100;
	sample->x = sample_alloc(sizeof(float) * (size_t) ((n + sample->nqueries) * dims));
	for (int i = 0; i < clusters * dims; i++)
		centres[i] = (float) vp_unit_gauss(&random);
	for (int i = 0; i < n + sample->nqueries; i++)
	{
		int			cluster = i < n ? (int) ((int64_t) i * clusters / n) : i % clusters;

		for (int j = 0; j < dims; j++)
			sample->x[(size_t) i * dims + j] = centres[cluster * dims + j] +
				0.5f * (float) vp_unit_gauss(&random);
	}
	free(centres);

	sample->signs = sample_alloc(sizeof(uint32_t) * (nwords + 1));
	vp_codec_make_signs(7, sample->signs, nwords);
	vp_codec_init(&sample->codec, metric, dims, bits, sample->signs, NULL);
	sample->levels.m = (uint32_t) m;
	sample->levels.groups = (uint32_t) m + 1;
	sample->levels.stripe = (uint32_t) (m * (m + 1));
	sample->levels.seed = 5;
}

static inline void
sample_free(Sample *sample)
{
	free(sample->x);
	free(sample->signs);
}

/*
 * Adds the next n vectors to a graph, to its shards in turn; a vector's hash is that of
 * its bytes.
 */
static inline void
sample_add(const Sample *sample, VpMemGraph *graph, int n, int nthreads)
{
	size_t		padded = (size_t) sample->codec.padded;
	float	   *rotated = sample_alloc(sizeof(float) * padded * (size_t) n + 64);
	uint64_t   *hash = sample_alloc(sizeof(uint64_t) * (size_t) n);
	uint8_t    *shards = sample_alloc((size_t) n);
	uint32_t	first = vp_mem_count(graph);

	for (int i = 0; i < n; i++)
	{
		const float *x = sample->x + ((size_t) first + (size_t) i) * (size_t) sample->dims;

		vp_codec_rotate(&sample->codec, x, rotated + (size_t) i * padded);
		shards[i] = (uint8_t) ((first + (uint32_t) i) % (uint32_t) graph->shards);
		hash[i] = 0;
		for (int j = 0; j < sample->dims; j++)
		{
			uint32_t	word;

			memcpy(&word, &x[j], sizeof(word));
			hash[i] = (hash[i] ^ word) * UINT64_C(0x9E3779B97F4A7C15);
			hash[i] ^= hash[i] >> 29;
		}
	}
	VP_CHECK(vp_mem_add(graph, rotated, hash, graph->shards > 1 ? shards : NULL, n, nthreads) == first,
			 "the next ids");
	VP_CHECK(vp_mem_count(graph) == first + (uint32_t) n, "all are counted");
	free(rotated);
	free(hash);
	free(shards);
}

/* A graph with all vectors and no links. */
static inline VpMemGraph *
sample_sharded(const Sample *sample, int ef_construction, int shards, int nthreads)
{
	VpMemGraph *graph = vp_mem_create(&sample->codec, &sample->levels, (int) sample->levels.m,
									  ef_construction, shards, (uint32_t) sample->n);

	sample_add(sample, graph, sample->n, nthreads);
	return graph;
}

static inline VpMemGraph *
sample_graph(const Sample *sample, int ef_construction, int nthreads)
{
	return sample_sharded(sample, ef_construction, 1, nthreads);
}

/* A query with planes of its own. */
typedef struct SampleQuery
{
	VpQuery		query;
	void	   *planes;
	float	   *rotated;
} SampleQuery;

static inline void
sample_query_make(SampleQuery *query, const VpCodec *codec)
{
	query->planes = sample_alloc(vp_query_bytes(codec) + 63);
	query->rotated = sample_alloc(sizeof(float) * (size_t) codec->padded + 64);
	query->query.codec = codec;
	query->query.planes = (void *) (((uintptr_t) query->planes + 63) & ~(uintptr_t) 63);
}

static inline void
sample_query_set(SampleQuery *query, const Sample *sample, int i)
{
	vp_codec_rotate(&sample->codec, sample->x + (size_t) (sample->n + i) * sample->dims,
					query->rotated);
	vp_query_prepare(&sample->codec, query->rotated, &query->query);
}

static inline void
sample_query_free(SampleQuery *query)
{
	free(query->planes);
	free(query->rotated);
}

/* The distance of the k-th nearest node by codes, of those that are not dead. */
static inline float
sample_kth(VpSource *source, const VpQuery *query, int n, const bool *dead)
{
	float		best[SAMPLE_K];
	int			nbest = 0;

	for (VpId id = 0; id < (VpId) n; id++)
	{
		float		dist;
		int			at;

		source->distances(source, query, &id, 1, &dist);
		if (isnan(dist) || (dead != NULL && dead[id]))
			continue;
		if (nbest < SAMPLE_K)
			nbest++;
		else if (dist >= best[SAMPLE_K - 1])
			continue;
		for (at = nbest - 1; at > 0 && best[at - 1] > dist; at--)
			best[at] = best[at - 1];
		best[at] = dist;
	}
	return best[nbest - 1];
}

/*
 * The share of the true nearest that searches with this effort find; checks on
 * the way that results are in order, different, and as near as they claim.
 */
static inline double
sample_recall(const Sample *sample, VpSource *source, const VpEntry *entries, int nentries,
			  int ef, uint32_t nids, const bool *dead)
{
	VpSearch   *search = vp_search_create(&sample_memory, (int) sample->levels.m);
	SampleQuery query;
	int			right = 0;

	sample_query_make(&query, &sample->codec);
	for (int i = 0; i < sample->nqueries; i++)
	{
		const VpCandidate *found;
		bool	   *seen = calloc((size_t) sample->n, sizeof(bool));
		int			n,
					alive = 0;
		float		kth;

		sample_query_set(&query, sample, i);
		kth = sample_kth(source, &query.query, sample->n, dead);
		vp_search_start_all(search, source, &query.query, entries, nentries, ef, nids);
		found = vp_search_found(search, &n);
		VP_CHECK(n <= ef, "%d results for ef %d", n, ef);
		for (int j = 0; j < n; j++)
		{
			float		dist;

			source->distances(source, &query.query, &found[j].id, 1, &dist);
			VP_CHECK(found[j].dist == dist, "distance of %u", found[j].id);
			VP_CHECK(j == 0 || found[j - 1].dist <= found[j].dist, "order at %d", j);
			VP_CHECK(!seen[found[j].id], "%u twice", found[j].id);
			seen[found[j].id] = true;
			if (alive < SAMPLE_K && (dead == NULL || !dead[found[j].id]))
			{
				alive++;
				right += found[j].dist <= kth;
			}
		}
		free(seen);
	}
	sample_query_free(&query);
	vp_search_destroy(search);
	return (double) right / (SAMPLE_K * sample->nqueries);
}

/* Nodes that the entry reaches at level 0; checks every list of theirs. */
static inline int
sample_reached(const Sample *sample, const VpMemGraph *graph, VpId entry)
{
	VpId	   *queue = sample_alloc(sizeof(VpId) * (size_t) sample->n);
	bool	   *seen = calloc((size_t) sample->n, sizeof(bool));
	int			nqueue = 0;

	queue[nqueue++] = entry;
	seen[entry] = true;
	for (int i = 0; i < nqueue; i++)
	{
		VpId		id = queue[i];

		for (int level = 0; level <= VP_MAX_LEVEL; level++)
		{
			VpId		links[VP_MAX_LINKS];
			int			n = vp_mem_links(graph, id, level, links);

			VP_CHECK(n <= vp_level_links(graph->m, level), "%u has %d links", id, n);
			VP_CHECK(n == 0 || level <= vp_level(&graph->levels, id), "%u at level %d", id, level);
			for (int j = 0; j < n; j++)
			{
				VP_CHECK(links[j] < (VpId) sample->n, "%u links to %u", id, links[j]);
				VP_CHECK(links[j] != id, "%u links to itself", id);
				VP_CHECK(vp_level(&graph->levels, links[j]) >= level, "%u at level %d", id, level);
				VP_CHECK(!vp_mem_chained(graph, links[j]), "%u links to a chained one", id);
				for (int k = 0; k < j; k++)
					VP_CHECK(links[j] != links[k], "%u links to %u twice", id, links[j]);
				if (level == 0 && !seen[links[j]])
				{
					seen[links[j]] = true;
					queue[nqueue++] = links[j];
				}
			}
		}
	}
	free(queue);
	free(seen);
	return nqueue;
}

#endif							/* VP_SAMPLE_H */
