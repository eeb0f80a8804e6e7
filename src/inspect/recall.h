/*-------------------------------------------------------------------------
 *
 * recall.h
 *	  What an index finds of the true neighbours, and in what time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RECALL_H
#define VP_RECALL_H

#include "storage/itemptr.h"
#include "utils/array.h"
#include "utils/relcache.h"

#include "search/form.h"

/* Neighbours that can be asked for. */
#define VP_RECALL_MAX_K 10000

/* Queries drawn from the table of an index, with their exact answers. */
typedef struct VpRecall VpRecall;

/* What is measured. */
typedef struct VpRecallArguments
{
	Oid			index;
	int			k;
	int			samples;
	char	   *filter;			/* NULL: none */
	ArrayType  *params;			/* values of its $1, $2 ...; NULL: none */
} VpRecallArguments;

/*
 * Draws so many in one pass over the table, and finds the k nearest rows of
 * each in others: one, or as many as work_mem makes necessary.  ereports when k
 * or nsamples are out of range, and as vp_target_open does for
 * VP_RIGHT_MEASURE; until it is closed all is as after that, and settings that
 * are changed are set back at the end.
 *
 * With a filter, neighbours are the nearest of the rows that satisfy it, for
 * the exact answer and for the index; samples are drawn of all rows, filter or
 * not.  Then the caller acts, not the owner (replica/caller_rows.h).
 *
 * A partitioned index is measured by its partitions: rows, neighbours and time
 * are those of all together.  The caller acts then, too.
 */
extern VpRecall *vp_recall_open(const VpRecallArguments *arguments);
extern void vp_recall_close(VpRecall *recall);

/* The index, if it is not partitioned; its name, in any case. */
extern Relation vp_recall_index(const VpRecall *recall);
extern const char *vp_recall_name(const VpRecall *recall);

/* Of a partitioned index, the first partition's, until it is closed. */
extern const VpMeta *vp_recall_meta(const VpRecall *recall);

/*
 * Searches for all of them, under the settings of now.  Returns the share of
 * the true neighbours that was found, NAN if there are none; *ms: the mean time
 * of a search.
 */
extern double vp_recall_measure(VpRecall *recall, double *ms);

/*
 * The same share for rows that somebody else finds, nearest first: `begin` is called for each
 * query, which stays until the next one, then `next` for each row until it returns false or there
 * are enough.  Not with a filter.
 */
typedef struct VpRecallOther
{
	void		(*begin) (const VpValue *query, void *arg);
	bool		(*next) (ItemPointer tid, void *arg);
	void	   *arg;
} VpRecallOther;

extern double vp_recall_measure_other(VpRecall *recall, const VpRecallOther *other);

#endif							/* VP_RECALL_H */
