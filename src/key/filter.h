/*-------------------------------------------------------------------------
 *
 * filter.h
 *	  Conditions on an index's columns, as a scan has them, made ready to be tested on nodes.
 *
 * What is stored does not always tell whether a row satisfies a condition: a
 * test says yes, no or unsure.  Of a row that is unsure the executor evaluates
 * the conditions again.  A test never says no of a row that satisfies all of
 * them, and never yes of one that does not.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_FILTER_H
#define VP_FILTER_H

#include "access/skey.h"
#include "utils/relcache.h"

#include "key/condition.h"
#include "page/format.h"

/*
 * Besides IS [NOT] NULL, conditions on the vector's column are a radius:
 * operators (anything, float8) in all operator classes of vectors, vecprov.<@,
 * no farther than that from what the scan is ordered by, and vecprov.<@~, or at
 * no distance that is a number.
 */
#define VP_RADIUS_STRATEGY			3
#define VP_RADIUS_OR_NAN_STRATEGY	4

static inline bool
vp_is_radius(const ScanKeyData *key)
{
	return key->sk_attno == 1 && (key->sk_strategy == VP_RADIUS_STRATEGY ||
								  key->sk_strategy == VP_RADIUS_OR_NAN_STRATEGY);
}

typedef struct VpFilter
{
	bool		never;			/* no row with a vector satisfies them */
	int			nconditions;
	VpKeyCondition *conditions;

	/*
	 * Rows without a vector (VpBareKind), whose keys are not stored.  These
	 * are not of the conditions, and hold where `never` is set, too.
	 */
	VpTruth		nan_rows;
	VpTruth		null_rows;
} VpFilter;

/*
 * Makes a filter of a scan's conditions, all of which a row must satisfy, in
 * the current memory context.  NULL: there are none that it is about.  rel: the
 * index, of which this is the metapage.
 */
extern VpFilter *vp_filter_make(Relation rel, const VpMeta *meta, const ScanKeyData *keys, int nkeys);

/*
 * Does the row with these keys, as its node's record has them, satisfy the
 * filter?  Any alignment.
 */
static inline VpTruth
vp_filter_test(const VpFilter *filter, const char *keys)
{
	VpTruth		truth = filter->never ? VP_NO : VP_YES;

	for (int i = 0; i < filter->nconditions && truth != VP_NO; i++)
	{
		VpTruth		one = vp_condition_test(&filter->conditions[i], keys);

		truth = Min(truth, one);
	}
	return truth;
}

#endif							/* VP_FILTER_H */
