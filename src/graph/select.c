/*-------------------------------------------------------------------------
 *
 * select.c
 *	  Chooses a node's links among candidates; a writer's working memory.
 *
 * Algorithm 4 of Malkov and Yashunin (see graph.h), turned round: each chosen
 * one is compared with all candidates that are left, in one call, and those
 * that are nearer to it than to the base drop out.  The choice is the same.
 *
 * Alone it cuts clusters off from one another: seen from afar, a cluster's
 * nodes are all about as far, and the first neighbour that is a little nearer
 * to them drops the last link that leads there.  So three quarters of the list
 * are filled up with a slack, as Subramanya et al. do ("DiskANN", NeurIPS
 * 2019).  A quarter stays free, or each new link would cost a choice of its
 * own.
 *
 * The choice among a full list and one more node compares no two nodes again
 * that an earlier choice has compared.  Which ones these are the list itself
 * tells: what was chosen stands in front, nearest first, and what was added
 * since is behind it in no order.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "graph/select.h"
#include "graph/writer.h"

/* DiskANN's alpha - 1. */
#define SLACK 0.2f

/*
 * The highest bit of a candidate's id, while a choice goes on.  In one among
 * many: it is nearer to a chosen one than to the base, even with the slack.  In
 * one among few: it was chosen beside the others so marked before.
 */
#define DROPPED VP_EXPANDED
#define COMPARED VP_EXPANDED

/* So long a list must be at least for its order to tell what was compared. */
#define TELLING_LINKS 20

VpWriter *
vp_writer_create(const VpAlloc *alloc, const VpCodec *codec, const VpLevels *levels,
				 int m, int ef_construction)
{
	VpWriter   *writer = alloc->alloc(sizeof(VpWriter));

	memset(writer, 0, sizeof(*writer));
	writer->alloc = *alloc;
	writer->levels = levels;
	writer->m = m;
	writer->ef_construction = ef_construction;
	writer->search = vp_search_create(alloc, m);
	writer->planes = alloc->alloc(vp_query_bytes(codec) + 63);
	memset(writer->planes, 0, vp_query_bytes(codec) + 63);
	writer->query.codec = codec;
	writer->query.planes = (void *) (((uintptr_t) writer->planes + 63) & ~(uintptr_t) 63);
	return writer;
}

void
vp_writer_destroy(VpWriter *writer)
{
	vp_search_destroy(writer->search);
	if (writer->candidates != NULL)
		writer->alloc.free(writer->candidates);
	if (writer->repair_ids != NULL)
		writer->alloc.free(writer->repair_ids);
	writer->alloc.free(writer->planes);
	writer->alloc.free(writer);
}

VpCandidate *
vp_writer_candidates(VpWriter *writer, int n)
{
	if (writer->allocated < n)
	{
		if (writer->candidates != NULL)
			writer->alloc.free(writer->candidates);
		writer->candidates = NULL;
		writer->allocated = 0;
		writer->candidates = writer->alloc.alloc(sizeof(VpCandidate) * (size_t) n);
		writer->allocated = n;
	}
	return writer->candidates;
}

static int
by_distance(const void *a, const void *b)
{
	float		x = ((const VpCandidate *) a)->dist;
	float		y = ((const VpCandidate *) b)->dist;

	return (x > y) - (x < y);
}

/* Sorts; few candidates by insertion, which is fastest for them. */
static void
sort_candidates(VpCandidate *candidates, int n)
{
	if (n > 4 * VP_MAX_LINKS)
	{
		qsort(candidates, (size_t) n, sizeof(VpCandidate), by_distance);
		return;
	}
	for (int i = 1; i < n; i++)
	{
		VpCandidate candidate = candidates[i];
		int			j = i;

		for (; j > 0 && candidates[j - 1].dist > candidate.dist; j--)
			candidates[j] = candidates[j - 1];
		candidates[j] = candidate;
	}
}

/* As vp_writer_measure, in the order of ids. */
static int
measure(VpWriter *writer, VpSource *source, VpId base, const VpId *ids, int n)
{
	VpCandidate *candidates = vp_writer_candidates(writer, n);
	int			ncandidates = 0;

	if (!source->query_of(source, base, &writer->query))
		return -1;
	for (int start = 0; start < n; start += VP_MAX_LINKS)
	{
		int			batch = n - start < VP_MAX_LINKS ? n - start : VP_MAX_LINKS;

		source->distances(source, &writer->query, ids + start, batch, writer->dist);
		for (int i = 0; i < batch; i++)
		{
			if (isnan(writer->dist[i]))
				continue;
			candidates[ncandidates].dist = writer->dist[i];
			candidates[ncandidates++].id = ids[start + i];
		}
	}
	return ncandidates;
}

int
vp_writer_measure(VpWriter *writer, VpSource *source, VpId base, const VpId *ids, int n)
{
	n = measure(writer, source, base, ids, n);
	if (n > 0)
		sort_candidates(writer->candidates, n);
	return n;
}

/* Is a candidate nearer to one that is chosen than to the base, by more than the slack? */
static inline bool
is_nearer(float to_chosen, float slack, float to_base)
{
	return to_chosen + slack * fabsf(to_chosen) < to_base;
}

/*
 * Takes those out of the window that are nearer to `chosen` than to the base,
 * by more than the slack.  Those of which DiskANN's slack says the same are
 * marked: no choice beside `chosen` has to look at them again.
 */
static int
prune(VpWriter *writer, VpSource *source, VpId chosen, float slack, VpCandidate **window, int n)
{
	VpId		ids[VP_MAX_LINKS + 1];
	int			kept = 0;

	if (n == 0 || !source->query_of(source, chosen, &writer->query))
		return n;
	for (int i = 0; i < n; i++)
		ids[i] = window[i]->id;
	source->distances(source, &writer->query, ids, n, writer->dist);
	for (int i = 0; i < n; i++)
	{
		VpCandidate *candidate = window[i];

		if (is_nearer(writer->dist[i], SLACK, candidate->dist))
			candidate->id |= DROPPED;
		window[kept] = candidate;
		kept += !is_nearer(writer->dist[i], slack, candidate->dist);
	}
	return kept;
}

/* Chooses further ones, up to `max`, beside those that are chosen. */
static int
choose(VpWriter *writer, VpSource *source, VpCandidate *candidates, int n,
	   float slack, int max, VpId *chosen, int nchosen)
{
	int			size = 2 * max < VP_MAX_LINKS ? 2 * max + 1 : VP_MAX_LINKS + 1;
	int			at = 0;

	/*
	 * the candidates far behind are rarely needed: look at a window at a time
	 */
	while (at < n && nchosen < max)
	{
		VpCandidate **window = writer->window;
		int			left = 0;

		for (; at < n && left < size; at++)
		{
			window[left] = &candidates[at];
			left += (candidates[at].id & DROPPED) == 0 &&
				!vp_links_contain(chosen, nchosen, candidates[at].id);
		}
		for (int i = 0; i < nchosen; i++)
			left = prune(writer, source, chosen[i], slack, window, left);
		while (left > 0)
		{
			chosen[nchosen++] = (*window)->id;
			if (nchosen == max)
				break;
			window++;
			left = prune(writer, source, chosen[nchosen - 1], slack, window, left - 1);
		}
	}
	return nchosen;
}

static void
unmark(VpCandidate *candidates, int n)
{
	for (int i = 0; i < n; i++)
		candidates[i].id &= ~DROPPED;
}

int
vp_select_more(VpWriter *writer, VpSource *source, VpCandidate *candidates, int n,
			   int max, VpId *chosen, int nchosen)
{
	nchosen = choose(writer, source, candidates, n, 0, max, chosen, nchosen);
	nchosen = choose(writer, source, candidates, n, SLACK, max, chosen, nchosen);
	unmark(candidates, n);
	return nchosen;
}

/*----------
 * A choice among few, whose codes a source may hold
 *----------
 */

/* What is known of a candidate.  The order counts. */
typedef enum VpVerdict
{
	VP_OPEN,
	VP_NEARER,					/* it is nearer to a chosen one than to the
								 * base, */
	VP_DROPPED,					/* even with the slack */
	VP_CHOSEN
} VpVerdict;

/*
 * A choice among so few candidates that the source can hold them all.  They are
 * sorted, nearest first; their ids are places in `ids`, with COMPARED.
 */
typedef struct VpChoice
{
	VpWriter   *writer;
	VpSource   *source;
	const VpId *ids;
	VpCandidate candidates[VP_MAX_LINKS + 1];
	int			n;
	uint8_t		verdicts[VP_MAX_LINKS + 1];
	int			chosen[VP_MAX_LINKS + 1];	/* candidates, in the order of
											 * choice */
	int			nchosen;
} VpChoice;

static inline int
place_of(const VpChoice *choice, int at)
{
	return (int) (choice->candidates[at].id & ~COMPARED);
}

/* Sets writer->dist to the distances of writer->query to nodes at some places in choice->ids. */
static inline void
measure_places(const VpChoice *choice, const int *places, int n)
{
	VpWriter   *writer = choice->writer;
	VpSource   *source = choice->source;
	VpId		ids[VP_MAX_LINKS + 1];

	if (n == 0)
		return;
	if (source->hold != NULL)
	{
		source->held_distances(source, &writer->query, places, n, writer->dist);
		return;
	}
	for (int i = 0; i < n; i++)
		ids[i] = choice->ids[places[i]];
	source->distances(source, &writer->query, ids, n, writer->dist);
}

/* Makes the code of a candidate writer->query. */
static bool
query_of_candidate(const VpChoice *choice, int at)
{
	VpSource   *source = choice->source;
	int			place = place_of(choice, at);

	if (source->hold == NULL)
		return source->query_of(source, choice->ids[place], &choice->writer->query);
	source->held_query(source, place, &choice->writer->query);
	return true;
}

/* Candidate `at` is so far from a chosen one. */
static inline void
judge(VpChoice *choice, int at, float to_chosen)
{
	float		to_base = choice->candidates[at].dist;

	if (is_nearer(to_chosen, SLACK, to_base))
		choice->verdicts[at] = VP_DROPPED;
	else if (is_nearer(to_chosen, 0, to_base) && choice->verdicts[at] == VP_OPEN)
		choice->verdicts[at] = VP_NEARER;
}

/*
 * Judges candidate `at`, which is writer->query, by the chosen ones that are
 * COMPARED: the others have judged it when they were chosen.
 */
static void
judge_by_compared(VpChoice *choice, int at)
{
	int			places[VP_MAX_LINKS + 1];
	int			n = 0;

	for (int i = 0; i < choice->nchosen; i++)
	{
		if (choice->candidates[choice->chosen[i]].id & COMPARED)
			places[n++] = place_of(choice, choice->chosen[i]);
	}
	measure_places(choice, places, n);
	for (int i = 0; i < n; i++)
		judge(choice, at, choice->writer->dist[i]);
}

/* Judges those from `start` to `end`, without it, by a chosen one, which is writer->query. */
static void
judge_others(VpChoice *choice, int start, int end)
{
	int			others[VP_MAX_LINKS + 1];
	int			places[VP_MAX_LINKS + 1];
	int			n = 0;

	for (int i = start; i < end; i++)
	{
		if (choice->verdicts[i] >= VP_DROPPED)
			continue;
		others[n] = i;
		places[n++] = place_of(choice, i);
	}
	measure_places(choice, places, n);
	for (int i = 0; i < n; i++)
		judge(choice, others[i], choice->writer->dist[i]);
}

static inline void
take(VpChoice *choice, int at)
{
	choice->verdicts[at] = VP_CHOSEN;
	choice->chosen[choice->nchosen++] = at;
}

/*
 * Algorithm 4 among the candidates.  What is COMPARED is not compared with one
 * another.
 */
static void
choose_strictly(VpChoice *choice, int max)
{
	for (int i = 0; i < choice->n && choice->nchosen < max; i++)
	{
		if (choice->verdicts[i] != VP_OPEN)
			continue;
		if ((choice->candidates[i].id & COMPARED) == 0 && query_of_candidate(choice, i))
		{
			judge_by_compared(choice, i);
			if (choice->verdicts[i] != VP_OPEN)
				continue;
			judge_others(choice, i + 1, choice->n);
		}
		take(choice, i);
	}
}

/*
 * Those that it has left and that the slack allows beside all that are chosen.
 * Each of these has judged those behind it, if it is not COMPARED.
 */
static void
choose_with_slack(VpChoice *choice, int max)
{
	if (choice->nchosen >= max)
		return;
	for (int i = 0; i < choice->nchosen; i++)
	{
		int			at = choice->chosen[i];

		if (query_of_candidate(choice, at))
			judge_others(choice, 0, choice->candidates[at].id & COMPARED ? choice->n : at);
	}
	for (int i = 0; i < choice->n && choice->nchosen < max; i++)
	{
		if (choice->verdicts[i] != VP_NEARER)
			continue;
		take(choice, i);
		if (query_of_candidate(choice, i))
			judge_others(choice, i + 1, choice->n);
	}
}

/* As vp_select, among the candidates. */
static int
choose_among(VpChoice *choice, int max, VpId *chosen)
{
	memset(choice->verdicts, VP_OPEN, (size_t) choice->n);
	choice->nchosen = 0;
	choose_strictly(choice, max);
	choose_with_slack(choice, max - max / 4);
	for (int i = 0; i < choice->nchosen; i++)
		chosen[i] = choice->ids[place_of(choice, choice->chosen[i])];
	return choice->nchosen;
}

/* A choice among nodes of these ids, which the source holds; the candidates are to be set. */
static void
begin_choice(VpChoice *choice, VpWriter *writer, VpSource *source, const VpId *ids, int n)
{
	choice->writer = writer;
	choice->source = source;
	choice->ids = ids;
	choice->n = 0;
	if (source->hold != NULL)
		source->hold(source, ids, n);
}

int
vp_select(VpWriter *writer, VpSource *source, VpCandidate *candidates, int n,
		  int max, VpId *chosen)
{
	VpChoice	choice;
	VpId		ids[VP_MAX_LINKS + 1];
	int			nchosen;

	if (n > VP_MAX_LINKS + 1)
	{
		nchosen = choose(writer, source, candidates, n, 0, max, chosen, 0);
		nchosen = choose(writer, source, candidates, n, SLACK, max - max / 4, chosen, nchosen);
		unmark(candidates, n);
		return nchosen;
	}
	for (int i = 0; i < n; i++)
	{
		ids[i] = candidates[i].id;
		choice.candidates[i].dist = candidates[i].dist;
		choice.candidates[i].id = (VpId) i;
	}
	begin_choice(&choice, writer, source, ids, n);
	choice.n = n;
	return choose_among(&choice, max, chosen);
}

/*
 * How many candidates, in the order of their list, an earlier choice has
 * compared.  Where the sorted ones end is where that choice ended, or just
 * behind it if what was added first is farther than all: so the last of them
 * does not count.  Should two such links be taken for compared ones, the choice
 * is a little different, and no less legal.  But a short list is often in order
 * by chance, and links that are near one another would then fill it up.
 */
static int
count_compared(const VpCandidate *candidates, int n, int max)
{
	int			sorted = 1;

	if (max < TELLING_LINKS)
		return 0;
	while (sorted < n && candidates[sorted].dist >= candidates[sorted - 1].dist)
		sorted++;
	return sorted - 1;
}

int
vp_select_again(VpWriter *writer, VpSource *source, VpId base, const VpId *ids, int n,
				int max, VpId *chosen)
{
	VpChoice	choice;
	int			places[VP_MAX_LINKS + 1];

	if (!source->query_of(source, base, &writer->query))
		return -1;
	begin_choice(&choice, writer, source, ids, n);
	for (int i = 0; i < n; i++)
		places[i] = i;
	measure_places(&choice, places, n);
	for (int i = 0; i < n; i++)
	{
		choice.candidates[choice.n].dist = writer->dist[i];
		choice.candidates[choice.n].id = (VpId) i;
		choice.n += !isnan(writer->dist[i]);
	}
	for (int i = count_compared(choice.candidates, choice.n, max) - 1; i >= 0; i--)
		choice.candidates[i].id |= COMPARED;
	sort_candidates(choice.candidates, choice.n);
	return choose_among(&choice, max, chosen);
}
