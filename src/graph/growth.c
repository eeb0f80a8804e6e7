/*-------------------------------------------------------------------------
 *
 * growth.c
 *	  How distances grow around the nodes of a graph; see growth.h.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>

#include "graph/growth.h"
#include "graph/search.h"

/* So many searches tell where to begin. */
#define FIRST_SEARCHES	4

/* The searches that teach look for so many, with an effort that is neither small nor large. */
#define LEARN_K			10
#define LEARN_EF		60

/*
 * The least exponent, as it is corrected by factors: from nothing it would never
 * come back, and searches would end after their least expansions.  The largest:
 * where the nearest are a cluster, and others are far from it, expansions grow in
 * a step, and an exponent that reaches the others is too large for everything
 * else.  Vectors whose distances do grow as fast have few dimensions, and are
 * found with any effort.
 */
#define LEAST_EXPONENT	0.01f
#define MOST_EXPONENT	0.3f

/* A search of ef expands so many more than ef, which leave the pool after that. */
#define PUSHED_OUT	3

/* Learns, with one more search, an exponent that would have suited it. */
static void
learn(VpGrowth *growth, float exponent)
{
	growth->searches++;
	exponent = growth->exponent + (exponent - growth->exponent) / (float) growth->searches;
	growth->exponent = fminf(fmaxf(exponent, LEAST_EXPONENT), MOST_EXPONENT);
}

/*
 * The first searches expand the ef nearest, and their distances are observed.
 * Distances alone would teach too large an exponent: the mean is of expansions.
 * So later searches stop by what is known, and correct it.  The query is a node
 * of the graph, and finds itself before its nearest.
 */
void
vp_growth_learn(VpGrowth *growth, VpSearch *search, VpSource *source, const VpQuery *query,
				VpEntry entry, uint32_t nids)
{
	float		spread = logf((float) LEARN_EF / LEARN_K);
	bool		first = growth->searches < FIRST_SEARCHES;
	VpStop		stop = first ? vp_stop_at_ef(LEARN_EF) : vp_stop_for(growth->exponent, LEARN_K, LEARN_EF);
	const VpCandidate *found;

	stop.k = LEARN_K + 1;
	vp_search_stop_by(search, &stop);
	vp_search_start_all(search, source, query, &entry, 1, LEARN_EF, nids);
	found = search->pool.main.entries;
	if (!first)
		learn(growth, growth->exponent *
			  (1 - ((float) search->expanded / (LEARN_EF + PUSHED_OUT) - 1) / spread));
	else if (search->pool.main.n == LEARN_EF && found[LEARN_K].dist > 0)
		learn(growth, logf(found[LEARN_EF - 1].dist / found[LEARN_K].dist) / spread);
}
