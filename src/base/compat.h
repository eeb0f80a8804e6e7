/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Differences between PostgreSQL versions 15 to 19.
 *
 * The only file with #if on PG_VERSION_NUM.  Call sites are written for the
 * newest version; what is missing in older ones is made up for here.  Include
 * it directly after postgres.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_COMPAT_H
#define VP_COMPAT_H

/* What vecprov cannot be built for.  test/check-headers reads these messages. */
#if PG_VERSION_NUM < 150000
#error "vecprov needs PostgreSQL 15 or newer"
#elif PG_VERSION_NUM >= 200000 && !defined(VP_UNKNOWN_VERSION)
#error "vecprov does not know this version of PostgreSQL yet: make UNKNOWN_VERSION=1 builds it without server internals"
#elif BLCKSZ != 8192
#error "vecprov needs a PostgreSQL whose pages have 8 kB (--with-blocksize=8)"
#elif defined(WORDS_BIGENDIAN)
#error "vecprov needs a little-endian machine"
#elif SIZEOF_VOID_P != 8
#error "vecprov needs a 64-bit PostgreSQL"
#endif

/*
 * 1: private parts of the server are used for speed, as long as vecprov.server_internals
 * is on (session/README.md).  0: the library is built without what uses them.
 */
#ifndef VP_SERVER_INTERNALS
#define VP_SERVER_INTERNALS 1
#endif

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/tidbitmap.h"
#include "utils/rel.h"

/* Since 19, other headers bring these no more; the second is new in 18 (393e0d231405). */
#include "utils/tuplestore.h"
#include "commands/explain.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#include "storage/waiteventset.h"
#endif

/* Since 16 (d952373a987b), postgres.h does not bring the varlena macros. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * Only what SQL calls is exported, under names that no other extension has:
 * a module's global symbols would otherwise bind to those of one loaded before.
 * (Since 16, 089480c07705, PGDLLEXPORT does this, and modules are compiled
 * with -fvisibility=hidden.)
 */
#if PG_VERSION_NUM < 160000
#define VP_EXPORT __attribute__((visibility("default")))
#else
#define VP_EXPORT PGDLLEXPORT
#endif

/* Declares and registers a function that SQL calls. */
#define VP_FUNCTION(name) \
	extern VP_EXPORT Datum name(PG_FUNCTION_ARGS); \
	extern VP_EXPORT const Pg_finfo_record *CppConcat(pg_finfo_, name) (void); \
	PG_FUNCTION_INFO_V1(name)

/*
 * How a relation's file is named, and its conflicts with queries of a standby.
 * Buffer tags: five 32-bit numbers in all versions (database, tablespace and
 * relation, fork, block); 16 (82ac34db2036) renamed the members and changed how
 * a relation is named.
 */
#if PG_VERSION_NUM < 160000
#define VpLocator(rel) ((rel)->rd_node)
typedef RelFileNode VpRelFileLocator;
#define VpResolveConflict(xid, locator) \
	ResolveRecoveryConflictWithSnapshotFullXid(xid, locator)
#define VpTagInit(tag, locator) INIT_BUFFERTAG(*(tag), *(locator), MAIN_FORKNUM, 0)
#else
#define VpLocator(rel) ((rel)->rd_locator)
typedef RelFileLocator VpRelFileLocator;
#define VpResolveConflict(xid, locator) \
	ResolveRecoveryConflictWithSnapshotFullXid(xid, false, locator)
#define VpTagInit(tag, locator) InitBufferTag(tag, locator, MAIN_FORKNUM, 0)
#endif

/*
 * Files: the parts of a locator (16, as above); the process that a temporary
 * one is of, here none (17, 024c52117387); a read that failed must be ended by who
 * leaves the process, until 16 (12f3867f5534) had resource owners do so.
 */
#if PG_VERSION_NUM < 160000
#define VpLocatorMake(tablespace, database, number) \
	((VpRelFileLocator) {(tablespace), (database), (number)})
#define VpAbortBufferIO() AbortBufferIO()
#else
#define VpLocatorMake(tablespace, database, number) \
	((VpRelFileLocator) {.spcOid = (tablespace), .dbOid = (database), .relNumber = (number)})
#define VpAbortBufferIO() ((void) 0)
#endif
#if PG_VERSION_NUM < 170000
#define VpSmgrOpen(locator) smgropen(locator, InvalidBackendId)
#else
#define VpSmgrOpen(locator) smgropen(locator, INVALID_PROC_NUMBER)
#endif

/*
 * A buffer's state word, and whether somebody has the page locked exclusively.
 * 19 (c75ebc657ffc, fcb9c977aa5f) made the word 64 bits wide and put the content
 * lock into it.  Before, the lock was an LWLock, and lwlock.c keeps to itself
 * which bit of its state stands for the exclusive lock; since 18 it is the one
 * above all the bits that count the sharers.
 */
#if PG_VERSION_NUM < 190000
typedef uint32 VpBufferState;
#define VpBufferStateRead(desc) \
	pg_atomic_read_u32((pg_atomic_uint32 *) &(desc)->state)
#define VpBufferStateExchange(desc, expected, wanted) \
	pg_atomic_compare_exchange_u32(&(desc)->state, expected, wanted)
#if PG_VERSION_NUM < 180000
#define VP_LOCKED_EXCLUSIVE (UINT32_C(1) << 24)
#else
#define VP_LOCKED_EXCLUSIVE ((uint32) MAX_BACKENDS + 1)
#endif
#define VpPageIsLocked(desc) \
	((pg_atomic_read_u32(&unconstify(BufferDesc *, desc)->content_lock.state) & VP_LOCKED_EXCLUSIVE) != 0)
#else
typedef uint64 VpBufferState;
#define VpBufferStateRead(desc) \
	pg_atomic_read_u64((pg_atomic_uint64 *) &(desc)->state)
#define VpBufferStateExchange(desc, expected, wanted) \
	pg_atomic_compare_exchange_u64(&(desc)->state, expected, wanted)
#define VpPageIsLocked(desc) ((VpBufferStateRead(desc) & BM_LOCK_VAL_EXCLUSIVE) != 0)
#endif

/* Snapshots that are too old to read a page; 17 (f691f5b80a85) does without old_snapshot_threshold. */
#if PG_VERSION_NUM < 170000
#define VpSnapshotsExpire() (old_snapshot_threshold >= 0)
#define VpTestForOldSnapshot(snapshot, rel, page) TestForOldSnapshot(snapshot, rel, page)
#else
#define VpSnapshotsExpire() false
#define VpTestForOldSnapshot(snapshot, rel, page) ((void) 0)
#endif

/* What extensions' processes wait for has a name since 17 (c9af05465307). */
#if PG_VERSION_NUM < 170000
#define VpWaitEventNew(name) ((void) (name), PG_WAIT_EXTENSION)
#else
#define VpWaitEventNew(name) WaitEventExtensionNew(name)
#endif

/* A process's number among all (17, 024c52117387). */
#if PG_VERSION_NUM < 170000
#define VpMyProcNumber (MyProc->pgprocno)
#else
#define VpMyProcNumber MyProcNumber
#endif

/*
 * The table of an index that is vacuumed; before 16 (61b313e47eb9) it is not
 * told, and the most careful answer on who can still see its rows must do.
 */
#if PG_VERSION_NUM < 160000
#define VpVacuumHeap(info) ((Relation) NULL)
#else
#define VpVacuumHeap(info) ((info)->heaprel)
#endif

/*
 * Since 18 (e22253467942) a path counts its disabled nodes, and that counts more
 * than costs: one that cannot be run has more than any that is disabled.
 */
#if PG_VERSION_NUM < 180000
#define VpDisablePath(path) ((void) 0)
#else
#define VpDisablePath(path) ((path)->disabled_nodes = 2)
#endif

/*
 * The kinds of scans that the planner takes for enabled, as bits.  19 keeps them for each
 * table, and goes by the settings only when it makes them up; before, there are the settings alone.
 */
#if PG_VERSION_NUM < 190000
#define VP_INDEX_SCANS 1
#define VP_BITMAP_SCANS 2
#define VpScansEnabled(rel) \
	((enable_indexscan ? VP_INDEX_SCANS : 0) | (enable_bitmapscan ? VP_BITMAP_SCANS : 0))
#define VpScansEnable(rel, kinds) \
	(enable_indexscan = ((kinds) & VP_INDEX_SCANS) != 0, \
	 enable_bitmapscan = ((kinds) & VP_BITMAP_SCANS) != 0)
#else
#define VP_INDEX_SCANS (PGS_INDEXSCAN | PGS_INDEXONLYSCAN)
#define VP_BITMAP_SCANS PGS_BITMAPSCAN
#define VpScansEnabled(rel) ((rel)->pgs_mask)
#define VpScansEnable(rel, kinds) ((rel)->pgs_mask = (kinds))
#endif

/* 19 has who asks for the cost of a loop say which kinds of it are enabled. */
#if PG_VERSION_NUM < 190000
#define VpInitialCostNestloop(root, workspace, jointype, outer, inner, extra) \
	initial_cost_nestloop(root, workspace, jointype, outer, inner, extra)
#else
#define VpInitialCostNestloop(root, workspace, jointype, outer, inner, extra) \
	initial_cost_nestloop(root, workspace, jointype, \
						  PGS_NESTLOOP_PLAIN | PGS_CONSIDER_NONPARTIAL, outer, inner, extra)
#endif

/* From 18 on a path key says an order by name, not by a strategy of B-trees. */
#if PG_VERSION_NUM < 180000
#define VpPathKeyAscending(key) ((key)->pk_strategy = BTLessStrategyNumber)
#define VpPathKeyIsAscending(key) ((key)->pk_strategy == BTLessStrategyNumber)
#else
#define VpPathKeyAscending(key) ((key)->pk_cmptype = COMPARE_LT)
#define VpPathKeyIsAscending(key) ((key)->pk_cmptype == COMPARE_LT)
#endif

/* Since 18 (a379061a22a8) rows that were there before may violate a column's NOT NULL. */
#if PG_VERSION_NUM < 180000
#define VpIsNotNull(desc, i) (TupleDescAttr(desc, i)->attnotnull)
#else
#define VpIsNotNull(desc, i) (TupleDescCompactAttr(desc, i)->attnullability == ATTNULLABLE_VALID)
#endif

/*
 * When a window may stop: conditions on its functions, as (operator, function is left, function,
 * other side).  17 (7e0ade0ffe06) keeps them with the functions instead of the window.
 */
#if PG_VERSION_NUM < 170000
#define VP_EACH_RUN_CONDITION(window, function, call, state) \
do { \
	ListCell   *run_cell_; \
\
	foreach(run_cell_, (window)->runCondition) \
	{ \
		OpExpr	   *run_ = lfirst(run_cell_); \
\
		if (IsA(run_, OpExpr) && list_length(run_->args) == 2 && \
			(equal(linitial(run_->args), (function)) || equal(lsecond(run_->args), (function)))) \
			call(state, run_->opno, equal(linitial(run_->args), (function)), \
				 equal(linitial(run_->args), (function)) ? lsecond(run_->args) : linitial(run_->args)); \
	} \
} while (0)
#else
#define VP_EACH_RUN_CONDITION(window, function, call, state) \
do { \
	ListCell   *run_cell_; \
\
	(void) (window); \
	foreach(run_cell_, (function)->runCondition) \
	{ \
		WindowFuncRunCondition *run_ = lfirst(run_cell_); \
\
		call(state, run_->opno, run_->wfunc_left, (Node *) run_->arg); \
	} \
} while (0)
#endif

/*
 * The pages of a bitmap of TIDs.  Since 18, results are the caller's, and
 * their offsets are asked for.
 */
typedef struct VpTbmPage
{
	BlockNumber block;
	int			n;				/* -1: any row of the page may be meant */
	OffsetNumber offsets[MaxHeapTuplesPerPage];
} VpTbmPage;

#if PG_VERSION_NUM < 180000
#define VpTbmIterator TBMIterator
#define VpTbmBegin(bitmap) tbm_begin_iterate(bitmap)
#define VpTbmEnd(iterator) tbm_end_iterate(iterator)

static inline bool
vp_tbm_next(TBMIterator *iterator, VpTbmPage *page)
{
	TBMIterateResult *result = tbm_iterate(iterator);

	if (result == NULL)
		return false;
	page->block = result->blockno;
	page->n = result->ntuples;
	if (page->n > 0)
		memcpy(page->offsets, result->offsets, page->n * sizeof(OffsetNumber));
	return true;
}
#else
#define VpTbmIterator TBMPrivateIterator
#define VpTbmBegin(bitmap) tbm_begin_private_iterate(bitmap)
#define VpTbmEnd(iterator) tbm_end_private_iterate(iterator)

static inline bool
vp_tbm_next(TBMPrivateIterator * iterator, VpTbmPage *page)
{
	TBMIterateResult result;

	if (!tbm_private_iterate(iterator, &result))
		return false;
	page->block = result.blockno;
	page->n = result.lossy ? -1 :
		tbm_extract_page_tuple(&result, page->offsets, MaxHeapTuplesPerPage);
	return true;
}
#endif

/* The next value of a sort; 16 asks whether it is to be a copy. */
#if PG_VERSION_NUM < 160000
#define VpTuplesortGetDatum(sort, value, isnull) \
	tuplesort_getdatum(sort, true, value, isnull, NULL)
#else
#define VpTuplesortGetDatum(sort, value, isnull) \
	tuplesort_getdatum(sort, true, false, value, isnull, NULL)
#endif

/* Since 18 others can say something of each node that EXPLAIN comes to. */
#if PG_VERSION_NUM < 180000
typedef void (*explain_per_node_hook_type) (PlanState *state, List *ancestors, const char *relationship,
											const char *plan_name, struct ExplainState *es);
#define VpExplainNodesBy(hook, previous) ((previous) = NULL, (void) (hook))
#else
#define VpExplainNodesBy(hook, previous) \
	((previous) = explain_per_node_hook, explain_per_node_hook = (hook))
#endif

/* 18 has it, in front of a declaration as C11 wants it. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn _Noreturn
#endif

/*
 * 18 (0fbceae841cb) has scans count their searches where they are told to, for
 * EXPLAIN ANALYZE, and 19 has callers say what is known of a scan.
 */
#if PG_VERSION_NUM < 180000
#define VpIndexBeginScan(heap, rel, snapshot, nkeys, norderbys) \
	index_beginscan(heap, rel, snapshot, nkeys, norderbys)
#define VpCountSearch(scan) ((void) 0)
#else
#if PG_VERSION_NUM < 190000
#define VpIndexBeginScan(heap, rel, snapshot, nkeys, norderbys) \
	index_beginscan(heap, rel, snapshot, NULL, nkeys, norderbys)
#else
#define VpIndexBeginScan(heap, rel, snapshot, nkeys, norderbys) \
	index_beginscan(heap, rel, snapshot, NULL, nkeys, norderbys, SO_NONE)
#endif
#define VpCountSearch(scan) \
	((void) ((scan)->instrument != NULL && (scan)->instrument->nsearches++))
#endif
/*
 * A fetch of rows by their TIDs.  19 has callers say what is known of it, keeps
 * the block beside the buffer (if the two differ, heapam reads the wrong page),
 * and may set bits of the visibility map when it prunes.
 */
#if PG_VERSION_NUM < 190000
#define VpTableFetchBegin(table) table_index_fetch_begin(table)
#define VpHeapFetchSet(fetch, block, buffer) ((fetch)->xs_cbuf = (buffer))
#define VpHeapFetchPrune(fetch, table) heap_page_prune_opt(table, (fetch)->xs_cbuf)
#else
#define VpTableFetchBegin(table) table_index_fetch_begin(table, SO_NONE)
#define VpHeapFetchSet(fetch, block, buffer) \
	((fetch)->xs_blk = (block), (fetch)->xs_cbuf = (buffer))
#define VpHeapFetchPrune(fetch, table) \
	heap_page_prune_opt(table, (fetch)->xs_cbuf, &(fetch)->xs_vmbuffer, \
						((fetch)->xs_base.flags & SO_HINT_REL_READ_ONLY) != 0)
#endif

/* What a handler returns.  Before 19, the server frees it; since then it must stay as it is. */
#if PG_VERSION_NUM < 190000
#define VpAmRoutine(am) \
	PointerGetDatum(memcpy(palloc(sizeof(IndexAmRoutine)), am, sizeof(IndexAmRoutine)))
#else
#define VpAmRoutine(am) PointerGetDatum(am)
#endif

/* 19 tells planners whether it is EXPLAIN that wants the plan. */
#if PG_VERSION_NUM < 190000
#define VP_PLANNER_PARAMETERS \
	Query *parse, const char *query_string, int cursor_options, ParamListInfo params
#define VP_PLANNER_ARGUMENTS parse, query_string, cursor_options, params
#else
#define VP_PLANNER_PARAMETERS \
	Query *parse, const char *query_string, int cursor_options, ParamListInfo params, \
	struct ExplainState *explain
#define VP_PLANNER_ARGUMENTS parse, query_string, cursor_options, params, explain
#endif

#if PG_VERSION_NUM < 190000
#define VpPlanQuery(query, text, options, params) pg_plan_query(query, text, options, params)
#else
#define VpPlanQuery(query, text, options, params) \
	pg_plan_query(query, text, options, params, NULL)
#endif

/* Where a plugin may change what the planner knows of a table; 19 (91f33a2ae92a) has it one level higher. */
#if PG_VERSION_NUM < 190000
#define VpRelationHookType get_relation_info_hook_type
#define VpRelationHook get_relation_info_hook
#define VP_RELATION_PARAMETERS PlannerInfo *root, Oid relid, bool parent, RelOptInfo *rel
#define VP_RELATION_ARGUMENTS root, relid, parent, rel
#else
#define VpRelationHookType build_simple_rel_hook_type
#define VpRelationHook build_simple_rel_hook
#define VP_RELATION_PARAMETERS PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *entry
#define VP_RELATION_ARGUMENTS root, rel, entry
#endif

/* The tables that the parser has met.  16 (a61b1f74823c) keeps beside them what their users need. */
#if PG_VERSION_NUM < 160000
#define VpQuerySetTables(query, pstate) ((query)->rtable = (pstate)->p_rtable)
#else
#define VpQuerySetTables(query, pstate) \
	((query)->rtable = (pstate)->p_rtable, (query)->rteperminfos = (pstate)->p_rteperminfos)
#endif

/*
 * Does the next page that is read take a buffer that no page is in?  19
 * (2c789405275) has no list of free buffers: the clock sweep comes by them.  If
 * it stands at one, the answer is yes.  That is exact until it has gone round
 * once; later it may say no although there are some, which were of dropped tables.
 */
#if PG_VERSION_NUM < 190000
#define VpHaveFreeBuffer() have_free_buffer()
#else
#define VpHaveFreeBuffer() \
	((VpBufferStateRead(GetBufferDescriptor(StrategySyncStart(NULL, NULL))) & BM_TAG_VALID) == 0)
#endif

/*
 * A page that was read by smgrread: its checksum (18, b27f8637ea70, gave the function another
 * signature); where the read counts besides pg_statio: pg_stat_io, since 16 (a9c70b46dbe1),
 * and the time of EXPLAIN's BUFFERS (17, 295c36c0c1fa, renamed it).
 */
#if PG_VERSION_NUM < 180000
#define VpPageIsVerified(page, block) PageIsVerifiedExtended(page, block, 0)
#else
#define VpPageIsVerified(page, block) PageIsVerified(page, block, 0, NULL)
#endif
#if PG_VERSION_NUM < 160000
#define VpCountIo() ((void) 0)
#elif PG_VERSION_NUM < 180000
#define VpCountIo() pgstat_count_io_op(IOOBJECT_RELATION, IOCONTEXT_NORMAL, IOOP_READ)
#else
#define VpCountIo() pgstat_count_io_op(IOOBJECT_RELATION, IOCONTEXT_NORMAL, IOOP_READ, 1, BLCKSZ)
#endif
#if PG_VERSION_NUM < 170000
#define VpReadTime blk_read_time
#else
#define VpReadTime shared_blk_read_time
#endif

/*
 * Before 17 (5bf748b86bc0) the planner leaves some conditions on key columns to the executor;
 * see am/left_out.c.
 */
#define VP_KEYS_ARE_LEFT_OUT	(PG_VERSION_NUM < 170000)

/* 18 (e5b0b0ce1509) tells whether it is ANALYZE that may be delayed. */
#if PG_VERSION_NUM < 180000
#define vacuum_delay_point(is_analyze) vacuum_delay_point()
#endif

/* 16 (afbfc02983f8, c727f511bd7b) has one function for the privileges of all kinds of objects. */
#if PG_VERSION_NUM < 160000
#define VpSchemaAclcheck(schema, user, mode) pg_namespace_aclcheck(schema, user, mode)
#define VpClassOwnercheck(rel, user) pg_class_ownercheck(rel, user)
#else
#define VpSchemaAclcheck(schema, user, mode) \
	object_aclcheck(NamespaceRelationId, schema, user, mode)
#define VpClassOwnercheck(rel, user) object_ownercheck(RelationRelationId, rel, user)
#endif

/* 17 (b31ba5310b5) has named it so. */
#if PG_VERSION_NUM < 170000
#define TransamVariables ShmemVariableCache
#endif

/* What an ExecutorRun_hook is given, and passes on; 18 (3eea7a0c97e9) left one out. */
#if PG_VERSION_NUM < 180000
#define VpExecutorRunParameters \
	QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define VpExecutorRunArguments query, direction, count, once
#else
#define VpExecutorRunParameters QueryDesc *query, ScanDirection direction, uint64 count
#define VpExecutorRunArguments query, direction, count
#endif

/* 17 (d39a49c1e459) tells how much has come from the client that is not read yet. */
#if PG_VERSION_NUM < 170000
#define pq_buffer_remaining_data() pq_buffer_has_data()
#endif

/*
 * A library built with the headers of a later minor release must load into an
 * earlier one; test/check-symbols finds what would not.  Two things came late:
 *
 * InitMaterializedSRF is not in 15.0, which has it under its first name.
 *
 * heap_getattr calls heap_datum_check since the minor releases of 2026.  That
 * checks composite values against their type; the rows of tables, which are all
 * that we take apart, have nothing to check.
 */
#if PG_VERSION_NUM < 160000
#define InitMaterializedSRF(fcinfo, flags) SetSingleFuncCall(fcinfo, flags)
#endif

/* Returns a column (not a system column) of a table's row, like heap_getattr. */
static inline Datum
vp_row_attribute(HeapTuple row, int attnum, TupleDesc desc, bool *isnull)
{
	if (attnum > (int) HeapTupleHeaderGetNatts(row->t_data))
		return getmissingattr(desc, attnum, isnull);
	return fastgetattr(row, attnum, desc, isnull);
}
#define heap_getattr(row, attnum, desc, isnull) \
	vp_row_attribute(row, attnum, desc, isnull)

/* Since 16 (407b50f2d421) memory of what a setting's check hook adds is not malloc's. */
#if PG_VERSION_NUM >= 160000
#define VpGucAlloc(size)	guc_malloc(LOG, size)
#else
#define VpGucAlloc(size)	malloc(size)
#endif

#endif							/* VP_COMPAT_H */
