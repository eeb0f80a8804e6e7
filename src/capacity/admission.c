/*-------------------------------------------------------------------------
 *
 * admission.c
 *	  May a row be inserted now?
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "capacity/admission.h"
#include "capacity/change.h"
#include "capacity/limit.h"
#include "capacity/measure.h"
#include "capacity/index_capacity.h"

/* What is remembered from one row of a statement to the next. */
typedef struct Statement
{
	VpMeasure	measure;
	int64		request;		/* bytes of its records so far */
	bool		changed;		/* the limit was changed since it began; now
								 * it is: */
	uint64		limit;
	FullTransactionId seen;		/* by this transaction at last */
	VpWriter	writer;
} Statement;

/*
 * What is remembered of the index for the statement: lives in
 * info->ii_Context.
 */
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

/*
 * An index that is being built beside writers refuses nobody but its builder, who has checked the
 * rest; one that has failed, as REINDEX CONCURRENTLY may leave it, is of use to nobody.
 */
static uint64
statement_limit(Relation rel, IndexInfo *info)
{
	if (info->ii_Concurrent ? vp_index_is_copy(rel) : !rel->rd_index->indisvalid)
		return PG_INT64_MAX;
	return vp_capacity_limit(rel);
}

void
vp_admit_row(Relation rel, Relation heap, IndexInfo *info, ItemPointer tid,
			 uint32 vector_bytes, VpAdmission *admission)
{
	Statement  *statement = get_statement(rel, info);

	admission->since = vp_now();
	if (rel->rd_index->indisvalid)
		vp_capacity_check_awake(rel);
	admission->meter = vp_meter_find(rel);
	memset(&admission->room, 0, sizeof(admission->room));
	admission->room.limit = statement->changed ? statement->limit : statement_limit(rel, info);
	admission->room.seen = statement->seen;
	admission->size = vp_measure_row(&statement->measure, heap, tid, vector_bytes,
									 &admission->room.replaces);
	/* it inserts what others have written, who have committed */
	if (info->ii_Concurrent)
		admission->room.replaces = false;
	else
		admission->room.writer = GetCurrentFullTransactionIdIfAny();
	/* CREATE INDEX CONCURRENTLY inserts too what came while it built */
	if (!info->ii_Concurrent)
		vp_limit_write(rel, &statement->request, admission->size, vector_bytes);
}

const VpMeasure *
vp_admission_measure(IndexInfo *info)
{
	return &((Statement *) info->ii_AmCache)->measure;
}

VpWriter *
vp_admission_writer(IndexInfo *info)
{
	return &((Statement *) info->ii_AmCache)->writer;
}

/*
 * A statement knows the options of the index as they were when it began.  The limit is read anew
 * only where it matters: when it is reached, or when the index says that it was lowered.
 */
bool
vp_admit_again(Relation rel, IndexInfo *info, VpRoom *room)
{
	Statement  *statement = get_statement(rel, info);
	uint64		limit = vp_capacity_limit_now(rel);
	bool		again = room->stale || limit > room->limit;

	statement->changed = true;
	statement->limit = room->limit = limit;
	statement->seen = room->seen;
	return again;
}

void
vp_admission_done(const VpAdmission *admission)
{
	vp_meter_insert(admission->meter, vp_now() - admission->since);
}
