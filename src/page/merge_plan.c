/*-------------------------------------------------------------------------
 *
 * merge_plan.c
 *	  Which runs of a column are to become one; see merge_plan.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "page/merge_plan.h"

/* A flush may come late, with somewhat more rows than it is due with. */
int
vp_plan_level(uint32 entries)
{
	int			level = 0;

	for (uint64 most = 2 * VP_MOST_RECENT; most < entries; most *= VP_MERGED_RUNS)
		level++;
	return level;
}

static int
count_level(const VpManifest *manifest, int column, int level)
{
	int			n = 0;

	for (int i = 0; i < manifest->nruns; i++)
		n += manifest->runs[i].kind == column + 1 && manifest->runs[i].level == level;
	return n;
}

int
vp_plan_backlog(const VpManifest *manifest, int column)
{
	int			backlog = 0;

	for (int level = 0; level < VP_ALL_LEVELS; level++)
		backlog += Max(count_level(manifest, column, level) - (VP_MERGED_RUNS - 1), 0);
	return backlog;
}

int
vp_plan_merge(const VpManifest *manifest, int column)
{
	int			level = 0;

	while (level < VP_ALL_LEVELS && count_level(manifest, column, level) < VP_MERGED_RUNS)
		level++;
	if (level == VP_ALL_LEVELS)
		return 0;

	/* what they become would at once be one of four */
	do
		level++;
	while (count_level(manifest, column, level) >= VP_MERGED_RUNS - 1);
	return level;
}
