/*-------------------------------------------------------------------------
 *
 * merge_plan_test.c
 *	  Which runs of posting lists become one: flushes and merges by their numbers only.
 *
 *-------------------------------------------------------------------------
 */
#include "server.h"

#include "page/merge_plan.h"
#include "unit.h"

#define COLUMN		1
#define FLUSHES		20000
#define MOST		400

static VpRun runs[MOST];
static VpManifest manifest = {.runs = runs};
static uint64 written;			/* entries, by merges */

static void
add(uint32 entries, int level)
{
	VpRun	   *run = &runs[manifest.nruns++];

	memset(run, 0, sizeof(*run));
	run->kind = COLUMN + 1;
	run->entries = entries;
	run->level = level;
}

/* Does what is due first, as page/merge.c does it; false: nothing is. */
static bool
merge(void)
{
	int			level = vp_plan_merge(&manifest, COLUMN);
	uint32		entries = 0;
	int			n = 0;

	VP_CHECK((level > 0) == (vp_plan_backlog(&manifest, COLUMN) > 0), "a merge is due where there is a backlog");
	if (level == 0)
		return false;
	for (int i = 0; i < manifest.nruns; i++)
		if (runs[i].kind == COLUMN + 1 && runs[i].level < level)
			entries += runs[i].entries;
		else
			runs[n++] = runs[i];
	VP_CHECK(manifest.nruns - n >= VP_MERGED_RUNS, "a merge is of four runs or more");
	manifest.nruns = n;
	written += entries;
	add(entries, level);
	return true;
}

static void
check_shape(int flushes)
{
	int			levels = 1;
	uint64		entries = 0;

	for (int n = 1; n < flushes; n *= VP_MERGED_RUNS)
		levels++;
	VP_CHECK(vp_plan_backlog(&manifest, COLUMN) == 0, "nothing is left to be done");
	VP_CHECK(manifest.nruns - 1 <= (VP_MERGED_RUNS - 1) * levels, "three runs of a level");
	for (int i = 0; i < manifest.nruns; i++)
		if (runs[i].kind == COLUMN + 1)
			entries += runs[i].entries;
	VP_CHECK(entries == (uint64) flushes * VP_MOST_RECENT / 8, "no entry is lost");
	VP_CHECK(written <= entries * levels, "an entry is written once a level");
}

int
main(void)
{
	/* of another column */
	manifest.nruns = 1;
	runs[0].kind = COLUMN + 2;
	VP_CHECK(vp_plan_merge(&manifest, COLUMN) == 0 && vp_plan_backlog(&manifest, COLUMN) == 0, "no runs");

	/* now and then merges come late */
	for (int i = 1; i <= FLUSHES; i++)
	{
		add(VP_MOST_RECENT / 8, 0);
		if (i % 50 >= 30)
			continue;
		if (i % 50 == 0)
			VP_CHECK(vp_plan_backlog(&manifest, COLUMN) >= 18, "a backlog");
		while (merge())
			;
		check_shape(i);
	}

	/* levels by size */
	VP_CHECK(vp_plan_level(1) == 0 && vp_plan_level(VP_MOST_RECENT + 2000) == 0, "a flush, and a late one");
	VP_CHECK(vp_plan_level(4 * VP_MOST_RECENT) == 1, "four");
	VP_CHECK(vp_plan_level(10000000) == 5, "ten million");
	VP_CHECK(vp_plan_level(PG_UINT32_MAX) < VP_ALL_LEVELS, "all there can be");
	server_end();
	return vp_unit_report();
}
