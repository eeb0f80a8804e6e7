/*-------------------------------------------------------------------------
 *
 * debug_postings.c
 *	  For tests: what the posting lists of an index give, compared with its nodes.
 *
 * No SQL function of the extension calls this; see debug_page.c.
 *
 *	CREATE FUNCTION postings(index regclass, col int, spans bigint[], OUT bound bigint,
 *			OUT given bigint, OUT matching bigint, OUT missing bigint)
 *		AS 'vecprov', 'vecprov_debug_postings' LANGUAGE C STRICT;
 *
 * spans: first and last stored keys by turns, sorted.  bound: what is told before; given: how
 * many ids; matching: nodes with a row whose keys are in the spans; missing: those of them that
 * were not given.
 *
 *	CREATE FUNCTION runs(index regclass, OUT col int, OUT level int, OUT entries bigint)
 *		RETURNS SETOF record AS 'vecprov', 'vecprov_debug_runs' LANGUAGE C STRICT;
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/rel.h"

#include "base/loaded.h"
#include "capacity/rights.h"
#include "page/manifest.h"
#include "page/node.h"
#include "page/postings.h"
#include "page/record.h"

VP_FUNCTION(vecprov_debug_postings);
VP_FUNCTION(vecprov_debug_runs);

/* Ids that are got at a time: not as many as there are on a page. */
#define PORTION 1000

typedef struct Outcome
{
	int64		bound;
	int64		given;
	int64		matching;
	int64		missing;
} Outcome;

static VpKeySpan *
get_spans(ArrayType *array, int *nspans)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;
	VpKeySpan  *spans;

	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &values, &nulls, &n);
	spans = palloc((n + 1) * sizeof(VpKeySpan));
	for (int i = 0; i + 1 < n; i += 2)
	{
		spans[i / 2].first = (uint64) DatumGetInt64(values[i]);
		spans[i / 2].last = (uint64) DatumGetInt64(values[i + 1]);
	}
	*nspans = n / 2;
	return spans;
}

static bool
is_in_use(const VpNodeTail *tail)
{
	return (tail->flags & (VP_NODE_LINKED | VP_NODE_CHAINED)) &&
		!(tail->flags & (VP_NODE_DEAD | VP_NODE_UNLINKED));
}

/* Is this a node with a row whose key is in the spans? */
static bool
is_match(const VpStore *store, VpId id, int column, const VpKeySpan *spans, int nspans)
{
	char		keys[VP_MAX_KEY_BYTES];
	VpNodeTail	tail;

	vp_node_fetch(store, id, &tail);
	if (!is_in_use(&tail))
		return false;
	vp_keys_read(store, id, InvalidBuffer, keys);
	return vp_in_spans(vp_stored_key(keys, &store->geo.keys[column]), spans, nspans);
}

static Outcome
compare(const VpStore *store, int column, const VpKeySpan *spans, int nspans)
{
	uint32		nids = vp_graph_state(store).next_id;
	bool	   *match = palloc_extended(nids + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	VpPostings *postings = vp_postings_open(store);
	VpId		ids[PORTION];
	Outcome		outcome = {0};
	int			n;

	/*
	 * before the lists are looked at, and after it is decided which: who is
	 * in use now is in them, whatever is done to them meanwhile
	 */
	for (VpId id = 0; id < nids; id++)
	{
		match[id] = is_match(store, id, column, spans, nspans);
		outcome.matching += match[id];
	}
	outcome.bound = vp_postings_count(postings, column, spans, nspans);
	vp_postings_scan(postings, column, spans, nspans);
	while ((n = vp_postings_next(postings, ids, PORTION)) > 0)
	{
		outcome.given += n;
		for (int i = 0; i < n; i++)
			if (ids[i] < nids)
				match[ids[i]] = false;
	}
	n = vp_postings_sample(postings, ids, PORTION);
	if (n != (outcome.given > 0 ? PORTION : 0))
		elog(ERROR, "a sample of %d is of %d", PORTION, n);
	vp_postings_close(postings);
	for (VpId id = 0; id < nids; id++)
		outcome.missing += match[id];
	return outcome;
}

/*
 * The index stays locked, AccessShareLock, until the caller closes it.
 * ereports unless a superuser calls.
 */
static Relation
open_index(Oid index, VpStore *store)
{
	Relation	rel;
	VpMeta		meta;

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to look at posting lists")));
	(void) vp_right_check(index, VP_RIGHT_OWN);
	rel = relation_open(index, AccessShareLock);
	vp_meta_read(rel, &meta);
	vp_store_init(store, rel, &meta);
	return rel;
}

Datum
vecprov_debug_postings(PG_FUNCTION_ARGS)
{
	Relation	rel;
	VpStore		store;
	Outcome		outcome;
	VpKeySpan  *spans;
	int			nspans;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	rel = open_index(PG_GETARG_OID(0), &store);
	spans = get_spans(PG_GETARG_ARRAYTYPE_P(2), &nspans);
	if (PG_GETARG_INT32(1) < 0 || PG_GETARG_INT32(1) >= (int32) store.geo.nkeys ||
		vp_is_of_arrays(&store.geo.keys[PG_GETARG_INT32(1)]))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("index \"%s\" has no key column %d, or it is of arrays", RelationGetRelationName(rel),
						PG_GETARG_INT32(1))));
	outcome = compare(&store, PG_GETARG_INT32(1), spans, nspans);
	relation_close(rel, AccessShareLock);
	values[0] = Int64GetDatum(outcome.bound);
	values[1] = Int64GetDatum(outcome.given);
	values[2] = Int64GetDatum(outcome.matching);
	values[3] = Int64GetDatum(outcome.missing);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* As the manifest lists them. */
Datum
vecprov_debug_runs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	rel;
	VpStore		store;
	VpManifest	manifest;

	InitMaterializedSRF(fcinfo, 0);
	rel = open_index(PG_GETARG_OID(0), &store);
	vp_manifest_read(&store, &manifest);
	for (int i = 0; i < manifest.nruns; i++)
	{
		const VpRun *run = &manifest.runs[i];
		Datum		values[3] = {Int32GetDatum(run->kind - 1), Int32GetDatum(run->level),
		Int64GetDatum(run->entries)};
		bool		nulls[3] = {false, false, false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	relation_close(rel, AccessShareLock);
	return (Datum) 0;
}
