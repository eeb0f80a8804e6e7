/*-------------------------------------------------------------------------
 *
 * admission.c
 *	  May a row be inserted now?
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "utils/memutils.h"

#include "capacity/admission.h"
#include "capacity/limit.h"
#include "capacity/measure.h"
#include "capacity/index_capacity.h"

/* What is remembered from one row of a statement to the next. */
typedef struct Statement
{
	VpMeasure	measure;
	int64		request;		/* bytes of its records so far */
} Statement;

static Statement *
get_statement(Relation rel, IndexInfo *info)
{
	Statement  *statement = info->ii_AmCache;

	if (statement == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(info->ii_Context);

		statement = palloc0(sizeof(Statement));
		vp_measure_init(&statement->measure, rel);
		info->ii_AmCache = statement;
		MemoryContextSwitchTo(old);
	}
	return statement;
}

void
vp_admit_row(Relation rel, Relation heap, IndexInfo *info, ItemPointer tid,
			 uint32 vector_bytes, VpAdmission *admission)
{
	Statement  *statement = get_statement(rel, info);

	admission->since = vp_now();
	vp_capacity_check_awake(rel);
	admission->meter = vp_meter_find(rel);
	admission->limit = vp_capacity_limit(rel);
	admission->size = vp_measure_row(&statement->measure, heap, tid, vector_bytes);
	/* CREATE INDEX CONCURRENTLY inserts too what came while it built */
	if (!info->ii_Concurrent)
		vp_limit_write(rel, &statement->request, admission->size, vector_bytes);
}

void
vp_admission_done(const VpAdmission *admission)
{
	vp_meter_insert(admission->meter, vp_now() - admission->since);
}
