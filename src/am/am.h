/*-------------------------------------------------------------------------
 *
 * am.h
 *	  The access method's callbacks, and what its files share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_AM_H
#define VP_AM_H

#include "access/amapi.h"
#include "access/genam.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

#include "am/index.h"

/* Support function of an operator class: which form and metric it has (form.h). */
#define VP_METRIC_PROC	1
#define VP_NPROCS		1

/* Subphases of a build, for pg_stat_progress_create_index. */
typedef enum VpBuildPhase
{
	VP_PHASE_INITIALIZING = 1,	/* PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE */
	VP_PHASE_LOADING,
	VP_PHASE_LINKING,
	VP_PHASE_WRITING,
	VP_PHASE_LOGGING
} VpBuildPhase;

/* cost.c */
extern void vp_cost_estimate(PlannerInfo *root, IndexPath *path, double loop_count,
							 Cost *startup_cost, Cost *total_cost,
							 Selectivity *selectivity, double *correlation, double *pages);

/* opclass.c */
extern bool vp_validate(Oid opclass);

/* ambuild.c */
extern IndexBuildResult *vp_build(Relation heap, Relation rel, IndexInfo *info);
extern void vp_build_empty(Relation rel);

/* Is a metapage's constant part what a build would write?  A VpMetaCompare (page/damage.h). */
extern const char *vp_meta_compare(Relation rel, const VpMeta *meta);

/* aminsert.c */
extern bool vp_insert(Relation rel, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
					  IndexUniqueCheck unique, bool unchanged, IndexInfo *info);

/* amscan.c */
extern IndexScanDesc vp_begin_scan(Relation rel, int nkeys, int norderbys);
extern void vp_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys);
extern bool vp_get_tuple(IndexScanDesc scan, ScanDirection direction);
extern void vp_end_scan(IndexScanDesc scan);

/* Its searches are not counted: somebody else does. */
extern void vp_scan_uncounted(IndexScanDesc scan);

/* Rows without a vector do not come, in none of its searches. */
extern void vp_scan_vectors_only(IndexScanDesc scan);

/* The key of a scan that is begun without the executor: ORDER BY the distance to a value. */
static inline void
vp_order_key(ScanKey key, Datum value)
{
	MemSet(key, 0, sizeof(*key));
	key->sk_flags = SK_ORDER_BY;
	key->sk_attno = 1;
	key->sk_strategy = 1;
	key->sk_argument = value;
}

/* Of the row that was returned last: its distance, by the metric of the operator class. */
extern double vp_scan_distance(IndexScanDesc scan);

/* Is there more to be returned of what has been found already? */
extern bool vp_scan_has_more(IndexScanDesc scan);

/* amvacuum.c */
extern IndexBulkDeleteResult *vp_bulk_delete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
											 IndexBulkDeleteCallback callback, void *arg);
extern IndexBulkDeleteResult *vp_vacuum_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);

#endif							/* VP_AM_H */
