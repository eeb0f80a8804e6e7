/*-------------------------------------------------------------------------
 *
 * bytes_searched.c
 *	  How many bytes of records a search is about; see bytes_searched.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "page/postings.h"
#include "search/bytes_searched.h"
#include "search/narrowest.h"

/* Rows in the namespaces that satisfy a condition, at most. */
static uint64
count_rows(const VpStore *store, const VpKeyCondition *condition)
{
	VpPostings *postings = vp_postings_open(store);
	uint64		rows = vp_count_condition(postings, condition);

	vp_postings_close(postings);
	return rows;
}

uint64
vp_bytes_searched(const VpIndex *index, const VpFilter *filter)
{
	uint32		records;
	uint64		bytes;
	uint64		rows = PG_UINT64_MAX;

	vp_store_totals(&index->store, &records, &bytes);
	if (filter == NULL || !(index->meta.key_flags & VP_KEYS_NAMESPACES))
		return bytes;
	if (filter->never)
		return 0;
	for (int i = 0; i < filter->nconditions; i++)
		if (filter->conditions[i].column == 0)
			rows = count_rows(&index->store, &filter->conditions[i]);
	return rows < records ? (uint64) ((double) bytes / records * rows) : bytes;
}
