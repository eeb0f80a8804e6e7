/*-------------------------------------------------------------------------
 *
 * filter_rule.h
 *	  Which way a search for matches takes, by what each is expected to cost.
 *
 * Nanoseconds, of one core of Zen 5, of pages in shared buffers without huge
 * pages.  Only their relation matters.  README.md says which of them were
 * measured, how, and where the others are from.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_FILTER_RULE_H
#define VP_FILTER_RULE_H

#include <math.h>

#include "graph/graph.h"

/*
 * A node that is met in the graph and measured, with its share of the lists
 * that are read.
 */
#define VP_COST_DISTANCE	50.0

/*
 * Hopping besides: a list of links, and a node that is tested and not measured.
 */
#define VP_COST_LIST		110.0
#define VP_COST_TEST		15.0

/* One of a list of nodes, measured; one of all nodes, tested. */
#define VP_COST_LISTED		22.0
#define VP_COST_SCANNED		10.0

/* A cell, measured. */
#define VP_COST_CELL		8.0

/*
 * A row of a table, read and measured; a node's row looked up in a set: in
 * pages that are in memory.
 */
#define VP_COST_ROW			600.0
#define VP_COST_LOOKED_UP	15.0

/*
 * A search of ef candidates measures about so many nodes: 2,090 at ef 90, 4,637
 * at ef 258, 6,528 at ef 387 (100 dimensions, 100,000 to 2,000,000 nodes).
 */
#define VP_FIRST_DISTANCES	250.0
#define VP_EF_DISTANCES		17.0

/*
 * As many matches as this bound a search which without a filter keeps ef: with
 * the share of matches among the nodes it comes to, fewer are as good, since
 * the search looks at many more nodes for them.
 */
#define VP_LEAST_GOAL		20
#define VP_GOAL_POWER		0.6

/*
 * The rule is asked when so many lists have been read, and each time that so
 * many more have.
 */
#define VP_RULE_FIRST		8
#define VP_RULE_LISTS		32

/*
 * Fewer tested nodes say little about the share of matches: too little for a
 * goal, and for another way.
 */
#define VP_GOAL_TESTED		64
#define VP_RULE_TESTED		200

/*
 * Where so many match, to visit is the way, and VP_GOAL_TESTED are enough to
 * tell: those that are expanded add to what is known.
 */
#define VP_CLEAR_SHARE		0.3

/* A sample of so many says what share of all nodes matches. */
#define VP_RULE_SAMPLE		512

/*
 * All are measured at once if to visit is expected to cost more than this part
 * of what that costs: it misses none, and how far visiting leads is not known.
 * Those in the nearest cells, if that costs less.
 */
#define VP_SURE_PART		0.75

/*
 * No more than this part of what it costs to measure all is spent before that
 * is done.
 */
#define VP_SPEND_PART		0.9

/*
 * Where matches come from the nearest cells first, so many times ef are measured
 * and none is among the nearest any more before the search looks around these.
 */
#define VP_NEAREST_EF		1
#define VP_NEAREST_KEPT		40

/*
 * So many times as many as are kept are looked around.  Where fewer matches than
 * this are in a list of links, it leads to few that cells did not, and so many
 * times as many more are measured in cells.  Lists have about VP_AROUND_LINKS.
 */
#define VP_AROUND_PLACES	2
#define VP_AROUND_MATCHES	2.5
#define VP_AROUND_LINKS		30
#define VP_NEAREST_ALONE	7

/*
 * Measured in all are so many for each that is looked around, more by the share
 * of matches among all nodes, and so many times as many as are measured at the
 * end; or so many times these, where there is little around.
 */
#define VP_AROUND_EACH		15
#define VP_NEAREST_ALL		11
#define VP_ALONE_ALL		5

/* Below this share matches are too few for a graph of their own. */
#define VP_HOP_SHARE		0.05

/*
 * To measure all may cost so many plain searches before it is better to hop
 * over others.  Hopping costs a good deal before it comes anywhere, however few
 * are looked for: so it is compared with a plain search of at least VP_HOP_EF.
 */
#define VP_HOP_SEARCHES		10.0
#define VP_HOP_EF			200

static inline int
vp_filter_goal(int ef, double share)
{
	double		goal = ef * pow(share, VP_GOAL_POWER);

	if (goal < VP_LEAST_GOAL)
		goal = VP_LEAST_GOAL;
	return goal < ef ? (int) goal : ef;
}

/*
 * Where no more than this part of those near the query that are taken for
 * matches are such, the matches are elsewhere, and a search comes to its end by
 * others.
 */
#define VP_REAL_PART		0.25

/*
 * The share of nodes that match, where a share of them is taken for matches: at
 * least this part of it.
 */
#define VP_LEAST_REAL		0.02

static inline double
vp_real_share(const VpMatches *matches, double share)
{
	if (matches->falsely <= 0)
		return share;
	return fmax((share - matches->falsely) / (1 - matches->falsely), share * VP_LEAST_REAL);
}

/*
 * How many that are taken for matches bound a search, so that enough of them
 * match.
 */
static inline int
vp_matches_goal(const VpMatches *matches, int ef, double share)
{
	double		real = vp_real_share(matches, share);
	double		goal = vp_filter_goal(ef, real);

	if (real < share)
		goal *= share / real;
	return goal < ef ? (int) goal : ef;
}

/* Of a search that keeps so many of so many nodes. */
static inline double
vp_search_cost(double ef, double nids)
{
	return VP_COST_DISTANCE * fmin(VP_FIRST_DISTANCES + VP_EF_DISTANCES * ef, nids);
}

/* Of a search through all nodes for ef matches. */
static inline double
vp_visit_cost(int ef, double share, double nids)
{
	share = fmax(share, 1 / nids);
	return vp_search_cost(vp_filter_goal(ef, share) / share, nids);
}

/*
 * After how many matches, of which none was near, a search of the nearest cells
 * ends.
 */
static inline double
vp_nearest_patience(int ef)
{
	return VP_NEAREST_EF * fmax(ef, VP_NEAREST_KEPT);
}

/* How many of those in the nearest cells are kept. */
static inline int
vp_nearest_kept(int ef, double share)
{
	int			goal = vp_filter_goal(ef, share);
	int			least = ef < VP_NEAREST_KEPT ? ef : VP_NEAREST_KEPT;

	return goal > least ? goal : least;
}

/* Of measuring those in the nearest of so many cells, of n in a list. */
static inline double
vp_nearest_cost(double n, double cells, int ef, double nids)
{
	double		share = n / nids;
	double		around = VP_AROUND_PLACES * vp_nearest_kept(ef, share);
	double		patience = vp_nearest_patience(ef);
	double		measured = share * VP_AROUND_LINKS < VP_AROUND_MATCHES ?
	VP_ALONE_ALL * VP_NEAREST_ALONE * patience :
	VP_AROUND_EACH * (1 + share) * around + VP_NEAREST_ALL * patience;

	return VP_COST_CELL * cells + VP_COST_LIST * around + VP_COST_LISTED * fmin(measured, n);
}

/* Of measuring all that may match, or as many as it takes.  share: of matches among all nodes. */
static inline double
vp_measure_cost(const VpMatches *matches, double share, int ef, double nids)
{
	double		n = (double) matches->bound;

	if (!matches->listed)
		return (VP_COST_SCANNED + VP_COST_LISTED * share) * n;
	return matches->cells > 0 ? matches->reading + vp_nearest_cost(n, matches->cells, ef, nids) : VP_COST_LISTED * n;
}

#endif							/* VP_FILTER_RULE_H */
