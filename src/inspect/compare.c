/*-------------------------------------------------------------------------
 *
 * compare.c
 *	  vecprov_compare: the recall of an index beside that of another extension's.
 *
 * The other index is scanned by PostgreSQL's interface of access methods, so
 * that neither planner nor settings have to be talked into using it.  Both
 * get the same queries, and are held against the same exact answers
 * (recall.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/amapi.h"
#include "access/genam.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "base/loaded.h"
#include "capacity/rights.h"
#include "inspect/recall.h"

VP_SERVER_FUNCTION(vecprov_compare);

/* The other index's scan. */
typedef struct Compared
{
	IndexScanDesc scan;
	ScanKeyData order;
} Compared;

static void
begin(const VpValue *query, void *arg)
{
	Compared   *other = arg;

	other->order.sk_argument = PointerGetDatum(query);
	index_rescan(other->scan, NULL, 0, &other->order, 1);
}

static bool
next(ItemPointer tid, void *arg)
{
	ItemPointer found = index_getnext_tid(((Compared *) arg)->scan, ForwardScanDirection);

	CHECK_FOR_INTERRUPTS();
	if (found == NULL)
		return false;
	*tid = *found;
	return true;
}

/* The operator by which an index orders its first column. */
static Oid
ordering_operator(Relation rel)
{
	return get_opfamily_member(rel->rd_opfamily[0], rel->rd_opcintype[0], rel->rd_opcintype[0], 1);
}

/* The first column of an index, or its expression, as text: both indexes are of one table. */
static char *
indexed(Relation rel)
{
	return TextDatumGetCString(DirectFunctionCall3(pg_get_indexdef_ext,
												   ObjectIdGetDatum(RelationGetRelid(rel)),
												   Int32GetDatum(1), BoolGetDatum(true)));
}

/* Do both order the same rows by the same distance? */
static bool
is_comparable(Relation ours, Relation other)
{
	Oid			operator;

	if (!other->rd_indam->amcanorderbyop)
		return false;
	operator = ordering_operator(other);
	return OidIsValid(operator) &&
		OidIsValid(get_op_opfamily_sortfamily(operator, ours->rd_opfamily[0])) &&
		strcmp(indexed(ours), indexed(other)) == 0 &&
		equal(RelationGetIndexPredicate(ours), RelationGetIndexPredicate(other));
}

/* ereports unless a scan of the other index can be held against the answers of ours. */
static void
check_comparable(Oid our_index, Oid other_index)
{
	Oid			table = vp_right_check(our_index, VP_RIGHT_MEASURE);
	Relation	ours;
	Relation	other;

	/* the right to measure is one to the table */
	if (IndexGetRelation(other_index, true) != table)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not an index of the same table",
						DatumGetCString(DirectFunctionCall1(regclassout, ObjectIdGetDatum(other_index))))));
	ours = index_open(our_index, AccessShareLock);
	other = index_open(other_index, AccessShareLock);
	if (!is_comparable(ours, other))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("indexes \"%s\" and \"%s\" cannot be compared",
						RelationGetRelationName(ours), RelationGetRelationName(other)),
				 errdetail("They must be of the same column, rows and distance.")));
	if (!other->rd_index->indisvalid)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is not valid", RelationGetRelationName(other))));
	index_close(other, AccessShareLock);
	index_close(ours, AccessShareLock);
}

/* The other index's recall; it has been checked, and may have been dropped since. */
static double
measure_other(VpRecall *recall, Oid index)
{
	Relation	heap = table_open(vp_recall_index(recall)->rd_index->indrelid, NoLock);
	Relation	rel = index_open(index, AccessShareLock);
	Compared	other;
	VpRecallOther calls = {.begin = begin,.next = next,.arg = &other};
	double		found;

	ScanKeyEntryInitialize(&other.order, SK_ORDER_BY, 1, 1, InvalidOid, InvalidOid,
						   get_opcode(ordering_operator(rel)), (Datum) 0);
	other.scan = VpIndexBeginScan(heap, rel, GetActiveSnapshot(), 0, 1);
	found = vp_recall_measure_other(recall, &calls);
	index_endscan(other.scan);
	index_close(rel, AccessShareLock);
	table_close(heap, NoLock);
	return found;
}

/* Arguments: our index, the other, k, samples.  The result: the recall of each. */
Datum
vecprov_compare(PG_FUNCTION_ARGS)
{
	VpRecallArguments arguments = {
		.index = PG_GETARG_OID(0),
		.k = PG_GETARG_INT32(2),
		.samples = PG_GETARG_INT32(3)
	};
	TupleDesc	desc;
	VpRecall   *recall;
	double		found[2];
	double		ms;
	Datum		values[2];
	bool		nulls[2];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	check_comparable(arguments.index, PG_GETARG_OID(1));
	recall = vp_recall_open(&arguments);
	found[1] = measure_other(recall, PG_GETARG_OID(1));
	found[0] = vp_recall_measure(recall, &ms);
	vp_recall_close(recall);
	for (int i = 0; i < 2; i++)
	{
		values[i] = Float8GetDatum(found[i]);
		nulls[i] = isnan(found[i]);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
